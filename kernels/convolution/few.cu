// The gradient by a weight of few channels and places, such as a first layer's: of 32 outputs × 9 terms the tiles of gpu.cu
// would multiply 64 × 128. Here a thread keeps 8 outputs × 9 terms in registers, and walks along the positions.
//
//     grad  8 outputs        ┌ … position … ┐            A position's 8 gradients and the 9 numbers that its windows see
//           x  9 terms       └ … position … ┘            make 72 products. Neighbouring threads have neighbouring positions.
//
// Then the threads' sums meet: within a warp by exchange of halves (exchange.cuh: 72 sums in 81 shuffles; one after the
// other they would take 360), between warps in shared memory.
//
// Of the first layer in training/recipes/cnn.py, 128 images of 28² and 32 outputs, on an H100 (132 multiprocessors at
// 1.75 GHz, four instructions a clock each):
//
//                   instructions of a warp, sm_90                       multiply-adds    memory (3.35 TB/s)    predicted
//     gpu.cu        523 × 8 warps × 24 steps of 575                     1 of 28 needed   13 MB, 4 µs           64 µs
//     this kernel   132 × 12 warps × (8 steps of 286 + some 900)        all needed       13 MB, 4 µs            7 µs
//
// Not run on a GPU yet.

#include "convolution/shapes.cuh"
#include "exchange.cuh"

constexpr int ROWS = 32 / sizeof(real), COLUMNS = 9;  // of a block
constexpr int THREADS = 384, WARPS = THREADS / 32;  // one block on a multiprocessor: 168 registers a thread
constexpr int LANES = 32 / ROWS;                    // that have a row in the end

// Where what a term sees lies, from where the position's window begins.
struct alignas(16) Seen {
    int at, d, h, w;
};

// A block sums `share` positions of ROWS × COLUMNS of the result into its own part of `parts` (parts, *weight).
extern "C" __global__ void __launch_bounds__(THREADS, 1)
    weight_gradient_few(const real* grad, const real* x, real* parts, long long share, SHAPE_ARGUMENTS) {
    __shared__ Seen terms[COLUMNS];
    __shared__ real of_warp[WARPS][ROWS][COLUMNS];
    Shapes s = SHAPES;
    long long plane = s.input.product(), positions = s.result.product();
    int columns = channels * s.window.product();
    int group = blockIdx.y, across = (columns + COLUMNS - 1) / COLUMNS;
    int left = blockIdx.x % across * COLUMNS, top = blockIdx.x / across * ROWS;
    int rows = outputs - top, t = threadIdx.x, lane = t % 32;
    auto flat = [=](int d, int h, int w) { return (d * input_h + h) * input_w + w; };
    if (t < COLUMNS) {
        Digits k(left + t, s.window);
        int d = k.d * dilation_d, h = k.h * dilation_h, w = k.w * dilation_w;
        bool exists = left + t < columns;  // another one sees nothing
        terms[t] = {int(k.first * plane) + flat(d, h, w), exists ? d : -(1 << 30), h, w};
    }
    __syncthreads();  // all terms are known

    real sums[ROWS * COLUMNS] = {};
    long long first = blockIdx.z * share, left_over = n * positions - first;
    int count = left_over < share ? left_over : share;
    Digits p(first + t, s.result), step(THREADS, s.result);
    for (int position = t; position < count; position += THREADS, p.add(step, s.result)) {
        int d = p.d * stride_d - padding_d, h = p.h * stride_h - padding_h, w = p.w * stride_w - padding_w;
        long long image = p.first * groups + group;
        const real* window = x + image * channels * plane + flat(d, h, w);
        real seen[COLUMNS];
        for (int c = 0; c < COLUMNS; c++) {
            Seen z = terms[c];
            seen[c] = is_inside(z.d + d, z.h + h, z.w + w, s.input) ? window[z.at] : real(0);
        }
        const real* from = grad + (image * outputs + top) * positions + (p.d * result_h + p.h) * result_w + p.w;
        for (int r = 0; r < ROWS; r++, from += positions) {
            real factor = r < rows ? *from : real(0);
            for (int c = 0; c < COLUMNS; c++) sums[r * COLUMNS + c] += factor * seen[c];
        }
    }

    // Lanes LANES r … LANES r + LANES − 1 end up with row r.
    exchange<ROWS * COLUMNS, LANES>(sums);
    for (int c = 0; c < COLUMNS; c++) {
        for (int other = LANES / 2; other > 0; other /= 2) sums[c] += __shfl_xor_sync(~0u, sums[c], other);
        if (lane % LANES == 0) of_warp[t / 32][lane / LANES][c] = sums[c];
    }
    __syncthreads();  // all warps' sums are there
    int row = t / COLUMNS, column = t % COLUMNS;
    if (row >= ROWS || row >= rows || left + column >= columns) return;
    real total = of_warp[0][row][column];
    for (int warp = 1; warp < WARPS; warp++) total += of_warp[warp][row][column];
    parts[(((long long)blockIdx.z * groups + group) * outputs + top + row) * columns + left + column] = total;
}
