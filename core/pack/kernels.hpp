// The arithmetic of a pack: matrices whose every element is a Vec<T>, a network a lane. No two lanes ever meet.
//
// The kernels are functions of their own, never inlined into one another: what one stores another one loads, so a
// product of one and a sum of the next cannot contract to a fused multiply-add that a network alone does not have.
#pragma once

#include <algorithm>

#include "../kernels/gemm.hpp"

namespace thetastar::TS_LEVEL {

// A matrix of vectors: element (i, j) lies at data[i · row + j · column], counted in numbers.
template <class T>
struct Packed {
  T* data;
  Offset row, column;
};
template <class T>
struct PackedProduct {
  Packed<const T> a, b;
  Packed<const T> start;  // what the sums begin with: the bias (its rows 0 apart), C itself, or `nothing`
  Packed<T> c;            // its columns are a vector apart
};
template <class T>
inline Packed<const T> nothing() {
  alignas(kVectorBytes) static constexpr T kZeros[kWidth<T>] = {};
  return {kZeros, 0, 0};
}

// Both factors are vectors here: a tile of 4 × 4 has two multiplications to a load.
inline constexpr int kPackTileRows = 4, kPackTileColumns = kRegisters == 32 ? 4 : 2;

template <class T, int Rows, int Columns>
[[gnu::always_inline]] inline void packed_tile(const PackedProduct<T>& p, Offset K, Offset i0, Offset j0) {
  constexpr int W = kWidth<T>;
  Vec<T> sums[Rows][Columns];  // in registers: every loop over them is unrolled
  const T* start = p.start.data + i0 * p.start.row + j0 * p.start.column;
  const T* a = p.a.data + i0 * p.a.row;
  const T* b = p.b.data + j0 * p.b.column;
  T* c = p.c.data + i0 * p.c.row + j0 * W;
#pragma GCC unroll 4
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < Columns; ++j) sums[i][j] = load(start + i * p.start.row + j * p.start.column);
  for (Offset k = 0; k < K; ++k, a += p.a.column, b += p.b.row) {
    Vec<T> row[Columns];
#pragma GCC unroll 4
    for (int j = 0; j < Columns; ++j) row[j] = load(b + j * p.b.column);
#pragma GCC unroll 4
    for (int i = 0; i < Rows; ++i) {
      const Vec<T> value = load(a + i * p.a.row);
#pragma GCC unroll 4
      for (int j = 0; j < Columns; ++j) sums[i][j] += value * row[j];
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < Columns; ++j) store(c + i * p.c.row + j * W, sums[i][j]);
}

template <class T, int Columns>
[[gnu::always_inline]] inline void packed_panel(const PackedProduct<T>& p, Offset M, Offset K, Offset j) {
  Offset i = 0;
  for (; i + kPackTileRows <= M; i += kPackTileRows) packed_tile<T, kPackTileRows, Columns>(p, K, i, j);
  static_assert(kPackTileRows == 4);
  if (M - i == 3) packed_tile<T, 3, Columns>(p, K, i, j);
  if (M - i == 2) packed_tile<T, 2, Columns>(p, K, i, j);
  if (M - i == 1) packed_tile<T, 1, Columns>(p, K, i, j);
}

// C (M, N) = start + A (M, K) · B (K, N), every element summed in the order of K as in `multiply`.
template <class T>
[[gnu::noinline]] void multiply_packed(Offset M, Offset N, Offset K, const PackedProduct<T>& product) {
  const PackedProduct<T> p = product;  // its numbers in registers
  Offset j = 0;
  for (; j + kPackTileColumns <= N; j += kPackTileColumns) packed_panel<T, kPackTileColumns>(p, M, K, j);
  if constexpr (kPackTileColumns > 2) {
    if (N - j == 3) packed_panel<T, 3>(p, M, K, j);
    if (N - j == 2) packed_panel<T, 2>(p, M, K, j);
  }
  if (N - j == 1) packed_panel<T, 1>(p, M, K, j);
}

// sums (columns) = [sums +] the sum of d (rows, columns) over its rows, in their order
template <class T>
[[gnu::noinline]] void sum_packed(Offset rows, Offset columns, const T* d, T* sums, bool adds) {
  constexpr int W = kWidth<T>;
  for (Offset j = 0; j < columns; ++j) {
    Vec<T> total = adds ? load(sums + j * W) : Vec<T>{};
    for (Offset i = 0; i < rows; ++i) total += load(d + (i * columns + j) * W);
    store(sums + j * W, total);
  }
}

// Σ g² of a matrix of so many columns, lane by lane in the order in which a network alone sums the squares of its padded
// rows (optimizers/rule.hpp: `apply`, and `sum`): column by column modulo the vector, then in pairs.
template <class T, int Columns>
inline Vec<T> squares_of_columns(Offset rows, const T* g) {
  Vec<T> sums[Columns] = {};  // in registers, as everything is unrolled
  for (Offset r = 0; r < rows; ++r, g += Columns * kWidth<T>)
#pragma GCC unroll 4
    for (int c = 0; c < Columns; ++c) {
      const Vec<T> value = load(g + c * kWidth<T>);
      sums[c] += value * value;
    }
  if constexpr (Columns == 4) return (sums[0] + sums[2]) + (sums[1] + sums[3]);
  if constexpr (Columns == 3) return (sums[0] + sums[2]) + sums[1];
  if constexpr (Columns == 2) return sums[0] + sums[1];
  return sums[0];
}
template <class T>
inline Vec<T> squares_of_any_columns(Offset rows, Offset columns, const T* g) {
  constexpr int W = kWidth<T>;
  Vec<T> sums[W];
  const Offset count = std::min<Offset>(columns, W);
  for (Offset c = 0; c < count; ++c) {
    sums[c] = Vec<T>{};
    for (Offset r = 0; r < rows; ++r)
      for (Offset j = c; j < columns; j += W) {
        const Vec<T> value = load(g + (r * columns + j) * W);
        sums[c] += value * value;
      }
  }
  return sum_of_columns<T>(sums, static_cast<int>(count));
}

// total (lanes) += Σ g²
template <class T>
[[gnu::noinline]] void add_squares(Offset rows, Offset columns, const T* g, double* total) {
  const auto squares = [&]() -> Vec<T> {
    switch (columns <= kWidth<T> ? columns : 0) {
      case 1: return squares_of_columns<T, 1>(rows, g);
      case 2: return squares_of_columns<T, 2>(rows, g);
      case 3: return squares_of_columns<T, 3>(rows, g);
      case 4: return squares_of_columns<T, 4>(rows, g);
      default: return squares_of_any_columns<T>(rows, columns, g);
    }
  }();
  for (int part = 0; part < kWide<T>; ++part) {
    double* of = total + part * kWidth<double>;
    store(of, load(of) + wide(squares, part));
  }
}

}  // namespace thetastar::TS_LEVEL
