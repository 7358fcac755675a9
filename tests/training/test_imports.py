"""Training is imported without the packages that only some of it needs."""

import subprocess
import sys


def test_optional_packages_stay_out():
    code = (
        "import sys; from kernelwright.training.recipes import autoencoder, cnn, gan, mlp; "
        "print(*{'sklearn', 'matplotlib', 'rich', 'safetensors', 'tensorboardX', 'torch', 'cupy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
