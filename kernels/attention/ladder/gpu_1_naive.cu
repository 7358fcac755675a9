// Rung 1: the definition, a thread a query: all its scores, their softmax, the mean of the values. The whole matrix of
// weights goes through global memory, and so do all keys and values for every query.

#include "attention/heads.cuh"
#include "elementwise.cuh"

extern "C" __global__ void attention(ATTENTION_ARGUMENTS, ROWS_OF(real, y), real* sums, int wants_sums, real* weights,
                                     long long n) {
    take(place, seed, offset);
    FOR_EACH_ELEMENT(i, n) {
        long long query = i % queries, h = i / queries % heads, b = i / queries / heads;
        const real *q_of = HEAD(q, b, h) + query * q_row, *k_of = HEAD(k, b, h / group), *v_of = HEAD(v, b, h / group);
        const real* mask_of = HEAD(mask, b, h);
        real *own = weights + i * keys, *result = HEAD(y, b, h) + query * y_row;
        real top = -infinity(), total = 0;
        for (long long key = 0; key < keys; key++) {
            real dot = 0;
            for (long long e = 0; e < width; e++) dot += q_of[e] * k_of[key * k_row + e];
            own[key] = causal && key > query ? -infinity() : SCORE(dot, query, key);
            top = own[key] > top ? own[key] : top;
        }
        for (long long key = 0; key < keys; key++) {
            total += own[key] = top == -infinity() ? real(0) : exp(own[key] - top);
            if (!DROPS) continue;
            Words words = philox(COUNTER(i / queries, query, key), seed);
            own[key] *= word_of(words, key % 4) < limit ? kept : real(0);
        }
        for (long long e = 0; e < values; e++) {
            real sum = 0;
            for (long long key = 0; key < keys; key++) sum += own[key] * v_of[key * v_row + e];
            result[e] = total == 0 ? real(0) : sum / total;
        }
        if (wants_sums) sums[i] = total == 0 ? infinity() : top + log(total);
    }
}
