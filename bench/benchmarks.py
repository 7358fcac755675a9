"""The command `kernelwright bench`: which benchmark, with which options. Each is imported only when it is asked for."""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add: Any = parser.add_argument
    add(
        "families",
        nargs="*",
        metavar="FAMILY",
        help="matmul, softmax, …, or an operation (default: all); or cpu: beside PyTorch and NumPy; or simulator; "
        "or gpu, and of which: is each kernel right, and how fast is it? or peers: two networks trained by other "
        "libraries; or report, and files that --json wrote",
    )
    add("--quick", action="store_true", help="one size of each, forward only; too short to decide")
    add("--backends", metavar="NAME,…", help="default: all that run here")
    add(
        "--against",
        metavar="NAME,…",
        help="numpy, torch, jax, numexpr (default: those installed: of all three quarters of an "
        "hour on two cores, of numpy and torch half of that; with --quick: numpy)",
    )
    add("--sizes", metavar="SIZE,…", help="names of workloads, such as 512³, or numbers: 512x512x512")
    add("--dtypes", metavar="NAME,…", help="float32, float64 (default: float32)")
    add("--threads", metavar="N,…", help="how many, by turns (default: all; of bench cpu: 2,1)")
    add("--rungs", action="store_true", help="every rung of a ladder, too")
    add("--sweep", action="store_true", help="instead: how time grows with size, batch, width and threads; crossovers")
    add(
        "--only",
        metavar="GROUP,…",
        help="of bench cpu: matmul, softmax, training, …; of bench peers: torch, jax, … (default: all)",
    )
    add("--seconds", type=float, metavar="N", help="of bench gpu: how long it may take (default: 540)")
    add("--json", type=Path, metavar="FILE", help="write the figures and where they come from")
    add("--compare", type=Path, metavar="OLD.json", help="tell what is slower or faster since; exit code 1 if slower")
    add("--markdown", type=Path, metavar="FILE", help="renew the table of figures in this file")
    add("--html", type=Path, metavar="FILE", help="the figures as a page: all in one file")
    add("--png", type=Path, metavar="DIR", help="its main pictures, light and dark")


OUTPUTS = {"json", "markdown", "html", "png"}
# What is measured, and the options that it takes; "" stands for families and operations.
OPTIONS = {
    "": {"quick", "backends", "against", "sizes", "dtypes", "threads", "rungs", "sweep", "compare", *OUTPUTS},
    "cpu": {"quick", "only", "threads", *OUTPUTS},
    "gpu": {"quick", "seconds", *OUTPUTS},
    "simulator": {"quick", *OUTPUTS},
    "peers": {"only", "json", "markdown"},
    "report": {"markdown", "html", "png"},
}


def run(chosen: argparse.Namespace) -> int:
    kind = chosen.families[0] if chosen.families and chosen.families[0] in OPTIONS else ""
    rest = chosen.families[1:] if kind else chosen.families
    own = f"bench {kind}".strip()
    for name in sorted(set().union(*OPTIONS.values())):
        if getattr(chosen, name) and name not in OPTIONS[kind]:
            having = " or ".join(f"bench {other}".strip() for other, names in OPTIONS.items() if name in names)
            raise ValueError(f"{own}: --{name} has no use here, it is an option of {having}")
    if rest and kind in ("cpu", "simulator", "peers"):
        raise ValueError(f"{own}: it takes no families, but {rest[0]!r} is one")
    if kind == "report":
        from . import html

        return html.run([Path(name) for name in rest], chosen.html, chosen.png, chosen.markdown)
    if not (chosen.html or chosen.png):
        return RUN[kind](chosen, rest, chosen.json)
    from . import html, report

    report.check_outputs(chosen.html, None)
    with tempfile.TemporaryDirectory() as scratch:
        path = chosen.json or Path(scratch, "results.json")
        code = RUN[kind](chosen, rest, path)
        html.run([path], chosen.html, chosen.png, None)
    return code


def _families(chosen: argparse.Namespace, families: list[str], json: Path | None) -> int:
    from . import suite
    from .choices import Options

    lists = {name: _list(getattr(chosen, name)) for name in ("backends", "against", "sizes", "dtypes")}
    same = {name: getattr(chosen, name) for name in ("quick", "rungs", "sweep", "markdown", "compare")}
    threads = _counts("bench", chosen.threads)
    return suite.run(Options(**lists, **same, families=families, json=json, threads=threads))


def _cpu(chosen: argparse.Namespace, rest: list[str], json: Path | None) -> int:
    from . import versus

    return versus.run(chosen.quick, _list(chosen.only), _counts("bench cpu", chosen.threads), json, chosen.markdown)


def _gpu(chosen: argparse.Namespace, names: list[str], json: Path | None) -> int:
    from . import gpu

    return gpu.run(names, chosen.quick, chosen.seconds, json, chosen.markdown)


def _peers(chosen: argparse.Namespace, rest: list[str], json: Path | None) -> int:
    from . import peers

    return peers.run(_list(chosen.only), chosen.markdown, json)


def _simulator(chosen: argparse.Namespace, rest: list[str], json: Path | None) -> int:
    from . import simulation

    return simulation.run(chosen.quick, json, chosen.markdown)


RUN: dict[str, Callable[[argparse.Namespace, list[str], Path | None], int]] = {
    "": _families,
    "cpu": _cpu,
    "gpu": _gpu,
    "simulator": _simulator,
    "peers": _peers,
}


def _list(text: str | None) -> list[str] | None:
    return None if text is None else text.split(",")


def _counts(command: str, text: str | None) -> list[int] | None:
    try:
        return None if text is None else [int(n) for n in text.split(",")]
    except ValueError:
        raise ValueError(f"{command}: --threads is {text!r}: it must be numbers, such as 2,1") from None
