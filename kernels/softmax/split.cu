// Softmax of few long rows, each split among many blocks.
//
//     row    ├── part 0 ──┼── part 1 ──┼── … ──┤      a block a part, which it holds in registers
//                 │            │                      1st launch: its largest number and its Σ exp(x − that)
//              top, sum     top, sum      …
//                 └────────────┴─────── …             2nd launch: every block puts all parts' together, always in the
//     result ├── part 0 ──┼── part 1 ──┼── … ──┤      same order, reads its part again and writes the result
//
// So one row is the work of the whole GPU. The second read comes from the cache, for few rows are small.

#include "softmax/total.cuh"
#include "teams.cuh"

// The block's part of the block's row.
__device__ Row part_of_row(long long n) {
    Row row(blockIdx.y, gridDim.y, n, 1);
    long long from = blockIdx.x * PIECE;
    row.start += from;
    row.n = n - from < PIECE ? n - from : PIECE;
    return row;
}

extern "C" __global__ BOUNDED void totals_of_parts(const real* x, Total* totals, long long n) {
    const real nothing = real(-1) / real(0);
    Row part = part_of_row(n);
    Team team;
    Values v;
    v.load(x, part, 0, nothing);
    real top = team.max(v.largest(nothing)), base = top > nothing ? top : real(0);  // a part of −∞ is none of a row yet
    real sum = 0;
    FOR_EACH_VALUE(k) sum += exp(v.at[k] - base);
    sum = team.sum(sum);
    if (part.is_mine()) totals[blockIdx.y * (long long)gridDim.x + blockIdx.x] = {top, sum};
}

__device__ Total total_of_parts(const Total* totals, Team& team) {
    const Total* of_row = totals + blockIdx.y * (long long)gridDim.x;
    real top = real(-1) / real(0), sum = 0;
    for (int part = threadIdx.x; part < gridDim.x; part += THREADS) top = of_row[part].top > top ? of_row[part].top : top;
    top = team.max(top);
    for (int part = threadIdx.x; part < gridDim.x; part += THREADS) sum += of_row[part].sum * exp(of_row[part].top - top);
    return {top, team.sum(sum)};
}

extern "C" __global__ BOUNDED void softmax_of_parts(const real* x, const Total* totals, real* y, long long n) {
    Row part = part_of_row(n);
    Team team;
    Values v;
    v.load(x, part, 0, 0);
    Total total = total_of_parts(totals, team);
    real scale = real(1) / total.sum;
    FOR_EACH_VALUE(k) v.at[k] = exp(v.at[k] - total.top) * scale;
    v.store(y, part, 0);
}

extern "C" __global__ BOUNDED void log_softmax_of_parts(const real* x, const Total* totals, real* y, long long n) {
    Row part = part_of_row(n);
    Team team;
    Values v;
    v.load(x, part, 0, 0);
    Total total = total_of_parts(totals, team);
    real lost = log(total.sum);
    FOR_EACH_VALUE(k) v.at[k] = (v.at[k] - total.top) - lost;
    v.store(y, part, 0);
}
