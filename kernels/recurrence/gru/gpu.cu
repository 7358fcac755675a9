// The GRU on the GPU: all steps in one launch (steps.cuh), or each in its own (tiles.cuh).

#include "activations/formulas.cuh"
#include "recurrence/steps.cuh"
#include "recurrence/tiles.cuh"

struct Cell {
    const real *gates, *bias;
    real *saved, *inner;
    int has_bias, saves;
    long long n;

    __device__ real operator()(real (&sum)[3], const Spot& spot, real h) const {
        long long first = spot.place * 3 * n + spot.unit;
        for (int gate = 0; gate < 3; gate++)
            if (has_bias) sum[gate] += bias[gate * n + spot.unit];
        real reset = act::sigmoid(gates[first] + sum[0]);
        real z = act::sigmoid(gates[first + n] + sum[1]);
        real fresh = act::tanh(gates[first + 2 * n] + reset * sum[2]);
        if (saves) {
            saved[first] = reset, saved[first + n] = z, saved[first + 2 * n] = fresh;
            inner[spot.place * n + spot.unit] = sum[2];
        }
        return fresh + z * (h - fresh);
    }
};

extern "C" __global__ void gru(const real* packed, real* far, const long long* lengths, real* y, real* h,
                               const real* gates, const real* bias, real* saved, real* inner, int reverse, int has_bias,
                               int saves, long long steps, long long rows, long long n) {
    Cell cell{gates, bias, saved, inner, has_bias, saves, n};
    forward<3>(cell, packed, far, lengths, y, h, reverse, steps, rows, n);
}

extern "C" __global__ void gru_step(const real* packed, const real* before, real* after, const long long* lengths,
                                    real* y, const real* gates, const real* bias, real* saved, real* inner, int reverse,
                                    int has_bias, int saves, long long t, long long rows, long long n) {
    Cell cell{gates, bias, saved, inner, has_bias, saves, n};
    step_forward<3>(cell, packed, before, after, lengths, y, reverse, t, rows, n);
}

struct CellBackward {
    const real *h0, *y, *saved, *inner;
    real *grad_gates, *grad_inner;
    int has_h0;
    long long n;

    __device__ real operator()(real (&v)[3], const Spot& spot, real out) const {
        long long first = spot.place * 3 * n + spot.unit;
        real from_fresh = 0, carried = out;
        if (spot.inside) {
            real reset = saved[first], z = saved[first + n], fresh = saved[first + 2 * n];
            real last = has_h0 ? h0[spot.state] : real(0);
            if (spot.before >= 0) last = y[spot.before * n + spot.unit];
            carried = out * z;
            from_fresh = act::tanh_backward(out * (real(1) - z), fresh);
            v[0] = act::sigmoid_backward(from_fresh * inner[spot.place * n + spot.unit], reset);
            v[1] = act::sigmoid_backward(out * (last - fresh), z);
            v[2] = from_fresh * reset;
        }
        grad_gates[first] = v[0], grad_gates[first + n] = v[1], grad_gates[first + 2 * n] = from_fresh;
        grad_inner[spot.place * n + spot.unit] = v[2];
        return carried;
    }
};

extern "C" __global__ void gru_backward(const real* packed, real* far, const real* grad, const long long* lengths,
                                        real* dh, const real* h0, const real* y, const real* saved, const real* inner,
                                        real* grad_gates, real* grad_inner, int has_grad, int reverse, int has_h0,
                                        long long steps, long long rows, long long n) {
    CellBackward cell{h0, y, saved, inner, grad_gates, grad_inner, has_h0, n};
    backward<3>(cell, packed, far, grad, lengths, dh, has_grad, reverse, steps, rows, n);
}

extern "C" __global__ void gru_backward_step(const real* packed, const real* later, real* grads, const real* grad,
                                             const long long* lengths, real* dh, const real* h0, const real* y,
                                             const real* saved, const real* inner, real* grad_gates, real* grad_inner,
                                             int has_grad, int reverse, int has_h0, long long later_t, long long t,
                                             long long rows, long long n) {
    CellBackward cell{h0, y, saved, inner, grad_gates, grad_inner, has_h0, n};
    step_backward<3>(cell, packed, later, grads, grad, lengths, dh, has_grad, reverse, later_t, t, rows, n);
}
