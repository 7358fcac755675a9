// Rung 4: the maximum and the sum in one pass, by loads of 16 bytes.
//
// Each lane keeps the largest number so far and the sum of exp(x − that); when a larger one comes, the sum is turned to
// it (Milakov and Gimelshein, arXiv:1805.02867). So a row is read twice, not three times: 24,576 sectors for 64 rows of
// 1024. A load of 16 bytes is one instruction for four float32, and has four times as much on its way while the lane
// waits. Rows that don't begin at multiples of 16 bytes, and columns, go number by number. Predicted for 16384 rows of
// 4096 on an H100: from 160 µs, if the cache serves the second read, to 240; not run on one yet.
//
// What remains is that second read: the top of the ladder, gpu.cu, keeps the row in registers. The gradient has but one
// sum, and would gain the wide loads alone: it has no rung here.

#include "softmax/ladder/warps.cuh"

template <int WIDE>
struct alignas(WIDE * sizeof(real)) Pack {
    real at[WIDE];
};

template <int WIDE>
__device__ void softmax_of_row(const real* x, real* y, long long n, long long inner) {
    const real nothing = real(-1) / real(0);
    real top = nothing, sum = 0;
    for (long long j = threadIdx.x % 32 * WIDE; j < n; j += 32 * WIDE) {
        Pack<WIDE> pack = *reinterpret_cast<const Pack<WIDE>*>(x + j * inner);
        real before = top;
        for (int e = 0; e < WIDE; e++) top = pack.at[e] > top ? pack.at[e] : top;
        real base = top > nothing ? top : real(0);  // no −∞ less −∞ before the end
        sum *= exp(before - base);
        for (int e = 0; e < WIDE; e++) sum += exp(pack.at[e] - base);
    }
    real highest = warp_max(top), scale = real(1) / warp_sum(sum * exp(top - highest));
    for (long long j = threadIdx.x % 32 * WIDE; j < n; j += 32 * WIDE) {
        Pack<WIDE> pack = *reinterpret_cast<const Pack<WIDE>*>(x + j * inner);
        for (int e = 0; e < WIDE; e++) pack.at[e] = exp(pack.at[e] - highest) * scale;
        *reinterpret_cast<Pack<WIDE>*>(y + j * inner) = pack;
    }
}

extern "C" __global__ void softmax(const real* x, real* y, long long rows, long long n, long long inner) {
    constexpr int MOST = 16 / sizeof(real);
    bool aligned = inner == 1 && n % MOST == 0 && (size_t)x % 16 == 0 && (size_t)y % 16 == 0;
    long long warp = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / 32, warps = gridDim.x * (blockDim.x / 32LL);
    for (long long row = warp; row < rows; row += warps) {
        long long start = row / inner * n * inner + row % inner;
        if (aligned) softmax_of_row<MOST>(x + start, y + start, n, 1);
        else softmax_of_row<1>(x + start, y + start, n, inner);
    }
}
