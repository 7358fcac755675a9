// The activations of straight pieces on the GPU: each is its formula, run over the elements.

#include "activations/launch.cuh"
#include "activations/piecewise/formulas.cuh"

FORWARD(hardshrink, real limit) { EACH(y, act::hardshrink(x[i], limit)); }
BACKWARD(hardshrink, real limit) { EACH(grad_x, act::hardshrink_backward(grad[i], x[i], limit)); }

FORWARD(softshrink, real limit) { EACH(y, act::softshrink(x[i], limit)); }
BACKWARD(softshrink, real limit) { EACH(grad_x, act::softshrink_backward(grad[i], x[i], limit)); }

FORWARD(hardsigmoid) { EACH(y, act::hardsigmoid(x[i])); }
BACKWARD(hardsigmoid) { EACH(grad_x, act::hardsigmoid_backward(grad[i], x[i])); }

FORWARD(hardswish) { EACH(y, act::hardswish(x[i])); }
BACKWARD(hardswish) { EACH(grad_x, act::hardswish_backward(grad[i], x[i])); }

FORWARD(hardtanh, real low, real high) { EACH(y, act::hardtanh(x[i], low, high)); }
BACKWARD(hardtanh, real low, real high) { EACH(grad_x, act::hardtanh_backward(grad[i], x[i], low, high)); }

FORWARD(threshold, real limit, real value) { EACH(y, act::threshold(x[i], limit, value)); }
BACKWARD(threshold, real limit) { EACH(grad_x, act::threshold_backward(grad[i], x[i], limit)); }

FORWARD(relu_squared) { EACH(y, act::relu_squared(x[i])); }
BACKWARD(relu_squared) { EACH(grad_x, act::relu_squared_backward(grad[i], x[i])); }

FORWARD(sparse_plus) { EACH(y, act::sparse_plus(x[i])); }
BACKWARD(sparse_plus) { EACH(grad_x, act::sparse_plus_backward(grad[i], x[i])); }

FORWARD(sparse_sigmoid) { EACH(y, act::sparse_sigmoid(x[i])); }
BACKWARD(sparse_sigmoid) { EACH(grad_x, act::sparse_sigmoid_backward(grad[i], x[i])); }
