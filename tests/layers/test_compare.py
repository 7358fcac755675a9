"""The same weights in PyTorch: the same outputs and gradients."""

import numpy as np
import pytest

from kernelwright import layers

from .test_losses import CASES, as_tuple

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.compare

ELEMENTWISE = [
    ("ELU", 0.5),
    ("CELU", 0.5),
    ("SELU",),
    ("SiLU",),
    ("Mish",),
    ("Softplus", 2.0, 1.0),
    ("LogSigmoid",),
    ("Softsign",),
    ("Tanhshrink",),
    ("Hardshrink", 0.2),
    ("Softshrink", 0.2),
    ("Hardswish",),
    ("Hardtanh", -0.5, 0.7),
    ("ReLU6",),
    ("Threshold", 0.1, 0.3),
]
PAIRS = [
    (lambda: layers.ReLU(), lambda: torch.nn.ReLU()),
    (lambda: layers.LeakyReLU(0.2), lambda: torch.nn.LeakyReLU(0.2)),
    (lambda: layers.Sigmoid(), lambda: torch.nn.Sigmoid()),
    (lambda: layers.Tanh(), lambda: torch.nn.Tanh()),
    (lambda: layers.GELU(), lambda: torch.nn.GELU()),
    (lambda: layers.GELU("tanh"), lambda: torch.nn.GELU("tanh")),
    *(
        (
            lambda name=name, args=args: getattr(layers, name)(*args),
            lambda name=name, args=args: getattr(torch.nn, name)(*args),
        )
        for name, *args in ELEMENTWISE
    ),
    (lambda: layers.Softmax(dim=1), lambda: torch.nn.Softmax(dim=1)),
    (lambda: layers.Softmin(dim=1), lambda: torch.nn.Softmin(dim=1)),
    (lambda: layers.LogSoftmax(dim=0), lambda: torch.nn.LogSoftmax(dim=0)),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_network(ours, theirs, dtype):
    net = layers.Sequential(
        layers.Flatten(),
        layers.Linear(12, 9, dtype=dtype),
        ours(),
        layers.Sequential(layers.Linear(9, 5, bias=False, dtype=dtype), layers.Identity()),
    )
    twin = torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.Linear(12, 9),
        theirs(),
        torch.nn.Sequential(torch.nn.Linear(9, 5, bias=False), torch.nn.Identity()),
    ).to(torch.float32 if dtype == np.float32 else torch.float64)
    twin.load_state_dict({key: torch.from_numpy(value) for key, value in net.state_dict().items()})
    net.load_state_dict(twin.state_dict())
    x = np.random.default_rng(0).standard_normal((7, 3, 4)).astype(dtype)
    grad = np.random.default_rng(1).standard_normal((7, 5)).astype(dtype)
    y, backward = net.forward(x)
    x_torch = torch.from_numpy(x).requires_grad_()
    y_torch = twin(x_torch)
    y_torch.backward(torch.from_numpy(grad))
    near = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(y, y_torch.detach(), **near)
    np.testing.assert_allclose(backward(grad), x_torch.grad, **near)
    theirs_by_name = dict(twin.named_parameters())
    for key, parameter in net.named_parameters():
        np.testing.assert_allclose(parameter.grad, theirs_by_name[key].grad, **near)


def test_adaptive_softmax():
    net = layers.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], head_bias=True, div_value=2.0, dtype=np.float64)
    twin = torch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], head_bias=True, div_value=2.0, dtype=torch.float64)
    twin.load_state_dict({key: torch.from_numpy(value) for key, value in net.state_dict().items()})
    x = np.random.default_rng(0).standard_normal((5, 8))
    target = np.array([0, 5, 19, 3, 11])
    (output, loss), backward = net.forward(x, target)
    x_torch = torch.from_numpy(x).requires_grad_()
    theirs = twin(x_torch, torch.from_numpy(target))
    theirs.loss.backward()
    near = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(output, theirs.output.detach(), **near)
    np.testing.assert_allclose(loss, theirs.loss.detach(), **near)
    np.testing.assert_allclose(backward(), x_torch.grad, **near)
    named = dict(twin.named_parameters())
    for key, parameter in net.named_parameters():
        np.testing.assert_allclose(parameter.grad, named[key].grad, **near)
    np.testing.assert_allclose(net.log_prob(x), twin.log_prob(torch.from_numpy(x)).detach(), **near)
    np.testing.assert_array_equal(net.predict(x), twin.predict(torch.from_numpy(x)))


