// Rung 15: rung 13 with the largest tiles that registers hold, which need less of L2 and of shared memory for what they
// add up. A block has 256 rows and 128 to 192 columns of y, a warp 64 × 64 to 64 × 96: up to 192 sums a thread, of 255
// registers, so one block a multiprocessor. Nobody else works while it waits, so it mustn't: it loads fragments a part
// ahead, across the barrier, too, which stands in the midst of mma.
//
//     terms 0 to 15                        16 to 31                         the next tile
//     ├ part 0 ┼ part 1 ┼ … ┼ last part ┼ part 0 ┼ … ┼ barrier, last part ┼ part 0 …      a part: 16 columns, 8 mma
//     b of 1 ─┘ b of 2 ─┘   a, b of 0 ─┘                 a, b of the next ─┘              what is loaded meanwhile
//
// How wide a tile is, wide.py chooses so that waves of blocks are full: 4096 columns are 24 tiles of 176, which an H100
// makes in 3 waves of 132 blocks, 97 % full. By tiles of 128 columns it needs 4 waves, by tiles of 192 also 3, a tenth
// longer ones. Three or four steps' tiles, up to 112 KB, are in dynamic shared memory.
//
// On an H100 (not run on one yet), predicted:
//
//                          4096³, 176 columns        8192³, 192 columns
//     rounding (rung 13)   0.2 GB, 0.06 ms           0.8 GB, 0.24 ms         DRAM at 3.35 TB/s
//     tensor cores         3 waves, 0.25 ms          11 waves, 1.97 ms       at the 60 % that mma.sync reaches
//     L2                   1.36 GB, 0.25 ms          10.1 GB, 1.84 ms        at 5.5 TB/s; rung 13: 2.1 GB, 17.2 GB
//     shared memory        0.18 ms                   1.33 ms                 a pass a cycle; rung 13: 0.28, 2.2 ms
//     DRAM                 0.14 GB, 0.04 ms          1.1 GB, 0.33 ms
//     writing y            0.02 ms                   0.08 ms                 when a wave ends, and nobody multiplies
//
// Together 0.33 to 0.37 ms and 2.3 to 2.6 ms, 370 to 415 and 420 to 480 TFLOP/s: 0.53 to 0.6 and 0.6 to 0.7 of the 700
// that cuBLAS typically gets from factors that are bfloat16 in memory. Without rounding, which cuBLAS is then spared,
// 4096³ are 0.27 to 0.3 ms, 0.65 to 0.73 of it. What lies beyond is wgmma's: mma.sync has its factors in registers.
//
// Measured in the simulator, 384³ in tiles of 192 columns: 55,296 sectors, rung 13 73,728, and 55,552 passes over the
// banks to its 64,512, all needed; 164,560 instructions of warps to its 369,864. In machine code for sm_90 (nvdisasm)
// 32 terms of 192 columns are some 195 instructions, of which 96 are mma and 20 are ldmatrix. No register is spilled
// there; with 176 columns, or on sm_80 and sm_120, a few are, most of which are read again only when y is written.

#define WARPS_DOWN 4
#ifndef ACROSS
#define ACROSS 12
#define STAGES 3
#endif
#include "matmul/ladder/tensor_16bit.cuh"

constexpr int A_PANELS = TILE_ROWS / PANEL, B_PANELS = (TILE_COLUMNS + PANEL - 1) / PANEL;
constexpr int PARTS = (ACROSS + 1) / 2;  // of a warp's columns: 16 each, of which the last may be half unused

struct Tiles {
    Bits16 a[A_PANELS * PANEL * DEPTH], b[B_PANELS * PANEL * DEPTH];
};

// How a thread brings its 16 bytes of each panel of a factor's tiles. The factor's rows are padded to `pitch` numbers.
template <bool ALONG_TERMS>
struct Panels {
    const Bits16* from;
    long long pitch;
    int term, lines, place;  // the thread's first term in a tile, the lines from its first one on; where in a panel

