// Softmax on the GPU. Arrays are (outer, n, inner), the sums run along n.
//
// _rows: n is the last axis. A block takes a row, its threads walk over it together, neighbours side by side.
// _columns: inner > 1. A thread takes a column; neighbouring threads have neighbouring columns, so each step down
// reads one run of memory.

#include "elementwise.cuh"
#include "softmax/reduce.cuh"

__device__ real row_max(const real* x, long long n) {
    real top = x[0];
    ALONG_THE_ROW(j, n) top = x[j] > top ? x[j] : top;
    return block_max(top);
}

__device__ real column_max(const real* x, long long n, long long inner) {
    real top = x[0];
    for (long long j = 1; j < n; j++) top = x[j * inner] > top ? x[j * inner] : top;
    return top;
}

extern "C" __global__ void softmax_rows(const real* x, real* y, long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        const real* in = x + row * n;
        real* out = y + row * n;
        real top = row_max(in, n), sum = 0;
        ALONG_THE_ROW(j, n) sum += out[j] = exp(in[j] - top);
        sum = block_sum(sum);
        ALONG_THE_ROW(j, n) out[j] /= sum;
    }
}

extern "C" __global__ void softmax_columns(const real* x, real* y, long long columns, long long n, long long inner) {
    FOR_EACH_ELEMENT(c, columns) {
        long long start = c / inner * n * inner + c % inner;
        const real* in = x + start;
        real* out = y + start;
        real top = column_max(in, n, inner), sum = 0;
        for (long long j = 0; j < n; j++) sum += out[j * inner] = exp(in[j * inner] - top);
        for (long long j = 0; j < n; j++) out[j * inner] /= sum;
    }
}

extern "C" __global__ void log_softmax_rows(const real* x, real* y, long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        const real* in = x + row * n;
        real top = row_max(in, n), sum = 0;
        ALONG_THE_ROW(j, n) sum += exp(in[j] - top);
        real lost = log(block_sum(sum));
        ALONG_THE_ROW(j, n) y[row * n + j] = (in[j] - top) - lost;
    }
}

extern "C" __global__ void log_softmax_columns(const real* x, real* y, long long columns, long long n,
                                               long long inner) {
    FOR_EACH_ELEMENT(c, columns) {
        long long start = c / inner * n * inner + c % inner;
        const real* in = x + start;
        real top = column_max(in, n, inner), sum = 0;
        for (long long j = 0; j < n; j++) sum += exp(in[j * inner] - top);
        real lost = log(sum);
        for (long long j = 0; j < n; j++) y[start + j * inner] = (in[j * inner] - top) - lost;
    }
}

extern "C" __global__ void softmax_backward_rows(const real* grad, const real* y, real* grad_x, long long rows,
                                                 long long n) {
    FOR_EACH_ROW(row, rows) {
        long long start = row * n;
        real sum = 0;
        ALONG_THE_ROW(j, n) sum += grad[start + j] * y[start + j];
        sum = block_sum(sum);
        ALONG_THE_ROW(j, n) grad_x[start + j] = y[start + j] * (grad[start + j] - sum);
    }
}

extern "C" __global__ void softmax_backward_columns(const real* grad, const real* y, real* grad_x, long long columns,
                                                    long long n, long long inner) {
    FOR_EACH_ELEMENT(c, columns) {
        long long start = c / inner * n * inner + c % inner;
        real sum = 0;
        for (long long j = 0, e = start; j < n; j++, e += inner) sum += grad[e] * y[e];
        for (long long j = 0, e = start; j < n; j++, e += inner) grad_x[e] = y[e] * (grad[e] - sum);
    }
}

extern "C" __global__ void log_softmax_backward_rows(const real* grad, const real* y, real* grad_x, long long rows,
                                                     long long n) {
    FOR_EACH_ROW(row, rows) {
        long long start = row * n;
        real sum = 0;
        ALONG_THE_ROW(j, n) sum += grad[start + j];
        sum = block_sum(sum);
        ALONG_THE_ROW(j, n) grad_x[start + j] = grad[start + j] - exp(y[start + j]) * sum;
    }
}

