#pragma once

#include "softmax/reduce.cuh"

// The labels haven't been looked at: one that is no class has the loss NaN.
__device__ inline bool is_class(long long label, long long classes) { return 0 <= label && label <= classes - 1; }

// The summed weights of the labels' classes, by which a mean is divided; NaN for a mean over nothing. By a whole block.
__device__ inline real sum_of_weights(const long long* target, const real* weight, long long ignore_index,
                                      long long classes, int has_weight, long long n) {
    double sum = 0;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) {
        long long label = target[i];
        if (label != ignore_index && is_class(label, classes)) sum += has_weight ? weight[label] : real(1);
    }
    sum = block_sum(sum);
    return sum != 0 ? sum : 0.0 / 0.0;
}
