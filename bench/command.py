"""The command line: `kernelwright train | bench | doctor`.

It lives in bench because that is the one package that may import all others.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

# On few cores, GNU OpenMP's threads that spin while they wait keep NumPy's BLAS from the processor, and the other
# way round: stalls of milliseconds. Spinning little cures it; libgomp reads this once, when it is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

from .. import kernels

RECIPES = Path(__file__).parent.parent / "training" / "recipes"


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 if all went well, 2 for a mistake of the user's, told in one sentence."""
    try:
        chosen = _parser().parse_args(arguments)
        return chosen.run(chosen)
    except (kernels.Unavailable, ValueError, TypeError, OSError) as error:
        if os.environ.get("KERNELWRIGHT_TRACEBACK"):
            raise
        print(f"kernelwright: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("kernelwright: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kernelwright", description="Deep-learning kernels to read, run and trust.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train a network on real data")
    recipes = train.add_subparsers(required=True, metavar="RECIPE")
    for path in sorted(RECIPES.glob("[a-z]*.py")):
        recipe = importlib.import_module(f"...training.recipes.{path.stem}", __name__)
        one = recipes.add_parser(path.stem, help=(recipe.__doc__ or "").partition("\n")[0])
        recipe.add_arguments(one)
        one.set_defaults(run=lambda chosen, recipe=recipe: recipe.run(chosen) and 0)

    bench = commands.add_parser("bench", help="time the kernels of this machine against NumPy")
    bench.add_argument("family", nargs="*", help="matmul, softmax, …; all if none is named")
    bench.add_argument("--quick", action="store_true", help="one size of each operation, forward: under a minute")
    bench.add_argument("--backends", metavar="A,B", help="default: all that run here, but for the reference")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    bench.add_argument("--markdown", type=Path, metavar="FILE", help="put a table into that document")
    bench.set_defaults(run=_bench)

    doctor = commands.add_parser("doctor", help="what runs here, what doesn't, and what to install")
    doctor.set_defaults(run=_doctor)
    return parser


def _doctor(chosen: argparse.Namespace) -> int:
    from .doctor import run

    del chosen
    run()
    return 0


def _bench(chosen: argparse.Namespace) -> int:
    try:
        import rich  # noqa: F401
    except ImportError:
        raise kernels.Unavailable("tables need the package rich: pip install 'kernelwright[bench]'") from None
    from ..training.progress import progress
    from . import machine, report, suite

    families = sorted({operation.family for operation in kernels.CATALOG.values()})
    for family in chosen.family:
        if family not in families:
            raise ValueError(f"unknown family {family!r}: it must be one of {', '.join(families)}")
    here = [name for name, missing in kernels.backends().items() if missing is None and name != "reference"]
    names = chosen.backends.split(",") if chosen.backends else here
    for name in names:
        kernels.backend(name)  # refuses what can't run
    # What can't be written is told now, not after the run.
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.touch()
    if chosen.markdown:
        report.place(chosen.markdown)

    about = machine.description()
    print(f"{about['processor']}, {about['threads']} threads; NumPy {about['numpy']} with {about['blas']}")
    cpu = machine.limits()
    limits = {
        name: machine.gpu_limits(kernels.backend(name).device.cupy) if name == "cupy" else cpu  # pyright: ignore[reportAttributeAccessIssue]
        for name in names
    }
    print(f"limits, measured now: {report.limits_line(limits)}")
    operations = [o for o in kernels.CATALOG.values() if not chosen.family or o.family in chosen.family]
    rows, seconds, status = [], 0.3 if chosen.quick else 1.0, 0
    try:
        with progress("", len(operations), "operations") as bar:
            for operation in operations:
                for case in suite.cases(operation, chosen.quick):
                    bar.advance(0, f"{operation.name} {case.size} {case.direction}")
                    rows += suite.run(case, names, limits, about["last_level_cache"], seconds)
                bar.advance(1)
    except KeyboardInterrupt:
        print("interrupted: these were measured", file=sys.stderr)
        status = 130
    report.print_table(rows)
    if chosen.json:
        report.write_json(chosen.json, about, limits, rows)
    if chosen.markdown:
        report.write_markdown(chosen.markdown, about, limits, rows)
    return status or int(any(row.error for row in rows))


if __name__ == "__main__":
    sys.exit(main())
