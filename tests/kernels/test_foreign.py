"""Arrays of other libraries: taken where they lie, on either backend; refused in one sentence where they don't."""

import sys

import numpy as np
import pytest

from kernelwright import kernels

from ..standin.fixture import standin as standin

VALUES = np.array([[-1.0, 2.0, -3.0], [4.0, -5.0, 6.0]], np.float32)


class Tensor:
    """As much of PyTorch's as is needed: memory that it gives away by DLPack."""

    def __init__(self, held, grad=False):
        self.held, self.grad, self.asked = held, grad, 0

    def __dlpack_device__(self):
        return self.held.__dlpack_device__()

    def __dlpack__(self, **options):
        self.asked += 1
        if self.grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return self.held.__dlpack__(**options)


class Interface:
    """An array by one of the two interfaces alone."""

    def __init__(self, held):
        for name in ("__array_interface__", "__cuda_array_interface__"):
            if hasattr(held, name):
                setattr(self, name, getattr(held, name))
        self.held = held


@pytest.mark.parametrize("kind", [Tensor, Interface])
def test_on_the_cpu_without_a_copy(kind):
    x, out = VALUES.copy(), np.zeros_like(VALUES)
    given = kind(x)
    np.testing.assert_array_equal(kernels.relu(given), np.maximum(VALUES, 0))
    result = kernels.relu(given, out=kind(out))
    np.testing.assert_array_equal(out, np.maximum(VALUES, 0))
    assert np.shares_memory(result, out)
    loss = kernels.cross_entropy(given, kind(np.array([0, 1])))
    assert float(loss) == float(kernels.cross_entropy(x, np.array([0, 1])))


@pytest.mark.cuda
@pytest.mark.parametrize("kind", [Tensor, Interface])
def test_on_a_gpu_without_a_copy(kind, standin):
    x, out = standin.from_numpy(VALUES), standin.empty(VALUES.shape, VALUES.dtype)
    result = kernels.relu(kind(x), out=kind(out))
    assert result.data.ptr == out.data.ptr
    np.testing.assert_array_equal(standin.to_numpy(out), np.maximum(VALUES, 0))
    turned = kernels.softmax(kind(x.T))
    np.testing.assert_allclose(standin.to_numpy(turned).sum(-1), 1, rtol=1e-6)
    kernels.sgd_update(kind(x), kind(out), lr=1.0)
    np.testing.assert_array_equal(standin.to_numpy(x), VALUES - np.maximum(VALUES, 0))


@pytest.mark.cuda
def test_what_lies_elsewhere_is_refused(standin):
    there, here = Tensor(standin.from_numpy(VALUES)), Tensor(VALUES)
    with pytest.raises(TypeError, match=r"^relu: x, a tests\.Tensor, .* backend cupy: it is on the CPU: .*x\.cuda"):
        kernels.relu(here)
    with kernels.using("numba"), pytest.raises(TypeError, match=r"backend numba: it is on a GPU: .*x\.cpu"):
        kernels.relu(there)
    with pytest.raises(TypeError, match=r"relu: x must be a cupy array on the backend cupy, not numpy\.ndarray"):
        kernels.relu(VALUES)
    assert there.asked == here.asked == 0
    assert sys.modules["cupy"].ndarray is standin.array_type


def test_what_its_library_keeps_is_refused_with_its_reason():
    with pytest.raises(TypeError, match=r"x, a tests\.Tensor, can't be taken .*use tensor\.detach\(\)$"):
        kernels.relu(Tensor(VALUES, grad=True))
    with pytest.raises(TypeError, match=r"relu: x must be a numpy array on the backend numba, not list"):
        kernels.relu([1.0])


def test_a_type_that_no_kernel_has():
    with pytest.raises(TypeError, match="relu: x must be float32 or float64, not int64"):
        kernels.relu(Tensor(np.arange(3)))


@pytest.mark.compare
def test_a_tensor_of_pytorch():
    torch = pytest.importorskip("torch")
    tensor, out = torch.from_numpy(VALUES), torch.zeros(VALUES.shape)
    kernels.relu(tensor, out=out)
    assert torch.equal(out, tensor.relu())
    assert torch.equal(torch.from_dlpack(kernels.relu(tensor)), tensor.relu())
    with pytest.raises(TypeError, match=r"a torch\.Tensor, can't be taken .*detach"):
        kernels.relu(tensor.clone().requires_grad_())
