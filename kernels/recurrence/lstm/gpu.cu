// The LSTM on the GPU: all steps in one launch; see steps.cuh.

#include "activations/formulas.cuh"
#include "recurrence/steps.cuh"

struct Cell {
    const real *gates, *bias;
    real *c, *saved, *cells;
    int has_bias, saves;
    long long n;

    __device__ real operator()(real (&sum)[4], long long place, long long state, long long unit, real) const {
#pragma unroll
        for (int gate = 0; gate < 4; gate++) {
            long long at = (place * 4 + gate) * n + unit;
            real v = sum[gate] + gates[at];
            if (has_bias) v += bias[gate * n + unit];
            sum[gate] = v = gate == 2 ? act::tanh(v) : act::sigmoid(v);
            if (saves) saved[at] = v;
        }
        real cell = sum[1] * c[state] + sum[0] * sum[2];
        c[state] = cell;
        if (saves) cells[place * n + unit] = cell;
        return sum[3] * act::tanh(cell);
    }
};

extern "C" __global__ void lstm(const real* packed, real* far, const real* gates, const real* bias, const real* h0,
                                const real* c0, const long long* lengths, real* y, real* h, real* c, real* saved,
                                real* cells, int has_bias, int has_h0, int has_c0, int saves, int reverse,
                                long long steps, long long rows, long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    begin(walk, c0, has_c0, c);
    forward<4>(walk, Cell{gates, bias, c, saved, cells, has_bias, saves, n}, packed, h0, has_h0, far, y, h);
}

struct CellBackward {
    const real *c0, *saved, *cells;
    real *grad_gates, *dc;
    int has_c0;
    long long n;

    __device__ real operator()(real (&v)[4], bool inside, long long place, long long before, long long state,
                               long long unit, real out) const {
        if (inside) {
            real gate[4];
            for (int k = 0; k < 4; k++) gate[k] = saved[(place * 4 + k) * n + unit];
            real i = gate[0], f = gate[1], g = gate[2], o = gate[3], tanh = act::tanh(cells[place * n + unit]);
            real last = before >= 0 ? cells[before * n + unit] : has_c0 ? c0[state] : real(0);
            real cell = dc[state] + act::tanh_backward(out * o, tanh);
            dc[state] = cell * f;
            v[0] = act::sigmoid_backward(cell * g, i);
            v[1] = act::sigmoid_backward(cell * last, f);
            v[2] = act::tanh_backward(cell * i, g);
            v[3] = act::sigmoid_backward(out * tanh, o);
        }
        for (int k = 0; k < 4; k++) grad_gates[(place * 4 + k) * n + unit] = v[k];
        return inside ? real(0) : out;
    }
};

extern "C" __global__ void lstm_backward(const real* packed, real* far, const real* grad, const real* grad_h,
                                         const real* grad_c, const real* c0, const long long* lengths,
                                         const real* saved, const real* cells, real* grad_gates, real* dh, real* dc,
                                         int has_grad, int has_h, int has_c, int has_c0, int reverse, long long steps,
                                         long long rows, long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    begin(walk, grad_c, has_c, dc);
    CellBackward cell{c0, saved, cells, grad_gates, dc, has_c0, n};
    backward<4>(walk, cell, packed, grad, has_grad, grad_h, has_h, far, dh);
}
