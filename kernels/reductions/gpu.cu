// Reductions on the GPU. Arrays are (outer, n, inner), reduced along n.
//
// _rows: inner = 1. A team of threads takes a row (teams.cuh draws it), or every gridDim.y-th piece of it where it is long
// and there are few rows.
// _columns: a block of 32 × 8 threads takes 32 packs of WIDE neighbouring columns. A thread loads 8 numbers of each of its
// columns, 8 · gridDim.y apart, before it adds any of them: so there is always much on its way.
//
// With gridDim.y parts the result is (outer, parts, inner): launched again, on that, it becomes (outer, 1, inner).
// No atomics: the order is the same in every run. Each number is read once.

#include "teams.cuh"

struct Add {
    static __device__ real start() { return 0; }
    static __device__ real combine(real a, real b) { return a + b; }
};

struct Max {  // NaN if either is
    static __device__ real start() { return real(-1) / real(0); }
    static __device__ real combine(real a, real b) { return a > b || a != a ? a : b; }
};

struct Min {
    static __device__ real start() { return real(1) / real(0); }
    static __device__ real combine(real a, real b) { return a < b || a != a ? a : b; }
};

// A piece's numbers are summed up first, then added to the total: so a number takes part in few additions to a large sum.
template <typename Op>
__device__ void reduce_rows(const real* x, real divisor, real* out, long long rows, long long n) {
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, 1) {
        real total = Op::start();
        for (long long from = blockIdx.y * PIECE; from < row.n; from += gridDim.y * PIECE) {
            v.load(x, row, from, Op::start());
            real of_piece = v.at[0];
            UNROLL for (int k = 1; k < EACH; k++) of_piece = Op::combine(of_piece, v.at[k]);
            total = Op::combine(total, of_piece);
        }
        total = team.reduce(total, Op::combine);
        if (row.is_mine()) out[row.index * gridDim.y + blockIdx.y] = total / divisor;
    }
}

template <typename Op>
__device__ void reduce_columns(const real* x, real divisor, real* out, long long columns, long long n,
                               long long inner) {
    constexpr int ROWS = 8;  // on their way at a time
    __shared__ Pack shares[8][32];
    long long column = (blockIdx.x * 32LL + threadIdx.x) * WIDE, outer = column / inner, i = column % inner;
    Pack total;
    UNROLL for (int e = 0; e < WIDE; e++) total.at[e] = Op::start();
    long long first = blockIdx.y * 8 + threadIdx.y, step = gridDim.y * 8;
    if (column < columns)
        for (long long left = n - first; left > 0; left -= ROWS * step) {
            Pack run, packs[ROWS];
            UNROLL for (int r = 0; r < ROWS; r++) {
                long long j = n - left + r * step;
                UNROLL for (int e = 0; e < WIDE; e++) packs[r].at[e] = Op::start();
                if (j < n) packs[r] = pack_at(x + (outer * n + j) * inner + i);
            }
            run = packs[0];
            UNROLL for (int r = 1; r < ROWS; r++)
                UNROLL for (int e = 0; e < WIDE; e++) run.at[e] = Op::combine(run.at[e], packs[r].at[e]);
            UNROLL for (int e = 0; e < WIDE; e++) total.at[e] = Op::combine(total.at[e], run.at[e]);
        }
    shares[threadIdx.y][threadIdx.x] = total;
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        for (int other = 1; other < 8; other++)
            UNROLL for (int e = 0; e < WIDE; e++)
                total.at[e] = Op::combine(total.at[e], shares[other][threadIdx.x].at[e]);
        UNROLL for (int e = 0; e < WIDE; e++) total.at[e] /= divisor;
        put(out + (outer * gridDim.y + blockIdx.y) * inner + i, total);
    }
}

#define REDUCTION(name, Op)                                                                        \
    extern "C" __global__ BOUNDED void name##_rows(                                                \
        const real* x, real divisor, real* out, long long rows, long long n) {                     \
        reduce_rows<Op>(x, divisor, out, rows, n);                                                 \
    }                                                                                              \
    extern "C" __global__ BOUNDED void name##_columns(                                             \
        const real* x, real divisor, real* out, long long columns, long long n, long long inner) { \
        reduce_columns<Op>(x, divisor, out, columns, n, inner);                                    \
    }

REDUCTION(sum, Add)
REDUCTION(amax, Max)
REDUCTION(amin, Min)
