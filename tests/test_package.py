"""What is installed: one name, every file, nothing forgotten."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("kernels", "layers", "training", "bench")
APART = ROOT / "bench" / "families"  # files for pytest, run from the tree: no part of the package


def shipped() -> set[str]:
    """The files of the tree that a user needs, as the wheel names them."""
    kinds = {".py", ".cu", ".cuh", ".css", ".js", ".typed"}
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    wanted = (p for p in files if APART not in p.parents and (p.suffix in kinds or p.name == "py.typed"))
    return {f"kernelwright/{p.relative_to(ROOT)}" for p in wanted}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a copy of the tree, where no earlier build has left files behind."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(out)]
    built = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return next(out.glob("*.whl"))


def test_the_wheel_holds_the_tree(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == shipped()


def test_the_wheel_works_by_itself(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import numpy as np; from kernelwright import bench, kernels, layers, training\n"
        "print(kernels.__file__, kernels.relu(np.array([-1.0, 2.0])).tolist())"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + code]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout == f"{tmp_path}/kernelwright/kernels/__init__.py [0.0, 2.0]\n"


def test_packages_import_only_downwards():
    """kernels imports nothing of the others, layers only kernels, training only those two, nobody bench."""
    allowed = {"kernels": (), "layers": ("kernels",), "training": ("kernels", "layers"), "bench": FOLDERS}
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            if APART in path.parents:
                continue
            dots = "." * (len(path.relative_to(ROOT / folder).parts) + 1)
            for line in path.read_text().splitlines():
                words = line.split()
                if words[:1] in (["from"], ["import"]):
                    assert not words[1].startswith("kernelwright"), f"{path}: imports are relative"
                    if words[1].startswith(dots):
                        other = words[1].removeprefix(dots).partition(".")[0] or words[3].rstrip(",")
                        assert other.startswith(".") or other in (*allowed[folder], folder), f"{path}: {line}"
