"""Versions of the distances, lowest first: `kernels.rung(radial_basis="1_naive")` runs one."""
