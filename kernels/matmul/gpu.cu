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
