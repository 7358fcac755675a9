// Rung 3: one pass over the keys, by the online softmax.
//
// Whenever a tile holds a larger score than those before, what has been summed until then is multiplied by
// exp(before − now): so no scores are made twice. The result lies in global memory, where each tile adds to it.
// Three quarters of rung 2's sectors, 70 % of its instructions.
//
// What remains: for 2 × 2 multiply-adds a thread reads 2 + 2 numbers of shared memory, and all wait for each tile.

#include "attention/heads.cuh"
#include "attention/ladder/tiles.cuh"

extern "C" __global__ void attention(ATTENTION_ARGUMENTS, ROWS_OF(real, y), real* sums, int wants_sums) {
    __shared__ Tile s, t, p;
    __shared__ Kept keep;
    __shared__ real most[TILE], total[TILE], factor[TILE];  // of each query: the largest score so far, …
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE, r = threadIdx.x;
    long long tiles = (queries + TILE - 1) / TILE, head = blockIdx.x / tiles, top = blockIdx.x % tiles * TILE;
    long long b = head / heads, h = head % heads;
    const real *q_of = HEAD(q, b, h), *k_of = HEAD(k, b, h / group), *v_of = HEAD(v, b, h / group);
    const real* mask_of = HEAD(mask, b, h);
    real* y_of = HEAD(y, b, h);
    if (r < TILE) most[r] = -infinity(), total[r] = 0;
    clear(y_of, y_row, top, queries, values);
    long long end = causal ? min(keys, top + TILE) : keys;
    for (long long left = 0; left < end; left += TILE) {
        if (DROPS) draw(keep, COUNTER(head, top, left), queries, seed, place, limit);
        real dot[EACH][EACH];
        multiply(dot, q_of, q_row, top, queries, k_of, k_row, left, keys, width, s, t);
        for (int i = 0; i < EACH; i++) {
            for (int j = 0; j < EACH; j++) {
                int x = down + i * SIDE, z = across + j * SIDE;
                long long query = top + x, key = left + z;
                p.at[x][z] = SEEN(query, key) ? SCORE(dot[i][j], query, key) : -infinity();
            }
        }
        __syncthreads();  // the scores are whole
        if (r < TILE) {
            real before = most[r], now = before;
            for (int j = 0; j < TILE; j++) now = p.at[r][j] > now ? p.at[r][j] : now;
            most[r] = now;
            factor[r] = before == now ? real(1) : exp(before - now);
        }
        __syncthreads();  // so are the largest
        for (int i = 0; i < EACH; i++) {
            for (int j = 0; j < EACH; j++) {
                int x = down + i * SIDE, z = across + j * SIDE;
                p.at[x][z] = exp(p.at[x][z] - (most[x] == -infinity() ? real(0) : most[x]));
            }
        }
        __syncthreads();  // and the weights
        if (r < TILE) {
            real sum = 0;
            for (int j = 0; j < TILE; j++) {
                sum += p.at[r][j];
                if (DROPS && !keep.at[j][r]) p.at[r][j] = 0;
            }
            total[r] = total[r] * factor[r] + sum;
        }
        add_product(y_of, y_row, top, queries, p, v_of, v_row, left, keys, values, t, [&](int i) { return factor[i]; });
    }
    change_own(y_of, y_row, top, queries, values,
               [&](real y, int i) { return total[i] == 0 ? real(0) : y / total[i] * kept; });
    if (wants_sums && r < TILE && top + r < queries)
        sums[head * queries + top + r] = total[r] == 0 ? infinity() : most[r] + log(total[r]);
}
