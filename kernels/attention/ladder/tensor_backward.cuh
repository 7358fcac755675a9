// The way back of attention on tensor cores, whatever their numbers are: split.cuh, rounded.cuh (rungs 4 and 5).
//
//            others, a tile at a time      A block's warps have 16 rows each of one kind, keys or queries, and keep the
//            ┌──────┬──────┬──────┐        gradients of these in registers; others pass by. So both kernels make the
//   warp 0   │ p, ∂ │ p, ∂ │ p, ∂ │        weights p and the slopes ∂, but each sum has an order of its own. As on the
//        1   ├──────┼──────┼──────┤        way there (tensor.cuh), both are, where they lie, the first factor of the
//        2   └──────┴──────┴──────┘        products that follow: they never leave their registers.
//
//     by keys:     s = k qᵀ, by = v gᵀ; p = exp(s − log Σ exp), ∂ = p (by − mean); ∂v += p g, ∂k += ∂ q
//     by queries:  s = q kᵀ, by = g vᵀ; the same;                                              ∂q += ∂ k
//
// A block where something isn't finite says so in `again`, and the plain kernel makes its rows anew.
#pragma once

#include "attention/ladder/tensor_tiles.cuh"

// Shared memory is 48 KB at most: own tiles of 16 KB at most, others of 4.
constexpr int FITTING = 16384 / (WIDTH * sizeof(Number)), ROWS = FITTING < 64 ? FITTING : 64, THREADS = 2 * ROWS;
constexpr int OTHERS = 4096 / (WIDTH * sizeof(Number));

struct Place {
    long long head, left;
};

