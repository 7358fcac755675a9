"""The heart of the matrix product: a tile of c that stays in registers while all terms are added to it.

                      b  (depth × up to NR columns)
                     ┌────────┬────────┐
              row k  │ vector │ vector │           each step k:  2 vectors of b are loaded, each row's number of
                     └────────┴────────┘                         a is put into all lanes of another, and
    a, packed        ┌────────┬────────┐                         2 multiply-adds are done for each row
    k = 0 1 2 …      │ sum₀₀  │ sum₀₁  │
    ┌─┐┌─┐┌─┐        ├────────┼────────┤           12 rows × 2 vectors are 24 sums: with 2 of b and 1 of a, 27 of the
    │ ││ ││ │  row i │ sumᵢ₀  │ sumᵢ₁  │           32 registers. 14 loads serve 24 multiply-adds, so that these,
    │ ││ ││ │        ├────────┼────────┤           not the loads, set the pace; and they are so many that none
    └─┘└─┘└─┘        │   …    │   …    │           waits for the one before it on the same sum.
                     └────────┴────────┘

Written as LLVM by Python's loops: a Numba function would have to spell out all 24 sums, for a compiler keeps in
registers only what has a name of its own. Tiles of fewer rows or vectors, for the rim of a matrix, have code of their
own: HEIGHTS.
"""

import platform

from llvmlite import ir
from numba.core import cgutils, types

from ..jit import inline
from ..simd import BITS, I8, I32, I64, _first_lanes, _kind, _place, _spread, _width, call, memory, suffix

# Rows and vectors of a tile: as many sums as registers allow. AVX-512 and 64-bit Arm have 32, others 16.
MR, NV = (12, 2) if BITS == 512 or platform.machine() in ("aarch64", "arm64") else (6, 2)
HEIGHTS = (2, 4, 8, 12) if MR == 12 else (2, 4, 6)  # rows of a tile; of the last one, some may be idle


@memory(lambda kind: types.intp)
def tile_columns(b, x):
    """NR, the columns of a whole tile."""
    return I64(NV * _kind(x).count)


@inline
def up(n, step):
    """The first multiple of `step` from n on."""
    return (n + step - 1) // step * step


@inline
def is_height(rows):
    """Whether there is a tile of just so many rows."""
    return rows in HEIGHTS


@memory(lambda kind: types.void)
def multiply_tile(b, c, c0, row, rows, columns, a, a_term, terms, stride, depth, add):
    """c[i, j] = (c[i, j] if add else 0) + Σₖ a[k, i] · terms[k, j], for i < rows ≤ MR and j < columns ≤ NR.

    `a` and `terms` are addresses, and in elements from there: a[k, i] at a_term k + i, readable up to the height of the
    tile (`is_height`); terms[k, j] at stride k + j. c[i, j] lies at c0 + row i + j.
    """
    _choose(b, True, c, c0, row, rows, columns, a, I64(1), a_term, _panel(b, c, terms, stride), depth, add)


@memory(lambda kind: types.void)
def multiply_rows(b, c, c0, row, rows, columns, a, a_row, terms, stride, depth, add):
    """The same for a in rows: a[k, i] at a_row i + k."""
    _choose(b, False, c, c0, row, rows, columns, a, a_row, I64(1), _panel(b, c, terms, stride), depth, add)


@memory(lambda kind: types.void)
def multiply_seen(b, c, c0, row, rows, columns, a, a_term, seen, starts, places, first, depth, add):
    """As `multiply_tile`, of terms that stay where they lie: vector j of term k at starts[j] + places[first + k] from
    the address `seen` on."""
    seen = b.inttoptr(seen, c.type)
    vectors = [b.gep(seen, [b.load(b.gep(starts, [I64(j)]))]) for j in range(NV)]

    def find(index):
        place = b.load(b.gep(places, [b.add(first, index)]))
        return [_place(b, vector, place) for vector in vectors]

    _choose(b, True, c, c0, row, rows, columns, a, I64(1), a_term, find, depth, add)


def _panel(b, c, terms, stride):
    """Finds term k's vectors in a panel: NV in a row, the next term's `stride` behind."""
    terms, width = b.inttoptr(terms, c.type), _kind(c).count

    def find(index):
        here = b.mul(stride, index)
        return [_place(b, terms, b.add(here, I64(j * width))) for j in range(NV)]

    return find


def _choose(b, whole, c, c0, row, rows, columns, a, a_row, a_term, find, depth, add):
    """Code for each size of tile, and the choice among them. `whole`: rows that a tile doesn't use may be read."""
    a = b.inttoptr(a, c.type)
    kind = _kind(c)
    width = I64(kind.count)
    vectors = b.sdiv(b.add(columns, b.sub(width, I64(1))), width)
    done = b.append_basic_block("done")
    blocks = {(m, n): b.append_basic_block(f"tile_{m}_{n}") for m in HEIGHTS for n in range(1, NV + 1)}
    switch = b.switch(b.add(b.mul(rows, I64(NV)), vectors), done)
    for (m, n), block in blocks.items():
        for used in range(HEIGHTS[HEIGHTS.index(m) - 1] + 1 if m > HEIGHTS[0] else 1, m + 1):
            switch.add_case(I64(used * NV + n), block)
        b.position_at_end(block)
        _tile(b, m, n, kind, whole, c, c0, row, rows, columns, a, a_row, a_term, find, depth, add)
        b.branch(done)
    b.position_at_end(done)


