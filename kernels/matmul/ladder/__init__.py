"""Versions of the matrix product, lowest first, one idea a file. `kernels.rung(matmul="1_naive")` runs one.

What each of the CPU's measured, 512³ in float32 on one core of an AMD EPYC (Zen 4, AVX-512) that can do 117 GFLOP/s at
most; `kernelwright bench cpu --only ladder` measures them anew:

    1_naive        0.9 GFLOP/s
    2_order        26 to 36
    3_blocks       65 to 85
    4_registers    85 to 94
    cpu.py         95 to 103

The spread is between runs, on a machine whose caches others share.
"""
