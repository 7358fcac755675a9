// Embeddings on the GPU. All but maxima are one kernel, `sums`: each row of the result is a weighted sum of rows, of
// the table for a bag, of the gradient for a row of the table. No atomics: each sum has one order, the same in every run.
//
// The positions are brought into the order of their indices by a radix sort, four bits at a time from the lowest on:
//
//     count_digits   a thread takes SPAN neighbours in the order so far, and counts them by digit
//     place_counts   counts become places: all of digit 0 first, of those the first thread's first
//     move           each thread puts its own where they belong: those of equal digits stay in their order

#include "elementwise.cuh"
#include "softmax/reduce.cuh"

#define DIGITS 16
#define SPAN 16

// The indices haven't been looked at: what isn't in the table reads as NaN, and has no gradient.
__device__ inline bool is_row(long long index, long long rows) { return 0 <= index && index < rows; }

extern "C" __global__ void embedding(const real* weight, const long long* indices, real* out, long long rows,
                                     long long columns, long long size) {
    FOR_EACH_ELEMENT(i, size) {
        long long index = indices[i / columns];
        out[i] = is_row(index, rows) ? weight[index * columns + i % columns] : real(0) / real(0);
    }
}

// What is to be left out comes last.
struct Keys {
    const long long* indices;
    long long padding, rows;

    __device__ long long operator()(long long position) const {
        long long index = indices[position];
        return index != padding && is_row(index, rows) ? index : rows;
    }
};

#define OF_SPAN(k, span, n) for (long long k = span * SPAN; k < n && k < (span + 1) * SPAN; k++)

extern "C" __global__ void count_digits(const long long* indices, const long long* order, long long* counts,
                                        int shift, int has_order, long long padding, long long rows, long long n,
                                        long long spans) {
    Keys key = {indices, padding, rows};
    FOR_EACH_ELEMENT(span, spans) {
        for (int digit = 0; digit < DIGITS; digit++) counts[digit * spans + span] = 0;
        OF_SPAN(k, span, n) counts[(key(has_order ? order[k] : k) >> shift) % DIGITS * spans + span]++;
    }
}

// Each count becomes the sum of those before it. One block, whose threads take neighbours.
extern "C" __global__ void place_counts(long long* counts, long long size) {
    __shared__ long long totals[256];
    long long part = (size + blockDim.x - 1) / blockDim.x, first = threadIdx.x * part, total = 0;
    for (long long i = first; i < size && i < first + part; i++) total += counts[i];
    totals[threadIdx.x] = total;
    __syncthreads();
    long long before = 0;
    for (int thread = 0; thread < threadIdx.x; thread++) before += totals[thread];
    for (long long i = first; i < size && i < first + part; i++) {
        long long count = counts[i];
        counts[i] = before;
        before += count;
    }
}

extern "C" __global__ void move(const long long* indices, const long long* order, long long* places, long long* moved,
                                int shift, int has_order, long long padding, long long rows, long long n,
                                long long spans) {
    Keys key = {indices, padding, rows};
    FOR_EACH_ELEMENT(span, spans) {
        OF_SPAN(k, span, n) {
            long long position = has_order ? order[k] : k;
            moved[places[(key(position) >> shift) % DIGITS * spans + span]++] = position;
        }
    }
}

// Where the positions of each row begin in the order; after the last row, where its positions end. By bisection.
extern "C" __global__ void find_starts(const long long* indices, const long long* order, long long* starts,
                                       long long padding, long long rows, long long n, long long size) {
    Keys key = {indices, padding, rows};
    FOR_EACH_ELEMENT(row, size) {
        long long low = 0, high = n;
        while (low < high) {
            long long middle = (low + high) / 2;
            if (key(order[middle]) >= row)
                high = middle;
            else
                low = middle + 1;
        }
        starts[row] = low;
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
// starts[row] to starts[row + 1] − 1. Of maxima, where there is no factor, only of the columns chosen from e.
extern "C" __global__ void sums(const real* source, const long long* starts, const long long* order,
                                const long long* places, const real* factors, const long long* chosen, real* out,
                                int has_order, int has_places, int has_factors, int has_chosen, int mean,
                                long long padding, long long sources, long long rows, long long columns) {
    FOR_EACH_ROW(row, rows)
    ALONG_THE_ROW(j, columns) {
        long long count = 0;
        real sum = 0;
        for (long long k = starts[row]; k < starts[row + 1]; k++) {
            long long entry = has_order ? order[k] : k, place = has_places ? places[entry] : entry;
            if (place == padding || (has_chosen && chosen[place * columns + j] != entry)) continue;
            real value = is_row(place, sources) ? source[place * columns + j] : real(0) / real(0);
            sum += has_factors ? factors[entry] * value : value;
            count++;
        }
        out[row * columns + j] = mean && count ? sum / count : sum;
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
