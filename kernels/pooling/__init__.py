"""Pooling: the maximum or the mean of each window of a signal, an image or a volume. And its gradients.

x                          y            A window slides over the last axes, in steps of `stride`; those of adaptive
┌───────┐ ─ ─ ┐            ┌───┬───┐    pooling divide each axis into so many parts, which may overlap.
│ ▓▓▓▓▓ │ ░░░ │     →      │ ▓ │ ░ │
│ ▓▓▓▓▓ │ ░░░ │            └───┴───┘    maximum/ and average/ hold the functions for one to three axes; kernels
└───────┘ ─ ─ ┘                         see all as volumes (planes, depth, height, width), with sizes of 1 in front.
"""
