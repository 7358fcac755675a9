// Tiles of the rungs on tensor cores, in shared memory, and what single lanes do there and back.
//
//     piece of 16 bytes   0 1 2 3 4 5 6 7     Pieces change places, an exclusive or with row % 8: ldmatrix reads
//     row 0             │ 0 1 2 3 4 5 6 7 │   a piece of each of eight rows, 128 bytes, and so finds them in 32 banks.
//     row 1             │ 1 0 3 2 5 4 7 6 │
//     row 2             │ 2 3 0 1 6 7 4 5 │
#pragma once

#include "attention/heads.cuh"
#include "copies.cuh"
#include "mma.cuh"

#ifndef WIDTH  // of a tile: heads have as many columns, or fewer
#define WIDTH 64
#endif

constexpr int STAGES = 2;  // of the other tiles: one is multiplied while the next is on its way
constexpr float LOG2E = 1.44269504f, LN2 = 0.69314718f;

// A number known to the compiler, to hand to a lambda.
template <int N>
struct Count {
    static constexpr int value = N;
};

// Where the numbers of a row's piece begin.
template <typename Number>
__device__ int place_in_tile(int row, int piece) {
    constexpr int IN_PIECE = 16 / sizeof(Number);
    return row * WIDTH + (piece ^ row % 8) * IN_PIECE;
}

// The first of the lane's two columns of eight.
__device__ inline int pair() { return threadIdx.x % 4 * 2; }

// What is below 2⁻¹²⁶ becomes 0: of weights, the largest of which is 1, nothing that counts.
__device__ inline float power_of_2(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// Which of a tile's weights dropout takes, a bit for each of the lane's. Four neighbouring keys share a counter: where
// keys are columns two lanes hold them, each of which draws the words of one of their two rows, and gives the other one
// half of them.
template <int KEYS>
__device__ __forceinline__ unsigned dropped_columns(long long counter, long long queries, long long seed,
                                                    const long long* place, long long limit) {
    take(place, seed, counter);
    int lane = threadIdx.x % 32, odd = lane % 2;
    counter += lane % 4 / 2 * queries + lane / 4 + odd * 8;
    unsigned dropped = 0;
#pragma unroll 1
    for (int j = 0; j < KEYS / 8; j++) {
        Words own = philox(counter + 2 * j * queries, seed);
        for (int i = 0; i < 2; i++) {
            unsigned low = own.word[i], high = own.word[2 + i], mine = odd ? high : low;
            unsigned got = __shfl_xor_sync(~0u, odd ? low : high, 1);
            dropped |= ((odd ? got : mine) >= limit) << (4 * j + i) | ((odd ? mine : got) >= limit) << (4 * j + i + 2);
        }
    }
    return dropped;
}

// The same where keys are rows: four lanes hold the four keys of a counter, and each draws the words of one of their
// four pairs of row and column: c, which is the place of such a weight in d (mma.cuh).
template <int QUERIES>
__device__ __forceinline__ unsigned dropped_rows(long long counter, long long queries, long long seed,
                                                 const long long* place, long long limit) {
    take(place, seed, counter);
    int lane = threadIdx.x % 32, own = lane / 4 % 4;
    counter += (lane / 16 + own / 2 * 2) * queries + pair() + own % 2;
    unsigned drawn = 0, dropped = 0;
#pragma unroll 1
    for (int j = 0; j < QUERIES / 8; j++) {
        Words words = philox(counter + 8 * j, seed);
        for (int key = 0; key < 4; key++) drawn |= (words.word[key] >= limit) << (4 * j + key);
    }
    for (int c = 0; c < 4; c++) dropped |= (__shfl_sync(~0u, drawn, (lane & ~12) | c << 2) >> own & 0x11111111) << c;
    return dropped;
}

// N neighbouring numbers of a row, from a column on, at once where their addresses allow. Spelled out, for the compiler
// would make single numbers of it.
template <int N>
__device__ void put(real* row, bool together, long long column, long long values, const float (&x)[N]) {
    if (together && column + N <= values) {
        if constexpr (N == 4)
            asm volatile("st.global.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(row + column), "f"(x[0]), "f"(x[1]),
                         "f"(x[2]), "f"(x[3])
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
