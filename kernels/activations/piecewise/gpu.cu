// The activations of straight pieces on the GPU: each is its formula, run over the elements.

#include "activations/launch.cuh"
#include "activations/piecewise/formulas.cuh"

FORWARD(hardshrink, real limit) { EACH(act::hardshrink(x, limit)); }
BACKWARD(hardshrink, real limit) { EACH_SLOPE(act::hardshrink_backward(g, x, limit)); }

FORWARD(softshrink, real limit) { EACH(act::softshrink(x, limit)); }
BACKWARD(softshrink, real limit) { EACH_SLOPE(act::softshrink_backward(g, x, limit)); }

FORWARD(hardsigmoid) { EACH(act::hardsigmoid(x)); }
BACKWARD(hardsigmoid) { EACH_SLOPE(act::hardsigmoid_backward(g, x)); }

FORWARD(hardswish) { EACH(act::hardswish(x)); }
BACKWARD(hardswish) { EACH_SLOPE(act::hardswish_backward(g, x)); }

FORWARD(hardtanh, real low, real high) { EACH(act::hardtanh(x, low, high)); }
BACKWARD(hardtanh, real low, real high) { EACH_SLOPE(act::hardtanh_backward(g, x, low, high)); }

FORWARD(threshold, real limit, real value) { EACH(act::threshold(x, limit, value)); }
BACKWARD(threshold, real limit) { EACH_SLOPE(act::threshold_backward(g, x, limit)); }

FORWARD(relu_squared) { EACH(act::relu_squared(x)); }
BACKWARD(relu_squared) { EACH_SLOPE(act::relu_squared_backward(g, x)); }

FORWARD(sparse_plus) { EACH(act::sparse_plus(x)); }
BACKWARD(sparse_plus) { EACH_SLOPE(act::sparse_plus_backward(g, x)); }

FORWARD(sparse_sigmoid) { EACH(act::sparse_sigmoid(x)); }
BACKWARD(sparse_sigmoid) { EACH_SLOPE(act::sparse_sigmoid_backward(g, x)); }
