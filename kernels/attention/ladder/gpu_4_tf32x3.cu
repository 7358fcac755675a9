// Rung 4: tensor cores, and still float32. Both products are made by mma.sync, of numbers split in two of tf32
// (split.cuh). The softmax is float32 as ever. The queries, the weights and the result stay in registers, and one tile
// of keys and values is multiplied while the next is on its way (tensor.cuh).
//
// For a tile of 32 keys a warp, whose rows are 16, reads 16 KB of shared memory and does 192 mma.
//
// On an H100 (not run on one yet), 4 × 16 causal heads of 2048 × 64, predicted: tensor cores 0.21 ms, or 0.36 at the
// 60 % of their peak that others measured of mma.sync; instructions, some 1,560 of each warp for a tile in machine code
// for sm_90 (192 of them mma, 256 additions, 700 that split), 4 a clock, 0.45 ms; L2, 1.1 GB at some 5.5 TB/s, 0.2 ms;
// shared memory 0.18 ms; DRAM, 134 MB, 0.04 ms. So instructions are the limit: 0.5 to 0.6 ms, some 60 TFLOP/s of the
// 34 · 10⁹ operations.
//
// Measured in the simulator, the small example of __init__.py: 10,244 sectors, all needed; 7,680 passes over the banks,
// a sixth of gpu.cu's, all needed. Three blocks a multiprocessor: 48 KB on their way.

#include "attention/ladder/split.cuh"
#include "attention/ladder/tensor.cuh"

constexpr int KEYS = Tiles<float>::KEYS;

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
    int steps = (width + 7) / 8;
    // The queries come through the tiles' memory.
    float own[WIDTH / 8][4];
    copy_tile<ROWS, THREADS>(tiles.k[0], HEAD(q, b, h), q_row, block.top, queries, width);
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
            copy_tile<KEYS, THREADS>(tiles.k[stage], k_of, k_row, left, keys, width);
            copy_tile<KEYS, THREADS>(tiles.v[stage], v_of, v_row, left, keys, values);
        },
        [&](float(&s)[KEYS / 8][4], int stage) {
#pragma unroll
            for (int e = 0; e < WIDTH / 8; e++) {
                if (e >= steps) break;
                // Split anew for each tile: the compiler would keep both parts of all, in too many registers.
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
        [&](float(&sum)[WIDTH / 8][4], const float(&p)[KEYS / 8][4], int stage) {
            add(sum, p, tiles.v[stage], values);
        },
        [&](int half, long long row) {
            real* y_of = HEAD(y, b, h);
            store_row(y_of + row * y_row, in_pieces(y_of, y_row, 4), values, sum, half);
        },
        sums, wants_sums, again, ATTENTION_GIVEN);
}
