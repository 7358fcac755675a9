// Attention on the GPU, a tile of 32 queries × 32 keys at a time; the matrix of weights is never stored.
//
//                keys                       A block takes 32 rows of one head, and walks over the rows that these
//            ┌────┬────┬────┐               meet: queries over keys for y and the queries' gradient, keys over
//   queries  │ p →│ p →│    │  y            queries for that of keys and values. Each tile is made of two products of
//            └────┴────┴────┘               matrices, whose factors come through shared memory 32 columns at a time.
//
// A thread's own rows and columns of a tile, and of the result, are 16 apart, 2 × 2 of each 32 × 32. The result is kept
// where it belongs, in global memory: only its own thread touches an element, and any width will do.

#include "attention/heads.cuh"
#include "attention/tiles.cuh"
#include "elementwise.cuh"

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
        if (DROPS) draw(keep, COUNTER(head, top, left), queries, seed, limit);
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

// means[row] = Σ grad · y: what the softmax's gradient takes off.
extern "C" __global__ void attention_means(ROWS_OF(const real, grad), ROWS_OF(const real, y), real* means,
                                           long long heads, long long queries, long long values, long long n) {
    FOR_EACH_ELEMENT(i, n) {
        long long row = i % queries, h = i / queries % heads, b = i / queries / heads;
        const real *one = HEAD(grad, b, h) + row * grad_row, *other = HEAD(y, b, h) + row * y_row;
        real sum = 0;
        for (long long e = 0; e < values; e++) sum += one[e] * other[e];
        means[i] = sum;
    }
}

#define WAY_BACK ATTENTION_ARGUMENTS, ROWS_OF(const real, grad), const real *sums, const real *means

extern "C" __global__ void attention_by_queries(WAY_BACK, ROWS_OF(real, grad_q)) {
    __shared__ Tile s, t, slope;
    __shared__ Kept keep;
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    long long tiles = (queries + TILE - 1) / TILE, head = blockIdx.x / tiles, top = blockIdx.x % tiles * TILE;
    long long b = head / heads, h = head % heads;
    const real *q_of = HEAD(q, b, h), *k_of = HEAD(k, b, h / group), *v_of = HEAD(v, b, h / group);
    const real *grad_of = HEAD(grad, b, h), *mask_of = HEAD(mask, b, h);
    real* y_of = HEAD(grad_q, b, h);
    clear(y_of, grad_q_row, top, queries, width);
    long long end = causal ? min(keys, top + TILE) : keys;
    for (long long left = 0; left < end; left += TILE) {
        if (DROPS) draw(keep, COUNTER(head, top, left), queries, seed, limit);
        real dot[EACH][EACH], by[EACH][EACH];
        multiply(dot, q_of, q_row, top, queries, k_of, k_row, left, keys, width, s, t);
        multiply(by, grad_of, grad_row, top, queries, v_of, v_row, left, keys, values, s, t);
        for (int i = 0; i < EACH; i++) {
            for (int j = 0; j < EACH; j++) {
                int x = down + i * SIDE, z = across + j * SIDE;
                long long query = top + x, key = left + z, place = head * queries + query;
                real factor = DROPS && !keep.at[z][x] ? real(0) : kept;
                slope.at[x][z] = !SEEN(query, key) ? real(0)
                    : scale * exp(SCORE(dot[i][j], query, key) - sums[place]) * (factor * by[i][j] - means[place]);
            }
        }
        add_product(y_of, grad_q_row, top, queries, slope, k_of, k_row, left, keys, width, t,
                    [](int) { return real(1); });
    }
}

// A block's rows are keys, which meet the queries of all heads of their group.
extern "C" __global__ void attention_by_keys(WAY_BACK, ROWS_OF(real, grad_k), ROWS_OF(real, grad_v)) {
    __shared__ Tile s, t, weight, slope;
    __shared__ Kept keep;
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    long long tiles = (keys + TILE - 1) / TILE, own = blockIdx.x / tiles, top = blockIdx.x % tiles * TILE;
    long long b = own / (heads / group), first = own % (heads / group) * group;
    const real *k_of = HEAD(k, b, first / group), *v_of = HEAD(v, b, first / group);
    real *grad_k_of = HEAD(grad_k, b, first / group), *grad_v_of = HEAD(grad_v, b, first / group);
    clear(grad_k_of, grad_k_row, top, keys, width);
    clear(grad_v_of, grad_v_row, top, keys, values);
    auto as_it_is = [](int) { return real(1); };
    for (long long h = first; h < first + group; h++) {
        const real *q_of = HEAD(q, b, h), *grad_of = HEAD(grad, b, h), *mask_of = HEAD(mask, b, h);
        for (long long left = causal ? top : 0; left < queries; left += TILE) {
            if (DROPS) draw(keep, COUNTER(b * heads + h, left, top), queries, seed, limit);
            real dot[EACH][EACH], by[EACH][EACH];
            multiply(dot, k_of, k_row, top, keys, q_of, q_row, left, queries, width, s, t);
            multiply(by, v_of, v_row, top, keys, grad_of, grad_row, left, queries, values, s, t);
            for (int i = 0; i < EACH; i++) {
                for (int j = 0; j < EACH; j++) {
                    int x = down + i * SIDE, z = across + j * SIDE;
                    long long key = top + x, query = left + z, place = (b * heads + h) * queries + query;
                    bool seen = SEEN(query, key);
                    real p = seen ? exp(SCORE(dot[i][j], query, key) - sums[place]) : real(0);
                    real factor = DROPS && !keep.at[x][z] ? real(0) : kept;
                    weight.at[x][z] = p * factor;
                    slope.at[x][z] = seen ? scale * p * (factor * by[i][j] - means[place]) : real(0);
                }
            }
            add_product(grad_v_of, grad_v_row, top, keys, weight, grad_of, grad_row, left, queries, values, t, as_it_is);
            add_product(grad_k_of, grad_k_row, top, keys, slope, q_of, q_row, left, queries, width, t, as_it_is);
        }
    }
}
