// Losses of class predictions on the GPU: the loss and, if wanted, the gradient. Logits are (outer, classes, inner); teams
// of threads take the rows, or threads the columns, as teams.cuh draws it. An array that isn't wanted is announced by its
// flag, and its pointer never followed.
//
// With wᵢ for what is wanted of class i, its target times its weight, a row's loss is Σ wᵢ (log Σ exp(xⱼ) − xᵢ), for which
// one walk is enough: Σ wᵢ and Σ wᵢ xᵢ are found beside the maximum and the sum. So a whole row is read once; a longer one,
// or one split among blocks, once for the loss and once for the gradient.
//
// Small inputs cost what their launches cost, so a launch does what it can beside the rows:
//
//     SUMS 0     nothing: label_weights.cu comes before it, for a mean, and losses/total.cu after it
//     SUMS 1     each block sums the labels' weights by itself, for they are few: no label_weights.cu
//     SUMS 2     there is one block, which has all rows: no total.cu either
//
// Loss and gradient of a mean, sectors counted by the simulator, times predicted for an H100 within a CUDA graph:
//
//     64 × 10        1 launch      544 sectors     2.5 µs       before: 3 launches,    562 sectors, 6.5 µs
//     256 × 10       1 launch    2,181 sectors     3.5 µs               3 launches,  2,247 sectors, 6.5 µs
//     512 × 96       2 launches 22,083 sectors     5 µs                 3 launches, 14,531 sectors, 6.5 µs
//     128 × 1000     2 launches 36,883 sectors     5 µs                 3 launches, 33,331 sectors, 6.5 µs
//
// What 512 × 96 reads more are labels, 4 KiB by each of 64 blocks, from the second-level cache.

#include "losses/classification/labels.cuh"
#include "softmax/total.cuh"
#include "teams.cuh"

#ifndef SUMS
#define SUMS 0
#endif

// 1,024 threads haven't the registers that exp and log of float64 need.
#define BOUNDED_HERE __launch_bounds__(LARGEST, sizeof(real) == 4 ? 1024 / LARGEST : 1)

// What is found of a row: Σ w, and Σ w (x − base). A larger base turns that, as it does the total.
struct Known {
    Total total;
    real wanted = 0, along = 0;

    __device__ void raise(real top) {
        real before = total.base();
        total.raise(top);
        along += wanted * (before - total.base());
    }
    __device__ Known operator+(Known other) const {
        Known a = *this;
        real higher = a.total.top > other.total.top ? a.total.top : other.total.top;
        a.raise(higher), other.raise(higher);
        return {{higher, a.total.sum + other.total.sum}, a.wanted + other.wanted, a.along + other.along};
    }
};

// −log softmax(x).
struct MinusLog {
    real top, log_sum;

    __device__ MinusLog(Total total) : top(total.top), log_sum(log(total.sum)) {}
    __device__ real operator()(real x) const { return log_sum - (x - top); }
};

// What is wanted of class numbers: the same of every class, for smoothing. The label's own comes to that.
struct Labels {
    const real* weight;
    int has_weight;
    real spread;

    __device__ void load(const Row&, long long) {}
    __device__ Pack operator()(int, long long i) const {
        Pack ws = pack_or(weight + i, has_weight, 1);
        UNROLL for (int e = 0; e < WIDE; e++) ws.at[e] *= spread;
        return ws;
    }
};

// What is wanted of class probabilities.
struct Probabilities {
    const real *target, *weight;
    int has_weight;
    real kept, spread;
    Values w;

    __device__ void load(const Row& row, long long from) {
        w.load(target, row, from, 0);
        FOR_EACH_PACK(k, j, row, from) {
            Pack ws = pack_or(weight + row.offset + from + j, has_weight, 1);
            UNROLL for (int e = 0; e < WIDE; e++) w.at[k + e] = ws.at[e] * (kept * w.at[k + e] + spread);
        }
    }
    __device__ Pack operator()(int k, long long) const { return w.pack(k); }
};

// Adds a piece's share of Σ w and Σ w (x − base).
template <typename Wanted>
__device__ void add(Pair& sums, const Values& v, const Wanted& wanted, real base, const Row& row, long long from) {
    FOR_EACH_PACK(k, j, row, from) {
        Pack ws = wanted(k, row.offset + from + j);
        UNROLL for (int e = 0; e < WIDE; e++) sums = sums + Pair{ws.at[e], ws.at[e] * (v.at[k + e] - base)};
    }
}