def _tile(b, m, n, kind, whole, c, c0, row, used, columns, a, a_row, a_term, find, depth, add):
    mask = _first_lanes(b, kind, b.sub(columns, I64((n - 1) * kind.count)))  # of the last vector's
    everything, nothing = (ir.Constant(mask.type, [bit] * kind.count) for bit in (1, 0))
    size = I32(_width(kind.element) // 8)

    def read(place, lanes):
        arguments = [place, size, lanes, ir.Constant(kind, [0.0] * kind.count)]
        return call(b, f"masked.load.{suffix(kind)}.p0", kind, arguments)

    rows = [b.add(c0, b.mul(row, I64(i))) for i in range(m)]
    for i in range(m):  # the lines of c come while the sums are made
        where = b.bitcast(b.gep(c, [rows[i]]), I8.as_pointer())
        call(b, "prefetch.p0", ir.VoidType(), [where, I32(1), I32(3), I32(1)])
    sums = [[cgutils.alloca_once_value(b, ir.Constant(kind, [0.0] * kind.count)) for _ in range(n)] for _ in range(m)]
    for line in sums:
        for total in line:
            b.store(ir.Constant(kind, [0.0] * kind.count), total)
    numbers = [I64(i) for i in range(m)]
    if not whole:  # an idle row reads what the last one does
        last = b.sub(used, I64(1))
        numbers = [b.select(b.icmp_signed("<", number, last), number, last) for number in numbers]
    starts = [b.gep(a, [b.mul(a_row, number)]) for number in numbers]
    if not whole:
        starts = [_kept(b, start) for start in starts]
    with cgutils.for_range(b, depth) as loop:
        places = find(loop.index)[:n]
        vectors = [b.load(place, align=size.constant) for place in places[:-1]]
        vectors.append(read(places[-1], mask))
        column = b.mul(a_term, loop.index)
        for i in range(m):
            x = _spread(b, kind, b.load(b.gep(starts[i], [column])))
            for j in range(n):
                # One instruction where the processor has it, two elsewhere; `fma` would become a call there.
                product = call(b, f"fmuladd.{suffix(kind)}", kind, [x, vectors[j], b.load(sums[i][j])])
                b.store(product, sums[i][j])
    adds = b.icmp_signed("!=", add, I64(0))
    for i in range(m):
        for j in range(n):
            place = _place(b, c, b.add(rows[i], I64(j * kind.count)))
            lanes = b.select(b.icmp_signed("<", I64(i), used), mask if j == n - 1 else everything, nothing)
            before = read(place, b.select(adds, lanes, nothing))
            total = b.fadd(before, b.load(sums[i][j]))
            arguments = [total, place, size, lanes]
            call(b, f"masked.store.{suffix(kind)}.p0", ir.VoidType(), arguments)


def _kept(b, value):
    """The same value, of which the compiler knows nothing more: it is kept, rather than made anew in every step."""
    return b.asm(ir.FunctionType(value.type, [value.type]), "", "=r,0", [value], False)


@memory(lambda kind: types.void)
def transpose(b, x, x0, line, count, out, o, pitch):
    """out[o + pitch k + r] = x[x0 + line r + k] for k and r below `lanes`; lines from `count` on are not read.

    In registers, by halves: rows r and r + 8 swap their off-diagonal halves, then r and r + 4 quarters, …

        ┌───┬───┐    ┌───┬───┐
        │ A │ B │    │ A │ C │
        ├───┼───┤ →  ├───┼───┤   and the same within A, B, C, D
        │ C │ D │    │ B │ D │
        └───┴───┘    └───┴───┘
    """
    kind = _kind(x)
    n, size = kind.count, _width(kind.element) // 8
    last = b.sub(count, I64(1))
    rows = []
    for r in range(n):
        there = b.select(b.icmp_signed("<", I64(r), last), I64(r), last)
        rows.append(b.load(_place(b, x, b.add(x0, b.mul(line, there))), align=size))
    half = n // 2
    while half:
        swapped = list(rows)
        for r in range(n):
            if not r & half:
                low = [n + k - half if k & half else k for k in range(n)]
                high = [n + k if k & half else k + half for k in range(n)]
                for target, lanes in ((r, low), (r + half, high)):
                    order = ir.Constant(ir.VectorType(I32, n), lanes)
                    swapped[target] = b.shuffle_vector(rows[r], rows[r + half], order)
        rows = swapped
        half //= 2
    for k in range(n):
        b.store(rows[k], _place(b, out, b.add(o, b.mul(pitch, I64(k)))), align=size)
