// Random masks on the GPU. x is (rows, n): a row is kept or dropped as a whole.

#include "elementwise.cuh"
#include "random/philox.cuh"

struct Drop {
    unsigned long long limit;
    real scale, kept, dropped;

    __device__ real operator()(real x, unsigned word) const {
        return word < limit ? x * scale + kept : x * real(0) + dropped;
    }
};

// n = 1: a thread takes a counter and the four elements that its words are for.
extern "C" __global__ void drop_elements(const real* x, real* y, long long seed, long long offset, long long limit,
                                         real scale, real kept, real dropped, const long long* place, long long rows,
                                         long long counters) {
    take(place, seed, offset);
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
                                     real scale, real kept, real dropped, const long long* place, long long n,
                                     long long size) {
    take(place, seed, offset);
    Drop drop = {(unsigned long long)limit, scale, kept, dropped};
    FOR_EACH_ELEMENT(i, size) {
        long long row = i / n;
        Words words = philox(offset + row / 64 * 16 + row % 16, seed);
        y[i] = drop(x[i], word_of(words, row / 16 % 4));
    }
}
