// The arithmetic of a pack: matrices whose every element is a Vec<T>, a network a lane. No two lanes ever meet.
//
// The kernels are functions of their own, never inlined into one another: what one stores another one loads, so a
// product of one and a sum of the next cannot contract to a fused multiply-add that a network alone does not have.
#pragma once

#include <algorithm>
#include <type_traits>

#include "../kernels/gemm.hpp"

namespace thetastar::TS_LEVEL {

// The vectors that a tile's rows, or its columns, are multiplied by: from one row to the next, and from one term to the next.
template <class T>
struct Terms {
  const T* first;
  Offset across, along;
};

// sums (Rows, Columns) += Σ over K terms a · b
template <class T, int Rows, int Columns>
[[gnu::always_inline]] inline void add_terms(Sums<T, Rows, Columns>& sums, Offset K, Terms<T> a, Terms<T> b) {
  for (Offset k = 0; k < K; ++k, a.first += a.along, b.first += b.along) {
    Vec<T> row[Columns];
    TS_UNROLLED for (int j = 0; j < Columns; ++j) row[j] = load(b.first + j * b.across);
    TS_UNROLLED for (int i = 0; i < Rows; ++i) {
      const Vec<T> value = load(a.first + i * a.across);
      TS_UNROLLED for (int j = 0; j < Columns; ++j) sums[i][j] += value * row[j];
    }
  }
}
template <class T, int Rows, int Columns, class At>
[[gnu::always_inline]] inline void begin_tile(Sums<T, Rows, Columns>& sums, At at) {
  TS_UNROLLED for (int i = 0; i < Rows; ++i) TS_UNROLLED for (int j = 0; j < Columns; ++j) sums[i][j] = at(i, j);
}
template <int Size>
using Sized = std::integral_constant<int, Size>;

// tile(how many rows, how many columns, from which row, from which column) for all tiles of a matrix (M, N)
template <int Columns, class Tile>
[[gnu::always_inline]] inline void tiles_of_columns(Offset M, Offset j, Tile tile) {
  Offset i = 0;
  for (; i + kPackTileRows <= M; i += kPackTileRows) tile(Sized<kPackTileRows>(), Sized<Columns>(), i, j);
  as_constant<kPackTileRows - 1>(M - i, [&](auto rows) TS_INLINED { tile(rows, Sized<Columns>(), i, j); });
}
template <class Tile>
[[gnu::always_inline]] inline void for_tiles(Offset M, Offset N, Tile tile) {
  Offset j = 0;
  for (; j + kPackTileColumns <= N; j += kPackTileColumns) tiles_of_columns<kPackTileColumns>(M, j, tile);
  as_constant<kPackTileColumns - 1>(N - j, [&](auto columns) TS_INLINED { tiles_of_columns<columns>(M, j, tile); });
}

// Z (B, O) = b + X (B, I) · W (I, O), or max(0, Z) where the layer rectifies; b null: nothing to begin with. Every element is
// summed in the order of `multiply`.
template <class T>
[[gnu::noinline, gnu::hot]] void forward_packed(Offset B, Offset I, Offset O, const T* x, const T* weight,
                                                const T* bias, bool rectifies, T* z) {
  constexpr Offset W = kWidth<T>;
  for_tiles(B, O, [&](auto rows, auto columns, Offset i, Offset j) {
    Sums<T, rows, columns> sums;
    begin_tile<T, rows, columns>(sums, [&](int, int c) { return bias ? load(bias + (j + c) * W) : Vec<T>{}; });
    add_terms<T, rows, columns>(sums, I, {x + i * I * W, I * W, W}, {weight + j * W, W, O * W});
    store_sums<T, rows, columns>(sums, rectifies, [&](int r) { return z + ((i + r) * O + j) * W; });
  });
}

// dX (B, I) = dZ (B, O) · Wᵀ (O, I)
template <class T>
[[gnu::noinline, gnu::hot]] void backward_packed(Offset B, Offset I, Offset O, const T* d_z, const T* weight, T* d_x) {
  constexpr Offset W = kWidth<T>;
  for_tiles(B, I, [&](auto rows, auto columns, Offset i, Offset j) {
    Sums<T, rows, columns> sums = {};
    add_terms<T, rows, columns>(sums, O, {d_z + i * O * W, O * W, W}, {weight + j * O * W, O * W, W});
    store_sums<T, rows, columns>(sums, false, [&](int r) { return d_x + ((i + r) * I + j) * W; });
  });
}

// sums (columns) = [sums +] the sum of d (rows, columns) over its rows, in their order; several columns at a time, because each
// waits for its own last addition
template <class T, int Columns>
inline void sum_columns(Offset rows, Offset columns, const T* d, T* sums, bool adds) {
  constexpr int W = kWidth<T>;
  Vec<T> totals[Columns] = {};
  if (adds) TS_UNROLLED for (int c = 0; c < Columns; ++c) totals[c] = load(sums + c * W);
  for (Offset i = 0; i < rows; ++i, d += columns * W)
    TS_UNROLLED for (int c = 0; c < Columns; ++c) totals[c] += load(d + c * W);
  TS_UNROLLED for (int c = 0; c < Columns; ++c) store(sums + c * W, totals[c]);
}
template <class T>
[[gnu::noinline, gnu::hot]] void sum_packed(Offset rows, Offset columns, const T* d, T* sums, bool adds) {
  constexpr int W = kWidth<T>;
  Offset j = 0;
  for (; j + 4 <= columns; j += 4) sum_columns<T, 4>(rows, columns, d + j * W, sums + j * W, adds);
  for (; j < columns; ++j) sum_columns<T, 1>(rows, columns, d + j * W, sums + j * W, adds);
}

// dW (I, O) = [dW +] Xᵀ (I, B) · dZ (B, O), and db (O) = [db +] Σ dZ over the samples; db null: there is none
template <class T>
[[gnu::noinline, gnu::hot]] void gradient_packed(Offset B, Offset I, Offset O, const T* x, const T* d_z, T* d_weight,
                                                 T* d_bias, bool adds) {
  constexpr Offset W = kWidth<T>;
  for_tiles(I, O, [&](auto rows, auto columns, Offset i, Offset j) {
    T* c = d_weight + (i * O + j) * W;
    Sums<T, rows, columns> sums = {};
    if (adds) begin_tile<T, rows, columns>(sums, [&](int r, int s) { return load(c + r * O * W + s * W); });
    add_terms<T, rows, columns>(sums, B, {x + i * W, W, I * W}, {d_z + j * W, W, O * W});
    store_sums<T, rows, columns>(sums, false, [&](int r) { return c + r * O * W; });
  });
  if (d_bias) sum_packed<T>(B, O, d_z, d_bias, adds);
}

// A layer's three products.
template <class T>
struct PackedProducts {
  void (*forward)(Offset B, Offset I, Offset O, const T* x, const T* weight, const T* bias, bool rectifies, T* z);
  void (*backward)(Offset B, Offset I, Offset O, const T* d_z, const T* weight, T* d_x);
  void (*gradient)(Offset B, Offset I, Offset O, const T* x, const T* d_z, T* d_weight, T* d_bias, bool adds);
};

// Σ g² of a matrix, lane by lane in the order in which a network alone sums the squares of its padded
// rows (optimizers/rule.hpp: `apply`, and `sum`): column by column modulo the vector, then in pairs.
template <class T, int Columns>
inline Vec<T> squares_of_columns(Offset rows, const T* g) {
  Vec<T> sums[Columns] = {};  // in registers, as everything is unrolled
  for (Offset r = 0; r < rows; ++r, g += Columns * kWidth<T>) TS_UNROLLED for (int c = 0; c < Columns; ++c) {
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
  Vec<T> sums[W] = {};
  const Offset count = std::min<Offset>(columns, W);
  for (Offset r = 0; r < rows; ++r)
    for (Offset left = columns; left > 0; left -= W)
      for (Offset c = 0; c < std::min<Offset>(left, W); ++c, g += W) {
        const Vec<T> value = load(g);
        sums[c] += value * value;
      }
  return sum_of_columns<T>(sums, static_cast<int>(count));
}

// total (lanes) += Σ g²
template <class T>
void add_squares(Offset rows, Offset columns, const T* g, double* total) {
  constexpr int kFew = std::min(4, kWidth<T>);
  Vec<T> squares{};
  as_constant<kFew>(columns, [&](auto few) TS_INLINED { squares = squares_of_columns<T, few>(rows, g); });
  if (columns > kFew) squares = squares_of_any_columns<T>(rows, columns, g);
  for (int part = 0; part < kWide<T>; ++part) {
    double* of = total + part * kWidth<double>;
    store(of, load(of) + wide(squares, part));
  }
}

}  // namespace thetastar::TS_LEVEL
