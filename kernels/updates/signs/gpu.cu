// The updates by signs on the GPU. `sign` is −1 to maximize, else 1.

#include "each.cuh"
#include "updates/held.cuh"

// size · sign x, 0 where x is 0 or NaN.
__device__ real with_sign(real size, real x) { return x > 0 ? size : x < 0 ? -size : real(0); }

extern "C" __global__ void rprop(real* p, const real* grad, real* before, real* size, real lower, real upper,
                                 real least, real most, real sign, const real* held, long long n) {
    take(held, lower, upper, least, most, sign);
    auto step = [&](real& p, const real& grad, real& before, real& size) {
        real g = sign * grad, turn = g * before;
        real step = size * (turn > 0 ? upper : turn < 0 ? lower : real(1));
        step = step < least ? least : step > most ? most : step;
        if (turn < 0) g = 0;
        p -= with_sign(step, g);
        before = g;
        size = step;
    };
    each(n, step, p, grad, before, size);
}

extern "C" __global__ void lion(real* p, const real* grad, real* mean, real lr, real beta1, real rest1, real beta2,
                                real rest2, real keep, real sign, const real* held, long long n) {
    take(held, lr, beta1, rest1, beta2, rest2, keep, sign);
    auto step = [&](real& p, const real& grad, real& mean) {
        real g = sign * grad;
        p = keep * p - with_sign(lr, beta1 * mean + rest1 * g);
        mean = beta2 * mean + rest2 * g;
    };
    each(n, step, p, grad, mean);
}
