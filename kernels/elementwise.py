"""Element-wise kernels on the CPU: a function of vectors, run over whole arrays.

    share(one, pieces(x), enough(threads, x.size), relu, x, y, ())

            head    vectors, aligned in y                      tail
    y     ░░░████│████████│████████│████████│████████│████████│██░░░
          masked                                               masked

An array that is larger than the caches is streamed to memory: an ordinary store would first read the line that it is
about to overwrite, half as much again for the memory to do.
"""

from .jit import inline, task
from .simd import fence, lanes, load, load_first, misaligned, store, store_first, stream

PIECE = 4096  # elements; a thread gets whole pieces, so that no two write to one line
STREAMED = 1 << 22  # elements: 16 MiB of float32, more than a core's share of most last-level caches


@inline
def pieces(x):
    return (x.size + PIECE - 1) // PIECE


@task
def one(first, last, f, x, y, parameters):
    """y = f(x, *parameters)."""
    w, i, end = lanes(y), first * PIECE, min(last * PIECE, y.size)
    head = min(misaligned(y), end - i)
    if head:
        store_first(y, i, head, f(load_first(x, i, head, 0), *parameters))
        i += head
    whole = end - (end - i) % w
    if y.size < STREAMED:
        for j in range(i, whole, w):
            store(y, j, f(load(x, j), *parameters))
    else:
        for j in range(i, whole, w):
            stream(y, j, f(load(x, j), *parameters))
        fence(y)
    if whole < end:
        store_first(y, whole, end - whole, f(load_first(x, whole, end - whole, 0), *parameters))


@task
def two(first, last, f, a, b, y, parameters):
    """y = f(a, b, *parameters)."""
    w, i, end = lanes(y), first * PIECE, min(last * PIECE, y.size)
    head = min(misaligned(y), end - i)
    if head:
        store_first(y, i, head, f(load_first(a, i, head, 0), load_first(b, i, head, 0), *parameters))
        i += head
    whole = end - (end - i) % w
    if y.size < STREAMED:
        for j in range(i, whole, w):
            store(y, j, f(load(a, j), load(b, j), *parameters))
    else:
        for j in range(i, whole, w):
            stream(y, j, f(load(a, j), load(b, j), *parameters))
        fence(y)
    if whole < end:
        n = end - whole
        store_first(y, whole, n, f(load_first(a, whole, n, 0), load_first(b, whole, n, 0), *parameters))
