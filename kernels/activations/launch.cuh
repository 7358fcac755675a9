// How a formula of one number, or of a gradient and a number, is run over arrays, 16 bytes of each at a time.
//
//     FORWARD(elu, real alpha) { EACH(act::elu(x, alpha)); }
//     BACKWARD(elu, real alpha) { EACH_SLOPE(act::elu_backward(g, x, alpha)); }
#pragma once

#include "each.cuh"

#define FORWARD(name, ...) \
    extern "C" __global__ void name##_forward(const real* in, real* out, long long n, ##__VA_ARGS__)

// `in` is the output of the forward call where the gradient is computed from that.
#define BACKWARD(name, ...)                                                                                \
    extern "C" __global__ void name##_backward(const real* grad, const real* in, real* out, long long n, \
                                               ##__VA_ARGS__)

#define EACH(formula) each(n, [=](const real& x, real& y) { y = formula; }, in, out)
#define EACH_SLOPE(formula) each(n, [=](const real& g, const real& x, real& y) { y = formula; }, grad, in, out)
