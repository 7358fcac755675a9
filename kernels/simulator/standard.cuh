// More of `std`, where a source uses it: NVIDIA's headers for it take seconds to compile.
#pragma once

#include <cuda/std/type_traits>
#include <cuda/std/limits>
#include <cuda/std/utility>

namespace std {
using namespace cuda::std;
}
