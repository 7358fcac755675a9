// Copies from global to shared memory that nobody waits for, until all of them are (cp.async, from sm_80). Before
// sm_80 they are plain loads and stores, done at once.
#pragma once

// The first `inside` of BYTES (4, 8 or 16) are read, the others become zeros; where that is none, nothing is read.
template <int BYTES>
__device__ inline void start_copy(void* to, const void* from, int inside) {
#if __CUDA_ARCH__ >= 800
    unsigned place = static_cast<unsigned>(__cvta_generic_to_shared(to));
    if constexpr (BYTES == 16)  // past L1, which serves no one else
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(place), "l"(from), "r"(inside) : "memory");
    else
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(place), "l"(from), "n"(BYTES), "r"(inside)
                     : "memory");
#else
    for (int byte = 0; byte < BYTES; byte += sizeof(real))
        *reinterpret_cast<real*>(static_cast<char*>(to) + byte) =
            byte < inside ? *reinterpret_cast<const real*>(static_cast<const char*>(from) + byte) : real(0);
#endif
}

// Wait for this thread's copies; others' only a barrier makes sure of.
__device__ inline void wait_for_copies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

// Or: a thread's copies since the last call are a group, and wait_copies<N> waits for all of its groups but the newest N.
__device__ inline void commit_copies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

template <int N>
__device__ inline void wait_copies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
#endif
}
