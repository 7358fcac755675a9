// Activations whose slope the output tells.
#pragma once
#include "activations/formulas.cuh"

// grad · act′, by the activation's position in ACTIVATIONS (fused.py) and its output y.
__device__ inline real through(int activation, real grad, real y) {
    switch (activation) {
        case 1: return act::relu_backward(grad, y);
        case 2: return act::sigmoid_backward(grad, y);
        default: return act::tanh_backward(grad, y);
    }
}
