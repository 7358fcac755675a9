// The way back of attention on the GPU: gpu.cu draws how blocks walk, tiles.cuh who holds what.
//
// Both kernels make the weights of their tiles again, p = exp(score − log Σ exp), and a block adds up alone what it
// computes: so every sum has an order of its own. Each tile is fetched while another one is multiplied.
//
// Float32 may come from tensor cores instead (ladder/tensor_backward.cuh). These kernels then make again what those
// couldn't.
//
// Not run on a GPU yet.

#include "attention/dropout.cuh"
#include "attention/heads.cuh"
#include "attention/tiles.cuh"

constexpr int R = 2, ROWS = 16 * R;

// Rows are left out whose block on tensor cores, of `again_rows`, has the number 0.
#define LEAVES const real *again, long long again_rows
#define LEFT_OUT(head, rows) (again && again[(head) * (((rows) + again_rows - 1) / again_rows) + top / again_rows] == 0)

// means[row] = Σ grad · y, by a warp: what the softmax's gradient takes off.
extern "C" __global__ void attention_means(ROWS_OF(const real, grad), ROWS_OF(const real, y), real* means,
                                           long long heads, long long queries, long long values, long long n) {
    long long warps = gridDim.x * (long long)blockDim.x / 32;
    for (long long i = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / 32; i < n; i += warps) {
        long long row = i % queries, h = i / queries % heads, b = i / queries / heads;
        const real *one = HEAD(grad, b, h) + row * grad_row, *other = HEAD(y, b, h) + row * y_row;
        real sum = 0;
        for (long long e = threadIdx.x % 32; e < values; e += 32) sum += one[e] * other[e];
        for (int step = 16; step; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
        if (threadIdx.x % 32 == 0) means[i] = sum;
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 3)
    attention_by_queries(WAY_BACK_ARGUMENTS, ROWS_OF(real, grad_q), LEAVES) {
    __shared__ Tile<ROWS> q_tile, grad_tile;
    __shared__ Tile<OTHERS> k_tile, v_tile;
    __shared__ Weights<ROWS> slopes;
    long long tiles = (queries + ROWS - 1) / ROWS, head = blockIdx.x / tiles, top = (tiles - 1 - blockIdx.x % tiles) * ROWS;
    if (LEFT_OUT(head, queries)) return;
    long long b = head / heads, h = head % heads, from = blockIdx.y * (long long)DEPTH;
    const real* mask_of = HEAD(mask, b, h);
    Rows of_q = {HEAD(q, b, h), q_row, queries, width}, of_k = {HEAD(k, b, h / group), k_row, keys, width};
    Rows of_grad = {HEAD(grad, b, h), grad_row, queries, values}, of_v = {HEAD(v, b, h / group), v_row, keys, values};
    bool narrow = width <= DEPTH && values <= DEPTH;
    Vector sum[R][PARTS] = {};
    real own_sum[R], own_mean[R];
    for (int i = 0; i < R; i++) {
        long long query = top + own_row<R>(i);
        bool inside = query < queries;
        own_sum[i] = inside ? sums[head * queries + query] : real(0);
        own_mean[i] = inside ? means[head * queries + query] : real(0);
    }
    long long end = causal ? min(keys, top + ROWS) : keys;
    if (narrow) fetch(q_tile, of_q, top, 0), fetch(grad_tile, of_grad, top, 0), fetch(v_tile, of_v, 0, 0);
    for (long long left = 0; left < end; left += OTHERS) {
        real dot[R][EACH] = {}, by[R][EACH] = {};
        if (narrow) {
            arrived();  // the values
            fetch(k_tile, of_k, left, 0);
            multiply(by, grad_tile, v_tile, used(values, 0));
            arrived();  // the keys
            if (left + OTHERS < end) fetch(v_tile, of_v, left + OTHERS, 0);
            multiply(dot, q_tile, k_tile, used(width, 0));
        } else {
            multiply_wide(by, grad_tile, of_grad, top, v_tile, of_v, left);
            multiply_wide(dot, q_tile, of_q, top, k_tile, of_k, left);
            __syncthreads();  // all have read the keys
            fetch(k_tile, of_k, left, from);
            arrived();
        }
        if (DROPS) draw<R, false>(slopes, COUNTER(head, top, left), queries, seed, place, limit, kept);
        for (int i = 0; i < R; i++) {
            for (int j = 0; j < EACH; j++) {
                long long query = top + own_row<R>(i), key = left + across() + 8 * j;
                real& slope = slopes.element(own_row<R>(i), across() + 8 * j);
                real factor = DROPS ? slope : real(1);
                slope = !SEEN(query, key) ? real(0)
                    : scale * exp(SCORE(dot[i][j], query, key) - own_sum[i]) * (factor * by[i][j] - own_mean[i]);
            }
        }
        __syncwarp();  // the slopes are whole
        add_product(sum, slopes, k_tile, used(width, from));
    }
    store(sum, HEAD(grad_q, b, h), grad_q_row, top, queries, from, width, [](int) { return real(1); });
}

// A block's rows are keys, which meet the queries of all heads of their group.
extern "C" __global__ void __launch_bounds__(THREADS, 3)
    attention_by_keys(WAY_BACK_ARGUMENTS, ROWS_OF(real, grad_k), ROWS_OF(real, grad_v), LEAVES) {
    __shared__ Tile<ROWS> k_tile, v_tile;
    __shared__ Tile<OTHERS> q_tile, grad_tile;
    __shared__ Weights<ROWS> weights;
    long long tiles = (keys + ROWS - 1) / ROWS, own = blockIdx.x / tiles, top = blockIdx.x % tiles * ROWS;
    if (LEFT_OUT(own, keys)) return;
    long long b = own / (heads / group), first = own % (heads / group) * group, from = blockIdx.y * (long long)DEPTH;
    Rows of_k = {HEAD(k, b, first / group), k_row, keys, width}, of_v = {HEAD(v, b, first / group), v_row, keys, values};
    bool narrow = width <= DEPTH && values <= DEPTH;
    Vector sum_k[R][PARTS] = {}, sum_v[R][PARTS] = {};
    // The walk: the tiles of queries that see these keys, of one head after the other. (Where none does, one is walked.)
    long long begin = causal ? top : 0, end = first + group;
    auto grad_of = [&](long long h) { return Rows{HEAD(grad, b, h), grad_row, queries, values}; };
    if (narrow) fetch(k_tile, of_k, top, 0), fetch(v_tile, of_v, top, 0), fetch(grad_tile, grad_of(first), begin, 0);
    for (long long h = first, left = begin, next_h, next_left; h < end; h = next_h, left = next_left) {
        bool same_head = queries - left > OTHERS;
        next_h = same_head ? h : h + 1, next_left = same_head ? left + OTHERS : begin;
        const real* mask_of = HEAD(mask, b, h);
        Rows of_q = {HEAD(q, b, h), q_row, queries, width};
        real dot[R][EACH] = {}, by[R][EACH] = {};
        if (narrow) {
            arrived();  // the outputs' gradient
            fetch(q_tile, of_q, left, 0);
            multiply(by, v_tile, grad_tile, used(values, 0));
            arrived();  // the queries
            multiply(dot, k_tile, q_tile, used(width, 0));
        } else {
            multiply_wide(by, v_tile, of_v, top, grad_tile, grad_of(h), left);
            multiply_wide(dot, k_tile, of_k, top, q_tile, of_q, left);
            __syncthreads();  // all have read both
            fetch(q_tile, of_q, left, from);
            fetch(grad_tile, grad_of(h), left, from);
            arrived();
        }
        if (DROPS) draw<R, true>(weights, COUNTER(b * heads + h, left, top), queries, seed, place, limit, kept);
#pragma unroll
        for (int i = 0; i < R; i++) {
#pragma unroll
            for (int j = 0; j < EACH; j++) {
                long long key = top + own_row<R>(i), query = left + across() + 8 * j, at = (b * heads + h) * queries + query;
                bool seen = SEEN(query, key);
                real& weight = weights.element(own_row<R>(i), across() + 8 * j);
                real p = seen ? exp(SCORE(dot[i][j], query, key) - sums[at]) : real(0), factor = DROPS ? weight : real(1);
                weight = p * factor;
                by[i][j] = seen ? scale * p * (factor * by[i][j] - means[at]) : real(0);
            }
        }
        __syncwarp();  // the weights are whole
        add_product(sum_v, weights, grad_tile, used(values, from));
        __syncthreads();  // all have read the outputs' gradient, and the weights
        if (narrow && next_h < end) fetch(grad_tile, grad_of(next_h), next_left, 0);
        for (int i = 0; i < R; i++)
            for (int j = 0; j < EACH; j++) weights.element(own_row<R>(i), across() + 8 * j) = by[i][j];
        __syncwarp();  // the slopes are whole
        add_product(sum_k, weights, q_tile, used(width, from));
    }
    auto as_it_is = [](int) { return real(1); };
    store(sum_k, HEAD(grad_k, b, first / group), grad_k_row, top, keys, from, width, as_it_is);
    store(sum_v, HEAD(grad_v, b, first / group), grad_v_row, top, keys, from, values, as_it_is);
}
