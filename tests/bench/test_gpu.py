"""`kernelwright bench gpu`, on the stand-in for CuPy: what it asks, and what it makes of kernels that break."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.bench import gpu, gpu_check, gpu_large, gpu_limits, gpu_products, gpu_rivals, gpu_steps, timing
from kernelwright.bench.contenders import Case
from kernelwright.kernels.operation import CATALOG, Draw

from ..standin.fixture import HERE
from ..standin.fixture import standin as standin

pytestmark = pytest.mark.cuda


def test_from_end_to_end(tmp_path):
    results = tmp_path / "gpu.json"
    command = (sys.executable, "-m", "kernelwright.bench.command", "bench", "gpu", "relu", "--quick")
    path = os.pathsep.join([str(HERE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    ended = subprocess.run(
        [*command, "--seconds", "300", "--json", str(results)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path, "STANDIN_SMALL": "1"},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = json.loads(results.read_text())
    assert found["checks"] == {"relu": None}
    assert found["machine"]["gpu"] == "stand-in for a GPU"
    assert [row["direction"] for row in found["rows"]] == ["forward", "backward"]
    assert found["failed"] == found["untimed"] == []
    assert "checked 1 of 1 operations" in ended.stdout


def test_a_process_that_breaks_is_replaced(monkeypatch):
    """Its operation's line says so, and those after it are still asked."""
    broken = """
import json, sys
for name in json.loads(sys.argv[1])["operations"]:
    if name == "two": sys.exit("an illegal memory access")
    print(json.dumps({"operation": name})), print(json.dumps({"done": name}), flush=True)
"""
    monkeypatch.setattr(gpu, "_command", lambda mode, given: [sys.executable, "-c", broken, json.dumps(given)])
    found = gpu._checks(["one", "two", "three"], 0, gpu.time.monotonic() + 60)
    assert found == {"one": None, "two": "the process ended with exit code 1: an illegal memory access", "three": None}


def test_a_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(gpu, "PATIENCE", 0.5)
    monkeypatch.setattr(gpu, "_command", lambda mode, given: [sys.executable, "-c", "while True: pass"])
    found = gpu._checks(["one"], 0, gpu.time.monotonic() + 60)
    assert found == {"one": "the process ended with exit code -9: without a word"}


def test_an_element_that_is_never_written_is_noticed(standin):
    backend = gpu_check.Poisoning()
    assert list(gpu_check.mistakes(CATALOG["relu"], 3, backend)) == []
    backend.table["activations.relu"] = lambda x, out: None
    (first, *_) = gpu_check.mistakes(CATALOG["relu"], 3, backend)
    assert first.startswith("forward, result 0, float32, ")
    assert "the first at (0,): nan, not" in first


def test_large_arrays_are_looked_at_where_they_end(standin):
    assert dict(gpu_large.mistakes(standin, rows=7)) == dict.fromkeys(gpu_large.CALLS)


def test_a_training_step_is_timed_as_it_is_and_as_a_graph(standin, monkeypatch):
    monkeypatch.setattr(timing, "SAMPLE", 0)
    monkeypatch.setattr(gpu_steps, "BATCH", 3)
    monkeypatch.setattr(gpu_steps, "SIZES", (4, 5, 2))
    found = gpu_steps.measure(standin.device, None, 0)
    assert list(found) == [gpu_steps.OURS, gpu_steps.OUR_GRAPH]
    assert all(one.median > 0 for one in found.values())


def test_products_of_every_type_are_timed_and_held_against_float64(standin, monkeypatch):
    monkeypatch.setattr(timing, "SAMPLE", 0)
    monkeypatch.setattr(timing, "FLUSH", 1 << 12)
    monkeypatch.setattr(gpu_products, "SIZE", 40)
    monkeypatch.setattr(gpu_products, "LAYER", (33, 20, 32))
    found = dict(gpu_products.measure(standin.device, None, 0))
    assert kernels.get_matmul_precision() == "highest"
    for name, one in found.items():
        exact = 2e-7 if name.endswith(("float32", "3 × tf32")) else 4e-3 if name.endswith("bf16") else 5e-4
        assert exact / 100 < one.error < exact, name
        assert one.flops > 0
    fused = {name for name in found if name.startswith(gpu_products.FUSED)}
    assert {name.replace(gpu_products.FUSED, gpu_products.SEPARATE) for name in fused} < set(found)
    assert {name.rpartition(", ")[2] for name in fused} == set(gpu_products.PRECISIONS)


@pytest.mark.compare
def test_products_by_pytorch():
    """Its types and its switch: on the CPU, which knows both."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    a, b, x, weight, bias = (rng.standard_normal(shape, np.float32) for shape in ((9, 5), (5, 7), (9, 5), (7, 5), 7))
    found = gpu_products._torch(torch, a, b) | gpu_products._torch_layers(torch, x, weight, bias)
    for name, call in found.items():
        with call.context():
            assert torch.backends.cuda.matmul.allow_tf32 is name.endswith("tf32")
            wanted = a @ b if name.startswith("cublas") else call.run().numpy()
            np.testing.assert_allclose(call.run().float().numpy(), wanted, rtol=0.05, atol=0.1)
    assert torch.backends.cuda.matmul.allow_tf32 is False


def test_the_limits_are_measured(standin, monkeypatch):
    monkeypatch.setattr(gpu_limits, "ROUNDS", 2)
    monkeypatch.setattr(gpu_limits, "MINIMUM_COPY", 1 << 12)
    limits = gpu_limits.of_gpu(standin.device)
    assert limits.flops > 0
    assert limits.bandwidth > 0
    assert set(gpu_limits.tensor_cores(standin.device)) == {"tf32", "bf16", "f16"}
    for arch in (75, 90, 120):
        assert gpu_limits.SOURCE.compile(arch, np.float32).stat().st_size > 0


@pytest.mark.compare
def test_a_training_step_by_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((6, 4), np.float32), rng.integers(0, 2, 6)
    step = gpu_steps.of_torch(torch, x, labels, (4, 5, 2), device="cpu")[gpu_steps.TORCH]
    assert all(torch.isfinite(step()) for _ in range(3))


@pytest.mark.compare
@pytest.mark.filterwarnings("ignore")  # PyTorch's, of functions that it would have us call otherwise
def test_pytorch_is_called_as_it_should_be():
    """On the CPU, where it gives the same numbers: the calls are what is tried here."""
    torch = pytest.importorskip("torch")
    for operation in CATALOG.values():
        sample = next(s for s in operation.samples(Draw(0, np.float32)) if s.smooth and s.args[0].size)
        for direction in ("forward", "both" if operation.with_gradient else "backward"):
            if direction == "backward" and operation.backward is None:
                continue
            call = gpu_rivals._torch_call(Case(operation, "", sample, direction), np, torch, lambda f: f)
            assert (call is None) == (operation.torch is None and operation.name != "adam_update"), operation.name
            if call and direction == "forward" and operation.torch:
                with kernels.using("reference"):
                    ours = operation.function(*sample.args, **sample.options)
                ours = ours[0] if isinstance(ours, tuple) else ours
                np.testing.assert_allclose(call().numpy(), ours, rtol=1e-3, atol=1e-4)
            elif call and operation.torch:
                call()
