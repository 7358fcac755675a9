// The plain recurrent network on the GPU: all steps in one launch (steps.cuh), or each in its own (tiles.cuh).

#include "activations/formulas.cuh"
#include "recurrence/steps.cuh"
#include "recurrence/tiles.cuh"

struct Cell {
    const real *gates, *bias;
    int has_bias, is_relu;
    long long n;

    __device__ real operator()(real (&sum)[1], const Spot& spot, real) const {
        real v = sum[0] + gates[spot.place * n + spot.unit] + (has_bias ? bias[spot.unit] : real(0));
        return is_relu ? act::relu(v) : act::tanh(v);
    }
};

extern "C" __global__ void rnn(const real* packed, real* far, const long long* lengths, real* y, real* h,
                               const real* gates, const real* bias, int reverse, int has_bias, int is_relu,
                               long long steps, long long rows, long long n) {
    forward<1>(Cell{gates, bias, has_bias, is_relu, n}, packed, far, lengths, y, h, reverse, steps, rows, n);
}

extern "C" __global__ void rnn_step(const real* packed, const real* before, real* after, const long long* lengths,
                                    real* y, const real* gates, const real* bias, int reverse, int has_bias,
                                    int is_relu, long long t, long long rows, long long n) {
    Cell cell{gates, bias, has_bias, is_relu, n};
    step_forward<1>(cell, packed, before, after, lengths, y, reverse, t, rows, n);
}

struct CellBackward {
    const real* y;
    real* grad_gates;
    int is_relu;
    long long n;

    __device__ real operator()(real (&v)[1], const Spot& spot, real out) const {
        long long at = spot.place * n + spot.unit;
        if (spot.inside) v[0] = is_relu ? act::relu_backward(out, y[at]) : act::tanh_backward(out, y[at]);
        grad_gates[at] = v[0];
        return spot.inside ? real(0) : out;
    }
};

extern "C" __global__ void rnn_backward(const real* packed, real* far, const real* grad, const long long* lengths,
                                        real* dh, const real* y, real* grad_gates, int has_grad, int reverse,
                                        int is_relu, long long steps, long long rows, long long n) {
    CellBackward cell{y, grad_gates, is_relu, n};
    backward<1>(cell, packed, far, grad, lengths, dh, has_grad, reverse, steps, rows, n);
}

extern "C" __global__ void rnn_backward_step(const real* packed, const real* later, real* grads, const real* grad,
                                             const long long* lengths, real* dh, const real* y, real* grad_gates,
                                             int has_grad, int reverse, int is_relu, long long later_t, long long t,
                                             long long rows, long long n) {
    CellBackward cell{y, grad_gates, is_relu, n};
    step_backward<1>(cell, packed, later, grads, grad, lengths, dh, has_grad, reverse, later_t, t, rows, n);
}
