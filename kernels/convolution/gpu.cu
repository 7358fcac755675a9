// Convolutions on the GPU as products of matrices, of which one is never whole: what the windows see.
//
//                             positions, those of all images in a row →
//                            ┌────────────┬────┬──────────┐    A block of 16 × 16 threads computes a 64 × 64 tile of the
//    terms: a channel and    │            │ ▓▓ │          │    result, each thread 4 × 4 elements of it, as in
//    a place in the window   │            │ ▓▓ │          │    matmul/gpu.cu. The tile of what is seen (▓) is gathered
//                            └────────────┴────┴──────────┘    from the images 16 terms at a time, straight into
//                   ┌─────┐  ┌────────────┬────┬──────────┐    shared memory.
//          outputs  │ ▒▒▒ │  │            │ ░░ │          │
//                   └─────┘  └────────────┴────┴──────────┘
//
// A thread gathers for one position, whose place it works out once. Which channel and which place in the window a term
// is takes divisions, too: 16 threads do them for all, one step ahead (`Term`).

#include "convolution/geometry.cuh"

constexpr int TILE = 64, DEPTH = 16, SIDE = 16, EACH = TILE / SIDE, THREADS = SIDE * SIDE;

using Tile = real[DEPTH][TILE + 1];  // a column more, so that writing has no conflicts

// A term, or in weight_gradient a position: where it is to be found.
struct Term {
    long long a;  // in the left matrix
    long long channel;  // in the images; negative beyond the last term
    int z, y, x;  // how far from a position's own place
};

// sum += a tile of the left matrix times one of the right.
__device__ inline void multiply(const Tile& left, const Tile& right, real (&sum)[EACH][EACH]) {
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    for (int depth = 0; depth < DEPTH; depth++) {
        real a[EACH], b[EACH];
        for (int e = 0; e < EACH; e++) {
            a[e] = left[depth][down + e * SIDE];
            b[e] = right[depth][across + e * SIDE];
        }
        for (int i = 0; i < EACH; i++)
            for (int j = 0; j < EACH; j++) sum[i][j] += a[i] * b[j];
    }
}

// y[p] = Σₖ weight[k] x[p stride − pad + k space] + bias
extern "C" __global__ void convolution(const real* x, const real* weight, const real* bias, real* y, int has_bias,
                                       GEOMETRY) {
    __shared__ Tile left, right;
    __shared__ Term known[DEPTH];
    int positions = out_z * out_y * out_x, window = window_z * window_y * window_x, terms = inputs * window;
    long long columns = (long long)images * positions, tiles = (columns + TILE - 1) / TILE;
    int group = blockIdx.x / tiles, top = blockIdx.y * TILE;
    long long first = blockIdx.x % tiles * TILE;
    Image seen = {x, in_z, in_y, in_x};

    long long column = first + threadIdx.x % TILE;  // that this thread gathers for
    Place p = Place::of(column % positions, out_y, out_x);
    int z = p.z * stride_z - pad_z, y0 = p.y * stride_y - pad_y, x0 = p.x * stride_x - pad_x;
    long long channels = (column / positions * groups + group) * inputs;

    auto find = [&](int k) {  // the term k + threadIdx.x
        if (threadIdx.x < DEPTH) {
            int term = k + threadIdx.x;
            Place tap = Place::of(term % window, window_y, window_x);
            known[threadIdx.x] = {0, term < terms ? term / window : -1, tap.z * space_z, tap.y * space_y, tap.x * space_x};
        }
    };
    real sum[EACH][EACH] = {};
    find(0);
    __syncthreads();
    for (int k = 0; k < terms; k += DEPTH) {
        for (int e = threadIdx.x; e < TILE * DEPTH; e += THREADS) {
            int depth = e % DEPTH, row = top + e / DEPTH;  // neighbours take neighbouring terms of the weight
            bool inside = row < outputs && k + depth < terms;
            left[depth][e / DEPTH] = inside ? weight[((long long)group * outputs + row) * terms + k + depth] : real(0);
            depth = e / TILE;
            Term t = known[depth];
            inside = column < columns && t.channel >= 0;
            right[depth][e % TILE] = inside ? seen.at(channels + t.channel, z + t.z, y0 + t.y, x0 + t.x) : real(0);
        }
        __syncthreads();  // the tiles are whole
        find(k + DEPTH);
        multiply(left, right, sum);
        __syncthreads();  // all have read, and the next terms are known
    }
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    for (int i = 0; i < EACH; i++) {
        for (int j = 0; j < EACH; j++) {
            int row = top + down + i * SIDE;
            long long at = first + across + j * SIDE;
            if (row < outputs && at < columns) {
                long long channel = (at / positions * groups + group) * outputs + row;
                y[channel * positions + at % positions] = sum[i][j] + (has_bias ? bias[group * outputs + row] : real(0));
            }
        }
    }
}

