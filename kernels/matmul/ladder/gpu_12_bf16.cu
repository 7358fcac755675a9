// Rung 12: bfloat16, 7 bits after the point. An instruction multiplies twice as many numbers as in tf32, and a tile in
// shared memory has half the bytes. The factors are float32 in memory and rounded, to the nearest and ties to even, on
// their way into shared memory: so they pass through registers, and copies can't be asynchronous. Each thread holds the
// 32 numbers that it brings while tensor cores work on the tile before.
//
// A warp has 64 × 32 sums. For 16 terms it reads 6 fragments, 3 KB, each by one ldmatrix, and does 16 mma: 21 operations
// for a byte, 16 with what is written; but of L2, where numbers still are float32, 32 as in rung 10.
//
// On an H100 (not run on one yet), 4096³, predicted: tensor cores 0.14 ms, or 0.23 at 60 %; shared memory 0.28 ms; L2
// 0.78 ms, as in rung 10. So L2 is the limit: 0.8 to 1 ms, 140 to 170 TFLOP/s, a quarter of what cuBLAS gets from factors
// that are bfloat16 in memory.
//
// Measured in the simulator, 256³: 40,960 sectors, as rung 10, all of them needed; 20,480 passes over the banks to its
// 36,864, all needed; 126,912 instructions of warps to its 292,160. Up to 230 registers and 32 KB: one block a
// multiprocessor, 32 KB on their way.

#include "matmul/ladder/tensor_16bit.cuh"

constexpr int STAGES = 2;

struct Tiles {
    Bits16 a[STAGES][TILE * DEPTH], b[STAGES][TILE * DEPTH];
};

// Numbers on their way from global memory to a tile: in registers while the tile before is worked on.
struct Held {
    float4 of[TILE * DEPTH / 4 / THREADS];
};

// Where the thread's four number e belongs.
template <bool ALONG_TERMS>
struct Four {
    int line, term;

    __device__ explicit Four(int e) {
        int first = (threadIdx.x + e * THREADS) * 4;
        line = ALONG_TERMS ? first / DEPTH : first % TILE;
        term = ALONG_TERMS ? first % DEPTH : first / TILE;
    }
};

template <bool ALONG_TERMS>
__device__ void fetch(Held& held, Factor<ALONG_TERMS>& factor, int terms) {
    for (int e = 0; e < TILE * DEPTH / 4 / THREADS; e++) {
        Four<ALONG_TERMS> four(e);
        const float* from = factor.at(four.line, four.term);
        int inside = factor.inside(four.line, four.term, terms);
        if (factor.together && inside == 4) {
            held.of[e] = *reinterpret_cast<const float4*>(from);
        } else {
            long long stride = ALONG_TERMS ? factor.term_stride : factor.line_stride;
            held.of[e].x = inside > 0 ? from[0] : 0;
            held.of[e].y = inside > 1 ? from[stride] : 0;
            held.of[e].z = inside > 2 ? from[2 * stride] : 0;
            held.of[e].w = inside > 3 ? from[3 * stride] : 0;
        }
    }
    factor.advance(DEPTH);
}

template <bool ALONG_TERMS>
__device__ void round_into(Bits16* tile, const Held& held) {
    for (int e = 0; e < TILE * DEPTH / 4 / THREADS; e++) {
        Four<ALONG_TERMS> four(e);
        uint2 rounded = {to_bf16(held.of[e].x, held.of[e].y), to_bf16(held.of[e].z, held.of[e].w)};
        reinterpret_cast<uint2*>(tile)[place_in_tile<ALONG_TERMS>(four.line, four.term) / 4] = rounded;
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) matmul(MATRIX_ARGUMENTS) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    __shared__ __align__(128) Tiles tiles;
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Place place(rows, columns);
    Factor<A_ALONG_TERMS> lines_a = factor_a(a, place.top(), rows);
    Factor<B_ALONG_TERMS> lines_b = factor_b(b, place.left(), columns);
    Sums sums = {};
    Held held_a, held_b;
    long long left = terms;
    auto fetch_next = [&] {
        int here = left < DEPTH ? left : DEPTH;
        fetch(held_a, lines_a, here);
        fetch(held_b, lines_b, here);
        left -= DEPTH;
    };
    fetch_next();
    int now = 0;
    while (left + DEPTH > 0) {
        round_into<A_ALONG_TERMS>(tiles.a[now], held_a);
        round_into<B_ALONG_TERMS>(tiles.b[now], held_b);
        __syncthreads();  // the tile is whole; and all have done with the one before, which is overwritten next
        fetch_next();
#pragma unroll
        for (int term = 0; term < DEPTH; term += 16) {
            unsigned from_b[ACROSS / 2][4];
            for (int j = 0; j < ACROSS / 2; j++)
                load_fragment<B_ALONG_TERMS, true>(from_b[j], tiles.b[now], place.column(j * 2), term);
            for (int i = 0; i < DOWN; i++) {
                unsigned from_a[4];
                load_fragment<A_ALONG_TERMS, false>(from_a, tiles.a[now], place.warp_row + i * 16, term);
                for (int j = 0; j < ACROSS; j++)
                    multiply_bf16(sums.at[i][j], from_a, from_b[j / 2][j % 2 * 2], from_b[j / 2][j % 2 * 2 + 1]);
            }
        }
        now ^= 1;
    }
    store(reinterpret_cast<float*>(&tiles), sums, place, a_data, a_stack, a_row, a_column, b_data, b_stack, b_row,
          b_column, bias, residual, y, stack, rows, terms, columns, has_bias, has_residual, activation);
}
