"""Every operation that PyTorch has, against PyTorch: values, gradients, the edges of floating point."""

import numpy as np
import pytest

from kernelwright import kernels

from ..catalog import DTYPES, OPERATIONS, as_tuple, by_name, same, samples

pytestmark = [pytest.mark.compare, pytest.mark.filterwarnings("ignore:reduction. .mean. divides")]  # of kl_div
torch = pytest.importorskip("torch")
KNOWN = [operation for operation in OPERATIONS if operation.torch]


def tensor(x, exact):
    """A torch tensor of the same values.

    At extreme values PyTorch computes in float64 (`exact`): its vectorised float32 GELU makes NaN of +∞ where its
    own float64 gives ∞.
    """
    if not isinstance(x, np.ndarray):
        return x
    return torch.from_numpy(np.array(x, np.float64 if exact and x.dtype.kind == "f" else None, order="C"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", KNOWN, ids=by_name)
def test_like_pytorch(operation, dtype):
    rng = np.random.default_rng(2)
    for sample in samples(operation, dtype):
        exact = not sample.smooth
        tensors = [tensor(x, exact) for x in sample.args]
        options = {name: tensor(value, exact) for name, value in sample.options.items()}
        named = {**dict(zip(operation.bind(sample), tensors)), **options}
        for x in [named.get(name) for name in operation.by] if operation.with_gradient else tensors:
            if isinstance(x, torch.Tensor) and x.is_floating_point():
                x.requires_grad_()
        theirs = operation.torch(torch, *tensors, **options)
        if operation.with_gradient:
            ours, *gradients = operation.gradient(*sample.args, **sample.options)
            wanted = [named.get(name) for name in operation.by]
            grad = np.ones(ours.shape, dtype)
        else:
            ours = operation.function(*sample.args, **sample.options)
            gradients, wanted = (), []
            if operation.backward:
                grad = np.asarray(rng.standard_normal(ours.shape), dtype)
                arguments = operation.backward_arguments(sample, (ours,), grad)
                gradients = as_tuple(operation.backward(**arguments))
                wanted = [named.get(name) for name in operation.differentiable]
        tolerance = operation.tolerance(dtype)
        same(ours, theirs.detach().numpy(), tolerance, f"{sample.note} {sample.options}")
        if not gradients or not theirs.numel():
            continue
        theirs.backward(torch.from_numpy(grad).to(theirs.dtype))
        for result, argument in zip(gradients, wanted, strict=True):
            if argument is not None:
                note = f"gradient of {sample.note} {sample.options}"
                same(result, argument.grad.numpy(), tolerance, note)


def test_something_is_compared():
    assert len(KNOWN) >= 8
    assert kernels.current().name == "numba"
