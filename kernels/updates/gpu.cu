// Optimizer steps on the GPU: one launch for all parameters, each number read once and written once.
// A state that isn't used is announced by its flag, and its pointer is never followed. `sign` is −1 to maximize, else 1.

#include "elementwise.cuh"
#include "updates/held.cuh"

extern "C" __global__ void sgd(real* parameter, const real* grad, real* buffer, real lr, real momentum, real kept,
                               real weight_decay, real sign, int nesterov, int first, int has_buffer, const real* held,
                               long long n) {
    take(held, lr, momentum, kept, weight_decay, sign, nesterov, first, has_buffer);
    FOR_EACH_ELEMENT(i, n) {
        real g = sign * grad[i] + weight_decay * parameter[i];
        if (has_buffer) {
            real b = first ? g : momentum * buffer[i] + kept * g;
            buffer[i] = b;
            g = nesterov ? g + momentum * b : b;
        }
        parameter[i] -= lr * g;
    }
}

extern "C" __global__ void adam(real* parameter, const real* grad, real* exp_avg, real* exp_avg_sq, real* largest,
                                real step_size, real correction, real rest1, real beta2, real rest2, real eps, real l2,
                                real keep, real sign, int amsgrad, const real* held, long long n) {
    take(held, step_size, correction, rest1, beta2, rest2, eps, l2, keep, sign, amsgrad);
    FOR_EACH_ELEMENT(i, n) {
        real g = sign * grad[i] + l2 * parameter[i];
        real m = exp_avg[i] + rest1 * (g - exp_avg[i]);
        real v = beta2 * exp_avg_sq[i] + rest2 * g * g;
        exp_avg[i] = m;
        exp_avg_sq[i] = v;
        if (amsgrad) {
            real before = largest[i];
            largest[i] = v = before < v || v != v ? v : before;
        }
        parameter[i] = keep * parameter[i] - step_size * m / (sqrt(v) * correction + eps);
    }
}

extern "C" __global__ void rmsprop(real* parameter, const real* grad, real* square_avg, real* buffer, real* grad_avg,
                                   real lr, real alpha, real rest, real eps, real weight_decay, real momentum,
                                   real sign, int has_buffer, int centered, const real* held, long long n) {
    take(held, lr, alpha, rest, eps, weight_decay, momentum, sign, has_buffer, centered);
    FOR_EACH_ELEMENT(i, n) {
        real g = sign * grad[i] + weight_decay * parameter[i];
        real v = alpha * square_avg[i] + rest * g * g;
        square_avg[i] = v;
        if (centered) {
            real average = grad_avg[i] + rest * (g - grad_avg[i]);
            grad_avg[i] = average;
            v -= average * average;
        }
        real direction = g / (sqrt(v) + eps);
        if (has_buffer) {
            direction += momentum * buffer[i];
            buffer[i] = direction;
        }
        parameter[i] -= lr * direction;
    }
}
