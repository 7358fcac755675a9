// Rung 1: a thread an element of y, the definition.
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
