// Rung 1: a thread a pair, the definition. Each row is fetched from global memory for every centre, and each centre for
// every row: 8 bytes for 2 instructions.

#include "distance/pairs.cuh"

extern "C" __global__ void distance(PAIR_ARGUMENTS) {
    long long across = (columns + 15) / 16;  // blocks
    long long row = blockIdx.x / across * 16 + threadIdx.y, column = blockIdx.x % across * 16 + threadIdx.x;
    if (row >= rows || column >= columns) return;
    real sum = 0;
    for (long long k = 0; k < terms; k++) {
        real d = x[row * terms + k] - centres[column * terms + k];
        sum += d * d;
    }
    STORE_PAIR(row, column, sum);
}
