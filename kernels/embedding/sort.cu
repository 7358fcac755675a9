// A stable radix sort: positions into the order of their indices, those of equal indices in their own order. DIGITS
// values of a digit at a time, from the lowest digit on:
//
//     count    a block counts its TILE items by digit:               counts[digit][block]
//     scan     a warp a digit: how many lie in the blocks before, and how many in all
//     move     an item goes behind all of smaller digits, then those of its own in the blocks before, in the warps
//              before, and in its warp before it
//
// A warp finds equal digits among its 32 items by one instruction, __match_any_sync: the lowest lane of those counts
// for all of them, so that nothing is added by atomics, and what is where doesn't depend on who came first.

#include "elementwise.cuh"

constexpr int DIGITS = 256, WARPS = 8, ROUNDS = 4;  // a warp takes 32 items a round
constexpr int TILE = WARPS * ROUNDS * 32;
static_assert(DIGITS == WARPS * 32, "a thread a digit");

// What is to be left out comes last: the padding, and indices that aren't in the table, which nobody has looked at.
struct Keys {
    const long long* indices;  // or what earlier rounds made of them: it comes out the same
    long long padding, rows;

    __device__ long long operator()(long long k) const {
        long long index = indices[k];
        return index == padding ? rows : min((unsigned long long)index, (unsigned long long)rows);  // −1 is too large
    }
};

__device__ inline int warp() { return threadIdx.x / 32; }
__device__ inline int lane() { return threadIdx.x % 32; }
__device__ inline int digit_of(long long key, int shift) { return (key >> shift) & (DIGITS - 1); }
// The item of this thread in a round.
__device__ inline long long item(int round) {
    return blockIdx.x * (long long)TILE + (warp() * ROUNDS + round) * 32 + lane();
}

// The sum over this lane and those before it.
__device__ inline long long sum_through(long long value) {
    for (int step = 1; step < 32; step *= 2) {
        long long other = __shfl_up_sync(~0u, value, step);
        if (lane() >= step) value += other;
    }
    return value;
}

// counts[warp][digit] of this block's items.
__device__ inline void count_warps(long long (&counts)[WARPS][DIGITS], const Keys& key, int shift, long long n) {
    for (int w = 0; w < WARPS; w++) counts[w][threadIdx.x] = 0;
    __syncthreads();  // they are 0
    for (int round = 0; round < ROUNDS; round++) {
        long long k = item(round);
        int digit = k < n ? digit_of(key(k), shift) : DIGITS;
        unsigned same = __match_any_sync(~0u, digit);
        if (digit < DIGITS && lane() == __ffs(same) - 1) counts[warp()][digit] += __popc(same);
        __syncwarp();  // the next round's first of that digit may be another lane
    }
    __syncthreads();  // all warps have counted
}

extern "C" __global__ void count(const long long* keys, long long* counts, int shift, long long padding, long long rows,
                                 long long n) {
    __shared__ long long of_warp[WARPS][DIGITS];
    count_warps(of_warp, Keys{keys, padding, rows}, shift, n);
    long long sum = 0;
    for (int w = 0; w < WARPS; w++) sum += of_warp[w][threadIdx.x];
    counts[threadIdx.x * (long long)gridDim.x + blockIdx.x] = sum;
}

extern "C" __global__ void scan(long long* counts, long long* totals, long long blocks) {
    int digit = blockIdx.x * WARPS + warp();
    long long total = 0;
    for (long long first = 0; first < blocks; first += 32) {
        long long b = first + lane(), count = b < blocks ? counts[digit * blocks + b] : 0;
        long long through = sum_through(count);
        if (b < blocks) counts[digit * blocks + b] = total + through - count;
        total += __shfl_sync(~0u, through, 31);
    }
    if (lane() == 0) totals[digit] = total;
}

extern "C" __global__ void move(const long long* keys, const long long* order, const long long* counts,
                                const long long* totals, long long* moved_keys, long long* moved_order, int shift,
                                int has_order, long long padding, long long rows, long long n) {
    __shared__ long long places[WARPS][DIGITS], of_warp[WARPS];
    Keys key{keys, padding, rows};
    count_warps(places, key, shift, n);
    // The thread of a digit: where the items of each warp begin.
    long long total = totals[threadIdx.x], through = sum_through(total);
    if (lane() == 31) of_warp[warp()] = through;
    __syncthreads();  // the sums of 32 digits are there
    long long place = through - total + counts[threadIdx.x * (long long)gridDim.x + blockIdx.x];
    for (int w = 0; w < warp(); w++) place += of_warp[w];
    for (int w = 0; w < WARPS; w++) {
        long long count = places[w][threadIdx.x];
        places[w][threadIdx.x] = place;
        place += count;
    }
    __syncthreads();  // all places are known
    for (int round = 0; round < ROUNDS; round++) {
        long long k = item(round), one = k < n ? key(k) : 0;
        int digit = k < n ? digit_of(one, shift) : DIGITS;
        unsigned same = __match_any_sync(~0u, digit);
        if (digit < DIGITS) {
            long long to = places[warp()][digit] + __popc(same & ((1u << lane()) - 1));
            moved_keys[to] = one;
            moved_order[to] = has_order ? order[k] : k;
        }
        __syncwarp();  // all have read their place
        if (digit < DIGITS && lane() == __ffs(same) - 1) places[warp()][digit] += __popc(same);
        __syncwarp();  // it is that of the next round
    }
}

// Where each row begins among the sorted keys; after the last row, where it ends. By bisection.
extern "C" __global__ void find_starts(const long long* keys, long long* starts, long long n, long long size) {
    FOR_EACH_ELEMENT(row, size) {
        long long low = 0, high = n;
        while (low < high) {
            long long middle = (low + high) / 2;
            if (keys[middle] >= row)
                high = middle;
            else
                low = middle + 1;
        }
        starts[row] = low;
    }
}
