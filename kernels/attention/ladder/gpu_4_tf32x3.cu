// Rung 4: tensor cores, and still float32. Both products are made by mma.sync, of numbers that are split in two of tf32:
// of big + small times big + small three products are summed, eight terms at a time there, the rest in float32, to the
// nearest (matmul's rung 11 says why). The softmax is float32 as ever. The queries, the weights and the result stay in
// registers, and one tile of keys and values is multiplied while the next is on its way (tensor.cuh).
//
// For a tile of 32 keys a warp, whose rows are 16, reads 16 KB of shared memory and does 192 mma.
//
// On an H100 (not run on one yet), 4 × 16 causal heads of 2048 × 64, predicted: tensor cores 0.21 ms, or 0.36 at the 60 % of
// their peak that others measured of mma.sync; instructions, some 1,560 of each warp for a tile in machine code for sm_90
// (192 of them mma, 256 additions, 670 that split), 4 a clock, 0.45 ms; L2, 1.1 GB at some 5.5 TB/s, 0.2 ms; shared memory
// 0.18 ms; DRAM, 134 MB, 0.04 ms. So instructions are the limit: 0.5 to 0.6 ms, some 60 TFLOP/s of the 34 · 10⁹ operations.
//
// Measured in the simulator, the small example of __init__.py: 10,244 sectors, all needed; 7,680 passes over the banks, a
// sixth of gpu.cu's, all needed. Three blocks a multiprocessor: 48 KB on their way.

#include "attention/ladder/tensor.cuh"

constexpr int KEYS = Tiles<float>::KEYS;

// Begin to copy so many rows from `top` on: zeros beyond the edges. A thread has the same piece of several rows; those that
// no product takes are left out.
template <int COUNT>
__device__ void copy_tile(float* tile, const real* x, long long step, long long top, long long rows, int columns) {
    constexpr int PIECES = WIDTH / 4, NEXT = THREADS / PIECES;
    int piece = threadIdx.x % PIECES, first = threadIdx.x / PIECES, inside = min(columns - piece * 4, 4);
    int exist = rows - top < COUNT ? rows - top : COUNT;
    if (piece * 4 >= ((columns + 15) & ~15)) return;
    const real* from = x + (top + first) * step + piece * 4;
    if (in_pieces(x, step, 4)) {
#pragma unroll
        for (int row = first; row < COUNT; row += NEXT, from += NEXT * step)
            start_copy<16>(tile + place_in_tile<float>(row, piece), from, row < exist && inside > 0 ? inside * 4 : 0);
    } else {
#pragma unroll 1
        for (int row = first; row < COUNT; row += NEXT, from += NEXT * step)
            for (int i = 0; i < 4; i++)
                start_copy<4>(tile + place_in_tile<float>(row, piece) + i, from + i, row < exist && i < inside ? 4 : 0);
    }
}

// A fragment of 16 rows and 8 columns (mma.cuh).
__device__ inline void load_fragment(float (&to)[4], const float* tile, int row, int column) {
    int lane = threadIdx.x % 32;
    unsigned r[4];
    load_matrices(r, tile + place_in_tile<float>(row + lane % 16, column / 4 + lane / 16));
    for (int k = 0; k < 4; k++) to[k] = __uint_as_float(r[k]);
}

// sum += a b, three products of 8 terms.
__device__ inline void add_product(float (&sum)[4], const unsigned (&big_a)[4], const unsigned (&small_a)[4],
                                   unsigned big_0, unsigned big_1, unsigned small_0, unsigned small_1) {
    float part[4] = {};
    multiply_tf32(part, small_a, big_0, big_1);
    multiply_tf32(part, big_a, small_0, small_1);
    multiply_tf32(part, big_a, big_0, big_1);
    for (int r = 0; r < 4; r++) sum[r] += part[r];
}

