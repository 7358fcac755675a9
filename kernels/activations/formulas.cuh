// The activations of one number; any kernel that fuses an activation includes this.
// The twin of formulas.py, line for line.
#pragma once

namespace act {

__device__ inline real relu(real v) { return v < 0 ? real(0) : v; }  // a NaN is not < 0: it passes
__device__ inline real relu_backward(real g, real v) { return v <= 0 ? real(0) : g; }

__device__ inline real leaky_relu(real v, real slope) { return v > 0 ? v : v * slope; }
__device__ inline real leaky_relu_backward(real g, real v, real slope) { return v > 0 ? g : g * slope; }

__device__ inline real sigmoid(real v) { return real(1) / (real(1) + exp(-v)); }  // exp may be ∞: 1/∞ is right
__device__ inline real sigmoid_backward(real g, real y) { return g * y * (real(1) - y); }

__device__ inline real tanh(real v) { return ::tanh(v); }
__device__ inline real tanh_backward(real g, real y) { return g * (real(1) - y * y); }

__device__ inline real gelu(real v) { return real(0.5) * v * (real(1) + erf(v * real(0.7071067811865476))); }
__device__ inline real gelu_backward(real g, real v) {
    real cdf = real(0.5) * (real(1) + erf(v * real(0.7071067811865476)));
    real density = real(0.3989422804014327) * exp(real(-0.5) * v * v);  // 1/√(2π)
    return g * (cdf + v * density);
}

__device__ inline real gelu_tanh(real v) {
    real inner = real(0.7978845608028654) * (v + real(0.044715) * v * v * v);  // √(2/π)
    return real(0.5) * v * (real(1) + ::tanh(inner));
}
__device__ inline real gelu_tanh_backward(real g, real v) {
    real inner = real(0.7978845608028654) * (v + real(0.044715) * v * v * v);
    real slope = real(0.7978845608028654) * (real(1) + real(0.134145) * v * v);
    real t = ::tanh(inner);
    return g * (real(0.5) * (real(1) + t) + real(0.5) * v * (real(1) - t * t) * slope);
}

}  // namespace act