// ∂queries in grad_a, or ∂keys and ∂values in both.
template <bool BY_KEYS>
__device__ __forceinline__ void way_back(WAY_BACK_ARGUMENTS, ROWS_OF(real, grad_a), ROWS_OF(real, grad_b),
                                         real* again) {
    __shared__ __align__(128) Number own[2][ROWS * WIDTH], other[STAGES][2][OTHERS * WIDTH];
    long long rows = BY_KEYS ? keys : queries, count = BY_KEYS ? group : 1;
    long long tiles = (rows + ROWS - 1) / ROWS, owner = blockIdx.x / tiles, nth = blockIdx.x % tiles;
    long long b = owner / (heads / count), first = owner % (heads / count) * count, last = first + count;
    // With a causal mask the first keys and the last queries meet the most: they begin.
    long long top = (BY_KEYS ? nth : tiles - 1 - nth) * ROWS, begin = BY_KEYS && causal ? top : 0;
    long long end = BY_KEYS ? queries : causal ? min(keys, top + ROWS) : keys;
    int warp_row = threadIdx.x / 32 * 16;
    long long own_first = top + warp_row, row = own_first + threadIdx.x % 32 / 4;  // and the one 8 further
    const real *k_of = HEAD(k, b, first / group), *v_of = HEAD(v, b, first / group);
    auto copy_queries = [&](auto count, Number* of_q, Number* of_grad, Place at) {
        copy_tile<count.value, THREADS>(of_q, HEAD(q, b, at.head), q_row, at.left, queries, width);
        copy_tile<count.value, THREADS>(of_grad, HEAD(grad, b, at.head), grad_row, at.left, queries, values);
    };
    auto copy_keys = [&](auto count, Number* of_k, Number* of_v, Place at) {
        copy_tile<count.value, THREADS>(of_k, k_of, k_row, at.left, keys, width);
        copy_tile<count.value, THREADS>(of_v, v_of, v_row, at.left, keys, values);
    };
    auto copy = [&](int stage, Place at) {
        if constexpr (BY_KEYS)
            copy_queries(Count<OTHERS>(), other[stage][0], other[stage][1], at);
        else
            copy_keys(Count<OTHERS>(), other[stage][0], other[stage][1], at);
    };
    // Of queries: log Σ exp, +∞ beyond the last, so that weights are 0 there; and the mean.
    constexpr int KNOWN = BY_KEYS ? OTHERS / 4 : 2;
    float log_sum[KNOWN], mean[KNOWN];
    auto know = [&](long long head, long long query) {
        const real *sum = sums + (b * heads + head) * queries + query, *other = means + (sum - sums);
        int exist = min(queries - query, 64LL);
        for (int i = 0; i < KNOWN; i++) {
            int at = BY_KEYS ? i / 2 * 8 + i % 2 : i * 8;
            bool inside = at < exist;
            log_sum[i] = inside ? sum[at] : infinity();
            mean[i] = inside ? other[at] : 0;
        }
    };
    if (begin < end) {
        if constexpr (BY_KEYS)
            copy_keys(Count<ROWS>(), own[0], own[1], {first, top});
        else
            copy_queries(Count<ROWS>(), own[0], own[1], {first, top});
        copy(0, {first, begin});
    }
    if constexpr (!BY_KEYS) know(first, row);
    float check = 0, sum[BY_KEYS ? 2 : 1][WIDTH / 8][4] = {};
    int stage = 0;
    for (Place at = {first, begin}, next; at.head < last && begin < end; at = next, stage ^= 1) {
        next = at.left + OTHERS < end ? Place{at.head, at.left + OTHERS} : Place{at.head + 1, begin};
        wait_for_copies();  // this tile is here, for this thread's part,
        __syncthreads();    // for everybody's; and all have done with the one before, whose place the next one takes
        if (next.head < last) copy(stage ^ 1, next);
        // None of the warp's keys is seen by these queries, or none of these keys by its queries.
        if (causal && (BY_KEYS ? at.left + OTHERS <= own_first : own_first + 15 < at.left)) continue;
        if constexpr (BY_KEYS) know(at.head, at.left + pair());
        float s[OTHERS / 8][4] = {}, by[OTHERS / 8][4] = {};
        multiply(s, own[0], warp_row, other[stage][0], width);
        multiply(by, own[1], warp_row, other[stage][1], values);
        // What exp takes: less exact in units of log 2, for log Σ exp would be rounded anew.
        float unit = ROUNDED ? LN2 : float(scale);  // queries that were rounded came times scale / log 2
#pragma unroll
        for (int j = 0; j < OTHERS / 8; j++) {
            for (int r = 0; r < 4; r++) {
                check += s[j][r];
                s[j][r] = fmaf(s[j][r], unit, -log_sum[BY_KEYS ? 2 * j + r % 2 : r / 2]);
            }
        }
        bool rim = BY_KEYS ? own_first + 16 > keys : at.left + OTHERS > keys;
        bool diagonal = causal && (BY_KEYS ? own_first + 15 > at.left : at.left + OTHERS > own_first + 1);
        if (has_mask || rim || diagonal) {
            const real* mask_of = HEAD(mask, b, at.head);
#pragma unroll
            for (int half = 0; half < 2; half++) {
                long long mine = row + half * 8, step = BY_KEYS ? mask_row : 1;
                // The lane's row meets the others from `low` to `high`, in the tile from `least` to `most`.
                long long low = BY_KEYS && causal ? mine - at.left : 0;
                long long high = BY_KEYS ? (mine < keys ? queries : 0) : causal ? min(keys, mine + 1) : keys;
                auto in_tile = [](long long at) { return int(max(min(at, 1LL * OTHERS), 0LL)) - pair(); };
                int least = in_tile(low), most = in_tile(high - at.left);
                const real* from =
                    mask_of + (BY_KEYS ? at.left * mask_row + mine : min(mine, queries - 1) * mask_row + at.left);
                for (int j = 0; j < OTHERS / 8; j++) {
                    for (int i = 0; i < 2; i++) {
                        float& score = s[j][2 * half + i];
                        if (8 * j + i < least || 8 * j + i >= most)
                            score = -infinity();
                        else if (has_mask)
                            score += from[(8 * j + pair() + i) * step];
                    }
                }
            }
        }
        unsigned dropped = 0;
        auto drop = [&](float(&x)[OTHERS / 8][4]) {
#pragma unroll
            for (int j = 0; j < OTHERS / 8; j++)
                for (int r = 0; r < 4; r++) x[j][r] *= dropped >> (4 * j + r) & 1 ? 0 : float(kept);
        };
        if (DROPS) {
            long long h = b * heads + at.head;
            if constexpr (BY_KEYS)
                dropped = dropped_rows<OTHERS>(COUNTER(h, at.left, own_first), queries, seed, place, limit);
            else
                dropped = dropped_columns<OTHERS>(COUNTER(h, own_first, at.left), queries, seed, place, limit);
            drop(by);
        }
#pragma unroll
        for (int j = 0; j < OTHERS / 8; j++) {
            for (int r = 0; r < 4; r++) {
                s[j][r] = power_of_2(LOG2E * s[j][r]);
                by[j][r] = s[j][r] * (by[j][r] - mean[BY_KEYS ? 2 * j + r % 2 : r / 2]);
            }
        }
        if constexpr (BY_KEYS) {
            if (DROPS) drop(s);
            add(sum[1], s, other[stage][1], values);
        }
        add(sum[0], by, other[stage][0], width);
    }
    auto store = [&](const float(&sum)[WIDTH / 8][4], real* grad_of, long long step, int columns) {
        bool together = in_pieces(grad_of, step, 4);
#pragma unroll
        for (int half = 0; half < 2; half++)
            if (row + half * 8 < rows) store_row(grad_of + (row + half * 8) * step, together, columns, sum, half);
    };
    float factor = BY_KEYS && ROUNDED ? LN2 : float(scale);
#pragma unroll
    for (int c = 0; c < WIDTH / 8; c++) {
        for (int r = 0; r < 4; r++) {
            check += sum[0][c][r] *= factor;
            if constexpr (BY_KEYS) check += sum[1][c][r];
        }
    }
    store(sum[0], HEAD(grad_a, b, first / count), grad_a_row, width);
    if constexpr (BY_KEYS) store(sum[1], HEAD(grad_b, b, first / count), grad_b_row, values);
    int broken = __syncthreads_or(check * 0 != 0);  // of infinities and NaN that is a NaN
    if (threadIdx.x == 0) again[owner * tiles + top / ROWS] = broken;
}

#define WAY_BACK_BOUNDS __launch_bounds__(THREADS, WIDTH == 64 ? 3 : 2)

extern "C" __global__ void WAY_BACK_BOUNDS
    attention_by_queries(WAY_BACK_ARGUMENTS, ROWS_OF(real, grad_q), real* again) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    way_back<false>(WAY_BACK_GIVEN, GIVEN(grad_q), GIVEN(grad_q), again);
}

extern "C" __global__ void WAY_BACK_BOUNDS
    attention_by_keys(WAY_BACK_ARGUMENTS, ROWS_OF(real, grad_k), ROWS_OF(real, grad_v), real* again) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();
        return;
    }
    way_back<true>(WAY_BACK_GIVEN, GIVEN(grad_k), GIVEN(grad_v), again);
}
