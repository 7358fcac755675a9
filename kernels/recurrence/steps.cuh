// What the recurrent kernels share: a block takes ROWS rows of the batch through all steps; a thread, some of their
// hidden units. Between two steps the block waits for itself, and for no other.
//
//     states, in shared memory          packed: VECTOR neighbours of a column of the matrix lie side by side
//
//     row 0  │ h₀ h₁ h₂ h₃ │ h₄ …       k 0 … 3  │ column 0: 0 1 2 3 │ column 1: 0 1 2 3 │ …
//     row 1  │ h₀ h₁ h₂ h₃ │ h₄ …       k 4 … 7  │ column 0: 4 5 6 7 │ …
//              one load, the same                   one load a thread: of neighbouring threads, whole lines
//              for all threads
//
// The weight, which the cells need whole in each step, comes from the second-level cache each time: each number once for
// ROWS rows. Depths are filled up with zeros to whole vectors.
#pragma once

#include "elementwise.cuh"

constexpr int ROWS = 4;
constexpr int VECTOR = 16 / sizeof(real);  // numbers in the longest load that a thread has

struct alignas(16) Vector {
    real of[VECTOR];
};

// packed[k / VECTOR][c][k % VECTOR] = matrix[k · down + c · across], or 0 for k ≥ depth.
extern "C" __global__ void pack(const real* matrix, real* packed, long long down, long long across, long long depth,
                                long long columns, long long size) {
    FOR_EACH_ELEMENT(i, size) {
        long long c = i / VECTOR % columns, k = i / VECTOR / columns * VECTOR + i % VECTOR;
        packed[i] = k < depth ? matrix[k * down + c * across] : real(0);
    }
}

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
    __device__ long long place(int r, long long t) const { return t * rows + first + r; }
    __device__ long long state(int r, long long unit) const { return (first + r) * n + unit; }
    // The place of the step before, or −1 where row r's walk begins with step t.
    __device__ long long before(int r, long long t) const {
        return t == (reverse ? lengths[r] - 1 : 0) ? -1 : place(r, reverse ? t + 1 : t - 1);
    }
};

#define FOR_EACH_UNIT(unit, n) for (long long unit = threadIdx.x; unit < n; unit += blockDim.x)
#define FOR_EACH_ROW_OF(walk, r) \
    _Pragma("unroll") \
    for (int r = 0; r < ROWS; r++) \
        if (walk.has(r))

__device__ inline long long whole_vectors(long long depth) { return (depth + VECTOR - 1) / VECTOR * VECTOR; }

// Where a block keeps so many numbers of its own: in shared memory, or, where that is too small (launch.py), in its
// part of `far`.
__device__ inline real* space(real* far, long long size) {
#ifdef FAR
    return far + blockIdx.x * size;
#else
    extern __shared__ Vector shared[];
    return shared->of;
#endif
}

// sum[r][gate] = Σₖ a[r · pitch + k] matrix[k, gate · n + unit]
template <int GATES>
__device__ void product(real (&sum)[ROWS][GATES], const real* a, long long pitch, const real* packed, long long n,
                        long long unit) {
    for (int r = 0; r < ROWS; r++)
        for (int gate = 0; gate < GATES; gate++) sum[r][gate] = 0;
#pragma unroll 2
    for (long long k = 0; k < pitch / VECTOR; k++) {
        Vector column[GATES];
        for (int gate = 0; gate < GATES; gate++) column[gate] = ((const Vector*)packed)[(k * GATES + gate) * n + unit];
        for (int r = 0; r < ROWS; r++) {
            Vector from = ((const Vector*)(a + r * pitch))[k];
            for (int gate = 0; gate < GATES; gate++)
                for (int lane = 0; lane < VECTOR; lane++) sum[r][gate] += from.of[lane] * column[gate].of[lane];
        }
    }
}

// The states before the first step, or the gradients after the last; `given` may be null: zeros.
__device__ inline void begin(const Walk& walk, const real* given, int is_given, real* state) {
    FOR_EACH_UNIT(unit, walk.n)
        FOR_EACH_ROW_OF(walk, r) state[walk.state(r, unit)] = is_given ? given[walk.state(r, unit)] : real(0);
}

// All steps; cell(sums, place, state, unit, h) is the new h of a unit of the row of that place, (step, row) seen flat.
template <int GATES, typename Cell>
__device__ void forward(const Walk& walk, const Cell& cell, const real* packed, const real* h0, int has_h0, real* far,
                        real* y, real* h_n) {
    long long n = walk.n, pitch = whole_vectors(n), half = ROWS * pitch;
    real *h = space(far, 2 * half), *next = h + half;
    for (long long i = threadIdx.x; i < 2 * half; i += blockDim.x) {
        long long r = i / pitch, unit = i % pitch;
        bool given = has_h0 && r < ROWS && walk.has(r) && unit < n;
        h[i] = given ? h0[walk.state(r, unit)] : real(0);
    }
    __syncthreads();  // the states are whole
    for (long long step = 0; step < walk.steps; step++) {
        long long t = walk.time(step);
        FOR_EACH_UNIT(unit, n) {
            real sum[ROWS][GATES];
            product(sum, h, pitch, packed, n, unit);
            FOR_EACH_ROW_OF(walk, r) {
                long long place = walk.place(r, t);
                real old = h[r * pitch + unit];
                bool inside = walk.inside(r, t);
                real out = inside ? cell(sum[r], place, walk.state(r, unit), unit, old) : old;
                y[place * n + unit] = inside ? out : real(0);
                next[r * pitch + unit] = out;
            }
        }
        __syncthreads();  // all have read the old states, and the new ones are whole
        real* old = h;
        h = next, next = old;
    }
    FOR_EACH_UNIT(unit, n)
        FOR_EACH_ROW_OF(walk, r) h_n[walk.state(r, unit)] = h[r * pitch + unit];
}

// The way back, from the state's gradient `given` after the last step. Out of a unit's gradient `out`, cell(v, inside, place, before, state, unit, out) makes those of its gates, v, 0 where not inside, and returns
// what of it doesn't go through the weight.
template <int GATES, typename Cell>
__device__ void backward(const Walk& walk, const Cell& cell, const real* packed, const real* grad, int has_grad,
                         const real* given, int is_given, real* far, real* dh) {
    long long n = walk.n, pitch = whole_vectors(GATES * n);
    real* grads = space(far, ROWS * pitch);
    for (long long i = threadIdx.x; i < ROWS * pitch; i += blockDim.x) grads[i] = 0;
    begin(walk, given, is_given, dh);
    __syncthreads();  // there are zeros where there is no row, and up to the last whole vector
    for (long long step = walk.steps; step-- > 0;) {
        long long t = walk.time(step);
        FOR_EACH_UNIT(unit, n)
            FOR_EACH_ROW_OF(walk, r) {
                long long place = walk.place(r, t), state = walk.state(r, unit);
                bool inside = walk.inside(r, t);
                real v[GATES] = {}, out = dh[state];
                if (inside && has_grad) out += grad[place * n + unit];
                dh[state] = cell(v, inside, place, inside ? walk.before(r, t) : -1, state, unit, out);
                for (int gate = 0; gate < GATES; gate++) grads[r * pitch + gate * n + unit] = v[gate];
            }
        __syncthreads();  // this step's gradients are whole
        FOR_EACH_UNIT(unit, n) {
            real sum[ROWS][1];
            product(sum, grads, pitch, packed, n, unit);
            FOR_EACH_ROW_OF(walk, r) {
                if (walk.inside(r, t)) dh[walk.state(r, unit)] += sum[r][0];
            }
        }
        __syncthreads();  // all have read them
    }
}
