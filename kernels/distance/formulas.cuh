// The radial functions of one number, u = r², and their slopes 2 φ′(u). The twin of formulas.py, line for line.
#pragma once

namespace radial {

__device__ inline real value(int function, real u) {
    switch (function) {
        case 1: return exp(-u);
        case 2: return sqrt(real(1) + u);
        case 3: return real(1) / sqrt(real(1) + u);
        case 4: return u == 0 ? real(0) : real(0.5) * u * log(u);
        default: return u;
    }
}

__device__ inline real slope(int function, real u) {
    switch (function) {
        case 1: return real(-2) * exp(-u);
        case 2: return real(1) / sqrt(real(1) + u);
        case 3: return real(-1) / ((real(1) + u) * sqrt(real(1) + u));
        default: return u == 0 ? real(0) : log(u) + real(1);
    }
}

}  // namespace radial
