// Losses of elements on the GPU: a formula that gives value and slopes, run over whole arrays.
//
//     LOSS(huber_loss, real delta) { SUM(huber(x, t, delta)); }
//
// Elements are read and written 16 bytes at a time (each.cuh). An array that isn't wanted is announced by its flag, and its
// pointer never followed. Totals are made without atomics, so they are the same in every run: each block sums its part,
// then one block (total.cu) sums the blocks' sums. Of a small input one block has the total: a launch
// less, some 2 of 4.5 µs on an H100 (predicted). Of mse_loss of 4,096 with its gradient the simulator counts 1,537 sectors,
// for 1,542: three arrays, and the total.
#pragma once

#include "each.cuh"
#include "softmax/reduce.cuh"

struct Value {
    real value, slope, second;  // `second`: the slope by another argument, where there is one
};

struct Wanted {
    real* loss;
    real* gradient;
    real* second;
    int loss_is, gradient_is, second_is;

    __device__ bool aligned() const {
        return (loss_is ? (unsigned long long)loss : 0) % 16 == 0 &&
               (gradient_is ? (unsigned long long)gradient : 0) % 16 == 0 &&
               (second_is ? (unsigned long long)second : 0) % 16 == 0;
    }
    // What is found of the elements from i on: one, or a pack of them.
    template <typename Some>
    __device__ void put(long long i, Some value, Some slope, Some second_slope) const {
        if (loss_is) *(Some*)(loss + i) = value;
        if (gradient_is) *(Some*)(gradient + i) = slope;
        if (second_is) *(Some*)(second + i) = second_slope;
    }
};

template <typename Formula, typename... Chunks>
__device__ real sum_of_pack(Formula formula, real scale, Wanted wanted, long long i, Chunks... chunks) {
    real sum = 0;
    Pack values, slopes, seconds;
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
        Value found = formula(chunks.pack.x[k]...);
        sum += found.value;
        values.x[k] = found.value, slopes.x[k] = scale * found.slope, seconds.x[k] = scale * found.second;
    }
    wanted.put(i, values, slopes, seconds);
    return sum;
}

// formula(an element of each array), summed over all n.
template <typename Formula, typename... Arrays>
__device__ void sum_up(Formula formula, real scale, Wanted wanted, real* sums, long long n, Arrays*... arrays) {
    bool aligned = (... | (unsigned long long)arrays) % 16 == 0 && wanted.aligned();
    long long packs = aligned ? n / WIDTH : 0, rest = packs * WIDTH;
    real sum = 0;
    FOR_EACH_ELEMENT(p, packs)
        sum += sum_of_pack(formula, scale, wanted, p * WIDTH, Chunk<Arrays>(arrays + p * WIDTH)...);
    FOR_EACH_ELEMENT(i, n - rest) {
        Value found = formula(arrays[rest + i]...);
        sum += found.value;
        wanted.put(rest + i, found.value, scale * found.slope, scale * found.second);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[blockIdx.x] = gridDim.x > 1 ? sum : scale * sum;
}

#define LOSS(name, ...)                                                                                          \
    extern "C" __global__ void name(const real* input, const real* target, real scale, real* loss,               \
                                    real* gradient, real* sums, int wants_loss, int wants_gradient, long long n, \
                                    ##__VA_ARGS__)

#define SUM(formula)                                                                                       \
    sum_up([=](real x, real t) { return formula; }, scale,                                                 \
           Wanted{loss, gradient, nullptr, wants_loss, wants_gradient, 0}, sums, n, input, target)

// Of three arrays, the third being ones where there is none; with two gradients.
#define LOSS_OF_THREE(name, ...)                                                                                     \
    extern "C" __global__ void name(const real* a, const real* b, const real* c, real scale, real* loss,             \
                                    real* gradient, real* second, real* sums, int has_c, int wants_loss,             \
                                    int wants_gradient, int wants_second, long long n, ##__VA_ARGS__)

#define SUM_OF_THREE(formula)                                                                              \
    auto of_three = [=](real x, real t, real u) { return formula; };                                       \
    auto of_two = [=](real x, real t) { return of_three(x, t, real(1)); };                                 \
    Wanted wanted = {loss, gradient, second, wants_loss, wants_gradient, wants_second};                    \
    if (has_c) sum_up(of_three, scale, wanted, sums, n, a, b, c);                                          \
    else sum_up(of_two, scale, wanted, sums, n, a, b)
