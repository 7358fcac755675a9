// Products of few rows or columns whose terms lie side by side in memory, as those of x weightᵀ do: each element of y is a
// dot product, and neighbouring lanes take neighbouring terms. So nothing goes through shared memory, and all that a
// block reads is on its way at once.
//
//     a block's 8 warps share the terms          a lane has sums of all elements of the block's tile:
//                                                          column 0  1  2  …
//     a │ warp 0 │ warp 1 │ … │ warp 7 │ …          row 0      ▓  ▓  ▓
//     b │ warp 0 │ warp 1 │ … │ warp 7 │ …              1      ▓  ▓  ▓       ROWS · COLUMNS
//         lanes take 16 bytes each                      …
//
// At the end the lanes of a warp exchange halves of what they have (exchange.cuh): then each has the warp's sums of one or
// two elements. Those of the warps meet in shared memory.
//
// 64 × 784 → 256 on an H100 (not run on one yet), predicted: 256 blocks of 4 × 16 read 16 MB through L2, 2.9 µs; with memory's
// latency and the exchange 3.5 µs, for 5 µs in tiles. One row of 4096 → 4096 reads 67 MB of weights: 23 µs at 90 % of DRAM's
// bandwidth.
//
// Measured in the simulator, beside gpu.cu's tiles of 16 × 32 with 8 teams:
//
//                                  sectors    passes over the banks    instructions of warps
//     64 × 784 → 256     dots      503,808           12,288                2,252,032
//                        tiles     152,576          280,576                1,127,808, by a quarter of the multiprocessors
//     1 × 1024 → 1024    dots      139,392            1,024                  370,048
//                        tiles     135,296          319,488                1,264,928

#include "exchange.cuh"
#include "matmul/matrices.cuh"

// Launch code says the tile (table.py).
#ifndef ROWS
#define ROWS 2
#define COLUMNS 16
#endif

constexpr int LANES = 32, WARPS = 8, SUMS = ROWS * COLUMNS;

// A lane's next terms of one line after the other.
struct Lines {
    const real* place;
    long long stride;
    int left;

    __device__ Lines(const Operand& of, long long first, long long term)
        : place(of.data + first * of.line_stride + term * of.term_stride),
          stride(of.line_stride),
          left(min(of.lines - first, (long long)SUMS)) {}

    template <int WIDE>
    __device__ Vector next() {
        Vector v = {};
        if (left-- > 0) {
            if (WIDE == V)
                v = *reinterpret_cast<const Vector*>(place);
            else
                v.at[0] = *place;
        }
        place += stride;
        return v;
    }
};

template <int WIDE>
__device__ __forceinline__ void add_products(real (&sums)[SUMS], const Operand& a, const Operand& b, long long top,
                                             long long left) {
    for (long long term = threadIdx.x * WIDE; term < a.terms; term += WARPS * LANES * WIDE) {
        Lines of_a(a, top, term), of_b(b, left, term);
        Vector from_a[ROWS];
#pragma unroll
        for (int i = 0; i < ROWS; i++) from_a[i] = of_a.next<WIDE>();
#pragma unroll
        for (int j = 0; j < COLUMNS; j++) {
            Vector from_b = of_b.next<WIDE>();
#pragma unroll
            for (int i = 0; i < ROWS; i++)
#pragma unroll
                for (int e = 0; e < WIDE; e++) sums[i * COLUMNS + j] += from_a[i].at[e] * from_b.at[e];
        }
    }
}

__device__ inline bool is_wide(const Operand& of) {
    return of.term_stride == 1 && of.line_stride % V == 0 && of.terms % V == 0 && is_aligned(of.data);
}

extern "C" __global__ void __launch_bounds__(WARPS * LANES, sizeof(real) == 4 ? 2 : 1) dots(MATRIX_ARGUMENTS) {
    __shared__ real of_warps[WARPS][SUMS];
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Result result = {y, bias, residual, rows, columns, has_bias, has_residual, activation};
    unsigned across = (columns + COLUMNS - 1) / COLUMNS;
    long long top = blockIdx.x / across * (long long)ROWS, left = blockIdx.x % across * (long long)COLUMNS;
    Operand of_a = rows_of(a, blockIdx.y, rows, terms), of_b = columns_of(b, blockIdx.y, terms, columns);
    real sums[SUMS] = {};
    if (is_wide(of_a) && is_wide(of_b))
        add_products<V>(sums, of_a, of_b, top, left);
    else
        add_products<1>(sums, of_a, of_b, top, left);
    exchange(sums);
    int warp = threadIdx.x / LANES, first = threadIdx.x % LANES * (SUMS / LANES), element = threadIdx.x;
#pragma unroll
    for (int k = 0; k < SUMS / LANES; k++) of_warps[warp][first + k] = sums[k];
    __syncthreads();
    if (element < SUMS) {
        real sum = 0;
        for (int other = 0; other < WARPS; other++) sum += of_warps[other][element];
        result.put(blockIdx.y, top + element / COLUMNS, left + element % COLUMNS, sum);
    }
}
