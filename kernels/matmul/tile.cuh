// What a block of the matrix product does: a tile of y, the sums of which its threads hold in registers.
//
// Step by step along the terms, DEPTH of them, the block copies a strip of a and a strip of b into shared memory:
// those of the next step are on their way (cp.async) while this step's are multiplied. Both strips lie there term by
// term, for then neighbouring rows of a, like neighbouring columns of b, are one vector of 16 bytes.
//
//                strip of b                  The tile is shared out among warps, a warp's part (▒) among its lanes, 4
//               ┌───────────────┐            down and 8 across. In steps of 4 × 8 vectors a lane takes V rows and V
//               │   ░░░░░░░     │            columns (▓), so that the vectors which 8 lanes read lie side by side: no
//               └───────────────┘            two of them in the same bank, and what a warp writes to y fills whole
//    ┌──┐       ┌───────────────┐            lines of 128 bytes.
//    │  │       │   ┌───────┐   │
//    │░░│       │   │▓▒▒▒▓▒▒│   │            A thread with 8 × 8 elements reads 8 + 8 numbers, 4 vectors, for 64
//    │░░│       │   │▒▒▒▒▒▒▒│   │            multiply-adds.
//    │░░│       │   │▓▒▒▒▓▒▒│   │
//    │  │       │   └───────┘   │            The strips' rows are 16 bytes longer than the tile: 8 terms of 4 lines,
//    └──┘       └───────────────┘            copied one by one, get to 32 different banks.
//  strip of a
//
// Beyond the edges strips hold zeros, which add nothing to the sums; only elements inside are to be stored.
//
// Of small products a block is often alone on its multiprocessor and waits for memory at each step. TEAMS of THREADS
// threads then share the terms of its tile: each takes every TEAMS-th step, with strips and sums of its own, which are
// added up in shared memory at the end.
#pragma once
#include "copies.cuh"
#include "matmul/matrices.cuh"

// The tile of a block and that of a thread; launch code may say others (table.py: Tile).
#ifndef TILE_ROWS
#define TILE_ROWS 64
#define TILE_COLUMNS 64
#define THREAD_ROWS 8
#define THREAD_COLUMNS 4
#endif
#ifndef TEAMS
#define TEAMS 1
#endif

constexpr int WARP_ROWS = 4 * THREAD_ROWS, WARP_COLUMNS = 8 * THREAD_COLUMNS;
constexpr int WARPS_ACROSS = TILE_COLUMNS / WARP_COLUMNS;
constexpr int THREADS = 32 * (TILE_ROWS / WARP_ROWS) * WARPS_ACROSS;  // of a team
constexpr int DEPTH = 64 / sizeof(real);  // 64 bytes of a row of a: whole sectors

// The thread's elements: [i][j] is that of row top + row(i) and column left + column(j).
struct Sums {
    real at[THREAD_ROWS][THREAD_COLUMNS];
    // Where the thread begins. Lanes that differ in one of the two lowest bits share a vector of b, or of a.
    int down = threadIdx.x / 32 / WARPS_ACROSS * WARP_ROWS + (threadIdx.x % 2 + threadIdx.x % 32 / 16 * 2) * V;
    int across = threadIdx.x / 32 % WARPS_ACROSS * WARP_COLUMNS + threadIdx.x % 16 / 2 * V;

    __device__ int row(int i) const { return down + i / V * 4 * V + i % V; }
    __device__ int column(int j) const { return across + j / V * 8 * V + j % V; }
};

// A team's strips: this step's, and those on their way.
struct alignas(16) Strips {
    real a[2][DEPTH][TILE_ROWS + V], b[2][DEPTH][TILE_COLUMNS + V];
};
#if TEAMS > 1  // more than a block has unless it asks (table.py: Tile.shared)
extern __shared__ Strips strips[];
#define TEAM threadIdx.y
#else
#define TEAM 0
#endif

// How a thread copies its share of an operand's strips, one after the other.
template <int LINES>
struct Copies {
    const Operand& from;
    bool vectors, along_terms;
    int line, depth, lines;  // where the thread begins in a strip; how many lines there are from the block's first on
    const real* place;       // what it copies there next

