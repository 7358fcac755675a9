// Rung 1: a thread an element of y, the definition. Each number of a and b is fetched from global memory for
// every element that needs it: 8 bytes for 2 operations, where the GPU could do 20 operations in that time.

#include "matmul/matrices.cuh"

extern "C" __global__ void matmul(MATRIX_ARGUMENTS) {
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    long long tiles_across = (columns + 15) / 16;
    long long row = blockIdx.x / tiles_across * 16 + threadIdx.y;
    long long column = blockIdx.x % tiles_across * 16 + threadIdx.x;
    if (row >= rows || column >= columns) return;
    for (long long s = blockIdx.y; s < stack; s += gridDim.y) {
        real sum = has_bias ? bias[column] : real(0);
        for (long long k = 0; k < terms; k++) sum += a.at(s, row, k) * b.at(s, k, column);
        long long place = (s * rows + row) * columns + column;
        if (has_residual) sum += residual[place];
        y[place] = activate(activation, sum);
    }
}
