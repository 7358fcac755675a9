// Rung 2, over rung 1: neighbouring threads take neighbouring columns, nothing else. What a warp reads of b, and writes
// to y, now are 128 bytes side by side, 4 whole sectors; of a all its lanes read the same number. (Of matrices that are
// stored by columns the opposite is true: how a kernel walks and how numbers lie belong together.)
//
// Still each multiply-add fetches two numbers from a cache: that, not arithmetic, is what takes the time.
//
// 4096³: 5 sectors in 2 lines of L1 for 32 multiply-adds: 16 ms on an H100.
// Not run on a GPU yet. Figures, and where they come from: ladder/__init__.py.

#include "matmul/matrices.cuh"

extern "C" __global__ void matmul(MATRIX_ARGUMENTS) {
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Result result = {y, bias, residual, rows, columns, has_bias, has_residual, activation};
    long long blocks_across = (columns + blockDim.x - 1) / blockDim.x;
    long long row = blockIdx.x / blocks_across * blockDim.y + threadIdx.y;
    long long column = blockIdx.x % blocks_across * blockDim.x + threadIdx.x;
    if (row >= rows || column >= columns) return;
    for (long long s = blockIdx.y; s < stack; s += gridDim.y) {
        real sum = 0;
        for (long long k = 0; k < terms; k++) sum += a.at(s, row, k) * b.at(s, k, column);
        result.put(s, row, column, sum);
    }
}
