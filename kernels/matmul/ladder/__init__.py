"""Versions of the matrix product, lowest first, one idea a file. `kernels.rung(matmul="1_naive")` runs one."""
