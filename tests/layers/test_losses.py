"""Losses: the gradient that comes with the loss, whatever follows the loss."""

import numpy as np
import pytest

from kernelwright import layers

from .test_layers import rng, slope

X, Y, Z = (rng(seed).standard_normal((4, 3)) for seed in range(3))
P, T = rng(3).uniform(0.05, 0.95, (4, 3)), rng(4).uniform(0, 1, (4, 3))
SIGNS, LABELS, WEIGHT = np.sign(Y), np.array([0, 2, 1, 1]), np.array([1.0, 2.0, 0.5])
ONE_HOT = np.eye(3)[LABELS]
LOG_P = np.log(rng(5).dirichlet(np.ones(3), (6, 2)))
# A loss's options, and what it is called with; there is a gradient by the first, or by the first few.
CASES = [
    ("L1Loss", {}, (X, Y), 1),
    ("MSELoss", {}, (X, Y), 1),
    ("HuberLoss", {"delta": 0.5}, (X, Y), 1),
    ("SmoothL1Loss", {"beta": 0.5}, (X, Y), 1),
    ("PoissonNLLLoss", {"full": True}, (X, 3 * T), 1),
    ("GaussianNLLLoss", {"full": True}, (X, Y, P), 3),
    ("KLDivLoss", {"log_target": True}, (X, Y), 1),
    ("LogCosh", {}, (X, Y), 1),
    ("MeanAbsolutePercentageError", {}, (X, Y), 1),
    ("MeanSquaredLogarithmicError", {}, (P, T), 1),
    ("Poisson", {}, (P, T), 1),
    ("BCELoss", {"weight": WEIGHT}, (P, T), 1),
    ("BCEWithLogitsLoss", {"weight": WEIGHT, "pos_weight": np.array([3.0, 1.0, 2.0])}, (X, T), 1),
    ("SoftMarginLoss", {}, (X, SIGNS), 1),
    ("HingeEmbeddingLoss", {"margin": 0.7}, (X, SIGNS), 1),
    ("Hinge", {}, (X, SIGNS), 1),
    ("SquaredHinge", {}, (X, SIGNS), 1),
    ("BinaryFocalCrossentropy", {"from_logits": True}, (X, T), 1),
    ("CrossEntropyLoss", {"weight": WEIGHT, "label_smoothing": 0.1}, (X, LABELS), 1),
    ("NLLLoss", {"weight": WEIGHT, "ignore_index": 2}, (X, LABELS), 1),
    ("MultiMarginLoss", {"p": 2, "weight": WEIGHT}, (X, LABELS), 1),
    ("MultiLabelMarginLoss", {}, (X, np.array([[0, -1, 1], [1, 2, -1], [-1, 0, 0], [2, -1, -1]])), 1),
    ("MultiLabelSoftMarginLoss", {"weight": WEIGHT}, (X, T), 1),
    ("CategoricalHinge", {}, (X, ONE_HOT), 1),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "axis": 0}, (X, ONE_HOT), 1),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.3}, (P, LABELS), 1),
    ("MarginRankingLoss", {"margin": 0.1}, (X, Y, np.sign(Z)), 2),
    ("CosineEmbeddingLoss", {"margin": -0.5}, (X, Y, np.array([1.0, -1, 1, -1])), 2),
    ("CosineSimilarityLoss", {"axis": 0}, (X, Y), 1),
    ("TripletMarginLoss", {"margin": 2.0, "p": 3, "swap": True}, (X, Y, Z), 3),
    ("CTCLoss", {"blank": 1}, (LOG_P, np.array([[0, 2], [2, 2]]), (6, 5), (2, 2)), 1),
    ("Dice", {"axis": (0,)}, (P, ONE_HOT), 1),
    ("Tversky", {"axis": -1, "alpha": 0.3}, (P, ONE_HOT), 1),
    ("Circle", {"gamma": 3.0}, (0.3 * X, LABELS), 1),
    ("TripletMarginWithDistanceLoss", {"margin": 2.0, "swap": True}, (X, Y, Z), 3),
]


def as_tuple(x):
    return x if isinstance(x, tuple) else (x,)


