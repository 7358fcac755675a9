// Rung 1: a thread an element, 4 bytes of each array. An optimizer that does this for each tensor of its own launches
// hundreds of kernels a step, most of which are over before the next has begun.
//
// An element takes 28 bytes: parameter, gradient and two averages read, all but the gradient written. 2²⁴ elements in
// float32 are 470 MB, 140 µs at an H100's 3.35 TB/s. Predicted is less than that rate: a multiprocessor's 2048 threads
// have 16 bytes each on their way, 32 KB, where some 40 KB would cover the memory's latency, and every thread works
// out its place, and goes, for one element: 190 µs.
// In the simulator, `kernelwright trace adam_update --rung 1_scalar --shape 65536`: 65,536 sectors asked for where 57,344
// are needed, the parameter being read again for the last line; 120,832 warp instructions. Not run on a GPU yet.

extern "C" __global__ void adam(real* parameter, const real* grad, real* exp_avg, real* exp_avg_sq, real* largest,
                                real step_size, real correction, real rest1, real beta2, real rest2, real eps, real l2,
                                real keep, real sign, int amsgrad, long long n) {
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= n) return;
    real g = sign * grad[i] + l2 * parameter[i];
    real m = exp_avg[i] + rest1 * (g - exp_avg[i]);
    real v = beta2 * exp_avg_sq[i] + rest2 * g * g;
    exp_avg[i] = m;
    exp_avg_sq[i] = v;
    if (amsgrad) {
        real before = largest[i];
        largest[i] = v = before < v || v != v ? v : before;
    }
    parameter[i] = keep * parameter[i] - step_size * m / (sqrt(v) * correction + eps);
}
