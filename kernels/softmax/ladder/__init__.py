"""Versions of softmax on the GPU, lowest first, one idea a file. `kernels.rung(softmax="2_shared")` runs one.

    1_naive       a thread a row
    2_shared      a block a row: a warp reads neighbours; maxima and sums meet in shared memory
    3_shuffles    a warp a row: they meet by shuffles, without a barrier
    4_online      maximum and sum in one pass, by loads of 16 bytes
    gpu.cu        the row stays in registers; few threads a row, a warp or a block, as its length wants (teams.cuh);
                  few long rows are split among many blocks, in two launches

What they do with 64 rows of 1024 float32, which lie in 8,192 sectors of 32 bytes, as the simulator counts it
(`kernelwright trace softmax --rung 1_naive --shape 64,1024 --no-races`, without `--rung` the top, with `--backward` the
gradient; registers are sm_80's):

                 sectors                    warp          registers,      shared memory:
                 forward      gradient      instructions  shared bytes    passes, conflicts
    1_naive      262,144 32×  327,680 40×      95,982     32      –            –
    2_shared      33,280  4×   40,960  5×     277,504     29  8,192        6,656, none
    3_shuffles    32,832  4×   40,960  5×     106,112     48      –            –
    4_online      24,576  3×        –          95,232     56      –            –
    gpu.cu        16,384  2×   24,576  3×      53,504     63      –            –

Of 2 rows of 131072 (--shape 2,131072; 32,768 sectors), which are split, the first launch of 64 blocks reads these and
writes 128 of what it found; the second moves 65,536 and reads 1,024 of that.

Predicted for an H100 (3.35 TB/s) and 16384 rows of 4096, 268 MB, not measured on one yet. What a rung reads again may
come from the caches: 132 multiprocessors hold 1,056 rows of 16 KB at a time, a third of the second-level cache.

                 bytes asked for    time if all come from memory    if each number comes once: 160 µs, and then
    1_naive      1.07 GB            320 µs                          some 2 ms: too few threads for 3 × 4096 steps
    2_shared     1.07 GB            320 µs                          20 barriers a row stand between the loads
    3_shuffles   1.07 GB            320 µs                          a warp waits for four loads of 128 bytes at a time
    4_online     0.81 GB            240 µs                          it waits for 512 bytes a load
    gpu.cu       0.54 GB            160 µs                          nothing is read again

And for 4 rows of 1048576, 17 MB each way: 4 blocks of 512 threads, with 32 KB each on their way, would need 0.2 to
0.3 ms. Split into 256 parts each, 1,024 blocks: 15 µs, of which 10 for moving it, if the cache serves the second read.
"""
