// The gradient before an activation whose slope the output tells, and its sums over the rows, a bias's gradient: grad and
// y are read once, and what is made of them is added up before it is gone.
//
// A block of 32 × 8 threads takes 32 packs of WIDE neighbouring columns (teams.cuh), and rows 8 · gridDim.y apart. With
// gridDim.y parts there are as many rows of sums, to be summed by another launch: always in the same order.
//
// Of arrays as large as y, a dense layer's way back moves five: here grad and y come and g goes, then each of the two
// products reads g. With the bias's sums apart there are six; the least is four, were g made anew in each product. On an
// H100 (not run on one yet), y of 8192 × 2048 in float32, predicted: 201 MB, 60 µs, for 80 µs and another launch or two.
// Measured in the simulator: each sector once (tests/kernels/test_matmul.py: the way back …).

#include "matmul/slopes.cuh"
#include "teams.cuh"

extern "C" __global__ void __launch_bounds__(256)
    through_output(const real* grad, const real* y, int activation, real* g, real* sums, long long rows,
                   long long columns) {
    constexpr int AT_ONCE = 4;  // rows on their way at a time
    __shared__ Pack shares[8][32];
    long long column = (blockIdx.x * 32LL + threadIdx.x) * WIDE, step = gridDim.y * 8;
    Pack total = {};
    if (column < columns)
        for (long long left = rows - blockIdx.y * 8 - threadIdx.y; left > 0; left -= AT_ONCE * step) {
            Pack grads[AT_ONCE] = {}, outputs[AT_ONCE] = {};
            UNROLL for (int r = 0; r < AT_ONCE; r++) {
                long long row = rows - left + r * step;
                if (row < rows) {
                    grads[r] = pack_at(grad + row * columns + column);
                    outputs[r] = pack_at(y + row * columns + column);
                }
            }
            UNROLL for (int r = 0; r < AT_ONCE; r++) {
                long long row = rows - left + r * step;
                UNROLL for (int e = 0; e < WIDE; e++) {
                    grads[r].at[e] = through(activation, grads[r].at[e], outputs[r].at[e]);
                    total.at[e] += grads[r].at[e];  // 0 beyond the last row
                }
                if (row < rows) put(g + row * columns + column, grads[r]);
            }
        }
    shares[threadIdx.y][threadIdx.x] = total;
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        for (int other = 1; other < 8; other++)
            UNROLL for (int e = 0; e < WIDE; e++) total.at[e] += shares[other][threadIdx.x].at[e];
        put(sums + blockIdx.y * columns + column, total);
    }
}
