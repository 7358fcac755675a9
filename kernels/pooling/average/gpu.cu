// Means of windows on the GPU: a thread takes a window; of the gradient, a number of x and all windows that hold it.

#include "pooling/windows.cuh"

extern "C" __global__ void pool(const real* x, const long long* windows, real* y, long long depth, long long height,
                                long long width, long long d, long long h, long long w, long long size) {
    FOR_EACH_ELEMENT(o, size) {
        Place at(o, d, h, w);
        const long long *in_z = windows + 3 * at.z, *in_y = windows + 3 * (d + at.y),
                        *in_x = windows + 3 * (d + h + at.x);
        const real* plane = x + at.plane * depth * height * width;
        real sum = 0;
        for (long long z = in_z[0]; z < in_z[1]; z++)
            for (long long r = in_y[0]; r < in_y[1]; r++)
                for (long long c = in_x[0]; c < in_x[1]; c++) sum += plane[(z * height + r) * width + c];
        y[o] = sum / real(in_z[2] * in_y[2] * in_x[2]);
    }
}

extern "C" __global__ void spread(const real* grad, const long long* windows, const long long* covers, real* grad_x,
                                  long long depth, long long height, long long width, long long d, long long h,
                                  long long w, long long size) {
    FOR_EACH_ELEMENT(i, size) {
        Place at(i, depth, height, width);
        const long long *by_z = covers + 2 * at.z, *by_y = covers + 2 * (depth + at.y),
                        *by_x = covers + 2 * (depth + height + at.x);
        real sum = 0;
        for (long long z = by_z[0]; z < by_z[1]; z++)
            for (long long r = by_y[0]; r < by_y[1]; r++)
                for (long long c = by_x[0]; c < by_x[1]; c++) {
                    long long divisor = windows[3 * z + 2] * windows[3 * (d + r) + 2] * windows[3 * (d + h + c) + 2];
                    sum += grad[((at.plane * d + z) * h + r) * w + c] / real(divisor);
                }
        grad_x[i] = sum;
    }
}
