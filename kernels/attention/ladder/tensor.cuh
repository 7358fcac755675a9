// Attention on tensor cores, whatever their numbers are (rungs 4 and 5): the walk over the keys, as in FlashAttention-2.
//
//               keys, a tile at a time       A block of four warps takes 64 queries of a head, a warp 16 of them: it has
//             ┌──────┬──────┬──────┐         all their scores itself. mma.sync leaves lane l neighbouring pairs of keys of
//   warp 0    │ p  → │ p  → │ p  → │ y       rows l / 4 and l / 4 + 8 (mma.cuh), so that four lanes hold a row: its largest
//        1    ├──────┼──────┼──────┤         score takes two shuffles. What exp makes of the scores is, where it lies,
//        2    ├──────┼──────┼──────┤         the first factor of p v: weights never leave their registers, and neither
//        3    └──────┴──────┴──────┘         do the queries and the result.
//
// Shared memory holds two tiles of 8 KB of keys and two of values: one is multiplied while the next is on its way.
//
//     piece of 16 bytes   0 1 2 3 4 5 6 7     Pieces change places, an exclusive or with row % 8: ldmatrix reads one piece
//     row 0             │ 0 1 2 3 4 5 6 7 │   of each of eight rows, 128 bytes, and so finds them in 32 banks.
//     row 1             │ 1 0 3 2 5 4 7 6 │
//     row 2             │ 2 3 0 1 6 7 4 5 │
//
// Scores are counted in units of log 2, for the hardware has exp2: queries are multiplied by scale / log 2 beforehand.
//
// A block where something isn't finite says so in `again`, and the plain kernel makes its rows anew: in a number that is
// split or rounded ∞ − ∞ would be a NaN, and the largest numbers be infinities.
#pragma once

#include "attention/heads.cuh"
#include "copies.cuh"
#include "mma.cuh"

#ifndef WIDTH  // of a tile: heads have as many columns, or fewer
#define WIDTH 64
#endif

constexpr int THREADS = 128, ROWS = 64, STAGES = 2, TILE_BYTES = 8192;
constexpr float LOG2E = 1.44269504f, LN2 = 0.69314718f;

template <typename Number>
struct Tiles {
    static constexpr int KEYS = TILE_BYTES / (WIDTH * sizeof(Number));
    Number k[STAGES][KEYS * WIDTH], v[STAGES][KEYS * WIDTH];
};

// Where the numbers of a row's piece begin.
template <typename Number>
__device__ int place_in_tile(int row, int piece) {
    constexpr int IN_PIECE = 16 / sizeof(Number);
    return row * WIDTH + (piece ^ row % 8) * IN_PIECE;
}

// Where a block and its lanes are. With a causal mask the last queries meet the most keys: they begin.
struct Block {
    long long head, top;

    __device__ explicit Block(long long queries) {
        long long tiles = (queries + ROWS - 1) / ROWS;
        head = blockIdx.x / tiles, top = (tiles - 1 - blockIdx.x % tiles) * ROWS;
    }

    __device__ int warp_row() const { return threadIdx.x / 32 * 16; }
    __device__ long long query() const { return top + warp_row() + threadIdx.x % 32 / 4; }  // and the one 8 further
    __device__ static int pair() { return threadIdx.x % 4 * 2; }  // the first of the lane's two columns of eight
};

