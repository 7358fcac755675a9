// Rung 1: a launch for each step, a thread for each unit of each row. Neighbouring threads read numbers of the weight
// that lie a row apart, and a launch costs more than many a step. Of 2 steps of 64 rows of 256 units in float32 the
// simulator counts 34,665,472 sectors, where 5,305,344 would hold what warps asked for: 32 passes through the first-
// level cache for each load of the weight, some 150 µs a step on an H100. Not run on a GPU yet.

#include "activations/formulas.cuh"
#include "elementwise.cuh"

extern "C" __global__ void lstm_step(const real* gates, const real* weight, const real* bias, const long long* lengths,
                                     const real* before, real* after, real* c, real* y, real* saved, real* cells,
                                     int has_bias, int saves, long long t, long long n, long long size) {
    FOR_EACH_ELEMENT(i, size) {
        long long row = i / n, unit = i % n, at = t * size + i;
        bool inside = t < lengths[row];
        after[i] = before[i];
        y[at] = 0;
        if (inside) {
            real v[4];
            for (int gate = 0; gate < 4; gate++) {
                long long line = gate * n + unit, place = (t * size + row * n) * 4 + line;
                v[gate] = gates[place] + (has_bias ? bias[line] : real(0));
                for (long long k = 0; k < n; k++) v[gate] += weight[line * n + k] * before[row * n + k];
                v[gate] = gate == 2 ? act::tanh(v[gate]) : act::sigmoid(v[gate]);
                if (saves) saved[place] = v[gate];
            }
            c[i] = v[1] * c[i] + v[0] * v[2];
            if (saves) cells[at] = c[i];
            after[i] = y[at] = v[3] * act::tanh(c[i]);
        }
    }
}
