// The gradients of normalisations. Arrays are (rows, n); teams of threads take the rows, as teams.cuh draws it.
//
// A whole row of grad and x is read once, one of x's gradient written once. The gradients of weight and bias are sums over
// the rows:
//
//      block 0    rows 0 2 4 …  ──►  a row of partial sums  ┐         A thread has the same columns of all of its team's
//      block 1    rows 1 3 5 …  ──►  a row of partial sums  ┴► sum    rows, and adds up what they give in registers.
//
// The blocks are few, so their sums are little beside the rows. No atomics: the order is the same in every run.
//
// A longer row is split, and its parts are read twice: a block has the same part of several rows, and what these give to
// the parameters stays in registers all the same.

#include "normalization/statistics.cuh"
#include "teams.cuh"

static_assert(WHOLE, "of rows and of parts");

// This block's row of partial sums: what its teams have, in their order.
__device__ void store_sums(const Values& sums, real* parts, long long columns) {
    constexpr int TEAMS = LARGEST / THREADS;
    __shared__ alignas(16) real of_teams[TEAMS][PIECE];
    int team = threadIdx.x / THREADS;
    UNROLL for (int k = 0; k < EACH; k += WIDE)
        *reinterpret_cast<Pack*>(&of_teams[team][Values::place(k)]) = sums.pack(k);
    __syncthreads();  // all teams' sums are there
    Part part(columns);
    long long first = (STAGE ? blockIdx.y : blockIdx.x) * columns + part.offset;
    for (int column = threadIdx.x; column < part.n; column += blockDim.x) {
        real sum = 0;
        for (int other = 0; other < TEAMS; other++) sum += of_teams[other][column];
        parts[first + column] = sum;
    }
    __syncthreads();  // all have read: the next sums may come
}

// With g = grad · weight: scale · (g − the mean of g, if the row was centred − normal · the mean of g · normal). How a row
// was centred is known; how it was scaled alone is found. Of a split row that takes the first launch, in which `normal`
// changes nothing: Σ x² is found, and Σ g x.
template <bool CENTRED>
__device__ void backward(const real* grad, const real* x, const real* weight, real eps, real* grad_x,
                         const Normal* kept, real* for_weight, real* for_bias, int has_weight, int wants_weight,
                         int wants_bias, Pair* parts, long long rows, long long columns) {
    Team team;
    Values g, v, of_weight = {}, of_bias = {};
    FOR_EACH_ROW_OF_A_TEAM(row, rows, columns, 1) {
        g.load(grad, row, 0, 0);  // while x is on its way
        Pair sums;  // of g (of x², if the row wasn't centred), and of g · normal
        if (STAGE == 2) team.knows(sums, parts, row);
        Normal normal = {0, 0, 1};
        if (CENTRED && row.exists) normal = kept[row.index];
        if (CENTRED || STAGE) v.load(x, row, 0, 0);
        if (!CENTRED && STAGE != 1) normal = rms(STAGE ? sums.a : squares_of(x, row, v, team), row, eps);
        if (!CENTRED && STAGE) sums.b *= normal.scale;
        Pair of_part;
        FOR_EACH_PACK(k, j, row, 0) {
            Pack w = pack_or(weight + row.offset + j, has_weight, 1);
            UNROLL for (int e = k; e < k + WIDE; e++) {
                v.at[e] = normal(v.at[e]);
                of_weight.at[e] += g.at[e] * v.at[e];
                of_bias.at[e] += g.at[e];
                g.at[e] *= w.at[e - k];
                of_part = of_part + Pair{CENTRED ? g.at[e] : v.at[e] * v.at[e], g.at[e] * v.at[e]};
            }
        }
        if (STAGE < 2) {
            sums = of_part;
            if (!team.knows_sum(sums, parts, row)) continue;
        }
        real slope = CENTRED ? sums.a / row.length : real(0), along = sums.b / row.length;
        FOR_EACH_VALUE(k) g.at[k] = normal.scale * ((g.at[k] - slope) - v.at[k] * along);
        g.store(grad_x, row, 0);
    }
    if (STAGE != 1 && wants_weight) store_sums(of_weight, for_weight, columns);
    if (STAGE != 1 && wants_bias) store_sums(of_bias, for_bias, columns);
}

extern "C" __global__ BOUNDED_BY_1024 void layer_norm_backward(
    const real* grad, const real* x, const real* weight, const Normal* statistics, real* grad_x, real* for_weight,
    real* for_bias, int has_weight, int wants_weight, int wants_bias, Pair* parts, long long rows, long long n) {
    backward<true>(grad, x, weight, 0, grad_x, statistics, for_weight, for_bias, has_weight, wants_weight, wants_bias,
                   parts, rows, n);
}

extern "C" __global__ BOUNDED_BY_1024 void rms_norm_backward(
    const real* grad, const real* x, const real* weight, real eps, real* grad_x, real* for_weight, int has_weight,
    int wants_weight, Pair* parts, long long rows, long long n) {
    backward<false>(grad, x, weight, eps, grad_x, nullptr, for_weight, nullptr, has_weight, wants_weight, 0, parts,
                    rows, n);
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
