// Depthwise convolutions as most networks have them: windows of 3×3 or 5×5, by steps of 1 or 2, without dilation.
// Compiled for each; depthwise.cu has the others.
//
//      rows of x      results of a thread       A thread takes 4 results below each other (of the weight's gradient, so
//         0 ────────► 0                         many slopes). It walks down the rows that they see, and reads each number
//         1 ────────► 0  1                      once for all of them: of 3×3 windows 18 numbers for 36 multiply-adds.
//         2 ────────► 0  1  2                   Threads of a warp are neighbours along the row. What their windows share
//         3 ────────►    1  2  3                comes from the cache.
//         4 ────────►       2  3
//         5 ────────►          3
//
// Of 32 × 64 × 112² with 3×3 windows an H100 (3.35 TB/s, 132 multiprocessors at 1.75 GHz, four instructions a clock) must
// move 206 MB, forward and for either gradient: 61 µs. Instructions, by what the simulator counts of 2 × 2 × 112²
//
//     kernelwright trace conv2d --shape 2,2,112,2,3,1,1,2 --no-races       (--backward)
//
//                               instructions           sectors             predicted, by instructions
//                               here     depthwise.cu  here    there       here     there
//     y                          98,568    402,800     41,672  84,440      55 µs    223 µs
//     gradient by x             114,640    669,640     41,672  84,440      64 µs    371 µs
//     gradient by the weight    246,484  1,271,776     41,706  70,596      less than the 61 µs of memory, for sums
//                                                                          of warps are most of it at that size
//
// By steps of 2, of 2 × 4 × 28², the gradient by x takes 21,520 instructions, where it took 106,460. Where a window looks
// beyond the image, it sees zeros. Not run on a GPU yet.

#include "convolution/shapes.cuh"

#ifndef WINDOW
#define WINDOW 3
#define STRIDE 1
#endif
constexpr int EACH = 4, SEEN = (EACH - 1) * STRIDE + WINDOW;  // results of a thread, and rows that they see
constexpr int PLACES = WINDOW * WINDOW, THREADS = 256;
constexpr int AT_A_TIME = sizeof(real) == 4 ? 2 : 1;  // blocks on a multiprocessor, at least

// A strip of results, as it walks down what it sees of an image.
struct Strip {
    const real* row;
    int top, height, width;
    bool inside[WINDOW];

    __device__ Strip(const real* plane, int top, int left, int height, int width)
        : row(plane + (long long)top * width + left), top(top), height(height), width(width) {
        for (int k = 0; k < WINDOW; k++) inside[k] = is_on(left + k, width);
    }

    // The numbers of row r; they must be asked for in turn.
    __device__ void read(int r, real (&seen)[WINDOW]) {
        bool on = is_on(top + r, height);
        for (int k = 0; k < WINDOW; k++) seen[k] = on && inside[k] ? row[k] : real(0);
        row += width;
    }
};

// This thread's: its plane, its first row there, and its column. A block is strips × planes (cuda.py: planes).
struct Own {
    int plane, row, column;
};
__device__ inline Own own_strip(int result_h, int result_w) {
    int blocks = (result_w * ((result_h + EACH - 1) / EACH) + blockDim.x - 1) / blockDim.x;  // of a plane
    int at = blockIdx.x % blocks * blockDim.x + threadIdx.x;
    return {int(blockIdx.x / blocks * blockDim.y + threadIdx.y), at / result_w * EACH, at % result_w};
}

#define ARGUMENTS                                                                                                     \
    const real *x, const real *weight, const real *bias, real *y, int has_bias, int fan, int channels, int planes,   \
        int height, int width, int result_h, int result_w, int padding_h, int padding_w
#define NAMES x, weight, bias, y, has_bias, fan, channels, planes, height, width, result_h, result_w, padding_h, padding_w

// Of a convolution `fan` planes of the result see the same plane of x; of a transposed one, whose window lies turned by
// half a circle, each sees as many of x.
template <bool TRANSPOSED>
__device__ void strips(ARGUMENTS) {
    auto [p, first, w] = own_strip(result_h, result_w);
    if (p >= planes || first >= result_h) return;
    int channel = p % channels;
    real sum[EACH];
    for (int e = 0; e < EACH; e++) sum[e] = has_bias ? bias[channel] : real(0);
    for (int j = 0; j < (TRANSPOSED ? fan : 1); j++) {
        const real* window = weight + (TRANSPOSED ? (long long)channel * fan + j : channel) * PLACES;
        real factor[PLACES];
        for (int k = 0; k < PLACES; k++) factor[k] = window[TRANSPOSED ? PLACES - 1 - k : k];
        long long plane = TRANSPOSED ? (long long)p * fan + j : p / fan;
        Strip strip(x + plane * height * width, first * STRIDE - padding_h, w * STRIDE - padding_w, height, width);
#pragma unroll
        for (int r = 0; r < SEEN; r++) {
            real seen[WINDOW];
            strip.read(r, seen);
            for (int e = 0; e < EACH; e++)
                for (int k = 0; k < WINDOW; k++)
                    if (is_on(r - e * STRIDE, WINDOW)) sum[e] += factor[(r - e * STRIDE) * WINDOW + k] * seen[k];
        }
    }
    real* to = y + ((long long)p * result_h + first) * result_w + w;
    for (int e = 0; e < EACH; e++)
        if (first + e < result_h) to[(long long)e * result_w] = sum[e];
}

