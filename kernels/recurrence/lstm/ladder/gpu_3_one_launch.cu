// Rung 3: all steps in one launch. Rows of the batch don't depend on each other, so a block takes ROWS of them through
// all steps, and waits for itself alone. The weight comes transposed: neighbouring threads, which have neighbouring
// units, read neighbouring numbers of it, once for ROWS rows, from the second-level cache in each step.
//
// Of 2 steps of 64 rows of 256 units in float32 the simulator counts 1,370,112 sectors: a step of a block is all of the
// weight, 1 MiB, 16,400 cycles at 64 bytes a cycle, which is 10 µs on an H100. Of 64 units it is a sixteenth, and the
// step's 3 µs are mostly waiting for the first of them. Not run on a GPU yet.
//
// A step costs no launch any more, but only as many multiprocessors work as there are blocks, each of which reads the
// whole weight: a small network gains, a large one would rather have rung 2's tiles all over the GPU.

#include "activations/formulas.cuh"

constexpr int ROWS = 4;

extern "C" __global__ void lstm(const real* gates, const real* transposed, const real* bias, const long long* lengths,
                                real* y, real* h, real* c, real* saved, real* cells, int has_bias, int saves,
                                int reverse, long long steps, long long rows, long long n) {
    long long first = blockIdx.x * ROWS;
    int own = rows - first < ROWS ? rows - first : ROWS;
    for (long long step = 0; step < steps; step++) {
        long long t = reverse ? steps - 1 - step : step;
        for (long long unit = threadIdx.x; unit < n; unit += blockDim.x) {
            real sum[ROWS][4] = {};
            for (long long k = 0; k < n; k++) {
                real column[4];
                for (int gate = 0; gate < 4; gate++) column[gate] = transposed[(k * 4 + gate) * n + unit];
#pragma unroll
                for (int r = 0; r < ROWS; r++) {
                    if (r >= own) continue;
                    real from = h[(first + r) * n + k];
                    for (int gate = 0; gate < 4; gate++) sum[r][gate] += from * column[gate];
                }
            }
#pragma unroll
            for (int r = 0; r < ROWS; r++) {
                if (r >= own) continue;
                long long row = first + r, i = row * n + unit, at = t * rows * n + i;
                y[at] = 0;
                if (t >= lengths[row]) continue;
                for (int gate = 0; gate < 4; gate++) {
                    long long place = ((t * rows + row) * 4 + gate) * n + unit;
                    real v = sum[r][gate] + gates[place] + (has_bias ? bias[gate * n + unit] : real(0));
                    sum[r][gate] = v = gate == 2 ? act::tanh(v) : act::sigmoid(v);
                    if (saves) saved[place] = v;
                }
                c[i] = sum[r][1] * c[i] + sum[r][0] * sum[r][2];
                if (saves) cells[at] = c[i];
                y[at] = sum[r][3] * act::tanh(c[i]);
            }
        }
        __syncthreads();  // all have read the old state
        for (long long unit = threadIdx.x; unit < n; unit += blockDim.x)
            for (int r = 0; r < own; r++)
                if (t < lengths[first + r]) h[(first + r) * n + unit] = y[(t * rows + first + r) * n + unit];
        __syncthreads();  // the new one is whole
    }
}
