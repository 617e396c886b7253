// out (columns, rows) = inᵀ, in square tiles of W × W numbers that are turned inside the registers, by log2(W) stages of W
// two-input shuffles each.
#pragma once

#include <utility>

#include "../simd/vec.hpp"

namespace thetastar::TS_LEVEL {

// Exchanges the off-diagonal blocks of `Distance` lanes between two rows that lie `Distance` apart.
template <class T, int Distance, bool Upper, std::size_t... Lane>
inline Vec<T> exchange(Vec<T> a, Vec<T> b, std::index_sequence<Lane...>) {
  constexpr int W = kWidth<T>;
  constexpr auto source = [](int lane) {
    const bool from_b = (lane & Distance) != 0;
    if (Upper) return from_b ? W + lane - Distance : lane;
    return from_b ? W + lane : lane + Distance;
  };
  return __builtin_shufflevector(a, b, source(static_cast<int>(Lane))...);
}

template <class T, int Distance>
inline void turn(Vec<T>* rows) {
  if constexpr (Distance > 0) {
    constexpr auto lanes = std::make_index_sequence<kWidth<T>>{};
    for (int i = 0; i < kWidth<T>; ++i) {
      if (i & Distance) continue;
      const Vec<T> a = rows[i], b = rows[i + Distance];
      rows[i] = exchange<T, Distance, true>(a, b, lanes);
      rows[i + Distance] = exchange<T, Distance, false>(a, b, lanes);
    }
    turn<T, Distance / 2>(rows);
  }
}

// The sums of W vectors that lie one behind the other, each over its lanes, in the pairs of `sum`.
template <class T>
inline Vec<T> sums_of_lanes(const T* vectors) {
  Vec<T> block[kWidth<T>];
  for (int r = 0; r < kWidth<T>; ++r) block[r] = load(vectors + r * kWidth<T>);
  turn<T, kWidth<T> / 2>(block);
  return sum_of_columns<T>(block, kWidth<T>);
}

// One column of at most W rows as a row, and one row as a column of rows: what a single output needs.
template <class T, int From, std::size_t... Lane>
inline Vec<T> lane_alone(Vec<T> v, std::index_sequence<Lane...>) {  // in the first lane, zeros behind it
  return __builtin_shufflevector(v, Vec<T>{}, (Lane == 0 ? From : kWidth<T>)...);
}
template <class T, int Row = 0>
[[gnu::always_inline]] inline void store_column(int rows, Vec<T> v, T* out, std::ptrdiff_t ld) {
  if constexpr (Row < kWidth<T>)
    if (Row < rows) {
      store(out + Row * ld, lane_alone<T, Row>(v, std::make_index_sequence<kWidth<T>>{}));
      store_column<T, Row + 1>(rows, v, out, ld);
    }
}

// The first tile of a matrix of which `rows` and `columns` are left. kWhole: it has all of its numbers.
template <class T, bool kWhole>
[[gnu::always_inline]] inline void turn_tile(int rows, int columns, const T* in, std::ptrdiff_t ld_in, T* out,
                                             std::ptrdiff_t ld_out) {
  constexpr int W = kWidth<T>;
  Vec<T> block[W];
  TS_UNROLLED for (int r = 0; r < W; ++r) block[r] = kWhole || r < rows ? load(in + r * ld_in) : Vec<T>{};
  turn<T, W / 2>(block);
  TS_UNROLLED for (int c = 0; c < W; ++c) if (kWhole || c < columns) store(out + c * ld_out, block[c]);
}

template <class T>
[[gnu::noinline]] void turn_tiles(int rows, int columns, const T* in, std::ptrdiff_t ld_in, T* out,
                                  std::ptrdiff_t ld_out) {
  constexpr int W = kWidth<T>;
  for (int i = 0; i < rows; i += W)
    for (int j = 0; j < columns; j += W) {
      const T* from = in + i * ld_in + j;
      T* to = out + j * ld_out + i;
      if (rows - i >= W && columns - j >= W)
        turn_tile<T, true>(W, W, from, ld_in, to, ld_out);
      else
        turn_tile<T, false>(rows - i, columns - j, from, ld_in, to, ld_out);
    }
}

// in (rows, columns) and out (columns, rows) have padded rows; the padding of `in` is zero, and that of `out` becomes zero.
template <class T>
inline void transpose(int rows, int columns, const T* in, std::ptrdiff_t ld_in, T* out, std::ptrdiff_t ld_out) {
  constexpr int W = kWidth<T>;
  if (columns == 1 && rows <= W) return store(out, lane_by_lane<T>(rows, [&](int i) { return in[i * ld_in]; }));
  if (rows == 1 && columns <= W) return store_column<T>(columns, load(in), out, ld_out);
  turn_tiles<T>(rows, columns, in, ld_in, out, ld_out);
}

}  // namespace thetastar::TS_LEVEL