extern "C" __global__ void __launch_bounds__(THREADS, AT_A_TIME) depthwise(ARGUMENTS) { strips<false>(NAMES); }

// The same of a transposed one by larger steps. Element q of an axis sees at place k of the window the element
// (q + padding − k) / STRIDE of x, if that is an integer: a column has a list of them, rows are asked one by one.
__device__ void sparse_strips(ARGUMENTS) {
    auto [p, first, w] = own_strip(result_h, result_w);
    if (p >= planes || first >= result_h) return;
    int channel = p % channels, column[WINDOW];
    for (int k = 0; k < WINDOW; k++) {
        int place = w + padding_w - k;
        column[k] = place >= 0 && place % STRIDE == 0 && place / STRIDE < width ? place / STRIDE : -1;
    }
    real sum[EACH];
    for (int e = 0; e < EACH; e++) sum[e] = has_bias ? bias[channel] : real(0);
    for (int j = 0; j < fan; j++) {
        const real* window = weight + ((long long)channel * fan + j) * PLACES;
        real factor[PLACES];
        for (int k = 0; k < PLACES; k++) factor[k] = window[k];
        const real* plane = x + ((long long)p * fan + j) * height * width;
#pragma unroll
        for (int e = 0; e < EACH; e++) {
#pragma unroll
            for (int b = 0; b < WINDOW; b++) {
                int place = first + e + padding_h - b;
                if (place < 0 || place % STRIDE || place / STRIDE >= height) continue;
                const real* row = plane + (long long)(place / STRIDE) * width;
                for (int k = 0; k < WINDOW; k++)
                    if (column[k] >= 0) sum[e] += factor[b * WINDOW + k] * row[column[k]];
            }
        }
    }
    real* to = y + ((long long)p * result_h + first) * result_w + w;
    for (int e = 0; e < EACH; e++)
        if (first + e < result_h) to[(long long)e * result_w] = sum[e];
}

extern "C" __global__ void __launch_bounds__(THREADS, AT_A_TIME) depthwise_transposed(ARGUMENTS) {
    if constexpr (STRIDE == 1)
        strips<true>(NAMES);
    else
        sparse_strips(NAMES);
}

// A block sums, for one output channel, what a share of all images' strips adds: each thread every 256th of them, then
// warps by shuffles, then the warps' sums. parts (parts, *weight).
extern "C" __global__ void __launch_bounds__(THREADS)
    depthwise_weight(const real* grad, const real* x, real* parts, long long share, int n, int fan, int channels,
                     int height, int width, int result_h, int result_w, int padding_h, int padding_w) {
    __shared__ real of_warp[THREADS / 32][PLACES];
    int channel = blockIdx.x;
    Sizes strips = {1, (result_h + EACH - 1) / EACH, result_w};
    long long first = blockIdx.y * share, last = min(n * strips.product(), first + share);
    Digits at(first + threadIdx.x, strips), step(THREADS, strips);
    real sum[PLACES] = {};
    for (long long i = first + threadIdx.x; i < last; i += THREADS, at.add(step, strips)) {
        int top = at.h * EACH;
        const real* slopes = grad + ((at.first * channels + channel) * result_h + top) * result_w + at.w;
        real slope[EACH];
        for (int e = 0; e < EACH; e++) slope[e] = top + e < result_h ? slopes[(long long)e * result_w] : real(0);
        const real* plane = x + (at.first * (channels / fan) + channel / fan) * height * width;
        Strip strip(plane, top * STRIDE - padding_h, at.w * STRIDE - padding_w, height, width);
#pragma unroll
        for (int r = 0; r < SEEN; r++) {
            real seen[WINDOW];
            strip.read(r, seen);
            for (int e = 0; e < EACH; e++)
                for (int k = 0; k < WINDOW; k++)
                    if (is_on(r - e * STRIDE, WINDOW)) sum[(r - e * STRIDE) * WINDOW + k] += slope[e] * seen[k];
        }
    }
#pragma unroll
    for (int j = 0; j < PLACES; j++) {
        for (int lanes = 16; lanes; lanes /= 2) sum[j] += __shfl_xor_sync(~0u, sum[j], lanes);
        if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32][j] = sum[j];
    }
    __syncthreads();  // all warps' sums are there
    if (threadIdx.x >= PLACES) return;
    real total = 0;
    for (int warp = 0; warp < THREADS / 32; warp++) total += of_warp[warp][threadIdx.x];
    parts[((long long)blockIdx.y * channels + channel) * PLACES + threadIdx.x] = total;
}
