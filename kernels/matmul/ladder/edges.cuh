// How rungs 3 to 8 read a number of a or of b: beyond the edges are zeros, which add nothing to a sum.
#pragma once
#include "matmul/matrices.cuh"

__device__ inline real number(const Operand& from, long long line, long long term) {
    long long lines = from.lines, terms = from.terms;
    return line < lines && term < terms ? from.data[line * from.line_stride + term * from.term_stride] : real(0);
}
