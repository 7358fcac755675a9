// Which tile of y a block takes. Blocks start in the order of their numbers, so neighbours run at the same time and share
// what L2 has brought of the factors. Row by row, those that run together need one or few strips of a, and all of b;
// in groups of GROUP rows, down each column of a group before the next one, they make up a square, and need fewer:
//
//      row by row             in groups of 2
//      0  1  2  3  4  5       0  2  4  6  8 10        of 6 blocks at a time the first need 1 + 6 strips, 2 + 3 here
//      6  7  8  9 10 11       1  3  5  7  9 11
//     12 13 14 15 16 17      12 13 14 15 16 17
//
// What each block reads through L2 remains what it is; what DRAM must give gets less, 2.4 GB for 4.6 of 8192³ in float32 on
// an H100. order.py, this function's twin, counts that. An H100 has 264 blocks of 128 × 128 at a time: 16 × 16.5.
#pragma once

constexpr unsigned GROUP = 16;

struct TilePlace {
    unsigned row, column;
};

__device__ inline TilePlace tile_of_block(unsigned block, unsigned down, unsigned across) {
    unsigned group = down < GROUP ? down : GROUP;
    unsigned first = block / (group * across) * group, within = block % (group * across);
    unsigned height = down - first < group ? down - first : group;  // of the last group
    return {first + within % height, within / height};
}
