"""Versions of the convolution, lowest first, one idea a file. `kernels.rung(conv2d="1_naive")` runs one."""
