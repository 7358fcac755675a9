// Rung 3: a matrix product, weight × what the windows see, in tiles of shared memory.
//
// A block computes 16 output channels at 16 positions, a thread one of these, and takes 16 terms at a time. A number of
// the image is now looked up once for 16 channels, by one thread of the block, a weight read once for 16 positions.
//
// What remains is that each multiply-add reads both factors from shared memory.

#include "convolution/shapes.cuh"

constexpr int SIDE = 16;

extern "C" __global__ void convolution(const real* x, const real* weight, const real* bias, real* y, int has_bias,
                                       SHAPE_ARGUMENTS) {
    __shared__ real tile_a[SIDE][SIDE + 1], tile_x[SIDE][SIDE + 1];
    Shapes s = SHAPES;
    int across = threadIdx.x, down = threadIdx.y, rows = outputs;
    long long terms = channels * s.window.product(), columns = n * s.result.product(), plane = s.input.product();
    long long tiles_across = (columns + SIDE - 1) / SIDE, column = blockIdx.x % tiles_across * SIDE + across;
    int row = blockIdx.x / tiles_across * SIDE + down;
    Digits p(column, s.result), step(SIDE, s.window);  // p.first: the image
    for (int group = blockIdx.y; group < groups; group += gridDim.y) {
        const real* image = x + (p.first * groups + group) * channels * plane;
        long long channel = (long long)group * outputs + row;
        real sum = has_bias && row < rows ? bias[channel] : real(0);
        Digits t(down, s.window);  // the term that this thread looks up; t.first: the channel
        for (long long k = 0, steps = (terms + SIDE - 1) / SIDE; k < steps * SIDE; k += SIDE, t.add(step, s.window)) {
            tile_a[down][across] = row < rows && k + across < terms ? weight[channel * terms + k + across] : real(0);
            int d = p.d * stride_d - padding_d + t.d * dilation_d, h = p.h * stride_h - padding_h + t.h * dilation_h;
            int w = p.w * stride_w - padding_w + t.w * dilation_w;
            bool inside = column < columns && k + down < terms && is_inside(d, h, w, s.input);
            tile_x[down][across] = inside ? image[t.first * plane + ((long long)d * input_h + h) * input_w + w] : real(0);
            __syncthreads();  // the tiles are whole
            for (int i = 0; i < SIDE; i++) sum += tile_a[down][i] * tile_x[i][across];
            __syncthreads();  // all have read: the tiles may be overwritten
        }
        long long at = (p.d * result_h + p.h) * result_w + p.w;
        if (row < rows && column < columns) y[(p.first * groups * outputs + channel) * s.result.product() + at] = sum;
    }
}
