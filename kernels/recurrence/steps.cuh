// What the recurrent kernels share: a block takes ROWS rows of the batch through all steps; a thread, some of their
// hidden units. Between two steps the block waits for itself, and for no other.
#pragma once

constexpr int ROWS = 4;

// The rows of this block, and how it walks: step t counts for row r if t < lengths[r].
struct Walk {
    const long long* lengths;  // of the block's first row
    long long first, steps, rows, n;
    int reverse;

    __device__ Walk(const long long* lengths, int reverse, long long steps, long long rows, long long n)
        : lengths(lengths + blockIdx.x * ROWS), first(blockIdx.x * ROWS), steps(steps), rows(rows), n(n),
          reverse(reverse) {}

    __device__ bool has(int r) const { return first + r < rows; }
    __device__ bool inside(int r, long long t) const { return t < lengths[r]; }
    __device__ long long time(long long step) const { return reverse ? steps - 1 - step : step; }
    // Whether row r's walk begins with step t; if not, the step before it is here:
    __device__ bool begins(int r, long long t) const { return t == (reverse ? lengths[r] - 1 : 0); }
    __device__ long long before(int r, long long t) const { return place(r, reverse ? t + 1 : t - 1); }
    __device__ long long place(int r, long long t) const { return t * rows + first + r; }
    __device__ long long state(int r, long long unit) const { return (first + r) * n + unit; }
};

#define FOR_EACH_UNIT(unit, n) for (long long unit = threadIdx.x; unit < n; unit += blockDim.x)
#define FOR_EACH_ROW_OF(walk, r) \
    for (int r = 0; r < ROWS; r++) \
        if (walk.has(r))

// sum[r][gate] = Σₖ a[r · pitch + k] matrix[k, gate · n + unit]: neighbouring threads read neighbouring numbers of a
// matrix (depth, GATES · n), and each of them serves all rows.
template <int GATES>
__device__ void product(real (&sum)[ROWS][GATES], const Walk& walk, const real* a, long long pitch, const real* matrix,
                        long long depth, long long unit) {
    for (int r = 0; r < ROWS; r++)
        for (int gate = 0; gate < GATES; gate++) sum[r][gate] = 0;
    for (long long k = 0; k < depth; k++) {
        real column[GATES];
        for (int gate = 0; gate < GATES; gate++) column[gate] = matrix[(k * GATES + gate) * walk.n + unit];
        FOR_EACH_ROW_OF(walk, r) {
            real from = a[r * pitch + k];
            for (int gate = 0; gate < GATES; gate++) sum[r][gate] += from * column[gate];
        }
    }
}

// The states before the first step, or the gradients after the last; `given` may be null: zeros.
__device__ inline void begin(const Walk& walk, const real* given, int is_given, real* state) {
    FOR_EACH_UNIT(unit, walk.n)
        FOR_EACH_ROW_OF(walk, r) state[walk.state(r, unit)] = is_given ? given[walk.state(r, unit)] : real(0);
}

// The states after step t: what its outputs are, of the rows that it counts for.
__device__ inline void advance(const Walk& walk, long long t, const real* y, real* h) {
    FOR_EACH_UNIT(unit, walk.n)
        FOR_EACH_ROW_OF(walk, r) {
            if (walk.inside(r, t)) h[walk.state(r, unit)] = y[walk.place(r, t) * walk.n + unit];
        }
}

// grad_h = grads · weight (and what it carries), of the rows that step t counts for; grads are those of this block's.
__device__ inline void through_weight(const Walk& walk, long long t, const real* grads, const real* weight,
                                      long long depth, real* grad_h, bool carries = false) {
    FOR_EACH_UNIT(unit, walk.n) {
        real sum[ROWS][1];
        product<1>(sum, walk, grads, depth, weight, depth, unit);
        FOR_EACH_ROW_OF(walk, r) {
            long long state = walk.state(r, unit);
            if (walk.inside(r, t)) grad_h[state] = carries ? grad_h[state] + sum[r][0] : sum[r][0];
        }
    }
}
