"""Versions of the matrix product, lowest first, one idea a file. `kernels.rung(matmul="1_naive")` runs one.

What each of the CPU's measured, 512³ in float32 on one core of an AMD EPYC (Zen 4, AVX-512) that can do 117 GFLOP/s at
most; `kernelwright bench cpu --only ladder` measures them anew:

    1_naive        0.9 GFLOP/s
    2_order        26 to 36
    3_blocks       65 to 85
    4_registers    85 to 94
    cpu.py         95 to 103

The spread is between runs, on a machine whose caches others share.

On the GPU, rungs 10 and up are for tensor cores, and what `kernels.set_matmul_precision` chooses from. In the
simulator, 256 × 128 × 256, by

    kernelwright trace matmul --rung 10_tf32 --shape 256,128,256 --no-races

and predicted for an H100, 4096³ (each file says how; none has run on one):

                                                    sectors  bank    warp instr.  regis-  shared  predicted
                                                             confl.               ters            ms
    10_tf32           tensor cores, 10 bits          24,576       0      185,632     128   48 KB  0.8 to 1
    11_tf32x3         three products: float32        24,576       0      289,728     211   48 KB  1.4 to 1.6
    12_bf16           7 bits, half the bytes         24,576       0      109,248     219   32 KB  0.8 to 1
    13_rounded_first  bfloat16 in global memory too  28,672       0      129,344     120   48 KB  0.45 to 0.55

Of 24,576 sectors two thirds are the factors' tiles, once for each block that needs them, and the rest is y. Registers
are those of the hungriest layout of the factors, on sm_80 or sm_90; none spills.
"""

# Of rungs that round their factors on purpose: each product of numbers of order 1 is off by 2⁻¹¹ (tf32) or 2⁻⁸ (bf16)
# of its size, √784 = 28 times that after so many terms, and there are 100 000 sums of which one is the worst.
TOLERANCES = {
    "10_tf32": {"rtol": 2e-3, "atol": 0.05},
    "12_bf16": {"rtol": 1e-2, "atol": 0.4},
    "13_rounded_first": {"rtol": 1e-2, "atol": 0.4},
}