// The places of a window, along one axis, that a phase of a transposed convolution sees: first, first + step, …
struct Taps {
    int first, step, count;

    __device__ static Taps of(int phase, int window, int stride, int pad, int space) {
        Taps taps = {0, 1, 0};
        for (int k = 0; k < window; k++) {
            if ((phase + pad - k * space) % stride == 0) {
                if (taps.count == 0) taps.first = k;
                if (taps.count == 1) taps.step = k - taps.first;
                taps.count++;
            }
        }
        return taps;
    }
};

// y[q] = Σ x[p] weight[k] over p and k with p stride − pad + k space = q, + bias. Here x has the sizes "out".
//
// With a stride s, places q with the same remainder by s, a phase, see the same places of the window, and neighbours
// among them see neighbours: a phase is a convolution of stride 1, and blocks work on one each.
extern "C" __global__ void transposed(const real* x, const real* weight, const real* bias, real* y, int has_bias,
                                      GEOMETRY) {
    __shared__ Tile left, right;
    __shared__ Term known[DEPTH];
    int window = window_z * window_y * window_x, plane = in_z * in_y * in_x;
    // The largest phase's positions: the others leave some of their blocks without work.
    int most = ((in_z + stride_z - 1) / stride_z) * ((in_y + stride_y - 1) / stride_y) * ((in_x + stride_x - 1) / stride_x);
    long long tiles = ((long long)images * most + TILE - 1) / TILE;
    Place phase = Place::of(blockIdx.x / tiles % (stride_z * stride_y * stride_x), stride_y, stride_x);
    int group = blockIdx.x / tiles / (stride_z * stride_y * stride_x), top = blockIdx.y * TILE;
    long long first = blockIdx.x % tiles * TILE;

    int size_z = (in_z - phase.z + stride_z - 1) / stride_z, size_y = (in_y - phase.y + stride_y - 1) / stride_y;
    int size_x = (in_x - phase.x + stride_x - 1) / stride_x, positions = size_z * size_y * size_x;
    long long columns = (long long)images * positions;
    Taps taps_z = Taps::of(phase.z, window_z, stride_z, pad_z, space_z);
    Taps taps_y = Taps::of(phase.y, window_y, stride_y, pad_y, space_y);
    Taps taps_x = Taps::of(phase.x, window_x, stride_x, pad_x, space_x);
    int taps = taps_z.count * taps_y.count * taps_x.count, terms = outputs * taps;
    Image seen = {x, out_z, out_y, out_x};
    if (first >= columns) return;

    long long column = first + threadIdx.x % TILE;
    Place t = Place::of(column % positions, size_y, size_x);
    long long channels = (column / positions * groups + group) * outputs;

    auto find = [&](int k) {
        if (threadIdx.x < DEPTH) {
            int term = k + threadIdx.x;
            Term found = {0, -1, 0, 0, 0};
            if (term < terms) {
                Place tap = Place::of(term % taps, taps_y.count, taps_x.count);
                tap = {taps_z.first + tap.z * taps_z.step, taps_y.first + tap.y * taps_y.step,
                       taps_x.first + tap.x * taps_x.step};
                int output = term / taps;
                found.a = ((long long)group * outputs + output) * inputs * window;
                found.a += (tap.z * window_y + tap.y) * window_x + tap.x;
                found.channel = output;
                found.z = (phase.z + pad_z - tap.z * space_z) / stride_z;
                found.y = (phase.y + pad_y - tap.y * space_y) / stride_y;
                found.x = (phase.x + pad_x - tap.x * space_x) / stride_x;
            }
            known[threadIdx.x] = found;
        }
    };
    real sum[EACH][EACH] = {};
    find(0);
    __syncthreads();
    for (int k = 0; k < terms; k += DEPTH) {
        for (int e = threadIdx.x; e < TILE * DEPTH; e += THREADS) {
            int depth = e / TILE, row = top + e % TILE;
            Term term = known[depth];
            bool inside = row < inputs && term.channel >= 0;
            left[depth][e % TILE] = inside ? weight[term.a + (long long)row * window] : real(0);
            inside = column < columns && term.channel >= 0;
            real value = inside ? seen.at(channels + term.channel, t.z + term.z, t.y + term.y, t.x + term.x) : real(0);
            right[depth][e % TILE] = value;
        }
        __syncthreads();  // the tiles are whole
        find(k + DEPTH);
        multiply(left, right, sum);
        __syncthreads();  // all have read, and the next terms are known
    }
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    for (int i = 0; i < EACH; i++) {
        for (int j = 0; j < EACH; j++) {
            int row = top + down + i * SIDE;
            long long at = first + across + j * SIDE;
            if (row < inputs && at < columns) {
                Place q = Place::of(at % positions, size_y, size_x);
                q = {q.z * stride_z + phase.z, q.y * stride_y + phase.y, q.x * stride_x + phase.x};
                long long channel = (at / positions * groups + group) * inputs + row;
                real add = has_bias ? bias[group * inputs + row] : real(0);
                y[channel * plane + (q.z * in_y + q.y) * in_x + q.x] = sum[i][j] + add;
            }
        }
    }
}

