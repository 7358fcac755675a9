"""Versions of the gradient of `embedding` on the GPU, lowest first. `kernels.rung(embedding="1_atomics")` runs one.

A row of the table gets the sum of the gradient's rows at the positions that name it. What the simulator counts of 2048
positions of a table of 100 × 128, in float32: sectors of global memory, instructions of warps, and the longest chain,
additions to one number that wait for each other, where indices are drawn evenly and where all are equal.

                                              sectors   instructions   longest chain     H100, drawn evenly and equal
    1_atomics  a thread a number               73,728        499,712       32   2048        0.3 ms          ≥ 0.6 ms
    2_sorted   sorted; a block a row           57,974        283,366       32   2048        0.2 ms            100 ms
    gpu.cu     sorted; a block 32 positions    53,085        372,322       32     66        0.2 ms            0.2 ms

The times are predictions, for 2²⁰ positions of 10000 × 128; no rung has run on a GPU yet. The gradient alone is 537 MB,
0.16 ms at 3.35 TB/s; what is sorted, twice 8 bits of 16 bytes a position, adds some 0.03 ms. Equal indices are 2²⁰
additions in a chain: at best one a cycle in the second-level cache, 0.6 ms; in rung 2, whose block waits for memory
every few positions, some 0.1 µs each. The top's chains are 32 positions, then 32 pieces of 32, then 32 of those, ….

    rng = np.random.default_rng(0)
    grad, table = rng.standard_normal((2048, 128), np.float32), np.empty((100, 128), np.float32)
    with kernels.using("simulator"), kernels.rung(embedding="2_sorted"), simulator.record(races=False) as reports:
        kernels.embedding_backward(grad, rng.integers(0, 100, 2048), table)
    print(sum(report.total.sectors for report in reports), sum(report.instructions for report in reports))

1_atomics adds in the order in which threads come, which on a GPU differs from run to run: its last bits do, too, and it
is held against the definition to the operation's tolerance only. The other two give the same bits in every run.
"""

OPERATION = "embedding"
