// The plain recurrent network on the GPU: all steps in one launch; see steps.cuh.

#include "activations/formulas.cuh"
#include "recurrence/steps.cuh"

struct Cell {
    const real *gates, *bias;
    int has_bias, is_relu;
    long long n;

    __device__ real operator()(real (&sum)[1], long long place, long long, long long unit, real) const {
        real v = sum[0] + gates[place * n + unit] + (has_bias ? bias[unit] : real(0));
        return is_relu ? act::relu(v) : act::tanh(v);
    }
};

extern "C" __global__ void rnn(const real* packed, real* far, const real* gates, const real* bias, const real* h0,
                               const long long* lengths, real* y, real* h, int has_bias, int has_h0, int is_relu,
                               int reverse, long long steps, long long rows, long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    forward<1>(walk, Cell{gates, bias, has_bias, is_relu, n}, packed, h0, has_h0, far, y, h);
}

struct CellBackward {
    const real* y;
    real* grad_gates;
    int is_relu;
    long long n;

    __device__ real operator()(real (&v)[1], bool inside, long long place, long long, long long, long long unit,
                               real out) const {
        long long at = place * n + unit;
        if (inside) v[0] = is_relu ? act::relu_backward(out, y[at]) : act::tanh_backward(out, y[at]);
        grad_gates[at] = v[0];
        return inside ? real(0) : out;
    }
};

extern "C" __global__ void rnn_backward(const real* packed, real* far, const real* grad, const real* grad_h,
                                        const long long* lengths, const real* y, real* grad_gates, real* dh,
                                        int has_grad, int has_h, int is_relu, int reverse, long long steps,
                                        long long rows, long long n) {
    Walk walk(lengths, reverse, steps, rows, n);
    backward<1>(walk, CellBackward{y, grad_gates, is_relu, n}, packed, grad, has_grad, grad_h, has_h, far, dh);
}
