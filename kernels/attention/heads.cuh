// What every version of attention is launched with (gpu.py: arguments). Arrays are (batch, heads, rows, width), each
// row in one piece; strides are counted in elements.
#pragma once

#include "random/philox.cuh"

#define ROWS_OF(type, x) type *x, long long x##_batch, long long x##_head, long long x##_row
#define ATTENTION_ARGUMENTS                                                                                       \
    ROWS_OF(const real, q), ROWS_OF(const real, k), ROWS_OF(const real, v), ROWS_OF(const real, mask), int has_mask, \
        real scale, int causal, long long seed, long long offset, const long long *place, long long limit, real kept, \
        long long heads, long long group, long long queries, long long keys, long long width, long long values
// The same, handed on.
#define ATTENTION_GIVEN                                                                                               \
    q, q_batch, q_head, q_row, k, k_batch, k_head, k_row, v, v_batch, v_head, v_row, mask, mask_batch, mask_head,     \
        mask_row, has_mask, scale, causal, seed, offset, place, limit, kept, heads, group, queries, keys, width, values

// And of the way back: with the output's gradient, log Σ exp of each query, and Σ grad · y.
#define WAY_BACK_ARGUMENTS ATTENTION_ARGUMENTS, ROWS_OF(const real, grad), const real *sums, const real *means
#define GIVEN(x) x, x##_batch, x##_head, x##_row
#define WAY_BACK_GIVEN ATTENTION_GIVEN, GIVEN(grad), sums, means

// Where a head begins. `group` heads of q share one of k and v.
#define HEAD(x, batch, head) (x + (batch) * x##_batch + (head) * x##_head)

__device__ inline real infinity() { return __int_as_float(0x7f800000); }
__device__ inline real larger(real a, real b) { return b > a ? b : a; }

// The score of a pair that may see each other.
#define SCORE(dot, row, column) ((dot) * scale + (has_mask ? mask_of[(row) * mask_row + (column)] : real(0)))
// Whether they may: rows beyond the last have no part in anything.
#define SEEN(query, key) (query < queries && key < keys && !(causal && key > query))

// Dropout: four neighbouring keys share a counter of Philox; a word below the limit keeps its pair, times `kept`.
#define DROPS (limit < 1LL << 32)
#define COUNTER(head, query, key) (offset + ((head) * ((keys + 3) / 4) + (key) / 4) * queries + (query))
