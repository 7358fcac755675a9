// Transposes on the GPU: a thread turns a square of VECTOR × VECTOR numbers in registers, and needs no shared memory.
//
//     a warp's 32 squares in x:  8 across, 4 down          a load: a vector of each, the first, second, … row of all
//     ┌──┬──┬──┬──┬──┬──┬──┬──┐
//     │ 0│ 1│ 2│ 3│ 4│ 5│ 6│ 7│   8 · 16 bytes: lines of 128      what is stored at a time: 4 · 16 bytes
//     │ 8│ 9│ …│  │  │  │  │  │                                   of rows of the result: pairs of sectors
//     │16│  │  │  │  │  │  │  │
//     │24│  │  │  │  │  │  │31│
//     └──┴──┴──┴──┴──┴──┴──┴──┘
//
// Vectors must lie at multiples of 16 bytes: where sizes or addresses forbid it, a tile goes through shared memory,
// number by number, as in the ladder's last rung.

#include "softmax/reduce.cuh"
#include "transpose/tiles.cuh"

constexpr int SIDE = 64, VECTOR = 16 / sizeof(real);

struct alignas(16) Vector {
    real of[VECTOR];
};

__device__ inline bool is_aligned(const real* x, const real* out, long long rows, long long columns) {
    return rows % VECTOR == 0 && columns % VECTOR == 0 && (unsigned long long)x % 16 == 0 &&
           (unsigned long long)out % 16 == 0;
}

__device__ inline void turn_in_registers(const Tile<SIDE>& tile, const real* x, real* out, long long rows,
                                         long long columns) {
    constexpr int ACROSS = SIDE / VECTOR, WARPS_ACROSS = ACROSS / 8;
    for (int square = threadIdx.x; square < ACROSS * ACROSS; square += THREADS) {
        int warp = square / 32, lane = square % 32;
        long long i = tile.top + (warp / WARPS_ACROSS * 4 + lane / 8) * VECTOR;
        long long j = tile.left + (warp % WARPS_ACROSS * 8 + lane % 8) * VECTOR;
        if (i >= rows || j >= columns) continue;
        Vector from[VECTOR];
        for (int r = 0; r < VECTOR; r++) from[r] = ((const Vector*)x)[((i + r) * columns + j) / VECTOR];
        for (int c = 0; c < VECTOR; c++) {
            Vector to;
            for (int r = 0; r < VECTOR; r++) to.of[r] = from[r].of[c];
            ((Vector*)out)[((j + c) * rows + i) / VECTOR] = to;
        }
    }
}

extern "C" __global__ void transpose(const real* x, real* out, long long rows, long long columns, long long tiles) {
    bool by_vectors = is_aligned(x, out, rows, columns);  // the same for all
    FOR_EACH_ROW(number, tiles) {
        Tile<SIDE> tile(number, rows, columns);
        if (by_vectors)
            turn_in_registers(tile, x + tile.start, out + tile.start, rows, columns);
        else
            turn_in_shared_memory<SIDE, 1>(tile, x + tile.start, out + tile.start, rows, columns);
    }
}
