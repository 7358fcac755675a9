// Rung 1: a thread an element of y, the definition; of the weight's gradient, a thread a weight.
//
// Neighbouring threads read neighbouring numbers of the image, and all of a warp the same weight. But each number of the
// image is read once for each output channel and each place in the window, and each weight for each position.

#include "convolution/shapes.cuh"

extern "C" __global__ void convolution(const real* x, const real* weight, const real* bias, real* y, int has_bias,
                                       SHAPE_ARGUMENTS) {
    Shapes s = SHAPES;
    Digits p(blockIdx.x * (long long)blockDim.x + threadIdx.x, s.result);
    long long stack = (long long)n * groups * outputs, plane = s.input.product();  // stack: images of the result
    if (p.first >= stack) return;
    int output = p.first % (groups * outputs);
    long long first = (p.first / (groups * outputs) * groups + output / outputs) * channels;
    const real* factor = weight + output * channels * s.window.product();
    real sum = has_bias ? bias[output] : real(0);
    for (int c = 0; c < channels; c++) {
        for (int i = 0; i < window_d; i++) {
            for (int j = 0; j < window_h; j++) {
                for (int k = 0; k < window_w; k++, factor++) {
                    int d = p.d * stride_d - padding_d + i * dilation_d, h = p.h * stride_h - padding_h + j * dilation_h;
                    int w = p.w * stride_w - padding_w + k * dilation_w;
                    bool inside = is_inside(d, h, w, s.input);
                    long long place = ((long long)d * input_h + h) * input_w + w;
                    sum += *factor * (inside ? x[(first + c) * plane + place] : real(0));
                }
            }
        }
    }
    y[p.first * s.result.product() + (p.d * result_h + p.h) * result_w + p.w] = sum;
}

// Each thread walks over all positions of all images. Those of a warp are places of a window and channels: they read the
// same slope, and numbers of the image that lie a few rows or an image apart. There are as many threads as weights, a
// few thousand for a large GPU; the top has as many blocks as fill it, and sums what each found (gpu.py).
extern "C" __global__ void weight_gradient(const real* grad, const real* x, real* out, SHAPE_ARGUMENTS) {
    Shapes s = SHAPES;
    Digits k(blockIdx.x * (long long)blockDim.x + threadIdx.x, s.window);  // first: the output and the channel
    long long output = k.first / channels, all = (long long)groups * outputs, seen = groups * (long long)channels;
    if (output >= all) return;
    long long channel = output / outputs * channels + k.first % channels;
    real sum = 0;
    for (int image = 0; image < n; image++) {
        const real* slope = grad + (image * all + output) * s.result.product();
        const real* plane = x + (image * seen + channel) * s.input.product();
        for (int i = 0; i < result_d; i++) {
            for (int j = 0; j < result_h; j++) {
                for (int m = 0; m < result_w; m++, slope++) {
                    int d = i * stride_d - padding_d + k.d * dilation_d, h = j * stride_h - padding_h + k.h * dilation_h;
                    int w = m * stride_w - padding_w + k.w * dilation_w;
                    bool inside = is_inside(d, h, w, s.input);
                    sum += *slope * (inside ? plane[((long long)d * input_h + h) * input_w + w] : real(0));
                }
            }
        }
    }
    out[k.first * s.window.product() + (k.d * window_h + k.h) * window_w + k.w] = sum;
}
