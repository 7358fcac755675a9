// What a team of threads finds out about its row.
#pragma once

#include "normalization/normal.cuh"
#include "teams.cuh"

__device__ inline Normal rms_of(const real* x, const Row& row, Values& v, Team& team, real eps) {
    real squares = 0;
    FOR_EACH_PIECE(from, row) {
        v.load(x, row, from, 0);
        FOR_EACH_VALUE(k) squares += v.at[k] * v.at[k];
    }
    return {0, 0, real(1) / sqrt(team.sum(squares) / row.n + eps)};
}

// The variance is of x − mean, not a difference of sums of squares, which would lose it beside a large mean.
__device__ inline Normal layer_of(const real* x, const Row& row, Values& v, Team& team, real eps) {
    real total = 0;
    FOR_EACH_PIECE(from, row) {
        v.load(x, row, from, 0);
        FOR_EACH_VALUE(k) total += v.at[k];
    }
    real mean = team.sum(total) / row.n;
    Pair sums = {0, 0};  // of x − mean and of its square
    FOR_EACH_PIECE(from, row) {
        if (!WHOLE) v.load(x, row, from, mean);
        FOR_EACH_PACK(k, j, row, from) UNROLL for (int e = k; e < k + WIDE; e++) {
            real d = v.at[e] - mean;
            sums.a += d;
            sums.b += d * d;
        }
    }
    sums = team.sum(sums);
    real rest = sums.a / row.n, variance = sums.b / row.n - rest * rest;
    if (variance < 0) variance = 0;  // by rounding, where all are equal
    return {mean, rest, real(1) / sqrt(variance + eps)};
}
