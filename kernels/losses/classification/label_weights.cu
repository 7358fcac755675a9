// What a mean over labels is divided by.

#include "losses/classification/labels.cuh"
#include "softmax/reduce.cuh"

// The summed weights of the labels' classes, by which a mean is divided; NaN for a mean over nothing. One block.
extern "C" __global__ void __launch_bounds__(1024)
    label_weights(const long long* target, const real* weight, real* out, long long ignore_index, long long classes,
        int has_weight, long long n) {
    double sum = 0;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) {
        long long label = target[i];
        if (label != ignore_index && is_class(label, classes)) sum += has_weight ? weight[label] : real(1);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[0] = sum != 0 ? sum : 0.0 / 0.0;
}
