// The activations on the GPU. `real` is float or double, chosen when this file is compiled.
// (_forward, because a kernel named tanh would collide with the function of the C library.)

#include "activations/formulas.cuh"
#include "activations/launch.cuh"

FORWARD(relu) { EACH(y, act::relu(x[i])); }
BACKWARD(relu) { EACH(grad_x, act::relu_backward(grad[i], x[i])); }

FORWARD(leaky_relu, real slope) { EACH(y, act::leaky_relu(x[i], slope)); }
BACKWARD(leaky_relu, real slope) { EACH(grad_x, act::leaky_relu_backward(grad[i], x[i], slope)); }

FORWARD(sigmoid) { EACH(y, act::sigmoid(x[i])); }
BACKWARD(sigmoid) { EACH(grad_x, act::sigmoid_backward(grad[i], x[i])); }

FORWARD(tanh) { EACH(y, act::tanh(x[i])); }
BACKWARD(tanh) { EACH(grad_x, act::tanh_backward(grad[i], x[i])); }

FORWARD(gelu) { EACH(y, act::gelu(x[i])); }
BACKWARD(gelu) { EACH(grad_x, act::gelu_backward(grad[i], x[i])); }

FORWARD(gelu_tanh) { EACH(y, act::gelu_tanh(x[i])); }
BACKWARD(gelu_tanh) { EACH(grad_x, act::gelu_tanh_backward(grad[i], x[i])); }
