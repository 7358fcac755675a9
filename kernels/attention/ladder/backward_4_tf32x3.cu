// The way back of rung 4, as exact as float32: tensor_backward.cuh with the products of split.cuh. Both own tiles are
// read from shared memory, and split, anew for each tile of the others: registers hold the gradients.
//
// For 16 × 16 pairs a warp moves 26 KB through shared memory by keys and 22 KB by queries, and does 192 and 144 mma.
//
// On an H100 (not run on one yet), 4 × 16 causal heads of 2048 × 64, predicted: instructions, some 1,900 and 1,550 of
// each warp for 16 × 16 pairs in machine code for sm_90, 4 a clock, 2 ms; tensor cores 0.8 ms, or 1.3 at the 60 % of
// their peak that others measured of mma.sync; shared memory 0.9 ms; L2, 2.3 GB at some 5.5 TB/s, 0.4 ms. So
// instructions are the limit: 2 to 2.4 ms. Of backward.cu the simulator counts 6,400 of PTX for 16 × 16 pairs, 3.7 ms,
// and 2,600 passes over the banks, 6 ms if threads that read the same 16 bytes need a pass each.
//
// Measured in the simulator, the small example of __init__.py: 27,272 sectors and 30,464 passes over the banks, a
// seventh of backward.cu's, all needed. Three blocks a multiprocessor; of heads wider than 64 columns four, of half as
// many threads.

#include "attention/ladder/split.cuh"
#include "attention/ladder/tensor_backward.cuh"
