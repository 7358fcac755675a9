// Rung 5: Winograd's F(2×2, 3×3): 2 × 2 results of 3×3 windows from 16 products a channel, where rung 4 takes 36.
//
//      image           Bᵀ d B      16 sums over channels      Aᵀ m A         result
//     ┌─────────┐                     weight: G g Gᵀ                      ┌─────────┐
//     │ ┌─────┐ │      ┌─────┐            ┌─────┐           ┌───┐         │ ┌───┐   │     Tiles of the image overlap
//     │ │4 × 4│ │ ───► │4 × 4│ ─────────► │4 × 4│ ────────► │2×2│ ──────► │ │2×2│   │     by 2; beyond its edges
//     │ └─────┘ │      └─────┘            └─────┘           └───┘         │ └───┘   │     are zeros.
//     └─────────┘                                                         └─────────┘
//
// As polynomials, window and image are evaluated at 0, ±1 and ∞, multiplied there, and interpolated. All factors of B
// and A are 0 or ±1, so that the sums hardly lose anything.
//
// Each of the 16 points of a tile is a product of matrices by itself: outputs × channels with channels × tiles. A block
// makes all 16, for 64 outputs and 32 tiles, each of its 16 warps one: 8 × 8 sums a lane, 4 channels at a time. The
// points of the image are computed on their way into shared memory, while those before are multiplied; the weight's
// beforehand, by weight_to_points. In the end, the points of a result, which 16 warps have, meet in shared memory.
//
// In one kernel, no point of an image or a result goes through global memory. With a kernel for each arrow, as
// ../winograd.cu has them, each would be written and read again. Of 32 × 64 × 32² → 64 channels, on an H100:
//
//                    images, results, points (3.35 TB/s)                 arithmetic (67 TFLOP/s)    predicted
//     three kernels  17 MB + 16 × 8192 × (64 + 64) × 8 = 151 MB, 45 µs   1.07 GFLOP, 16 µs       45 to 60 µs
//     this one       17 MB                                        5 µs   1.07 GFLOP, 16 µs             33 µs
//     ../gpu.cu      17 MB                                        5 µs   2.42 GFLOP, 36 µs             79 µs
//
// The prediction counts all instructions, four a clock on each of 132 multiprocessors at 1.75 GHz; in machine code for
// sm_90, 256 of a step's 360 are multiply-adds. The price is room. Sums of 16 points fill a multiprocessor's registers:
// one block of 512 threads with 127 or 128 each, nothing spilled, and 48 KB of shared memory.
//
// Other windows and strides are rung 4's. An infinity or a NaN spreads over its tile. Not run on a GPU yet.
//
// Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308. Blocks that hold all points, and
// warps that hold whole ones, are from Yan, Wang and Chu, Optimizing Batched Winograd Convolution on GPUs, PPoPP 2020.

#include "convolution/shapes.cuh"
#include "copies.cuh"
#include "elementwise.cuh"

constexpr int SIDE = 4, POINTS = SIDE * SIDE;                 // numbers that a tile sees along an axis, and in all
constexpr int ROWS = sizeof(real) == 4 ? 8 : 2, COLUMNS = 8;  // outputs and tiles of a lane, of 8 × 4 in a warp
constexpr int OUTPUTS = 8 * ROWS, TILES = 4 * COLUMNS, THREADS = 32 * POINTS;  // of a block
constexpr int CHANNELS = 4;                                                    // at a time
constexpr int AT_ONCE = sizeof(real) == 4 ? 2 : 1;  // outputs of a lane, whose points meet in shared memory
constexpr int PACK = 16 / sizeof(real);             // numbers in 16 bytes

struct alignas(16) Pack {
    real at[PACK];
};
struct alignas(2 * sizeof(real)) Two {
    real at[2];
};

struct Step {
    Pack weight[CHANNELS][POINTS][OUTPUTS / PACK];
    real image[CHANNELS][POINTS][TILES];
};
union Shared {
    Step steps[2];
    real products[POINTS][8 * AT_ONCE][TILES];
};

