// Teams of threads take the rows of an array (outer, n, inner), which lie along n. teams.py says how many threads a row.
//
//     a row of 16, THREADS 4, EACH 4, WIDE 2:     0 0 1 1 2 2 3 3 0 0 1 1 2 2 3 3     the thread that has it
//                                                 ─── a pack: loaded at once
//
// A thread has EACH numbers in registers, in packs of WIDE neighbours; neighbouring threads have neighbouring packs, so
// that a warp touches whole sectors. A row of up to THREADS · EACH numbers is WHOLE: it is read once and stays until what
// is made of it is written. A longer one is gone through in pieces of that size, again for each thing to be known.
//
// STRIDED: inner > 1. A thread takes a column alone (THREADS is 1): neighbouring threads have neighbouring columns.
//
// A block holds several teams, if they are small. All of its threads go through the loops together, those without a row
// too, for a sum over a team may need each of them.
//
// Few long rows are SPLIT: of each a block has a part, gridDim.x of them, and the kernel is launched twice.
//
//     row    ├── part 0 ──┼── part 1 ──┼── … ──┤
//                 │            │                   STAGE 1: each block keeps what it finds of its part, and is done
//               found        found       …
//                 └────────────┴──────── …         STAGE 2: each puts all parts' together, always in the same order,
//     result ├── part 0 ──┼── part 1 ──┼── … ──┤            and makes what there is to make of its part
//
// The end of a launch is what lets blocks wait for each other. STAGE 0: rows aren't split.
#pragma once

#ifndef THREADS
#define THREADS 32
#define EACH 8
#define WIDE 1
#define WHOLE 1
#define STRIDED 0
#define STAGE 0
#endif

#define UNROLL _Pragma("unroll")

// Registers are shared out for the largest block that is launched, and so many of them on a multiprocessor.
constexpr int LARGEST = THREADS > 512 ? THREADS : 512;
#define BOUNDED __launch_bounds__(LARGEST)
#define BOUNDED_BY_1024 __launch_bounds__(LARGEST, 1024 / LARGEST)

constexpr long long PIECE = THREADS * EACH;

struct alignas(WIDE * sizeof(real)) Pack {
    real at[WIDE];
};

// CUDA's own type for so many.
#if WIDE == 4
using Vector = float4;
#elif WIDE == 2
using Vector = double2;
#else
using Vector = real;
#endif

// What a team has of a row: n numbers from `offset` on, which is all of it if it isn't split.
struct Part {
    long long offset = 0, n;

    __device__ Part(long long length) : n(length) {
        if (STAGE == 0) return;
        long long pieces = (length + PIECE - 1) / PIECE, most = (pieces + gridDim.x - 1) / gridDim.x * PIECE;
        offset = blockIdx.x * most;
        n = length - offset < most ? length - offset : most;
    }
};

// The team's row; beyond the last one, of no numbers.
struct Row : Part {
    long long index, length, start, step;
    bool exists = true;

    __device__ Row(long long first, long long rows, long long length, long long inner)
        : Part(length), index(first + threadIdx.x / THREADS), length(length), step(STRIDED ? inner : 1) {
        start = STRIDED ? index / inner * n * inner + index % inner : index * length;
        if (index >= rows) exists = false, n = 0;
    }
    // To write what there is once a row.
    __device__ bool is_mine() const {
        return exists && threadIdx.x % THREADS == 0 && (STAGE == 0 || blockIdx.x == 0);
    }
    __device__ long long at(long long j) const { return start + (offset + j) * step; }
};

#define FOR_EACH_ROW_OF_A_TEAM(row, count, n, inner)                                                                \
    for (long long first = (STAGE ? blockIdx.y : blockIdx.x) * (long long)(blockDim.x / THREADS); first < count;     \
         first += (STAGE ? gridDim.y : gridDim.x) * (long long)(blockDim.x / THREADS))                              \
        if (Row row(first, count, n, inner); true)

// One piece, if what the team has is whole.
#define FOR_EACH_PIECE(from, row) \
    for (long long from = 0; from >= 0; from = WHOLE || from + PIECE >= row.n ? -1 : from + PIECE)

// Pieces of which something is to be found. A second launch finds nothing, but loads what is whole, to make the result.
#define FOR_EACH_PIECE_TO_FIND(from, row) \
    if (WHOLE || STAGE < 2) FOR_EACH_PIECE(from, row)

// What a thread holds of a piece of a row.
struct Values {
    real at[EACH];

    // Where in the piece number k lies.
    static __device__ int place(int k) { return (k / WIDE * THREADS + threadIdx.x % THREADS) * WIDE + k % WIDE; }

    static __device__ int left(const Row& row, long long from) {
        return row.n - from < PIECE ? int(row.n - from) : int(PIECE);
    }
    __device__ void load(const real* x, const Row& row, long long from, real beyond);
    __device__ void store(real* x, const Row& row, long long from) const;

