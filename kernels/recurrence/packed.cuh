// The weight of a recurrent network, as its steps read it, and what steps have in common.
//
//     matrix   column c            packed    vector of k  │ column 0: 0 1 2 3 │ column 1: 0 1 2 3 │ …
//        k 0   · · ▪ · ·                     0 … 3
//        k 1   · · ▪ · ·           VECTOR neighbours of a column lie side by side: one load, and those of neighbouring
//        k 2   · · ▪ · ·           threads, which have neighbouring columns, are whole lines
//        k 3   · · ▪ · ·
//
// Depths, those of states too, are filled up with zeros to whole vectors.
#pragma once

#include "elementwise.cuh"

constexpr int VECTOR = 16 / sizeof(real);  // numbers in the longest load that a thread has

struct alignas(16) Vector {
    real of[VECTOR];
};

__device__ inline long long whole_vectors(long long depth) { return (depth + VECTOR - 1) / VECTOR * VECTOR; }

// packed[k / VECTOR][c][k % VECTOR] = matrix[k · down + c · across], or 0 for k ≥ depth.
extern "C" __global__ void pack(const real* matrix, real* packed, long long down, long long across, long long depth,
                                long long columns, long long size) {
    FOR_EACH_ELEMENT(i, size) {
        long long c = i / VECTOR % columns, k = i / VECTOR / columns * VECTOR + i % VECTOR;
        packed[i] = k < depth ? matrix[k * down + c * across] : real(0);
    }
}

// A unit of one row in one step. Arrays over steps are indexed by `place`, (step, row) seen flat.
struct Spot {
    long long place, state, unit;
    long long before;  // the place of the row's step before, or −1 where it begins with this one
    bool inside;       // whether the step counts for the row: t < length

    __device__ Spot(long long t, long long row, long long unit, long long length, int reverse, long long rows,
                    long long n)
        : place(t * rows + row), state(row * n + unit), unit(unit), inside(t < length) {
        bool begins = t == (reverse ? length - 1 : 0);
        before = !inside || begins ? -1 : place + (reverse ? rows : -rows);
    }
};

// The new state of a unit, cell(sums, spot, old), and its output.
template <int GATES, typename Cell>
__device__ real step_there(const Cell& cell, real (&sum)[GATES], const Spot& spot, real old, real* y, long long n) {
    real out = spot.inside ? cell(sum, spot, old) : old;
    y[spot.place * n + spot.unit] = spot.inside ? out : real(0);
    return out;
}

// Out of a unit's gradient, dh and that of its output, cell(v, spot, out) makes those of its gates, v, 0 where the
// step doesn't count; what doesn't go through the weight stays in dh.
template <int GATES, typename Cell>
__device__ void step_back(const Cell& cell, real (&v)[GATES], const Spot& spot, const real* grad, int has_grad,
                          real* dh, long long n) {
    real out = dh[spot.state];
    if (spot.inside && has_grad) out += grad[spot.place * n + spot.unit];
    dh[spot.state] = cell(v, spot, out);
}
