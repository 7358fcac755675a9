"""The matrix product on the CPU: packed blocks, tiles of registers, vectors by hand.

            n                    n                        n
     ┌─────────────┐      ┌─────┬─┬─────┐         ┌─────┬─┬─────┐
     │             │      │     │▓│     │ kc      │     │ │     │
    m│▒▒▒▒▒        │   ×  │     │▓│     │    =    │     │▒│     │ MR rows × NR columns in registers
     │             │      │     └─┘     │         │     └─┘     │
     └─────────────┘      └─────────────┘         └─────────────┘
       MR × KC, packed      KC × NR, packed

Three loops around the tile keep what it reads near. A panel of b (▓, KC × NR) stays in the first- or second-level
cache while all panels of a (▒, MR × KC) pass; a block of a (MC × KC, in panels) stays in the second-level cache while
all panels of b in NC columns pass. A panel is packed so that the tile reads it from the first to the last byte,
whatever the strides of the matrix were, and no matrix is ever copied whole. Where a panel would be used too few times
to pay for that, the tile reads the matrix as it lies. The scheme is that of Goto and van de Geijn, Anatomy of
High-Performance Matrix Multiplication, 2008.

The sum of an element runs over k from 0 to the end, in stretches of KC: the same whatever its place in a tile and
whatever the number of threads.
"""

import numpy as np

from ..activations import cpu as act
from ..jit import inline, kernel, task
from ..rows import sum_rows
from ..share import enough, share
from ..simd import address, lanes, load, load_first, misaligned, store, store_first
from .finish import finish, needed
from .fused import ACTIVATIONS
from .tile import MR, is_height, multiply_rows, multiply_tile, tile_columns, transpose, up
from .vector import is_vector, matrix_vector

KC, MC, NC = 384, 20 * MR, 512  # a block of a is 360 KiB
SMALL = 256 * 256  # elements of b that stay in the first- and second-level cache as they are
FEW_ROWS = 2 * MR  # so few rows of a don't pay for packing b,
FEW_COLUMNS = 8  # nor so few tiles side by side for packing a


