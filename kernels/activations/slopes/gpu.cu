// Slopes from an array, on the GPU: one for each of axis 1 of x (outer, channels, inner).

#include "activations/formulas.cuh"
#include "elementwise.cuh"

extern "C" __global__ void prelu_forward(const real* x, const real* weight, real* y, long long channels,
                                         long long inner, long long size) {
    FOR_EACH_ELEMENT(i, size) y[i] = act::leaky_relu(x[i], weight[i / inner % channels]);
}

// terms, if there is one, gets each element's share of its weight's gradient.
extern "C" __global__ void prelu_backward(const real* grad, const real* x, const real* weight, real* grad_x,
                                          real* terms, long long channels, long long inner, int with_terms,
                                          long long size) {
    FOR_EACH_ELEMENT(i, size) {
        grad_x[i] = act::leaky_relu_backward(grad[i], x[i], weight[i / inner % channels]);
        if (with_terms) terms[i] = x[i] > 0 ? real(0) : grad[i] * x[i];
    }
}