@pytest.mark.parametrize(("name", "options", "inputs", "count"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_gradient(name, options, inputs, count, reduction):
    criterion = getattr(layers, name)(**options, reduction=reduction)
    inputs = [x.copy() if isinstance(x, np.ndarray) else x for x in inputs]
    loss, backward = criterion.forward(*inputs)
    np.testing.assert_allclose(criterion(*inputs), loss, rtol=1e-12)
    wanted = [x for x in inputs[:count] if name != "GaussianNLLLoss" or x is not inputs[1]]
    if reduction == "none":
        grad = rng(2).standard_normal(loss.shape)
        with pytest.raises(ValueError, match=r"with reduction='none', backward needs|there is no way back"):
            backward()
        if name == "Circle":
            return
    else:
        assert np.ndim(loss) == 0
        for found, x in zip(as_tuple(backward()), wanted, strict=True):
            np.testing.assert_allclose(found, slope(lambda: criterion(*inputs), x), rtol=1e-5, atol=1e-7)
        grad = 0.25
    for found, x in zip(as_tuple(backward(grad)), wanted, strict=True):
        expected = slope(lambda: np.sum(criterion(*inputs) * grad), x)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


class Squared:
    """A distance: Σ (x − y)² of each row."""

    @staticmethod
    def forward(x, y):
        return ((x - y) ** 2).sum(1), lambda grad: (2 * grad[:, None] * (x - y), 2 * grad[:, None] * (y - x))


@pytest.mark.parametrize("swap", [False, True])
def test_triplets_by_a_distance_of_ones_own(swap):
    criterion = layers.TripletMarginWithDistanceLoss(distance_function=Squared(), margin=2.0, swap=swap)
    inputs = [x.copy() for x in (X, Y, Z)]
    near, far, other = (((a - b) ** 2).sum(1) for a, b in ((X, Y), (X, Z), (Y, Z)))
    far = np.minimum(far, other) if swap else far
    loss, backward = criterion.forward(*inputs)
    np.testing.assert_allclose(loss, np.maximum(near - far + 2, 0).mean())
    for found, x in zip(backward(), inputs, strict=True):
        np.testing.assert_allclose(found, slope(lambda: criterion(*inputs), x), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("bias", [False, True])
def test_a_classifier_with_its_loss(bias):
    criterion = layers.LinearCrossEntropyLoss(3, 5, bias=bias, dtype=np.float64, label_smoothing=0.1, chunk_size=2)
    assert list(criterion.state_dict()) == ["linear.weight", "linear.bias"][: 1 + bias]
    x, labels = X.copy(), np.array([4, 0, 3, 3])
    apart = layers.CrossEntropyLoss(label_smoothing=0.1)
    np.testing.assert_allclose(criterion(x, labels), apart(criterion.linear(x), labels))
    _, backward = criterion.forward(x, labels)
    np.testing.assert_allclose(backward(2.0), 2 * slope(lambda: criterion(x, labels), x), rtol=1e-6, atol=1e-8)
    assert backward(0.0, input_gradient=False) is None
    for parameter in criterion.parameters():
        expected = 2 * slope(lambda: criterion(x, labels), parameter.data)
        np.testing.assert_allclose(parameter.grad, expected, rtol=1e-6, atol=1e-8)


def test_losses_of_samples_have_no_way_back_to_a_classifier():
    criterion = layers.LinearCrossEntropyLoss(3, 5, dtype=np.float64, reduction="none")
    loss, backward = criterion.forward(X, LABELS)
    assert loss.shape == (4,)
    with pytest.raises(ValueError, match="LinearCrossEntropyLoss: with reduction='none' there is no way back"):
        backward()
    with pytest.raises(ValueError, match="LinearCrossEntropyLoss: reduction is 'most', it must be one of 'none'"):
        layers.LinearCrossEntropyLoss(3, 5, reduction="most")


def test_gradient_keeps_its_dtype():
    x = np.ones((2, 3), np.float32)
    _, backward = layers.MSELoss().forward(x, 0 * x)
    assert backward(np.float64(0.5)).dtype == np.float32


def test_unknown_reduction():
    with pytest.raises(ValueError, match="MSELoss: reduction is 'median', it must be one of 'none', 'mean', 'sum'"):
        layers.MSELoss("median")
