// A thread takes one place of a volume in AT_ONCE volumes (planes, depth, height, width) seen flat. So it finds the place
// and reads the tables (windows.py) once, and has as many loads on their way at a time. Neighbouring threads are
// neighbouring places, and, where volumes are small, go on with the next volume:
//
//     block      thread (x, 0)  volumes 0, 2, 4, 6     of blockDim.y = 2
//                thread (x, 1)  volumes 1, 3, 5, 7
//
// A volume of x has at most 2³⁰ numbers (windows.py): places in it are 32-bit numbers.
//
// Instructions and sectors, of 2 × 4 × 32² with windows of 2 × 2, as the simulator counts them,
//
//     kernelwright trace max_pool2d --shape 2,4,32,32 --no-races       (avg_pool2d, --backward)
//
// and what they predict for 32 × 64 × 112² on an H100 (3.35 TB/s; four instructions a clock on each of 132
// multiprocessors at 1.75 GHz). Sectors are more than memory's, for lanes read every other number, then those between.
//
//                           instructions   sectors   memory's   predicted
//     maxima, with places          7,024     3,816      1,817   54 µs, memory (180 MB); 24 µs of instructions
//       their gradient            17,024     4,991      1,825   58 µs, instructions;    54 µs of memory
//     means                        4,976     3,032      1,305   39 µs, memory (129 MB); 17 µs of instructions
//       their gradient            16,000     4,864      1,338   54 µs, instructions;    39 µs of memory
#pragma once

constexpr int AT_ONCE = 4;

struct Place {
    long long at, size, plane, planes;  // of the place in its volume, a volume's, of the first volume
    int z, y, x;

    __device__ Place(long long planes, int depth, int height, int width) : planes(planes) {
        size = (long long)depth * height * width;
        long long blocks = (size + blockDim.x - 1) / blockDim.x;  // of a volume
        at = blockIdx.x % blocks * blockDim.x + threadIdx.x;
        plane = blockIdx.x / blocks * AT_ONCE * blockDim.y + threadIdx.y;
        int row = at / width;
        x = at - (long long)row * width, y = row % height, z = row / height;
    }
    // Whether there is anything to do for the volume number q of AT_ONCE.
    __device__ bool is_there(int q) const { return at < size && volume(q) < planes; }
    __device__ long long volume(int q) const { return plane + (long long)q * blockDim.y; }
};

// A place's lines in a table of windows.py, one for each axis: depth, height and width follow each other there.
struct Lines {
    const long long *z, *y, *x;

    __device__ Lines(const long long* table, int columns, const Place& at, int depth, int height)
        : z(table + (long long)columns * at.z),
          y(table + columns * ((long long)depth + at.y)),
          x(table + columns * ((long long)depth + height + at.x)) {}
};

// From where to where, along each axis.
struct Box {
    int first_z, end_z, first_y, end_y, first_x, end_x;

    __device__ Box(const Lines& of)
        : first_z(of.z[0]), end_z(of.z[1]), first_y(of.y[0]), end_y(of.y[1]), first_x(of.x[0]), end_x(of.x[1]) {}
};
