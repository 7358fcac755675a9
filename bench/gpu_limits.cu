// What a GPU does at most: kernels that only multiply and add, in registers. Nothing of the result is needed, but the
// compiler can't know: it is written if a sum has a value that it never takes.

#define SUMS 16  // that don't wait for one another: an FMA takes 4 cycles, and a multiprocessor's quarter starts one each

extern "C" __global__ void multiply_adds(real* out, real x, int rounds) {
    real sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = x * (i + threadIdx.x);
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < SUMS; i++) sums[i] = sums[i] * x + x;
    real total = 0;
    for (int i = 0; i < SUMS; i++) total += sums[i];
    if (total == real(-1)) out[0] = total;
}

#if __CUDA_ARCH__ >= 800
#define TILES 8  // products that a warp has under way
#define POSITIVE 0x3fff3fffu  // bits of numbers from 0 to 2, in each type; zeros would run cooler, and so faster

struct Tf32 {  // 16 × 8 × 8
    __device__ static void multiply(float* c, unsigned a, unsigned b) {
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%4,%4,%4}, {%5,%5}, {%0,%1,%2,%3};"
                     : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                     : "r"(a), "r"(b));
    }
};

struct Bf16 {  // 16 × 8 × 16
    __device__ static void multiply(float* c, unsigned a, unsigned b) {
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%4,%4,%4}, {%5,%5}, {%0,%1,%2,%3};"
                     : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                     : "r"(a), "r"(b));
    }
};

struct F16 {  // 16 × 8 × 16
    __device__ static void multiply(float* c, unsigned a, unsigned b) {
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%4,%4,%4}, {%5,%5}, {%0,%1,%2,%3};"
                     : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                     : "r"(a), "r"(b));
    }
};

template <typename Kind>
__device__ void products(real* out, int rounds) {
    float sums[TILES][4] = {};
    unsigned b = threadIdx.x * 0x85ebca6bu & POSITIVE;
    for (int round = 0; round < rounds; round++) {
        unsigned a = round * 0x9e3779b9u & POSITIVE;
        for (int tile = 0; tile < TILES; tile++) Kind::multiply(sums[tile], a, b);
    }
    float total = 0;
    for (int tile = 0; tile < TILES; tile++) total += sums[tile][0];
    if (total == -1) out[0] = total;
}

extern "C" __global__ void tf32_products(real* out, int rounds) { products<Tf32>(out, rounds); }
extern "C" __global__ void bf16_products(real* out, int rounds) { products<Bf16>(out, rounds); }
extern "C" __global__ void f16_products(real* out, int rounds) { products<F16>(out, rounds); }
#endif
