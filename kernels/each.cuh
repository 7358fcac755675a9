// How a grid walks over arrays of the same length: 16 bytes of each at a time, so that a thread has enough of them on
// their way, one element at a time where an array doesn't begin at a multiple of 16 bytes, and at the end.
//
//     p     │ · · · · │ · · · · │ …  │ · ·        thread 0 takes the first four of each array, thread 1 the next;
//     grad  │ · · · · │ · · · · │ …  │ · ·        the last few are taken one by one
#pragma once

#include "elementwise.cuh"

#define WIDTH (16 / int(sizeof(real)))

struct alignas(16) Pack {
    real x[WIDTH];
};

// Some elements of an array, read at once, and written at once if they may change.
template <typename T>
struct Chunk {
    T* at;
    Pack pack;
    __device__ explicit Chunk(T* at) : at(at), pack(*(const Pack*)at) {}
    __device__ void write() { *(Pack*)at = pack; }
};

template <>
struct Chunk<const real> {
    Pack pack;
    __device__ explicit Chunk(const real* at) : pack(*(const Pack*)at) {}
    __device__ void write() {}
};

template <typename Step, typename... Chunks>
__device__ void each_of(Step step, Chunks... chunks) {
#pragma unroll
    for (int k = 0; k < WIDTH; k++) step(chunks.pack.x[k]...);
    (chunks.write(), ...);
}

// step(an element of each array) over all n. What a step always writes and never reads isn't read.
template <typename Step, typename... Arrays>
__device__ void each(long long n, Step step, Arrays*... arrays) {
    long long packs = ((... | (unsigned long long)arrays) % 16) ? 0 : n / WIDTH, rest = packs * WIDTH;
    FOR_EACH_ELEMENT(i, packs) each_of(step, Chunk<Arrays>(arrays + i * WIDTH)...);
    FOR_EACH_ELEMENT(i, n - rest) step(arrays[rest + i]...);
}
