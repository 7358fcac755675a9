// What every convolution's kernel is launched with (gpu.py: arguments), and how images are read.
#pragma once

// x is what is seen, (images, groups · inputs, in_z, in_y, in_x); positions are those of a convolution's result,
// (…, out_z, out_y, out_x); a transposed convolution has them the other way round.
#define GEOMETRY                                                                                                     \
    int images, int groups, int inputs, int outputs, int in_z, int in_y, int in_x, int out_z, int out_y, int out_x,  \
        int window_z, int window_y, int window_x, int stride_z, int stride_y, int stride_x, int pad_z, int pad_y,    \
        int pad_x, int space_z, int space_y, int space_x

// A place in an image, or a step from one to another.
struct Place {
    int z, y, x;

    // The place with that number where rows are x long and planes y × x.
    __device__ static Place of(int number, int size_y, int size_x) {
        return {number / (size_y * size_x), number / size_x % size_y, number % size_x};
    }
};

// The number of that place in one channel of one image; 0, which is no mistake, where it lies outside.
struct Image {
    const real* data;
    int size_z, size_y, size_x;

    __device__ real at(long long channel, int z, int y, int x) const {
        bool inside = z >= 0 && z < size_z && y >= 0 && y < size_y && x >= 0 && x < size_x;
        return inside ? data[((channel * size_z + z) * size_y + y) * size_x + x] : real(0);
    }
};
