// Embeddings on the GPU. No atomics: each sum has one order, the same in every run.
//
// A bag is a sum of rows that lie where its positions say (`sums`). The gradient of a table's row is a sum over the
// positions that name it, which sort.cu has brought together, and some rows are named by most positions, others by
// none. So it isn't rows that blocks share, but PIECE positions each (`sum_pieces`):
//
//     sorted indices    0 0 2 2 │ 2 2 2 2 │ 2 3 3 5         pieces of four
//     out               0   2   │         │   3   5         a row's sum begins in one piece: into the result
//     parts               ·     │ 2       │ 2               what later pieces add to it: one sum a piece at most
//
// and the parts, sorted as they are, are summed up in the same way, until there is one piece.

#include "elementwise.cuh"
#include "softmax/reduce.cuh"

constexpr int PIECE = 32, BATCH = 8;  // positions; those whose numbers are on their way at the same time

// The indices haven't been looked at: what isn't in the table reads as NaN, and has no gradient.
__device__ inline bool is_row(long long index, long long rows) { return 0 <= index && index < rows; }

extern "C" __global__ void embedding(const real* weight, const long long* indices, real* out, long long rows,
                                     long long columns, long long size) {
    FOR_EACH_ELEMENT(i, size) {
        long long index = indices[i / columns];
        out[i] = is_row(index, rows) ? weight[index * columns + i % columns] : real(0) / real(0);
    }
}

// The bag of each position, and, if wanted, 1 / the number of terms in that bag.
extern "C" __global__ void name_bags(const long long* indices, const long long* starts, long long* bags, real* shares,
                                     int wants_shares, long long padding, long long size) {
    FOR_EACH_ELEMENT(bag, size) {
        long long count = 0;
        for (long long k = starts[bag]; k < starts[bag + 1]; k++) {
            bags[k] = bag;
            count += indices[k] != padding;
        }
        if (wants_shares)
            for (long long k = starts[bag]; k < starts[bag + 1]; k++) shares[k] = real(1) / count;
    }
}

// A block a row of the result: the sum, or the mean, of factors[e] · source[places[e]] over e = order[k], for k from
// starts[row] to starts[row + 1] − 1.
extern "C" __global__ void sums(const real* source, const long long* starts, const long long* order,
                                const long long* places, const real* factors, real* out, int has_order, int has_places,
                                int has_factors, int mean, long long padding, long long sources, long long rows,
                                long long columns) {
    FOR_EACH_ROW(row, rows)
    ALONG_THE_ROW(j, columns) {
        long long count = 0;
        real sum = 0;
        for (long long k = starts[row]; k < starts[row + 1]; k++) {
            long long entry = has_order ? order[k] : k, place = has_places ? places[entry] : entry;
            if (place == padding) continue;
            real value = is_row(place, sources) ? source[place * columns + j] : real(0) / real(0);
            sum += has_factors ? factors[entry] * value : value;
            count++;
        }
        out[row * columns + j] = mean && count ? sum / count : sum;
    }
}

// A block a piece: out[keys[k]] += factors[e] · source[places[e]], e = order[k], of sorted keys; those that are no row
// are left out. Of maxima, where there is no factor, only columns chosen from e count. Each lane of a warp looks up one
// position of the piece, and tells the others.
extern "C" __global__ void sum_pieces(const real* source, const long long* keys, const long long* order,
                                      const long long* places, const real* factors, const long long* chosen, real* out,
                                      real* parts, long long* part_keys, int has_order, int has_places, int has_factors,
                                      int has_chosen, long long rows, long long columns, long long size,
                                      long long pieces) {
    FOR_EACH_ROW(piece, pieces) {
        int lane = threadIdx.x % PIECE;
        long long k = piece * PIECE + lane, key = k < size ? keys[k] : rows, entry = 0, start = -1;
        real factor = 1;
        if (key < rows) {
            entry = has_order ? order[k] : k;
            start = (has_places ? places[entry] : entry) * columns;
            if (has_factors) factor = factors[entry];
        }
        bool is_last = lane == PIECE - 1 || key != (k + 1 < size ? keys[k + 1] : rows);  // of its row, in this piece
        unsigned last = __ballot_sync(~0u, is_last);
        // Whether the piece begins with what the one before has begun.
        bool goes_on = piece > 0 && __shfl_sync(~0u, key, 0) == keys[piece * PIECE - 1];
        if (threadIdx.x == 0) part_keys[piece] = goes_on ? key : rows;
        long long rounds = (columns + blockDim.x - 1) / blockDim.x;  // in which whole warps walk along the row
        for (long long round = 0; round < rounds; round++) {
            long long j = round * blockDim.x + threadIdx.x;
            bool inside = j < columns, to_parts = goes_on;
            real sum = 0;
            for (int first = 0; first < PIECE; first += BATCH) {
                real values[BATCH];
                for (int b = 0; b < BATCH; b++) {
                    long long from = __shfl_sync(~0u, start, first + b), of = __shfl_sync(~0u, entry, first + b);
                    real times = __shfl_sync(~0u, factor, first + b);
                    bool counts = inside && from >= 0 && (!has_chosen || chosen[from + j] == of);
                    values[b] = counts ? times * source[from + j] : real(0);
                }
                for (int b = 0; b < BATCH; b++) {
                    sum += values[b];
                    if (!(last >> (first + b) & 1)) continue;
                    long long row = __shfl_sync(~0u, key, first + b);
                    if (inside && to_parts) parts[piece * columns + j] = sum;
                    if (inside && !to_parts && row < rows) out[row * columns + j] += sum;
                    sum = 0, to_parts = false;
                }
            }
        }
    }
}

// A block a row: divided by the number of sorted keys that name it.
extern "C" __global__ void divide_by_count(real* out, const long long* starts, long long rows, long long columns) {
    FOR_EACH_ROW(row, rows) {
        long long count = starts[row + 1] - starts[row];
        if (count > 1) ALONG_THE_ROW(j, columns) out[row * columns + j] /= count;
    }
}

// A block a position: the gradient of its factor.
extern "C" __global__ void dots(const real* grad, const real* weight, const long long* indices, const long long* bags,
                                real* out, long long padding, long long table, long long rows, long long columns) {
    FOR_EACH_ROW(position, rows) {
        long long index = indices[position];
        const real *one = grad + bags[position] * columns, *other = weight + index * columns;
        real sum = 0;
        if (index != padding)  // the same for the whole block
            ALONG_THE_ROW(j, columns) sum += one[j] * (is_row(index, table) ? other[j] : real(0) / real(0));
        sum = block_sum(sum);
        if (threadIdx.x == 0) out[position] = sum;
    }
}

// The largest number of each column in a bag, and its position, −1 in a bag of nothing.
extern "C" __global__ void bag_max(const real* weight, const long long* indices, const long long* starts, real* out,
                                   long long* chosen, long long padding, long long rows, long long columns,
                                   long long size) {
    FOR_EACH_ELEMENT(i, size) {
        long long bag = i / columns, best_position = -1;
        real best = 0;
        for (long long k = starts[bag]; k < starts[bag + 1]; k++) {
            long long index = indices[k];
            if (index == padding) continue;
            real value = is_row(index, rows) ? weight[index * columns + i % columns] : real(0) / real(0);
            if (best_position >= 0 && !(value > best)) continue;
            best = value;
            best_position = k;
        }
        out[i] = best;
        chosen[i] = best_position;
    }
}
