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

    What an operation calls itself, and functions that were taken out of `kernels` before, are not among them.
    """
    package, thread = importlib.import_module(__name__.rpartition(".")[0]), threading.get_ident()

    def told(operation: Operation) -> Callable:
        @functools.wraps(operation.function)
        def call(*args, **options):
            if threading.get_ident() == thread:
                seen(operation, Sample(args, options))
            return operation.function(*args, **options)

        return call

    with _lock:
        before = {name: vars(package)[name] for name in CATALOG if name in vars(package)}
        vars(package).update({name: told(CATALOG[name]) for name in before})
        try:
            yield
        finally:
            vars(package).update(before)
