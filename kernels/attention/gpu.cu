// Attention on the GPU, in tiles; the matrix of weights is never stored.
//
//                keys                       A block takes 64 queries of one head, and walks over the keys that these
//            ┌────┬────┬────┐               meet, 32 at a time. On the way back blocks of 32 queries find the queries'
//   queries  │ p →│ p →│ p →│  y            gradient so, and blocks of 32 keys that of keys and values, walking over
//            └────┴────┴────┘               queries. The result stays in registers until the walk is over.
//
// tiles.cuh says who holds what. Tiles are fetched while others are multiplied, each into the place that was read last:
//
//     keys    ── fetched ──┐ multiplied by queries │ ─────── fetched ───────┐
//     values               │ ────── fetched ───────┐ multiplied by weights │
//
// A block computes 64 columns of its result (32 with float64); of wider ones, others make the same weights again.
//
// Float32 may come from tensor cores instead (ladder/tensor.cuh). This kernel then makes again what they couldn't: the rows
// of blocks whose number in `again` isn't 0.
//
// Tri Dao, FlashAttention-2, arXiv:2307.08691. Not run on a GPU yet.

#include "attention/dropout.cuh"
#include "attention/heads.cuh"
#include "attention/tiles.cuh"

__device__ inline real larger(real a, real b) { return b > a ? b : a; }

extern "C" __global__ void __launch_bounds__(THREADS, 3)
    attention(ATTENTION_ARGUMENTS, ROWS_OF(real, y), real* sums, int wants_sums, const real* again) {
    if (again && again[blockIdx.x] == 0) return;
    constexpr int R = 4, ROWS = 16 * R;
    __shared__ Tile<ROWS> q_tile;
    __shared__ Tile<OTHERS> k_tile, v_tile;
    __shared__ Weights<ROWS> p;
    // With a causal mask the last queries meet the most keys: they begin.
    long long tiles = (queries + ROWS - 1) / ROWS, head = blockIdx.x / tiles, top = (tiles - 1 - blockIdx.x % tiles) * ROWS;
    long long b = head / heads, h = head % heads, from = blockIdx.y * (long long)DEPTH;
    const real* mask_of = HEAD(mask, b, h);
    Rows of_q = {HEAD(q, b, h), q_row, queries, width}, of_k = {HEAD(k, b, h / group), k_row, keys, width};
    Rows of_v = {HEAD(v, b, h / group), v_row, keys, values};
    bool narrow = width <= DEPTH;
    Vector sum[R][PARTS] = {};
    real most[R], total[R] = {};  // of each row: the largest score so far, this thread's share of Σ exp(score − most)
    for (int i = 0; i < R; i++) most[i] = -infinity();
    long long end = causal ? min(keys, top + ROWS) : keys;
    if (narrow) fetch(q_tile, of_q, top, 0), fetch(k_tile, of_k, 0, 0);
    for (long long left = 0; left < end; left += OTHERS) {
        arrived();  // the keys
        fetch(v_tile, of_v, left, from);
        real dot[R][EACH] = {};
        if (narrow)
            multiply(dot, q_tile, k_tile, used(width, 0));
        else
            multiply_wide(dot, q_tile, of_q, top, k_tile, of_k, left);
        arrived();  // the values
        if (narrow && left + OTHERS < end) fetch(k_tile, of_k, left + OTHERS, 0);
        for (int i = 0; i < R; i++) {
            long long query = top + own_row<R>(i);
            real before = most[i];
            for (int j = 0; j < EACH; j++) {
                long long key = left + across() + 8 * j;
                dot[i][j] = SEEN(query, key) ? SCORE(dot[i][j], query, key) : -infinity();
                most[i] = larger(most[i], dot[i][j]);
            }
            for (int step = 4; step; step /= 2) most[i] = larger(most[i], __shfl_xor_sync(~0u, most[i], step));
            real factor = before == most[i] ? real(1) : exp(before - most[i]);
            total[i] *= factor;
            for (int part = 0; part < PARTS; part++)
                for (int e = 0; e < LANES; e++) sum[i][part].at[e] *= factor;
            for (int j = 0; j < EACH; j++) {
                dot[i][j] = exp(dot[i][j] - (most[i] == -infinity() ? real(0) : most[i]));
                total[i] += dot[i][j];
            }
        }
        if (DROPS) draw<R, false>(p, COUNTER(head, top, left), queries, seed, place, limit, kept);
        for (int i = 0; i < R; i++) {
            for (int j = 0; j < EACH; j++) {
                real& weight = p.element(own_row<R>(i), across() + 8 * j);
                weight = DROPS ? dot[i][j] * weight : dot[i][j];
            }
        }
        __syncwarp();  // the weights are whole
        add_product(sum, p, v_tile, used(values, from));
    }
    for (int i = 0; i < R; i++)
        for (int step = 4; step; step /= 2) total[i] += __shfl_xor_sync(~0u, total[i], step);
    store(sum, HEAD(y, b, h), y_row, top, queries, from, values, [&](int i) { return total[i] == 0 ? real(0) : 1 / total[i]; });
    if (!wants_sums || blockIdx.y || across()) return;
    for (int i = 0; i < R; i++) {
        long long query = top + own_row<R>(i);
        if (query < queries) sums[head * queries + query] = total[i] == 0 ? infinity() : most[i] + log(total[i]);
    }
}
