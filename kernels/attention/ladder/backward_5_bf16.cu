// The way back of rung 5.

#include "attention/ladder/rounded.cuh"
#include "attention/ladder/tensor_backward.cuh"
