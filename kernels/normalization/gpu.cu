// Normalisation on the GPU. Arrays are (rows, n); teams of threads take the rows, as teams.cuh draws it. A whole row is
// read once and written once.

#include "normalization/statistics.cuh"
#include "teams.cuh"

// Parameters are read a pack at a time, and from the cache, for all rows need the same.
__device__ void apply(Normal normal, const real* x, const real* weight, const real* bias, real* y, int has_weight,
                      int has_bias, const Row& row, Values& v) {
    FOR_EACH_PIECE(from, row) {
        if (!WHOLE) v.load(x, row, from, 0);
        FOR_EACH_PACK(k, j, row, from) {
            Pack w = pack_or(weight + from + j, has_weight, 1), b = pack_or(bias + from + j, has_bias, 0);
            UNROLL for (int e = 0; e < WIDE; e++) w.at[e] = normal(v.at[k + e]) * w.at[e] + b.at[e];
            put(y + row.at(from + j), w);
        }
    }
}

extern "C" __global__ BOUNDED void layer_norm(
    const real* x, const real* weight, const real* bias, real eps, real* y, Normal* statistics, int has_weight,
    int has_bias, int wants_statistics, long long rows, long long n) {
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, 1) {
        Normal normal = layer_of(x, row, v, team, eps);
        if (wants_statistics && row.is_mine()) statistics[row.index] = normal;
        apply(normal, x, weight, bias, y, has_weight, has_bias, row, v);
    }
}

extern "C" __global__ BOUNDED void layer_norm_statistics(
    const real* x, real eps, Normal* statistics, long long rows, long long n) {
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, 1) {
        Normal normal = layer_of(x, row, v, team, eps);
        if (row.is_mine()) statistics[row.index] = normal;
    }
}

extern "C" __global__ BOUNDED void rms_norm(
    const real* x, const real* weight, real eps, real* y, int has_weight, long long rows, long long n) {
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, 1) {
        Normal normal = rms_of(x, row, v, team, eps);
        apply(normal, x, weight, nullptr, y, has_weight, 0, row, v);
    }
}
