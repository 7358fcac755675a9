// Where a number lies in volumes (planes, depth, height, width) seen flat. windows.py says what a table is.
#pragma once

#include "elementwise.cuh"

struct Place {
    long long plane, z, y, x;
    __device__ Place(long long i, long long depth, long long height, long long width) {
        x = i % width, i /= width;
        y = i % height, i /= height;
        z = i % depth, plane = i / depth;
    }
};
