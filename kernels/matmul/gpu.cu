// The matrix product on the GPU: y = act(a b + bias + residual), for a stack of matrices of any size and strides. A
// block takes a tile of y, of each matrix of the stack: tile.cuh draws it. Where that makes too few blocks, launch code
// lets several of them (blockIdx.z) share a tile's terms, `part` each: y then is a stack of partial sums for add_parts.

#include "elementwise.cuh"
#include "matmul/order.cuh"
#include "matmul/tile.cuh"

// For float, 128 registers a thread: two blocks of 256 threads on a multiprocessor, one of which computes while the
// other waits.
extern "C" __global__ void __launch_bounds__(THREADS, sizeof(real) == 4 ? 512 / THREADS : 1)
    matmul(MATRIX_ARGUMENTS, long long part) {
    long long first = blockIdx.z * part, count = min(part, terms - first);
    Matrices a = {a_data + first * a_column, a_stack, a_row, a_column};
    Matrices b = {b_data + first * b_row, b_stack, b_row, b_column};
    real* out = y + blockIdx.z * stack * rows * columns;
    Result result = {out, bias, residual, rows, columns, has_bias, has_residual, activation};
    TilePlace tile = tile_of_block(blockIdx.x, (rows + TILE_ROWS - 1) / TILE_ROWS,
                                   (columns + TILE_COLUMNS - 1) / TILE_COLUMNS);
    long long top = tile.row * (long long)TILE_ROWS, left = tile.column * (long long)TILE_COLUMNS;
    for (long long s = blockIdx.y; s < stack; s += gridDim.y) {
        Sums sums = tile_sums(a, b, s, top, left, rows, count, columns);
#pragma unroll
        for (int i = 0; i < THREAD_ROWS; i++)
#pragma unroll
            for (int j = 0; j < THREAD_COLUMNS; j += V)
                result.put_vector(s, top + sums.row(i), left + sums.column(j), vector_of(&sums.at[i][j]));
    }
}

// The partial sums of each element, always in the same order, and what follows them.
extern "C" __global__ void add_parts(const real* sums, const real* bias, const real* residual, real* y, long long parts,
                                     long long columns, int has_bias, int has_residual, int activation,
                                     long long size) {
    Result result = {y, bias, residual, size, columns, has_bias, has_residual, activation};
    FOR_EACH_ELEMENT(i, size) {
        real sum = 0;
        for (long long part = 0; part < parts; part++) sum += sums[part * size + i];
        y[i] = result.finished(sum, i, i % columns);
    }
}
