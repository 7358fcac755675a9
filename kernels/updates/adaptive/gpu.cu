// The adaptive updates on the GPU: one launch for all parameters, each number read once and written once.
// `sign` is −1 to maximize, else 1.

#include "each.cuh"
#include "updates/held.cuh"

extern "C" __global__ void adagrad(real* p, const real* grad, real* total, real rate, real eps, real l2, real sign,
                                   const real* held, long long n) {
    take(held, rate, eps, l2, sign);
    auto step = [&](real& p, const real& grad, real& total) {
        real g = sign * grad + l2 * p, s = total + g * g;
        total = s;
        p -= rate * g / (sqrt(s) + eps);
    };
    each(n, step, p, grad, total);
}

extern "C" __global__ void adadelta(real* p, const real* grad, real* square, real* steps, real lr, real rho, real rest,
                                    real eps, real l2, real sign, const real* held, long long n) {
    take(held, lr, rho, rest, eps, l2, sign);
    auto step = [&](real& p, const real& grad, real& square, real& steps) {
        real g = sign * grad + l2 * p, v = rho * square + rest * g * g;
        real step = sqrt(steps + eps) / sqrt(v + eps) * g;
        square = v;
        steps = rho * steps + rest * step * step;
        p -= lr * step;
    };
    each(n, step, p, grad, square, steps);
}

extern "C" __global__ void adamax(real* p, const real* grad, real* mean, real* largest, real rate, real rest1,
                                  real beta2, real eps, real l2, real sign, const real* held, long long n) {
    take(held, rate, rest1, beta2, eps, l2, sign);
    auto step = [&](real& p, const real& grad, real& mean, real& largest) {
        real g = sign * grad + l2 * p, m = mean + rest1 * (g - mean);
        real before = beta2 * largest, now = fabs(g) + eps;
        real u = before < now || now != now ? now : before;
        mean = m;
        largest = u;
        p -= rate * m / u;
    };
    each(n, step, p, grad, mean, largest);
}

extern "C" __global__ void nadam(real* p, const real* grad, real* mean, real* square, real of_grad, real of_mean,
                                 real correction, real rest1, real beta2, real rest2, real eps, real l2, real keep,
                                 real sign, const real* held, long long n) {
    take(held, of_grad, of_mean, correction, rest1, beta2, rest2, eps, l2, keep, sign);
    auto step = [&](real& p, const real& grad, real& mean, real& square) {
        real g = sign * grad + l2 * p;
        real m = mean + rest1 * (g - mean), v = beta2 * square + rest2 * g * g;
        mean = m;
        square = v;
        p = keep * p - (of_grad * g + of_mean * m) / (sqrt(v) * correction + eps);
    };
    each(n, step, p, grad, mean, square);
}

extern "C" __global__ void radam(real* p, const real* grad, real* mean, real* square, real rate, real rest1, real beta2,
                                 real rest2, real eps, real l2, real keep, real sign, int rectified, const real* held,
                                 long long n) {
    take(held, rate, rest1, beta2, rest2, eps, l2, keep, sign, rectified);
    auto step = [&](real& p, const real& grad, real& mean, real& square) {
        real g = sign * grad + l2 * p;
        real m = mean + rest1 * (g - mean), v = beta2 * square + rest2 * g * g;
        mean = m;
        square = v;
        p = keep * p - rate * (rectified ? m / (sqrt(v) + eps) : m);
    };
    each(n, step, p, grad, mean, square);
}

extern "C" __global__ void ftrl(real* p, const real* grad, real* squares, real* linear, real slope, real power, real l1,
                                real l2, real shrinkage, real sign, const real* held, long long n) {
    take(held, slope, power, l1, l2, shrinkage, sign);
    auto step = [&](real& p, const real& grad, real& squares, real& linear) {
        real g = sign * grad, total = squares + g * g, before, after;
        if (power == real(0.5)) {
            before = slope * sqrt(squares);
            after = slope * sqrt(total);
        } else {
            before = slope * exp(power * log(squares));
            after = slope * exp(power * log(total));
        }
        real z = linear + (g + shrinkage * p - (after - before) * p);
        squares = total;
        linear = z;
        p = ((z > l1 ? l1 : z < -l1 ? -l1 : z) - z) / (after + l2);
    };
    each(n, step, p, grad, squares, linear);
}
