// The matrix product on the GPU: y = act(a b + bias + residual), for a stack of matrices of any size and strides. A block
// takes a tile of y, of each matrix of the stack: tile.cuh draws it.

#include "matmul/tile.cuh"

extern "C" __global__ void matmul(MATRIX_ARGUMENTS) {
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    long long tiles_across = (columns + TILE - 1) / TILE;
    long long top = blockIdx.x / tiles_across * TILE, left = blockIdx.x % tiles_across * TILE;
    for (long long s = blockIdx.y; s < stack; s += gridDim.y) {
        Sums sums = tile_sums(a, b, s, top, left, rows, terms, columns);
        for (int i = 0; i < EACH; i++) {
            for (int j = 0; j < EACH; j++) {
                long long row = top + sums.down + i * SIDE, column = left + sums.across + j * SIDE;
                if (row < rows && column < columns) {
                    long long place = (s * rows + row) * columns + column;
                    real v = sums.at[i][j] + (has_bias ? bias[column] : real(0));
                    if (has_residual) v += residual[place];
                    y[place] = activate(activation, v);
                }
            }
        }
    }
}

// The sum of each column. A block of 32 × 8 threads takes 32 columns: 8 rows at a time, so that a warp reads
// 32 neighbouring numbers, then the 8 partial sums of each column meet in shared memory.
extern "C" __global__ void column_sum(const real* x, real* out, long long rows, long long columns) {
    __shared__ real partial[8][32];
    long long column = blockIdx.x * 32LL + threadIdx.x;
    real sum = 0;
    if (column < columns)
        for (long long row = threadIdx.y; row < rows; row += 8) sum += x[row * columns + column];
    partial[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        real total = 0;
        for (int part = 0; part < 8; part++) total += partial[part][threadIdx.x];
        out[column] = total;
    }
}
