"""Versions of attention, lowest first: `kernels.rung(scaled_dot_product_attention="1_naive")` runs one.

On the GPU, of 2 causal heads of 128 queries, keys and values of 64 numbers, float32, as the simulator counts it:

    kernelwright trace scaled_dot_product_attention --shape 1,2,128,64 --rung 3_online

Sectors are those of global memory, passes those over the banks of shared memory, instructions those of warps;
registers are a thread's, shared memory a block's, in bytes, both on sm_80.

                  sectors   passes  instructions  registers  shared
    1_naive     4,440,064        0       782,072         48       0  a thread a query
    2_tiled        41,984  133,664       620,812         60  13,952  tiles; two passes over the keys
    3_online       31,744   92,744       432,588         56  14,080  one pass: the online softmax
    gpu.cu         10,240   45,824       182,360        162  45,056  the result in registers, tiles arrive meanwhile

The last one's sectors are all needed: no request could do with fewer. A read of 16 bytes a thread counts as four
passes, even where threads read the same; a GPU may do with fewer.

What that predicts for 4 × 16 heads of 2048, causal, on an H100 (132 multiprocessors at 1.75 GHz, a pass a clock; 3.35
TB/s), where the arithmetic alone takes 0.5 ms: 1_naive 350 ms, by its sectors, if no cache held any; then, by the
passes, 3.8 ms, 2.7 ms and 1.3 ms. None of them has been run on a GPU yet.
"""

# Of the rung that rounds to bfloat16: a score of order 1 is off by 2⁻⁸ of it or so, and each weight by as much.
TOLERANCES = {"5_bf16": {"rtol": 1e-2, "atol": 0.02}}