// sums[part][o][k] = Σ over a part of all positions p of grad[o][p] x[p stride − pad + k space]
//
// Outputs and terms are few, and positions many: these are cut into parts, so many that there are blocks enough, and
// depending on nothing but sizes.
extern "C" __global__ void weight_gradient(const real* grad, const real* x, real* sums, int parts, GEOMETRY) {
    __shared__ Tile left, right;
    __shared__ Term known[DEPTH];
    int positions = out_z * out_y * out_x, window = window_z * window_y * window_x, terms = inputs * window;
    long long total = (long long)images * positions;
    int tiles = (terms + TILE - 1) / TILE;
    int part = blockIdx.x / tiles % parts, group = blockIdx.x / tiles / parts, top = blockIdx.y * TILE;
    int first = blockIdx.x % tiles * TILE;
    long long start = total * part / parts, end = total * (part + 1) / parts;
    Image seen = {x, in_z, in_y, in_x};

    int column = first + threadIdx.x % TILE;  // the term that this thread gathers for
    Place tap = Place::of(column % window, window_y, window_x);
    int channel = column / window;

    auto find = [&](long long p) {  // the position p + threadIdx.x
        if (threadIdx.x < DEPTH) {
            long long q = p + threadIdx.x, image = q / positions * groups + group;
            Place place = Place::of(q % positions, out_y, out_x);
            known[threadIdx.x] = {image * outputs * positions + q % positions, q < end ? image * inputs : -1,
                                  place.z * stride_z - pad_z, place.y * stride_y - pad_y, place.x * stride_x - pad_x};
        }
    };
    real sum[EACH][EACH] = {};
    find(start);
    __syncthreads();
    for (long long p = start; p < end; p += DEPTH) {
        for (int e = threadIdx.x; e < TILE * DEPTH; e += THREADS) {
            int depth = e % DEPTH, row = top + e / DEPTH;  // neighbours take neighbouring positions of the gradient
            Term t = known[depth];
            bool inside = row < outputs && t.channel >= 0;
            left[depth][e / DEPTH] = inside ? grad[t.a + (long long)row * positions] : real(0);
            depth = e / TILE;
            t = known[depth];
            inside = column < terms && t.channel >= 0;
            real value = real(0);
            if (inside)
                value = seen.at(t.channel + channel, t.z + tap.z * space_z, t.y + tap.y * space_y, t.x + tap.x * space_x);
            right[depth][e % TILE] = value;
        }
        __syncthreads();  // the tiles are whole
        find(p + DEPTH);
        multiply(left, right, sum);
        __syncthreads();  // all have read, and the next positions are known
    }
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    for (int i = 0; i < EACH; i++) {
        for (int j = 0; j < EACH; j++) {
            int row = top + down + i * SIDE, at = first + across + j * SIDE;
            if (row < outputs && at < terms)
                sums[(((long long)part * groups + group) * outputs + row) * terms + at] = sum[i][j];
        }
    }
}

// out = the sum of all parts, in their order.
extern "C" __global__ void sum_parts(const real* sums, real* out, int parts, long long size) {
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= size) return;
    real total = 0;
    for (int part = 0; part < parts; part++) total += sums[part * size + i];
    out[i] = total;
}
