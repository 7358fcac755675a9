// Gated activations on the GPU.

#include "activations/smooth/formulas.cuh"
#include "elementwise.cuh"

namespace act {
__device__ inline real gate_backward(real g, real v) { return sigmoid_backward(g, sigmoid(v)); }
}  // namespace act

// Gated: x is rows of a, then b, each n long; y is rows of a · f(b).

#define GATED(name, f, f_backward)                                                                                \
    extern "C" __global__ void name##_forward(const real* x, real* y, long long n, long long size) {             \
        FOR_EACH_ELEMENT(i, size) {                                                                               \
            long long a = i / n * 2 * n + i % n;                                                                  \
            y[i] = x[a] * act::f(x[a + n]);                                                                       \
        }                                                                                                         \
    }                                                                                                             \
    extern "C" __global__ void name##_backward(const real* grad, const real* x, real* grad_x, long long n,       \
                                               long long size) {                                                  \
        FOR_EACH_ELEMENT(i, size) {                                                                               \
            long long a = i / n * 2 * n + i % n;                                                                  \
            grad_x[a] = grad[i] * act::f(x[a + n]);                                                               \
            grad_x[a + n] = act::f_backward(grad[i] * x[a], x[a + n]);                                            \
        }                                                                                                         \
    }

GATED(glu, sigmoid, gate_backward)
GATED(swiglu, silu, silu_backward)
GATED(geglu, gelu, gelu_backward)
GATED(reglu, relu, relu_backward)
