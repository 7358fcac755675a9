// What every softmax needs of a row.
#pragma once

#include "teams.cuh"

// The largest number and Σ exp(x − top).
struct Total {
    real top, sum;
};

// A whole row stays in `v`. A longer one is gone through once: when a larger number comes, what has been summed up so far is
// turned to it (Milakov and Gimelshein, Online normalizer calculation for softmax, arXiv:1805.02867).
__device__ inline Total total_of(const real* x, const Row& row, Values& v, Team& team) {
    const real nothing = real(-1) / real(0);
    real top = nothing, sum = 0;
    if (WHOLE) {
        v.load(x, row, 0, nothing);
        top = team.max(v.largest(nothing));
        FOR_EACH_VALUE(k) sum += exp(v.at[k] - top);
        return {top, team.sum(sum)};
    }
    FOR_EACH_PIECE(from, row) {
        v.load(x, row, from, nothing);
        real higher = v.largest(top), base = higher > nothing ? higher : real(0);  // no −∞ less −∞ before the end
        sum *= exp(top - base);
        FOR_EACH_VALUE(k) sum += exp(v.at[k] - base);
        top = higher;
    }
    real highest = team.max(top);
    return {highest, team.sum(sum * exp(top - highest))};
}
