// Convolutions on the GPU: products of matrices (product.cuh), one of which is looked up in an image.
//
//                        rows               columns                terms of the sum
//     convolution        output channels    n, positions in y      channels, places in the window
//     transposed         channels           n, positions in x      output channels, places in the window
//     weight_gradient    output channels    channels, places       n, positions in y
//
// Each group of channels is a product by itself, one of a few rows without tiles (Gather::few). None of them stores the
// patches that the window sees, which would be as many images as the window has places. Where groups are single
// channels depthwise.cu and depthwise_square.cu serve, for some 3×3 windows Winograd's ways (gpu_winograd.py). Not run
// on a GPU yet.

#include "convolution/product.cuh"

constexpr int AT_A_TIME = sizeof(real) == 4 ? 3 : 2;  // blocks on a multiprocessor: they share its registers

// How a result is gathered along an axis: position p is its element start + p every, and sees at place k, which is
// the window's element first + k skip, the image's element origin + p stride + k pace.
struct Axis {
    int positions, start, every, places, first, skip, origin, stride, pace;
};

// Of a convolution: every element of the result, every element of the window.
__device__ Axis whole(int positions, int window, int stride, int padding, int dilation) {
    return {positions, 0, 1, window, 0, 1, -padding, stride, dilation};
}

// Of a transposed one, with a stride s: the elements q = r, r + s, r + 2 s, … of the result, for each r < s by itself.
// For element q sees, at the window's element k, (q + padding − k dilation) / s of the image, if that is an integer; and
// for which k it is, depends on r alone. So nothing is multiplied that isn't there.
__device__ Axis phase(int r, int size, int window, int stride, int padding, int dilation) {
    Axis axis = {(size - r + stride - 1) / stride, r, stride, 0, 0, 1, 0, 1, 0};
    for (int k = 0; k < window; k++) {
        int element = r + padding - k * dilation;
        if (element % stride) continue;
        if (axis.places == 0) axis.first = k, axis.origin = element / stride;
        if (axis.places == 1) axis.skip = k - axis.first, axis.pace = element / stride - axis.origin;
        axis.places++;
    }
    return axis;
}

// A result gathered from x: its rows × (n, positions), for one group.
struct Gather {
    Axis d, h, w;
    Sizes image, result, window;
    int n, groups, group, rows, channels;
    long long row_stride, channel_stride, begin;  // of the weight; where the group's begins

    __device__ long long columns() const { return n * positions().product(); }
    __device__ long long terms() const { return channels * places().product(); }
    __device__ Sizes positions() const { return {d.positions, h.positions, w.positions}; }
    __device__ Sizes places() const { return {d.places, h.places, w.places}; }
    __device__ long long flat(long long i, long long j, long long k) const { return (i * image.h + j) * image.w + k; }

    __device__ Place column_at(long long number) const {
        Digits p(number, positions());
        int i = d.origin + p.d * d.stride, j = h.origin + p.h * h.stride, k = w.origin + p.w * w.stride;
        return {0, (p.first * groups + group) * channels * image.product() + flat(i, j, k), i, j, k};
    }

    __device__ Place term_at(const Digits& t) const {
        int i = t.d * d.pace, j = t.h * h.pace, k = t.w * w.pace;
        int in_d = d.first + t.d * d.skip, in_h = h.first + t.h * h.skip, in_w = w.first + t.w * w.skip;
        long long in_window = (in_d * window.h + in_h) * window.w + in_w;
        return {t.first * channel_stride + in_window, t.first * image.product() + flat(i, j, k), i, j, k};
    }

    // Where the element of row 0 lies in the result.
    __device__ long long first_row(long long column) const {
        Digits p(column, positions());
        long long at = (long long)(d.start + p.d * d.every) * result.h + h.start + p.h * h.every;
        return (p.first * groups + group) * rows * result.product() + at * result.w + w.start + p.w * w.every;
    }

    __device__ void tile(const real* x, const real* weight, const real* bias, bool has_bias, real* y) const {
        long long columns = this->columns(), tiles_across = (columns + WIDE - 1) / WIDE;
        if (blockIdx.x >= tiles_across * ((rows + TALL - 1) / TALL)) return;  // of a phase smaller than the first one
        long long left = blockIdx.x % tiles_across * WIDE;
        int top = blockIdx.x / tiles_across * TALL;
        real sum[ROWS][COLUMNS] = {};
        if (terms())
            multiply<false>(
                weight, begin, row_stride, x, image, top, rows, left, columns,
                [=](long long c) { return column_at(c); }, 0, terms(), places(),
                [=](const Digits& t) { return term_at(t); }, sum);
        for (int j = 0; j < COLUMNS; j++) {
            long long column = left + own_column(j), at = first_row(column);
            for (int i = 0; i < ROWS; i++) {
                long long row = top + own_row(i);
                if (row < rows && column < columns)
                    y[at + row * result.product()] = sum[i][j] + (has_bias ? bias[group * rows + row] : real(0));
            }
        }
    }

