// Random masks on the GPU. x is (rows, n): a row is kept or dropped as a whole.

#include "elementwise.cuh"

struct Words {
    unsigned word[4];
};

// Philox-4x32-10 of a counter and a key.
__device__ Words philox(unsigned long long counter, unsigned long long seed) {
    unsigned a = unsigned(counter), b = unsigned(counter >> 32), c = 0, d = 0;
    unsigned k = unsigned(seed), m = unsigned(seed >> 32);
    for (int turn = 0; turn < 10; turn++) {
        unsigned long long one = 0xD2511F53ULL * a, two = 0xCD9E8D57ULL * c;
        a = unsigned(two >> 32) ^ b ^ k;
        b = unsigned(two);
        c = unsigned(one >> 32) ^ d ^ m;
        d = unsigned(one);
        k += 0x9E3779B9U;
        m += 0xBB67AE85U;
    }
    return {{a, b, c, d}};
}

struct Drop {
    unsigned long long limit;
    real scale, kept, dropped;

    __device__ real operator()(real x, unsigned word) const {
        return word < limit ? x * scale + kept : x * real(0) + dropped;
    }
};

// n = 1: a thread takes a counter and the four elements that its words are for.
extern "C" __global__ void drop_elements(const real* x, real* y, long long seed, long long offset, long long limit,
                                         real scale, real kept, real dropped, long long rows, long long counters) {
    Drop drop = {(unsigned long long)limit, scale, kept, dropped};
    FOR_EACH_ELEMENT(t, counters) {
        Words words = philox(offset + t, seed);
        for (int w = 0; w < 4; w++) {
            long long row = t / 16 * 64 + w * 16 + t % 16;
            if (row < rows) y[row] = drop(x[row], words.word[w]);
        }
    }
}

// Each element draws its row's word.
extern "C" __global__ void drop_rows(const real* x, real* y, long long seed, long long offset, long long limit,
                                     real scale, real kept, real dropped, long long n, long long size) {
    Drop drop = {(unsigned long long)limit, scale, kept, dropped};
    FOR_EACH_ELEMENT(i, size) {
        long long row = i / n;
        Words words = philox(offset + row / 64 * 16 + row % 16, seed);
        int w = row / 16 % 4;
        unsigned word = w == 0 ? words.word[0] : w == 1 ? words.word[1] : w == 2 ? words.word[2] : words.word[3];
        y[i] = drop(x[i], word);
    }
}
