"""Versions of layer norm on the GPU, lowest first, one idea a file. `kernels.rung(layer_norm="2_shared")` runs one.

    1_naive       a thread a row; for the gradients of weight and bias a thread a column
    2_shared      a block a row, whose sums meet in shared memory; blocks of 32 columns for weight and bias
    gpu.cu        the row stays in registers between what must be known of it and the result, in the way back with the
    backward.cu   gradient beside it; the sums for weight and bias stay there, too, over all rows that a team has

What they do with 1024 rows of 256 float32, 32,768 sectors of 32 bytes, as the simulator counts it (`kernelwright trace
layer_norm --rung 1_naive --shape 1024,256 --no-races`, without `--rung` the top, with `--backward` the gradients).
Weight and bias are counted for each row, though they come from the cache. Shared memory is free of conflicts in all.

                 forward: sectors,      gradients: sectors,    registers,        shared bytes
                 instructions           instructions           forward, back     forward, back
    1_naive      1,064,960     185,600  1,942,720    396,128   25, 30            –
    2_shared       196,608   3,309,568    392,256  5,482,828   23, 32            4,096, 4,096
    top            131,072     302,080    178,240    647,232   40, 56            –, 16,384

Of the top's 131,072 a quarter each is x, y, weight and bias. Its way back finds the statistics anew in a launch of its
own unless it is given them, as layers do (35,840 of the 178,240); then it reads grad, x and weight and writes x's
gradient once (138,240, of which 7,168 are statistics and partial sums), and adds the partial sums up (4,160).

Predicted for the gradients on an H100 (3.35 TB/s), statistics given, of 16384 rows of 4096: three times 268 MB, 240 µs;
not measured on one yet.

    1_naive      some 5 ms         16,384 threads for rows, 4,096 for columns: too few to hide their loads' latency
    2_shared     400 to 560 µs     grad and x are read three times, once of these from the cache if all goes well
    top          250 to 300 µs     once; 264 blocks' partial sums are 9 MB, which stay in the second-level cache

Rows that a block can't hold (of more than 32,768 numbers; in the way back, 8,192) are read twice: for what must be
known of a row, then for the result. In the way back that is two launches, the second of which has the sums for weight
and bias, too: of 64 rows of 1048576 it is five times 268 MB, 400 µs. Sums in a walk of their own along columns would
make it seven times.
"""

OPERATION = "layer_norm"
