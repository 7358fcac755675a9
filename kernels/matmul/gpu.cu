// The matrix product on the GPU: y = act(a b + bias + residual), for a stack of matrices of any size and strides.
//
// A block of 16 × 16 threads computes a 64 × 64 tile of y, each thread 4 × 4 elements of it in registers:
//
//             tile of b, 16 × 64            Step by step along k, the block copies a 64 × 16 tile of a and a
//            ┌────────────────┐             16 × 64 tile of b into shared memory. Every number there is used
//            │  ▒   ▒   ▒   ▒ │             64 times, so global memory is read 64 times less than by a thread
//            └────────────────┘             an element. From shared memory a thread reads 4 + 4 numbers for
//    ┌────┐  ┌────────────────┐             16 multiply-adds.
//    │▒   │  │  ▓   ▓   ▓   ▓ │
//    │▒   │  │  ▓   ▓   ▓   ▓ │             A thread's columns are 16 apart (▒): the 16 threads of a row read
//    │▒   │  │  ▓   ▓   ▓   ▓ │             16 neighbouring numbers, which lie in different banks, and write
//    │▒   │  │  ▓   ▓   ▓   ▓ │             neighbouring numbers of y.
//    └────┘  └────────────────┘
//    tile of a, 64 × 16
//
// Beyond the edges tiles hold zeros, which add nothing to the sums; only elements inside are stored.

#include "matmul/matrices.cuh"

constexpr int TILE = 64, DEPTH = 16, SIDE = 16, EACH = TILE / SIDE;

extern "C" __global__ void matmul(MATRIX_ARGUMENTS) {
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    __shared__ real tile_a[DEPTH][TILE + 1];  // transposed; one column more, so that writing has no conflicts
    __shared__ real tile_b[DEPTH][TILE + 1];
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    long long tiles_across = (columns + TILE - 1) / TILE;
    long long top = blockIdx.x / tiles_across * TILE, left = blockIdx.x % tiles_across * TILE;

    // Neighbouring threads take neighbouring addresses: along k where a row is contiguous, else along m.
    bool a_by_row = a.column_stride == 1, b_by_row = b.column_stride == 1;

    for (long long s = blockIdx.y; s < stack; s += gridDim.y) {
        real sum[EACH][EACH] = {};
        for (long long k = 0; k < terms; k += DEPTH) {
            for (int e = threadIdx.x; e < TILE * DEPTH; e += SIDE * SIDE) {
                int depth = a_by_row ? e % DEPTH : e / TILE, m = a_by_row ? e / DEPTH : e % TILE;
                bool inside = top + m < rows && k + depth < terms;
                tile_a[depth][m] = inside ? a.at(s, top + m, k + depth) : real(0);

                depth = b_by_row ? e / TILE : e % DEPTH;
                int n = b_by_row ? e % TILE : e / DEPTH;
                inside = left + n < columns && k + depth < terms;
                tile_b[depth][n] = inside ? b.at(s, k + depth, left + n) : real(0);
            }
            __syncthreads();  // the tiles are whole
            for (int depth = 0; depth < DEPTH; depth++) {
                real from_a[EACH], from_b[EACH];
                for (int e = 0; e < EACH; e++) {
                    from_a[e] = tile_a[depth][down + e * SIDE];
                    from_b[e] = tile_b[depth][across + e * SIDE];
                }
                for (int i = 0; i < EACH; i++)
                    for (int j = 0; j < EACH; j++) sum[i][j] += from_a[i] * from_b[j];
            }
            __syncthreads();  // all have read: the tiles may be overwritten
        }
        for (int i = 0; i < EACH; i++) {
            for (int j = 0; j < EACH; j++) {
                long long row = top + down + i * SIDE, column = left + across + j * SIDE;
                if (row < rows && column < columns) {
                    long long place = (s * rows + row) * columns + column;
                    real v = sum[i][j] + (has_bias ? bias[column] : real(0));
                    if (has_residual) v += residual[place];
                    y[place] = activate(activation, v);
                }
            }
        }
    }
}

// The sum of each column. A block of 32 × 8 threads takes 32 columns: 8 rows at a time, so that a warp reads
// 32 neighbouring numbers, then the 8 partial sums of each column meet in shared memory.
extern "C" __global__ void column_sum(const real* x, real* out, long long rows, long long columns) {
    __shared__ real partial[8][32];
    long long column = blockIdx.x * 32LL + threadIdx.x;
    real sum = 0;
    if (column < columns)
        for (long long row = threadIdx.y; row < rows; row += 8) sum += x[row * columns + column];
    partial[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        real total = 0;
        for (int part = 0; part < 8; part++) total += partial[part][threadIdx.x];
        out[column] = total;
    }
}
