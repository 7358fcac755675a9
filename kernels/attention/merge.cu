// y, of what blocks found that share the keys of a head (gpu.cu): for each part of the keys and each of n rows, the
// values' sum with the weights exp(score − most), and most and Σ exp themselves. A warp takes a row, the parts in order.
//
// Not run on a GPU yet.

#include "attention/heads.cuh"

extern "C" __global__ void merge_parts(const real* found, const real* states, long long parts, ROWS_OF(real, y),
                                       real* sums, int wants_sums, long long heads, long long queries,
                                       long long values, long long n) {
    long long warps = gridDim.x * (long long)blockDim.x / 32, lane = threadIdx.x % 32;
    for (long long i = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / 32; i < n; i += warps) {
        real most = -infinity(), total = 0;
        for (long long p = 0; p < parts; p++) most = larger(most, states[2 * (p * n + i)]);
        real base = most == -infinity() ? real(0) : most;
        for (long long p = 0; p < parts; p++) total += states[2 * (p * n + i) + 1] * exp(states[2 * (p * n + i)] - base);
        real* y_of = HEAD(y, i / queries / heads, i / queries % heads) + i % queries * y_row;
        for (long long e = lane; e < values; e += 32) {
            real sum = 0;
            for (long long p = 0; p < parts; p++)
                sum += found[(p * n + i) * values + e] * exp(states[2 * (p * n + i)] - base);
            y_of[e] = total == 0 ? real(0) : sum / total;
        }
        if (wants_sums && lane == 0) sums[i] = total == 0 ? infinity() : most + log(total);
    }
}
