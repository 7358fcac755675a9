"""Versions of the convolution, lowest first, one idea a file. `kernels.rung(conv2d="1_naive")` runs one.

On the GPU, where each number of the image is looked up once for

    1_naive       one result, by the thread that computes it
    2_channels    8 output channels, which a thread computes, with their weights in shared memory
    3_tiles       16 output channels, in tiles of a matrix product
    gpu.cu        64, a thread keeping 4 × 4 sums in registers; terms and positions found in tables
    winograd.cu   3×3 windows: 36 products where those take 144
"""
