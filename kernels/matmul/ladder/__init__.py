"""Versions of the matrix product, lowest first, one idea a file. `kernels.rung(matmul="1_naive")` runs one.

What each of the CPU's measured, 512³ in float32 on one core of an AMD EPYC (Zen 4, AVX-512) that can do 117 GFLOP/s at
most; `kernelwright bench cpu --only ladder` measures them anew:

    1_naive        0.9 GFLOP/s
    2_order        26 to 36
    3_blocks       65 to 85
    4_registers    85 to 94
    cpu.py         95 to 103

The spread is between runs, on a machine whose caches others share.

The GPU's, in float32, none of them run on a GPU yet. For 256³ the simulator counts sectors of global memory and passes
over the banks of shared memory; registers and shared memory are a thread's and a block's for sm_80. It is what

    kernelwright trace matmul --rung 7_conflicts --shape 256,256,256 --no-races

prints. Passes needed are the lanes' bytes, by 128: as many as there are without conflicts, for 16-byte reads go by
quarters of a warp (the report's "needed" is less: a number that several lanes read, it counts once).
"Instr." are PTX's for 32 multiply-adds, of many terms (128,512,128 less 128,256,128): 1.0 is nothing but
arithmetic. The time is that of 4096³ on an H100 by a roofline: 132 multiprocessors at 1.98 GHz do in each cycle 4
instructions of a warp, one pass over the banks, or one line of L1. Latency, which double buffering (9) is for, isn't
part of it.

                    idea                               sectors  passes (needed)    instr.  regs  shared   4096³
    1_naive         an element a thread             17,367,040          0            6.3    40       0   271 ms, L1
    2_coalesced     neighbours take neighbours       2,629,632          0            6.3    40       0    16 ms, L1
    3_shared        tiles in shared memory             139,264  1,081,344 (all)      3.9    38   8,192    17 ms, banks
    4_registers     8 elements a thread                 73,728    606,208 (all)      3.0    55   4,096   9.5 ms, banks
    5_square        8 × 8 elements a thread             98,304    364,544 (139,264)  1.9   124   8,192   5.7 ms, banks
    6_vectors       16 bytes an instruction             49,152    208,896 (139,264)  1.24  122   8,192   3.3 ms, banks
    7_conflicts     no bank conflicts                   40,960    139,264 (all)      1.23  122   8,448   2.5 ms, issue
    8_warps         a warp's part nearly square         40,960    139,264 (all)      1.23  124   8,448   2.5 ms, issue
    9_async         copies that nobody waits for        40,960    139,264 (all)      1.25  117  33,792   2.5 ms, issue
    gpu.cu          9, with tiles chosen by table.py; dots.cu for few rows

40,960 sectors are what 128 × 128 tiles must read, and y. 4096³ are 2.05 ms of nothing but multiply-adds. In machine
code for sm_90 (nvdisasm) a step of 9, 16 terms, is some 1,220 instructions, of which 1,024 are FFMA and 64 are reads
of shared memory: 84 %. With 1,024 blocks in 264 places, 3.9 waves, that makes 2.5 ms or 54 TFLOP/s at most, where
cuBLAS is said to reach some 51.

Rungs 10 and up are for tensor cores, and what `kernels.set_matmul_precision` chooses from: 11 for "high", 12 or 15 for
"medium"; the others only by their names, `kernels.rung(matmul="14_scaled_half")`. For 256³ again, by the same command;
all sectors and passes are needed. Registers are those of the hungriest layout of the factors, on sm_80 or sm_90, and
none spills (but a few of rung 15, as it says). The time is that of 4096³, predicted as each file says,
with mma.sync at 60 % of the tensor cores' peak, which is what others measured on an H100, and L2 at 5.5 TB/s:

                       idea                             sectors  passes  warp instr.  regs  shared   4096³
    10_tf32            tensor cores, 10 bits             40,960  36,864      292,160   128  49,152   0.8 to 1 ms, L2
    11_tf32x3          three products: float32 again     40,960  36,864      565,728   210  49,152   1.4 to 1.6 ms, mma
    12_bf16            7 bits, half as many bytes        40,960  20,480      126,912   230  32,768   0.8 to 1 ms, L2
    13_rounded_first   bfloat16 in global memory, too    49,152  20,480      160,160   122  49,152   0.45 to 0.55 ms, L2
    14_scaled_half     10 bits again, scaled by lines    66,336  28,928      316,256   128  49,152   0.5 to 0.6 ms, L2
    15_wide_tiles      as many sums as registers hold    45,056  16,832       94,832   255  98,304   0.33 to 0.37, mma

From rung 10 on, and in gpu.cu, blocks take their tiles in groups of 16 rows (matmul/order.cuh). What L2 gives, which
limits these rungs, is the same; what DRAM must give, in GB, if nothing stays in L2 from one wave of blocks to the next,
is less (order.py counts it, and shows how it is called; 132 multiprocessors):

                                       4096³, row by row  in groups      8192³, row by row  in groups
    float32, 2 blocks a multiprocessor       0.34           0.31               4.62           2.38
    float32, 1 block (11, 12)                0.62           0.45               8.73           3.47
    16 bits, 2 blocks (13, 14)               0.17           0.15               2.31           1.19
    16 bits, wide tiles (15)                 0.14           0.14               1.66           1.10

At 3.35 TB/s those 8.73 GB are 2.6 ms, of some 12 that rung 11 takes; of float32's 20 ms 4.62 GB are 1.4.
"""

# Of rungs that round their factors on purpose: each product of numbers of order 1 is off by 2⁻¹¹ (tf32, half) or 2⁻⁸
# (bf16) of its size, √784 = 28 times that after so many terms, and there are 100 000 sums of which one is the worst.
TOLERANCES = {
    "10_tf32": {"rtol": 2e-3, "atol": 0.05},
    "12_bf16": {"rtol": 1e-2, "atol": 0.4},
    "13_rounded_first": {"rtol": 1e-2, "atol": 0.4},
    "14_scaled_half": {"rtol": 2e-3, "atol": 0.05},
    "15_wide_tiles": {"rtol": 1e-2, "atol": 0.4},
}
