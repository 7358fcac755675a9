// Means of windows on the GPU: a thread takes a window of several planes; of the gradient, a place of x and all windows
// that hold it, in their order. Not run on a GPU yet.

#include "pooling/windows.cuh"

extern "C" __global__ void __launch_bounds__(256, 4)
    pool(const real* x, const long long* windows, real* y, int depth, int height, int width, int d, int h, int w,
         long long planes) {
    Place at(planes, d, h, w);
    if (!at.is_there(0)) return;
    Lines in(windows, 3, at, d, h);
    auto [first_z, end_z, first_y, end_y, first_x, end_x] = Box(in);
    real divisor = in.z[2] * in.y[2] * in.x[2];
    const real* plane[AT_ONCE];
    real sum[AT_ONCE] = {};
    for (int q = 0; q < AT_ONCE; q++) plane[q] = x + at.volume(at.is_there(q) ? q : 0) * depth * height * width;
    for (int z = first_z; z < end_z; z++)
        for (int r = first_y; r < end_y; r++)
            for (int c = first_x; c < end_x; c++)
                for (int q = 0; q < AT_ONCE; q++) sum[q] += plane[q][(z * height + r) * width + c];
    for (int q = 0; q < AT_ONCE; q++)
        if (at.is_there(q)) y[at.volume(q) * at.size + at.at] = sum[q] / divisor;
}

extern "C" __global__ void __launch_bounds__(256, 2)
    spread(const real* grad, const long long* windows, const long long* covers, real* grad_x, int depth, int height,
           int width, int d, int h, int w, long long planes) {
    Place at(planes, depth, height, width);
    if (!at.is_there(0)) return;
    auto [first_z, end_z, first_y, end_y, first_x, end_x] = Box(Lines(covers, 2, at, depth, height));
    long long pooled = (long long)d * h * w;
    const real* slopes[AT_ONCE];
    real sum[AT_ONCE] = {};
    for (int q = 0; q < AT_ONCE; q++) slopes[q] = grad + at.volume(at.is_there(q) ? q : 0) * pooled;
    for (int z = first_z; z < end_z; z++)
        for (int r = first_y; r < end_y; r++)
            for (int c = first_x; c < end_x; c++) {
                const long long *in_y = windows + 3 * ((long long)d + r), *in_x = windows + 3 * ((long long)d + h + c);
                real divisor = windows[3ll * z + 2] * in_y[2] * in_x[2];
                for (int q = 0; q < AT_ONCE; q++) sum[q] += slopes[q][((long long)z * h + r) * w + c] / divisor;
            }
    for (int q = 0; q < AT_ONCE; q++)
        if (at.is_there(q)) grad_x[at.volume(q) * at.size + at.at] = sum[q];
}
