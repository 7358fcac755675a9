"""Versions of the LSTM, lowest first, one idea a file. `kernels.rung(lstm="1_naive")` runs one.

On the CPU, where the numbers of the weight that a step needs

    1_naive       come one by one, with all of the weight read again for each row
    2_vectors     come as vectors, of neighbouring units; all of the weight still for each row
    3_tiles       come as vectors, each read once for four rows
    cpu.py        come from a packed copy, for tiles of more sums, and for all rows of a group while they are near

On the GPU, where a step

    1_naive       is a launch, a thread a unit of a row
    2_tiles       is a launch, a product of tiles that come through shared memory
    3_one_launch  is a round of a loop, of a block for four rows, which reads the whole weight from the cache
    gpu.cu        is one or the other, as the weight is small or large, and loads are of 16 bytes

What the simulator counts of 2 steps of 64 rows of 256 units in float32 (sectors of global memory, passes over the banks
of shared memory, instructions of warps; registers and bytes of shared memory for sm_80), and a step's time on an H100,
predicted, of 64 rows of 64 and of 256 units:

                     sectors      passes   instructions   registers    shared    64        256 units
    1_naive       34,665,472           0      6,686,720          32         0    40 µs     150 µs
    2_tiles          373,760   1,474,560      3,361,792          40     5,440     4 µs       9 µs
    3_one_launch   1,370,112           0      3,316,224          92         0     3 µs      10 µs
    gpu.cu           472,064     868,352      2,485,760          88    11,520     2 µs       6 µs

No rung has run on a GPU yet. A launch counts as 2 µs; Python takes longer to make one, and a step may wait for it.
Of gpu.cu 98,304 sectors are the weight's packing, once for all steps. The naive rung's warps read 32 rows of the weight
at a time, 32 sectors where 4 would do. 2_tiles is bound by shared memory, 3_one_launch by what a multiprocessor gets
from the second-level cache (1 MiB at 64 bytes a cycle), or, where the weight is small, by waiting for it.

    sample = CATALOG["lstm"].sized((2, 64, 256))  # from kernelwright.kernels.operation
    with kernels.using("simulator"), kernels.rung(lstm="2_tiles"), simulator.record(races=False) as reports:
        kernels.lstm(*sample.args)
    print(sum(report.total.sectors for report in reports), sum(report.total.bank_wavefronts for report in reports))

`kernelwright trace lstm --rung 2_tiles --shape 2,64,256 --no-races` shows them line by line.
"""
