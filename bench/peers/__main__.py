"""In a process of its own, for `kernelwright bench peers`: python -m kernelwright.bench.peers PEER NETWORK SECONDS.

Prints a line of JSON, the fields of measure.Measured.
"""

import importlib
import json
import sys
from dataclasses import asdict

from . import work
from .measure import measure, module


def main(peer: str, network: str, seconds: str) -> None:
    found = module(peer)
    given = work.work(network)
    importlib.import_module(found.MODULE)  # its own size isn't counted
    print(json.dumps(asdict(measure(found.make, given, float(seconds)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
