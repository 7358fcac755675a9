// Rung 3, over rung 2: shared memory. Step by step along the terms a block of 32 × 32 threads copies 32 × 32 numbers of
// a and of b there, one each a thread, and every number is used 32 times: global memory is read 32 times less.
//
//               ┌────┐
//               │ b  │         All lanes of a warp read the same number of a, and 32 neighbouring ones of b,
//               └────┘         one from each bank: no conflicts.
//        ┌────┐ ┌────┐
//        │ a  │ │ y  │
//        └────┘ └────┘
//
// But a multiply-add still takes two reads, now of shared memory, which gives a warp 32 numbers a cycle while 128
// multiply-adds could be done.
//
// 4096³: 17 GB from L2 (3 ms), 2.06 passes over the banks for 32 multiply-adds: 17 ms on an H100.
// Not run on a GPU yet. Figures, and where they come from: ladder/__init__.py.

#include "matmul/ladder/edges.cuh"

constexpr int TILE = 32;

extern "C" __global__ void __launch_bounds__(TILE * TILE) matmul(MATRIX_ARGUMENTS) {
    __shared__ real tile_a[TILE][TILE], tile_b[TILE][TILE];
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Result result = {y, bias, residual, rows, columns, has_bias, has_residual, activation};
    long long tiles_across = (columns + TILE - 1) / TILE;
    long long row = blockIdx.x / tiles_across * TILE + threadIdx.y;
    long long column = blockIdx.x % tiles_across * TILE + threadIdx.x;
    for (long long s = blockIdx.y; s < stack; s += gridDim.y) {
        Operand of_a = rows_of(a, s, rows, terms), of_b = columns_of(b, s, terms, columns);
        real sum = 0;
        long long steps = (terms + TILE - 1) / TILE;
        for (long long step = 0; step < steps; step++) {
            long long k = step * TILE;
            tile_a[threadIdx.y][threadIdx.x] = number(of_a, row, k + threadIdx.x);
            tile_b[threadIdx.y][threadIdx.x] = number(of_b, column, k + threadIdx.y);
            __syncthreads();  // the tiles are whole
            for (int depth = 0; depth < TILE; depth++) sum += tile_a[threadIdx.y][depth] * tile_b[depth][threadIdx.x];
            __syncthreads();  // all have read: the tiles may be overwritten
        }
        result.put(s, row, column, sum);
    }
}
