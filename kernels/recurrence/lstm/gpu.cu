// The LSTM on the GPU: all steps in one launch (steps.cuh), or each in its own (tiles.cuh).

#include "activations/formulas.cuh"
#include "recurrence/steps.cuh"
#include "recurrence/tiles.cuh"

struct Cell {
    const real *gates, *bias;
    real *c, *saved, *cells;
    int has_bias, saves;
    long long n;

    __device__ real operator()(real (&sum)[4], const Spot& spot, real) const {
#pragma unroll
        for (int gate = 0; gate < 4; gate++) {
            long long at = (spot.place * 4 + gate) * n + spot.unit;
            real v = sum[gate] + gates[at];
            if (has_bias) v += bias[gate * n + spot.unit];
            sum[gate] = v = gate == 2 ? act::tanh(v) : act::sigmoid(v);
            if (saves) saved[at] = v;
        }
        real cell = sum[1] * c[spot.state] + sum[0] * sum[2];
        c[spot.state] = cell;
        if (saves) cells[spot.place * n + spot.unit] = cell;
        return sum[3] * act::tanh(cell);
    }
};

extern "C" __global__ void lstm(const real* packed, real* far, const long long* lengths, real* y, real* h,
                                const real* gates, const real* bias, real* c, real* saved, real* cells, int reverse,
                                int has_bias, int saves, long long steps, long long rows, long long n) {
    Cell cell{gates, bias, c, saved, cells, has_bias, saves, n};
    forward<4>(cell, packed, far, lengths, y, h, reverse, steps, rows, n);
}

extern "C" __global__ void lstm_step(const real* packed, const real* before, real* after, const long long* lengths,
                                     real* y, const real* gates, const real* bias, real* c, real* saved, real* cells,
                                     int reverse, int has_bias, int saves, long long t, long long rows, long long n) {
    Cell cell{gates, bias, c, saved, cells, has_bias, saves, n};
    step_forward<4>(cell, packed, before, after, lengths, y, reverse, t, rows, n);
}

struct CellBackward {
    const real *c0, *saved, *cells;
    real *grad_gates, *dc;
    int has_c0;
    long long n;

    __device__ real operator()(real (&v)[4], const Spot& spot, real out) const {
        if (spot.inside) {
            real gate[4];
            for (int k = 0; k < 4; k++) gate[k] = saved[(spot.place * 4 + k) * n + spot.unit];
            real i = gate[0], f = gate[1], g = gate[2], o = gate[3];
            real tanh = act::tanh(cells[spot.place * n + spot.unit]), last = has_c0 ? c0[spot.state] : real(0);
            if (spot.before >= 0) last = cells[spot.before * n + spot.unit];
            real cell = dc[spot.state] + act::tanh_backward(out * o, tanh);
            dc[spot.state] = cell * f;
            v[0] = act::sigmoid_backward(cell * g, i);
            v[1] = act::sigmoid_backward(cell * last, f);
            v[2] = act::tanh_backward(cell * i, g);
            v[3] = act::sigmoid_backward(out * tanh, o);
        }
        for (int k = 0; k < 4; k++) grad_gates[(spot.place * 4 + k) * n + spot.unit] = v[k];
        return spot.inside ? real(0) : out;
    }
};

extern "C" __global__ void lstm_backward(const real* packed, real* far, const real* grad, const long long* lengths,
                                         real* dh, const real* c0, const real* saved, const real* cells,
                                         real* grad_gates, real* dc, int has_grad, int reverse, int has_c0,
                                         long long steps, long long rows, long long n) {
    CellBackward cell{c0, saved, cells, grad_gates, dc, has_c0, n};
    backward<4>(cell, packed, far, grad, lengths, dh, has_grad, reverse, steps, rows, n);
}

extern "C" __global__ void lstm_backward_step(const real* packed, const real* later, real* grads, const real* grad,
                                              const long long* lengths, real* dh, const real* c0, const real* saved,
                                              const real* cells, real* grad_gates, real* dc, int has_grad, int reverse,
                                              int has_c0, long long later_t, long long t, long long rows,
                                              long long n) {
    CellBackward cell{c0, saved, cells, grad_gates, dc, has_c0, n};
    step_backward<4>(cell, packed, later, grads, grad, lengths, dh, has_grad, reverse, later_t, t, rows, n);
}
