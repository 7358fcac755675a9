// Convolutions with 3×3 windows by Winograd's F(4×4, 3×3): 4 × 4 results from 36 products a channel, instead of 144.
//
//        image            Bᵀ d B                                                   Aᵀ m A         result
//     ┌─────────┐      ┌────────────┐ ┐                           ┌────────────┐ ┐             ┌─────────┐
//     │ ┌─────┐ │      │ channels × │ │ 36 of them,   product of  │ outputs ×  │ │             │ ┌───┐   │
//     │ │6 × 6│ │ ───► │ tiles      │ │ one for each  matrices:   │ tiles      │ │ 36 of them  │ │4×4│   │
//     │ └─────┘ │      └────────────┘ ┘ of d's places  ─────────► └────────────┘ ┘  ─────────► │ └───┘   │
//     └─────────┘                                          ▲                                   └─────────┘
//                       weight, outputs × channels: G g Gᵀ ┘
//
// Tiles of the image overlap by 2; beyond its edges are zeros. Along one axis Aᵀ [(G g) ∘ (Bᵀ d)] convolves d with g: as
// polynomials, both are evaluated at 0, ±1, ±2 and ∞, multiplied there, and interpolated. The sums of 36 points would
// not fit into registers, so points go through global memory; of tiles of 2 × 2 they do: ladder/gpu_5_winograd.cu.
//
// Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.

#include "convolution/shapes.cuh"
#include "elementwise.cuh"

constexpr int TILE = 4, SEEN = TILE + 2;  // results of a tile along an axis; numbers that it sees

struct Matrices {
    double B[SEEN][SEEN] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                            {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
    double G[SEEN][3] = {{1 / 4., 0, 0},             {-1 / 6., -1 / 6., -1 / 6.}, {-1 / 6., 1 / 6., -1 / 6.},
                         {1 / 24., 1 / 12., 1 / 6.}, {1 / 24., -1 / 12., 1 / 6.}, {0, 0, 1}};
    double A[TILE][SEEN] = {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};
};

// M x Mᵀ. The compiler knows M once the loops are unrolled: what is multiplied by 0 isn't computed.
template <int TO, int FROM>
__device__ inline void transform(const double (&M)[TO][FROM], const real (&x)[FROM][FROM], real (&out)[TO][TO]) {
    real half[TO][FROM];
#pragma unroll
    for (int i = 0; i < TO; i++) {
#pragma unroll
        for (int j = 0; j < FROM; j++) {
            half[i][j] = 0;
#pragma unroll
            for (int k = 0; k < FROM; k++)
                if (M[i][k] != 0) half[i][j] += real(M[i][k]) * x[k][j];
        }
#pragma unroll
        for (int j = 0; j < TO; j++) {
            out[i][j] = 0;
#pragma unroll
            for (int k = 0; k < FROM; k++)
                if (M[j][k] != 0) out[i][j] += real(M[j][k]) * half[i][k];
        }
    }
}

// Points of the weight's window for one output and channel, wherever they lie; flipped, for a transposed convolution.
__device__ inline void weight_to_points(const real* window, bool flipped, real* points, long long step) {
    constexpr Matrices known;
    real g[3][3], found[SEEN][SEEN];
    for (int k = 0; k < 9; k++) g[k / 3][k % 3] = window[flipped ? 8 - k : k];
    transform(known.G, g, found);
    for (int k = 0; k < SEEN * SEEN; k++) points[k * step] = found[k / SEEN][k % SEEN];
}

// Those of a tile of an image's channel, which begins at (top, left).
__device__ inline void image_to_points(const real* plane, int top, int left, Sizes image, real* points, long long step) {
    constexpr Matrices known;
    real seen[SEEN][SEEN], found[SEEN][SEEN];
    for (int h = 0; h < SEEN; h++) {
        for (int w = 0; w < SEEN; w++) {
            bool inside = is_inside(0, top + h, left + w, image);
            seen[h][w] = inside ? plane[(long long)(top + h) * image.w + left + w] : real(0);
        }
    }
    transform(known.B, seen, found);
    for (int k = 0; k < SEEN * SEEN; k++) points[k * step] = found[k / SEEN][k % SEEN];
}

// Both in one launch, the weight's (outputs, channels) first: neither needs the other. Then a thread takes a tile of a
// channel. `columns` counts the tiles (images, tiles_h, tiles_w), neighbours in memory.
extern "C" __global__ void to_points(const real* weight, const real* x, real* of_weight, real* of_image,
                                     long long row_stride, long long stride, int flipped, int height, int width,
                                     int tiles_h, int tiles_w, int channels, int padding_h, int padding_w,
                                     long long columns, long long windows, long long n) {
    Sizes image = {1, height, width};
    FOR_EACH_ELEMENT(k, n) {
        if (k < windows) {
            const real* window = weight + k / channels * row_stride + k % channels * stride;
            weight_to_points(window, flipped, of_weight + k, windows);
        } else {
            long long i = k - windows;
            Digits tile(i % columns, {1, tiles_h, tiles_w});
            const real* plane = x + (tile.first * channels + i / columns) * image.product();
            int top = tile.h * TILE - padding_h, left = tile.w * TILE - padding_w;
            image_to_points(plane, top, left, image, of_image + i, n - windows);
        }
    }
}

extern "C" __global__ void points_to_result(const real* points, const real* bias, real* y, int height, int width,
                                            int tiles_h, int tiles_w, int outputs, int has_bias, long long columns,
                                            long long n) {
    constexpr Matrices known;
    Sizes result = {1, height, width};
    FOR_EACH_ELEMENT(i, n) {
        Digits tile(i % columns, {1, tiles_h, tiles_w});
        int output = i / columns, top = tile.h * TILE, left = tile.w * TILE;
        real products[SEEN][SEEN], found[TILE][TILE];
        for (int k = 0; k < SEEN * SEEN; k++) products[k / SEEN][k % SEEN] = points[k * n + i];
        transform(known.A, products, found);
        real* plane = y + (tile.first * outputs + output) * result.product();
        for (int h = 0; h < TILE; h++)
            for (int w = 0; w < TILE; w++)
                if (is_inside(0, top + h, left + w, result))
                    plane[(long long)(top + h) * width + left + w] = found[h][w] + (has_bias ? bias[output] : real(0));
    }
}
