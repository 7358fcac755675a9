"""What a network is made of: its modules, the shapes of their outputs, their parameters and arithmetic.

It lies with the layers, for it needs nothing of training.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.watch import watching
from .module import Module
from .parameter import Parameter


@dataclass
class Row:
    """One call of a module: `flops` are of the operations that it called itself, not by a module inside it."""

    name: str  # as in the keys of state_dict; the network itself has none
    kind: str
    depth: int
    output: tuple[int, ...] = ()
    parameters: int = 0
    flops: float = 0.0


@dataclass
class Summary:
    """`str` makes a table of it. `parameters` counts a shared one once, in the row that had it first."""

    rows: list[Row]
    input: tuple[int, ...]
    parameters: int
    bytes: int  # of the parameters
    flops: float  # of one inference

    def __str__(self) -> str:
        heads = ("layer", "output", "parameters", "FLOPs")
        lines = [
            (
                "  " * row.depth + (f"{row.name.rpartition('.')[2]}: " if row.name else "") + row.kind,
                _shape(row.output),
                f"{row.parameters:,}" if row.parameters else "",
                f"{row.flops:,.0f}" if row.flops else "",
            )
            for row in self.rows
        ]
        total = ("total", f"input {_shape(self.input)}", f"{self.parameters:,}", f"{self.flops:,.0f}")
        widths = [max(map(len, column)) for column in zip(heads, *lines, total)]
        rule = "─" * (sum(widths) + 3 * (len(widths) - 1))
        texts = [
            "   ".join([*map(str.ljust, line[:2], widths[:2]), *map(str.rjust, line[2:], widths[2:])])
            for line in (heads, *lines, total)
        ]
        return "\n".join([texts[0].rstrip(), rule, *(text.rstrip() for text in texts[1:-1]), rule, texts[-1].rstrip()])


def summary(network: Module, input_shape: tuple[int, ...], dtype: Any = np.float32) -> Summary:
    """Run the network once, in inference, on zeros of that shape and tell what happened: print(summary(net, (1, 784))).

    Shapes are those that were seen, FLOPs those that the catalog says of each operation that was called
    (kernels.CATALOG: a multiplication is one, and so is an addition). The network is left as it is: a copy of it runs.
    """
    watched = copy.deepcopy(network)
    rows: list[Row] = []
    open_rows: list[Row] = []
    counted: set[int] = set()
    for name, module in list(_walk(watched)):
        _watch(module, name, rows, open_rows, counted)

    def seen(operation, sample):
        if open_rows:
            open_rows[-1].flops += operation.cost(*sample.args, **sample.options).flops

    x = kernels.current().from_numpy(np.zeros(input_shape, dtype))
    with watching(seen):
        watched(x)
    parameters = network.parameters()
    return Summary(
        rows,
        tuple(input_shape),
        sum(parameter.size for parameter in parameters),
        sum(parameter.size * parameter.dtype.itemsize for parameter in parameters),
        sum(row.flops for row in rows),
    )


def _walk(module: Module, name: str = ""):
    yield name, module
    for key, child in module.children():
        yield from _walk(child, f"{name}.{key}" if name else key)


def _watch(module: Module, name: str, rows: list[Row], open_rows: list[Row], counted: set[int]) -> None:
    """Let this module, of a copy, note its calls: by a class of its own, for Python looks calls up in the class."""
    kind = type(module)
    if kind.__dict__.get("watched"):  # a module that stands in two places, under its first name
        return
    own = [value for value in vars(module).values() if isinstance(value, Parameter)]
    busy = False  # its forward may call itself, and its call forward

    def noting(call, output_of):
        def noted(self, *args, **options):
            nonlocal busy
            if busy:
                return call(self, *args, **options)
            row = Row(name, kind.__name__, len(open_rows))
            rows.append(row)
            row.parameters = sum(x.size for x in own if id(x) not in counted)
            counted.update(map(id, own))
            open_rows.append(row)
            busy = True
            try:
                result = call(self, *args, **options)
            finally:
                busy = False
                open_rows.pop()
            row.output = getattr(output_of(result), "shape", ())
            return result

        return noted

    methods = {
        "__call__": noting(kind.__call__, lambda result: result),
        "forward": noting(kind.forward, lambda result: result[0]),
        "watched": True,
    }
    module.__class__ = type(kind.__name__, (kind,), methods)


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "–"
