"""Watching which operations a piece of code calls."""

import functools
import importlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .operation import CATALOG, Operation, Sample

_lock = threading.RLock()


@contextmanager
def watching(seen: Callable[[Operation, Sample], None]) -> Iterator[None]:
    """Inside, tell `seen` of every call `kernels.NAME(…)` of an operation of the catalog, by this thread, first.

    NAME_with_…(…), which returns what the way back needs besides, counts as the operation itself. What an operation
    calls itself, and functions that were taken out of `kernels` before, are not among them.
    """
    package, thread = importlib.import_module(__name__.rpartition(".")[0]), threading.get_ident()

    def told(operation: Operation, function: Callable) -> Callable:
        @functools.wraps(function)
        def call(*args, **options):
            if threading.get_ident() == thread:
                seen(operation, Sample(args, options))
            return function(*args, **options)

        return call

    with _lock:
        found = {name: CATALOG.get(name) or CATALOG.get(name.rpartition("_with_")[0]) for name in vars(package)}
        operations = {name: operation for name, operation in found.items() if operation}
        before = {name: vars(package)[name] for name in operations}
        vars(package).update({name: told(operations[name], function) for name, function in before.items()})
        try:
            yield
        finally:
            vars(package).update(before)
