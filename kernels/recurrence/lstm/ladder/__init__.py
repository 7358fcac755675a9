"""Versions of the LSTM, lowest first, one idea a file. `kernels.rung(lstm="1_naive")` runs one.

On the CPU, where the numbers of the weight that a step needs

    1_naive       come one by one, with all of the weight read again for each row
    cpu.py        come as vectors from a packed copy, each read once for a tile of rows

On the GPU, where a step

    1_naive       is a launch of its own
    gpu.cu        is a round of a loop, behind a barrier
"""
