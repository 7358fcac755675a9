// How a formula of one number, or of a gradient and a number, is run over arrays.
//
//     FORWARD(elu, real alpha) { EACH(y, act::elu(x[i], alpha)); }
#pragma once

#include "elementwise.cuh"

#define FORWARD(name, ...) \
    extern "C" __global__ void name##_forward(const real* x, real* y, long long n, ##__VA_ARGS__)

// x is the output of the forward call where the gradient is computed from that.
#define BACKWARD(name, ...)                                                                              \
    extern "C" __global__ void name##_backward(const real* grad, const real* x, real* grad_x, long long n, \
                                               ##__VA_ARGS__)

#define EACH(result, formula) FOR_EACH_ELEMENT(i, n) result[i] = formula
