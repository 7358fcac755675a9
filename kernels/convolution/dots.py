"""Sums of products of long rows: c[i, j] = the sum of x[i, t] y[j, t] over t.

Both run along t, so a register holds neighbours in t, and each c a vector of partial sums, which are put together
only at the end. A tile of 4 × 6 such sums takes 24 of 32 registers, and 10 loads serve 24 multiply-adds.
"""

from llvmlite import ir
from numba.core import cgutils, types

from ..matmul.tile import MR
from ..simd import I32, I64, _kind, _place, _width, call, memory, suffix

# Rows and columns of a tile; 16 registers hold no more than 3 × 4 sums.
ROWS, COLUMNS = (4, 6) if MR == 12 else (3, 4)
SHAPES = ((1, COLUMNS), (ROWS, COLUMNS // 2), (ROWS, COLUMNS))


@memory(lambda kind: types.void)
def dots(b, c, rows, columns, x, x0, x_row, y, y0, y_row, count):
    """c[COLUMNS i + j] = Σ x[x0 + x_row i + t] y[y0 + y_row j + t] over t < count, a multiple of `lanes`.

    For i < rows ≤ ROWS and j < columns ≤ COLUMNS; c is written as far as a whole tile and a vector behind.
    """
    done = b.append_basic_block("dots_done")
    for m, n in SHAPES:
        this, other = b.append_basic_block(f"dots_{m}_{n}"), b.append_basic_block("dots_other")
        fits = b.and_(b.icmp_signed("<=", rows, I64(m)), b.icmp_signed("<=", columns, I64(n)))
        b.cbranch(fits, this, other)
        b.position_at_end(this)
        _tile(b, m, n, c, rows, columns, x, x0, x_row, y, y0, y_row, count)
        b.branch(done)
        b.position_at_end(other)
    b.branch(done)
    b.position_at_end(done)


def _tile(b, m, n, c, rows, columns, x, x0, x_row, y, y0, y_row, count):
    kind = _kind(c)
    size = _width(kind.element) // 8
    zero = ir.Constant(kind, [0.0] * kind.count)

    def starts(array, first, step, used, whole):  # an idle row reads what the last one does
        last = b.sub(used, I64(1))
        numbers = [b.select(b.icmp_signed("<", I64(r), last), I64(r), last) for r in range(whole)]
        return [b.gep(array, [b.add(first, b.mul(step, number))]) for number in numbers]

    lines, others = starts(x, x0, x_row, rows, m), starts(y, y0, y_row, columns, n)
    sums = [[cgutils.alloca_once_value(b, zero) for _ in range(n)] for _ in range(m)]
    for line in sums:
        for total in line:
            b.store(zero, total)
    with cgutils.for_range(b, b.sdiv(count, I64(kind.count))) as loop:
        t = b.mul(loop.index, I64(kind.count))
        right = [b.load(_place(b, other, t), align=size) for other in others]
        for i in range(m):
            left = b.load(_place(b, lines[i], t), align=size)
            for j in range(n):
                product = call(b, f"fmuladd.{suffix(kind)}", kind, [left, right[j], b.load(sums[i][j])])
                b.store(product, sums[i][j])
    totals = [b.load(sums[i][j]) if j < n else zero for i in range(m) for j in range(COLUMNS)]
    for first in range(0, len(totals), kind.count):
        part = totals[first : first + kind.count]
        part += [zero] * (kind.count - len(part))
        b.store(_lane_sums(b, kind, part), _place(b, c, I64(first)), align=size)


def _lane_sums(b, kind, vectors):
    """The sum of the lanes of each of as many vectors as there are lanes, side by side in one.

    Two vectors become one that holds the half sums of both, two of those one with the quarters of four, …

        a₀ a₁ a₂ a₃    b₀ b₁ b₂ b₃   →   a₀+a₂ a₁+a₃ b₀+b₂ b₁+b₃
    """
    n = kind.count
    length = n  # of what is left of each
    while length > 1:
        half = length // 2
        low = [s * length + k for s in range(2 * n // length) for k in range(half)]
        high = [place + half for place in low]
        orders = [ir.Constant(ir.VectorType(I32, n), order) for order in (low, high)]
        pairs = zip(vectors[::2], vectors[1::2])
        vectors = [b.fadd(*(b.shuffle_vector(one, two, order) for order in orders)) for one, two in pairs]
        length = half
    return vectors[0]
