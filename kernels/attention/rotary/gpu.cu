// Rotary positions on the GPU: a thread turns a pair, column i and n + i of a row (rotary/__init__.py).

#include "attention/heads.cuh"
#include "elementwise.cuh"

extern "C" __global__ void rotate(ROWS_OF(const real, x), const real* cosines, const real* sines, real direction,
                                  ROWS_OF(real, y), long long heads, long long rows, long long n, long long pairs) {
    FOR_EACH_ELEMENT(p, pairs) {
        long long i = p % n, row = p / n % rows, head = p / n / rows, b = head / heads, h = head % heads;
        const real* from = HEAD(x, b, h) + row * x_row + i;
        real* to = HEAD(y, b, h) + row * y_row + i;
        real c = cosines[row * n + i], s = direction * sines[row * n + i], one = from[0], other = from[n];
        to[0] = one * c - other * s;
        to[n] = other * c + one * s;
    }
}