// What the team has of the row stays in `v` and `wanted`, if it is whole. `weighs`: whether anything is wanted.
template <typename Wanted>
__device__ Known known_of(const real* x, const Row& row, Values& v, Wanted& wanted, bool weighs, Team& team) {
    if (WHOLE) {
        wanted.load(row, 0);
        Total total = total_of(x, row, v, team);
        Pair sums;
        if (STAGE < 2 && weighs) {
            add(sums, v, wanted, total.base(), row, 0);
            sums = team.sum(sums);
        }
        return {total, sums.a, sums.b};
    }
    Known known;
    FOR_EACH_PIECE_TO_FIND(from, row) {
        v.load(x, row, from, real(-1) / real(0));
        wanted.load(row, from);
        known.raise(v.largest(known.total.top));
        real base = known.total.base();
        FOR_EACH_VALUE(k) known.total.sum += exp(v.at[k] - base);
        Pair sums = {known.wanted, known.along};
        if (weighs) add(sums, v, wanted, base, row, from);
        known.wanted = sums.a, known.along = sums.b;
    }
    return STAGE < 2 ? team.sum(known) : known;
}

// The last step, by a block that has all rows.
__device__ void put_total(double lost, double scale, real* total) {
    lost = block_sum(lost);
    if (threadIdx.x == 0) total[0] = scale * lost;
}

// Cross-entropy with class numbers. Neighbouring teams may have labels of different kinds, but go through all sums together.
extern "C" __global__ BOUNDED_HERE void cross_entropy_indices(
    const real* logits, const long long* target, const real* weight, real* divisor, long long ignore_index,
    real smoothing, real* loss, real* gradient, real* total, int has_weight, int is_mean, int wants_gradient,
    Known* parts, long long rows, long long classes, long long inner) {
    if (STAGE == 2 && !wants_gradient && blockIdx.x > 0) return;  // one block says the loss
    real spread = smoothing / classes, weights = 1;
    if (is_mean && SUMS == 0) weights = divisor[0];
    if (is_mean && SUMS > 0) weights = sum_of_weights(target, weight, ignore_index, classes, has_weight, rows);
    if (is_mean && SUMS == 1 && threadIdx.x + blockIdx.x + blockIdx.y == 0) divisor[0] = weights;
    real scale = real(1) / weights;
    double lost = 0;
    Labels labels = {weight, has_weight, spread};
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, classes, inner) {
        Known known;
        if (STAGE < 2 || wants_gradient) known = known_of(logits, row, v, labels, spread != 0, team);
        if (!team.knows(known, parts, row)) continue;
        MinusLog minus_log = known.total;
        long long label = row.n ? target[row.index] : ignore_index;
        bool ignored = label == ignore_index, counts = !ignored && is_class(label, classes);
        real w = counts ? (has_weight ? weight[label] : real(1)) * (real(1) - smoothing) : real(0);
        real nothing = ignored ? real(0) : real(0) / real(0);
        if (row.is_mine()) {
            real smoothed = spread != 0 ? minus_log.log_sum * known.wanted - known.along : real(0);
            real value = counts ? smoothed + w * minus_log(logits[row.at(label - row.offset)]) : nothing;
            loss[row.index] = value, lost += value;
        }
        if (!wants_gradient) continue;
        nothing *= minus_log.log_sum;  // a NaN among the logits passes
        real share = known.wanted + w;
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) v.load(logits, row, from, 0);
            FOR_EACH_PACK(k, j, row, from) {
                Pack ws = labels(k, row.offset + from + j);
                UNROLL for (int e = 0; e < WIDE; e++) {
                    real wanted = ws.at[e] + (row.offset + from + j + e == label ? w : real(0));
                    real slope = scale * (exp(-minus_log(v.at[k + e])) * share - wanted);
                    v.at[k + e] = counts ? slope : nothing;
                }
            }
            v.store(gradient, row, from);
        }
    }
    if (SUMS == 2) put_total(lost, 1.0 / weights, total);
}

// Cross-entropy with class probabilities.
extern "C" __global__ BOUNDED_HERE void cross_entropy_probabilities(
    const real* logits, const real* target, const real* weight, real smoothing, real scale, real* loss, real* gradient,
    real* total, int has_weight, int wants_gradient, Known* parts, long long rows, long long classes, long long inner) {
    if (STAGE == 2 && !wants_gradient && blockIdx.x > 0) return;
    Probabilities wanted = {target, weight, has_weight, real(1) - smoothing, smoothing / classes};
    double lost = 0;
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, classes, inner) {
        Known known;
        if (STAGE < 2 || wants_gradient) known = known_of(logits, row, v, wanted, true, team);
        if (!team.knows(known, parts, row)) continue;
        MinusLog minus_log = known.total;
        if (row.is_mine()) {
            real value = minus_log.log_sum * known.wanted - known.along;
            loss[row.index] = value, lost += value;
        }
        if (!wants_gradient) continue;
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) wanted.load(row, from), v.load(logits, row, from, 0);
            FOR_EACH_PACK(k, j, row, from) {
                Pack ws = wanted(k, row.offset + from + j);
                UNROLL for (int e = 0; e < WIDE; e++)
                    v.at[k + e] = scale * (exp(-minus_log(v.at[k + e])) * known.wanted - ws.at[e]);
            }
            v.store(gradient, row, from);
        }
    }
    if (SUMS == 2) put_total(lost, scale, total);
}
