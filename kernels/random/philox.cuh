// Random words (random/__init__.py) for any kernel that drops.
#pragma once

struct Words {
    unsigned word[4];
};

// Philox-4x32-10 of a counter and a key.
__device__ inline Words philox(unsigned long long counter, unsigned long long seed) {
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

// In a captured step, whose launches are repeated as they are, the seed and what is to be added to the offset lie in the
// device's memory, and `place` points to them; elsewhere it is null.
__device__ inline void take(const long long* place, long long& seed, long long& offset) {
    if (place) {
        seed = place[0];
        offset += place[1];
    }
}

// word[w], without an address in memory
__device__ inline unsigned word_of(const Words& x, int w) {
    return w == 0 ? x.word[0] : w == 1 ? x.word[1] : w == 2 ? x.word[2] : x.word[3];
}
