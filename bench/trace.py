"""Run CUDA C in the simulator and show what each source line did.

    kernelwright trace scan.cu scan --grid 4 --block 256 --arg int32:1000 --arg int32:1000:empty --arg 1000
    kernelwright trace matmul --rung 1_naive --shape 64,64,64

The exit code is 1 if a race or a violation was found.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import kernels
from ..kernels import simulator
from ..kernels.operation import CATALOG, Operation
from .contenders import Case, public_call

CONTENTS: dict[str, Callable[..., np.ndarray]] = {
    "random": lambda shape, dtype: _random(shape, np.dtype(dtype)),
    "zeros": np.zeros,
    "ones": np.ones,
    "arange": lambda shape, dtype: np.arange(np.prod(shape), dtype=dtype).reshape(shape),
    "empty": simulator.empty,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="FILE.cu | OPERATION", help="a CUDA C file, or one of the library's operations")
    parser.add_argument(
        "kernel", nargs="?", metavar="KERNEL", help='of a file: the kernel, "transpose<1>" for a template'
    )
    parser.add_argument("--grid", type=sizes, default=(1,), metavar="X,Y,Z", help="blocks (default: 1)")
    parser.add_argument("--block", type=sizes, default=(32,), metavar="X,Y,Z", help="threads of a block (default: 32)")
    parser.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="ARG",
        help=f"in the kernel's order: a number, TYPE=NUMBER, TYPE:SHAPE, TYPE:SHAPE:CONTENT or FILE.npy; "
        f"TYPE is NumPy's (float32, int32, …), CONTENT one of {', '.join(CONTENTS)} (default: random)",
    )
    parser.add_argument("--shared", type=int, default=0, metavar="BYTES", help="dynamic shared memory")
    parser.add_argument("-D", "--define", action="append", default=[], metavar="NAME=VALUE", help="a macro")
    parser.add_argument("-I", "--include", action="append", default=[], metavar="DIRECTORY", help="of headers")
    parser.add_argument("--arch", type=int, default=80, help="compute capability: 75, 80, 90, 120, … (default: 80)")
    parser.add_argument("--shape", type=sizes, metavar="M,N,…", help="of an operation: its sizes, 64,64,64 for matmul")
    parser.add_argument("--rung", metavar="NAME", help="of an operation: a rung of its family's ladder, 1_naive")
    parser.add_argument("--backward", action="store_true", help="of an operation: its gradient")
    parser.add_argument("--order", choices=simulator.ORDERS, default="forward", help="in which blocks run")
    parser.add_argument("--no-races", action="store_true", help="don't look for races: four times faster")
    parser.add_argument(
        "--limit", type=float, default=simulator.DEFAULT_LIMIT, help="warp instructions until it is endless"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the reports as a page, too")


def run(chosen: argparse.Namespace) -> int:
    """Print the reports; the exit code: 1 if anything wrong was found."""
    if chosen.kernel is None and chosen.what in CATALOG:
        reports = of_operation(CATALOG[chosen.what], chosen)
    else:
        reports = [of_file(chosen)]
    print("\n\n".join(map(str, reports)) or f"{chosen.what}: nothing is launched for these sizes")
    if chosen.html:
        page = "<hr>".join(report._repr_html_() for report in reports)
        chosen.html.write_text(f'<!doctype html><meta charset="utf-8"><title>{chosen.what}</title>{page}')
    return int(any(report.findings for report in reports))


def of_file(chosen: argparse.Namespace) -> simulator.Report:
    if chosen.kernel is None:
        known = ", ".join(CATALOG)
        raise ValueError(f"trace: {chosen.what} needs the name of a kernel; operations of the library are {known}")
    return simulator.run(
        Path(chosen.what),
        chosen.kernel,
        chosen.grid,
        chosen.block,
        [argument(text) for text in chosen.arg],
        chosen.shared,
        chosen.define,
        chosen.arch,
        races=not chosen.no_races,
        order=chosen.order,
        limit=int(chosen.limit),
        include=chosen.include,
    )


def of_operation(operation: Operation, chosen: argparse.Namespace) -> list[simulator.Report]:
    """The launches of an operation; of its gradient if that is asked for."""
    if chosen.shape is None:
        known = next(iter(operation.workloads.values()))
        raise ValueError(
            f"trace: --shape is missing: {operation.name} takes {len(known)} sizes, such as --shape " + _small(known)
        )
    sample = operation.sized(chosen.shape)
    if chosen.backward and not (operation.with_gradient or operation.backward):
        raise ValueError(f"trace: {operation.name} has no gradient")
    direction = "forward" if not chosen.backward else "both" if operation.with_gradient else "backward"
    case, backend = Case(operation, "", sample, direction), kernels.backend("simulator")
    with kernels.using("simulator"), kernels.rung(**{operation.name: chosen.rung} if chosen.rung else {}):
        call = public_call(case, backend)
        with simulator.record(chosen.order, not chosen.no_races) as reports:
            call()
    if len(reports) == 1:
        reports[0].cost = case.cost
    return reports


def sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.replace("x", ",").split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: it must be whole numbers with commas, such as 64,64") from None


def argument(text: str) -> Any:
    """A kernel's argument as the command line spells it."""
    if text.endswith(".npy"):
        return np.load(text)
    kind, shape, content = [*text.split(":"), "", ""][:3]
    try:
        if shape:
            return _content(content or "random")(sizes(shape), np.dtype(kind))
        if "=" in kind:
            name, _, value = kind.partition("=")
            return np.dtype(name).type(value)
        return float(text) if any(letter in text for letter in ".einf") else int(text, 0)
    except (TypeError, ValueError, argparse.ArgumentTypeError) as error:
        raise ValueError(
            f"trace: --arg {text}: {error}; write 64, float32=0.5, float32:64,64 or float32:64:zeros"
        ) from None


def _content(name: str) -> Callable[..., np.ndarray]:
    if name not in CONTENTS:
        raise ValueError(f"there is no content {name!r}: it must be one of {', '.join(CONTENTS)}")
    return CONTENTS[name]


def _random(shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
    rng = np.random.default_rng(0)
    if dtype.kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(0, 100, shape).astype(dtype)


def _small(known: Sequence[int]) -> str:
    return ",".join(str(min(size, 64)) for size in known)
