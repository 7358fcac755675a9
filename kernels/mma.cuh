// Tensor cores: one PTX instruction a function. No header of CUDA's is needed.
//
// mma.sync multiplies matrices that a warp holds together. Of a fragment of 16 lines (rows of A; columns of B, two
// neighbouring tiles) lane l, with g = l / 4 and t = l % 4, has four registers:
//
//              term t of 4    t + 4           float as tf32: a register is one number, 8 terms are a fragment
//     line g      r[0]         r[2]           bf16, f16: it is a pair of neighbouring terms, 16 are a fragment
//     line g + 8  r[1]         r[3]
//
// That is how A wants it, and what load_matrices brings; B's first eight columns are r[0], r[2], its others r[1], r[3].
// The product, 16 × 8, lies in d[0], d[1]: row g, columns 2t and 2t + 1; and d[2], d[3]: row g + 8.
#pragma once

// Before sm_80 there are neither tf32 nor bf16: launch code takes another kernel there.
#if __CUDA_ARCH__ >= 800
constexpr bool TENSOR_CORES = true;
#else
constexpr bool TENSOR_CORES = false;
#endif

__device__ inline unsigned shared_address(const void* p) { return static_cast<unsigned>(__cvta_generic_to_shared(p)); }

// Four matrices of 8 × 16 bytes from shared memory; lane 8q + i gives the address of row i of matrix q.
__device__ inline void load_matrices(unsigned (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// The same of 16-bit numbers, each matrix transposed.
__device__ inline void load_matrices_transposed(unsigned (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// d += a b: 16 × 8 × 8 numbers of 10 bits after the point, sums in float32.
__device__ inline void multiply_tf32(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// d += a b: 16 × 8 × 16 numbers of 7 bits after the point.
__device__ inline void multiply_bf16(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// To the nearest tf32; of two equally near the one away from zero, for rounding to even comes with sm_90 only. Beyond
// the largest it is an infinity.
__device__ inline unsigned to_tf32(float x) {
    unsigned r;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(x));
    return r;
}

// Two numbers to the nearest bf16, ties to even, in one register, `first` in its lower half.
__device__ inline unsigned to_bf16(float first, float second) {
    unsigned r;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(second), "f"(first));
    return r;
}

// d += a b: 16 × 8 × 16 numbers of 10 bits after the point, the largest 65,504. Before sm_80, which has no such
// instruction for 16 terms, by two of 8: the registers are the same.
__device__ inline void multiply_f16(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
    for (int k = 0; k < 2; k++)
        asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[2 * k]), "r"(a[2 * k + 1]), "r"(k ? b1 : b0));
#endif
}

// To the nearest half, ties to even; what would be 65,520 or more is an infinity.
__device__ inline unsigned short to_f16(float x) {
    unsigned short r;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(r) : "f"(x));
    return r;
}

// Two of them in one register, `first` in its lower half.
__device__ inline unsigned to_f16(float first, float second) { return to_f16(first) | unsigned(to_f16(second)) << 16; }

// x = big + small, both tf32: big to the nearest, small what is left, cut off, so that less than 2⁻²¹ of x is missing. Four
// instructions a number, where cvt.rna is four itself on sm_80 and sm_90. (Of an infinity or a NaN, small is a NaN.)
__device__ inline void split_tf32(const float (&x)[4], unsigned (&big)[4], unsigned (&small)[4]) {
    constexpr unsigned HALF = 0x1000, BITS = 0xFFFFE000;
    for (int k = 0; k < 4; k++) {
        big[k] = (__float_as_uint(x[k]) + HALF) & BITS;
        small[k] = __float_as_uint(x[k] - __uint_as_float(big[k])) & BITS;
    }
}
