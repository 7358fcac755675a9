// The adaptive updates on the GPU: one launch for all parameters, each number read once and written once.
// `sign` is −1 to maximize, else 1.

#include "elementwise.cuh"
#include "updates/held.cuh"

extern "C" __global__ void adagrad(real* p, const real* grad, real* total, real rate, real eps, real l2, real sign,
                                   const real* held, long long n) {
    take(held, rate, eps, l2, sign);
    FOR_EACH_ELEMENT(i, n) {
        real g = sign * grad[i] + l2 * p[i], s = total[i] + g * g;
        total[i] = s;
        p[i] -= rate * g / (sqrt(s) + eps);
    }
}

extern "C" __global__ void adadelta(real* p, const real* grad, real* square, real* steps, real lr, real rho, real rest,
                                    real eps, real l2, real sign, const real* held, long long n) {
    take(held, lr, rho, rest, eps, l2, sign);
    FOR_EACH_ELEMENT(i, n) {
        real g = sign * grad[i] + l2 * p[i], v = rho * square[i] + rest * g * g;
        real step = sqrt(steps[i] + eps) / sqrt(v + eps) * g;
        square[i] = v;
        steps[i] = rho * steps[i] + rest * step * step;
        p[i] -= lr * step;
    }
}

extern "C" __global__ void adamax(real* p, const real* grad, real* mean, real* largest, real rate, real rest1,
                                  real beta2, real eps, real l2, real sign, const real* held, long long n) {
    take(held, rate, rest1, beta2, eps, l2, sign);
    FOR_EACH_ELEMENT(i, n) {
        real g = sign * grad[i] + l2 * p[i], m = mean[i] + rest1 * (g - mean[i]);
        real before = beta2 * largest[i], now = fabs(g) + eps;
        real u = before < now || now != now ? now : before;
        mean[i] = m;
        largest[i] = u;
        p[i] -= rate * m / u;
    }
}

extern "C" __global__ void nadam(real* p, const real* grad, real* mean, real* square, real of_grad, real of_mean,
                                 real correction, real rest1, real beta2, real rest2, real eps, real l2, real keep,
                                 real sign, const real* held, long long n) {
    take(held, of_grad, of_mean, correction, rest1, beta2, rest2, eps, l2, keep, sign);
    FOR_EACH_ELEMENT(i, n) {
        real g = sign * grad[i] + l2 * p[i];
        real m = mean[i] + rest1 * (g - mean[i]), v = beta2 * square[i] + rest2 * g * g;
        mean[i] = m;
        square[i] = v;
        p[i] = keep * p[i] - (of_grad * g + of_mean * m) / (sqrt(v) * correction + eps);
    }
}

extern "C" __global__ void radam(real* p, const real* grad, real* mean, real* square, real rate, real rest1, real beta2,
                                 real rest2, real eps, real l2, real keep, real sign, int rectified, const real* held,
                                 long long n) {
    take(held, rate, rest1, beta2, rest2, eps, l2, keep, sign, rectified);
    FOR_EACH_ELEMENT(i, n) {
        real g = sign * grad[i] + l2 * p[i];
        real m = mean[i] + rest1 * (g - mean[i]), v = beta2 * square[i] + rest2 * g * g;
        mean[i] = m;
        square[i] = v;
        p[i] = keep * p[i] - rate * (rectified ? m / (sqrt(v) + eps) : m);
    }
}

extern "C" __global__ void ftrl(real* p, const real* grad, real* squares, real* linear, real slope, real power, real l1,
                                real l2, real shrinkage, real sign, const real* held, long long n) {
    take(held, slope, power, l1, l2, shrinkage, sign);
    FOR_EACH_ELEMENT(i, n) {
        real g = sign * grad[i], total = squares[i] + g * g, before, after;
        if (power == real(0.5)) {
            before = slope * sqrt(squares[i]);
            after = slope * sqrt(total);
        } else {
            before = slope * exp(power * log(squares[i]));
            after = slope * exp(power * log(total));
        }
        real z = linear[i] + (g + shrinkage * p[i] - (after - before) * p[i]);
        squares[i] = total;
        linear[i] = z;
        p[i] = ((z > l1 ? l1 : z < -l1 ? -l1 : z) - z) / (after + l2);
    }
}
