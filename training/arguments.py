"""What the command lines of all recipes share: options, and what is left on the disk."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from .. import kernels
from ..layers import Module
from .checkpoint import save


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
    parser.add_argument("--resume", action="store_true", help="go on with the interrupted training in --out")


def chosen_settings(arguments: argparse.Namespace, settings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The recipe's settings for the data set, where the command line gives no others."""
    own = settings[arguments.data]
    return own | {name: value for name in own if (value := getattr(arguments, name, None)) is not None}


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


def leave(out: Path, network: Module, result: dict[str, Any], history: list[dict[str, Any]]) -> dict[str, Any]:
    """Write model.safetensors and metrics.json, tell all files, and return what a recipe returns."""
    words = {"recipe": result["recipe"], "data": result["data"], "epoch": result.get("best_epoch", len(history))}
    save(out / "model.safetensors", network, **words)
    (out / "metrics.json").write_text(json.dumps({**result, "history": history}, indent=2) + "\n")
    paths = {path.name: str(path) for path in sorted(out.iterdir()) if path.is_file()}
    for path in paths.values():
        print(f"  {path}")
    return {**result, "history": history, "paths": paths}
