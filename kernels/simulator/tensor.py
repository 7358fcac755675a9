"""Matrix instructions of tensor cores: mma.sync, ldmatrix, and wmma, whose fragments are opaque.

A warp holds a matrix together. With g = lane / 4, t = lane % 4 and e elements in a 32-bit register (2 of 16 bits),
element j of register r is, by the PTX manual's figures:

    A (m × k)   row g + 8 (r % 2), column e t + j + 4 e (r / 2)      where m is 16; where it is 8: row g, 4 e r
    B (k × n)   row e t + j + 4 e r, column g
    C (m × n)   row g + 8 (r / 2), column 2 t + r % 2                of 32 bits each; float16 come in pairs

Products are exact here and sums are made in float64, then rounded; tensor cores keep fewer bits.
"""

import numpy as np

from .intrinsics import (
    as_double,
    as_float,
    double_bits,
    float_bits,
    get,
    half_as_float,
    half_bits,
    load8,
    load16,
    load32,
    load32s,
    load64,
    store8,
    store16,
    store32,
    store64,
)
from .state import compiled

MMA_TYPES = ("f16", "bf16", "tf32", "f32", "s8", "u8", "s32", "f64")
F16, BF16, TF32, F32, S8, U8, S32, F64 = range(len(MMA_TYPES))


@compiled
def per_register(kind):
    return 2 if kind in (F16, BF16) else 4 if kind in (S8, U8) else 1


@compiled
def element(kind, row, lane, j):
    """Element j of a lane's register, as a number; `row` is the address of the register's row."""
    if kind == F64:
        return as_double(load64(row + 8 * lane))
    at = row + 4 * lane
    if kind == F16:
        return float(half_as_float(load16(at + 2 * j)))
    if kind == BF16:
        return float(as_float(load16(at + 2 * j) << 16))
    if kind == TF32:
        return float(as_float(load32(at) & ~0x1FFF))
    if kind == F32:
        return float(as_float(load32(at)))
    if kind == S32:
        return float(load32s(at))
    value = load8(at + j)
    return float(value - 256 if kind == S8 and value > 127 else value)


@compiled
def multiply(table, frame, at, m, n, k, left, right, result, addend):
    """D = A B + C. `table[at…]` holds the rows of D, A, B, C."""
    d_registers = m * n // 32 // per_register(result)
    a_registers, b_registers = m * k // 32 // per_register(left), k * n // 32 // per_register(right)
    a_at = at + d_registers
    b_at, c_at = a_at + a_registers, a_at + a_registers + b_registers
    a, b = np.empty((16, 32)), np.empty((32, 8))
    e = per_register(left)
    for r in range(a_registers):
        for lane in range(32):
            for j in range(e):
                row = (lane >> 2) + (8 * (r & 1) if m == 16 else 0)
                column = e * (lane & 3) + j + 4 * e * (r >> 1 if m == 16 else r)
                a[row, column] = element(left, frame + get(table, a_at + r), lane, j)
    e = per_register(right)
    for r in range(b_registers):
        for lane in range(32):
            for j in range(e):
                b[e * (lane & 3) + j + 4 * e * r, lane >> 2] = element(right, frame + get(table, b_at + r), lane, j)
    pair = 2 if result == F16 else 1
    for lane in range(32):
        for r in range(m * n // 32):
            row, column = (lane >> 2) + 8 * (r >> 1), 2 * (lane & 3) + (r & 1)
            pair_c = 2 if addend == F16 else 1
            total = element(addend, frame + get(table, c_at + r // pair_c), lane, r % pair_c)
            for i in range(k):
                total += a[row, i] * b[i, column]
            put_number(result, frame + get(table, at + r // pair), lane, r % pair, total)


@compiled
def put_number(kind, row, lane, j, value):
    if kind == F64:
        store64(row + 8 * lane, double_bits(value))
    elif kind == F16:
        store16(row + 4 * lane + 2 * j, half_bits(np.float32(value)))
    elif kind == S32:
        store32(row + 4 * lane, np.int64(value))
    else:
        store32(row + 4 * lane, float_bits(np.float32(value)))


@compiled
def move_matrices(table, frame, at, count, transposed, addresses, delta, writes):
    """ldmatrix, or stmatrix: lane 8 q + i gives the address of row i of matrix q; lane l gets (has) elements 2 (l % 4)
    and the next of row l / 4 of each, or with `transposed` of column l / 4."""
    for q in range(count):
        for lane in range(32):
            for j in range(2):
                i, column = lane >> 2, 2 * (lane & 3) + j
                if transposed:
                    i, column = column, i
                memory = get(addresses, 8 * q + i) + delta + 2 * column
                register = frame + get(table, at + q) + 4 * lane + 2 * j
                if writes:
                    store16(memory, load16(register))
                else:
                    store16(register, load16(memory))


# A fragment of wmma: the lanes hold its elements one after the other, in rows (in columns where A or B is stored so); a
# lane's registers beyond its share hold the same again.


@compiled
def fragment_place(index, high, across, by_column):
    """Row × 65536 + column of an element."""
    if by_column:
        return ((index % high) << 16) + index // high
    return ((index // across) << 16) + index % across


@compiled
def copy_element(table, frame, rows, count, lane, first, size, source, target):
    """Byte by byte: an element, `first` bytes into a lane's share, from memory (`source`) or to it (`target`)."""
    step = 8 if size == 8 else 4
    for k in range(size):
        register, byte = (first + k) // step, (first + k) % step
        at = frame + get(table, rows + register) + step * lane + byte
        if source:
            store8(at, load8(source + k))
        else:
            store8(target + k, load8(at))


@compiled
def repeat_registers(table, frame, rows, count, used):
    for k in range(used, count):
        for lane in range(32):
            store32(frame + get(table, rows + k) + 4 * lane, load32(frame + get(table, rows + k % used) + 4 * lane))


@compiled
def fragment_element(table, frame, rows, kind, high, across, by_column, row, column):
    index = column * high + row if by_column else row * across + column
    share = high * across // 32
    e = per_register(kind)
    place = index % share
    return element(kind, frame + get(table, rows + place // e), index // share, place % e)


@compiled
def multiply_fragments(table, frame, at, columns):
    """D = A B + C of wmma."""
    m, n, k = get(table, at), get(table, at + 1), get(table, at + 2)
    result, left, right, addend = get(table, at + 3), get(table, at + 4), get(table, at + 5), get(table, at + 6)
    d_rows = at + 11
    a_rows = d_rows + get(table, at + 7)
    b_rows = a_rows + get(table, at + 8)
    c_rows = b_rows + get(table, at + 9)
    d = np.empty((32, 32))
    for row in range(m):
        for column in range(n):
            total = fragment_element(table, frame, c_rows, addend, m, n, 0, row, column)
            for i in range(k):
                x = fragment_element(table, frame, a_rows, left, m, k, columns & 1, row, i)
                total += x * fragment_element(table, frame, b_rows, right, k, n, columns >> 1, i, column)
            d[row, column] = total
    share, e = m * n // 32, per_register(result)
    for row in range(m):
        for column in range(n):
            index = row * n + column
            place = index % share
            put_number(result, frame + get(table, d_rows + place // e), index // share, place % e, d[row, column])
