// The averaging updates on the GPU. `sign` is −1 to maximize, else 1.

#include "elementwise.cuh"
#include "updates/held.cuh"

extern "C" __global__ void asgd(real* p, const real* grad, real* average, real eta, real keep, real mu, real l2,
                                real sign, const real* held, long long n) {
    take(held, eta, keep, mu, l2, sign);
    FOR_EACH_ELEMENT(i, n) {
        real after = keep * p[i] - eta * (sign * grad[i] + l2 * p[i]);
        p[i] = after;
        average[i] = mu == 1 ? after : average[i] + mu * (after - average[i]);
    }
}

extern "C" __global__ void schedule_free(real* y, const real* grad, real* z, real* square, real lr, real of_step,
                                         real weight, real correction, real beta2, real rest2, real eps, real decay,
                                         real sign, const real* held, long long n) {
    take(held, lr, of_step, weight, correction, beta2, rest2, eps, decay, sign);
    FOR_EACH_ELEMENT(i, n) {
        real g = sign * grad[i], v = beta2 * square[i] + rest2 * g * g;
        real step = g / (sqrt(v) * correction + eps) + decay * y[i];
        square[i] = v;
        y[i] += weight * (z[i] - y[i]) - of_step * step;
        z[i] -= lr * step;
    }
}
