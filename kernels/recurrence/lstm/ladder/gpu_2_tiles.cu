// Rung 2: a step is a product of matrices, and its tiles come through shared memory. Still a launch for each step.
//
// A block makes TILE rows × TILE units, a thread one row's unit: its four gates, which become the new state where they
// are, in registers. Numbers of the old state serve TILE units, those of the weight TILE rows; rung 1 fetched each of
// them anew for each, and a warp's from 32 rows of the weight.
//
// Of 2 steps of 64 rows of 256 units in float32 the simulator counts 373,760 sectors instead of 34,665,472, and
// 1,474,560 passes over the banks of shared memory: some 11,500 a step for each of 64 blocks, 7 µs on an H100, where a
// launch adds some 2. Not run on a GPU yet.

#include "activations/formulas.cuh"

constexpr int TILE = 16;

extern "C" __global__ void lstm_step(const real* gates, const real* weight, const real* bias, const long long* lengths,
                                     const real* before, real* after, real* c, real* y, real* saved, real* cells,
                                     int has_bias, int saves, long long t, long long rows, long long n) {
    __shared__ real h[TILE][TILE + 1], w[4][TILE][TILE + 1];  // a column more: so a column's numbers lie in all banks
    int across = threadIdx.x, down = threadIdx.y;
    long long tiles = (n + TILE - 1) / TILE, top = blockIdx.x / tiles * TILE, left = blockIdx.x % tiles * TILE;
    long long row = top + down, unit = left + across, line = left + down;  // `line`: whose weight this thread fetches
    real sum[4] = {};
    for (long long k = 0; k < TILE * tiles; k += TILE) {
        long long from = k + across;
        h[down][across] = row < rows && from < n ? before[row * n + from] : real(0);
        for (int gate = 0; gate < 4; gate++)
            w[gate][down][across] = line < n && from < n ? weight[(gate * n + line) * n + from] : real(0);
        __syncthreads();  // the tiles are whole
        for (int i = 0; i < TILE; i++)
            for (int gate = 0; gate < 4; gate++) sum[gate] += h[down][i] * w[gate][across][i];
        __syncthreads();  // all have read them
    }
    if (row < rows && unit < n) {
        long long i = row * n + unit, at = t * rows * n + i;
        real out = before[i];
        bool inside = t < lengths[row];
        if (inside) {
            for (int gate = 0; gate < 4; gate++) {
                long long place = ((t * rows + row) * 4 + gate) * n + unit;
                real v = sum[gate] + gates[place] + (has_bias ? bias[gate * n + unit] : real(0));
                sum[gate] = v = gate == 2 ? act::tanh(v) : act::sigmoid(v);
                if (saves) saved[place] = v;
            }
            c[i] = sum[1] * c[i] + sum[0] * sum[2];
            if (saves) cells[at] = c[i];
            out = sum[3] * act::tanh(c[i]);
        }
        after[i] = out;
        y[at] = inside ? out : real(0);
    }
}
