// Rung 2: a block takes 32 queries of a head, and keys and values come through shared memory, 32 at a time: what is
// fetched serves 32 rows, and the matrix of weights is never stored. A first pass over the keys finds each query's
// largest score, so that the second knows what to subtract; it makes all scores again. Of the small example in
// __init__.py all sectors are needed now, a hundredth of rung 1's.

#include "attention/heads.cuh"
#include "attention/ladder/tiles.cuh"

extern "C" __global__ void attention(ATTENTION_ARGUMENTS, ROWS_OF(real, y), real* sums, int wants_sums) {
    __shared__ Tile s, t, p;
    __shared__ Kept keep;
    __shared__ real most[TILE], total[TILE];
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE, r = threadIdx.x;
    long long tiles = (queries + TILE - 1) / TILE, head = blockIdx.x / tiles, top = blockIdx.x % tiles * TILE;
    long long b = head / heads, h = head % heads;
    const real *q_of = HEAD(q, b, h), *k_of = HEAD(k, b, h / group), *v_of = HEAD(v, b, h / group);
    const real* mask_of = HEAD(mask, b, h);
    real* y_of = HEAD(y, b, h);
    // p = change(score, row in the tile), of the keys from `left` on.
    auto make_scores = [&](long long left, auto change) {
        real dot[EACH][EACH];
        multiply(dot, q_of, q_row, top, queries, k_of, k_row, left, keys, width, s, t);
        for (int i = 0; i < EACH; i++) {
            for (int j = 0; j < EACH; j++) {
                int x = down + i * SIDE, z = across + j * SIDE;
                long long query = top + x, key = left + z;
                p.at[x][z] = change(SEEN(query, key) ? SCORE(dot[i][j], query, key) : -infinity(), x);
            }
        }
        __syncthreads();  // they are whole
    };
    if (r < TILE) most[r] = -infinity(), total[r] = 0;
    long long end = causal ? min(keys, top + TILE) : keys;
    for (long long left = 0; left < end; left += TILE) {
        make_scores(left, [](real score, int) { return score; });
        if (r < TILE)
            for (int j = 0; j < TILE; j++) most[r] = p.at[r][j] > most[r] ? p.at[r][j] : most[r];
    }
    clear(y_of, y_row, top, queries, values);
    for (long long left = 0; left < end; left += TILE) {
        if (DROPS) draw(keep, COUNTER(head, top, left), queries, seed, place, limit);
        make_scores(left, [&](real score, int x) { return exp(score - (most[x] == -infinity() ? real(0) : most[x])); });
        if (r < TILE) {
            for (int j = 0; j < TILE; j++) {
                total[r] += p.at[r][j];
                if (DROPS && !keep.at[j][r]) p.at[r][j] = 0;
            }
        }
        add_product(y_of, y_row, top, queries, p, v_of, v_row, left, keys, values, t, [](int) { return real(1); });
    }
    change_own(y_of, y_row, top, queries, values,
               [&](real y, int i) { return total[i] == 0 ? real(0) : y / total[i] * kept; });
    if (wants_sums && r < TILE && top + r < queries)
        sums[head * queries + top + r] = total[r] == 0 ? infinity() : most[r] + log(total[r]);
}
