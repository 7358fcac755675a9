// Losses of whole sets on the GPU.

#include "elementwise.cuh"
#include "softmax/reduce.cuh"

// A block a part of a row: Σ t x, Σ x and Σ t of it.
extern "C" __global__ void overlap_sums(const real* x, const real* t, real* sums, long long part, long long parts,
                                        long long rows, long long n) {
    FOR_EACH_ROW(piece, rows * parts) {
        long long row = piece / parts, first = piece % parts * part;
        real shared = 0, all_x = 0, all_t = 0;
        long long count = n - first > part ? part : n - first;
        ALONG_THE_ROW(j, count) {
            long long i = row * n + first + j;
            shared += x[i] * t[i], all_x += x[i], all_t += t[i];
        }
        shared = block_sum(shared), all_x = block_sum(all_x), all_t = block_sum(all_t);
        if (threadIdx.x == 0) {
            real* mine = sums + 3 * piece;
            mine[0] = shared, mine[1] = all_x, mine[2] = all_t;
        }
    }
}

// A block a row: its loss, and what its gradient is made of.
extern "C" __global__ void overlap(const real* sums, real factor, real both, real of_x, real of_t, real eps, real scale,
                                   real* loss, real* slopes, long long parts, long long rows) {
    FOR_EACH_ROW(row, rows) {
        double shared = 0, all_x = 0, all_t = 0;
        ALONG_THE_ROW(j, parts) {
            const real* of_part = sums + 3 * (row * parts + j);
            shared += of_part[0], all_x += of_part[1], all_t += of_part[2];
        }
        shared = block_sum(shared), all_x = block_sum(all_x), all_t = block_sum(all_t);
        double above = factor * shared + eps, below = both * shared + of_x * all_x + of_t * all_t + eps;
        if (threadIdx.x == 0) {
            loss[row] = 1 - above / below;
            slopes[2 * row] = scale * (factor * below - both * above) / (below * below);
            slopes[2 * row + 1] = scale * of_x * above / (below * below);
        }
    }
}

extern "C" __global__ void overlap_gradient(const real* t, const real* slopes, real* gradient, long long length,
                                            long long n) {
    FOR_EACH_ELEMENT(i, n) gradient[i] = slopes[i / length * 2 + 1] - slopes[i / length * 2] * t[i];
}

// A block a row of similarities.
extern "C" __global__ void circle(const real* similarity, const long long* labels, const long long* of_columns,
                                  int itself, real gamma, real margin, real scale, real* loss, real* gradient,
                                  int wants_gradient, long long rows, long long n) {
    real none = -(real(1) / real(0));
    FOR_EACH_ROW(row, rows) {
        const real* s = similarity + row * n;
        auto alike = [=](long long j) { return labels[row] == of_columns[j]; };
        auto counts = [=](long long j) { return itself || j != row; };
        auto apart = [=](long long j) { return s[j] > 1 ? real(0) : real(1) - s[j]; };
        auto logit = [=](long long j) {
            real d = apart(j), left = real(1) + margin - d;
            if (alike(j)) return -gamma * (margin + d) * (margin - d);
            return gamma * (left > 0 ? left : real(0)) * (real(1) - margin - d);
        };
        real same = none, differ = none, total_same = 0, total_differ = 0;
        ALONG_THE_ROW(j, n) {
            real z = counts(j) ? logit(j) : none;
            if (alike(j)) same = z > same ? z : same;
            else differ = z > differ ? z : differ;
        }
        same = block_max(same), differ = block_max(differ);
        ALONG_THE_ROW(j, n) if (counts(j)) {
            if (alike(j)) total_same += exp(logit(j) - same);
            else total_differ += exp(logit(j) - differ);
        }
        total_same = block_sum(total_same), total_differ = block_sum(total_differ);
        real sum = none;
        if (total_same > 0 && total_differ > 0) sum = same + log(total_same) + differ + log(total_differ);
        if (threadIdx.x == 0) loss[row] = (sum > 0 ? sum : real(0)) + log1p(exp(-fabs(sum)));
        real slope = scale / (real(1) + exp(-sum));
        if (wants_gradient) ALONG_THE_ROW(j, n) {
            real d = apart(j), by_d = real(1) + margin - d > 0 ? 2 * gamma * (d - real(1)) : real(0);
            by_d = alike(j) ? 2 * gamma * d : by_d;
            real share = alike(j) ? exp(logit(j) - same) / total_same : exp(logit(j) - differ) / total_differ;
            bool moves = counts(j) && sum > none && !(s[j] > 1);
            gradient[row * n + j] = moves ? -slope * share * by_d : real(0);
        }
    }
}
