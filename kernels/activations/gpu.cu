// The activations on the GPU. `real` is float or double, chosen when this file is compiled.
// (_forward, because a kernel named tanh would collide with the function of the C library.)

#include "activations/formulas.cuh"
#include "activations/launch.cuh"

FORWARD(relu) { EACH(act::relu(x)); }
BACKWARD(relu) { EACH_SLOPE(act::relu_backward(g, x)); }

FORWARD(leaky_relu, real slope) { EACH(act::leaky_relu(x, slope)); }
BACKWARD(leaky_relu, real slope) { EACH_SLOPE(act::leaky_relu_backward(g, x, slope)); }

FORWARD(sigmoid) { EACH(act::sigmoid(x)); }
BACKWARD(sigmoid) { EACH_SLOPE(act::sigmoid_backward(g, x)); }

FORWARD(tanh) { EACH(act::tanh(x)); }
BACKWARD(tanh) { EACH_SLOPE(act::tanh_backward(g, x)); }

FORWARD(gelu) { EACH(act::gelu(x)); }
BACKWARD(gelu) { EACH_SLOPE(act::gelu_backward(g, x)); }

FORWARD(gelu_tanh) { EACH(act::gelu_tanh(x)); }
BACKWARD(gelu_tanh) { EACH_SLOPE(act::gelu_tanh_backward(g, x)); }
