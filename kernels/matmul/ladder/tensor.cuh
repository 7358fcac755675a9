// What the matrix products on tensor cores share: where a block's warps are, how tiles lie in shared memory, and what
// follows the sums. A block of 8 warps takes a tile of 128 × 128 of y, a warp 64 × 32 of it, in 4 × 4 products of mma.
//
//              128 columns                    Both factors are *lines* of *terms*: rows of a, columns of b, terms along
//       ┌──────┬──────┬──────┬──────┐         the sum. A tile has 128 lines of DEPTH terms, 64 bytes a line.
//    64 │ warp │  1   │  2   │  3   │
//       │   0  │      │      │      │         ALONG_TERMS says which neighbours in memory are neighbours in the tile,
//       ├──────┼──────┼──────┼──────┤         so that 16 bytes at a time may be copied: those along a line (a, or b
//    64 │  4   │  5   │  6   │  7   │         transposed, as in `linear`), or those of a term (b, or a transposed).
//       │      │      │      │      │         Launch code chooses: a macro for each factor.
//       └──────┴──────┴──────┴──────┘
#pragma once

#include "copies.cuh"
#include "matmul/matrices.cuh"
#include "matmul/order.cuh"
#include "mma.cuh"

#ifndef A_ALONG_TERMS
#define A_ALONG_TERMS 1
#define B_ALONG_TERMS 0
#endif

// Of the 8 warps so many lie one below the other, and each has so many products across. Rung 15 has other numbers.
#ifndef ACROSS
#define WARPS_DOWN 2
#define ACROSS 4
#endif

constexpr int THREADS = 256, WARP_ROWS = 64, WARP_COLUMNS = 8 * ACROSS, DOWN = WARP_ROWS / 16;
constexpr int WARPS_ACROSS = 8 / WARPS_DOWN;
constexpr int TILE_ROWS = WARPS_DOWN * WARP_ROWS, TILE_COLUMNS = WARPS_ACROSS * WARP_COLUMNS;
constexpr int TILE = TILE_ROWS;  // lines of either factor, where a tile is square

// Where a block and its warp are. blockIdx.y is the matrix of the stack.
struct Place {
    TilePlace tile;
    int warp_row, warp_across;  // the first row of the tile that is the warp's; which one it is of those side by side

    __device__ Place(long long rows, long long columns) {
        unsigned warp = threadIdx.x / 32;
        tile = tile_of_block(blockIdx.x, (rows + TILE_ROWS - 1) / TILE_ROWS,
                             (columns + TILE_COLUMNS - 1) / TILE_COLUMNS);
        warp_row = warp / WARPS_ACROSS * WARP_ROWS;
        warp_across = warp % WARPS_ACROSS;
    }

    // The first column, within the tile, of the warp's product j. Four are together, 32 columns; of more than four the
    // next ones are beyond the other warps'.
    __device__ int column(int j) const {
        int before = j / 4 * 4, together = ACROSS - before < 4 ? ACROSS - before : 4;
        return before * 8 * WARPS_ACROSS + (warp_across * together + j % 4) * 8;
    }

    __device__ long long top() const { return static_cast<long long>(tile.row) * TILE_ROWS; }
    __device__ long long left() const { return static_cast<long long>(tile.column) * TILE_COLUMNS; }
};

// The thread's elements of y: of product [i][j] those that mma.cuh shows.
struct Sums {
    float at[DOWN][ACROSS][4];
};

// A factor from the tile's first line and the next term on.
template <bool ALONG_TERMS>
struct Factor {
    const float* data;
    long long line_stride, term_stride;
    int lines;      // in the tile
    bool together;  // four neighbours are 16 bytes that may be copied at once

    __device__ Factor(const real* data, long long line_stride, long long term_stride, long long lines)
        : data(reinterpret_cast<const float*>(data)),
          line_stride(line_stride),
          term_stride(term_stride),
          lines(lines < TILE ? lines : TILE) {
        long long near = ALONG_TERMS ? term_stride : line_stride, far = ALONG_TERMS ? line_stride : term_stride;
        together = near == 1 && far % 4 == 0 && reinterpret_cast<unsigned long long>(data) % 16 == 0;
    }

    __device__ const float* at(int line, int term) const { return data + line * line_stride + term * term_stride; }

    __device__ void advance(int terms) { data += terms * term_stride; }

    // How many of four neighbours from there on exist, if the tile has so many terms: the others count as 0.
    __device__ int inside(int line, int term, int terms) const {
        if (line >= lines || term >= terms) return 0;
        int left = ALONG_TERMS ? terms - term : lines - line;
        return left < 4 ? left : 4;
    }
};

// The factors of the tile at `top` and `left`, of this block's matrices in the stacks.
__device__ inline Factor<A_ALONG_TERMS> factor_a(const Matrices& a, long long top, long long rows) {
    return {&a.at(blockIdx.y, top, 0), a.row_stride, a.column_stride, rows - top};
}

