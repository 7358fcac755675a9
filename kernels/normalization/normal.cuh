// How numbers are normalised: ((x − mean) − rest) · scale. `rest` is what rounding left of the mean: beside a large mean,
// x − mean is exact where mean + rest would not be.
#pragma once

#include "softmax/reduce.cuh"

struct Normal {
    real mean, rest, scale;

    __device__ real operator()(real x) const { return ((x - mean) - rest) * scale; }
};

// The variance is of x − mean, in a pass of its own: a difference of sums of squares would lose it beside a large mean.
__device__ inline Normal layer(const real* x, long long n, real eps) {
    real total = 0, rest = 0, squares = 0;
    ALONG_THE_ROW(j, n) total += x[j];
    real mean = block_sum(total) / n;
    ALONG_THE_ROW(j, n) {
        real d = x[j] - mean;
        rest += d;
        squares += d * d;
    }
    rest = block_sum(rest) / n;
    real variance = block_sum(squares) / n - rest * rest;
    if (variance < 0) variance = 0;  // by rounding, where all are equal
    return {mean, rest, real(1) / sqrt(variance + eps)};
}
