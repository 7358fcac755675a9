"""A network that was saved here goes on in PyTorch, and the other way round: safetensors, the same names and shapes."""

import numpy as np
import pytest

from kernelwright import layers, training

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")
pytestmark = pytest.mark.compare


def network(library):
    """The same in both."""
    return library.Sequential(
        library.Conv2d(3, 8, 3, padding=1, bias=False),
        library.BatchNorm2d(8),
        library.ReLU(),
        library.Conv2d(8, 8, 3, padding=1, groups=2),
        library.GroupNorm(2, 8),
        library.PReLU(8),
        library.ConvTranspose2d(8, 4, 4, stride=2, padding=1),
        library.InstanceNorm2d(4, affine=True, track_running_stats=True),
        library.Flatten(),
        library.Linear(4 * 12 * 12, 5),
        library.LayerNorm(5),
    )


def images(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((4, 3, 6, 6)).astype(np.float32)


def same_answers(ours, theirs) -> None:
    with torch.no_grad():
        wanted = theirs.eval()(torch.from_numpy(images(1))).numpy()
    np.testing.assert_allclose(ours(images(1)), wanted, rtol=1e-4, atol=1e-5)


def test_from_here_to_pytorch(tmp_path):
    layers.manual_seed(3)
    ours, theirs = network(layers), network(torch.nn)
    ours.forward(images(0))  # running statistics that aren't the first ones
    training.save_checkpoint(tmp_path / "model.safetensors", ours)
    theirs.load_state_dict(safetensors.load_file(tmp_path / "model.safetensors"))
    same_answers(ours, theirs)


def test_from_pytorch_to_here(tmp_path):
    torch.manual_seed(3)
    ours, theirs = network(layers), network(torch.nn)
    theirs(torch.from_numpy(images(0)))
    safetensors.save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    training.load_checkpoint(tmp_path / "model.safetensors", ours)
    same_answers(ours, theirs)
    assert set(ours.state_dict()) == set(theirs.state_dict())
