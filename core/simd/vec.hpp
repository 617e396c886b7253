// The only file that knows the instruction set: how wide a vector is, how many registers there are, and the two
// approximations that take the place of slow instructions. Everything above is written once over Vec<T>.
//
// Vec<T> is the compiler's own vector type (GCC and Clang): arithmetic, comparison and `mask ? a : b` are operators.
// A multiply and an add contract to one fused instruction where the level has it (-ffp-contract=fast), and two
// instructions where it has not: that is why results differ in the last bits between levels, and only between levels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <cmath>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#ifndef TS_LEVEL
#define TS_LEVEL baseline
#endif

// Whose intrinsics are used below: those of vectors of 512 or 256 bits, or none. A test may ask for vectors of TS_VECTOR_BYTES,
// which the compiler then makes of several of the processor's.
#if defined(TS_VECTOR_BYTES)
#define TS_INTRINSICS 0
#elif defined(__AVX512F__)
#define TS_INTRINSICS 512
#elif defined(__AVX2__)
#define TS_INTRINSICS 256
#else
#define TS_INTRINSICS 0
#endif

// Before a loop over registers, whose length the compiler knows: a loop that is left would put all of them into memory.
#define TS_UNROLLED _Pragma("GCC unroll 32")
#define TS_INLINED __attribute__((always_inline))  // behind the parameters of a lambda

