// All steps of a recurrent network in one launch: a block takes ROWS rows of the batch through all of them; a thread,
// some of their hidden units. Between two steps the block waits for itself, and for no other.
//
//     states, in shared memory     row 0  │ h₀ h₁ h₂ h₃ │ h₄ …     a load is a vector, the same for all threads
//                                  row 1  │ h₀ h₁ h₂ h₃ │ h₄ …
//
// The weight, which the cells need whole in each step, comes from the second-level cache each time: each number once
// for ROWS rows.
#pragma once

#include "recurrence/packed.cuh"

constexpr int ROWS = 4;

#define FOR_EACH_UNIT(unit, n) for (long long unit = threadIdx.x; unit < n; unit += blockDim.x)
// r from 0, and the row of the batch that it is.
#define FOR_EACH_ROW_OF_BLOCK(r, row, rows) \
    _Pragma("unroll")                       \
    for (int r = 0; r < ROWS; r++)          \
        if (long long row = blockIdx.x * ROWS + r; row < rows)

// Where a block keeps so many numbers of its own: in shared memory, or, where that is too small (launch.py), in its
// part of `far`.
__device__ inline real* space(real* far, long long size) {
#ifdef FAR
    return far + blockIdx.x * size;
#else
    extern __shared__ Vector shared[];
    return shared->of;
#endif
}

// sum[r][gate] = Σₖ a[r · pitch + k] matrix[k, gate · n + unit]
template <int GATES>
__device__ void product(real (&sum)[ROWS][GATES], const real* a, long long pitch, const real* packed, long long n,
                        long long unit) {
    for (int r = 0; r < ROWS; r++)
        for (int gate = 0; gate < GATES; gate++) sum[r][gate] = 0;
#pragma unroll 2
    for (long long k = 0; k < pitch / VECTOR; k++) {
        Vector column[GATES];
        for (int gate = 0; gate < GATES; gate++) column[gate] = ((const Vector*)packed)[(k * GATES + gate) * n + unit];
        for (int r = 0; r < ROWS; r++) {
            Vector from = ((const Vector*)(a + r * pitch))[k];
            for (int gate = 0; gate < GATES; gate++)
                for (int lane = 0; lane < VECTOR; lane++) sum[r][gate] += from.of[lane] * column[gate].of[lane];
        }
    }
}

// The way there. `state` is that before the first step, and becomes that after the last.
template <int GATES, typename Cell>
__device__ void forward(const Cell& cell, const real* packed, real* far, const long long* lengths, real* y, real* state,
                        int reverse, long long steps, long long rows, long long n) {
    long long pitch = whole_vectors(n), half = ROWS * pitch;
    real *h = space(far, 2 * half), *next = h + half;
    for (long long i = threadIdx.x; i < 2 * half; i += blockDim.x) h[i] = 0;
    __syncthreads();  // there are zeros where there is no row, and up to the last whole vector
    FOR_EACH_UNIT(unit, n)
        FOR_EACH_ROW_OF_BLOCK(r, row, rows) h[r * pitch + unit] = state[row * n + unit];
    __syncthreads();  // the states are whole
    for (long long step = 0; step < steps; step++) {
        long long t = reverse ? steps - 1 - step : step;
        FOR_EACH_UNIT(unit, n) {
            real sum[ROWS][GATES];
            product(sum, h, pitch, packed, n, unit);
            FOR_EACH_ROW_OF_BLOCK(r, row, rows) {
                Spot spot(t, row, unit, lengths[row], reverse, rows, n);
                next[r * pitch + unit] = step_there(cell, sum[r], spot, h[r * pitch + unit], y, n);
            }
        }
        __syncthreads();  // all have read the old states, and the new ones are whole
        real* old = h;
        h = next, next = old;
    }
    FOR_EACH_UNIT(unit, n)
        FOR_EACH_ROW_OF_BLOCK(r, row, rows) state[row * n + unit] = h[r * pitch + unit];
}

// The way back. `dh` is the gradient of the state after the last step, and becomes that of the one before the first.
template <int GATES, typename Cell>
__device__ void backward(const Cell& cell, const real* packed, real* far, const real* grad, const long long* lengths,
                         real* dh, int has_grad, int reverse, long long steps, long long rows, long long n) {
    long long pitch = whole_vectors(GATES * n);
    real* grads = space(far, ROWS * pitch);
    for (long long i = threadIdx.x; i < ROWS * pitch; i += blockDim.x) grads[i] = 0;
    __syncthreads();  // there are zeros where there is no row, and up to the last whole vector
    for (long long step = steps; step-- > 0;) {
        long long t = reverse ? steps - 1 - step : step;
        FOR_EACH_UNIT(unit, n)
            FOR_EACH_ROW_OF_BLOCK(r, row, rows) {
                real v[GATES] = {};
                step_back(cell, v, Spot(t, row, unit, lengths[row], reverse, rows, n), grad, has_grad, dh, n);
                for (int gate = 0; gate < GATES; gate++) grads[r * pitch + gate * n + unit] = v[gate];
            }
        __syncthreads();  // this step's gradients are whole
        FOR_EACH_UNIT(unit, n) {
            real sum[ROWS][1];
            product(sum, grads, pitch, packed, n, unit);
            FOR_EACH_ROW_OF_BLOCK(r, row, rows)
                if (t < lengths[row]) dh[row * n + unit] += sum[r][0];
        }
        __syncthreads();  // all have read them
    }
}
