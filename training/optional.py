"""Packages that only some of the training code needs, imported when it is used."""

import importlib
from typing import Any

from .. import kernels


def optional(name: str) -> Any:
    """Import that module.

    Raises
    ------
    Unavailable
        It isn't installed; the message says what to install.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = {"sklearn": "scikit-learn"}.get(name.partition(".")[0], name.partition(".")[0])
        raise kernels.Unavailable(
            f"the package {package} can't be imported ({error}): pip install 'kernelwright[train]'"
        ) from None
