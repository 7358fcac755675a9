// Gated activations on the GPU: x is rows of a, then b, each n long; y is rows of a · f(b).
//
//     x   a a a a b b b b  a a a a …      16 bytes of each half at a time, where all halves begin at multiples of that
//     y   y y y y          y y y y …

#include "activations/smooth/formulas.cuh"
#include "each.cuh"

namespace act {
__device__ inline real gate_backward(real g, real v) { return sigmoid_backward(g, sigmoid(v)); }
}  // namespace act

// run(i, where the a beside y's element i is, how many from there on at once) over all of y.
template <typename Run>
__device__ void each_gate(Run run, long long n, long long size, unsigned long long addresses) {
    bool aligned = (addresses | n * sizeof(real)) % 16 == 0;
    long long packs = aligned ? size / WIDTH : 0;
    FOR_EACH_ELEMENT(p, packs) {
        long long i = p * WIDTH, a = i / n * 2 * n + i % n;
        run(i, a, [](auto step, auto*... at) { each_of(step, Chunk(at)...); });
    }
    if (!aligned) FOR_EACH_ELEMENT(i, size) {
        long long a = i / n * 2 * n + i % n;
        run(i, a, [](auto step, auto*... at) { step(*at...); });
    }
}

#define GATED(name, f, f_backward)                                                                               \
    extern "C" __global__ void name##_forward(const real* x, real* y, long long n, long long size) {             \
        auto run = [=](long long i, long long a, auto each) {                                                    \
            each([](const real& a, const real& b, real& y) { y = a * act::f(b); }, x + a, x + a + n, y + i);     \
        };                                                                                                       \
        each_gate(run, n, size, (unsigned long long)x | (unsigned long long)y);                                  \
    }                                                                                                            \
    extern "C" __global__ void name##_backward(const real* grad, const real* x, real* grad_x, long long n,       \
                                               long long size) {                                                 \
        auto step = [](const real& g, const real& a, const real& b, real& by_a, real& by_b) {                    \
            by_a = g * act::f(b);                                                                                \
            by_b = act::f_backward(g * a, b);                                                                    \
        };                                                                                                       \
        auto run = [=](long long i, long long a, auto each) {                                                    \
            each(step, grad + i, x + a, x + a + n, grad_x + a, grad_x + a + n);                                  \
        };                                                                                                       \
        each_gate(run, n, size, (unsigned long long)grad | (unsigned long long)x | (unsigned long long)grad_x);  \
    }

GATED(glu, sigmoid, gate_backward)
GATED(swiglu, silu, silu_backward)
GATED(geglu, gelu, gelu_backward)
GATED(reglu, relu, relu_backward)
