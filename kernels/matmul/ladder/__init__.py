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

# Of rungs that round their factors on purpose: each product of numbers of order 1 is off by 2⁻¹¹ (tf32) or 2⁻⁸ (bf16)
# of its size, √784 = 28 times that after so many terms, and there are 100 000 sums of which one is the worst.
TOLERANCES = {
    "10_tf32": {"rtol": 2e-3, "atol": 0.05},
    "12_bf16": {"rtol": 1e-2, "atol": 0.4},
}
