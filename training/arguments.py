"""Command-line options that all recipes share."""

import argparse
import os
from pathlib import Path
from typing import Any

from .. import kernels


def add_options(parser: argparse.ArgumentParser, recipe: str, data: tuple[str, ...]) -> None:
    """Options whose default is None take the recipe's value for that data set."""
    own = f"default: the recipe's, for the data set (see training/recipes/{recipe}.py)"
    parser.add_argument("--data", choices=data, default=data[0], help="data set (default: %(default)s)")
    parser.add_argument("--epochs", type=positive, metavar="N", help=own)
    parser.add_argument("--batch-size", type=positive, metavar="N", help=own)
    parser.add_argument("--lr", type=rate, metavar="X", help=f"highest learning rate; {own}")
    parser.add_argument("--seed", type=natural, default=0, metavar="N", help="default: %(default)s")
    parser.add_argument("--backend", metavar="NAME", help="numba, cupy, … (default: KERNELWRIGHT_BACKEND, or numba)")
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"default: runs/{recipe}-DATA")


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} must be at least 1")
    return value


def natural(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} must be at least 0")
    return value


def rate(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} must be above 0 and finite")
    return value


def output_directory(chosen: Path | None, default: str) -> Path:
    """The directory for results, made and tried before hours of training go into it."""
    path = chosen or Path("runs", default)
    path.mkdir(parents=True, exist_ok=True)
    if not os.access(path, os.W_OK):
        raise PermissionError(f"the directory {path} can't be written: choose another with --out")
    return path


def choose_backend(name: str | None) -> Any:
    return kernels.current() if name is None else kernels.use(name)
