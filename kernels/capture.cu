// What is new in a step goes to where its graph expects it, by one launch: numbers, which are its argument, so nothing on
// the CPU has to wait, or to stay as it is, until the GPU has read them; and up to four arrays.

struct Words {
    unsigned long long word[64];
};

// 16 bytes at a time, where both begin at a multiple of that and it goes into their size.
__device__ inline void copy(char* to, const char* from, long long bytes) {
    long long first = blockIdx.x * (long long)blockDim.x + threadIdx.x, step = gridDim.x * (long long)blockDim.x;
    if ((reinterpret_cast<unsigned long long>(to) | reinterpret_cast<unsigned long long>(from) | bytes) % 16) {
        for (long long i = first; i < bytes; i += step) to[i] = from[i];
    } else {
        for (long long i = first; i < bytes / 16; i += step)
            reinterpret_cast<uint4*>(to)[i] = reinterpret_cast<const uint4*>(from)[i];
    }
}

extern "C" __global__ void begin(unsigned long long* to, Words words, int count, char* to_0, const char* from_0,
                                 long long bytes_0, char* to_1, const char* from_1, long long bytes_1, char* to_2,
                                 const char* from_2, long long bytes_2, char* to_3, const char* from_3,
                                 long long bytes_3) {
    if (blockIdx.x == 0 && threadIdx.x < count) to[threadIdx.x] = words.word[threadIdx.x];
    copy(to_0, from_0, bytes_0);
    copy(to_1, from_1, bytes_1);
    copy(to_2, from_2, bytes_2);
    copy(to_3, from_3, bytes_3);
}
