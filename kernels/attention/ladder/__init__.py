"""Versions of attention, lowest first: `kernels.rung(scaled_dot_product_attention="1_naive")` runs one."""
