"""Layers of convolutions beside PyTorch's, with the same weights, over options drawn at random."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kernelwright import layers

pytestmark = pytest.mark.compare
torch = pytest.importorskip("torch")
MODES = ["zeros", "reflect", "replicate", "circular"]
NAMES = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(data=st.data())
def test_like_pytorch(name, data):
    axes, transpose = int(name[-2]), "Transpose" in name
    draw = data.draw
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(axes))  # noqa: E731
    groups, images = draw(st.sampled_from([1, 1, 2, 3])), draw(st.sampled_from([1, 2, 17]))
    channels, outputs = groups * draw(st.integers(1, 5)), groups * draw(st.integers(1, 5))
    window, stride, padding, dilation, size = each(1, 4), each(1, 3), each(0, 2), each(1, 2), each(3, 8)
    options = {
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "bias": draw(st.booleans()),
    }
    if transpose:
        options["output_padding"] = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation))
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, window)]
    if transpose:
        every = zip(size, stride, padding, reach, options["output_padding"])
        assume(all((n - 1) * s - 2 * p + r + m > 0 for n, s, p, r, m in every))
    else:
        assume(all(r <= n + 2 * p for r, n, p in zip(reach, size, padding)))
        options["padding_mode"] = draw(st.sampled_from(MODES))
        if draw(st.booleans()):
            options |= {"padding": "same", "stride": 1}
            assume(all((r - 1) // 2 < n for r, n in zip(reach, size)))

    ours = getattr(layers, name)(channels, outputs, window, **options)
    theirs = getattr(torch.nn, name)(channels, outputs, window, **options)
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    rng = np.random.default_rng(0)
    x = rng.standard_normal((images, channels, *size)).astype(np.float32)
    tensor = torch.from_numpy(x).requires_grad_()
    y, backward = ours.forward(x)
    expected = theirs(tensor)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-4, atol=1e-4)
    grad = rng.standard_normal(y.shape).astype(np.float32)
    expected.backward(torch.from_numpy(grad))
    np.testing.assert_allclose(backward(grad), tensor.grad.numpy(), rtol=1e-4, atol=1e-4)
    wanted = dict(theirs.named_parameters())
    for key, parameter in ours.named_parameters():
        np.testing.assert_allclose(parameter.grad, wanted[key].grad.numpy(), rtol=2e-4, atol=2e-3)


@pytest.mark.parametrize("size", [(7, 9), (8, 10), (2, 3, 7, 10)])
def test_size_asked_for(size):
    layer, twin = (module.ConvTranspose2d(4, 3, 3, stride=2) for module in (layers, torch.nn))
    layer.load_state_dict(twin.state_dict())
    x = np.random.default_rng(0).standard_normal((2, 4, 3, 4)).astype(np.float32)
    theirs = twin(torch.from_numpy(x), output_size=size).detach()
    np.testing.assert_allclose(layer(x, size), theirs, rtol=1e-4, atol=1e-5)
