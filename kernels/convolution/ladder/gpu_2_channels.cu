// Rung 2: a thread computes 8 output channels at its position.
//
// What it reads of the image it uses 8 times. The weights that a block needs, 8 channels' of 128 terms at a time, lie
// in shared memory, where all threads of a warp read the same one in a single access.
//
// What remains is that each thread finds its way through the image for each term, and that neighbours, whose windows
// overlap, read the same numbers.

#include "convolution/shapes.cuh"

constexpr int CHANNELS = 8, CHUNK = 128;

extern "C" __global__ void convolution(const real* x, const real* weight, const real* bias, real* y, int has_bias,
                                       SHAPE_ARGUMENTS) {
    __shared__ real factors[CHUNK][CHANNELS];
    Shapes s = SHAPES;
    Digits p(blockIdx.x * (long long)blockDim.x + threadIdx.x, s.result);  // first: the image
    int tiles = (outputs + CHANNELS - 1) / CHANNELS, terms = channels * s.window.product();
    long long plane = s.input.product();
    for (long long tile = blockIdx.y; tile < (long long)groups * tiles; tile += gridDim.y) {
        int group = tile / tiles, top = tile % tiles * CHANNELS;
        const real* image = x + (p.first * groups + group) * channels * plane;
        real sum[CHANNELS] = {};
        for (int chunk = 0; chunk < terms; chunk += CHUNK) {
            for (int e = threadIdx.x; e < CHUNK * CHANNELS; e += blockDim.x) {
                int term = chunk + e % CHUNK, row = top + e / CHUNK;
                bool inside = term < terms && row < outputs;
                factors[e % CHUNK][e / CHUNK] = inside ? weight[(group * (long long)outputs + row) * terms + term] : 0;
            }
            __syncthreads();  // the weights are there
            Digits t(chunk, s.window), next(1, s.window);
            for (int k = 0; k < CHUNK && chunk + k < terms; k++, t.add(next, s.window)) {
                int d = p.d * stride_d - padding_d + t.d * dilation_d, h = p.h * stride_h - padding_h + t.h * dilation_h;
                int w = p.w * stride_w - padding_w + t.w * dilation_w;
                bool inside = p.first < n && is_inside(d, h, w, s.input);
                real seen = inside ? image[t.first * plane + ((long long)d * input_h + h) * input_w + w] : real(0);
                for (int c = 0; c < CHANNELS; c++) sum[c] += factors[k][c] * seen;
            }
            __syncthreads();  // all have read: the weights may be overwritten
        }
        for (int c = 0; c < CHANNELS; c++) {
            long long row = top + c, channel = (long long)group * outputs + row;
            long long at = (p.d * result_h + p.h) * result_w + p.w;
            if (p.first < n && row < outputs)
                y[(p.first * groups * outputs + channel) * s.result.product() + at] = sum[c] + (has_bias ? bias[channel] : 0);
        }
    }
}
