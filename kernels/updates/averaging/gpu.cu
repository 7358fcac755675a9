// The averaging updates on the GPU. `sign` is −1 to maximize, else 1.

#include "each.cuh"
#include "updates/held.cuh"

extern "C" __global__ void asgd(real* p, const real* grad, real* average, real eta, real keep, real mu, real l2,
                                real sign, const real* held, long long n) {
    take(held, eta, keep, mu, l2, sign);
    auto step = [&](real& p, const real& grad, real& average) {
        real after = keep * p - eta * (sign * grad + l2 * p);
        p = after;
        average = mu == 1 ? after : average + mu * (after - average);
    };
    each(n, step, p, grad, average);
}

extern "C" __global__ void schedule_free(real* y, const real* grad, real* z, real* square, real lr, real of_step,
                                         real weight, real correction, real beta2, real rest2, real eps, real decay,
                                         real sign, const real* held, long long n) {
    take(held, lr, of_step, weight, correction, beta2, rest2, eps, decay, sign);
    auto step = [&](real& y, const real& grad, real& z, real& square) {
        real g = sign * grad, v = beta2 * square + rest2 * g * g;
        real step = g / (sqrt(v) * correction + eps) + decay * y;
        square = v;
        y += weight * (z - y) - of_step * step;
        z -= lr * step;
    };
    each(n, step, y, grad, z, square);
}
