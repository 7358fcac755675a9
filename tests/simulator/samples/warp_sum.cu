// The sum of each row by one warp: lanes walk over the row, then halves of the warp meet in shared memory. Between
// the reads and the writes of a step stands __syncwarp, for lanes need not keep step with each other.

extern "C" __global__ void warp_sum(const float* x, float* y, int rows, int columns) {
    __shared__ float shared[4][32];
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, row = blockIdx.x * 4 + warp;
    if (row < rows) {
        float* mine = shared[warp];
        float sum = 0;
        for (int c = lane; c < columns; c += 32) sum += x[row * columns + c];
        mine[lane] = sum;
        __syncwarp();
        for (int half = 16; half > 0; half /= 2) {
            float other = mine[lane ^ half];
            __syncwarp();
            mine[lane] += other;
            __syncwarp();
        }
        if (lane == 0) y[row] = mine[0];
    }
}
