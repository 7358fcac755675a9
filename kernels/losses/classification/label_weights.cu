// What a mean over labels is divided by, where they are many: by one block, before all others need it.

#include "losses/classification/labels.cuh"

extern "C" __global__ void __launch_bounds__(1024)
    label_weights(const long long* target, const real* weight, real* out, long long ignore_index, long long classes,
        int has_weight, long long n) {
    real sum = sum_of_weights(target, weight, ignore_index, classes, has_weight, n);
    if (threadIdx.x == 0) out[0] = sum;
}
