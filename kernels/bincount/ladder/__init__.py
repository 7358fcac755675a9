"""Versions of the histogram on the GPU, lowest first. `kernels.rung(bincount="1_atomics")` runs one.

What the simulator counts of 65,536 numbers from 0 to 255: sectors of global memory, instructions of warps, and lanes
that wait for another lane of their warp, which counts the same number, where numbers are drawn evenly and where all
are equal; and the time of 2²⁶ numbers on an H100, predicted, of both: no rung has run on a GPU yet.

                                                  sectors   instructions   lanes that wait     H100
    1_atomics  counters everybody's                68,359         59,392    3,816   63,488     0.5 ms    40 ms
    2_shared   counters a block's                  18,432         35,840    3,816   63,488     0.16 ms    0.3 ms
    gpu.cu     equal numbers of a warp are one     18,432         72,704        0        0     0.16 ms    0.16 ms

The numbers alone are 537 MB, 0.16 ms at 3.35 TB/s. Equal ones are counted one a cycle: by one part of the second-level
cache, 2²⁶ cycles, or by each of 132 multiprocessors. What __match_any_sync takes isn't known here: it counts as an
instruction like another.

    numbers = np.random.default_rng(0).integers(0, 256, 65536)
    with kernels.using("simulator"), kernels.rung(bincount="2_shared"), simulator.record(races=False) as reports:
        kernels.bincount(numbers)
    print(reports[0])
"""

OPERATION = "counts"