    // A thread a column: of a few rows most of a tile would be empty.
    __device__ void few(const real* x, const real* weight, const real* bias, bool has_bias, real* y) const {
        long long columns = this->columns(), terms = this->terms();
        long long column = blockIdx.x * (long long)blockDim.x + threadIdx.x;
        if (column >= columns) return;
        Place c = column_at(column);
        for (int row = 0; row < rows; row++) {
            real sum = 0;
            Digits t = {0, 0, 0, 0};
            for (long long k = 0; k < terms; k++, t.next(places())) {
                Place term = term_at(t);
                if (is_inside(c.d + term.d, c.h + term.h, c.w + term.w, image))
                    sum += weight[begin + row * row_stride + term.a] * x[c.x + term.x];
            }
            y[first_row(column) + row * result.product()] = sum + (has_bias ? bias[group * rows + row] : real(0));
        }
    }

    __device__ void run(const real* x, const real* weight, const real* bias, bool has_bias, real* y, bool in_tiles) const {
        if (in_tiles)
            tile(x, weight, bias, has_bias, y);
        else
            few(x, weight, bias, has_bias, y);
    }
};

extern "C" __global__ void __launch_bounds__(THREADS, AT_A_TIME)
    convolution(const real* x, const real* weight, const real* bias, real* y, int has_bias,
                                       int in_tiles, SHAPE_ARGUMENTS) {
    Shapes s = SHAPES;
    long long row = channels * s.window.product();  // of the weight, for one output
    Axis d = whole(result_d, window_d, stride_d, padding_d, dilation_d);
    Axis h = whole(result_h, window_h, stride_h, padding_h, dilation_h);
    Axis w = whole(result_w, window_w, stride_w, padding_w, dilation_w);
    for (int group = blockIdx.y; group < groups; group += gridDim.y) {
        long long begin = group * outputs * row;
        Gather gather = {d, h, w, s.input, s.result, s.window, n, groups, group, outputs,
                         channels, row, s.window.product(), begin};
        gather.run(x, weight, bias, has_bias, y, in_tiles);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, AT_A_TIME)
    transposed(const real* y, const real* weight, const real* bias, real* x, int has_bias,
                                      int in_tiles, SHAPE_ARGUMENTS) {
    Shapes s = SHAPES;
    long long row = channels * s.window.product();
    Sizes phases = {min(stride_d, input_d), min(stride_h, input_h), min(stride_w, input_w)};  // others would be empty
    int stack = groups * phases.product();
    for (int number = blockIdx.y; number < stack; number += gridDim.y) {
        Digits r(number, phases);
        Axis d = phase(r.d, input_d, window_d, stride_d, padding_d, dilation_d);
        Axis h = phase(r.h, input_h, window_h, stride_h, padding_h, dilation_h);
        Axis w = phase(r.w, input_w, window_w, stride_w, padding_w, dilation_w);
        int group = r.first;
        long long begin = group * outputs * row;
        Gather gather = {d, h, w, s.result, s.input, s.window, n, groups, group, channels,
                         outputs, s.window.product(), row, begin};
        gather.run(y, weight, bias, has_bias, x, in_tiles);
    }
}

// With few rows and columns, many blocks share a tile of the result: each sums `share` terms into its own part of
// `parts` (parts, *weight), which gpu.py adds up afterwards.
extern "C" __global__ void __launch_bounds__(THREADS, AT_A_TIME)
    weight_gradient(const real* grad, const real* x, real* parts, long long share,
                                           SHAPE_ARGUMENTS) {
    Shapes s = SHAPES;
    long long plane = s.input.product(), positions = s.result.product();
    int rows = outputs;
    long long columns = channels * s.window.product(), terms = n * positions;
    long long tiles_across = (columns + WIDE - 1) / WIDE, left = blockIdx.x % tiles_across * WIDE;
    int top = blockIdx.x / tiles_across * TALL;
    long long first = blockIdx.z * share, last = first + share;
    if (last >= terms) last = terms;

    auto flat = [=](long long i, long long j, long long k) { return (i * input_h + j) * input_w + k; };
    auto column_at = [=](long long group, long long number) {
        Digits k(number, s.window);
        int d = k.d * dilation_d, h = k.h * dilation_h, w = k.w * dilation_w;
        return Place{0, (group * channels + k.first) * plane + flat(d, h, w), d, h, w};
    };
    auto term_at = [=](const Digits& p) {
        int d = p.d * stride_d - padding_d, h = p.h * stride_h - padding_h, w = p.w * stride_w - padding_w;
        long long in_grad = ((long long)p.d * result_h + p.h) * result_w + p.w, image = p.first * groups;
        return Place{image * outputs * positions + in_grad, image * channels * plane + flat(d, h, w), d, h, w};
    };
    for (long long group = blockIdx.y; group < groups; group += gridDim.y) {
        real sum[ROWS][COLUMNS] = {};
        multiply<true>(
            grad, group * outputs * positions, positions, x, s.input, top, rows, left, columns,
            [=](long long c) { return column_at(group, c); }, first, last - first, s.result, term_at, sum);
        // From place to place, for 32 places known beforehand would take registers from the loop.
        long long row = top + own_row(0), column = left + own_column(0);
        real* part = parts + (((long long)blockIdx.z * groups + group) * rows + row) * columns + column;
        for (int i = 0; i < ROWS; i++, part += columns) {
            for (int j = 0; j < COLUMNS; j++) {
                int further = own_column(j) - own_column(0);
                if (row + i < rows && column + further < columns) part[further] = sum[i][j];
            }
        }
    }
}
