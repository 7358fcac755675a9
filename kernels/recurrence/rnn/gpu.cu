// The plain recurrent network on the GPU: all steps in one launch; see steps.cuh. The weight comes transposed for the way there, so that
// neighbouring threads, which have neighbouring units, read neighbouring numbers.

#include "activations/formulas.cuh"
#include "recurrence/steps.cuh"

extern "C" __global__ void rnn(const real* gates, const real* weight, const real* bias, const real* h0,
                               const long long* lengths, real* y, real* h, int has_bias, int has_h0, int is_relu,
                               int reverse, long long steps, long long rows, long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    begin(walk, h0, has_h0, h);
    __syncthreads();  // the state is whole
    for (long long step = 0; step < steps; step++) {
        long long t = walk.time(step);
        FOR_EACH_UNIT(unit, n) {
            real sum[ROWS][1];
            product<1>(sum, walk, h + walk.state(0, 0), n, weight, n, unit);
            FOR_EACH_ROW_OF(walk, r) {
                long long place = walk.place(r, t) * n + unit;
                real v = sum[r][0] + gates[place] + (has_bias ? bias[unit] : real(0));
                y[place] = !walk.inside(r, t) ? real(0) : is_relu ? act::relu(v) : act::tanh(v);
            }
        }
        __syncthreads();  // all have read the state
        advance(walk, t, y, h);
        __syncthreads();  // it is whole
    }
}

extern "C" __global__ void rnn_backward(const real* grad, const real* grad_h, const real* weight,
                                        const long long* lengths, const real* y, real* grad_gates, real* dh,
                                        int has_grad, int has_h, int is_relu, int reverse, long long steps,
                                        long long rows, long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    begin(walk, grad_h, has_h, dh);
    for (long long step = steps; step-- > 0;) {
        long long t = walk.time(step);
        FOR_EACH_UNIT(unit, n)
            FOR_EACH_ROW_OF(walk, r) {
                long long place = walk.place(r, t) * n + unit;
                real out = dh[walk.state(r, unit)] + (has_grad ? grad[place] : real(0));
                out = is_relu ? act::relu_backward(out, y[place]) : act::tanh_backward(out, y[place]);
                grad_gates[place] = walk.inside(r, t) ? out : real(0);
            }
        __syncthreads();  // this step's gradients are whole
        through_weight(walk, t, grad_gates + walk.place(0, t) * n, weight, n, dh);
    }
}
