// The way back of rung 4.

#include "attention/ladder/split.cuh"
#include "attention/ladder/tensor_backward.cuh"
