// Numbers into the device's memory, by the launch itself: they are its argument, so nothing on the CPU has to wait, or
// to stay as it is, until the GPU has read them.

struct Words {
    unsigned long long word[64];
};

extern "C" __global__ void store(unsigned long long* to, Words words, int count) {
    if (threadIdx.x < count) to[threadIdx.x] = words.word[threadIdx.x];
}
