// The GRU on the GPU: all steps in one launch; see steps.cuh. The weight comes transposed for the way there, so that
// neighbouring threads, which have neighbouring units, read neighbouring numbers.

#include "activations/formulas.cuh"
#include "recurrence/steps.cuh"

extern "C" __global__ void gru(const real* gates, const real* weight, const real* bias, const real* h0,
                               const long long* lengths, real* y, real* h, real* saved, real* inner, int has_bias,
                               int has_h0, int saves, int reverse, long long steps, long long rows, long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    begin(walk, h0, has_h0, h);
    __syncthreads();  // the state is whole
    for (long long step = 0; step < steps; step++) {
        long long t = walk.time(step);
        FOR_EACH_UNIT(unit, n) {
            real sum[ROWS][3];
            product<3>(sum, walk, h + walk.state(0, 0), n, weight, n, unit);
            FOR_EACH_ROW_OF(walk, r) {
                long long at = walk.place(r, t), first = at * 3 * n + unit;
                real out = 0;
                if (walk.inside(r, t)) {
                    for (int gate = 0; gate < 3; gate++)
                        if (has_bias) sum[r][gate] += bias[gate * n + unit];
                    real reset = act::sigmoid(gates[first] + sum[r][0]);
                    real z = act::sigmoid(gates[first + n] + sum[r][1]);
                    real fresh = act::tanh(gates[first + 2 * n] + reset * sum[r][2]);
                    if (saves) {
                        saved[first] = reset, saved[first + n] = z, saved[first + 2 * n] = fresh;
                        inner[at * n + unit] = sum[r][2];
                    }
                    out = fresh + z * (h[walk.state(r, unit)] - fresh);
                }
                y[at * n + unit] = out;
            }
        }
        __syncthreads();  // all have read the state
        advance(walk, t, y, h);
        __syncthreads();  // it is whole
    }
}

extern "C" __global__ void gru_backward(const real* grad, const real* grad_h, const real* weight, const real* h0,
                                        const long long* lengths, const real* y, const real* saved, const real* inner,
                                        real* through, real* grad_gates, real* grad_inner, real* dh, int has_grad,
                                        int has_h, int has_h0, int reverse, long long steps, long long rows,
                                        long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    begin(walk, grad_h, has_h, dh);
    for (long long step = steps; step-- > 0;) {
        long long t = walk.time(step);
        FOR_EACH_UNIT(unit, n)
            FOR_EACH_ROW_OF(walk, r) {
                long long at = walk.place(r, t), first = at * 3 * n + unit, state = walk.state(r, unit);
                real from_r = 0, from_z = 0, from_fresh = 0, from_inner = 0;
                if (walk.inside(r, t)) {
                    real reset = saved[first], z = saved[first + n], fresh = saved[first + 2 * n];
                    real before = has_h0 ? h0[state] : real(0);
                    if (!walk.begins(r, t)) before = y[walk.before(r, t) * n + unit];
                    real out = dh[state] + (has_grad ? grad[at * n + unit] : real(0));
                    dh[state] = out * z;
                    from_fresh = act::tanh_backward(out * (real(1) - z), fresh);
                    from_inner = from_fresh * reset;
                    from_r = act::sigmoid_backward(from_fresh * inner[at * n + unit], reset);
                    from_z = act::sigmoid_backward(out * (before - fresh), z);
                }
                real* row = through + (walk.first + r) * 3 * n + unit;
                row[0] = grad_gates[first] = from_r, row[n] = grad_gates[first + n] = from_z;
                row[2 * n] = grad_inner[at * n + unit] = from_inner, grad_gates[first + 2 * n] = from_fresh;
            }
        __syncthreads();  // this step's gradients are whole
        through_weight(walk, t, through + walk.first * 3 * n, weight, 3 * n, dh, true);
        __syncthreads();  // all have read them
    }
}
