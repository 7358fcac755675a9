"""Versions of the LSTM, lowest first, one idea a file. `kernels.rung(lstm="1_naive")` runs one.

On the CPU, where the numbers of the weight that a step needs

    1_naive       come one by one, with all of the weight read again for each row
    2_vectors     come as vectors, four gates at a time, but again for each row
    3_tiles       serve four rows each
    cpu.py        serve tiles of more sums, from a packed copy, and all rows of a group while they are near

On the GPU, where a step

    1_naive       is a launch of its own, a thread a unit, which reads all numbers from global memory
    2_tiles       is a product of tiles in shared memory, the gates applied in registers
    3_one_launch  is a round of a loop: a block keeps to its rows, and waits for itself alone
    gpu.cu        reads the weight in vectors of 16 bytes, and keeps its states in shared memory
"""
