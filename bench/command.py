"""The command `kernelwright`: train, bench, trace, operations, doctor.

It lives in `bench`, because that is the one package that may import all others.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

from . import benchmarks

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
    benchmarks.add_arguments(bench)
    bench.set_defaults(run=benchmarks.run)

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
    from . import timing

    recipe = importlib.import_module(f"..training.recipes.{chosen.recipe}", __package__)
    parser = Parser(prog=f"kernelwright train {chosen.recipe}", description=(recipe.__doc__ or "").partition("\n")[0])
    recipe.add_arguments(parser)
    options = parser.parse_args(chosen.options)
    if chosen.backend:
        from .. import kernels

        kernels.use(chosen.backend)
    timing.keep_freed_memory()  # every step makes arrays of the same sizes: to fetch them anew would cost some 5 %
    recipe.run(options)
    return 0


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