    __device__ Panels(const real* all, long long stack_stride, long long pitch, long long first, int lines)
        : pitch(pitch) {
        int line = ALONG_TERMS ? threadIdx.x / 4 : threadIdx.x % 8 * 8;
        term = ALONG_TERMS ? threadIdx.x % 4 * 8 : threadIdx.x / 8;
        this->lines = lines - line;
        place = place_in_tile<ALONG_TERMS>(line, term);
        long long row = ALONG_TERMS ? first + line : term, column = ALONG_TERMS ? term : first + line;
        from = reinterpret_cast<const Bits16*>(all) + blockIdx.y * stack_stride + row * pitch + column;
    }

    // Begin to copy the next tile, of which `terms` exist: beyond them, and beyond the lines, are zeros.
    template <int COUNT>
    __device__ void copy(Bits16* tile, int terms) {
#pragma unroll
        for (int p = 0; p < COUNT; p++) {
            int line = p * PANEL;
            bool inside = line < lines && term < terms;
            start_copy<16>(tile + place + line * DEPTH, from + line * (ALONG_TERMS ? pitch : 1), inside ? 16 : 0);
        }
        from += DEPTH * (ALONG_TERMS ? 1 : pitch);
    }
};

__device__ inline int least(long long x, int most) { return x < most ? x : most; }

extern "C" __global__ void __launch_bounds__(THREADS, 1)
    matmul(const real* rounded_a, long long stack_a, long long pitch_a, const real* rounded_b, long long stack_b,
           long long pitch_b, MATRIX_ARGUMENTS) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    extern __shared__ __align__(128) Tiles tiles[];
    Place place(rows, columns);
    Panels<A_ALONG_TERMS> a(rounded_a, stack_a, pitch_a, place.top(), least(rows - place.top(), TILE_ROWS));
    Panels<B_ALONG_TERMS> b(rounded_b, stack_b, pitch_b, place.left(), least(columns - place.left(), TILE_COLUMNS));
    Sums sums = {};
    unsigned from_a[DOWN][4], from_b[2][4];
    auto copy_next = [&](int stage, long long left) {
        a.template copy<A_PANELS>(tiles[stage].a, least(left, DEPTH));
        b.template copy<B_PANELS>(tiles[stage].b, least(left, DEPTH));
        commit_copies();
    };
    auto load_a = [&](int i, int stage, int term) {
        load_fragment<A_ALONG_TERMS, false>(from_a[i], tiles[stage].a, place.warp_row + i * 16, term);
    };
    auto load_b = [&](int part, int to, int stage, int term) {
        load_fragment<B_ALONG_TERMS, true>(from_b[to], tiles[stage].b, place.column(part * 2), term);
    };
    auto next_is_here = [&] {
        wait_copies<STAGES - 2>();  // for this thread's part,
        __syncthreads();            // for everybody's; and all have done with the tile that is overwritten next
    };

    for (int stage = 0; stage < STAGES - 1; stage++) copy_next(stage, terms - stage * DEPTH);
    next_is_here();
    for (int i = 0; i < DOWN; i++) load_a(i, 0, 0);
    load_b(0, 0, 0, 0);
    int now = 0, free = STAGES - 1;
    for (long long left = terms; left > 0; left -= DEPTH) {
        copy_next(free, left - (STAGES - 1) * DEPTH);
        free = now;
        int next = now == STAGES - 1 ? 0 : now + 1;
#pragma unroll
        for (int part = 0; part < 2 * PARTS; part++) {
            int held = part % 2, j = part % PARTS * 2;
            bool middle = part == PARTS - 1, end = part == 2 * PARTS - 1;
            if (end) next_is_here();
            load_b((part + 1) % PARTS, held ^ 1, end ? next : now, (part + 1) / PARTS % 2 * 16);
#pragma unroll
            for (int i = 0; i < DOWN; i++) {
                multiply_bf16(sums.at[i][j], from_a[i], from_b[held][0], from_b[held][1]);
                if (j + 1 < ACROSS) multiply_bf16(sums.at[i][j + 1], from_a[i], from_b[held][2], from_b[held][3]);
                if (middle) load_a(i, now, 16);
                if (end) load_a(i, next, 0);
            }
        }
        now = next;
    }
    wait_for_copies();  // of zeros, after the end
    store(reinterpret_cast<float*>(tiles), sums, place, a_data, a_stack, a_row, a_column, b_data, b_stack, b_row,
          b_column, bias, residual, y, stack, rows, terms, columns, has_bias, has_residual, activation);
}
