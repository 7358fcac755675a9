// Losses of several predictions; the twin of formulas.py.
#pragma once

#include "losses/sums.cuh"

__device__ inline Value margin_ranking(real x, real y, real t, real margin) {
    real left = margin - t * (x - y);
    real slope = left >= 0 ? t : real(0);
    return {left < 0 ? real(0) : left, -slope, slope};
}

// Of a row's x·y, x·x and y·y: the loss and its gradients' parts,
//     by x   across · y − along_x · x         by y   across · x − along_y · y
struct Angle {
    real value, across, along_x, along_y;
};

// 1 − cos for the target 1, max(0, cos − margin) for −1.
__device__ inline Angle embedding(real dot, real xx, real yy, real target, real margin) {
    real tiny = real(9.999999960041972e-13);  // 10⁻¹² in float32, as in PyTorch
    xx += tiny, yy += tiny;
    real size = sqrt(xx * yy), cosine = dot / size, left = cosine - margin;
    real value = target == 1 ? real(1) - cosine : target == -1 && !(left < 0) ? left : 0 * cosine;
    real slope = target == 1 ? real(-1) : target == -1 && !(left < 0) ? real(1) : real(0);
    return {value, slope / size, slope * cosine / xx, slope * cosine / yy};
}

// −cos; a vector is divided by 10⁻⁷ where it is shorter, a number that has no gradient.
__device__ inline Angle similarity(real dot, real xx, real yy) {
    real by_x = real(1) / sqrt(xx), by_y = real(1) / sqrt(yy), most = real(1e7);
    real turning = by_x > most ? real(0) : real(1);
    by_x = by_x > most ? most : by_x, by_y = by_y > most ? most : by_y;
    real value = -dot * by_x * by_y;
    return {value, -by_x * by_y, turning * value * by_x * by_x, 0};
}
