// Losses of class predictions on the GPU: the loss and, if wanted, the gradient, in one pass. Logits are (outer, classes,
// inner); teams of threads take the rows, or threads the columns, as teams.cuh draws it. An array that isn't wanted is
// announced by its flag, and its pointer never followed.

#include "losses/classification/labels.cuh"
#include "softmax/total.cuh"
#include "teams.cuh"

// −log softmax(x).
struct MinusLog {
    real top, log_sum;

    __device__ MinusLog(Total total) : top(total.top), log_sum(log(total.sum)) {}
    __device__ real operator()(real x) const { return log_sum - (x - top); }
};

// Cross-entropy with class numbers. Neighbouring teams may have labels of different kinds, but go through all sums together.
extern "C" __global__ BOUNDED_BY_1024 void cross_entropy_indices(
    const real* logits, const long long* target, const real* weight, const real* divisor, long long ignore_index,
    real smoothing, real* loss, real* gradient, int has_weight, int has_divisor, int wants_gradient, long long rows,
    long long classes, long long inner) {
    real spread = smoothing / classes;
    real scale = has_divisor ? real(1) / divisor[0] : real(1);
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, classes, inner) {
        MinusLog minus_log = total_of(logits, row, v, team);
        long long label = row.n ? target[row.index] : ignore_index;
        bool ignored = label == ignore_index, counts = !ignored && is_class(label, classes);
        real w = counts ? (has_weight ? weight[label] : real(1)) * (real(1) - smoothing) : real(0);
        Pair spreads = {0, 0};  // of the smoothing: Σ spread·w, and its loss
        if (spread != 0) {
            FOR_EACH_PIECE(from, row) {
                if (!WHOLE) v.load(logits, row, from, 0);
                FOR_EACH_PACK(k, j, row, from) {
                    Pack ws = pack_or(weight + from + j, has_weight, 1);
                    UNROLL for (int e = 0; e < WIDE; e++) {
                        spreads.a += spread * ws.at[e];
                        spreads.b += spread * ws.at[e] * minus_log(v.at[k + e]);
                    }
                }
            }
            spreads = team.sum(spreads);
        }
        real nothing = ignored ? real(0) : real(0) / real(0);
        if (row.is_mine()) loss[row.index] = counts ? spreads.b + w * minus_log(logits[row.at(label)]) : nothing;
        if (!wants_gradient) continue;
        nothing *= minus_log.log_sum;  // a NaN among the logits passes
        real share = spreads.a + w;
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) v.load(logits, row, from, 0);
            FOR_EACH_PACK(k, j, row, from) {
                Pack ws = pack_or(weight + from + j, has_weight, 1);
                UNROLL for (int e = 0; e < WIDE; e++) {
                    real wanted = spread * ws.at[e] + (from + j + e == label ? w : real(0));
                    real slope = scale * (exp(-minus_log(v.at[k + e])) * share - wanted);
                    v.at[k + e] = counts ? slope : nothing;
                }
            }
            v.store(gradient, row, from);
        }
    }
}

// Cross-entropy with class probabilities.
extern "C" __global__ BOUNDED_BY_1024 void cross_entropy_probabilities(
    const real* logits, const real* target, const real* weight, real smoothing, real scale, real* loss, real* gradient,
    int has_weight, int wants_gradient, long long rows, long long classes, long long inner) {
    real kept = real(1) - smoothing, spread = smoothing / classes;
    Team team;
    Values v, wanted;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, classes, inner) {
        if (WHOLE) wanted.load(target, row, 0, 0);
        MinusLog minus_log = total_of(logits, row, v, team);
        Pair sums = {0, 0};  // of what is wanted, and the loss
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) wanted.load(target, row, from, 0), v.load(logits, row, from, 0);
            FOR_EACH_PACK(k, j, row, from) {
                Pack ws = pack_or(weight + from + j, has_weight, 1);
                UNROLL for (int e = 0; e < WIDE; e++) {
                    wanted.at[k + e] = ws.at[e] * (kept * wanted.at[k + e] + spread);
                    sums.a += wanted.at[k + e];
                    sums.b += wanted.at[k + e] * minus_log(v.at[k + e]);
                }
            }
        }
        sums = team.sum(sums);
        if (row.is_mine()) loss[row.index] = sums.b;
        if (!wants_gradient) continue;
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) {
                wanted.load(target, row, from, 0), v.load(logits, row, from, 0);
                FOR_EACH_PACK(k, j, row, from) {
                    Pack ws = pack_or(weight + from + j, has_weight, 1);
                    UNROLL for (int e = 0; e < WIDE; e++)
                        wanted.at[k + e] = ws.at[e] * (kept * wanted.at[k + e] + spread);
                }
            }
            FOR_EACH_VALUE(k) v.at[k] = scale * (exp(-minus_log(v.at[k])) * sums.a - wanted.at[k]);
            v.store(gradient, row, from);
        }
    }
}
