// Rung 1: a thread a result, the definition.
//
// Threads that add up rows are a row apart: each load of a warp touches 32 sectors of 32 bytes for 32 numbers. Those that
// add up columns are neighbours and read whole sectors, but are no more than there are columns. Each thread's additions
// are one chain, which in float32 would lose digits where it is long: the sum is kept in float64. 64 rows of 1024 are
// 65,544 sectors, of which 8,192 would do; 64 columns 8,200. One row of 16 million is one thread's work: seconds on an
// H100, as predicted, where reading takes 20 µs; not run on a GPU yet. Figures of all rungs: __init__.py.

extern "C" __global__ void sum(const real* x, real divisor, real* out, long long columns, long long n,
                               long long inner) {
    long long column = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (column >= columns) return;
    long long start = column / inner * n * inner + column % inner;
    double total = 0;
    for (long long j = 0; j < n; j++) total += x[start + j * inner];
    out[column] = total / divisor;
}
