// Distances on the GPU, and functions of them: y = φ(r), r² = Σₖ (xₖ − cₖ)² / w².
//
// Tiles as in a matrix product (matmul/ladder): a block of 16 × 16 threads takes 64 rows and 64 centres, 16 features
// of each at a time in shared memory, and each thread 4 × 4 pairs. The squares themselves are summed: ‖x‖² + ‖c‖² − 2 x·c
// would spare one instruction of two, but loses its digits where x is near c.
//
// Beyond the edges both tiles hold zeros, whose differences add nothing to the sums.

#include "distance/pairs.cuh"

constexpr int TILE = 64, DEPTH = 16, SIDE = 16, EACH = TILE / SIDE;

__device__ void load_tile(real (*tile)[TILE + 1], const real* x, long long first, long long rows, long long k,
                          long long terms) {
    for (int e = threadIdx.x; e < TILE * DEPTH; e += SIDE * SIDE) {
        long long row = first + e / DEPTH, column = k + e % DEPTH;
        tile[e % DEPTH][e / DEPTH] = row < rows && column < terms ? x[row * terms + column] : real(0);
    }
}

extern "C" __global__ void distance(PAIR_ARGUMENTS) {
    __shared__ real tile_x[DEPTH][TILE + 1], tile_c[DEPTH][TILE + 1];  // transposed; one more, against conflicts
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    long long tiles_across = (columns + TILE - 1) / TILE;
    long long top = blockIdx.x / tiles_across * TILE, left = blockIdx.x % tiles_across * TILE;
    real sum[EACH][EACH] = {};
    long long steps = (terms + DEPTH - 1) / DEPTH;
    for (long long step = 0; step < steps; step++) {
        load_tile(tile_x, x, top, rows, step * DEPTH, terms);
        load_tile(tile_c, centres, left, columns, step * DEPTH, terms);
        __syncthreads();  // the tiles are whole
        for (int depth = 0; depth < DEPTH; depth++) {
            real from_x[EACH], from_c[EACH];
            for (int e = 0; e < EACH; e++) {
                from_x[e] = tile_x[depth][down + e * SIDE];
                from_c[e] = tile_c[depth][across + e * SIDE];
            }
            for (int i = 0; i < EACH; i++) {
                for (int j = 0; j < EACH; j++) {
                    real d = from_x[i] - from_c[j];
                    sum[i][j] += d * d;
                }
            }
        }
        __syncthreads();  // all have read: the tiles may be overwritten
    }
#pragma unroll  // else the sums, found by i and j, lie in memory
    for (int i = 0; i < EACH; i++) {
#pragma unroll
        for (int j = 0; j < EACH; j++) {
            long long row = top + down + i * SIDE, column = left + across + j * SIDE;
            if (row < rows && column < columns) STORE_PAIR(row, column, sum[i][j]);
        }
    }
}

// pull = grad · 2 φ′ / w², the sums of its columns, and −w Σ pull · u. A block of 32 × 8 threads takes 32 columns: 8 rows
// at a time, so that a warp reads 32 neighbouring numbers, then the 8 partial sums of each meet in shared memory.
extern "C" __global__ void slopes(const real* grad, const real* distances, const real* widths, real* pull, real* pulls,
                                  real* grad_widths, long long rows, long long columns, int function,
                                  int has_widths) {
    __shared__ real sums[8][32], spreads[8][32];
    long long column = blockIdx.x * 32LL + threadIdx.x;
    real sum = 0, spread = 0;
    if (column < columns) {
        real w = has_widths ? widths[column] : real(1);
        for (long long row = threadIdx.y; row < rows; row += 8) {
            long long place = row * columns + column;
            real u = distances[place] / w / w, h = grad[place] * radial::slope(function, u) / w / w;
            pull[place] = h;
            sum += h;
            spread += h * u;
        }
    }
    sums[threadIdx.y][threadIdx.x] = sum;
    spreads[threadIdx.y][threadIdx.x] = spread;
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        real total = 0, total_spread = 0;
        for (int part = 0; part < 8; part++) {
            total += sums[part][threadIdx.x];
            total_spread += spreads[part][threadIdx.x];
        }
        pulls[column] = total;
        if (has_widths) grad_widths[column] = -widths[column] * total_spread;
    }
}
