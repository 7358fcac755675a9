// Optimizer steps on the GPU: one launch for all parameters, each number read once and written once.
// A state that isn't used is announced by its flag, and its pointer is never followed. `sign` is −1 to maximize, else 1.

#include "each.cuh"
#include "updates/held.cuh"

extern "C" __global__ void sgd(real* parameter, const real* grad, real* buffer, real lr, real momentum, real kept,
                               real weight_decay, real sign, int nesterov, int first, int has_buffer, const real* held,
                               long long n) {
    take(held, lr, momentum, kept, weight_decay, sign, nesterov, first, has_buffer);
    auto plain = [&](real& p, const real& grad) { p -= lr * (sign * grad + weight_decay * p); };
    auto with_momentum = [&](real& p, const real& grad, real& b) {
        real g = sign * grad + weight_decay * p;
        b = first ? g : momentum * b + kept * g;
        p -= lr * (nesterov ? g + momentum * b : b);
    };
    if (has_buffer)
        each(n, with_momentum, parameter, grad, buffer);
    else
        each(n, plain, parameter, grad);
}

extern "C" __global__ void adam(real* parameter, const real* grad, real* exp_avg, real* exp_avg_sq, real* largest,
                                real step_size, real correction, real rest1, real beta2, real rest2, real eps, real l2,
                                real keep, real sign, int amsgrad, const real* held, long long n) {
    take(held, step_size, correction, rest1, beta2, rest2, eps, l2, keep, sign, amsgrad);
    auto averages = [&](real g, real& m, real& v) {
        m = m + rest1 * (g - m);
        v = beta2 * v + rest2 * g * g;
    };
    auto change = [&](real& p, real m, real v) { p = keep * p - step_size * m / (sqrt(v) * correction + eps); };
    auto plain = [&](real& p, const real& grad, real& m, real& v) {
        averages(sign * grad + l2 * p, m, v);
        change(p, m, v);
    };
    auto by_largest = [&](real& p, const real& grad, real& m, real& v, real& top) {
        averages(sign * grad + l2 * p, m, v);
        top = top < v || v != v ? v : top;
        change(p, m, top);
    };
    if (amsgrad)
        each(n, by_largest, parameter, grad, exp_avg, exp_avg_sq, largest);
    else
        each(n, plain, parameter, grad, exp_avg, exp_avg_sq);
}

extern "C" __global__ void rmsprop(real* parameter, const real* grad, real* square_avg, real* buffer, real* grad_avg,
                                   real lr, real alpha, real rest, real eps, real weight_decay, real momentum,
                                   real sign, int has_buffer, int centered, const real* held, long long n) {
    take(held, lr, alpha, rest, eps, weight_decay, momentum, sign, has_buffer, centered);
    auto squares = [&](real g, real& v) { return v = alpha * v + rest * g * g; };
    auto around = [&](real g, real v, real& average) {  // the variance: v less the square of the mean
        average = average + rest * (g - average);
        return v - average * average;
    };
    auto with_momentum = [&](real g, real v, real& b) { return b = g / (sqrt(v) + eps) + momentum * b; };
    if (has_buffer && centered) {
        auto step = [&](real& p, const real& grad, real& v, real& b, real& average) {
            real g = sign * grad + weight_decay * p;
            p -= lr * with_momentum(g, around(g, squares(g, v), average), b);
        };
        each(n, step, parameter, grad, square_avg, buffer, grad_avg);
    } else if (has_buffer) {
        auto step = [&](real& p, const real& grad, real& v, real& b) {
            real g = sign * grad + weight_decay * p;
            p -= lr * with_momentum(g, squares(g, v), b);
        };
        each(n, step, parameter, grad, square_avg, buffer);
    } else if (centered) {
        auto step = [&](real& p, const real& grad, real& v, real& average) {
            real g = sign * grad + weight_decay * p;
            p -= lr * (g / (sqrt(around(g, squares(g, v), average)) + eps));
        };
        each(n, step, parameter, grad, square_avg, grad_avg);
    } else {
        auto step = [&](real& p, const real& grad, real& v) {
            real g = sign * grad + weight_decay * p;
            p -= lr * (g / (sqrt(squares(g, v)) + eps));
        };
        each(n, step, parameter, grad, square_avg);
    }
}
