// What changes from step to step, such as a rate, is given to a kernel by value. The launches of a captured step are
// repeated as they are: there the same numbers lie in the device's memory, in the same order, and `held` points to them.
#pragma once

template <typename... Numbers>
__device__ void take(const real* held, Numbers&... numbers) {
    if (held) ((numbers = *held++), ...);
}
