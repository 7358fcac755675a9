"""Optimizers and schedules follow PyTorch's, step by step."""

import numpy as np
import pytest

from kernelwright import layers, training

from .test_optimizers import CASES, LIKE_PYTORCH

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.compare


def pair(dtype):
    layers.manual_seed(0)
    net = layers.Sequential(layers.Linear(5, 7, dtype=dtype), layers.Tanh(), layers.Linear(7, 3, dtype=dtype))
    twin = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3))
    twin = twin.to(torch.float32 if dtype == np.float32 else torch.float64)
    twin.load_state_dict({key: torch.from_numpy(value) for key, value in net.state_dict().items()})
    return net, twin


# PyTorch keeps NAdam's and ASGD's scalars in float32; the others differ by float64's roundings.
LOOSE = {"NAdam": 1e-5, "ASGD": 1e-5}


@pytest.mark.parametrize(("name", "options"), [*CASES, *LIKE_PYTORCH])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_hundred_steps_of_a_real_training(name, options, dtype):
    net, twin = pair(dtype)
    options = {**options, "lr": 0.01}
    ours, theirs = (
        getattr(training, name)(net.parameters(), **options),
        getattr(torch.optim, name)(twin.parameters(), **options),
    )
    # In float32 a rounding grows from step to step, and where a root is of nearly nothing most of all.
    near = {"rtol": 1e-3, "atol": 1e-4} if dtype == np.float32 else {"rtol": LOOSE.get(name, 1e-8), "atol": 1e-8}
    rng = np.random.default_rng(0)
    for step in range(100):
        if step == 50:  # a new process takes over
            state, (again, _) = ours.state_dict(), pair(dtype)
            again.load_state_dict(net.state_dict())
            net, ours = again, getattr(training, name)(again.parameters())
            ours.load_state_dict(state)
        x, t = rng.standard_normal((8, 5)).astype(dtype), rng.integers(0, 3, 8)
        ours.zero_grad()
        y, backward = net.forward(x)
        _, loss_backward = layers.CrossEntropyLoss().forward(y, t)
        backward(loss_backward(), input_gradient=False)
        ours.step()
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(twin(torch.from_numpy(x)), torch.from_numpy(t)).backward()
        theirs.step()
        for key, value in net.state_dict().items():
            np.testing.assert_allclose(value, twin.state_dict()[key], **near, err_msg=f"step {step}")


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
@pytest.mark.parametrize(
    "options",
    [
        {"total_steps": 50},
        {"epochs": 7, "steps_per_epoch": 7, "pct_start": 0.45, "anneal_strategy": "linear"},
        {"total_steps": 50, "three_phase": True, "div_factor": 10, "final_div_factor": 100},
        {"total_steps": 50, "cycle_momentum": False},
        {"total_steps": 50, "base_momentum": 0.7, "max_momentum": 0.9, "pct_start": 0.1},
        {"total_steps": 1},
        {"total_steps": 2},
    ],
)
def test_one_cycle(name, options):
    net, twin = pair(np.float64)
    ours = getattr(training, name)(net.parameters())
    theirs = getattr(torch.optim, name)(twin.parameters())
    schedules = training.OneCycleLR(ours, 0.1, **options), torch.optim.lr_scheduler.OneCycleLR(theirs, 0.1, **options)
    total = options.get("total_steps", 49)
    for step in range(total + 1):
        group = theirs.param_groups[0]
        assert ours.lr == pytest.approx(group["lr"], rel=1e-12, abs=1e-15)
        if "betas" in group:
            assert ours.betas == pytest.approx(group["betas"], rel=1e-12)
        else:
            assert ours.momentum == pytest.approx(group["momentum"], rel=1e-12)
        theirs.step()
        if step < total:
            for schedule in schedules:
                schedule.step()


def test_checkpoint_loads_in_torch(tmp_path):
    net, twin = pair(np.float32)
    for parameter in net.parameters():
        parameter.data = parameter.data * 2
    training.save_checkpoint(tmp_path / "model.safetensors", net)
    twin.load_state_dict(pytest.importorskip("safetensors.torch").load_file(tmp_path / "model.safetensors"))
    x = np.ones((2, 5), np.float32)
    np.testing.assert_allclose(twin(torch.from_numpy(x)).detach(), net(x), rtol=1e-5)
