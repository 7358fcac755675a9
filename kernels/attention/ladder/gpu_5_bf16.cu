// Rung 5: bfloat16. An instruction multiplies twice as many numbers as in tf32, one product is enough, and tiles have half
// the bytes. Keys and values are rounded once, in memory of their own, for asynchronous copies can't round; queries on
// their way into shared memory, weights in registers. Scores, softmax and sums are float32: a weight is off by its score's
// error, 2⁻⁸ or so of the score.
//
// For a tile of 64 keys a warp reads 16 KB of shared memory and does 64 mma.
//
// On an H100 (not run on one yet), 4 × 16 causal heads of 2048 × 64, predicted: rounding, 100 MB of DRAM, 0.03 ms; then
// tensor cores 0.04 ms, or 0.06 at the 60 % of mma.sync; instructions, some 900 of each warp for a tile in machine code for
// sm_90, most of them the softmax's, 0.13 ms; L2 and shared memory 0.1 ms each; exp2, 16 a clock, 0.04 ms. So instructions
// are the limit still: 0.2 to 0.25 ms with all launches, some 150 TFLOP/s. FlashAttention-2, of bfloat16 in memory, is said
// to get 300 to 400: heads of 128 columns have as many exponentials for twice the products.
//
// Measured in the simulator, the small example of __init__.py: 2 × 3,072 sectors to round and 7,172 to attend, 4,352
// passes over the banks, all needed. Three blocks a multiprocessor: 48 KB on their way.

#include "attention/ladder/tensor.cuh"
#include "elementwise.cuh"

typedef unsigned short bf16;  // its bits

constexpr int KEYS = Tiles<bf16>::KEYS;

// Four numbers of a row, of which `inside` exist, times a factor, rounded.
__device__ void round_into(void* to, const real* from, long long inside, bool together, float factor) {
    float x[4];
    if (together && inside >= 4)
        *reinterpret_cast<float4*>(x) = *reinterpret_cast<const float4*>(from);
    else
        for (int i = 0; i < 4; i++) x[i] = i < inside ? float(from[i]) : 0;
    for (int i = 0; i < 4; i++) x[i] *= factor;
    unsigned long long four = 0;  // in one number: of two the compiler would make two stores
    if (TENSOR_CORES) four = to_bf16(x[0], x[1]) | static_cast<unsigned long long>(to_bf16(x[2], x[3])) << 32;
    *static_cast<unsigned long long*>(to) = four;
}

// Keys or values of all heads, rounded, each row padded with zeros to `pitch` numbers, a multiple of 16.
extern "C" __global__ void round_rows(ROWS_OF(const real, x), real* to, long long heads, long long rows,
                                      long long columns, long long pitch, long long n) {
    FOR_EACH_ELEMENT(i, n) {
        long long fours = pitch / 4, row = i / fours % rows, head = i / fours / rows, column = i % fours * 4;
        const real* x_of = HEAD(x, head / heads, head % heads);
        bool together = in_pieces(x_of, x_row, 4);
        round_into(reinterpret_cast<unsigned long long*>(to) + i, x_of + row * x_row + column, columns - column, together, 1);
    }
}

// A head of keys or values, rounded.
struct Rounded {
    const bf16* x;
    long long rows;
    int pitch;

    __device__ Rounded(const real* all, long long head, long long rows, int columns) : rows(rows), pitch((columns + 15) & ~15) {
        x = reinterpret_cast<const bf16*>(all) + head * rows * pitch;
    }
};

// Begin to copy rows from `top` on, zeros beyond the last. A thread has the same piece of several rows; those that no
// product takes are left out.
__device__ void copy_tile(bf16* tile, const Rounded& of, long long top) {
    constexpr int PIECES = WIDTH / 8, NEXT = THREADS / PIECES;
    int piece = threadIdx.x % PIECES, first = threadIdx.x / PIECES;
    int exist = of.rows - top < KEYS ? of.rows - top : KEYS;
    if (piece * 8 >= of.pitch) return;
    const bf16* from = of.x + (top + first) * of.pitch + piece * 8;
#pragma unroll
    for (int row = first; row < KEYS; row += NEXT, from += NEXT * of.pitch)
        start_copy<16>(tile + place_in_tile<bf16>(row, piece), from, row < exist ? 16 : 0);
}

extern "C" __global__ void __launch_bounds__(THREADS, WIDTH == 64 ? 3 : 2)
    attention(ATTENTION_ARGUMENTS, ROWS_OF(real, y), real* sums, int wants_sums, real* again, const real* rounded_k,
              const real* rounded_v) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    __shared__ __align__(128) Tiles<bf16> tiles;
    Block block(queries);
    int lane = threadIdx.x % 32, steps = (width + 15) / 16, pairs = (values + 15) / 16;
    long long b = block.head / heads, h = block.head % heads, head_of_keys = block.head / group;
    Rounded of_k(rounded_k, head_of_keys, keys, width), of_v(rounded_v, head_of_keys, keys, values);
    real* y_of = HEAD(y, b, h);
    bool together = in_pieces(y_of, y_row, 2);
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
            copy_tile(tiles.k[stage], of_k, left);
            copy_tile(tiles.v[stage], of_v, left);
        },
        [&](float(&s)[KEYS / 8][4], int stage) {
#pragma unroll
            for (int e = 0; e < WIDTH / 16; e++) {
                if (e >= steps) break;
#pragma unroll
                for (int j = 0; j < KEYS / 8; j += 2) {
                    unsigned rows[4];
                    load_matrices(rows, tiles.k[stage] + place_in_tile<bf16>(j * 8 + lane % 16, e * 2 + lane / 16));
                    for (int i = 0; i < 2; i++) multiply_bf16(s[j + i], own[e], rows[i], rows[i + 2]);
                }
            }
        },
        // Two products' weights, of 8 keys each, are a fragment of 16 terms where they lie.
        [&](float(&sum)[WIDTH / 8][4], const float(&p)[KEYS / 8][4], int stage) {
#pragma unroll
            for (int j = 0; j < KEYS / 8; j += 2) {
                unsigned weights[4] = {to_bf16(p[j][0], p[j][1]), to_bf16(p[j][2], p[j][3]),
                                       to_bf16(p[j + 1][0], p[j + 1][1]), to_bf16(p[j + 1][2], p[j + 1][3])};
                int key = j * 8 + lane % 8 + lane / 16 * 8;
#pragma unroll
                for (int c = 0; c < WIDTH / 16; c++) {
                    if (c >= pairs) break;
                    unsigned columns[4];
                    load_matrices_transposed(columns, tiles.v[stage] + place_in_tile<bf16>(key, c * 2 + lane / 8 % 2));
                    for (int i = 0; i < 2; i++) multiply_bf16(sum[2 * c + i], weights, columns[i], columns[i + 2]);
                }
            }
        },
        [&](int half, long long row) {
#pragma unroll
            for (int c = 0; c < WIDTH / 8; c++) {
                float x[2] = {sum[c][2 * half], sum[c][2 * half + 1]};
                put(y_of + row * y_row, together, c * 8 + Block::pair(), values, x);
            }
        },
        sums, wants_sums, again, ATTENTION_GIVEN);
}
