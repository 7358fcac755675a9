"""`kernelwright bench gpu`, on the stand-in for CuPy: what it asks, and what it makes of kernels that break."""

import contextlib
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from kernelwright import kernels, layers
from kernelwright.bench import (
    gpu,
    gpu_check,
    gpu_large,
    gpu_limits,
    gpu_processes,
    gpu_products,
    gpu_rivals,
    gpu_sets,
    gpu_steps,
    gpu_training,
    gpu_work,
    timing,
)
from kernelwright.bench.contenders import Case
from kernelwright.kernels.operation import CATALOG, Draw

from ..standin.fixture import HERE
from ..standin.fixture import standin as standin

pytestmark = pytest.mark.cuda


def test_from_end_to_end(tmp_path):
    with kernels.using("simulator"):
        kernels.relu(np.zeros(1, np.float32))  # compiles it here, rather than within the seconds that are given there
    results, page, figures = (tmp_path / name for name in ("gpu.json", "gpu.html", "gpu.md"))
    figures.write_text("<!-- gpu figures -->\n<!-- /gpu figures -->\n")
    command = (sys.executable, "-m", "kernelwright.bench.command", "bench", "gpu", "relu", "--quick")
    path = os.pathsep.join([str(HERE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    ended = subprocess.run(
        [*command, "--seconds", "300", "--json", results, "--html", page, "--markdown", figures],
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
    assert found["complete"]
    assert [row["sets"] for row in found["rows"]] == [3, 3]
    assert "checked 1 of 1 operations" in ended.stdout
    assert "Roofline of cupy" in page.read_text()
    assert "| relu " in figures.read_text()


def test_it_needs_no_numba():
    """On a machine that has CuPy alone: the process that works there, and the report, can be imported."""
    code = """
import sys
sys.modules.update(numba=None, llvmlite=None)
import kernelwright.bench.gpu, kernelwright.bench.gpu_work, kernelwright.bench.html
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_a_process_that_breaks_is_replaced(monkeypatch):
    """Its operation's line says so, and those after it are still asked."""
    broken = """
import json, sys
for name in json.loads(sys.argv[1])["operations"]:
    if name == "two": sys.exit("an illegal memory access")
    print(json.dumps({"operation": name})), print(json.dumps({"done": name}), flush=True)
"""
    monkeypatch.setattr(gpu_processes, "command", lambda mode, given: [sys.executable, "-c", broken, json.dumps(given)])
    found = {}
    gpu._checks(["one", "two", "three"], 0, gpu.time.monotonic() + 60, found)
    assert found == {"one": None, "two": "the process ended with exit code 1: an illegal memory access", "three": None}


def test_a_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(gpu_processes, "PATIENCE", 0.5)
    monkeypatch.setattr(gpu_processes, "command", lambda mode, given: [sys.executable, "-c", "while True: pass"])
    found = {}
    gpu._checks(["one"], 0, gpu.time.monotonic() + 60, found)
    assert found == {"one": "the process ended with exit code -9: without a word"}


def test_several_processes_check_at_a_time(monkeypatch):
    """Each its own share; what goes wrong in asking one of them is raised."""
    echo = """
import json, os, sys
for name in json.loads(sys.argv[1])["operations"]:
    print(json.dumps({"operation": name, "failed": f"{os.getpid()} {os.environ['KERNELWRIGHT_AUTOTUNE']}"}))
    print(json.dumps({"done": name}), flush=True)
"""
    monkeypatch.setattr(gpu_processes, "TOGETHER", 2)
    monkeypatch.setattr(gpu_processes, "command", lambda mode, given: [sys.executable, "-c", echo, json.dumps(given)])
    found = {}
    gpu._checks(["one", "two", "three"], 0, gpu.time.monotonic() + 60, found)
    assert set(found) == {"one", "two", "three"}
    assert len(set(found.values())) == 2
    assert all(said.endswith(" 0") for said in found.values())  # no tile is timed meanwhile
    monkeypatch.setattr(gpu_processes, "command", lambda mode, given: ["/no/such/program"])
    with pytest.raises(FileNotFoundError):
        gpu._checks(["one"], 0, gpu.time.monotonic() + 60, {})


def test_a_run_that_is_killed_leaves_what_it_found(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    limits = {"flops": 1.0, "bandwidth": 1.0, "cache": 0, "how": "not at all"}
    monkeypatch.setattr(gpu.kernels, "backend", lambda name: None)
    monkeypatch.setattr(gpu, "_about", lambda results, end: results.update(limits=limits))
    monkeypatch.setattr(gpu_processes, "together", lambda *_: iter([{"operation": "relu"}, {"done": "relu"}]))
    monkeypatch.setattr(gpu_processes, "through", lambda *_: iter([{"row": {"operation": "relu"}}, {"done": "relu"}]))
    monkeypatch.setattr(gpu, "_sanitizer", killed)
    path = tmp_path / "gpu.json"
    with pytest.raises(KeyboardInterrupt):
        gpu.run(["relu"], False, 60, path)
    found = json.loads(path.read_text())
    assert found["checks"] == {"relu": None}
    assert found["rows"] == [{"operation": "relu", "with_compiled": False}]
    assert found["complete"] is False
    assert [file.name for file in tmp_path.iterdir()] == ["gpu.json"]


@pytest.mark.skipif(not gpu_processes.GROUP, reason="this system has no groups of processes")
def test_what_a_tool_has_started_ends_with_it(tmp_path, monkeypatch):
    """compute-sanitizer's own child would go on with the GPU while others are timed."""
    tool, pid = tmp_path / "compute-sanitizer", tmp_path / "pid"
    tool.write_text(f"#!/bin/sh\nsleep 60 & echo $! > {pid}\nwait\n")
    tool.chmod(0o755)
    monkeypatch.setattr(gpu.shutil, "which", lambda name: str(tool))
    found = gpu._sanitizer(["relu"], 0, gpu.time.monotonic() + 1)
    assert found == {"ran": False, "why": "it wasn't done after 1 seconds"}
    status = Path(f"/proc/{pid.read_text().strip()}/stat")
    for _ in range(100):
        if not status.exists() or status.read_text().split()[2] == "Z":
            return
        gpu.time.sleep(0.05)
    pytest.fail("it goes on")


def test_what_compute_sanitizer_says(tmp_path, monkeypatch):
    tool = tmp_path / "compute-sanitizer"
    tool.write_text('#!/bin/sh\necho "$*"\necho "========= Invalid __global__ write of size 4 bytes"\nexit 9\n')
    tool.chmod(0o755)
    monkeypatch.setattr(gpu.shutil, "which", lambda name: str(tool))
    found = gpu._sanitizer(["relu"], 0, gpu.time.monotonic() + 60)
    assert found["exit_code"] == 9
    assert found["errors"] == ["========= Invalid __global__ write of size 4 bytes"]


def test_an_element_that_is_never_written_is_noticed(standin):
    backend = gpu_check.Poisoning()
    assert list(gpu_check.mistakes(CATALOG["relu"], 3, backend)) == []
    backend.table["activations.relu"] = lambda x, out: None
    (first, *_) = gpu_check.mistakes(CATALOG["relu"], 3, backend)
    assert first.startswith("forward, result 0, float32, ")
    assert "the first at (0,): nan, not" in first


def test_large_arrays_are_looked_at_where_they_end(standin):
    assert dict(gpu_large.mistakes(standin, rows=7)) == dict.fromkeys(gpu_large.CALLS)


def test_sets_of_inputs_are_as_many_as_there_is_room_for():
    case = Case(CATALOG["relu"], "64K", CATALOG["relu"].sized((1 << 16,)), "forward")
    first, *others = gpu_sets.of(case, 1 << 40)
    assert first is case
    assert len(others) == gpu_sets.SETS - 1 == 2
    arrays = [one.sample.args[0] for one in (first, *others)]
    assert len({array[0] for array in arrays}) == 3
    assert len(gpu_sets.of(case, 1 << 20)) == 1
    room = 2 * gpu_sets.HELD * arrays[0].nbytes / gpu_sets.SHARE
    assert len(gpu_sets.of(case, int(room))) == 2


def test_all_sets_are_called_by_turns(standin, monkeypatch):
    monkeypatch.setattr(timing, "FLUSH", 1 << 10)
    timing._ballast.cache_clear()
    called = []
    calls = [{"a rival": lambda number=number: called.append(number), str(number): None} for number in range(3)]
    rivals = gpu_sets.rivals(calls, standin.device.cupy)
    assert list(rivals) == ["a rival"]
    rivals["a rival"].first()
    assert called == [0, 1, 2]
    called.clear()
    rivals["a rival"].sample(4)
    rivals["a rival"].sample(3)
    assert called == [0, 1, 2, 0, 1, 2, 0]
    timing._ballast.cache_clear()


TINY = gpu_steps.Network(
    3, (4,), lambda: layers.Linear(4, 10), lambda torch: torch.nn.Linear(4, 10), "Adam", {"lr": 1e-3}
)


def test_training_steps_are_timed_as_they_are_and_as_a_graph(standin, monkeypatch):
    monkeypatch.setattr(timing, "SAMPLE", 0)
    monkeypatch.setattr(gpu_steps, "NETWORKS", {"a network": TINY})
    found = dict(gpu_steps.measure(standin.device, None, 0))
    assert list(found) == [f"a network: {gpu_steps.OURS}", f"a network: {gpu_steps.CAPTURED}"]
    assert all(one.median > 0 for one in found.values())


def test_a_training_ends_when_enough_is_right():
    rng = np.random.default_rng(0)
    centres = 3 * rng.standard_normal((3, 4), np.float32)
    labels = np.arange(60) % 3
    given = centres[labels] + rng.standard_normal((60, 4), np.float32), labels
    waits = []
    with kernels.using("numba"):
        arguments = (lambda: layers.Linear(4, 3)), given, given, 2, lambda: waits.append(0)
        enough = gpu_training.until(0.5, *arguments)
        never = gpu_training.until(1.1, *arguments)
    assert 0.5 <= enough.accuracy <= never.accuracy
    assert (enough.steps, len(waits)) == (30 * enough.epochs, 2 * (enough.epochs + never.epochs))
    assert never.accuracy > 0.9
    assert never.epochs == gpu_training.MOST > enough.epochs
    assert never.seconds > 0


def test_products_of_every_type_are_timed_and_held_against_float64(standin, monkeypatch):
    monkeypatch.setattr(timing, "SAMPLE", 0)
    monkeypatch.setattr(timing, "FLUSH", 1 << 12)
    monkeypatch.setattr(gpu_products, "SIZE", 40)
    monkeypatch.setattr(gpu_products, "LAYER", (33, 20, 32))
    found = dict(gpu_products.measure(standin.device, None, 0))
    assert kernels.get_matmul_precision() == "highest"
    for name, one in found.items():
        exact = 2e-7 if name.endswith(("float32", "3 × tf32")) else 4e-3 if "bf16" in name else 5e-4
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


class Streams:
    """As much of torch.cuda as is needed to record a graph. Its `graph` leaves its stream only if all went well."""

    def __init__(self):
        self.now, self.seen = "default", []
        self.CUDAGraph = lambda: types.SimpleNamespace(replay=lambda: "replayed")

    def Stream(self):
        return types.SimpleNamespace(wait_stream=lambda other: None)

    def current_stream(self):
        return self.now if self.now != "default" else self.Stream()

    def default_stream(self):
        return "default"

    def set_stream(self, stream):
        self.now = stream

    @contextlib.contextmanager
    def stream(self, stream):
        before, self.now = self.now, stream
        yield
        self.now = before

    @contextlib.contextmanager
    def graph(self, graph, stream):
        before, self.now = self.now, stream
        yield
        self.now = before

    def synchronize(self):
        pass


def test_pytorch_records_on_the_stream_where_it_was_called_before():
    cuda = Streams()

    def make():
        cuda.seen.append(cuda.now)
        return lambda: cuda.seen.append(cuda.now)

    replay = gpu_rivals.recorded(types.SimpleNamespace(cuda=cuda), make)
    assert replay
    assert replay() == "replayed"
    assert cuda.now == "default"
    assert len({id(stream) for stream in cuda.seen}) == 1


def test_a_recording_that_fails_leaves_pytorch_on_the_stream_that_is_timed():
    cuda = Streams()

    def call():
        if len(cuda.seen) == 3:
            raise RuntimeError("operation not permitted when stream is capturing")
        cuda.seen.append(cuda.now)

    assert gpu_rivals.recorded(types.SimpleNamespace(cuda=cuda), lambda: call) is None
    assert cuda.now == "default"


def test_a_process_whose_arrays_are_each_watched(standin, capsys):
    """As compute-sanitizer runs it: no array in a pool's memory, where one may run into the next unseen."""
    cupy = standin.device.cupy
    assert gpu_work.main(["check", json.dumps({"operations": ["relu"], "seed": 1, "alone": True})]) == 0
    assert cupy.cuda.get_allocator() != cupy.get_default_memory_pool().malloc
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert found == [{"operation": "relu"}, {"done": "relu"}]


def test_rivals_that_fail_cost_no_figure_of_ours(standin, monkeypatch, capsys):
    def fail(*_):
        raise ValueError("no such thing here")

    monkeypatch.setattr(gpu_rivals, "rivals", fail)
    monkeypatch.setattr(gpu_sets, "of", lambda case, free: [case])
    monkeypatch.setattr(timing, "SAMPLE", 0)
    monkeypatch.setattr(timing, "FLUSH", 1 << 12)
    limits = {"flops": 1.0, "bandwidth": 1.0, "cache": 0, "how": "not at all"}
    work = gpu_work._Time({"limits": limits, "quick": True, "budget": 0, "compiled": False}, standin.device)
    operation = CATALOG["relu"]
    work.case(Case(operation, "", next(iter(operation.samples(Draw(0, np.float32)))), "forward"))
    failed, row = map(json.loads, capsys.readouterr().out.splitlines())
    assert failed["failed"] == "ValueError: no such thing here"
    assert row["row"]["backend"] == gpu_work.OURS


@pytest.mark.compare
def test_a_training_step_by_pytorch():
    torch = pytest.importorskip("torch")
    for network in (TINY, gpu_steps.NETWORKS["CNN"]._replace(batch=2)):
        step = gpu_steps.of_torch(torch, network, device="cpu")
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
