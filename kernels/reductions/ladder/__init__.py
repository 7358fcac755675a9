"""Versions of a sum on the GPU, lowest first, one idea a file. `kernels.rung(sum="2_shared")` runs one.

    1_naive       a thread a result
    2_shared      a block a row, or 32 columns, whose threads' sums meet in shared memory
    3_split       a long row, or long columns, split among blocks; a second launch adds their sums
    gpu.cu        loads of 16 bytes, eight numbers a thread on their way before one is added; a warp for short rows,
                  which needs no barrier

What they do with 64 rows of 1024 float32, with 64 columns of 1024 (8,192 sectors of 32 bytes each), and with one row of
65,536, as the simulator counts it; shared memory is free of conflicts in all. Registers are sm_80's, of rows and of
columns; shared bytes, too.

                 rows: sectors,     columns: sectors,  one row: sectors,        registers,
                 instructions       instructions       blocks × threads         shared bytes
    1_naive      65,544   10,908    8,200   10,908     65,537   1 × 128 (one)   28           –
    2_shared      8,256   88,320    8,200    9,336      8,193   1 × 256         17, 32       4,096, 1,024
    3_split       8,256   94,592    8,264   16,624      8,211  16 × 256         30, 28       4,096, 1,024
    gpu.cu        8,256   13,376    8,456   43,556      8,211  16 × 256         32, 32       256, 1,024

    kernelwright trace sum --rung 2_shared --shape 64,1024,1 --no-races       # rows; 1024,64,0: columns; 1,65536,1

Predicted for an H100 (3.35 TB/s) and 16 million numbers in one row, 67 MB, 20 µs to read; not measured on one yet:

    1_naive       some seconds      one thread's loads, one after the other
    2_shared      some 10 ms        one block's: 256 × 4 bytes wait for each other 65,536 times
    3_split       30 to 40 µs       1,024 blocks, but few bytes a thread on their way; and a second launch
    gpu.cu        23 to 25 µs       32 bytes a thread on their way
"""

OPERATION = "sum"
