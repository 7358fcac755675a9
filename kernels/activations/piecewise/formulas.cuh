// The activations of straight pieces, of one number. The twin of formulas.py, line for line.
#pragma once

namespace act {

__device__ inline real clamp(real v, real low, real high) { return v < low ? low : v > high ? high : v; }

__device__ inline real hardshrink(real v, real limit) { return v >= -limit && v <= limit ? real(0) : v; }
__device__ inline real hardshrink_backward(real g, real v, real limit) {
    return v >= -limit && v <= limit ? real(0) : g;
}

__device__ inline real softshrink(real v, real limit) {
    return v > limit ? v - limit : v < -limit ? v + limit : 0 * v;
}
__device__ inline real softshrink_backward(real g, real v, real limit) { return hardshrink_backward(g, v, limit); }

__device__ inline real hardsigmoid(real v) { return clamp(v + 3, 0, 6) / 6; }
__device__ inline real hardsigmoid_backward(real g, real v) { return v > -3 && v < 3 ? g / 6 : real(0); }

__device__ inline real hardswish(real v) { return v * clamp(v + 3, 0, 6) / 6; }
__device__ inline real hardswish_backward(real g, real v) {
    return v <= -3 ? real(0) : v < 3 ? g * (v / 3 + real(0.5)) : g;
}

__device__ inline real hardtanh(real v, real low, real high) { return clamp(v, low, high); }
__device__ inline real hardtanh_backward(real g, real v, real low, real high) {
    return v <= low || v >= high ? real(0) : g;
}

__device__ inline real threshold(real v, real limit, real value) { return v <= limit ? value : v; }
__device__ inline real threshold_backward(real g, real v, real limit) { return v <= limit ? real(0) : g; }

__device__ inline real relu_squared(real v) { return v < 0 ? real(0) : v * v; }
__device__ inline real relu_squared_backward(real g, real v) { return v <= 0 ? real(0) : 2 * g * v; }

__device__ inline real sparse_plus(real v) {
    return v <= -1 ? real(0) : v < 1 ? real(0.25) * (v + 1) * (v + 1) : v;
}
__device__ inline real sparse_plus_backward(real g, real v) {
    return v <= -1 ? real(0) : v < 1 ? real(0.5) * (v + 1) * g : g;
}

__device__ inline real sparse_sigmoid(real v) { return v <= -1 ? real(0) : v >= 1 ? real(1) : real(0.5) * (v + 1); }
__device__ inline real sparse_sigmoid_backward(real g, real v) { return v > -1 && v < 1 ? real(0.5) * g : real(0); }

}  // namespace act
