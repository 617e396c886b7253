// Random numbers by counting, not by state: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw: "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011). Number k of a stream depends on its key and k alone, so a network draws the
// same numbers alone or among thousands, on any thread, in any order.
//
// A job's seed is the root key; what the numbers are for, the epoch and the step are folded in one after another.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "simd/vec.hpp"

namespace thetastar::TS_LEVEL {

template <class Word>
struct PairOf {
  Word first, second;
};
using Pair = PairOf<std::uint32_t>;

// The numbers of N counters (a[n], b[n]), written in their place. They are computed in step, because each waits for its own last
// operation. The function is always inlined, so that loops over it become vectors. A Word may be a vector of such numbers.
template <int N, class Word>
[[gnu::always_inline]] inline void threefry(PairOf<Word> key, Word (&a)[N], Word (&b)[N]) {
  constexpr int kRotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  const Word keys[3] = {key.first, key.second, 0x1BD11BDAu ^ key.first ^ key.second};
  TS_UNROLLED for (int n = 0; n < N; ++n) {
    a[n] += keys[0];
    b[n] += keys[1];
  }
  TS_UNROLLED for (std::uint32_t round = 0; round < 5; ++round) {
    TS_UNROLLED for (int r : kRotations[round % 2]) TS_UNROLLED for (int n = 0; n < N; ++n) {
      a[n] += b[n];
      b[n] = (b[n] << r | b[n] >> (32 - r)) ^ a[n];
    }
    TS_UNROLLED for (int n = 0; n < N; ++n) {
      a[n] += keys[(round + 1) % 3];
      b[n] += keys[(round + 2) % 3] + round + 1;
    }
  }
}
template <class Word = std::uint32_t>
[[gnu::always_inline]] inline PairOf<Word> threefry(PairOf<Word> key, PairOf<Word> counter) {
  Word a[1] = {counter.first}, b[1] = {counter.second};
  threefry<1>(key, a, b);
  return {a[0], b[0]};
}

enum class Purpose : std::uint32_t {
  kInitialize = 1,
  kShuffle = 2,
  kDropout = 3,
  kAugment = 4,
  kBegin = 5,
  kCurvature = 9
};

class Stream {
 public:
  explicit Stream(std::uint64_t seed)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}
  Stream(std::uint64_t seed, Purpose purpose, std::uint64_t index)
      : key_(Stream(seed).fold(static_cast<std::uint32_t>(purpose)).fold(index).key_) {}

  Stream fold(std::uint64_t index) const {
    Stream child(0);
    child.key_ = threefry(key_, {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32)});
    return child;
  }
  Pair bits(std::uint64_t counter) const {
    return bits(static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32));
  }
  [[gnu::always_inline]] Pair bits(std::uint32_t low, std::uint32_t high) const { return threefry(key_, {low, high}); }
  Pair key() const { return key_; }
  double uniform(std::uint64_t counter) const {  // in [0, 1), 53 bits
    const Pair p = bits(counter);
    return fraction(p.first, p.second);
  }
  // uniform(first) and those that follow; first is a multiple of kSome.
  void uniforms(std::uint64_t first, std::int64_t count, double* values) const {
    std::uint32_t draws[2][kSome];
    for (std::int64_t from = 0; from < count; from += kSome) {
      draw_some(first + static_cast<std::uint64_t>(from), draws[0], draws[1]);
      const std::int64_t some = std::min<std::int64_t>(kSome, count - from);
      for (std::int64_t k = 0; k < some; ++k) values[from + k] = fraction(draws[0][k], draws[1][k]);
    }
  }
  double normal(std::uint64_t counter) const { return gaussian(uniform(2 * counter), uniform(2 * counter + 1)); }
  void normals(std::int64_t count, double* values) const {  // normal(0) and those that follow
    double pairs[2 * kSome];
    for (std::int64_t from = 0; from < count; from += kSome) {
      const std::int64_t some = std::min<std::int64_t>(kSome, count - from);
      uniforms(2 * static_cast<std::uint64_t>(from), 2 * some, pairs);
      for (std::int64_t k = 0; k < some; ++k) values[from + k] = gaussian(pairs[2 * k], pairs[2 * k + 1]);
    }
  }

  // A permutation of indices[0..n), by Fisher and Yates. Lemire's multiply keeps the bias below n / 2^32. Two places
  // share a draw.
  template <class Index>
  void shuffle(Index* indices, std::int64_t n) const {
    constexpr std::int64_t kPlaces = 2 * kSome;
    std::uint32_t draws[2][kSome];
    for (std::int64_t from = (n - 1) / kPlaces * kPlaces; n > 1; n = from, from -= kPlaces) {
      draw_some(static_cast<std::uint64_t>(from) / 2, draws[0], draws[1]);
      for (std::int64_t i = n - 1; i >= std::max<std::int64_t>(from, 1); --i) {
        const std::uint64_t draw = draws[i % 2][(i - from) / 2];
        const auto j = static_cast<std::int64_t>(draw * static_cast<std::uint64_t>(i + 1) >> 32);
        const Index swapped = indices[i];
        indices[i] = indices[j];
        indices[j] = swapped;
      }
    }
  }

  // mask: rows from ... from + rows of (all rows, ld), 0 with probability `rate`, otherwise 1 / (1 - rate). A number depends on its
  // row and column only, so masks are the same on every level, in both precisions and for any batch. Two rows share a draw, so
  // that the compiler turns the inner loop into vectors; therefore `from` must be even.
  template <class T>
  void keep_mask(T* mask, int from, int rows, std::int64_t ld, double rate) const {
    const auto threshold = static_cast<std::uint32_t>(rate * 4294967296.0);
    const T kept = static_cast<T>(1.0 / (1.0 - rate));
    for (int row = 0; row < rows; row += 2) {
      T* first = mask + row * ld;
      T* second = row + 1 < rows ? first + ld : first;  // of an odd last row, the second draw is overwritten
      for (std::int64_t i = 0; i < ld; ++i) {
        const Pair p = threefry(key_, {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(from + row)});
        second[i] = p.second < threshold ? T(0) : kept;
        first[i] = p.first < threshold ? T(0) : kept;
      }
    }
  }

 private:
  static constexpr int kSome = 16;  // numbers drawn at a time, because a loop over them becomes vectors

  // The numbers of kSome counters; the first one is a multiple of kSome.
  void draw_some(std::uint64_t counter, std::uint32_t (&first)[kSome], std::uint32_t (&second)[kSome]) const {
    for (std::uint32_t k = 0; k < kSome; ++k) {
      const Pair p = bits(static_cast<std::uint32_t>(counter) + k, static_cast<std::uint32_t>(counter >> 32));
      first[k] = p.first;
      second[k] = p.second;
    }
  }
  static double fraction(std::uint32_t first, std::uint32_t second) {
    return static_cast<double>((static_cast<std::int64_t>(first) << 21) ^ (second >> 11)) * 0x1p-53;
  }
  static double gaussian(double u, double v) {  // Box and Muller; 1 - u keeps the logarithm finite
    return std::sqrt(-2.0 * std::log(1.0 - u)) * std::cos(6.283185307179586477 * v);
  }

  Pair key_;
};

}  // namespace thetastar::TS_LEVEL
