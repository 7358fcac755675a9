// Rung 1: a thread for each number of the result, which walks over all that its window sees.
//
// Neighbouring threads read neighbouring numbers of the image, and all of them the same weight. But every number of the
// image is read from global memory once for each output channel and each place in the window, and every weight for each
// position: the top of the ladder, gpu.cu, reads both once for 64 of them, into shared memory.

#include "convolution/geometry.cuh"

extern "C" __global__ void convolution(const real* x, const real* weight, const real* bias, real* y, int has_bias,
                                       GEOMETRY) {
    long long at = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    long long positions = (long long)out_z * out_y * out_x, channels = (long long)groups * outputs;
    if (at >= images * channels * positions) return;
    Place p = Place::of(at % positions, out_y, out_x);
    int channel = at / positions % channels;
    Image seen = {x, in_z, in_y, in_x};
    long long first = (at / positions / channels * groups + channel / outputs) * inputs;
    const real* w = weight + (long long)channel * inputs * window_z * window_y * window_x;
    real sum = has_bias ? bias[channel] : real(0);
    for (int c = 0; c < inputs; c++)
        for (int i = 0; i < window_z; i++)
            for (int j = 0; j < window_y; j++)
                for (int k = 0; k < window_x; k++)
                    sum += *w++ * seen.at(first + c, p.z * stride_z - pad_z + i * space_z,
                                          p.y * stride_y - pad_y + j * space_y, p.x * stride_x - pad_x + k * space_x);
    y[at] = sum;
}