    __device__ Copies(const Operand& operand, long long first) : from(operand) {
        vectors = from.line_stride == 1 && from.lines % V == 0 && from.term_stride % V == 0 && is_aligned(from.data);
        along_terms = from.term_stride == 1;
        lines = min(from.lines - first, (long long)LINES);
        // Neighbouring threads take neighbouring addresses: V lines each, or 8 terms, a sector, of each line.
        int across = LINES / V;
        line = vectors ? threadIdx.x % across * V : along_terms ? threadIdx.x / 8 : threadIdx.x % LINES;
        depth = vectors ? threadIdx.x / across : along_terms ? threadIdx.x % 8 : threadIdx.x / LINES;
        place = from.data + (first + line) * from.line_stride + (TEAM * DEPTH + depth) * from.term_stride;
    }

    // Starts to copy the next strip, of which so many terms are left.
    __device__ void start(real (&strip)[DEPTH][LINES + V], int terms) {
        if (vectors)
            start_lines<V>(strip, terms);
        else if (along_terms)
            start_terms(strip, terms);
        else
            start_lines<1>(strip, terms);
        place += TEAMS * DEPTH * from.term_stride;
    }

    template <int WIDTH>
    __device__ void start_lines(real (&strip)[DEPTH][LINES + V], int terms) {
        constexpr int DOWN = THREADS * WIDTH / LINES;
        int inside = line < lines ? WIDTH * sizeof(real) : 0;
        const real* next = place;
#pragma unroll
        for (int down = 0; down < DEPTH; down += DOWN, next += DOWN * from.term_stride)
            start_copy<WIDTH * sizeof(real)>(&strip[depth + down][line], next, depth + down < terms ? inside : 0);
    }

    __device__ void start_terms(real (&strip)[DEPTH][LINES + V], int terms) {
        constexpr int ACROSS = THREADS / 8;
        const real* next = place;
#pragma unroll
        for (int across = 0; across < LINES; across += ACROSS, next += ACROSS * from.line_stride)
#pragma unroll
            for (int down = 0; down < DEPTH; down += 8) {
                bool inside = line + across < lines && depth + down < terms;
                start_copy<sizeof(real)>(&strip[depth + down][line + across], next + down, inside ? sizeof(real) : 0);
            }
    }
};

struct Nothing {
    template <typename Strip>
    __device__ void operator()(const Strip&) const {}
};

// The team's sums of a tile of matrix s of each stack; `also` sees each of its strips of a. Every thread of the block must
// call.
template <typename Also = Nothing>
__device__ Sums tile_sums(const Matrices& a, const Matrices& b, long long s, long long top, long long left,
                          long long rows, long long terms, long long columns, Also also = {}) {
#if TEAMS == 1
    __shared__ Strips strips[1];
#endif
    Strips& own = strips[TEAM];
    Sums sums = {};
    Operand of_a = rows_of(a, s, rows, terms), of_b = columns_of(b, s, terms, columns);
    Copies<TILE_ROWS> copies_of_a(of_a, top);
    Copies<TILE_COLUMNS> copies_of_b(of_b, left);
    long long steps = (terms + TEAMS * DEPTH - 1) / (TEAMS * DEPTH);
    for (long long step = -1; step < steps; step++) {  // the first round only copies
        int now = step & 1;
        wait_for_copies();
        __syncthreads();  // this step's strips are whole, and nobody reads the others any more
        if (step + 1 < steps) {
            int ahead = min(terms - ((step + 1) * TEAMS + TEAM) * DEPTH, (long long)DEPTH);  // none: zeros
            copies_of_a.start(own.a[!now], ahead);
            copies_of_b.start(own.b[!now], ahead);
        }
        if (step < 0) continue;
        also(own.a[now]);
#pragma unroll
        for (int depth = 0; depth < DEPTH; depth++) {
            Vector from_a[THREAD_ROWS / V], from_b[THREAD_COLUMNS / V];
            for (int i = 0; i < THREAD_ROWS / V; i++)
                from_a[i] = *reinterpret_cast<Vector*>(&own.a[now][depth][sums.row(i * V)]);
            for (int j = 0; j < THREAD_COLUMNS / V; j++)
                from_b[j] = *reinterpret_cast<Vector*>(&own.b[now][depth][sums.column(j * V)]);
            for (int i = 0; i < THREAD_ROWS; i++)
                for (int j = 0; j < THREAD_COLUMNS; j++)
                    sums.at[i][j] += from_a[i / V].at[i % V] * from_b[j / V].at[j % V];
        }
    }
    return sums;
}