namespace thetastar::TS_LEVEL {

#if defined(TS_VECTOR_BYTES)
inline constexpr int kVectorBytes = TS_VECTOR_BYTES, kRegisters = 16;
#elif defined(__AVX512F__)
inline constexpr int kVectorBytes = 64, kRegisters = 32;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32, kRegisters = 16;
#elif defined(__aarch64__)
inline constexpr int kVectorBytes = 16, kRegisters = 32;
#else
inline constexpr int kVectorBytes = 16, kRegisters = 16;
#endif

template <class T>
struct VecOf {
  typedef T type __attribute__((vector_size(kVectorBytes), may_alias));
};
template <class T>
using Vec = typename VecOf<T>::type;

template <class T>
inline constexpr int kWidth = kVectorBytes / static_cast<int>(sizeof(T));

// Every row of every matrix in a block is padded with zeros to whole vectors, so no loop over columns has a tail.
template <class T>
constexpr int padded(int columns) {
  return (columns + kWidth<T> - 1) / kWidth<T> * kWidth<T>;
}

template <class T>
inline Vec<T> load(const T* p) {  // p must be aligned to a vector
  return *reinterpret_cast<const Vec<T>*>(p);
}
template <class T>
inline Vec<T> load_anywhere(const T* p) {
  typedef T Anywhere __attribute__((vector_size(kVectorBytes), may_alias, aligned(sizeof(T))));
  return *reinterpret_cast<const Anywhere*>(p);
}
template <class T>
inline void store_anywhere(T* p, Vec<T> v) {
  typedef T Anywhere __attribute__((vector_size(kVectorBytes), may_alias, aligned(sizeof(T))));
  *reinterpret_cast<Anywhere*>(p) = v;
}
template <class T>
inline void store(T* p, Vec<T> v) {
  *reinterpret_cast<Vec<T>*>(p) = v;
}
template <class T>
inline Vec<T> splat(T value) {
  return value - Vec<T>{};  // x - 0 is x, so this is one broadcast; x + 0 is not (x = -0) and would be an addition more
}
template <class V>
inline V max(V a, V b) {
  return a > b ? a : b;
}
template <class V>
inline V min(V a, V b) {
  return a < b ? a : b;
}
#if TS_INTRINSICS == 512  // the same in one instruction, which GCC does not find; of a NaN they give b, too
inline Vec<float> max(Vec<float> a, Vec<float> b) { return (Vec<float>)_mm512_max_ps((__m512)a, (__m512)b); }
inline Vec<float> min(Vec<float> a, Vec<float> b) { return (Vec<float>)_mm512_min_ps((__m512)a, (__m512)b); }
#elif TS_INTRINSICS == 256
inline Vec<float> max(Vec<float> a, Vec<float> b) { return (Vec<float>)_mm256_max_ps((__m256)a, (__m256)b); }
inline Vec<float> min(Vec<float> a, Vec<float> b) { return (Vec<float>)_mm256_min_ps((__m256)a, (__m256)b); }
#endif
template <class V>
inline V abs(V a) {
  return a < 0 ? -a : a;
}
typedef std::int32_t Bits __attribute__((vector_size(kVectorBytes), may_alias));
inline Vec<float> abs(Vec<float> a) { return (Vec<float>)((Bits)a & INT32_MAX); }
inline Vec<float> with_sign_of(Vec<float> sign, Vec<float> size) {  // size >= 0
  return (Vec<float>)((Bits)size | ((Bits)sign & INT32_MIN));
}
// number(lane) in each of the first lanes, and zeros behind them. The numbers never pass through memory, where a vector cannot be
// read while its numbers are still being written.
template <class T, int To, std::size_t... Lane>
inline Vec<T> with_lane(Vec<T> v, T number, std::index_sequence<Lane...>) {
  return __builtin_shufflevector(v, splat(number),
                                 (Lane == To ? kWidth<T> + static_cast<int>(Lane) : static_cast<int>(Lane))...);
}
template <class T, int Lane = 0, class Number>
[[gnu::always_inline]] inline Vec<T> lane_by_lane(int count, Number number, Vec<T> before = Vec<T>{}) {
  if constexpr (Lane < kWidth<T>)
    if (Lane < count)
      return lane_by_lane<T, Lane + 1>(count, number,
                                       with_lane<T, Lane>(before, number(Lane), std::make_index_sequence<kWidth<T>>{}));
  return before;
}
template <int Distance, class V, std::size_t... Lane>
inline V moved_down(V v, std::index_sequence<Lane...>) {  // lane i gets lane i + Distance
  return __builtin_shufflevector(v, v, static_cast<int>((Lane + Distance) % sizeof...(Lane))...);
}
template <class T, int Half = kWidth<T> / 2>
inline T sum(Vec<T> v) {  // pairwise, a fixed order
  if constexpr (Half == 0)
    return v[0];
  else
    return sum<T, Half / 2>(v + moved_down<Half>(v, std::make_index_sequence<kWidth<T>>{}));
}

// Of whole vectors: one number that is not finite makes a sum of zeros not finite. Four sums, for one would wait for itself.
template <class T>
inline bool all_finite(const T* numbers, std::ptrdiff_t count) {
  constexpr std::ptrdiff_t W = kWidth<T>;
  Vec<T> total[4] = {};
  std::ptrdiff_t i = 0;
  for (; i + 3 * W < count; i += 4 * W)
    for (int n = 0; n < 4; ++n) total[n] += load(numbers + i + n * W) * T(0);
  for (; i < count; i += W) total[0] += load(numbers + i) * T(0);
  return sum<T>((total[0] + total[1]) + (total[2] + total[3])) == 0;
}

template <class T, int Half = kWidth<T> / 2>
inline T largest(Vec<T> v) {
  if constexpr (Half == 0)
    return v[0];
  else
    return largest<T, Half / 2>(max(v, moved_down<Half>(v, std::make_index_sequence<kWidth<T>>{})));
}

// A mask of the first `count` lanes.
template <class T, std::size_t... Lane>
inline Vec<T> counted(std::index_sequence<Lane...>) {
  return Vec<T>{static_cast<T>(Lane)...};
}
template <class T>
inline auto first_lanes(int count) {
  return counted<T>(std::make_index_sequence<kWidth<T>>{}) < static_cast<T>(count);
}

// The halves of a vector of floats as doubles; a vector of doubles as it is. And floats of as many doubles.
template <class T>
inline constexpr int kWide = static_cast<int>(sizeof(double) / sizeof(T));

#if TS_INTRINSICS == 512
inline Vec<double> wide(Vec<float> v, int part) {
  const __m512d halves = (__m512d)v;
  return (Vec<double>)_mm512_cvtps_pd(
      _mm256_castpd_ps(part == 1 ? _mm512_extractf64x4_pd(halves, 1) : _mm512_castpd512_pd256(halves)));
}
inline Vec<float> narrow(Vec<double> first, Vec<double> second) {
  const __m512d lower = _mm512_castpd256_pd512(_mm256_castps_pd(_mm512_cvtpd_ps((__m512d)first)));
  return (Vec<float>)_mm512_insertf64x4(lower, _mm256_castps_pd(_mm512_cvtpd_ps((__m512d)second)), 1);
}
#elif TS_INTRINSICS == 256
inline Vec<double> wide(Vec<float> v, int part) {
  return (Vec<double>)_mm256_cvtps_pd(part == 1 ? _mm256_extractf128_ps((__m256)v, 1)
                                                : _mm256_castps256_ps128((__m256)v));
}
inline Vec<float> narrow(Vec<double> first, Vec<double> second) {
  return (Vec<float>)_mm256_set_m128(_mm256_cvtpd_ps((__m256d)second), _mm256_cvtpd_ps((__m256d)first));
}
#else
inline Vec<double> wide(Vec<float> v, int part) {
  Vec<double> half;
  for (int i = 0; i < kWidth<double>; ++i) half[i] = static_cast<double>(v[part * kWidth<double> + i]);
  return half;
}
inline Vec<float> narrow(Vec<double> first, Vec<double> second) {
  Vec<float> v;
  for (int i = 0; i < kWidth<float>; ++i)
    v[i] = static_cast<float>(i < kWidth<double> ? first[i] : second[i - kWidth<double>]);
  return v;
}
#endif
inline Vec<double> wide(Vec<double> v, int) { return v; }

// Σ over at most kWidth<T> columns, lane by lane, in the pairs of `sum`.
template <class T, int Distance = 1, int Column = 0>
[[gnu::always_inline]] inline Vec<T> sum_of_columns(const Vec<T>* columns, int count) {
  if constexpr (Distance == kWidth<T>) {
    return columns[Column];
  } else {
    const Vec<T> first = sum_of_columns<T, 2 * Distance, Column>(columns, count);
    if (Column + Distance >= count) return first;
    return first + sum_of_columns<T, 2 * Distance, Column + Distance>(columns, count);
  }
}

// The same vector, which the compiler takes for another one: what is computed from both is computed twice, and contracts to the
// same fused instructions wherever it stands.
template <class V>
inline V apart(V v) {
#if TS_INTRINSICS == 512
  asm("" : "+v"(v));
#elif TS_INTRINSICS == 256
  asm("" : "+x"(v));
#elif defined(__aarch64__)
  asm("" : "+w"(v));
#endif
  return v;
}

template <class V>
inline V exact_root(V x) {  // one instruction
  for (std::size_t i = 0; i < sizeof x / sizeof x[0]; ++i) x[i] = std::sqrt(x[i]);
  return x;
}

// sqrt(x) and 1 / x for the optimisers' denominators; x must be >= 0 for the root, and normal for the inverse. The exact
// instructions are slow for 512 bits, where the estimates of 14 bits are published bit by bit; one Newton step takes these to an
// error of 1e-7. For shorter vectors the exact instructions are faster.
template <class V>
inline V root(V x) {
  return exact_root(x);
}
template <class V>
inline V inverse(V x) {
  return 1 / x;
}
template <class V, class T>
inline V root_times(V x, T factor, T more) {  // sqrt(x) · factor + more
  return root(x) * factor + more;
}
inline constexpr bool kDivides = kVectorBytes < 64;  // by an instruction that takes as long as six multiplications
#if TS_INTRINSICS == 512
inline Vec<float> root(Vec<float> x) {
  const Vec<float> safe = max(x, Vec<float>{} + 2e-38f);
  const Vec<float> r = (Vec<float>)_mm512_rsqrt14_ps((__m512)safe);
  const Vec<float> y = x * r;
  return y + 0.5f * y * (1.0f - y * r);
}
inline Vec<float> root_times(Vec<float> x, float factor, float more) {  // Newton's halves are in the factor
  const Vec<float> safe = max(x, Vec<float>{} + 2e-38f);
  const Vec<float> r = (Vec<float>)_mm512_rsqrt14_ps((__m512)safe);
  const Vec<float> y = safe * r;
  return y * (0.5f * factor) * (3.0f - y * r) + more;
}
inline Vec<float> inverse(Vec<float> x) {
  const Vec<float> r = (Vec<float>)_mm512_rcp14_ps((__m512)x);
  return r * (2.0f - x * r);
}
#endif

// a / b where b and 1 / b are normal: divisions would take longer than all the rest of a gate. Its remainder corrects it.
inline Vec<float> quotient(Vec<float> a, Vec<float> b) {
#if TS_INTRINSICS == 512
  const Vec<float> per_b = inverse(b), near = a * per_b;
  return near + (a - b * near) * per_b;
#else
  return a / b;
#endif
}

// A whole number a lane, as wide for every T: places in a table, of which lane i picks table[at[i]].
template <class T>
struct PlacesOf {
  typedef std::int32_t type __attribute__((vector_size(kWidth<T> * 4), may_alias));
  typedef std::uint32_t words __attribute__((vector_size(kWidth<T> * 4), may_alias));
  typedef std::uint64_t products __attribute__((vector_size(kWidth<T> * 4), may_alias));
};
template <class T>
using Places = typename PlacesOf<T>::type;
template <class T>
using Words = typename PlacesOf<T>::words;

// a · b / 2^32, lane by lane
template <class T>
inline Words<T> high_product(Words<T> a, std::uint32_t b) {
  typedef typename PlacesOf<T>::products Products;
  const Products pairs = (Products)a, even = (pairs & 0xFFFFFFFFu) * b, odd = (pairs >> 32) * b;
  return (Words<T>)(even >> 32 | (odd & 0xFFFFFFFF00000000u));
}

#if TS_INTRINSICS == 512
inline constexpr bool kPicks = true;  // one instruction, and faster than loads one by one
inline Vec<float> picked(const float* table, Places<float> at) {
  return (Vec<float>)_mm512_i32gather_ps((__m512i)at, table, 4);
}
inline Vec<double> picked(const double* table, Places<double> at) {
  return (Vec<double>)_mm512_i32gather_pd((__m256i)at, table, 8);
}
#else
inline constexpr bool kPicks = false;
#endif

// Exchanges here[i] with table[at[i]], lane by lane; no two lanes of `at` are the same place.
template <class T>
inline void exchange(std::int32_t* here, std::int32_t* table, Places<T> at) {
#if TS_INTRINSICS == 512
  if constexpr (kWidth<T> == 16) {
    const __m512i theirs = _mm512_i32gather_epi32((__m512i)at, table, 4);
    _mm512_i32scatter_epi32(table, (__m512i)at, _mm512_load_si512(here), 4);
    return _mm512_store_si512(here, theirs);
  }
#endif
  for (int i = 0; i < kWidth<T>; ++i) std::swap(here[i], table[at[i]]);
}

// While an object of this class lives, numbers below the normal range count as zero on this thread. Adam's states of units that no
// longer learn decay into that range, where every operation is many times as slow.
class FlushSubnormals {
 public:
#if defined(__x86_64__)
  FlushSubnormals() : before_(_mm_getcsr()) {
    _mm_setcsr(static_cast<unsigned>(before_) | 0x8040);
  }  // flush to zero, subnormals are zero
  ~FlushSubnormals() { _mm_setcsr(static_cast<unsigned>(before_)); }
#elif defined(__aarch64__)
  FlushSubnormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" : : "r"(before_ | 1UL << 24));
  }
  ~FlushSubnormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }
#else
  FlushSubnormals() =
      default;  // WebAssembly has no such switch: there, whoever trains clears the optimiser's states now and then
#endif
  FlushSubnormals(const FlushSubnormals&) = delete;

 private:
  unsigned long before_ = 0;
};

}  // namespace thetastar::TS_LEVEL