// G g, along one axis: g₀ + g₁ z + g₂ z² at z = 0, 1, −1 and ∞. What makes up for B without fractions is halved.
__device__ inline void evaluate(real g0, real g1, real g2, real (&at)[SIDE]) {
    at[0] = g0, at[1] = (g0 + g1 + g2) / 2, at[2] = (g0 - g1 + g2) / 2, at[3] = g2;
}

// points (channels, 16, outputs), both sizes filled up with zeros to whole steps and blocks: n of them for each point.
// The window lies where the steps say, turned by half a circle for the transposed convolution.
extern "C" __global__ void weight_to_points(const real* weight, real* points, long long output_step,
                                            long long channel_step, int channels, int outputs, int padded, int flipped,
                                            long long n) {
    FOR_EACH_ELEMENT(i, n) {
        int channel = i / padded, output = i % padded;
        bool inside = channel < channels && output < outputs;
        const real* window = weight + output * output_step + channel * channel_step;
        real half[3][SIDE];
        for (int h = 0; h < 3; h++) {
            real g[3];
            for (int w = 0; w < 3; w++) g[w] = inside ? window[flipped ? 8 - (3 * h + w) : 3 * h + w] : real(0);
            evaluate(g[0], g[1], g[2], half[h]);
        }
        for (int w = 0; w < SIDE; w++) {
            real column[SIDE];
            evaluate(half[0][w], half[1][w], half[2][w], column);
            for (int h = 0; h < SIDE; h++)
                points[((long long)channel * POINTS + h * SIDE + w) * padded + output] = column[h];
        }
    }
}

// Rows of 32 tiles begin in the same bank, and so would lanes that write in several rows. So rows change the places of
// eights of tiles: the four points that a column of a tile has, and outputs beside each other.
__device__ inline int place_of(int tile, int point) { return tile ^ 8 * (point / SIDE); }
__device__ inline int place_in_products(int tile, int output) { return tile ^ 4 * PACK * (output % 2); }

