// Rung 3: the same with one number more in each row of the tile, so that those of a column lie in 32 banks: 4,096 passes
// for 256 × 256. What is left is memory's, 0.16 ms for 8192 × 8192 on an H100, and almost as long to issue the
// instructions, 119,808 of warps here. Not run on a GPU yet.
//
//     row 0    bank   0  1  2 … 31 │ 0
//     row 1           1  2  3 …  0 │ 1
//     row 2           2  3  4 …  1 │ 2

#include "softmax/reduce.cuh"
#include "transpose/tiles.cuh"

extern "C" __global__ void transpose(const real* x, real* out, long long rows, long long columns, long long tiles) {
    FOR_EACH_ROW(number, tiles) {
        Tile<32> tile(number, rows, columns);
        turn_in_shared_memory<32, 1>(tile, x + tile.start, out + tile.start, rows, columns);
    }
}
