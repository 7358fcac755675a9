// Mixtures of experts on the GPU. Positions are sorted by the radix sort of embeddings, rows gathered and added up by
// their kernel `sums`.

#include "elementwise.cuh"
#include "matmul/tile.cuh"

// A NaN counts as infinity.
__device__ inline real score(real v) { return v == v ? v : real(1) / real(0); }

// A thread takes a row. What is chosen next comes behind the last one: it is smaller, or equal and further on.
extern "C" __global__ void top_k_gates(const real* x, real* gates, long long* chosen, int over_all, long long k,
                                       long long columns, long long size) {
    FOR_EACH_ELEMENT(row, size) {
        const real* v = x + row * columns;
        long long last = -1;
        for (long long j = 0; j < k; j++) {
            long long best = -1;
            for (long long i = 0; i < columns; i++) {
                real here = score(v[i]);
                bool behind = last < 0 || here < score(v[last]) || (here == score(v[last]) && i > last);
                if (behind && (best < 0 || here > score(v[best]))) best = i;
            }
            chosen[row * k + j] = last = best;
        }
        real top = v[chosen[row * k]], total = 0;
        for (long long j = 0; j < k; j++) total += gates[row * k + j] = exp(v[chosen[row * k + j]] - top);
        if (over_all) {
            total = 0;
            for (long long i = 0; i < columns; i++) total += exp(v[i] - top);
        }
        for (long long j = 0; j < k; j++) gates[row * k + j] /= total;
    }
}

extern "C" __global__ void top_k_gates_backward(const real* grad, const real* x, const real* y, const long long* chosen,
                                                real* out, int over_all, long long k, long long columns,
                                                long long size) {
    FOR_EACH_ELEMENT(row, size) {
        const real *g = grad + row * k, *gate = y + row * k, *v = x + row * columns;
        const long long* own = chosen + row * k;
        real total = 0;
        for (long long j = 0; j < k; j++) total += g[j] * gate[j];
        for (long long i = 0; i < columns; i++)
            out[row * columns + i] = over_all ? -total * (gate[0] * exp(v[i] - v[own[0]])) : real(0);
        for (long long j = 0; j < k; j++) out[row * columns + own[j]] += gate[j] * (over_all ? g[j] : g[j] - total);
    }
}

// How many rows the experts before this one have.
__device__ inline long long rows_before(const long long* begins, long long expert, long long capacity) {
    long long total = 0;
    for (long long e = 0; e < expert; e++) total += min(begins[e + 1] - begins[e], capacity);
    return total;
}

extern "C" __global__ void count_rows(const long long* begins, long long* offsets, long long* counts,
                                      long long capacity, long long experts, long long size) {
    FOR_EACH_ELEMENT(expert, size) {
        offsets[expert] = rows_before(begins, expert, capacity);
        if (expert < experts) counts[expert] = begins[expert + 1] - begins[expert];
    }
}

// Of the sorted assignments, by_expert, each finds its row, and each row whether it is used. Those of no expert, which
// come last, haven't been looked at.
extern "C" __global__ void place(const long long* chosen, const long long* by_expert, const long long* begins,
                                 const long long* offsets, long long* order, long long* starts, long long* places,
                                 long long capacity, long long experts, long long assignments, long long size) {
    long long used = offsets[experts];
    FOR_EACH_ELEMENT(i, size) {
        starts[i] = min(i, used);
        if (i == assignments) continue;
        if (i >= used) order[i] = -1;
        long long assignment = by_expert[i], expert = chosen[assignment], row = -1;
        if (0 <= expert && expert < experts && i - begins[expert] < capacity) {
            row = offsets[expert] + i - begins[expert];
            order[row] = assignment;
        }
        places[assignment] = row;
    }
}

// A block takes a tile of the product of each group: of its rows with its matrix, or, by terms, of its rows of a,
// seen as columns, with those of b. Behind the last group are the rows of none.
extern "C" __global__ void products(const real* a_data, long long a_row, long long a_column, const real* b_data,
                                    long long b_stack, long long b_row, long long b_column, const real* bias,
                                    const long long* offsets, real* y, long long experts, long long rows,
                                    long long terms, long long columns, int has_bias, int by_terms) {
    long long tiles_across = (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
    long long top = blockIdx.x / tiles_across * TILE_ROWS, left = blockIdx.x % tiles_across * TILE_COLUMNS;
    for (long long e = blockIdx.y; e < experts + !by_terms; e += gridDim.y) {
        bool real_expert = e < experts;
        long long begin = offsets[e], count = (real_expert ? offsets[e + 1] : rows) - begin;
        Matrices a = {a_data, 0, a_row, a_column}, b = {b_data, 0, b_row, b_column};
        real* out = y;
        if (by_terms) {
            a.data += begin * a_column;
            b.data += begin * b_row;
            out += e * rows * columns;
        } else {
            a.data += begin * a_row;
            b.data += e * b_stack;
            out += begin * columns;
        }
        long long height = by_terms ? rows : count, depth = by_terms ? count : real_expert ? terms : 0;
        if (top >= height) continue;  // the same for the whole block
        Sums sums = tile_sums(a, b, 0, top, left, height, depth, columns);
#pragma unroll
        for (int i = 0; i < THREAD_ROWS; i++) {
#pragma unroll
            for (int j = 0; j < THREAD_COLUMNS; j++) {
                long long row = top + sums.row(i), column = left + sums.column(j);
                if (row < height && column < columns)
                    out[row * columns + column] =
                        sums.at[i][j] + (has_bias && real_expert ? bias[e * columns + column] : real(0));
            }
        }
    }
}