extern "C" __global__ void __launch_bounds__(THREADS)
    convolution(const real* x, const real* points, const real* bias, real* y, int has_bias, int channels, int outputs,
                int height, int width, int result_h, int result_w, int padding_h, int padding_w, long long columns) {
    __shared__ Shared shared;
    Sizes tiles = {1, (result_h + 1) / 2, (result_w + 1) / 2};
    int across = (outputs + OUTPUTS - 1) / OUTPUTS;
    long long padded = across * OUTPUTS;
    int top = blockIdx.x % across * OUTPUTS;  // blocks beside each other read the same image
    long long left = (long long)(blockIdx.x / across) * TILES;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;

    // What this thread fetches: row `row` of what a tile sees, in every fourth channel; four lanes have a tile.
    int row = lane / 8, seen_tile = warp % 4 * 8 + lane % 8, channel = warp / 4;
    Digits seen(left + seen_tile, tiles);
    int seen_h = seen.h * 2 - padding_h + row, seen_w = seen.w * 2 - padding_w;
    const real* from = x + ((seen.first * channels + channel) * height + seen_h) * (long long)width + seen_w;
    bool inside[SIDE];
    for (int j = 0; j < SIDE; j++)
        inside[j] = left + seen_tile < columns && is_on(seen_h, height) && is_on(seen_w + j, width);
    real d[SIDE];
    auto fetch = [&] {
        for (int j = 0; j < SIDE; j++) d[j] = 0;
        if (channel < channels)
            for (int j = 0; j < SIDE; j++)
                if (inside[j]) d[j] = from[j];
        from += CHANNELS * (long long)height * width, channel += CHANNELS;
    };
    // Bᵀ d B. Along the row by itself; then it meets another row, which another lane has.
    auto put = [&](Step& step) {
        real found[SIDE] = {d[0] - d[2], d[1] + d[2], d[2] - d[1], d[3] - d[1]};
        for (int j = 0; j < SIDE; j++) {
            real other = __shfl_sync(~0u, found[j], (row < 2 ? 2 : 1) * 8 + lane % 8);
            int point = row * SIDE + j;
            step.image[warp / 4][point][place_of(seen_tile, point)] = row == 1 ? found[j] + other : found[j] - other;
        }
    };
    // Points of the weight lie as they are wanted.
    constexpr int LINE = OUTPUTS / PACK, LINES = THREADS / LINE;
    const real* factors = points + threadIdx.x / LINE * padded + top + threadIdx.x % LINE * PACK;
    auto copy = [&](Step& step) {
        for (int i = 0; i < CHANNELS * POINTS / LINES; i++)
            start_copy<16>(&step.weight[0][0][0] + threadIdx.x + i * THREADS, factors + i * LINES * padded, 16);
        factors += CHANNELS * POINTS * padded;
    };

    real sum[ROWS][COLUMNS] = {};
    int down = lane / 4, beside = lane % 4;  // of 8 × 4 lanes
    fetch();
    copy(shared.steps[0]);
    put(shared.steps[0]);
    wait_for_copies();
    __syncthreads();  // the first channels are there
    for (int c = 0; c < channels; c += CHANNELS) {
        Step &now = shared.steps[c / CHANNELS % 2], &then = shared.steps[1 - c / CHANNELS % 2];
        bool more = c + CHANNELS < channels;
        if (more) fetch(), copy(then);
#pragma unroll
        for (int k = 0; k < CHANNELS; k++) {
            Pack factor[ROWS / PACK], tile[COLUMNS / PACK];
            for (int i = 0; i < ROWS / PACK; i++) factor[i] = now.weight[k][warp][down + 8 * i];
            for (int j = 0; j < COLUMNS / PACK; j++)
                tile[j] = *reinterpret_cast<Pack*>(&now.image[k][warp][place_of((beside + 4 * j) * PACK, warp)]);
            for (int i = 0; i < ROWS; i++)
                for (int j = 0; j < COLUMNS; j++)
                    sum[i][j] += factor[i / PACK].at[i % PACK] * tile[j / PACK].at[j % PACK];
        }
        if (more) put(then);
        wait_for_copies();
        __syncthreads();  // the next channels are there, and all have read these
    }

    // Aᵀ m A: a thread computes a row of two results, of one output of each eight; `first` and on are a lane's own.
    int own = warp / 2, below = warp % 2;
    Digits tile(left + lane, tiles);
    int h = tile.h * 2 + below, w = tile.w * 2, output = top + own * PACK;
    long long plane = (long long)result_h * result_w;
    real* result = y + (tile.first * outputs + output) * plane + (long long)h * result_w + w;
    bool is_there = left + lane < columns && h < result_h, are_two = w + 1 < result_w;
#pragma unroll
    for (int first = 0; first < ROWS; first += AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++)
            for (int j = 0; j < COLUMNS / PACK; j++) {
                Pack pack;
                for (int e = 0; e < PACK; e++) pack.at[e] = sum[first + i][j * PACK + e];
                int place = place_in_products((beside + 4 * j) * PACK, down);
                *reinterpret_cast<Pack*>(&shared.products[warp][i * 8 + down][place]) = pack;
            }
        __syncthreads();  // all points are there
        for (int i = 0; i < AT_ONCE; i++) {
            int further = (first + i) / PACK * 8 * PACK + (first + i) % PACK;
            if (!is_there || output + further >= outputs) continue;
            auto at = [&](int k) { return shared.products[k][i * 8 + own][place_in_products(lane, own)]; };
            real m[SIDE];
            for (int j = 0; j < SIDE; j++) {
                real middle = below ? at(SIDE + j) - at(2 * SIDE + j) : at(SIDE + j) + at(2 * SIDE + j);
                m[j] = middle + at(below * 3 * SIDE + j);
            }
            real b = has_bias ? bias[output + further] : real(0);
            Two two = {m[0] + m[1] + m[2] + b, m[1] - m[2] + m[3] + b};
            real* to = result + further * plane;
            if (are_two && reinterpret_cast<unsigned long long>(to) % sizeof(Two) == 0) {
                *reinterpret_cast<Two*>(to) = two;
            } else {
                to[0] = two.at[0];
                if (are_two) to[1] = two.at[1];
            }
        }
        __syncthreads();  // all have read: the next ones may be written
    }
}
