// Rung 2: a thread takes 16 bytes of each array, four elements in float32, with one instruction each. A warp's request
// is then 512 bytes in a row, and a thread has 64 bytes on its way instead of 16: 128 KB a multiprocessor were it full, so
// fewer threads suffice. The last elements, fewer than four, are one thread's; so is every element of arrays
// that don't begin at a multiple of 16 bytes, four to a thread.
//
// As many bytes as before: 140 µs for 2²⁴ elements at an H100's 3.35 TB/s, predicted 152, 92 % of that rate.
// In the simulator, `kernelwright trace adam_update --rung 2_vectors --shape 65536`: 57,344 sectors, the least there is,
// by 3,584 requests where rung 1 had 16,384; 59,904 warp instructions. Not run on a GPU yet.

#define WIDTH (16 / int(sizeof(real)))

struct alignas(16) Pack {
    real x[WIDTH];
};

__device__ bool is_aligned(const real* array) { return (unsigned long long)array % 16 == 0; }

__device__ Pack read(const real* from) { return *(const Pack*)from; }

extern "C" __global__ void adam(real* parameter, const real* grad, real* exp_avg, real* exp_avg_sq, real* largest,
                                real step_size, real correction, real rest1, real beta2, real rest2, real eps, real l2,
                                real keep, real sign, int amsgrad, long long n) {
    long long first = (blockIdx.x * (long long)blockDim.x + threadIdx.x) * WIDTH;
    auto one = [&](real& p, real grad, real& mean, real& square, real& top) {
        real g = sign * grad + l2 * p, m = mean + rest1 * (g - mean), v = beta2 * square + rest2 * g * g;
        mean = m;
        square = v;
        if (amsgrad) top = v = top < v || v != v ? v : top;
        p = keep * p - step_size * m / (sqrt(v) * correction + eps);
    };
    bool aligned = is_aligned(parameter) && is_aligned(grad) && is_aligned(exp_avg) && is_aligned(exp_avg_sq);
    if (aligned && first + WIDTH <= n) {
        Pack p = read(parameter + first), g = read(grad + first), m = read(exp_avg + first);
        Pack v = read(exp_avg_sq + first);
        real unused = 0;
        for (int k = 0; k < WIDTH; k++)
            one(p.x[k], g.x[k], m.x[k], v.x[k], amsgrad ? largest[first + k] : unused);
        *(Pack*)(parameter + first) = p;
        *(Pack*)(exp_avg + first) = m;
        *(Pack*)(exp_avg_sq + first) = v;
        return;
    }
    long long end = first + WIDTH < n ? first + WIDTH : n;
    for (long long i = first; i < end; i++) {
        real unused = 0;
        one(parameter[i], grad[i], exp_avg[i], exp_avg_sq[i], amsgrad ? largest[i] : unused);
    }
}
