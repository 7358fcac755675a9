// What every version of the matrix product shares: how its arguments describe a stack of matrices.
#pragma once
#include "activations/formulas.cuh"

// A stack of matrices with any strides, counted in elements: transposes and broadcasts are only strides.
struct Matrices {
    const real* data;
    long long stack_stride, row_stride, column_stride;

    __device__ const real& at(long long s, long long row, long long column) const {
        return data[s * stack_stride + row * row_stride + column * column_stride];
    }
};

// What every version is launched with (gpu.py: arguments). The sizes are those of y and of the sum.
#define MATRIX_ARGUMENTS                                                                                       \
    const real *a_data, long long a_stack, long long a_row, long long a_column, const real *b_data,            \
        long long b_stack, long long b_row, long long b_column, const real *bias, const real *residual, real *y, \
        long long stack, long long rows, long long terms, long long columns, int has_bias, int has_residual,   \
        int activation

// The activation by its position in ACTIVATIONS (kernels/matmul/__init__.py).
__device__ inline real activate(int activation, real v) {
    switch (activation) {
        case 1: return act::relu(v);
        case 2: return act::sigmoid(v);
        case 3: return act::tanh(v);
        case 4: return act::gelu(v);
        case 5: return act::gelu_tanh(v);
        default: return v;
    }
}
