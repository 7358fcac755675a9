// Rung 2: the positions are sorted by index (sort.cu), and a block sums up one row of the table, in the order of its
// positions: no atomics, and the same bits in every run.
//
// A number of the gradient is now read once and added in a register: of 2048 positions of 100 × 128 the simulator
// counts 57,974 sectors, 6,610 of them to sort, and half of rung 1's instructions. Not run on a GPU yet; __init__.py
// predicts.
//
// But a row that most positions name is one block's work, while the others wait; and each row that none names has a
// block, which finds that out by two searches.

#include "softmax/reduce.cuh"

// The first place among sorted keys that isn't below `key`.
__device__ long long find(const long long* keys, long long n, long long key) {
    long long low = 0, high = n;
    while (low < high) {
        long long middle = (low + high) / 2;
        if (keys[middle] >= key)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

extern "C" __global__ void sum_rows(const real* grad, const long long* keys, const long long* order, real* out,
                                    int by_frequency, long long positions, long long rows, long long columns) {
    FOR_EACH_ROW(row, rows) {
        long long first = find(keys, positions, row), end = find(keys, positions, row + 1);
        ALONG_THE_ROW(j, columns) {
            real sum = 0;
            for (long long k = first; k < end; k++) sum += grad[order[k] * columns + j];
            out[row * columns + j] = by_frequency && end > first ? sum / (end - first) : sum;
        }
    }
}
