// The gradients of normalisations. Arrays are (rows, n); teams of threads take the rows, as teams.cuh draws it.
//
// A whole row of grad and x is read once, one of x's gradient written once. The gradients of weight and bias are sums over
// the rows:
//
//      block 0    rows 0 2 4 …  ──►  a row of partial sums  ┐         A thread has the same columns of all of its team's
//      block 1    rows 1 3 5 …  ──►  a row of partial sums  ┴► sum    rows, and adds up what they give in registers.
//
// The blocks are few, so their sums are little beside the rows. No atomics: the order is the same in every run.

#include "normalization/statistics.cuh"
#include "teams.cuh"

// This block's row of partial sums: what its teams have, in their order.
__device__ void store_sums(const Values& sums, real* parts, long long columns) {
    constexpr int TEAMS = LARGEST / THREADS;
    __shared__ alignas(16) real of_teams[TEAMS][PIECE];
    int team = threadIdx.x / THREADS;
    UNROLL for (int k = 0; k < EACH; k += WIDE)
        *reinterpret_cast<Pack*>(&of_teams[team][Values::place(k)]) = sums.pack(k);
    __syncthreads();  // all teams' sums are there
    for (int column = threadIdx.x; column < columns; column += blockDim.x) {
        real sum = 0;
        for (int other = 0; other < TEAMS; other++) sum += of_teams[other][column];
        parts[blockIdx.x * columns + column] = sum;
    }
    __syncthreads();  // all have read: the next sums may come
}

// With g = grad · weight: scale · (g − the mean of g, if the row was centred − normal · the mean of g · normal). How a row
// was centred is known; how it was scaled alone is found, and kept where rows aren't whole, for parameter_sums.
template <bool CENTRED>
__device__ void backward(const real* grad, const real* x, const real* weight, real eps, real* grad_x, Normal* kept,
                         real* for_weight, real* for_bias, int has_weight, int wants_weight, int wants_bias,
                         long long rows, long long columns) {
    Team team;
    Values g, v, of_weight = {}, of_bias = {};
    FOR_EACH_ROW_OF_A_TEAM(row, rows, columns, 1) {
        if (WHOLE) g.load(grad, row, 0, 0);  // while x is on its way
        Normal normal = {0, 0, 0};
        if (!CENTRED) normal = rms_of(x, row, v, team, eps);
        else if (row.n) normal = kept[row.index];
        if (CENTRED && WHOLE) v.load(x, row, 0, 0);
        Pair means = {0, 0};  // of g, and of g · normal
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) g.load(grad, row, from, 0), v.load(x, row, from, 0);
            FOR_EACH_PACK(k, j, row, from) {
                Pack w = pack_or(weight + from + j, has_weight, 1);
                UNROLL for (int e = k; e < k + WIDE; e++) {
                    v.at[e] = normal(v.at[e]);
                    of_weight.at[e] += g.at[e] * v.at[e];
                    of_bias.at[e] += g.at[e];
                    g.at[e] *= w.at[e - k];
                    means.a += g.at[e];
                    means.b += g.at[e] * v.at[e];
                }
            }
        }
        means = team.sum(means);
        real slope = CENTRED ? means.a / row.n : real(0), along = means.b / row.n;
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) {
                g.load(grad, row, from, 0);
                v.load(x, row, from, 0);
                FOR_EACH_PACK(k, j, row, from) {
                    Pack w = pack_or(weight + from + j, has_weight, 1);
                    UNROLL for (int e = k; e < k + WIDE; e++) v.at[e] = normal(v.at[e]), g.at[e] *= w.at[e - k];
                }
            }
            FOR_EACH_VALUE(k) g.at[k] = normal.scale * ((g.at[k] - slope) - v.at[k] * along);
            g.store(grad_x, row, from);
        }
        if (!CENTRED && !WHOLE && row.is_mine()) kept[row.index] = normal;
    }
    if (WHOLE && wants_weight) store_sums(of_weight, for_weight, columns);
    if (WHOLE && wants_bias) store_sums(of_bias, for_bias, columns);
}

extern "C" __global__ BOUNDED_BY_1024 void layer_norm_backward(
    const real* grad, const real* x, const real* weight, Normal* statistics, real* grad_x, real* for_weight,
    real* for_bias, int has_weight, int wants_weight, int wants_bias, long long rows, long long n) {
    backward<true>(grad, x, weight, 0, grad_x, statistics, for_weight, for_bias, has_weight, wants_weight, wants_bias,
                   rows, n);
}

extern "C" __global__ BOUNDED_BY_1024 void rms_norm_backward(
    const real* grad, const real* x, const real* weight, real eps, Normal* kept, real* grad_x, real* for_weight,
    int has_weight, int wants_weight, long long rows, long long n) {
    backward<false>(grad, x, weight, eps, grad_x, kept, for_weight, nullptr, has_weight, wants_weight, 0, rows, n);
}

// For rows that aren't whole. Row p of the results is the sum over rows 8p … 8p + 7, then those 8 · gridDim.y further on,
// and so on: of grad · normal, and of grad.
extern "C" __global__ void parameter_sums(const real* grad, const real* x, const Normal* kept, real* for_weight,
                                          real* for_bias, int wants_weight, int wants_bias, long long rows,
                                          long long columns) {
    __shared__ real weights[8][32], biases[8][32];
    long long column = blockIdx.x * 32LL + threadIdx.x;
    real weight = 0, bias = 0;
    if (column < columns)
        for (long long row = blockIdx.y * 8 + threadIdx.y; row < rows; row += gridDim.y * 8) {
            real g = grad[row * columns + column];
            if (wants_weight) weight += g * kept[row](x[row * columns + column]);
            bias += g;
        }
    weights[threadIdx.y][threadIdx.x] = weight;
    biases[threadIdx.y][threadIdx.x] = bias;
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        for (int part = 1; part < 8; part++) {
            weight += weights[part][threadIdx.x];
            bias += biases[part][threadIdx.x];
        }
        if (wants_weight) for_weight[blockIdx.y * columns + column] = weight;
        if (wants_bias) for_bias[blockIdx.y * columns + column] = bias;
    }
}

// The sums of the rows of partial sums: a block of 32 × 32 threads takes 32 columns, of weight's or bias's.
extern "C" __global__ void __launch_bounds__(1024)
    add_parts(const real* of_weight, const real* of_bias, real* grad_weight, real* grad_bias, int wants_weight,
        long long rows, long long columns) {
    __shared__ real shares[32][32];
    bool weight = wants_weight && blockIdx.y == 0;
    const real* parts = weight ? of_weight : of_bias;
    long long column = blockIdx.x * 32LL + threadIdx.x;
    real sum = 0;
    if (column < columns)
        for (long long row = threadIdx.y; row < rows; row += 32) sum += parts[row * columns + column];
    shares[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        for (int other = 1; other < 32; other++) sum += shares[other][threadIdx.x];
        (weight ? grad_weight : grad_bias)[column] = sum;
    }
}