__device__ inline Factor<B_ALONG_TERMS> factor_b(const Matrices& b, long long left, long long columns) {
    return {&b.at(blockIdx.y, 0, left), b.column_stride, b.row_stride, columns - left};
}

// One element of y, the plain way.
__device__ inline float plain_sum(const Matrices& a, const Matrices& b, long long row, long long column,
                                  long long terms) {
    float sum = 0;
    for (long long k = terms; k-- > 0;) sum += float(a.at(blockIdx.y, row, k)) * float(b.at(blockIdx.y, k, column));
    return sum;
}

// Four neighbours in a row of y. The activation's function is called, not pasted in, for it would be so often.
struct alignas(16) Quad {
    float at[4];
};

__device__ inline Quad read_quad(const real* from) {
    return sizeof(real) == sizeof(float) ? *reinterpret_cast<const Quad*>(from) : Quad();
}

__device__ __noinline__ Quad activate_quad(int activation, Quad v) {
    for (int e = 0; e < 4; e++) v.at[e] = activate(activation, v.at[e]);
    return v;
}

// Write act(sums + bias + residual). Lanes hold neighbours by pairs only, so each warp first lays 16 rows of 32 columns
// of its sums out in shared memory (`memory`: 16 KB, the tiles' own), and then writes whole rows of 128 bytes, 16 bytes a
// lane where all rows begin at a multiple of them. There, row r's columns change places by 8 (r % 4), so that neither
// writing nor reading meets in a bank.
//
// A sum that isn't finite is made again in float32: the largest numbers round to infinities in the narrow types, and
// in a number that is split ∞ − ∞ would be a NaN.
__device__ inline void store(float* memory, const Sums& sums, const Place& place, MATRIX_ARGUMENTS) {
    constexpr int WIDE = 32, PRODUCTS = WIDE / 8;  // columns at a time
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    int lane = threadIdx.x % 32, four = lane % 8 * 4, down = lane / 8;
    float* mine = memory + threadIdx.x / 32 * (16 * WIDE);
    float2* pairs = reinterpret_cast<float2*>(mine);
    bool is_slope = activation > 5;  // for which `residual` is something else
    bool by_fours = columns % 4 == 0 && is_aligned(y) && is_aligned(residual) && !is_slope;
    __syncthreads();  // all have done with the tiles
#pragma unroll
    for (int first = 0; first < ACROSS; first += PRODUCTS) {
        int wide = (ACROSS - first) * 8;
        long long left = place.left() + place.column(first);
        bool four_here = left + four < columns && four < wide;
        Quad add = {};
        if (by_fours && four_here && has_bias)
            for (int e = 0; e < 4; e++) add.at[e] = bias[left + four + e];
#pragma unroll
        for (int i = 0; i < DOWN; i++) {
            float zero = 0;  // or a NaN, if a sum isn't finite
            for (int j = 0; j < PRODUCTS && first + j < ACROSS; j++) {
                for (int half = 0; half < 2; half++) {
                    int row = lane / 4 + half * 8, at = (j ^ (row % 4)) * 4 + lane % 4;
                    const float* found = sums.at[i][first + j] + half * 2;
                    pairs[row * (WIDE / 2) + at] = {found[0], found[1]};
                    zero += found[0] * 0.0f + found[1] * 0.0f;
                }
            }
            bool finite = __all_sync(~0u, zero == 0);
            __syncwarp();
            long long top = place.top() + place.warp_row + i * 16, at = (blockIdx.y * rows + top) * columns + left;
            if (finite && by_fours) {
#pragma unroll
                for (int r = down; r < 16 + down; r += 4) {
                    if (!four_here || top + r >= rows) continue;
                    Quad v = *reinterpret_cast<const Quad*>(mine + r * WIDE + (four ^ (down * 8)));
                    Quad more = has_residual ? read_quad(residual + at + r * columns + four) : Quad();
                    for (int e = 0; e < 4; e++) v.at[e] += add.at[e] + more.at[e];
                    if (activation) v = activate_quad(activation, v);
                    store_vector(reinterpret_cast<float*>(y + at + r * columns + four), v.at);
                }
            } else if (left + lane < columns && lane < wide) {
#pragma unroll 1
                for (int r = 0; r < 16 && top + r < rows; r++) {
                    float sum = mine[r * WIDE + (lane ^ (r % 4 * 8))];
                    if (sum * 0.0f != 0) sum = plain_sum(a, b, top + r, left + lane, terms);
                    long long here = at + r * columns + lane;
                    if (has_bias) sum += float(bias[left + lane]);
                    y[here] = finish(activation, real(sum), residual, has_residual, here);
                }
            }
            __syncwarp();
        }
    }
}
