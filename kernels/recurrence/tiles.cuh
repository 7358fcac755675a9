// One step of a recurrent network in one launch: for weights so large that a block which reads all of one (steps.cuh)
// takes longer than a launch does. Blocks all over the GPU share the step: each makes TILE rows × TILE units, with all
// their gates, from slices of the states and of the weight in shared memory.
//
//     states                 packed weight
//     ┌──────────┐           ┌────┐┌────┐┌────┐┌────┐
//     │ TILE × 8 │     ×     │ i  ││ f  ││ g  ││ o  │    of TILE units, 8 vectors deep, with a vector's gap after each
//     └──────────┘           └────┘└────┘└────┘└────┘    column: what 8 threads load together lies in different banks
//
// A thread has one unit of two rows. While it multiplies a slice, its part of the next one is on its way.
#pragma once

#include "recurrence/packed.cuh"

constexpr int TILE = 16, VECTORS = 8, HALF = TILE / 2;  // 128 threads: TILE across, HALF down

// Where a block's tile begins.
struct Tile {
    long long top, left;

    __device__ Tile(long long n) {
        long long across = (n + TILE - 1) / TILE;
        top = blockIdx.x / across * TILE, left = blockIdx.x % across * TILE;
    }
    __device__ long long unit() const { return left + threadIdx.x % TILE; }
    __device__ long long row(int i) const { return top + threadIdx.x / TILE + i * HALF; }
};

// sum[i][gate] = Σₖ a[row(i) · pitch + k] matrix[k, gate · n + unit]
template <int GATES>
__device__ void product(real (&sum)[2][GATES], const Tile& tile, const real* a, const real* packed, long long pitch,
                        long long rows, long long n) {
    __shared__ Vector of_rows[TILE][VECTORS + 1], of_columns[GATES][TILE][VECTORS + 1];
    int across = threadIdx.x % TILE, down = threadIdx.x / TILE;
    // What this thread fetches: vector v of row r, and vector `down` of the column `across` of each gate.
    int r = threadIdx.x / VECTORS, v = threadIdx.x % VECTORS;
    long long depth = pitch / VECTOR;
    Vector from_row, from_column[GATES];
    auto fetch = [&](long long first) {
        from_row = {};
        long long row = tile.top + r;
        if (row < rows && first + v < depth) from_row = ((const Vector*)(a + row * pitch))[first + v];
        for (int gate = 0; gate < GATES; gate++) {
            long long k = first + down, unit = tile.left + across;
            from_column[gate] = {};
            if (unit < n && k < depth) from_column[gate] = ((const Vector*)packed)[(k * GATES + gate) * n + unit];
        }
    };
    for (int i = 0; i < 2; i++)
        for (int gate = 0; gate < GATES; gate++) sum[i][gate] = 0;
    fetch(0);
    for (long long first = 0; first < depth; first += VECTORS) {
        of_rows[r][v] = from_row;
        for (int gate = 0; gate < GATES; gate++) of_columns[gate][across][down] = from_column[gate];
        __syncthreads();  // the slices are whole
        if (first + VECTORS < depth) fetch(first + VECTORS);
#pragma unroll
        for (int k = 0; k < VECTORS; k++) {
            Vector x[2] = {of_rows[down][k], of_rows[down + HALF][k]};
            for (int gate = 0; gate < GATES; gate++) {
                Vector column = of_columns[gate][across][k];
                for (int i = 0; i < 2; i++)
                    for (int lane = 0; lane < VECTOR; lane++) sum[i][gate] += x[i].of[lane] * column.of[lane];
            }
        }
        __syncthreads();  // all have read them
    }
}

// Step t on the way there: states `before` and `after` it, (rows, whole vectors).
template <int GATES, typename Cell>
__device__ void step_forward(const Cell& cell, const real* packed, const real* before, real* after,
                             const long long* lengths, real* y, int reverse, long long t, long long rows, long long n) {
    Tile tile(n);
    long long unit = tile.unit(), pitch = whole_vectors(n);
    real sum[2][GATES];
    product(sum, tile, before, packed, pitch, rows, n);
#pragma unroll
    for (int i = 0; i < 2; i++) {
        long long row = tile.row(i);
        if (unit < n && row < rows) {
            Spot spot(t, row, unit, lengths[row], reverse, rows, n);
            after[row * pitch + unit] = step_there(cell, sum[i], spot, before[row * pitch + unit], y, n);
        }
    }
}

// Step t on the way back: what `later`, the gates' gradients of step `later_t`, give dh; then this step's `grads`,
// (rows, whole vectors of all gates). There is no later step (−1) in the first launch, and no t left (−1) in the last.
template <int GATES, typename Cell>
__device__ void step_backward(const Cell& cell, const real* packed, const real* later, real* grads, const real* grad,
                              const long long* lengths, real* dh, int has_grad, int reverse, long long later_t,
                              long long t, long long rows, long long n) {
    Tile tile(n);
    long long unit = tile.unit(), pitch = whole_vectors(GATES * n);
    real sum[2][1] = {};
    if (later_t >= 0) product(sum, tile, later, packed, pitch, rows, n);
#pragma unroll
    for (int i = 0; i < 2; i++) {
        long long row = tile.row(i);
        if (unit < n && row < rows) {
            if (later_t >= 0 && later_t < lengths[row]) dh[row * n + unit] += sum[i][0];
            if (t < 0) continue;
            real v[GATES] = {};
            step_back(cell, v, Spot(t, row, unit, lengths[row], reverse, rows, n), grad, has_grad, dh, n);
            for (int gate = 0; gate < GATES; gate++) grads[row * pitch + gate * n + unit] = v[gate];
        }
    }
}
