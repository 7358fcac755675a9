// The way back of rung 5: tensor_backward.cuh with the products of rounded.cuh. Queries, keys, values and the output's
// gradient are rounded once, in memory of their own, queries as rung 5 rounds them; weights and slopes in registers.
// Scores, exponentials, means and sums are float32.
//
// For 32 × 16 pairs a warp moves 22 KB through shared memory by keys and 18 KB by queries, and does 64 and 48 mma.
//
// On an H100 (not run on one yet), 4 × 16 causal heads of 2048 × 64, predicted: rounding and means, 270 MB of DRAM,
// 0.08 ms; then instructions, some 870 and 670 of each warp for 32 × 16 pairs in machine code for sm_90, 0.45 ms;
// shared memory 0.37 ms; L2, 1.2 GB, 0.2 ms; tensor cores 0.13 ms, or 0.2 at the 60 % of mma.sync. So instructions are
// the limit still: 0.5 to 0.65 ms with all launches, some 150 TFLOP/s of the 86 · 10⁹ operations of five products;
// backward.cu takes 3.7 to 6 ms.
//
// Measured in the simulator, the small example of __init__.py: 4 × 3,072 sectors to round and 17,096 after that, and
// 14,080 passes over the banks, all needed. Three blocks a multiprocessor; two of heads wider than 64 columns.

#include "attention/ladder/rounded.cuh"
#include "attention/ladder/tensor_backward.cuh"
