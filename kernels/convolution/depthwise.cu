// Convolutions whose every group is one channel, on the GPU: nothing is summed over channels, so there is no product of
// matrices. Neighbouring threads read neighbouring numbers; what windows share comes from the cache. Windows of any
// shape, stride and dilation, in three dimensions; depthwise_square.cu has the usual ones. Not run on a GPU yet.

#include "convolution/shapes.cuh"
#include "elementwise.cuh"

// A thread takes 4 results below each other, which share the work of finding the place; those of a warp are neighbours.
constexpr int EACH = 4;

extern "C" __global__ void depthwise(const real* x, const real* weight, const real* bias, real* y, int has_bias,
                                     SHAPE_ARGUMENTS) {
    Shapes s = SHAPES;
    Sizes strips = {result_d, (result_h + EACH - 1) / EACH, result_w};
    long long size = (long long)n * groups * outputs * strips.product();
    FOR_EACH_ELEMENT(i, size) {
        Digits p(i, strips);  // first: the image and the output channel
        int output = p.first % (groups * outputs), top = p.h * EACH, left = p.w * stride_w - padding_w;
        const real* plane = x + p.first / outputs * s.input.product();
        const real* factor = weight + output * s.window.product();
        real sum[EACH];
        for (int e = 0; e < EACH; e++) sum[e] = has_bias ? bias[output] : real(0);
        for (int a = 0; a < window_d; a++) {
            int d = p.d * stride_d - padding_d + a * dilation_d;
            for (int b = 0; b < window_h; b++, factor += window_w) {
                for (int e = 0; e < EACH; e++) {
                    int h = (top + e) * stride_h - padding_h + b * dilation_h;
                    if (!is_on(d, input_d) || !is_on(h, input_h)) continue;
                    const real* row = plane + ((long long)d * input_h + h) * input_w;
                    for (int k = 0; k < window_w; k++) {
                        int w = left + k * dilation_w;
                        if (is_on(w, input_w)) sum[e] += factor[k] * row[w];
                    }
                }
            }
        }
        real* result = y + ((p.first * result_d + p.d) * result_h + top) * result_w + p.w;
        for (int e = 0; e < EACH; e++)
            if (is_on(top + e, result_h)) result[(long long)e * result_w] = sum[e];
    }
}

// Where place k of the window takes what it sees of an axis of y, for element q of x; −1 if from nowhere.
__device__ int source(int q, int k, int stride, int padding, int dilation) {
    int place = q + padding - k * dilation;
    return stride == 1 ? place : place >= 0 && place % stride == 0 ? place / stride : -1;
}

extern "C" __global__ void depthwise_transposed(const real* y, const real* weight, const real* bias, real* x,
                                                int has_bias, SHAPE_ARGUMENTS) {
    Shapes s = SHAPES;
    long long size = (long long)n * groups * s.input.product();
    FOR_EACH_ELEMENT(i, size) {
        Digits q(i, s.input);  // first: the image and the channel
        int channel = q.first % groups;
        real sum = has_bias ? bias[channel] : real(0);
        const real* factor = weight + (long long)channel * outputs * s.window.product();
        for (int o = 0; o < outputs; o++) {
            const real* plane = y + (q.first * outputs + o) * s.result.product();
            for (int a = 0; a < window_d; a++) {
                int d = source(q.d, a, stride_d, padding_d, dilation_d);
                for (int b = 0; b < window_h; b++, factor += window_w) {
                    int h = source(q.h, b, stride_h, padding_h, dilation_h);
                    if (!is_on(d, result_d) || !is_on(h, result_h)) continue;
                    const real* row = plane + ((long long)d * result_h + h) * result_w;
                    for (int c = 0; c < window_w; c++) {
                        int w = source(q.w, c, stride_w, padding_w, dilation_w);
                        if (is_on(w, result_w)) sum += factor[c] * row[w];
                    }
                }
            }
        }
        x[i] = sum;
    }
}

// A block sums, for one output channel and up to 9 places of the window, what a share of all images and positions adds:
// each thread every 256th of them, then warps by shuffles, then the warps' sums. parts (parts, *weight).
constexpr int PLACES = 9, THREADS = 256;

extern "C" __global__ void __launch_bounds__(THREADS)
    depthwise_weight(const real* grad, const real* x, real* parts, long long share, SHAPE_ARGUMENTS) {
    __shared__ real of_warp[THREADS / 32][PLACES];
    Shapes s = SHAPES;
    long long places = s.window.product(), chunks = (places + PLACES - 1) / PLACES, terms = n * s.result.product();
    long long output = blockIdx.x / chunks, first_place = blockIdx.x % chunks * PLACES, all = (long long)groups * outputs;
    long long first = blockIdx.y * share, last = min(terms, first + share);
    Digits place(first_place, s.window), p(first + threadIdx.x, s.result), step(THREADS, s.result);
    real sum[PLACES] = {};
    for (long long e = first + threadIdx.x; e < last; e += THREADS, p.add(step, s.result)) {
        const real* plane = x + (p.first * groups + output / outputs) * s.input.product();
        long long at = ((long long)p.d * result_h + p.h) * result_w + p.w;
        real slope = grad[(p.first * all + output) * s.result.product() + at];
        Digits k = place;
#pragma unroll
        for (int j = 0; j < PLACES; j++, k.next(s.window)) {
            int d = p.d * stride_d - padding_d + k.d * dilation_d, h = p.h * stride_h - padding_h + k.h * dilation_h;
            int w = p.w * stride_w - padding_w + k.w * dilation_w;
            if (k.first == 0 && is_inside(d, h, w, s.input))
                sum[j] += slope * plane[((long long)d * input_h + h) * input_w + w];
        }
    }
#pragma unroll
    for (int j = 0; j < PLACES; j++) {
        for (int lanes = 16; lanes; lanes /= 2) sum[j] += __shfl_xor_sync(~0u, sum[j], lanes);
        if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32][j] = sum[j];
    }
    __syncthreads();  // all warps' sums are there
    if (threadIdx.x >= PLACES || first_place + threadIdx.x >= places) return;
    real total = 0;
    for (int warp = 0; warp < THREADS / 32; warp++) total += of_warp[warp][threadIdx.x];
    parts[(blockIdx.y * all + output) * places + first_place + threadIdx.x] = total;
}
