// How a grid walks over n elements: each thread takes element i, then i + (threads in the grid), and so on.
// Neighbouring threads always touch neighbouring addresses, so every access of a warp is one run of whole
// sectors, and any size is covered by any grid. Launched by cuda.elementwise.
#pragma once

#define FOR_EACH_ELEMENT(i, n)                                           \
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; \
         i < n; i += gridDim.x * (long long)blockDim.x)
