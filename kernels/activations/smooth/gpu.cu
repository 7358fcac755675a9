// The smooth activations on the GPU: each is its formula, run over the elements.

#include "activations/launch.cuh"
#include "activations/smooth/formulas.cuh"

FORWARD(elu, real alpha) { EACH(y, act::elu(x[i], alpha)); }
BACKWARD(elu, real alpha) { EACH(grad_x, act::elu_backward(grad[i], x[i], alpha)); }

FORWARD(celu, real alpha) { EACH(y, act::celu(x[i], alpha)); }
BACKWARD(celu, real alpha) { EACH(grad_x, act::celu_backward(grad[i], x[i], alpha)); }

FORWARD(selu) { EACH(y, act::selu(x[i])); }
BACKWARD(selu) { EACH(grad_x, act::selu_backward(grad[i], x[i])); }

FORWARD(silu) { EACH(y, act::silu(x[i])); }
BACKWARD(silu) { EACH(grad_x, act::silu_backward(grad[i], x[i])); }

FORWARD(mish) { EACH(y, act::mish(x[i])); }
BACKWARD(mish) { EACH(grad_x, act::mish_backward(grad[i], x[i])); }

FORWARD(softplus, real beta, real threshold) { EACH(y, act::softplus(x[i], beta, threshold)); }
BACKWARD(softplus, real beta, real threshold) { EACH(grad_x, act::softplus_backward(grad[i], x[i], beta, threshold)); }

FORWARD(logsigmoid) { EACH(y, act::logsigmoid(x[i])); }
BACKWARD(logsigmoid) { EACH(grad_x, act::logsigmoid_backward(grad[i], x[i])); }

FORWARD(softsign) { EACH(y, act::softsign(x[i])); }
BACKWARD(softsign) { EACH(grad_x, act::softsign_backward(grad[i], x[i])); }

FORWARD(tanhshrink) { EACH(y, act::tanhshrink(x[i])); }
BACKWARD(tanhshrink) { EACH(grad_x, act::tanhshrink_backward(grad[i], x[i])); }

FORWARD(exponential) { EACH(y, act::exponential(x[i])); }
BACKWARD(exponential) { EACH(grad_x, act::exponential_backward(grad[i], x[i])); }

FORWARD(squareplus, real b) { EACH(y, act::squareplus(x[i], b)); }
BACKWARD(squareplus, real b) { EACH(grad_x, act::squareplus_backward(grad[i], x[i], b)); }
