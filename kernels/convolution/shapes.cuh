// What every version of a convolution is launched with, and how it finds its way in arrays of three spatial axes.
#pragma once

struct Sizes {
    int d, h, w;

    __device__ long long product() const { return (long long)d * h * w; }
};

// x (n, groups × channels, *input) and weight (groups × outputs, channels, *window) give y (n, groups × outputs,
// *result): of the transposed convolution x is what is computed, of the weight's gradient the weight.
struct Shapes {
    int n, groups, channels, outputs;
    Sizes input, result, window, stride, padding, dilation;
};

// gpu.py: arguments
#define SHAPE_ARGUMENTS                                                                                               \
    int n, int groups, int channels, int outputs, int input_d, int input_h, int input_w, int result_d, int result_h, \
        int result_w, int window_d, int window_h, int window_w, int stride_d, int stride_h, int stride_w,            \
        int padding_d, int padding_h, int padding_w, int dilation_d, int dilation_h, int dilation_w
#define SHAPES                                                                                          \
    Shapes {                                                                                            \
        n, groups, channels, outputs, {input_d, input_h, input_w}, {result_d, result_h, result_w},      \
            {window_d, window_h, window_w}, {stride_d, stride_h, stride_w},                             \
            {padding_d, padding_h, padding_w}, {dilation_d, dilation_h, dilation_w}                     \
    }

// A number taken apart: number = ((first × radix.d + d) × radix.h + h) × radix.w + w.
struct Digits {
    long long first;
    int d, h, w;

    Digits() = default;

    __device__ Digits(long long number, Sizes radix) {
        w = number % radix.w, number /= radix.w;
        h = number % radix.h, number /= radix.h;
        d = number % radix.d, first = number / radix.d;
    }

    __device__ Digits(long long first, int d, int h, int w) : first(first), d(d), h(h), w(w) {}

    __device__ void next(Sizes radix) { add({0, 0, 0, 1}, radix); }

    // Without a division: at most one is carried from each digit.
    __device__ void add(const Digits& other, Sizes radix) {
        first += other.first, d += other.d, h += other.h, w += other.w;
        if (w >= radix.w) w -= radix.w, h++;
        if (h >= radix.h) h -= radix.h, d++;
        if (d >= radix.d) d -= radix.d, first++;
    }
};

// Whether a position lies on an axis; as an unsigned number one before it is huge.
__device__ inline bool is_on(int position, int size) {
    unsigned place = position;
    return place < size;
}

// Not by &&, which would make branches of it.
__device__ inline bool is_inside(int d, int h, int w, Sizes size) {
    return is_on(d, size.d) & is_on(h, size.h) & is_on(w, size.w);
}
