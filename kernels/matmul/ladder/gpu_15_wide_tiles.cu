// Rung 15: HEADER

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
    long long pitch, terms;  // how many there are from the thread's first one in the next tile on
    int lines, place;        // likewise lines; where in a panel

    __device__ Panels(const real* all, long long stack_stride, long long pitch, long long first, int lines,
                      long long terms)
        : pitch(pitch) {
        int line = ALONG_TERMS ? threadIdx.x / 4 : threadIdx.x % 8 * 8;
        int term = ALONG_TERMS ? threadIdx.x % 4 * 8 : threadIdx.x / 8;
        this->lines = lines - line, this->terms = terms - term;
        place = place_in_tile<ALONG_TERMS>(line, term);
        long long row = ALONG_TERMS ? first + line : term, column = ALONG_TERMS ? term : first + line;
        from = reinterpret_cast<const Bits16*>(all) + blockIdx.y * stack_stride + row * pitch + column;
    }

    // Begin to copy the next tile. Beyond the matrix, and where there are no more tiles, are zeros.
    template <int COUNT>
    __device__ void copy(Bits16* tile) {
#pragma unroll
        for (int p = 0; p < COUNT; p++) {
            bool inside = p * PANEL < lines && terms > 0;
            start_copy<16>(tile + place + p * (PANEL * DEPTH), from + p * PANEL * (ALONG_TERMS ? pitch : 1),
                           inside ? 16 : 0);
        }
        from += DEPTH * (ALONG_TERMS ? 1 : pitch);
        terms -= DEPTH;
    }
};

__device__ inline int least(long long lines, int most) { return lines < most ? lines : most; }

extern "C" __global__ void __launch_bounds__(THREADS, 1)
    matmul(const real* rounded_a, long long stack_a, long long pitch_a, const real* rounded_b, long long stack_b,
           long long pitch_b, MATRIX_ARGUMENTS) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    extern __shared__ __align__(128) Tiles tiles[];
    Place place(rows, columns);
    Panels<A_ALONG_TERMS> a(rounded_a, stack_a, pitch_a, place.top(), least(rows - place.top(), TILE_ROWS), terms);
    Panels<B_ALONG_TERMS> b(rounded_b, stack_b, pitch_b, place.left(), least(columns - place.left(), TILE_COLUMNS), terms);
    Sums sums = {};
    unsigned from_a[DOWN][4], from_b[2][4];
    auto copy_next = [&](int stage) {
        a.template copy<A_PANELS>(tiles[stage].a);
        b.template copy<B_PANELS>(tiles[stage].b);
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

    for (int stage = 0; stage < STAGES - 1; stage++) copy_next(stage);
    next_is_here();
    for (int i = 0; i < DOWN; i++) load_a(i, 0, 0);
    load_b(0, 0, 0, 0);
    int now = 0, free = STAGES - 1;
    for (long long step = 0; step < terms; step += DEPTH) {
        copy_next(free);
        free = now;
        int next = now == STAGES - 1 ? 0 : now + 1;
#pragma unroll
        for (int part = 0; part < 2 * PARTS; part++) {
            int held = part % 2, j = part % PARTS * 2;
            bool middle = part == PARTS - 1, end = part == 2 * PARTS - 1;
            if (end) next_is_here();
            load_b((part + 1) % PARTS, held ^ 1, end ? next : now, middle || part >= PARTS && !end ? 16 : 0);
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
