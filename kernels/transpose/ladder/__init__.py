"""Versions of the transpose, lowest first. `kernels.rung(transpose="1_naive")` runs one.

On the CPU, 1_naive writes each number into another line of the cache; cpu.py turns tiles in registers, line by line.

On the GPU, what the simulator counts of 256 × 256 in float32 (sectors of global memory, passes over the banks of shared
memory, instructions of warps; registers and bytes of shared memory for sm_80), and the time of 8192 × 8192 on an H100,
predicted: no rung has run on a GPU yet.

                                        sectors   passes   instructions   registers   shared     H100
    1_naive    a thread a number         73,728        0        196,608          40        0     0.4 ms
    2_tiles    through shared memory     16,384   67,584        122,368          32    4,096     0.3 ms
    3_padded   a gap after each row      16,384    4,096        119,808          32    4,224     0.16 to 0.2 ms
    gpu.cu     squares in registers      16,384        0         29,184          56   16,640     0.16 ms

16,384 sectors are each number read once and written once, 0.16 ms at 3.35 TB/s for the large one. The shared memory of
gpu.cu is for sizes and addresses that aren't multiples of 16 bytes. The lower rungs' times are what their own limit
takes: the second-level cache's 5.5 TB/s; a pass a cycle for each of 132 multiprocessors; four instructions a cycle.

    kernelwright trace transpose --rung 2_tiles --shape 256,256
"""
