// Rung 1: a thread an element of y, the definition. Neighbouring threads take neighbouring rows, the first idea that
// comes to mind and the worst: the 32 numbers of y, or of a, that a warp touches at a time lie a row apart, each in a
// sector of 32 bytes of its own, of which 4 are used.
//
// 4096³: 33 sectors for 32 multiply-adds, each in another line of L1: 271 ms on an H100.
// Not run on a GPU yet. Figures, and where they come from: ladder/__init__.py.

#include "matmul/matrices.cuh"

extern "C" __global__ void matmul(MATRIX_ARGUMENTS) {
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Result result = {y, bias, residual, rows, columns, has_bias, has_residual, activation};
    long long blocks_across = (columns + blockDim.y - 1) / blockDim.y;
    long long row = blockIdx.x / blocks_across * blockDim.x + threadIdx.x;
    long long column = blockIdx.x % blocks_across * blockDim.y + threadIdx.y;
    if (row >= rows || column >= columns) return;
    for (long long s = blockIdx.y; s < stack; s += gridDim.y) {
        real sum = 0;
        for (long long k = 0; k < terms; k++) sum += a.at(s, row, k) * b.at(s, k, column);
        result.put(s, row, column, sum);
    }
}
