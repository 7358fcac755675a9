// What every version of the distances shares: its arguments, and what is done with a sum of squares.
#pragma once
#include "distance/formulas.cuh"

// What every version is launched with (gpu.py: arguments).
#define PAIR_ARGUMENTS                                                                                        \
    const real *x, const real *centres, const real *widths, real *distances, real *y, long long rows,          \
        long long terms, long long columns, int function, int has_widths, int keeps_distances

#define STORE_PAIR(row, column, squares)                                                      \
    do {                                                                                      \
        long long place = (row) * columns + (column);                                         \
        real w = has_widths ? widths[column] : real(1);                                       \
        if (keeps_distances) distances[place] = (squares);                                    \
        y[place] = radial::value(function, has_widths ? (squares) / w / w : (squares));       \
    } while (0)
