// Resampling on the GPU: a thread takes a number of the result. tables.py says what a table is.

#include "elementwise.cuh"

extern "C" __global__ void resample(const real* x, const long long* pointers, const long long* places,
                                    const real* weights, real value, real* y, long long depth, long long height,
                                    long long width, long long d, long long h, long long w, long long size) {
    FOR_EACH_ELEMENT(o, size) {
        const long long *by_x = pointers + d + h + o % w, *by_y = pointers + d + o / w % h,
                        *by_z = pointers + o / w / h % d;
        const real* plane = x + o / w / h / d * depth * height * width;
        real sum = 0;
        for (long long a = by_z[0]; a < by_z[1]; a++)
            for (long long b = by_y[0]; b < by_y[1]; b++)
                for (long long c = by_x[0]; c < by_x[1]; c++)
                    sum += weights[a] * weights[b] * weights[c] *
                           plane[(places[a] * height + places[b]) * width + places[c]];
        y[o] = by_z[0] < by_z[1] && by_y[0] < by_y[1] && by_x[0] < by_x[1] ? sum : value;
    }
}
