// Softmax on the GPU. Arrays are (outer, n, inner), the sums run along n; teams of threads take the rows, or threads the
// columns, as teams.cuh draws it.
//
// A whole row is read once and written once, which is all that memory has to do for it. Each number of a longer or a split
// one is read twice.

#include "softmax/total.cuh"
#include "teams.cuh"

extern "C" __global__ BOUNDED void softmax(
    const real* x, real* y, Total* parts, long long rows, long long n, long long inner) {
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, inner) {
        Total total = total_of(x, row, v, team);
        if (!team.knows(total, parts, row)) continue;
        real base = total.base(), scale = real(1) / total.sum;
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) v.load(x, row, from, 0);
            FOR_EACH_VALUE(k) v.at[k] = exp(v.at[k] - base) * scale;  // of a whole row, as the sum has it already
            v.store(y, row, from);
        }
    }
}

extern "C" __global__ BOUNDED void log_softmax(
    const real* x, real* y, Total* parts, long long rows, long long n, long long inner) {
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, inner) {
        Total total = total_of(x, row, v, team);
        if (!team.knows(total, parts, row)) continue;
        real lost = log(total.sum);
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) v.load(x, row, from, 0);
            FOR_EACH_VALUE(k) v.at[k] = (v.at[k] - total.top) - lost;
            v.store(y, row, from);
        }
    }
}

extern "C" __global__ BOUNDED void softmax_backward(
    const real* grad, const real* y, real* grad_x, real* parts, long long rows, long long n, long long inner) {
    Team team;
    Values g, v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, inner) {
        real sum = 0;
        FOR_EACH_PIECE_TO_FIND(from, row) {
            g.load(grad, row, from, 0);
            v.load(y, row, from, 0);
            FOR_EACH_VALUE(k) sum += g.at[k] * v.at[k];
        }
        if (!team.knows_sum(sum, parts, row)) continue;
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) g.load(grad, row, from, 0), v.load(y, row, from, 0);
            FOR_EACH_VALUE(k) v.at[k] *= g.at[k] - sum;
            v.store(grad_x, row, from);
        }
    }
}

extern "C" __global__ BOUNDED void log_softmax_backward(
    const real* grad, const real* y, real* grad_x, real* parts, long long rows, long long n, long long inner) {
    Team team;
    Values g, v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, inner) {
        real sum = 0;
        FOR_EACH_PIECE_TO_FIND(from, row) {
            g.load(grad, row, from, 0);
            if (WHOLE) v.load(y, row, from, 0);  // while the sum is made
            FOR_EACH_VALUE(k) sum += g.at[k];
        }
        if (!team.knows_sum(sum, parts, row)) continue;
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) g.load(grad, row, from, 0), v.load(y, row, from, 0);
            FOR_EACH_VALUE(k) g.at[k] -= exp(v.at[k]) * sum;
            g.store(grad_x, row, from);
        }
    }
}

// Newton's steps towards τ, from below: each from the sum and the number of those above the last one.
extern "C" __global__ BOUNDED void sparsemax(const real* x, real* y, long long rows, long long n, long long inner) {
    const real nothing = real(-1) / real(0);
    Team team;
    Values v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, inner) {
        real top = nothing;
        FOR_EACH_PIECE(from, row) {
            v.load(x, row, from, nothing);
            top = v.largest(top);
        }
        top = team.max(top);
        real tau = -1, before;
        Pair above = {0, -nothing};
        do {
            before = above.b;
            above = {0, 0};
            FOR_EACH_PIECE(from, row) {
                if (!WHOLE) v.load(x, row, from, nothing);
                FOR_EACH_VALUE(k) {
                    real z = v.at[k] - top;
                    if (z <= tau) continue;  // never a NaN, which so makes τ one
                    above.a += z;
                    above.b += 1;
                }
            }
            above = team.sum(above);
            real next = (above.a - 1) / above.b;
            if (!(next <= tau)) tau = next;  // only ever up, whatever is rounded: so this ends
        } while (__any_sync(~0u, above.b < before));  // teams of one warp go on together: a step more changes nothing
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) v.load(x, row, from, 0);
            FOR_EACH_VALUE(k) {
                real z = v.at[k] - top;
                v.at[k] = z <= tau ? real(0) : z - tau;
            }
            v.store(y, row, from);
        }
    }
}

extern "C" __global__ BOUNDED void sparsemax_backward(
    const real* grad, const real* y, real* grad_x, long long rows, long long n, long long inner) {
    Team team;
    Values g, v;
    FOR_EACH_ROW_OF_A_TEAM(row, rows, n, inner) {
        Pair kept = {0, 0};
        FOR_EACH_PIECE(from, row) {
            g.load(grad, row, from, 0);
            v.load(y, row, from, 0);
            FOR_EACH_VALUE(k) {
                if (v.at[k] <= 0) continue;
                kept.a += g.at[k] + 0 * v.at[k];  // a NaN makes all NaN
                kept.b += 1;
            }
        }
        kept = team.sum(kept);
        real mean = kept.a / kept.b;
        FOR_EACH_PIECE(from, row) {
            if (!WHOLE) g.load(grad, row, from, 0), v.load(y, row, from, 0);
            FOR_EACH_VALUE(k) v.at[k] = v.at[k] <= 0 ? real(0) : g.at[k] - mean;
            v.store(grad_x, row, from);
        }
    }
}
