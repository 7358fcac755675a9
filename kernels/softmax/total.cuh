// What every softmax needs of a row.
#pragma once

#include "teams.cuh"

// The largest number and Σ exp(x − base); of no number but −∞, which may yet be part of a row, {−∞, 0}.
struct Total {
    real top = real(-1) / real(0), sum = 0;

    __device__ real base() const { return top > real(-1) / real(0) ? top : real(0); }  // no −∞ less −∞ before the end
    __device__ void raise(real higher) {
        Total next = {higher, 0};
        next.sum = sum * exp(top - next.base());
        *this = next;
    }
    __device__ Total operator+(Total other) const {
        Total a = *this;
        real higher = a.top > other.top ? a.top : other.top;
        a.raise(higher), other.raise(higher);
        return {higher, a.sum + other.sum};
    }
};

// What the team has of the row stays in `v`, if it is whole. A longer one is gone through once: when a larger number comes,
// what has been summed up so far is turned to it (Milakov and Gimelshein, Online normalizer calculation for softmax,
// arXiv:1805.02867).
__device__ inline Total total_of(const real* x, const Row& row, Values& v, Team& team) {
    const real nothing = real(-1) / real(0);
    Total total;
    if (WHOLE) v.load(x, row, 0, nothing);
    if (STAGE == 2) return total;  // the first launch has found it
    if (WHOLE) {
        total.top = team.max(v.largest(nothing));
        real base = total.base();
        FOR_EACH_VALUE(k) total.sum += exp(v.at[k] - base);
        total.sum = team.sum(total.sum);
        return total;
    }
    FOR_EACH_PIECE(from, row) {
        v.load(x, row, from, nothing);
        total.raise(v.largest(total.top));
        real base = total.base();
        FOR_EACH_VALUE(k) total.sum += exp(v.at[k] - base);
    }
    return team.sum(total);
}
