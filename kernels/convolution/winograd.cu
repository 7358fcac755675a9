// Winograd's convolution with 3×3 windows, F(M×M, 3×3): an M × M tile of the result from (M + 2)² products a channel.
//
//        image            Bᵀ d B                                                    Aᵀ m A          result
//     ┌─────────┐      ┌────────────┐ ┐                            ┌────────────┐ ┐              ┌─────────┐
//     │ ┌─────┐ │      │ channels × │ │ (M + 2)²  ── product of ─► │ outputs ×  │ │ (M + 2)²     │ ┌───┐   │
//     │ │M + 2│ │ ───► │ tiles      │ │ matrices     matrices,     │ tiles      │ │ matrices ──► │ │ M │   │
//     │ └─────┘ │      └────────────┘ ┘              gpu.py        └────────────┘ ┘              │ └───┘   │
//     └─────────┘                                      ▲                                        └─────────┘
//                      weight: outputs × channels, G g Gᵀ
//
// Tiles of the image overlap by 2; beyond its edges are zeros. Along one axis Aᵀ [(G g) ⊙ (Bᵀ d)] is the convolution of d
// with g: both polynomials are multiplied at M + 1 points and at infinity, and interpolated.
//
// Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.

#include "convolution/shapes.cuh"
#include "elementwise.cuh"

template <int M> struct Matrices;

template <> struct Matrices<2> {  // points 0, 1, −1
    double B[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}};
    double G[4][3] = {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}};
    double A[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}};
};

template <> struct Matrices<4> {  // points 0, 1, −1, 2, −2
    double B[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                      {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
    double G[6][3] = {{1 / 4., 0, 0},            {-1 / 6., -1 / 6., -1 / 6.},  {-1 / 6., 1 / 6., -1 / 6.},
                      {1 / 24., 1 / 12., 1 / 6.}, {1 / 24., -1 / 12., 1 / 6.}, {0, 0, 1}};
    double A[4][6] = {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};
};

// T x Tᵀ. The compiler knows T once the loops are unrolled: what is multiplied by 0 isn't computed.
template <int TO, int FROM>
__device__ inline void transform(const double (&T)[TO][FROM], const real (&x)[FROM][FROM], real (&out)[TO][TO]) {
    real half[TO][FROM];
#pragma unroll
    for (int i = 0; i < TO; i++) {
#pragma unroll
        for (int j = 0; j < FROM; j++) {
            half[i][j] = 0;
#pragma unroll
            for (int k = 0; k < FROM; k++)
                if (T[i][k] != 0) half[i][j] += real(T[i][k]) * x[k][j];
        }
#pragma unroll
        for (int j = 0; j < TO; j++) {
            out[i][j] = 0;
#pragma unroll
            for (int k = 0; k < FROM; k++)
                if (T[j][k] != 0) out[i][j] += real(T[j][k]) * half[i][k];
        }
    }
}

// A thread an output and a channel of the weight, wherever they lie; flipped, for a transposed convolution.
template <int M>
__device__ void transform_weight(const real* weight, real* to, long long row_stride, long long stride, int channels,
                                 int flipped, long long n) {
    constexpr Matrices<M> known;
    FOR_EACH_ELEMENT(i, n) {
        const real* g = weight + i / channels * row_stride + i % channels * stride;
        real window[3][3], found[M + 2][M + 2];
        for (int h = 0; h < 3; h++)
            for (int w = 0; w < 3; w++) window[h][w] = g[flipped ? 8 - (h * 3 + w) : h * 3 + w];
        transform(known.G, window, found);
        for (int h = 0; h < M + 2; h++)
            for (int w = 0; w < M + 2; w++) to[(h * (M + 2) + w) * n + i] = found[h][w];
    }
}

// A thread a tile of a channel. Tiles are (images, tiles.h, tiles.w), neighbours in memory.
template <int M>
__device__ void transform_image(const real* x, real* to, Sizes image, Sizes tiles, int channels, int padding_h,
                                int padding_w, long long columns, long long n) {
    constexpr Matrices<M> known;
    FOR_EACH_ELEMENT(i, n) {
        Digits tile(i % columns, tiles);
        const real* plane = x + (tile.first * channels + i / columns) * image.product();
        real seen[M + 2][M + 2], found[M + 2][M + 2];
        for (int h = 0; h < M + 2; h++) {
            for (int w = 0; w < M + 2; w++) {
                int y = tile.h * M + h - padding_h, x = tile.w * M + w - padding_w;
                seen[h][w] = is_inside(0, y, x, image) ? plane[(long long)y * image.w + x] : real(0);
            }
        }
        transform(known.B, seen, found);
        for (int h = 0; h < M + 2; h++)
            for (int w = 0; w < M + 2; w++) to[(h * (M + 2) + w) * n + i] = found[h][w];
    }
}

template <int M>
__device__ void transform_result(const real* from, const real* bias, real* y, Sizes result, Sizes tiles, int outputs,
                                 int has_bias, long long columns, long long n) {
    constexpr Matrices<M> known;
    FOR_EACH_ELEMENT(i, n) {
        Digits tile(i % columns, tiles);
        int output = i / columns;
        real product[M + 2][M + 2], found[M][M];
        for (int h = 0; h < M + 2; h++)
            for (int w = 0; w < M + 2; w++) product[h][w] = from[(h * (M + 2) + w) * n + i];
        transform(known.A, product, found);
        real* plane = y + (tile.first * outputs + output) * result.product();
        for (int h = 0; h < M; h++) {
            for (int w = 0; w < M; w++) {
                int y = tile.h * M + h, x = tile.w * M + w;
                if (is_inside(0, y, x, result))
                    plane[(long long)y * result.w + x] = found[h][w] + (has_bias ? bias[output] : real(0));
            }
        }
    }
}

#define KERNELS(M)                                                                                                     \
    extern "C" __global__ void weight_##M(const real* weight, real* to, long long row_stride, long long stride,        \
                                          int channels, int flipped, long long n) {                                    \
        transform_weight<M>(weight, to, row_stride, stride, channels, flipped, n);                                     \
    }                                                                                                                  \
    extern "C" __global__ void image_##M(const real* x, real* to, int height, int width, int tiles_h, int tiles_w,     \
                                         int channels, int padding_h, int padding_w, long long columns, long long n) { \
        transform_image<M>(x, to, {1, height, width}, {1, tiles_h, tiles_w}, channels, padding_h, padding_w, columns, n); \
    }                                                                                                                  \
    extern "C" __global__ void result_##M(const real* from, const real* bias, real* y, int height, int width,          \
                                          int tiles_h, int tiles_w, int outputs, int has_bias, long long columns,      \
                                          long long n) {                                                               \
        transform_result<M>(from, bias, y, {1, height, width}, {1, tiles_h, tiles_w}, outputs, has_bias, columns, n);  \
    }

KERNELS(2)
KERNELS(4)
