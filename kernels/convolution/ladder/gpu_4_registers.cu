// Rung 4: the same tiles, larger, and a thread keeps 4 × 4 sums in registers: for 16 multiply-adds it reads 4 + 4 numbers
// of shared memory, instead of 32.
//
// What lies where is found in tables: where a column looks is computed once, where a term does once a tile, by one thread.
// What remains is that the block waits for global memory before each tile: ../product.cuh fetches the next one meanwhile.

#include "convolution/shapes.cuh"

constexpr int TILE = 64, DEPTH = 16, SIDE = 16, EACH = TILE / SIDE, THREADS = SIDE * SIDE;

struct Place {
    long long x;
    int d, h, w;
};

extern "C" __global__ void convolution(const real* x, const real* weight, const real* bias, real* y, int has_bias,
                                       SHAPE_ARGUMENTS) {
    __shared__ real tile_a[DEPTH][TILE + 1], tile_x[DEPTH][TILE + 1];
    __shared__ Place term[DEPTH], column[TILE];
    Shapes s = SHAPES;
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    long long rows = outputs, columns = n * s.result.product(), plane = s.input.product();
    long long terms = channels * s.window.product(), tiles_across = (columns + TILE - 1) / TILE;
    long long top = blockIdx.x / tiles_across * TILE, left = blockIdx.x % tiles_across * TILE;
    auto flat = [=](int d, int h, int w) { return ((long long)d * input_h + h) * input_w + w; };
    for (long long group = blockIdx.y; group < groups; group += gridDim.y) {
        const real* a = weight + group * rows * terms;
        if (threadIdx.x < TILE) {
            Digits p(left + threadIdx.x, s.result);
            int d = p.d * stride_d - padding_d, h = p.h * stride_h - padding_h, w = p.w * stride_w - padding_w;
            column[threadIdx.x] = {(p.first * groups + group) * channels * plane + flat(d, h, w), d, h, w};
        }
        Digits t(threadIdx.x % DEPTH, s.window), step(DEPTH, s.window);
        real sum[EACH][EACH] = {};
        for (long long k = 0, steps = (terms + DEPTH - 1) / DEPTH; k < steps * DEPTH; k += DEPTH) {
            if (threadIdx.x < DEPTH) {
                int d = t.d * dilation_d, h = t.h * dilation_h, w = t.w * dilation_w;
                term[threadIdx.x] = {t.first * plane + flat(d, h, w), d, h, w};
                t.add(step, s.window);
            }
            __syncthreads();  // the terms are known, and all have read the tiles before
            for (int e = threadIdx.x; e < TILE * DEPTH; e += THREADS) {
                int depth = e % DEPTH, m = e / DEPTH;
                bool inside = top + m < rows && k + depth < terms;
                tile_a[depth][m] = inside ? a[(top + m) * terms + k + depth] : real(0);

                depth = e / TILE, m = e % TILE;
                const Place &z = term[depth], &c = column[m];
                inside = left + m < columns && k + depth < terms && is_inside(z.d + c.d, z.h + c.h, z.w + c.w, s.input);
                tile_x[depth][m] = inside ? x[z.x + c.x] : real(0);
            }
            __syncthreads();  // the tiles are whole
            for (int depth = 0; depth < DEPTH; depth++) {
                real from_a[EACH], from_x[EACH];
                for (int e = 0; e < EACH; e++) {
                    from_a[e] = tile_a[depth][down + e * SIDE];
                    from_x[e] = tile_x[depth][across + e * SIDE];
                }
                for (int i = 0; i < EACH; i++)
                    for (int j = 0; j < EACH; j++) sum[i][j] += from_a[i] * from_x[j];
            }
        }
        for (int j = 0; j < EACH; j++) {
            Digits p(left + across + j * SIDE, s.result);
            for (int i = 0; i < EACH; i++) {
                long long row = top + down + i * SIDE, column = left + across + j * SIDE, channel = group * rows + row;
                if (row < rows && column < columns)
                    y[(p.first * groups * rows + channel) * s.result.product() + (p.d * result_h + p.h) * result_w + p.w] =
                        sum[i][j] + (has_bias ? bias[channel] : real(0));
            }
        }
    }
}
