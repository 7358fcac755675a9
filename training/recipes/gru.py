"""The recipe `lstm`, forecasting sunspots, with gated recurrent units: three gates, not four, and one state.

How good it is stands there. Source: Cho et al., arXiv:1406.1078.
"""

import argparse
from typing import Any

from ..arguments import add_options
from . import lstm
from .lstm import SETTINGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "gru", tuple(SETTINGS))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    return lstm.run(arguments, "gru")


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    return lstm.main(arguments, "gru")


if __name__ == "__main__":
    main()