    __device__ Pack pack(int k) const {
        Pack result;
        UNROLL for (int e = 0; e < WIDE; e++) result.at[e] = at[k + e];
        return result;
    }
    __device__ real largest(real top) const {
        UNROLL for (int k = 0; k < EACH; k++) top = at[k] > top ? at[k] : top;
        return top;
    }
};

#define FOR_EACH_VALUE(k) UNROLL for (int k = 0; k < EACH; k++)

// The packs that the row has: numbers k … k + WIDE − 1 of the thread are those at j of the piece.
#define FOR_EACH_PACK(k, j, row, from)                                              \
    UNROLL for (int k = 0, n = Values::left(row, from); k < EACH; k += WIDE)        \
        if (int j = Values::place(k); j < n)

__device__ inline Pack pack_at(const real* x) { return *reinterpret_cast<const Pack*>(x); }

// To global memory. An assignment would do the same, but the compiler takes some apart into numbers.
__device__ inline void put(real* x, Pack pack) {
    __stcg(reinterpret_cast<Vector*>(x), *reinterpret_cast<Vector*>(&pack));
}

// For parameters that there may not be.
__device__ inline Pack pack_or(const real* x, int there_is, real otherwise) {
    Pack pack;
    UNROLL for (int e = 0; e < WIDE; e++) pack.at[e] = otherwise;
    return there_is ? pack_at(x) : pack;
}

__device__ inline void Values::load(const real* x, const Row& row, long long from, real beyond) {
    FOR_EACH_VALUE(k) at[k] = beyond;
    FOR_EACH_PACK(k, j, row, from) {
        Pack pack = pack_at(x + row.at(from + j));
        UNROLL for (int e = 0; e < WIDE; e++) at[k + e] = pack.at[e];
    }
}

__device__ inline void Values::store(real* x, const Row& row, long long from) const {
    FOR_EACH_PACK(k, j, row, from) put(x + row.at(from + j), pack(k));
}

// Two sums of a row. Whatever else is found of rows has the same: a + b, and T{} for what is found of no number.
struct Pair {
    real a = 0, b = 0;

    __device__ Pair operator+(Pair other) const { return {a + other.a, b + other.b}; }
};

template <typename T>
__device__ T from_lane(T v, int other) {
    real* numbers = reinterpret_cast<real*>(&v);
    UNROLL for (int k = 0; k < sizeof(T) / sizeof(real); k++) numbers[k] = __shfl_xor_sync(~0u, numbers[k], other);
    return v;
}

struct Plus {
    template <typename T>
    __device__ T operator()(T a, T b) const {
        return a + b;
    }
};

// Sums and maxima over a team: within its warps by shuffles, which need no memory, then over the warps' results. Each thread
// gets the result; the order is always the same. What the warps write lies in two places by turns: when the first is
// written again, all have passed the barrier of the second, and so have read it.
struct Team {
    int turn = 0;

    template <typename T, typename Combine>
    __device__ T reduce(T v, Combine combine) {
        UNROLL for (int other = (THREADS < 32 ? THREADS : 32) / 2; other > 0; other /= 2)
            v = combine(v, from_lane(v, other));
        if constexpr (THREADS > 32) {
            constexpr int WARPS = (THREADS + 31) / 32;
            __shared__ T shared[2][32];
            int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
            if (lane == 0) shared[turn][warp] = v;
            __syncthreads();
            v = shared[turn][warp / WARPS * WARPS + lane % WARPS];
            turn ^= 1;
            UNROLL for (int other = WARPS / 2; other > 0; other /= 2) v = combine(v, from_lane(v, other));
        }
        return v;
    }
    template <typename T>
    __device__ T sum(T v) {
        return reduce(v, Plus{});
    }
    // A NaN may get lost here; the sums that follow a maximum bring it back.
    __device__ real max(real v) {
        return reduce(v, [](real a, real b) { return a > b ? a : b; });
    }

    // Whether all is known of the row that must be. Of a split one, what is `found` of the team's part becomes that of all
    // parts in the second launch.
    template <typename T>
    __device__ bool knows(T& found, T* parts, const Row& row) {
        T* of_row = parts + row.index * gridDim.x;
        if (STAGE == 1 && threadIdx.x == 0) of_row[blockIdx.x] = found;
        if (STAGE == 2) {
            found = T{};
            for (int part = threadIdx.x; part < gridDim.x; part += THREADS) found = found + of_row[part];
            found = sum(found);
        }
        return STAGE != 1;
    }
    // The same, of what each thread has found.
    template <typename T>
    __device__ bool knows_sum(T& found, T* parts, const Row& row) {
        if (STAGE < 2) found = sum(found);
        return knows(found, parts, row);
    }
};
