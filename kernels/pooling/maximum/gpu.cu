// Maxima of windows on the GPU: a thread takes a window of several planes; of the gradient, a place of x and all windows
// that hold it, in their order. Not run on a GPU yet.

#include "pooling/windows.cuh"

extern "C" __global__ void __launch_bounds__(256, 4)
    pool(const real* x, const long long* windows, real* y, long long* indices, int wanted, int dilation_d,
         int dilation_h, int dilation_w, int depth, int height, int width, int d, int h, int w, long long planes) {
    Place at(planes, d, h, w);
    if (!at.is_there(0)) return;
    auto [first_z, end_z, first_y, end_y, first_x, end_x] = Box(Lines(windows, 3, at, d, h));
    int place = (first_z * height + first_y) * width + first_x, found[AT_ONCE];
    const real* plane[AT_ONCE];
    real best[AT_ONCE];
    for (int q = 0; q < AT_ONCE; q++) {
        plane[q] = x + at.volume(at.is_there(q) ? q : 0) * depth * height * width;
        best[q] = plane[q][place], found[q] = place;
    }
    for (int z = first_z; z < end_z; z += dilation_d)
        for (int r = first_y; r < end_y; r += dilation_h)
            for (int c = first_x; c < end_x; c += dilation_w) {
                int here = (z * height + r) * width + c;
                for (int q = 0; q < AT_ONCE; q++) {
                    real v = plane[q][here];
                    if (v > best[q] || v != v) best[q] = v, found[q] = here;  // the first of equals; of NaNs, the last
                }
            }
    for (int q = 0; q < AT_ONCE; q++) {
        if (!at.is_there(q)) break;
        long long o = at.volume(q) * at.size + at.at;
        y[o] = best[q];
        if (wanted) indices[o] = found[q];
    }
}

extern "C" __global__ void __launch_bounds__(256, 3)
    send_back(const real* grad, const long long* indices, const long long* covers, real* grad_x, int depth, int height,
              int width, int d, int h, int w, long long planes) {
    Place at(planes, depth, height, width);
    if (!at.is_there(0)) return;
    auto [first_z, end_z, first_y, end_y, first_x, end_x] = Box(Lines(covers, 2, at, depth, height));
    long long pooled = (long long)d * h * w, offset[AT_ONCE];
    real sum[AT_ONCE] = {};
    for (int q = 0; q < AT_ONCE; q++) offset[q] = at.volume(at.is_there(q) ? q : 0) * pooled;
    for (int z = first_z; z < end_z; z++)
        for (int r = first_y; r < end_y; r++)
            for (int c = first_x; c < end_x; c++) {
                long long o = ((long long)z * h + r) * w + c;
                for (int q = 0; q < AT_ONCE; q++)
                    if (indices[offset[q] + o] == at.at) sum[q] += grad[offset[q] + o];
            }
    for (int q = 0; q < AT_ONCE; q++)
        if (at.is_there(q)) grad_x[at.volume(q) * at.size + at.at] = sum[q];
}
