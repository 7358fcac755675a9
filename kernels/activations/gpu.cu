// The activations on the GPU. `real` is float or double, chosen when this file is compiled.
// (_forward, because a kernel named tanh would collide with the function of the C library.)

#include "activations/formulas.cuh"
#include "elementwise.cuh"

extern "C" __global__ void relu_forward(const real* x, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::relu(x[i]);
}

extern "C" __global__ void relu_backward(const real* grad, const real* x, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::relu_backward(grad[i], x[i]);
}

extern "C" __global__ void leaky_relu_forward(const real* x, real slope, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::leaky_relu(x[i], slope);
}

extern "C" __global__ void leaky_relu_backward(const real* grad, const real* x, real slope, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::leaky_relu_backward(grad[i], x[i], slope);
}

extern "C" __global__ void sigmoid_forward(const real* x, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::sigmoid(x[i]);
}

extern "C" __global__ void sigmoid_backward(const real* grad, const real* y, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::sigmoid_backward(grad[i], y[i]);
}

extern "C" __global__ void tanh_forward(const real* x, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::tanh(x[i]);
}

extern "C" __global__ void tanh_backward(const real* grad, const real* y, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::tanh_backward(grad[i], y[i]);
}

extern "C" __global__ void gelu_forward(const real* x, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::gelu(x[i]);
}

extern "C" __global__ void gelu_backward(const real* grad, const real* x, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::gelu_backward(grad[i], x[i]);
}

extern "C" __global__ void gelu_tanh_forward(const real* x, real* y, long long n) {
    FOR_EACH_ELEMENT(i, n) y[i] = act::gelu_tanh(x[i]);
}

extern "C" __global__ void gelu_tanh_backward(const real* grad, const real* x, real* grad_x, long long n) {
    FOR_EACH_ELEMENT(i, n) grad_x[i] = act::gelu_tanh_backward(grad[i], x[i]);
}
