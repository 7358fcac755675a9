// The GRU on the GPU: all steps in one launch; see steps.cuh.

#include "activations/formulas.cuh"
#include "recurrence/steps.cuh"

struct Cell {
    const real *gates, *bias;
    real *saved, *inner;
    int has_bias, saves;
    long long n;

    __device__ real operator()(real (&sum)[3], long long place, long long, long long unit, real h) const {
        long long first = place * 3 * n + unit;
        for (int gate = 0; gate < 3; gate++)
            if (has_bias) sum[gate] += bias[gate * n + unit];
        real reset = act::sigmoid(gates[first] + sum[0]);
        real z = act::sigmoid(gates[first + n] + sum[1]);
        real fresh = act::tanh(gates[first + 2 * n] + reset * sum[2]);
        if (saves) {
            saved[first] = reset, saved[first + n] = z, saved[first + 2 * n] = fresh;
            inner[place * n + unit] = sum[2];
        }
        return fresh + z * (h - fresh);
    }
};

extern "C" __global__ void gru(const real* packed, real* far, const real* gates, const real* bias, const real* h0,
                               const long long* lengths, real* y, real* h, real* saved, real* inner, int has_bias,
                               int has_h0, int saves, int reverse, long long steps, long long rows, long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    forward<3>(walk, Cell{gates, bias, saved, inner, has_bias, saves, n}, packed, h0, has_h0, far, y, h);
}

struct CellBackward {
    const real *h0, *y, *saved, *inner;
    real *grad_gates, *grad_inner;
    int has_h0;
    long long n;

    __device__ real operator()(real (&v)[3], bool inside, long long place, long long before, long long state,
                               long long unit, real out) const {
        long long first = place * 3 * n + unit;
        real from_fresh = 0, carried = out;
        if (inside) {
            real reset = saved[first], z = saved[first + n], fresh = saved[first + 2 * n];
            real last = before >= 0 ? y[before * n + unit] : has_h0 ? h0[state] : real(0);
            carried = out * z;
            from_fresh = act::tanh_backward(out * (real(1) - z), fresh);
            v[0] = act::sigmoid_backward(from_fresh * inner[place * n + unit], reset);
            v[1] = act::sigmoid_backward(out * (last - fresh), z);
            v[2] = from_fresh * reset;
        }
        grad_gates[first] = v[0], grad_gates[first + n] = v[1], grad_gates[first + 2 * n] = from_fresh;
        grad_inner[place * n + unit] = v[2];
        return carried;
    }
};

extern "C" __global__ void gru_backward(const real* packed, real* far, const real* grad, const real* grad_h,
                                        const real* h0, const long long* lengths, const real* y, const real* saved,
                                        const real* inner, real* grad_gates, real* grad_inner, real* dh, int has_grad,
                                        int has_h, int has_h0, int reverse, long long steps, long long rows,
                                        long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    CellBackward cell{h0, y, saved, inner, grad_gates, grad_inner, has_h0, n};
    backward<3>(walk, cell, packed, grad, has_grad, grad_h, has_h, far, dh);
}
