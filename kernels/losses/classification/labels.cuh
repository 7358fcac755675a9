#pragma once

// The labels haven't been looked at: one that is no class has the loss NaN.
__device__ inline bool is_class(long long label, long long classes) { return 0 <= label && label <= classes - 1; }
