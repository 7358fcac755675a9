// The matrix product on the GPU: y = act(a b + bias + residual), for a stack of matrices of any size and strides. A
// block takes a tile of y, of each matrix of the stack: tile.cuh draws it. Where that makes too few blocks, launch code
// lets teams of a block share a tile's terms, or several blocks (blockIdx.z), `part` each: y then is a stack of partial
// sums for add_parts.
//
// By the way the rows of a are summed, if `row_sums` isn't null: of a dense layer's gradient gᵀ x that is the bias's.
//
// 64 × 784 → 256 on an H100 (not run on one yet), by the model of table.py: 16 × 32 tiles of 8 teams need 7 steps for the
// 784 terms, 5.4 µs in one launch; 32 × 32 tiles, each shared by 4 blocks, 7.7 µs in two. (Where the terms lie side by
// side, dots.cu takes 3.5.)

#include "elementwise.cuh"
#include "matmul/order.cuh"
#include "matmul/tile.cuh"

// Vectors of a thread's sums in a row.
constexpr int ACROSS = THREAD_COLUMNS / V;

// What a team has found, in shared memory in place of its strips.
struct Found {
    Vector sums[THREAD_ROWS * ACROSS][THREADS];
    real of_rows[TILE_ROWS];
};

// Stores the tile at top, left of matrix s, and row_sum, that of row top + threadIdx.x, if it's wanted.
__device__ inline void put_tile(const Result& result, const Sums& sums, long long s, long long top, long long left,
                                real row_sum, real* row_sums) {
#if TEAMS == 1
#pragma unroll
    for (int i = 0; i < THREAD_ROWS; i++)
#pragma unroll
        for (int j = 0; j < THREAD_COLUMNS; j += V)
            result.put_vector(s, top + sums.row(i), left + sums.column(j), vector_of(&sums.at[i][j]));
#else
    static_assert(sizeof(Found) <= sizeof(Strips), "what is found must fit");
    auto found_by = [](int team) -> Found& { return reinterpret_cast<Found&>(strips[team]); };
    Found& own = found_by(TEAM);
    __syncthreads();  // the strips are done with
#pragma unroll
    for (int i = 0; i < THREAD_ROWS; i++)
#pragma unroll
        for (int j = 0; j < ACROSS; j++) own.sums[i * ACROSS + j][threadIdx.x] = vector_of(&sums.at[i][j * V]);
    if (row_sums && threadIdx.x < TILE_ROWS) own.of_rows[threadIdx.x] = row_sum;
    __syncthreads();
    for (int k = TEAM; k < THREAD_ROWS * ACROSS; k += TEAMS) {  // which teams share out: a thread of each has the same
        Vector total = {};
        for (int team = 0; team < TEAMS; team++)
            for (int e = 0; e < V; e++) total.at[e] += found_by(team).sums[k][threadIdx.x].at[e];
        result.put_vector(s, top + sums.row(k / ACROSS), left + sums.column(k % ACROSS * V), total);
    }
    row_sum = 0;
    if (row_sums && threadIdx.x < TILE_ROWS)
        for (int team = 0; team < TEAMS; team++) row_sum += found_by(team).of_rows[threadIdx.x];
#endif
    if (row_sums && TEAM == 0 && threadIdx.x < TILE_ROWS && top + threadIdx.x < result.rows)
        row_sums[top + threadIdx.x] = row_sum;
}

// For float, 128 registers a thread: two blocks of 256 threads on a multiprocessor, one of which computes while the
// other waits.
extern "C" __global__ void __launch_bounds__(THREADS * TEAMS, sizeof(real) == 4 ? 512 / (THREADS * TEAMS) : 1)
    matmul(MATRIX_ARGUMENTS, long long part, real* row_sums) {
    long long first = blockIdx.z * part, count = min(part, terms - first);
    Matrices a = {a_data + first * a_column, a_stack, a_row, a_column};
    Matrices b = {b_data + first * b_row, b_stack, b_row, b_column};
    real* out = y + blockIdx.z * stack * rows * columns;
    Result result = {out, bias, residual, rows, columns, has_bias, has_residual, activation};
    TilePlace tile = tile_of_block(blockIdx.x, (rows + TILE_ROWS - 1) / TILE_ROWS,
                                   (columns + TILE_COLUMNS - 1) / TILE_COLUMNS);
    long long top = tile.row * (long long)TILE_ROWS, left = tile.column * (long long)TILE_COLUMNS;
    if (left > 0) row_sums = nullptr;  // once is enough
    for (long long s = blockIdx.y; s < stack; s += gridDim.y) {
        real row_sum = 0;
        Sums sums = tile_sums(a, b, s, top, left, rows, count, columns, [&](const auto& strip) {
            if (row_sums && threadIdx.x < TILE_ROWS)
                for (int depth = 0; depth < DEPTH; depth++) row_sum += strip[depth][threadIdx.x];
        });
        put_tile(result, sums, s, top, left, row_sum, row_sums);
    }
}

// The partial sums of each element, always in the same order, and what follows them.
extern "C" __global__ void add_parts(const real* sums, const real* bias, const real* residual, real* y, long long parts,
                                     long long columns, int has_bias, int has_residual, int activation,
                                     long long size) {
    Result result = {y, bias, residual, size, columns, has_bias, has_residual, activation};
    FOR_EACH_ELEMENT(i, size) {
        real sum = 0;
        for (long long part = 0; part < parts; part++) sum += sums[part * size + i];
        y[i] = result.finished(sum, i, i % columns);
    }
}