extern "C" __global__ void log_softmax_backward_columns(const real* grad, const real* y, real* grad_x,
                                                        long long columns, long long n, long long inner) {
    FOR_EACH_ELEMENT(c, columns) {
        long long start = c / inner * n * inner + c % inner;
        real sum = 0;
        for (long long j = 0, e = start; j < n; j++, e += inner) sum += grad[e];
        for (long long j = 0, e = start; j < n; j++, e += inner) grad_x[e] = grad[e] - exp(y[e]) * sum;
    }
}

// A step of Newton's towards the τ of sparsemax, from the sum and the number of those above the last one: only ever up.
__device__ real next_tau(real tau, real sum, real kept) {
    real next = (sum - 1) / kept;
    return next <= tau ? tau : next;
}

extern "C" __global__ void sparsemax_rows(const real* x, real* y, long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        const real* in = x + row * n;
        real top = row_max(in, n), tau = -1, before, kept = real(n) + 1;
        do {
            before = kept;
            real sum = 0;
            kept = 0;
            ALONG_THE_ROW(j, n) {
                real z = in[j] - top;
                if (z <= tau) continue;  // never a NaN, which so makes τ one
                sum += z;
                kept += 1;
            }
            kept = block_sum(kept);
            tau = next_tau(tau, block_sum(sum), kept);
        } while (kept < before);
        ALONG_THE_ROW(j, n) {
            real z = in[j] - top;
            y[row * n + j] = z <= tau ? real(0) : z - tau;
        }
    }
}

extern "C" __global__ void sparsemax_columns(const real* x, real* y, long long columns, long long n, long long inner) {
    FOR_EACH_ELEMENT(c, columns) {
        long long start = c / inner * n * inner + c % inner;
        const real* in = x + start;
        real top = column_max(in, n, inner), tau = -1, before, kept = real(n) + 1;
        do {
            before = kept;
            real sum = 0;
            kept = 0;
            for (long long j = 0; j < n; j++) {
                real z = in[j * inner] - top;
                if (z <= tau) continue;
                sum += z;
                kept += 1;
            }
            tau = next_tau(tau, sum, kept);
        } while (kept < before);
        for (long long j = 0; j < n; j++) {
            real z = in[j * inner] - top;
            y[start + j * inner] = z <= tau ? real(0) : z - tau;
        }
    }
}

extern "C" __global__ void sparsemax_backward_rows(const real* grad, const real* y, real* grad_x, long long rows,
                                                   long long n) {
    FOR_EACH_ROW(row, rows) {
        long long start = row * n;
        real sum = 0, kept = 0;
        ALONG_THE_ROW(j, n) {
            if (y[start + j] <= 0) continue;
            sum += grad[start + j] + 0 * y[start + j];  // a NaN makes all NaN
            kept += 1;
        }
        sum = block_sum(sum);
        real mean = sum / block_sum(kept);
        ALONG_THE_ROW(j, n) grad_x[start + j] = y[start + j] <= 0 ? real(0) : grad[start + j] - mean;
    }
}

extern "C" __global__ void sparsemax_backward_columns(const real* grad, const real* y, real* grad_x, long long columns,
                                                      long long n, long long inner) {
    FOR_EACH_ELEMENT(c, columns) {
        long long start = c / inner * n * inner + c % inner;
        real sum = 0, kept = 0;
        for (long long j = 0, e = start; j < n; j++, e += inner) {
            if (y[e] <= 0) continue;
            sum += grad[e] + 0 * y[e];
            kept += 1;
        }
        real mean = sum / kept;
        for (long long j = 0, e = start; j < n; j++, e += inner) grad_x[e] = y[e] <= 0 ? real(0) : grad[e] - mean;
    }
}
