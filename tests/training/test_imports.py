"""Training is imported without the packages that only some of it needs."""

import subprocess
import sys


def test_optional_packages_stay_out():
    names = "sklearn matplotlib rich safetensors statsmodels tensorboardX torch cupy"
    code = (
        "import importlib, pkgutil, sys; from kernelwright.training import recipes; "
        "names = [module.name for module in pkgutil.iter_modules(recipes.__path__, recipes.__name__ + '.')]; "
        "assert len(names) > 5; [importlib.import_module(name) for name in names]; "
        f"print(*set({names.split()}) & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
