// The smooth activations on the GPU: each is its formula, run over the elements.

#include "activations/launch.cuh"
#include "activations/smooth/formulas.cuh"

FORWARD(elu, real alpha) { EACH(act::elu(x, alpha)); }
BACKWARD(elu, real alpha) { EACH_SLOPE(act::elu_backward(g, x, alpha)); }

FORWARD(celu, real alpha) { EACH(act::celu(x, alpha)); }
BACKWARD(celu, real alpha) { EACH_SLOPE(act::celu_backward(g, x, alpha)); }

FORWARD(selu) { EACH(act::selu(x)); }
BACKWARD(selu) { EACH_SLOPE(act::selu_backward(g, x)); }

FORWARD(silu) { EACH(act::silu(x)); }
BACKWARD(silu) { EACH_SLOPE(act::silu_backward(g, x)); }

FORWARD(mish) { EACH(act::mish(x)); }
BACKWARD(mish) { EACH_SLOPE(act::mish_backward(g, x)); }

FORWARD(softplus, real beta, real threshold) { EACH(act::softplus(x, beta, threshold)); }
BACKWARD(softplus, real beta, real threshold) { EACH_SLOPE(act::softplus_backward(g, x, beta, threshold)); }

FORWARD(logsigmoid) { EACH(act::logsigmoid(x)); }
BACKWARD(logsigmoid) { EACH_SLOPE(act::logsigmoid_backward(g, x)); }

FORWARD(softsign) { EACH(act::softsign(x)); }
BACKWARD(softsign) { EACH_SLOPE(act::softsign_backward(g, x)); }

FORWARD(tanhshrink) { EACH(act::tanhshrink(x)); }
BACKWARD(tanhshrink) { EACH_SLOPE(act::tanhshrink_backward(g, x)); }

FORWARD(exponential) { EACH(act::exponential(x)); }
BACKWARD(exponential) { EACH_SLOPE(act::exponential_backward(g, x)); }

FORWARD(squareplus, real b) { EACH(act::squareplus(x, b)); }
BACKWARD(squareplus, real b) { EACH_SLOPE(act::squareplus_backward(g, x, b)); }
