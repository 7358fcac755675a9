"""The command line: what it says, and how it ends."""

import os
import re
import subprocess
import sys

import pytest

from kernelwright import kernels
from kernelwright.bench import command


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "kernelwright.bench.command", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def ended(capsys):
    """Run a command in this process: (exit code, what it wrote to stderr)."""

    def call(*arguments):
        try:
            code = command.main(list(arguments))
        except SystemExit as end:
            code = end.code
        return code, capsys.readouterr().err

    return call


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["bench", "--backends", "abacus"], "unknown backend 'abacus'"),
        (["bench", "--backends", ""], "unknown backend ''"),
        (["bench", "tea"], "no family 'tea'"),
        (["bench", "--json", "/dev/null/figures.json"], "/dev/null"),
        (["bench", "--markdown", "no/such/file.md"], "no/such/file.md"),
        (["train", "nothing"], "'nothing'"),
        (["train", "--backend", "abacus", "mlp"], "unknown backend 'abacus'"),
        (["train"], "RECIPE"),
        (["dance"], "'dance'"),
        ([], "COMMAND"),
    ],
)
def test_a_mistake_is_one_sentence(ended, arguments, what):
    code, text = ended(*arguments)
    assert code == 2
    assert re.fullmatch(r"kernelwright: .+\n", text), text
    assert what in text


def test_a_document_without_a_place_for_figures(ended, tmp_path):
    document = tmp_path / "R.md"
    document.write_text("nothing")
    assert ended("bench", "--markdown", str(document))[0] == 2
    assert document.read_text() == "nothing"


def test_a_backend_that_cannot_run_here(ended):
    if kernels.backends()["cupy"] is None:
        pytest.skip("the backend cupy runs here, so nothing refuses it")
    code, text = ended("bench", "--backends", "cupy")
    assert code == 2
    assert "install" in text


def test_in_a_process_of_its_own():
    ran = run("bench", "--backends", "abacus")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    ran = run("bench", "--backends", "abacus", KERNELWRIGHT_TRACEBACK="1")
    assert "Traceback" in ran.stderr


def test_ctrl_c(monkeypatch, ended):
    def interrupted(chosen):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_doctor", interrupted)
    assert ended("doctor")[0] == 130


def test_help_imports_nothing_heavy():
    code = "import sys; from kernelwright.bench import command; command._parser(); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "numba", "rich", "kernelwright.kernels"} & set(ran.stdout.split())


def test_recipes_are_those_of_the_folder():
    assert "mlp" in command.recipes()


def test_the_doctor_names_every_backend(capsys):
    assert command.main(["doctor"]) == 0
    text = capsys.readouterr().out
    for name in kernels.backends():
        assert re.search(rf"^  {name} +(runs here|can't run: .+)$", text, re.MULTILINE)
    for word in ("NumPy", "threads", "SVML", "NVRTC", "driver", "Cache"):
        assert word in text
