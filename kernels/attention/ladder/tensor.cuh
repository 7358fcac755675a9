// Attention on tensor cores, whatever their numbers are (rungs 4 and 5): the walk over keys, as in FlashAttention-2.
//
//              keys, a tile at a time      A block of four warps takes 64 queries of a head, a warp 16 of them: it has
//            ┌──────┬──────┬──────┐        all their scores itself. mma.sync leaves lane l neighbouring pairs of keys
//   warp 0   │ p  → │ p  → │ p  → │ y      of rows l / 4 and l / 4 + 8 (mma.cuh), so that four lanes hold a row: its
//        1   ├──────┼──────┼──────┤        largest score takes two shuffles. What exp makes of the scores is, where it
//        2   ├──────┼──────┼──────┤        lies, the first factor of p v: weights never leave their registers, and
//        3   └──────┴──────┴──────┘        neither do the queries and the result.
//
// Shared memory holds two tiles of 8 KB of keys and two of values: one is multiplied while the next is on its way.
//
// Scores are counted in units of log 2, for the hardware has exp2: queries are multiplied by scale / log 2 beforehand.
//
// A block where something isn't finite says so in `again`, and the plain kernel makes its rows anew: of a number that
// is split ∞ − ∞ would be left, and the largest numbers may round to infinities. So does a block with a row that a mask
// of the lowest numbers hides as a whole: in units of log 2 they would be lower than the lowest.
#pragma once

#include "attention/ladder/tensor_tiles.cuh"

constexpr int THREADS = 128, ROWS = 64, TILE_BYTES = 8192;
constexpr float LOWEST = -3e38f;

template <typename Number>
struct Tiles {
    static constexpr int KEYS = TILE_BYTES / (WIDTH * sizeof(Number));
    Number k[STAGES][KEYS * WIDTH], v[STAGES][KEYS * WIDTH];
};

// Where a block and its lanes are. With a causal mask the last queries meet the most keys: they begin.
struct Block {
    long long head, top;

    __device__ explicit Block(long long queries) {
        long long tiles = (queries + ROWS - 1) / ROWS;
        head = blockIdx.x / tiles, top = (tiles - 1 - blockIdx.x % tiles) * ROWS;
    }

    __device__ int warp_row() const { return threadIdx.x / 32 * 16; }
    __device__ long long query() const { return top + warp_row() + threadIdx.x % 32 / 4; }  // and the one 8 further
};

// A mask's number in units of log 2: finite, where it was.
__device__ inline float to_log2(float x) { return x > -infinity() ? fmaxf(LOG2E * x, LOWEST) : x; }

// y's rows = softmax · v in `sum`: of product c, lane by lane, what mma.cuh says; columns may have changed places.
// Called with a tile's stage and first key: copy(stage, left) begins to bring it, multiply(scores, stage) adds q kᵀ,
// add(sum, weights, stage) adds p v; in the end store(half, row) writes one of the lane's two rows. Every thread of
// the block must call.
template <int KEYS, typename Copy, typename Multiply, typename Add, typename Store>
__device__ __forceinline__ void attend(float (&sum)[WIDTH / 8][4], const Block& block, Copy copy, Multiply multiply,
                                       Add add, Store store, real* sums, int wants_sums, real* again,
                                       ATTENTION_ARGUMENTS) {
    const real* mask_of = HEAD(mask, block.head / heads, block.head % heads);
    long long first = block.top + block.warp_row(), query = block.query();
    float check = 0;
    // Of both rows: the largest score, and this lane's share of Σ exp2(score − most).
    float most[2] = {-infinity(), -infinity()}, total[2] = {};
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
                int seen = min(last - left, 1LL * KEYS) - pair();  // keys, from the lane's first on
                const real* from = mask_of + min(row, queries - 1) * mask_row + left + pair();
                for (int j = 0; j < KEYS / 8; j++) {
                    for (int i = 0; i < 2; i++) {
                        float& score = s[j][2 * half + i];
                        if (8 * j + i >= seen)
                            score = -infinity();
                        else if (has_mask)
                            score += to_log2(from[8 * j + i]);
                    }
                }
            }
        }
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float before = most[half];
            for (int j = 0; j < KEYS / 8; j++)
                most[half] = fmaxf(most[half], fmaxf(s[j][2 * half], s[j][2 * half + 1]));
            for (int step = 2; step; step /= 2) most[half] = fmaxf(most[half], __shfl_xor_sync(~0u, most[half], step));
            float base = most[half] == -infinity() ? 0 : most[half], factor = power_of_2(before - base);
            total[half] *= factor;
            for (int c = 0; c < WIDTH / 8; c++) sum[c][2 * half] *= factor, sum[c][2 * half + 1] *= factor;
            for (int j = 0; j < KEYS / 8; j++)
                for (int r = 2 * half; r < 2 * half + 2; r++) total[half] += s[j][r] = power_of_2(s[j][r] - base);
        }
        if (DROPS) {
            unsigned dropped = dropped_columns<KEYS>(COUNTER(block.head, first, left), queries, seed, place, limit);
#pragma unroll
            for (int j = 0; j < KEYS / 8; j++)
                for (int r = 0; r < 4; r++) s[j][r] = dropped >> (4 * j + r) & 1 ? 0 : s[j][r];
        }
        add(sum, s, stage);
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
        for (int step = 2; step; step /= 2) total[half] += __shfl_xor_sync(~0u, total[half], step);
        if (most[half] > -infinity() && most[half] < LOWEST / 2) check = infinity();
        float factor = total[half] == 0 ? 0 : float(kept) / total[half];
        for (int c = 0; c < WIDTH / 8; c++)
            for (int r = 2 * half; r < 2 * half + 2; r++) check += sum[c][r] *= factor;
        long long row = query + half * 8;
        if (row >= queries) continue;
        store(half, row);
        if (wants_sums && pair() == 0)
            sums[block.head * queries + row] = total[half] == 0 ? infinity() : LN2 * (most[half] + log2f(total[half]));
    }
    int broken = __syncthreads_or(check * 0 != 0);  // of infinities and NaN that is a NaN
    if (threadIdx.x == 0) again[blockIdx.x] = broken;
}
