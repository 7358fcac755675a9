// Losses of elements on the GPU: a formula that gives value and slopes, run over whole arrays.
//
//     LOSS(huber_loss, real delta) { SUM(huber(x, t, delta)); }
//
// An array that isn't wanted is announced by its flag, and its pointer never followed. Totals are made without atomics,
// so they are the same in every run: each block sums its part, then one block (total.cu) sums the blocks' sums.
#pragma once

#include "elementwise.cuh"
#include "softmax/reduce.cuh"

struct Value {
    real value, slope, second;  // `second`: the slope by another argument, where there is one
};

struct Wanted {
    real* loss;
    real* gradient;
    real* second;
    int loss_is, gradient_is, second_is;
};

template <typename Formula>
__device__ void sum_up(Formula formula, real scale, Wanted wanted, real* sums, long long n) {
    real sum = 0;
    FOR_EACH_ELEMENT(i, n) {
        Value found = formula(i);
        sum += found.value;
        if (wanted.loss_is) wanted.loss[i] = found.value;
        if (wanted.gradient_is) wanted.gradient[i] = scale * found.slope;
        if (wanted.second_is) wanted.second[i] = scale * found.second;
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

#define LOSS(name, ...)                                                                                          \
    extern "C" __global__ void name(const real* input, const real* target, real scale, real* loss,               \
                                    real* gradient, real* sums, int wants_loss, int wants_gradient, long long n, \
                                    ##__VA_ARGS__)

#define SUM(formula)                                                                            \
    sum_up(                                                                                     \
        [=](long long i) {                                                                      \
            real x = input[i], t = target[i];                                                   \
            return formula;                                                                     \
        },                                                                                      \
        scale, Wanted{loss, gradient, nullptr, wants_loss, wants_gradient, 0}, sums, n)

// Of three arrays, the third being ones where there is none; with two gradients.
#define LOSS_OF_THREE(name, ...)                                                                                     \
    extern "C" __global__ void name(const real* a, const real* b, const real* c, real scale, real* loss,             \
                                    real* gradient, real* second, real* sums, int has_c, int wants_loss,             \
                                    int wants_gradient, int wants_second, long long n, ##__VA_ARGS__)

#define SUM_OF_THREE(formula)                                                                              \
    sum_up(                                                                                                \
        [=](long long i) {                                                                                 \
            real x = a[i], t = b[i], u = has_c ? c[i] : real(1);                                           \
            return formula;                                                                                \
        },                                                                                                 \
        scale, Wanted{loss, gradient, second, wants_loss, wants_gradient, wants_second}, sums, n)