def test_text_and_keys():
    net = layers.Sequential(layers.Linear(4, 3), layers.Sequential(layers.ReLU(), layers.Flatten()), layers.Softmax(1))
    twin = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Flatten()), torch.nn.Softmax(1)
    )
    assert repr(net) == repr(twin)
    assert list(net.state_dict()) == list(twin.state_dict())


def weights(size):
    return np.random.default_rng(3).uniform(0.5, 2, size)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("name", "options", "target"),
    [
        ("MSELoss", {}, "real"),
        ("BCEWithLogitsLoss", {}, "share"),
        ("BCEWithLogitsLoss", {"weight": weights(5), "pos_weight": weights(5)}, "share"),
        ("CrossEntropyLoss", {}, "class"),
        ("CrossEntropyLoss", {"weight": weights(5), "label_smoothing": 0.1, "ignore_index": 2}, "class"),
        ("CrossEntropyLoss", {"weight": weights(5), "label_smoothing": 0.1}, "probabilities"),
    ],
)
def test_loss(name, options, target, reduction):
    draw = np.random.default_rng(0)
    x = draw.standard_normal((6, 5))
    targets = {
        "real": draw.standard_normal((6, 5)),
        "share": draw.uniform(0, 1, (6, 5)),
        "class": draw.integers(0, 5, 6),
        "probabilities": draw.dirichlet(np.ones(5), 6),
    }
    t = targets[target]
    criterion = getattr(layers, name)(**options, reduction=reduction)
    tensors = {key: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for key, v in options.items()}
    twin = getattr(torch.nn, name)(**tensors, reduction=reduction)
    loss, backward = criterion.forward(x, t)
    x_torch = torch.from_numpy(x).requires_grad_()
    loss_torch = twin(x_torch, torch.from_numpy(t))
    np.testing.assert_allclose(loss, loss_torch.detach(), rtol=1e-10)
    grad = np.random.default_rng(1).standard_normal(np.shape(loss))
    loss_torch.backward(torch.from_numpy(np.asarray(grad)))
    np.testing.assert_allclose(backward(grad), x_torch.grad, rtol=1e-9, atol=1e-12)


# PyTorch's gradient of CTC is another (kernels/losses/sequences); tests/kernels compares that.
KNOWN = [case for case in CASES if hasattr(torch.nn, case[0]) and case[0] != "CTCLoss"]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "options", "inputs", "count"), KNOWN, ids=[case[0] for case in KNOWN])
@pytest.mark.filterwarnings("ignore:reduction. .mean. divides")
def test_every_loss(name, options, inputs, count, reduction):
    criterion = getattr(layers, name)(**options, reduction=reduction)
    tensors = {key: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for key, v in options.items()}
    twin = getattr(torch.nn, name)(**tensors, reduction=reduction)
    theirs = [torch.from_numpy(x.copy()) for x in inputs]
    for x in theirs[:count]:
        x.requires_grad_()
    loss, backward = criterion.forward(*inputs)
    loss_torch = twin(*theirs)
    np.testing.assert_allclose(loss, loss_torch.detach(), rtol=1e-10)
    grad = np.random.default_rng(1).standard_normal(np.shape(loss))
    loss_torch.backward(torch.from_numpy(np.asarray(grad)))
    wanted = [x for x in theirs[:count] if name != "GaussianNLLLoss" or x is not theirs[1]]
    for found, x in zip(as_tuple(backward(grad)), wanted, strict=True):
        np.testing.assert_allclose(found, x.grad, rtol=1e-9, atol=1e-12)
