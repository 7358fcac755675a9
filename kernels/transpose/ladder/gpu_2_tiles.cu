// Rung 2: a tile of 32 × 32 comes through shared memory. It is read along rows and written along rows: whole sectors in
// both, since shared memory can be read in any direction.
//
// But in a column of the tile all numbers lie in one bank: 32 passes for what should take one. Of 256 × 256 the simulator
// counts 16,384 sectors, and 67,584 passes where 4,096 would do; of 8192 × 8192 that is 0.3 ms on an H100, while memory
// would take 0.16 ms. Not run on a GPU yet.

#include "softmax/reduce.cuh"
#include "transpose/tiles.cuh"

extern "C" __global__ void transpose(const real* x, real* out, long long rows, long long columns, long long tiles) {
    FOR_EACH_ROW(number, tiles) {
        Tile<32> tile(number, rows, columns);
        turn_in_shared_memory<32, 0>(tile, x + tile.start, out + tile.start, rows, columns);
    }
}
