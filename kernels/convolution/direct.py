"""Convolutions of few terms or of one output on the CPU: straight from the images, without a panel.

To gather what windows see, as rows.py does, pays where many outputs use it. Here the sums of three outputs and of two
vectors of neighbours in a row, or of one output, stay in registers while the terms pass.
"""

from ..jit import inline
from ..matmul.tile import MR
from ..simd import fma, full, lanes, load, load_all, store, store_first
from .plan import BY_X, BY_Y, BY_Z, FIRST, SIZE_X, SIZE_Y, SIZE_Z, START, TERMS

FEW = 16


@inline
def is_direct(terms, outputs):
    return terms < FEW or outputs == 1


@inline
def multiply_directly(padded, image, steps, offsets, packed, group, phases, phase, bias, first, images, part, parts,
                      line, out):  # fmt: skip
    """A part of the rows of a phase of `images` images; see rows.py for the rest."""
    w = lanes(padded)
    k, k_end = phases[phase, FIRST], phases[phase, FIRST] + phases[phase, TERMS]
    _, panels, terms, _ = packed.shape
    outputs, plane = out.shape[1] // (packed.size // (panels * terms * MR)), out.shape[2] * out.shape[3] * out.shape[4]
    size_z, size_y, size_x = phases[phase, SIZE_Z], phases[phase, SIZE_Y], phases[phase, SIZE_X]
    rows, step = size_z * size_y, phases[phase, BY_X]
    row, end = images * rows * part // parts, images * rows * (part + 1) // parts
    while row < end:
        i = row // rows
        last = min(end, (i + 1) * rows)
        for o in range(0, outputs, 3):  # MR is a multiple of 3: as many are read of a panel
            weight = ((group * panels + o // MR) * terms) * MR + o % MR
            image_start = ((first + i) * out.shape[1] + group * outputs + o) * plane + phases[phase, START]
            z, y = (row - i * rows) // size_y, (row - i * rows) % size_y
            for _ in range(row, last):
                place = i * image + z * steps[0] + y * steps[1]
                start = image_start + z * phases[phase, BY_Z] + y * phases[phase, BY_Y]
                for v in range(0, size_x, 2 * w):
                    a, b, c = full(padded, 0), full(padded, 0), full(padded, 0)
                    d, e, f = a, b, c
                    if outputs == 1:
                        for term in range(k, k_end):
                            at, by = place + v + offsets[term], load_all(packed, weight + MR * term)
                            a, d = fma(load(padded, at), by, a), fma(load(padded, at + w), by, d)
                    else:
                        for term in range(k, k_end):
                            at, by = place + v + offsets[term], weight + MR * term
                            one, other = load(padded, at), load(padded, at + w)
                            p, q, s = load_all(packed, by), load_all(packed, by + 1), load_all(packed, by + 2)
                            a, b, c = fma(one, p, a), fma(one, q, b), fma(one, s, c)
                            d, e, f = fma(other, p, d), fma(other, q, e), fma(other, s, f)
                    for r in range(min(3, outputs - o)):
                        add = bias[group * outputs + o + r] if bias.size else padded.dtype.type(0)
                        one, other = (a, d) if r == 0 else (b, e) if r == 1 else (c, f)
                        there = start + r * plane + v * step
                        if step == 1:
                            store_first(out, there, size_x - v, one + add)
                            if size_x - v > w:
                                store_first(out, there + w, size_x - v - w, other + add)
                        else:
                            store(line, 0, one + add)
                            store(line, w, other + add)
                            for n in range(min(2 * w, size_x - v)):
                                out.flat[there + n * step] = line[n]
                y += 1
                if y == size_y:
                    z, y = z + 1, 0
        row = last
