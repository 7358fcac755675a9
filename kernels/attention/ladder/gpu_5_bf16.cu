// Rung 5: bfloat16. An instruction multiplies twice as many numbers as in tf32, one product is enough, and tiles have
// half the bytes. Keys and values are rounded once, in memory of their own (rounded.cuh), queries on their way into
// shared memory, weights in registers. Scores, softmax and sums are float32: a weight is off by its
// score's error, 2⁻⁸ or so of the score.
//
// For a tile of 64 keys a warp reads 16 KB of shared memory and does 64 mma.
//
// On an H100 (not run on one yet), 4 × 16 causal heads of 2048 × 64, predicted: rounding, 100 MB of DRAM, 0.03 ms; then
// tensor cores 0.04 ms, or 0.06 at the 60 % of mma.sync; instructions, some 900 of each warp for a tile in machine code
// for sm_90, 0.13 ms; L2 and shared memory 0.1 ms each; exp2, 16 a clock, 0.04 ms. So instructions are the limit still:
// 0.2 to 0.25 ms with all launches, some 150 TFLOP/s. FlashAttention-2, of bfloat16 in memory, is said to get 300 to
// 400 with heads of 128 columns, which have as many exponentials for twice the products.
//
// Measured in the simulator, the small example of __init__.py: 2 × 3,072 sectors to round and 7,172 to attend, 4,352
// passes over the banks, all needed. Three blocks a multiprocessor: 48 KB on their way.

#include "attention/ladder/rounded.cuh"
#include "attention/ladder/tensor.cuh"

constexpr int KEYS = Tiles<bf16>::KEYS;

extern "C" __global__ void __launch_bounds__(THREADS, WIDTH == 64 ? 3 : 2)
    attention(ATTENTION_ARGUMENTS, ROWS_OF(real, y), real* sums, int wants_sums, real* again) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    __shared__ __align__(128) Tiles<bf16> tiles;
    Block block(queries);
    int lane = threadIdx.x % 32, steps = (width + 15) / 16;
    long long b = block.head / heads, h = block.head % heads;
    const real *k_of = HEAD(k, b, h / group), *v_of = HEAD(v, b, h / group);  // rounded
    // The queries come through the tiles' memory, rounded on their way.
    const real* q_of = HEAD(q, b, h);
    bool q_together = in_pieces(q_of, q_row, 4);
    for (int e = threadIdx.x; e < ROWS * (WIDTH / 4); e += THREADS) {
        int row = e / (WIDTH / 4), column = e % (WIDTH / 4) * 4;
        long long inside = block.top + row < queries ? width - column : 0;
        bf16* to = tiles.k[0] + place_in_tile<bf16>(row, column / 8) + column % 8;
        round_into(to, q_of + (block.top + row) * q_row + column, inside, q_together, float(scale) * LOG2E);
    }
    __syncthreads();  // they are here
    unsigned own[WIDTH / 16][4];
#pragma unroll
    for (int e = 0; e < WIDTH / 16; e++)
        load_matrices(own[e], tiles.k[0] + place_in_tile<bf16>(block.warp_row() + lane % 16, e * 2 + lane / 16));
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
            for (int e = 0; e < WIDTH / 16; e++) {
                if (e >= steps) break;
#pragma unroll
                for (int j = 0; j < KEYS / 8; j += 2) {
                    unsigned rows[4];
                    load_others(rows, tiles.k[stage], j * 8, e * 2);
                    for (int i = 0; i < 2; i++) multiply_bf16(s[j + i], own[e], rows[2 * i], rows[2 * i + 1]);
                }
            }
        },
        [&](float(&sum)[WIDTH / 8][4], const float(&p)[KEYS / 8][4], int stage) {
            add(sum, p, tiles.v[stage], values);
        },
        [&](int half, long long row) {
            real* y_of = HEAD(y, b, h);
            store_row(y_of + row * y_row, in_pieces(y_of, y_row, 2), values, sum, half);
        },
        sums, wants_sums, again, ATTENTION_GIVEN);
}
