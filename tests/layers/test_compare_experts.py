"""A mixture of experts against PyTorch, where it is written out token by token and expert by expert."""

import math

import numpy as np
import pytest

from kernelwright import layers
from kernelwright.layers.initial import normal_noise

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.compare
NEAR = {"rtol": 1e-9, "atol": 1e-11}


def literal(state, x, k, over, capacity_factor, noise, drawn):
    """y and the balancing loss."""
    count, tokens = len(state["gate.weight"]), len(x)
    scores = x @ state["gate.weight"].T
    if noise:
        scores = scores + noise * drawn * torch.nn.functional.softplus(x @ state["noise_gate.weight"].T)
    p = torch.softmax(scores, 1)
    _, chosen = torch.topk(scores, k)
    gates = p.gather(1, chosen) if over == "all" else torch.softmax(scores.gather(1, chosen), 1)
    room = [tokens * k if capacity_factor is None else math.ceil(capacity_factor * tokens * k / count)] * count
    outputs = []
    for token in range(tokens):
        total = torch.zeros(state["bias2"].shape[1], dtype=x.dtype)
        for gate, expert in zip(gates[token], chosen[token].tolist()):
            if room[expert]:
                room[expert] -= 1
                h = torch.relu(x[token] @ state["weight1"][expert] + state["bias1"][expert])
                total = total + gate * (h @ state["weight2"][expert] + state["bias2"][expert])
        outputs.append(total)
    share = torch.bincount(chosen.flatten(), minlength=count).to(x.dtype) / (tokens * k)
    return torch.stack(outputs), count * (share * p.mean(0)).sum()


@pytest.mark.parametrize("noise", [0.0, 0.8])
@pytest.mark.parametrize("capacity_factor", [None, 0.75])
@pytest.mark.parametrize(("k", "over"), [(1, "all"), (2, "chosen"), (2, "all"), (4, "chosen")])
def test_mixture(k, over, capacity_factor, noise):
    layers.manual_seed(0)
    experts = layers.Experts(4, 6, 8, 3, dtype=np.float64)
    mixture = layers.MixtureOfExperts(
        6, experts, k, over=over, noise=noise, capacity_factor=capacity_factor, dtype=np.float64
    )
    rng = np.random.default_rng(1)
    if mixture.noise_gate:
        mixture.noise_gate.weight.data = rng.standard_normal((4, 6))
    state = {
        key.removeprefix("experts."): torch.from_numpy(value).requires_grad_()
        for key, value in mixture.state_dict().items()
    }
    x, grad = rng.standard_normal((21, 6)), rng.standard_normal((21, 3))
    layers.manual_seed(5)
    drawn = torch.from_numpy(normal_noise((21, 4), np.float64))
    layers.manual_seed(5)
    (y, loss), backward = mixture.forward_with_loss(x)
    tensor = torch.from_numpy(x).requires_grad_()
    theirs, balance = literal(state, tensor, k, over, capacity_factor, noise, drawn)
    ((theirs * torch.from_numpy(grad)).sum() + 0.5 * balance).backward()
    np.testing.assert_allclose(y, theirs.detach(), **NEAR)
    np.testing.assert_allclose(loss, balance.detach(), **NEAR)
    np.testing.assert_allclose(backward((grad, 0.5)), tensor.grad, **NEAR)
    for key, parameter in mixture.named_parameters():
        np.testing.assert_allclose(parameter.grad, state[key.removeprefix("experts.")].grad, **NEAR, err_msg=key)
