// Normalisation on the GPU. Arrays are (rows, n); teams of threads take the rows, as teams.cuh draws it. A whole row is
// read once and written once; a longer one, or one split among blocks, is read twice.

#include "normalization/statistics.cuh"
#include "teams.cuh"

// Parameters are read a pack at a time, and from the cache, for all rows need the same.
__device__ void apply(Normal normal, const real* x, const real* weight, const real* bias, real* y, int has_weight,
                      int has_bias, const Row& row, Values& v) {
    FOR_EACH_PIECE(from, row) {
        if (!WHOLE) v.load(x, row, from, 0);
        FOR_EACH_PACK(k, j, row, from) {
            long long i = row.offset + from + j;
            Pack w = pack_or(weight + i, has_weight, 1), b = pack_or(bias + i, has_bias, 0);
            UNROLL for (int e = 0; e < WIDE; e++) w.at[e] = normal(v.at[k + e]) * w.at[e] + b.at[e];
            put(y + row.at(from + j), w);
        }
    }
}

extern "C" __global__ BOUNDED void layer_norm(
    const real* x, const real* weight, const real* bias, real eps, real* y, Normal* statistics, int has_weight,
    int has_bias, int wants_statistics, Moments* parts, long long rows, long long n, long long inner) {
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, inner) {
        Moments found = moments_of(x, row, v, team);
        if (!team.knows(found, parts, row)) continue;
        Normal normal = found.normal(eps);
        if (wants_statistics && row.is_mine()) statistics[row.index] = normal;
        apply(normal, x, weight, bias, y, has_weight, has_bias, row, v);
    }
}

extern "C" __global__ BOUNDED void layer_norm_statistics(
    const real* x, real eps, Normal* statistics, Moments* parts, long long rows, long long n, long long inner) {
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, inner) {
        Moments found = moments_of(x, row, v, team);
        if (!team.knows(found, parts, row)) continue;
        if (row.is_mine()) statistics[row.index] = found.normal(eps);
    }
}

extern "C" __global__ BOUNDED void rms_norm(
    const real* x, const real* weight, real eps, real* y, int has_weight, real* parts, long long rows, long long n,
    long long inner) {
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, inner) {
        real squares = squares_of(x, row, v, team);
        if (!team.knows(squares, parts, row)) continue;
        apply(rms(squares, row, eps), x, weight, nullptr, y, has_weight, 0, row, v);
    }
}