// What is below 2⁻¹²⁶ becomes 0: of weights, the largest of which is 1, nothing that counts.
__device__ inline float power_of_2(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// Dropout of a tile's weights. Four neighbouring keys, which two lanes hold, share a counter: each of the two draws the
// words of one of their two rows, and gives the other one half of them.
template <int KEYS>
__device__ __forceinline__ void drop(float (&p)[KEYS / 8][4], long long counter, long long queries, long long seed,
                                     const long long* place, long long limit) {
    take(place, seed, counter);
    int lane = threadIdx.x % 32, odd = lane % 2;
    counter += lane % 4 / 2 * queries + lane / 4 + odd * 8;
    unsigned dropped = 0;  // a bit for each weight, so that the loop can stay a loop
#pragma unroll 1
    for (int j = 0; j < KEYS / 8; j++) {
        Words own = philox(counter + 2 * j * queries, seed);
        for (int i = 0; i < 2; i++) {
            unsigned low = own.word[i], high = own.word[2 + i], mine = odd ? high : low;
            unsigned got = __shfl_xor_sync(~0u, odd ? low : high, 1);
            dropped |= ((odd ? got : mine) >= limit) << (4 * j + i) | ((odd ? mine : got) >= limit) << (4 * j + i + 2);
        }
    }
#pragma unroll
    for (int j = 0; j < KEYS / 8; j++)
        for (int r = 0; r < 4; r++) p[j][r] = dropped >> (4 * j + r) & 1 ? 0 : p[j][r];
}

// y's rows = softmax · v in `sum`: of product c, lane by lane, what mma.cuh says, where columns may have changed places.
// Called with a tile's stage and first key: copy(stage, left) begins to bring it, multiply(scores, stage) adds q kᵀ,
// add(sum, weights, stage) adds p v; in the end store(half, row) writes one of the lane's two rows. Every thread of the
// block must call.
template <int KEYS, typename Copy, typename Multiply, typename Add, typename Store>
__device__ __forceinline__ void attend(float (&sum)[WIDTH / 8][4], const Block& block, Copy copy, Multiply multiply, Add add,
                                       Store store, real* sums, int wants_sums, real* again, ATTENTION_ARGUMENTS) {
    const real* mask_of = HEAD(mask, block.head / heads, block.head % heads);
    long long first = block.top + block.warp_row(), query = block.query();
    float check = 0;
    float most[2] = {-infinity(), -infinity()}, total[2] = {};  // of both rows; of Σ exp2(score − most) this lane's share
    long long end = causal ? min(keys, block.top + ROWS) : keys;
    copy(0, 0);
    int stage = 0;
    for (long long left = 0; left < end; left += KEYS, stage ^= 1) {
        wait_for_copies();  // this tile is here, for this thread's part,
        __syncthreads();    // for everybody's; and all have done with the one before, whose place the next one takes
        if (left + KEYS < end) copy(stage ^ 1, left + KEYS);
        if (causal && left > first + 15) continue;  // none of the warp's queries sees these keys
        float s[KEYS / 8][4] = {};
        multiply(s, stage);
#pragma unroll
        for (int j = 0; j < KEYS / 8; j++)
            for (int r = 0; r < 4; r++) check += s[j][r];
        if (has_mask || left + KEYS > keys || (causal && left + KEYS > first + 1)) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
                long long row = query + half * 8, last = causal ? min(keys, row + 1) : keys;
                int seen = min(last - left, 1LL * KEYS) - Block::pair();  // keys, from the lane's first on
                const real* from = mask_of + min(row, queries - 1) * mask_row + left + Block::pair();
                for (int j = 0; j < KEYS / 8; j++) {
                    for (int i = 0; i < 2; i++) {
                        float& score = s[j][2 * half + i];
                        if (8 * j + i >= seen)
                            score = -infinity();
                        else if (has_mask)
                            score += LOG2E * float(from[8 * j + i]);
                    }
                }
            }
        }
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float before = most[half];
            for (int j = 0; j < KEYS / 8; j++) most[half] = fmaxf(most[half], fmaxf(s[j][2 * half], s[j][2 * half + 1]));
            for (int step = 2; step; step /= 2) most[half] = fmaxf(most[half], __shfl_xor_sync(~0u, most[half], step));
            float base = most[half] == -infinity() ? 0 : most[half], factor = power_of_2(before - base);
            total[half] *= factor;
            for (int c = 0; c < WIDTH / 8; c++) sum[c][2 * half] *= factor, sum[c][2 * half + 1] *= factor;
            for (int j = 0; j < KEYS / 8; j++)
                for (int r = 2 * half; r < 2 * half + 2; r++) total[half] += s[j][r] = power_of_2(s[j][r] - base);
        }
        if (DROPS) drop<KEYS>(s, COUNTER(block.head, first, left), queries, seed, place, limit);
        add(sum, s, stage);
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
        for (int step = 2; step; step /= 2) total[half] += __shfl_xor_sync(~0u, total[half], step);
        float factor = total[half] == 0 ? 0 : float(kept) / total[half];
        for (int c = 0; c < WIDTH / 8; c++)
            for (int r = 2 * half; r < 2 * half + 2; r++) check += sum[c][r] *= factor;
        long long row = query + half * 8;
        if (row >= queries) continue;
        store(half, row);
        if (wants_sums && Block::pair() == 0)
            sums[block.head * queries + row] = total[half] == 0 ? infinity() : LN2 * (most[half] + log2f(total[half]));
    }
    int broken = __syncthreads_or(check * 0 != 0);  // of infinities and NaN that is a NaN
    if (threadIdx.x == 0) again[blockIdx.x] = broken;
}

// N neighbouring numbers of a row, from a column on, at once where their addresses allow. Spelled out, for the compiler
// would make single numbers of it.
template <int N>
__device__ void put(real* row, bool together, long long column, long long values, const float (&x)[N]) {
    if (together && column + N <= values) {
        if constexpr (N == 4)
            asm volatile("st.global.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(row + column), "f"(x[0]), "f"(x[1]), "f"(x[2]),
                         "f"(x[3])
                         : "memory");
        else
            asm volatile("st.global.v2.f32 [%0], {%1, %2};" ::"l"(row + column), "f"(x[0]), "f"(x[1]) : "memory");
    } else {
        for (int e = 0; e < N; e++)
            if (column + e < values) row[column + e] = x[e];
    }
}

__device__ inline bool in_pieces(const void* x, long long step, int numbers) {
    return reinterpret_cast<unsigned long long>(x) % (numbers * sizeof(float)) == 0 && step % numbers == 0;
}