@kernel("in real[:, :, :], in real[:, :, :], in real[::1], in real[::1], int64, out real[:, :, ::1]")
def matmul(a, b, bias, residual, activation, out, threads):
    after = bias, residual, activation
    stack, rows, columns = out.shape
    terms = a.shape[2]
    if is_vector(rows, columns, a, b):
        matrix_vector(a, b, after, out, threads)
        return
    threads = enough(threads, stack * rows * columns * terms // 8)
    # A thread gets a stack's matrices, or a part of each: `tall` parts of the rows × `wide` parts of the columns.
    tall, wide = _parts(stack, rows, columns, threads, tile_columns(out))
    nr = tile_columns(out)
    depth, height, width = min(KC, terms), min(MC, up(rows, MR)), min(NC, up(columns, nr))
    room = up(height * depth, 64) + up(width * depth, 64) + 3 * 64  # one to align, two for what pack stores behind
    count = stack * tall * wide
    space = np.empty((max(1, min(threads, count)), room), a.dtype)
    share(_blocks, count, threads, a, b, after, out, tall, wide, space)


@inline
def _parts(stack, rows, columns, threads, nr):
    """How many parts each way: the most square ones."""
    if stack >= threads:
        return 1, 1
    tall, wide = 1, 1
    while stack * tall * wide < threads:
        if rows * wide > columns * tall and rows >= 2 * MR * tall:
            tall += 1
        elif columns >= 2 * nr * wide:
            wide += 1
        elif rows >= 2 * MR * tall:
            tall += 1
        else:
            break
    return tall, wide


@task
def _blocks(first, last, a, b, after, out, tall, wide, space):
    """Parts first … last − 1 of the product."""
    nr = tile_columns(out)
    _, rows, columns = out.shape
    high, broad = up((rows + tall - 1) // tall, MR), up((columns + wide - 1) // wide, nr)
    count = out.shape[0] * tall * wide
    own = space[(first * space.shape[0] + count - 1) // count]  # this thread's number, from its first part
    for part in range(first, last):
        s, place = part // (tall * wide), part % (tall * wide)
        i, j = place // wide * high, place % wide * broad
        if i < rows and j < columns:
            _part(a, b, after, out, s, i, min(i + high, rows), j, min(j + broad, columns), own)


@inline
def _part(a, b, after, out, s, top, bottom, left, right, space):
    """The product of rows top … bottom − 1 and columns left … right − 1 of matrix s."""
    nr, size = tile_columns(out), a.itemsize
    terms, row = a.shape[2], out.shape[2]
    a_start, a_line, a_term = s * (a.strides[0] // size), a.strides[1] // size, a.strides[2] // size
    b_start, b_term, b_line = s * (b.strides[0] // size), b.strides[1] // size, b.strides[2] // size
    c_start = s * out.shape[1] * row
    in_place = b_line == 1 and (bottom - top <= FEW_ROWS or terms * (right - left) <= SMALL)
    # So few columns use a panel of a too seldom to pay for packing it. But lines whose places in the cache coincide
    # would push each other out.
    as_it_lies = right - left <= FEW_COLUMNS * nr and max(a_line, a_term) * size % 2048 != 0
    in_rows, in_columns = as_it_lies and a_term == 1, as_it_lies and a_line == 1
    a_room = misaligned(space)
    b_room = a_room + up(min(MC, up(bottom - top, MR)) * min(KC, terms), 64) + 64
    for j in range(left, right, NC):
        width = min(NC, right - j)
        for k in range(0, max(terms, 1), KC):  # once even without terms: y = act(bias)
            depth = min(KC, terms - k)
            for i in range(top, bottom, MC):
                height = min(MC, bottom - i)
                together = a_line == 1 and not in_columns
                if together:
                    pack_panels(a, a_start + i + k * a_term, a_term, height, depth, space, a_room)
                for p in range(0, 0 if in_rows or together else height, MR):
                    start, m = a_start + (i + p) * a_line + k * a_term, min(MR, height - p)
                    if not (in_columns and is_height(m)):
                        pack(a, start, a_line, a_term, m, depth, space, a_room + p * depth, MR)
                for q in range(0, width, nr):
                    n = min(nr, width - q)
                    start, panel = b_start + (j + q) * b_line + k * b_term, b_room + q * depth
                    if i == top and not in_place:
                        pack(b, start, b_line, b_term, n, depth, space, panel, nr)
                    where, stride = address(b, start), b_term
                    if not in_place:
                        where, stride = address(space, panel), nr
                    for p in range(0, height, MR):
                        m, corner = min(MR, height - p), c_start + (i + p) * row + j + q
                        x, pitch = address(a, a_start + (i + p) * a_line + k * a_term), a_term
                        if in_rows:
                            multiply_rows(out, corner, row, m, n, x, a_line, where, stride, depth, k)
                        else:
                            if not (in_columns and is_height(m)):
                                x, pitch = address(space, a_room + p * depth), MR
                            multiply_tile(out, corner, row, m, n, x, pitch, where, stride, depth, k)
                        if k + KC >= terms and needed(after):
                            finish(out, corner, row, m, n, j + q, after)


@inline
def pack(x, start, line, term, count, depth, out, o, pitch):
    """out[o + pitch k + r] = x[start + line r + term k], for r < count ≤ pitch and k < depth.

    Vectors are stored whole and may reach over the next ones, which are written later: so k goes up, and within a k
    the last r come first.
    """
    w = lanes(x)
    final = (count - 1) // w * w
    if line == 1:
        for k in range(depth):
            for r in range(final, -1, -w):
                if r + w <= count:
                    store(out, o + pitch * k + r, load(x, start + term * k + r))
                else:
                    store(out, o + pitch * k + r, load_first(x, start + term * k + r, count - r, 0))
        return
    whole = 0
    if term == 1:
        whole = depth - depth % w
        for k in range(0, whole, w):
            for r in range(final, -1, -w):
                transpose(x, start + line * r + k, line, count - r, out, o + pitch * k + r, pitch)
    for k in range(whole, depth):
        for r in range(count):
            one = load_first(x, start + line * r + term * k, 1, 0)
            store_first(out, o + pitch * k + r, 1, one)


SIDE = 4  # panels: three whole lines of the cache in each row


@inline
def pack_panels(x, start, term, count, depth, out, o):
    """out[o + depth p + MR k + r] = x[start + p + r + term k], for p = 0, MR, 2 MR, …, where lines lie side by side.

    Some panels at once: of rows far apart in memory, which push each other out of the cache, whole lines are wanted.
    """
    w = lanes(x)
    for side in range(0, count, SIDE * MR):
        for k in range(depth):
            for p in range(side, min(side + SIDE * MR, count), MR):
                for r in range(0, MR, w):
                    here, there, left = start + term * k + p + r, o + depth * p + MR * k + r, count - p - r
                    if left >= w and k + 1 < depth:  # what is stored too far is written later
                        store(out, there, load(x, here))
                    else:
                        store_first(out, there, MR - r, load_first(x, here, left, 0))


GROUP = 256  # rows


@kernel("in real[:, ::1], out real[::1]")
def column_sum(x, out, threads):
    # Sums of groups of rows, then the sum of those: long columns lose little to rounding.
    rows, columns = x.shape
    groups = (rows + GROUP - 1) // GROUP
    sums = np.empty((groups, columns), x.dtype)
    share(_sums_of_groups, groups, enough(threads, x.size), x, sums)
    sum_rows(sums, 0, groups, out, 0)


@task
def _sums_of_groups(first, last, x, sums):
    for group in range(first, last):
        sum_rows(x, group * GROUP, min((group + 1) * GROUP, x.shape[0]), sums, group * x.shape[1])


_BACKWARD = [name and getattr(act, f"{name}_backward") for name in ACTIVATIONS]


def parameter_gradients(g, x, weight, bias):
    """A dense layer's: gᵀ x, and the sums of g's columns."""
    nothing = np.empty(0, g.dtype)
    matmul(g.T[None], x[None], nothing, nothing, 0, weight[None])
    column_sum(g, bias)


def product_through(a, b, activation, y, out):
    """The gradient a b, taken through the activation that made y."""
    nothing = np.empty(0, y.dtype)
    matmul(a, b, nothing, nothing, 0, out)
    _BACKWARD[activation](out, y, out)


def through_product(a, b, bias, residual, activation, grad, g):
    """The gradient before an activation whose slope depends on what went in: the product is made again."""
    matmul(a, b, bias, residual, 0, g)
    _BACKWARD[activation](grad, g, g)


def through_output(grad, y, activation, g, sums):
    """The gradient before an activation whose slope the output tells, and its sums over the rows."""
    _BACKWARD[activation](grad, y, g)
    column_sum(g, sums)
