// The activations on the GPU. `real` is float or double, chosen when this file is compiled.
//
// Each thread takes element i, then i + (threads in the grid), and so on: neighbouring threads always touch
// neighbouring addresses, so every access of a warp is one run of whole sectors, and any size is covered.

#include "activations/formulas.cuh"

#define FOR_EACH_ELEMENT(i, n) \
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; \
         i += gridDim.x * (long long)blockDim.x)

extern "C" __global__ void relu(const real* x, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::relu(x[i]);
}

extern "C" __global__ void relu_backward(const real* grad, const real* x, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::relu_backward(grad[i], x[i]);
}

extern "C" __global__ void leaky_relu(const real* x, real slope, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::leaky_relu(x[i], slope);
}

extern "C" __global__ void leaky_relu_backward(const real* grad, const real* x, real slope, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::leaky_relu_backward(grad[i], x[i], slope);
}

extern "C" __global__ void sigmoid(const real* x, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::sigmoid(x[i]);
}

extern "C" __global__ void sigmoid_backward(const real* grad, const real* y, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::sigmoid_backward(grad[i], y[i]);
}

extern "C" __global__ void tanh(const real* x, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::tanh(x[i]);
}

extern "C" __global__ void tanh_backward(const real* grad, const real* y, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::tanh_backward(grad[i], y[i]);
}

extern "C" __global__ void gelu(const real* x, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::gelu(x[i]);
}

extern "C" __global__ void gelu_backward(const real* grad, const real* x, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::gelu_backward(grad[i], x[i]);
}

extern "C" __global__ void gelu_tanh(const real* x, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::gelu_tanh(x[i]);
}

extern "C" __global__ void gelu_tanh_backward(const real* grad, const real* x, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::gelu_tanh_backward(grad[i], x[i]);
}
