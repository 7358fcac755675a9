// What every version of the matrix product shares: how its arguments describe a stack of matrices, and what follows the
// sums.
#pragma once
#include "matmul/slopes.cuh"

// As many numbers as one instruction moves: 16 bytes.
constexpr int V = 16 / sizeof(real);
struct alignas(16) Vector {
    real at[V];
};

__device__ inline Vector vector_of(const real* from) {
    Vector v;
#pragma unroll
    for (int e = 0; e < V; e++) v.at[e] = from[e];
    return v;
}

// One instruction, said outright: beside a branch that stores the same numbers one by one the compiler merges both.
__device__ inline void store_vector(float* to, const float* v) {
    asm volatile("st.global.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(to), "f"(v[0]), "f"(v[1]), "f"(v[2]), "f"(v[3])
                 : "memory");
}
__device__ inline void store_vector(double* to, const double* v) {
    asm volatile("st.global.v2.f64 [%0], {%1, %2};" ::"l"(to), "d"(v[0]), "d"(v[1]) : "memory");
}

__device__ inline bool is_aligned(const void* p) { return reinterpret_cast<unsigned long long>(p) % 16 == 0; }

// A stack of matrices with any strides, counted in elements: transposes and broadcasts are only strides.
struct Matrices {
    const real* data;
    long long stack_stride, row_stride, column_stride;

    __device__ const real& at(long long s, long long row, long long column) const {
        return data[s * stack_stride + row * row_stride + column * column_stride];
    }
};

// One side of a product, seen alike for both: the rows of a, or the columns of b, are its lines, along which the terms
// are summed.
struct Operand {
    const real* data;
    long long lines, terms, line_stride, term_stride;
};

__device__ inline Operand rows_of(const Matrices& a, long long s, long long rows, long long terms) {
    return {a.data + s * a.stack_stride, rows, terms, a.row_stride, a.column_stride};
}

__device__ inline Operand columns_of(const Matrices& b, long long s, long long terms, long long columns) {
    return {b.data + s * b.stack_stride, columns, terms, b.column_stride, b.row_stride};
}

// What every version is launched with (gpu.py: arguments). The sizes are those of y and of the sum.
#define MATRIX_ARGUMENTS                                                                                       \
    const real *a_data, long long a_stack, long long a_row, long long a_column, const real *b_data,            \
        long long b_stack, long long b_row, long long b_column, const real *bias, const real *residual, real *y, \
        long long stack, long long rows, long long terms, long long columns, int has_bias, int has_residual,   \
        int activation

// The activation by its position in ACTIVATIONS (fused.py).
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

// Beyond them, for the way back, what is stored is the gradient before an activation (gpu.py). From 11 on the product is the
// gradient, and the residual's place holds the activation's output; of 6 and 7 it holds the gradient, and the product is
// what went in.
__device__ inline real finish(int activation, real v, const real* residual, int has_residual, long long place) {
    if (activation == 6) return act::gelu_backward(residual[place], v);
    if (activation == 7) return act::gelu_tanh_backward(residual[place], v);
    if (activation > 10) return through(activation - 10, v, residual[place]);
    return activate(activation, has_residual ? v + residual[place] : v);
}

// Where the sums go: y = act(sum + bias + residual). Its functions are called, not pasted in: loops over a thread's
// elements are unrolled, for these to be registers, and 64 times all the activations would be much code.
struct Result {
    real* y;
    const real *bias, *residual;
    long long rows, columns;
    int has_bias, has_residual, activation;

    __device__ real finished(real sum, long long place, long long column) const {
        if (has_bias) sum += bias[column];
        return finish(activation, sum, residual, has_residual, place);
    }

    // One element of matrix s; beyond the edges nothing.
    __device__ __noinline__ void put(long long s, long long row, long long column, real sum) const {
        long long place = (s * rows + row) * columns + column;
        if (row < rows && column < columns) y[place] = finished(sum, place, column);
    }

    // V neighbours in a row, from a multiple of V on: one vector, where every row begins at a multiple of 16 bytes.
    __device__ __noinline__ void put_vector(long long s, long long row, long long column, Vector v) const {
        if (columns % V || !is_aligned(y)) {
            for (int e = 0; e < V; e++) put(s, row, column + e, v.at[e]);
        } else if (row < rows && column < columns) {
            long long place = (s * rows + row) * columns + column;
            for (int e = 0; e < V; e++) v.at[e] = finished(v.at[e], place + e, column + e);
            store_vector(y + place, v.at);
        }
    }
};
