"""Versions of attention, lowest first: `kernels.rung(scaled_dot_product_attention="1_naive")` runs one.

On the GPU, of 2 causal heads of 128 queries, keys and values of 64 numbers, float32, as the simulator counts it:

    kernelwright trace scaled_dot_product_attention --shape 1,2,128,64 --rung 3_online --no-races

Sectors are those of global memory, passes those over the banks of shared memory, instructions those of warps, in PTX;
registers are a thread's, shared memory a block's, in bytes, both on sm_80. None spills.

                  sectors   passes  instructions  registers  shared
    1_naive     4,440,064        0       780,928         48       0  a thread a query
    2_tiled        41,984  133,664       620,164         56  13,952  tiles; two passes over the keys
    3_online       31,744   92,744       431,940         48  14,080  one pass: the online softmax
    gpu.cu         10,240   45,824       183,160        162  45,056  the result in registers, tiles arrive meanwhile
    4_tf32x3       10,244    7,680       124,964        165  32,768  tensor cores, three products: float32 still
    5_bf16         13,316    4,352        69,812        163  32,768  bfloat16, rounded first

The sectors of the last three are all needed: no request could do with fewer. A read of 16 bytes a thread counts as four
passes, even where threads read the same; a GPU may do with fewer. After rungs 4 and 5 the plain kernel is launched, for
blocks that met something that isn't finite: 16 sectors and 752 instructions more, where there is none.

What that predicts for 4 × 16 heads of 2048, causal, on an H100 (132 multiprocessors at 1.75 GHz, a pass a clock; 3.35
TB/s), where the arithmetic alone takes 0.5 ms on plain cores: 1_naive 350 ms, by its sectors, if no cache held any;
then, by the passes, 3.8 ms, 2.7 ms and 1.3 ms; by the instructions, as their files say, 0.5 to 0.6 ms for 4_tf32x3 and
0.2 to 0.25 ms for 5_bf16. None of them has been run on a GPU yet.

The way back, of queries and of keys and values, has the rungs on tensor cores alone; counted likewise:

                  sectors   passes  instructions  registers  shared
    backward.cu    36,032  208,768       542,288   168, 162  39,936
    4_tf32x3       27,272   30,464       429,540   138, 140  49,152
    5_bf16         17,096   14,080        97,100   120, 154  32,768  and 12,288 sectors to round

`kernels.set_matmul_precision` chooses between the plain kernels, 4_tf32x3 and 5_bf16 (tensor.py).
"""

# Of the rung that rounds to bfloat16: a score of order 1 is off by 2⁻⁸ of it or so, and each weight by as much; so
# is what the way back makes of them.
TOLERANCES = {"5_bf16": {"rtol": 1e-2, "atol": 0.02}}
