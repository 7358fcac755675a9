// What the simulator's benchmark runs beside the library's own kernels: matrix products as a course begins with them.

extern "C" __global__ void naive(const float* a, const float* b, float* c, int n) {
    int row = blockIdx.y * 16 + threadIdx.y, column = blockIdx.x * 16 + threadIdx.x;
    if (row >= n || column >= n) return;
    float sum = 0;
    for (int k = 0; k < n; k++) sum += a[row * n + k] * b[k * n + column];
    c[row * n + column] = sum;
}

// A block computes 16 × 16 elements: tiles of a and b pass through shared memory, 16 terms of the sums at a time.
extern "C" __global__ void tiled(const float* a, const float* b, float* c, int n) {
    __shared__ float tile_a[16][16], tile_b[16][16];
    int x = threadIdx.x, y = threadIdx.y, row = blockIdx.y * 16 + y, column = blockIdx.x * 16 + x;
    float sum = 0;
    for (int t = 0; t < n; t += 16) {
        tile_a[y][x] = row < n && t + x < n ? a[row * n + t + x] : 0;
        tile_b[y][x] = t + y < n && column < n ? b[(t + y) * n + column] : 0;
        __syncthreads();
        for (int k = 0; k < 16; k++) sum += tile_a[y][k] * tile_b[k][x];
        __syncthreads();
    }
    if (row < n && column < n) c[row * n + column] = sum;
}

extern "C" __global__ void histogram(const int* values, int* counts, int size, int bins) {
    extern __shared__ int part[];
    for (int b = threadIdx.x; b < bins; b += blockDim.x) part[b] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < size; i += gridDim.x * blockDim.x)
        atomicAdd(&part[values[i]], 1);
    __syncthreads();
    for (int b = threadIdx.x; b < bins; b += blockDim.x) atomicAdd(&counts[b], part[b]);
}
