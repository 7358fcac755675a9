"""The command `kernelwright`: train, bench, trace, operations, doctor.

It lives in `bench`, because that is the one package that may import all others.
"""

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path

RECIPES = Path(__file__).parents[1] / "training" / "recipes"


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without a page of usage before it."""

    def error(self, message):
        self.exit(2, f"kernelwright: {message} (see {self.prog} --help)\n")


def main(arguments: list[str] | None = None) -> int:
    # After NumPy's BLAS has worked, OpenMP's waiting threads can keep it from the cores for 5 to 8 ms: let
    # them spin only briefly. libgomp reads this when it is loaded, so it stands before any import of Numba.
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    parser = _parser()
    chosen, chosen.rest = parser.parse_known_args(arguments)
    if chosen.rest and chosen.run is not _trace:  # which reads the rest by itself
        parser.error(f"unrecognized arguments: {' '.join(chosen.rest)}")
    try:
        return chosen.run(chosen)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has seen enough, as in `kernelwright doctor | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("KERNELWRIGHT_TRACEBACK") == "1" or not _is_mistake(error):
            raise
        print(f"kernelwright: {_sentence(error)}", file=sys.stderr)
        return 2


def _parser() -> Parser:
    parser = Parser(prog="kernelwright", description="Deep-learning kernels to read, run and trust.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    train = commands.add_parser("train", help="train a network by a recipe")
    train.add_argument("--backend", metavar="NAME", help="numba, cupy, … (default: KERNELWRIGHT_BACKEND, or numba)")
    train.add_argument("recipe", choices=recipes(), metavar="RECIPE", help=f"one of: {', '.join(recipes())}")
    train.add_argument("options", nargs=argparse.REMAINDER, help="its options: see kernelwright train RECIPE --help")
    train.set_defaults(run=_train)

    bench = commands.add_parser("bench", help="time the kernels against NumPy and this machine's limits")
    bench.add_argument(
        "families",
        nargs="*",
        metavar="FAMILY",
        help="matmul, softmax, …, or an operation (default: all); or cpu: beside PyTorch and NumPy; or simulator; "
        "or peers: two networks trained by other libraries; or report, and files that --json wrote",
    )
    bench.add_argument("--quick", action="store_true", help="one size of each, forward only")
    bench.add_argument("--backends", metavar="NAME,…", help="default: all that run here")
    bench.add_argument(
        "--only",
        metavar="GROUP,…",
        help="of bench cpu: matmul, softmax, training, …; of bench peers: torch, jax, … (default: all)",
    )
    bench.add_argument("--threads", metavar="N,…", help="of bench cpu: how many, by turns (default: 2,1)")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write the figures and where they come from")
    bench.add_argument("--markdown", type=Path, metavar="FILE", help="renew the table of figures in this file")
    bench.add_argument("--html", type=Path, metavar="FILE", help="write the report: all as one page, with pictures")
    bench.add_argument("--png", type=Path, metavar="DIR", help="write the report's main pictures, light and dark")
    bench.set_defaults(run=_bench)

    trace = commands.add_parser(
        "trace", help="run CUDA C in the simulator: what each line does, races, mistakes", add_help=False
    )
    trace.set_defaults(run=_trace)

    operations = commands.add_parser(
        "operations", help="all operations: their names, or a page with formulas and plots"
    )
    operations.add_argument("--write", type=Path, metavar="DIR", help="write DIR/operations.md and DIR/plots")
    operations.set_defaults(run=_operations)

    doctor = commands.add_parser("doctor", help="what runs here, what doesn't, and what to install")
    doctor.add_argument("--warm", action="store_true", help="compile every kernel for the CPU, once, and keep it")
    doctor.set_defaults(run=_doctor)
    return parser


def recipes() -> list[str]:
    """The recipes that there are, none of them imported."""
    return sorted(path.stem for path in RECIPES.glob("[!_]*.py"))


def _train(chosen: argparse.Namespace) -> int:
    recipe = importlib.import_module(f"..training.recipes.{chosen.recipe}", __package__)
    parser = Parser(prog=f"kernelwright train {chosen.recipe}", description=(recipe.__doc__ or "").partition("\n")[0])
    recipe.add_arguments(parser)
    options = parser.parse_args(chosen.options)
    if chosen.backend:
        from .. import kernels

        kernels.use(chosen.backend)
    recipe.run(options)
    return 0


def _bench(chosen: argparse.Namespace) -> int:
    if chosen.families[:1] == ["report"]:
        from . import html

        _refuse(chosen, "bench report", "quick", "backends", "only", "threads", "json")
        return html.run([Path(name) for name in chosen.families[1:]], chosen.html, chosen.png, chosen.markdown)
    if chosen.html or chosen.png:
        return _bench_and_report(chosen)
    if chosen.families == ["simulator"]:
        from . import simulation

        return simulation.run(chosen.quick, chosen.json, chosen.markdown)
    if chosen.families == ["cpu"]:
        return _bench_cpu(chosen)
    if chosen.families == ["peers"]:
        from . import peers

        _refuse(chosen, "bench peers", "quick", "backends", "threads")
        return peers.run(chosen.only and chosen.only.split(","), chosen.markdown, chosen.json)
    for name in ("only", "threads"):
        if getattr(chosen, name) is not None:
            raise ValueError(f"bench: --{name} is an option of kernelwright bench cpu alone")
    from . import suite

    backends = chosen.backends.split(",") if chosen.backends is not None else None
    return suite.run(chosen.families, chosen.quick, backends, chosen.json, chosen.markdown)


def _bench_and_report(chosen: argparse.Namespace) -> int:
    """Measure what is wanted, then draw it; the exit code of the first."""
    from . import html, report

    report.check_outputs(chosen.html, None)
    with tempfile.TemporaryDirectory() as folder:
        page, pictures, results = chosen.html, chosen.png, chosen.json or Path(folder, "results.json")
        code = _bench(argparse.Namespace(**{**vars(chosen), "html": None, "png": None, "json": results}))
        html.run([results], page, pictures, None)
    return code


def _refuse(chosen: argparse.Namespace, what: str, *options: str) -> None:
    for name in options:
        if getattr(chosen, name):
            raise ValueError(f"{what}: --{name} has no use here")


def _bench_cpu(chosen: argparse.Namespace) -> int:
    if chosen.backends is not None:
        raise ValueError("bench cpu: --backends has no use here, it measures the backend numba")
    try:
        threads = None if chosen.threads is None else [int(n) for n in chosen.threads.split(",")]
    except ValueError:
        raise ValueError(f"bench cpu: --threads is {chosen.threads!r}: it must be numbers, such as 2,1") from None
    only = None if chosen.only is None else chosen.only.split(",")
    from . import versus

    return versus.run(chosen.quick, only, threads, chosen.json, chosen.markdown)


def _trace(chosen: argparse.Namespace) -> int:
    from . import trace

    kind = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog="kernelwright trace", description=trace.__doc__, formatter_class=kind)
    trace.add_arguments(parser)
    return trace.run(parser.parse_args(chosen.rest))


def _operations(chosen: argparse.Namespace) -> int:
    from . import operations

    return operations.run(chosen.write)


def _doctor(chosen: argparse.Namespace) -> int:
    from . import doctor, warm

    return warm.run() if chosen.warm else doctor.run()


def _is_mistake(error: Exception) -> bool:
    """Something that the user can put right, told in its message."""
    from ..kernels import Unavailable

    return isinstance(error, (Unavailable, ValueError, TypeError, OSError))


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
