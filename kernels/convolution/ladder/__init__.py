"""Versions of the convolution, lowest first, one idea a file. `kernels.rung(conv2d="1_naive")` runs one.

On one core that can do 117 GFLOP/s (AMD EPYC, Zen 4), 3×3 windows, by `kernelwright bench cpu`: the rungs forward, of
32 channels of 16², `--only ladder`; the top forward and back, of 64 channels of 32², `--only convolution`:

    1_naive        1.1 GFLOP/s
    2_columns       20             what windows see, as the columns of a matrix: vectors of neighbours
    rows.py         97             a tile of it at a time, multiplied by the matrix product's tile: precision "highest"
    winograd.py    237             36 products where those take 144, counted as if they were as many

On the GPU, where each number of the image is looked up once for

    1_naive       one result, by the thread that computes it
    2_channels    8 output channels, which a thread computes, with their weights in shared memory
    3_tiles       16 output channels, in tiles of a matrix product
    gpu.cu        64, a thread keeping 4 × 4 sums in registers; terms and positions found in tables
    winograd.cu   3×3 windows: 36 products where those take 144
"""
