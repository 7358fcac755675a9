// What the simulator reads before every source: what nvcc has by itself, and what the most used host headers declare.
#pragma once

#define CHAR_BIT 8
#define SCHAR_MAX 127
#define SCHAR_MIN (-128)
#define UCHAR_MAX 255
#define SHRT_MAX 32767
#define SHRT_MIN (-32768)
#define USHRT_MAX 65535
#define INT_MAX 2147483647
#define INT_MIN (-2147483647 - 1)
#define UINT_MAX 4294967295u
#define LLONG_MAX 9223372036854775807ll
#define LLONG_MIN (-9223372036854775807ll - 1)
#define ULLONG_MAX 18446744073709551615ull
#define INT32_MAX INT_MAX
#define INT32_MIN INT_MIN
#define UINT32_MAX UINT_MAX
#define INT64_MAX LLONG_MAX
#define UINT64_MAX ULLONG_MAX

#define FLT_MAX 3.402823466e+38f
#define FLT_MIN 1.175494351e-38f
#define FLT_EPSILON 1.192092896e-07f
#define DBL_MAX 1.7976931348623158e+308
#define DBL_MIN 2.2250738585072014e-308
#define DBL_EPSILON 2.2204460492503131e-16

#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)
#define HUGE_VALF INFINITY
#define M_E 2.71828182845904523536
#define M_LOG2E 1.44269504088896340736
#define M_LOG10E 0.434294481903251827651
#define M_LN2 0.693147180559945309417
#define M_LN10 2.30258509299404568402
#define M_PI 3.14159265358979323846
#define M_PI_2 1.57079632679489661923
#define M_PI_4 0.785398163397448309616
#define M_1_PI 0.318309886183790671538
#define M_2_PI 0.636619772367581343076
#define M_2_SQRTPI 1.12837916709551257390
#define M_SQRT2 1.41421356237309504880
#define M_SQRT1_2 0.707106781186547524401

#define register  // nvcc takes it for nothing

typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef unsigned long long uintptr_t;
typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;

// Device code may use these under their host names, too.
namespace std {
template <typename T> __device__ constexpr const T& min(const T& a, const T& b) { return b < a ? b : a; }
template <typename T> __device__ constexpr const T& max(const T& a, const T& b) { return a < b ? b : a; }
template <typename T, typename U> __device__ auto pow(T x, U y) { return ::pow(x, y); }
template <typename T> __device__ auto isinf(T x) { return ::isinf(x); }
template <typename T> __device__ auto isnan(T x) { return ::isnan(x); }
template <typename T> __device__ auto isfinite(T x) { return ::isfinite(x); }
template <typename T> __device__ auto abs(T x) { return ::abs(x); }
template <typename T> __device__ auto fabs(T x) { return ::fabs(x); }
template <typename T> __device__ auto sqrt(T x) { return ::sqrt(x); }
template <typename T> __device__ auto cbrt(T x) { return ::cbrt(x); }
template <typename T> __device__ auto exp(T x) { return ::exp(x); }
template <typename T> __device__ auto exp2(T x) { return ::exp2(x); }
template <typename T> __device__ auto log(T x) { return ::log(x); }
template <typename T> __device__ auto log2(T x) { return ::log2(x); }
template <typename T> __device__ auto log10(T x) { return ::log10(x); }
template <typename T> __device__ auto sin(T x) { return ::sin(x); }
template <typename T> __device__ auto cos(T x) { return ::cos(x); }
template <typename T> __device__ auto tan(T x) { return ::tan(x); }
template <typename T> __device__ auto tanh(T x) { return ::tanh(x); }
template <typename T> __device__ auto floor(T x) { return ::floor(x); }
template <typename T> __device__ auto ceil(T x) { return ::ceil(x); }
template <typename T> __device__ auto round(T x) { return ::round(x); }
template <typename T> __device__ auto trunc(T x) { return ::trunc(x); }
template <typename T> __device__ auto erf(T x) { return ::erf(x); }
}
