// The LSTM on the GPU: all steps in one launch; see steps.cuh. The weight comes transposed for the way there, so that
// neighbouring threads, which have neighbouring units, read neighbouring numbers.

#include "activations/formulas.cuh"
#include "recurrence/steps.cuh"

extern "C" __global__ void lstm(const real* gates, const real* weight, const real* bias, const real* h0, const real* c0,
                                const long long* lengths, real* y, real* h, real* c, real* saved, real* cells,
                                int has_bias, int has_h0, int has_c0, int saves, int reverse, long long steps,
                                long long rows, long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    begin(walk, h0, has_h0, h);
    begin(walk, c0, has_c0, c);
    __syncthreads();  // the state is whole
    for (long long step = 0; step < steps; step++) {
        long long t = walk.time(step);
        FOR_EACH_UNIT(unit, n) {
            real sum[ROWS][4];
            product<4>(sum, walk, h + walk.state(0, 0), n, weight, n, unit);
            FOR_EACH_ROW_OF(walk, r) {
                long long at = walk.place(r, t), state = walk.state(r, unit);
                real out = 0;
                if (walk.inside(r, t)) {
                    for (int gate = 0; gate < 4; gate++) {
                        real v = sum[r][gate] + gates[(at * 4 + gate) * n + unit];
                        if (has_bias) v += bias[gate * n + unit];
                        sum[r][gate] = v = gate == 2 ? act::tanh(v) : act::sigmoid(v);
                        if (saves) saved[(at * 4 + gate) * n + unit] = v;
                    }
                    real cell = sum[r][1] * c[state] + sum[r][0] * sum[r][2];
                    c[state] = cell;
                    if (saves) cells[at * n + unit] = cell;
                    out = sum[r][3] * act::tanh(cell);
                }
                y[at * n + unit] = out;
            }
        }
        __syncthreads();  // all have read the state
        advance(walk, t, y, h);
        __syncthreads();  // it is whole
    }
}

extern "C" __global__ void lstm_backward(const real* grad, const real* grad_h, const real* grad_c, const real* weight,
                                         const real* c0, const long long* lengths, const real* saved, const real* cells,
                                         real* grad_gates, real* dh, real* dc, int has_grad, int has_h, int has_c,
                                         int has_c0, int reverse, long long steps, long long rows, long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    begin(walk, grad_h, has_h, dh);
    begin(walk, grad_c, has_c, dc);
    for (long long step = steps; step-- > 0;) {
        long long t = walk.time(step);
        FOR_EACH_UNIT(unit, n)
            FOR_EACH_ROW_OF(walk, r) {
                long long at = walk.place(r, t), state = walk.state(r, unit);
                real v[4] = {};
                if (walk.inside(r, t)) {
                    real gate[4];
                    for (int k = 0; k < 4; k++) gate[k] = saved[(at * 4 + k) * n + unit];
                    real i = gate[0], f = gate[1], g = gate[2], o = gate[3], tanh = act::tanh(cells[at * n + unit]);
                    real before = has_c0 ? c0[state] : real(0);
                    if (!walk.begins(r, t)) before = cells[walk.before(r, t) * n + unit];
                    real out = dh[state] + (has_grad ? grad[at * n + unit] : real(0));
                    real cell = dc[state] + act::tanh_backward(out * o, tanh);
                    dc[state] = cell * f;
                    v[0] = act::sigmoid_backward(cell * g, i);
                    v[1] = act::sigmoid_backward(cell * before, f);
                    v[2] = act::tanh_backward(cell * i, g);
                    v[3] = act::sigmoid_backward(out * tanh, o);
                }
                for (int k = 0; k < 4; k++) grad_gates[(at * 4 + k) * n + unit] = v[k];
            }
        __syncthreads();  // this step's gradients are whole
        through_weight(walk, t, grad_gates + walk.place(0, t) * 4 * n, weight, 4 * n, dh);
    }
}
