"""Training is imported without the packages that only some of it needs."""

import subprocess
import sys


def test_optional_packages_stay_out():
    names = "sklearn matplotlib rich safetensors statsmodels tensorboardX torch cupy"
    code = (
        "import sys; from kernelwright.training.recipes import autoencoder, charlm, cnn, gan, gpt, gru, lstm, mlp; "
        f"print(*set({names.split()}) & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
