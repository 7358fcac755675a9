"""Versions of the convolution, lowest first, one idea a file. `kernels.rung(conv2d="1_naive")` runs one.

On one core that can do 117 GFLOP/s (AMD EPYC, Zen 4), 3×3 windows, by `kernelwright bench cpu`: the rungs forward, of
32 channels of 16², `--only ladder`; the top forward and back, of 64 channels of 32², `--only convolution`:

    1_naive        1.1 GFLOP/s
    2_columns       20             what windows see, as the columns of a matrix: vectors of neighbours
    rows.py         97             a tile of it at a time, multiplied by the matrix product's tile: precision "highest"
    winograd.py    237             36 products where those take 144, counted as if they were as many

On the GPU, of 2 images of 16 channels of 16² and 64 windows of 5×5, float32, as the simulator counts it:

    kernelwright trace conv2d --shape 2,16,16,64,5,1,2,1 --rung 4_registers

Sectors are those of global memory, all of them needed; passes those over the banks of shared memory; instructions
those of warps, 409,600 of which are the multiply-adds; registers are a thread's, shared memory a block's, both on
sm_80. In the last column: for how many results a number of the image is looked up once.

                      sectors   passes  instructions  registers  shared
    1_naive         1,929,216        0     9,479,168         40       0  1, by the thread that computes it
    2_channels        206,336  442,368     4,158,976         56   4,096  8 output channels, which a thread computes
    3_tiles           163,328  921,600     3,892,224         56   2,176  16, in tiles of a matrix product
    4_registers        53,376  293,176     1,268,136        110  10,240  64; 4 × 4 sums a thread; terms in tables
    gpu.cu             40,576  159,508       792,496        159  14,376  64; 8 × 8 sums; the next tile comes meanwhile

What that predicts for 32 × 64 × 32² → 64 channels on an H100 (132 multiprocessors at 1.75 GHz, four instructions and
a pass a clock; 3.35 TB/s), where the arithmetic alone takes 0.10 ms: 1_naive 4.7 ms, by its sectors, if no cache held
any; then 1.2, 1.1, 0.35 and 0.22 ms, by the instructions. None of them has been run on a GPU yet.

3×3 windows in the same units, of 2 images of 64 channels of 16² and 64 windows, by the precision that takes each way;
registers are those of its hungriest kernel:

    kernelwright trace conv2d --shape 2,64,16,64,3,1,1,1 --rung 5_winograd --no-races

                      sectors   passes  instructions  registers  shared  products for 4 × 4 results of a channel
    4_registers        76,288  423,360     1,810,752        110  10,240  144
    gpu.cu             57,856  230,628     1,133,448        159  14,376  144; "highest"
    5_winograd        112,640   88,064       475,776        127  49,152   64, F(2×2) in one kernel; "high"
    (three kernels    198,656  147,456       792,704         95   9,216   64, F(2×2) as ../winograd.cu has it)
    ../winograd.cu    169,984  101,376       627,520         92  36,864   36, F(4×4); "medium"

Rung 5 needs all its passes: no access meets a bank conflict. It reads more sectors than gpu.cu, for a weight has 16
points instead of 9 numbers and tiles overlap, but from the caches. Predicted for an H100 as above, products of matrices
at 80 % of its arithmetic, and nothing lost between launches:

                      32 × 64 × 32² → 64                        32 × 128 × 28² → 128
    gpu.cu             79 µs, instructions                      240 µs, instructions
    5_winograd         33 µs, instructions                       87 µs, instructions
    (three kernels     45 µs, 151 MB of memory                   99 µs, 38 of them 128 MB of memory)
    ../winograd.cu     28 µs, 16 of them 55 MB of memory         59 µs, 25 of them 84 MB of memory

So "high" takes rung 5, "medium" what ../gpu_winograd.py reckons cheaper: of few channels, points of 4×4 tiles
aren't worth moving. Groups of one channel have ../depthwise.cu and ../depthwise_square.cu.

The gradient by the weight has a first rung, too. Of 2 images of 16 channels of 16², 64 windows of 3×3, and predicted
for 32 × 64 × 32² → 64, by sectors that no cache holds, and by instructions:

    kernelwright trace conv2d --shape 2,16,16,64,3,1,1,1 --backward --rung 1_naive --no-races

                      sectors   passes  instructions  registers  shared  H100
    1_naive         1,943,168        0     2,660,544         48       0  4.8 ms: a thread a weight
    gpu.cu             25,920  109,428       545,888        168  19,456  152 µs: tiles, whose terms blocks share
"""
