// What a team of threads finds out about its row.
#pragma once

#include "normalization/normal.cuh"
#include "teams.cuh"

__device__ inline real squares_of(const real* x, const Row& row, Values& v, Team& team) {
    real squares = 0;
    FOR_EACH_PIECE_TO_FIND(from, row) {
        v.load(x, row, from, 0);
        FOR_EACH_VALUE(k) squares += v.at[k] * v.at[k];
    }
    return STAGE < 2 ? team.sum(squares) : squares;
}

__device__ inline Normal rms(real squares, const Row& row, real eps) {
    return {0, 0, real(1) / sqrt(squares / row.length + eps)};
}

// Of so many numbers: a number near their mean, what their mean is beyond that, and Σ (x − mean)². Such are put together
// without a difference of sums of squares, which would lose the variance beside a large mean (Chan, Golub and LeVeque,
// Updating Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979).
struct Moments {
    real count = 0, near = 0, rest = 0, squares = 0;

    __device__ Moments operator+(Moments other) const {
        if (count == 0) return other;
        if (other.count == 0) return *this;
        real all = count + other.count, share = other.count / all;
        real further = (other.near - near) + (other.rest - rest);
        return {all, near, rest + further * share, squares + other.squares + further * further * (count * share)};
    }
    __device__ Normal normal(real eps) const {
        real mean = near + rest, added = mean - near;
        return {mean, (near - (mean - added)) + (rest - added), real(1) / sqrt(squares / count + eps)};
    }
};

// From Σ (x − near) and its squares.
__device__ inline Moments moments(real count, real near, Pair sums) {
    real rest = count > 0 ? sums.a / count : real(0), squares = sums.b - rest * sums.a;
    return {count, near, rest, squares < 0 ? real(0) : squares};  // by rounding, where all are equal
}

// What the team has of the row stays in `v`, if it is whole: the sums are of x − its mean. A longer one is gone through
// once, and so are the sums of each thread's numbers of a piece.
__device__ inline Moments moments_of(const real* x, const Row& row, Values& v, Team& team) {
    Moments found;
    FOR_EACH_PIECE_TO_FIND(from, row) {
        v.load(x, row, from, 0);
        if (STAGE == 2) break;
        real total = 0;
        int count = 0;
        FOR_EACH_PACK(k, j, row, from) count += WIDE;
        FOR_EACH_VALUE(k) total += v.at[k];
        if (WHOLE) total = team.sum(total), count = row.n;
        real near = total / count;
        Pair sums;  // of x − near and of its square
        FOR_EACH_PACK(k, j, row, from) UNROLL for (int e = k; e < k + WIDE; e++) {
            real d = v.at[e] - near;
            sums = sums + Pair{d, d * d};
        }
        if (WHOLE) return moments(count, near, team.sum(sums));
        if (count) found = found + moments(count, near, sums);
    }
    return STAGE < 2 ? team.sum(found) : found;
}
