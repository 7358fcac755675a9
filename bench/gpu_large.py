"""Arrays of more than 2³¹ elements, where an index that is an int would go astray.

The last rows of what comes out must be what the last rows alone give.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import kernels

ROWS, WIDTH, TAIL = (1 << 20) + 3, 1 << 11, 5  # 2³¹ + 6144 elements, 8.6 GB of float32; 5 rows are looked at
ARRAYS = 6  # that there must be room for: Adam has four, and the kernels' own


def mistakes(backend: Any, rows: int = ROWS) -> Iterator[tuple[str, str | None]]:
    """(operation, what is wrong or None), one after the other; what there is no room for isn't tried."""
    for name, call in CALLS.items():
        if backend.device.cupy.cuda.Device().mem_info[0] < ARRAYS * rows * WIDTH * 4 and rows == ROWS:
            continue
        with kernels.using(backend):
            yield name, _fault(backend, call, rows)
        backend.device.cupy.get_default_memory_pool().free_all_blocks()


def _fault(backend: Any, call: Callable[[Any], Any], rows: int) -> str | None:
    x = backend.empty((rows, WIDTH), np.float32)
    # The same few numbers everywhere, and others at the end.
    x[...] = backend.from_numpy(np.random.default_rng(0).standard_normal(WIDTH, np.float32))
    x[-TAIL:] = backend.from_numpy(np.random.default_rng(1).standard_normal((TAIL, WIDTH), np.float32))
    alone = backend.to_numpy(call(x[-TAIL:].copy()))
    found = backend.to_numpy(call(x)[-TAIL:])
    wrong = int((~np.isclose(found, alone, rtol=1e-5, atol=1e-6)).sum())
    return f"{wrong} of {alone.size} wrong in the last rows" if wrong else None


def _adam(x: Any) -> Any:
    states = [kernels.current().empty(x.shape, x.dtype) for _ in range(3)]
    for state in states:
        state.fill(0.5)
    kernels.adam_update(states[0], x, *states[1:], step=1, lr=0.1)
    return states[0]


CALLS: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: kernels.relu(x),
    "gelu": lambda x: kernels.gelu(x),
    "softmax": lambda x: kernels.softmax(x),
    "sum": lambda x: kernels.sum(x, -1),
    "layer_norm": lambda x: kernels.layer_norm(x, WIDTH),
    "matmul": lambda x: kernels.matmul(x[:, :16], x[-TAIL:, :16].T),
    "adam_update": _adam,
}