extern "C" __global__ void __launch_bounds__(THREADS, WIDTH == 64 ? 3 : 2)
    attention(ATTENTION_ARGUMENTS, ROWS_OF(real, y), real* sums, int wants_sums, real* again) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    __shared__ __align__(128) Tiles<float> tiles;
    Block block(queries);
    long long b = block.head / heads, h = block.head % heads;
    const real *k_of = HEAD(k, b, h / group), *v_of = HEAD(v, b, h / group);
    int steps = (width + 7) / 8, pairs = (values + 15) / 16;
    real* y_of = HEAD(y, b, h);
    bool together = in_pieces(y_of, y_row, 4);
    // The queries come through the tiles' memory.
    float own[WIDTH / 8][4];
    copy_tile<ROWS>(tiles.k[0], HEAD(q, b, h), q_row, block.top, queries, width);
    wait_for_copies();
    __syncthreads();  // they are here
#pragma unroll
    for (int e = 0; e < WIDTH / 8; e++) {
        if (e >= steps) break;
        load_fragment(own[e], tiles.k[0], block.warp_row(), e * 8);
        for (int k = 0; k < 4; k++) own[e][k] *= float(scale) * LOG2E;
    }
    __syncthreads();  // all have read them
    float sum[WIDTH / 8][4] = {};
    attend<KEYS>(
        sum, block,
        [&](int stage, long long left) {
            copy_tile<KEYS>(tiles.k[stage], k_of, k_row, left, keys, width);
            copy_tile<KEYS>(tiles.v[stage], v_of, v_row, left, keys, values);
        },
        [&](float(&s)[KEYS / 8][4], int stage) {
#pragma unroll
            for (int e = 0; e < WIDTH / 8; e++) {
                if (e >= steps) break;
                // Split anew for each tile: both parts of all would be too many registers, where the compiler would have them.
                for (int k = 0; k < 4; k++) asm volatile("" : "+f"(own[e][k]));
                unsigned big_q[4], small_q[4];
                split_tf32(own[e], big_q, small_q);
#pragma unroll
                for (int j = 0; j < KEYS / 8; j += 2) {
                    float rows[4];
                    unsigned big[4], small[4];
                    load_fragment(rows, tiles.k[stage], j * 8, e * 8);
                    split_tf32(rows, big, small);
                    for (int i = 0; i < 2; i++)
                        add_product(s[j + i], big_q, small_q, big[i], big[i + 2], small[i], small[i + 2]);
                }
            }
        },
        // Of eight keys lane l has weights of 2t and 2t + 1, where the product wants terms t and t + 4 (t = l % 4): so those
        // are what terms are called, of the values as well. Likewise with columns: a lane reads two neighbours, one for
        // each of two products, and in the end has four neighbours of y.
        [&](float(&sum)[WIDTH / 8][4], const float(&p)[KEYS / 8][4], int stage) {
            int lane = threadIdx.x % 32;
#pragma unroll
            for (int j = 0; j < KEYS / 8; j++) {
                unsigned big_p[4], small_p[4];
                float turned[4] = {p[j][0], p[j][2], p[j][1], p[j][3]};
                split_tf32(turned, big_p, small_p);
                int key = j * 8 + Block::pair();
#pragma unroll
                for (int c = 0; c < WIDTH / 16; c++) {
                    if (c >= pairs) break;
                    int piece = c * 4 + lane / 8, in_piece = lane / 4 % 2 * 2;
                    const float* tile = tiles.v[stage] + in_piece;
                    float2 one = *reinterpret_cast<const float2*>(tile + place_in_tile<float>(key, piece));
                    float2 two = *reinterpret_cast<const float2*>(tile + place_in_tile<float>(key + 1, piece));
                    float found[4] = {one.x, one.y, two.x, two.y};
                    unsigned big[4], small[4];
                    split_tf32(found, big, small);
                    for (int i = 0; i < 2; i++)
                        add_product(sum[2 * c + i], big_p, small_p, big[i], big[i + 2], small[i], small[i + 2]);
                }
            }
        },
        [&](int half, long long row) {
#pragma unroll
            for (int c = 0; c < WIDTH / 16; c++) {
                const float *one = sum[2 * c] + 2 * half, *two = sum[2 * c + 1] + 2 * half;
                float x[4] = {one[0], two[0], one[1], two[1]};
                put(y_of + row * y_row, together, c * 16 + threadIdx.x % 4 * 4, values, x);
            }
        },
        sums, wants_sums, again, ATTENTION_GIVEN);
}
