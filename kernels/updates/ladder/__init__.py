"""Versions of Adam's step on the GPU, lowest first, one idea a file: `kernels.rung(adam_update="1_scalar")` runs one.

For 65,536 parameters in float32, in the simulator: `kernelwright trace adam_update --rung 1_scalar --shape 65536`, or
without --rung the library's own. Times are predicted, for 2²⁴ parameters on an H100 (3.35 TB/s); not run on one yet.

    rung       idea                            sectors   warp          registers   predicted
                                               asked     instructions              time, share of bandwidth
    1_scalar   a thread an element              65,536   120,832       17          190 µs   74 %
    2_vectors  16 bytes of each array at once   57,344    59,904       36          152 µs   92 %
    ../gpu.cu  one launch for all parameters,   57,344    68,608       56          150 µs   93 %
               the grid walks over them; a
               captured step's numbers from
               memory

57,344 sectors are the least: 28 bytes an element. Rung 1 asks for the parameter twice, for a store between the two
might have changed it; the second time the first-level cache has it. None uses shared memory.

What a step takes is the same for 2²⁴ parameters in one tensor or in hundreds: an optimizer gathers them into one flat
buffer (training/flat.py), so that no launch is small.
"""

OPERATION = "adam"
