// A tile: some rows and columns of a product's C whose sums stay in registers for the whole length of K. What the kernels
// share of it; they differ in where their factors lie.
//
// Every loop is unrolled: one over registers that is left would put all of them into memory.
#pragma once

#include "../simd/vec.hpp"

namespace thetastar::TS_LEVEL {

enum class Begin { kZero, kBias, kAdd };  // what a sum begins with: nothing, the bias, or what C holds

template <class T, int Rows, int Columns>
using Sums = Vec<T>[Rows][Columns];

// c(i): the tile's row i of C; bias(j): what the sums of column j begin with.
template <class T, int Rows, int Columns, class Row, class Bias>
[[gnu::always_inline]] inline void begin_sums(Sums<T, Rows, Columns>& sums, Begin begin, Row c, Bias bias) {
  if (begin == Begin::kAdd) {
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 16
      for (int j = 0; j < Columns; ++j) sums[i][j] = load(c(i) + j * kWidth<T>);
    return;
  }
#pragma GCC unroll 16
  for (int j = 0; j < Columns; ++j) {
    const Vec<T> start = begin == Begin::kBias ? bias(j) : Vec<T>{};
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) sums[i][j] = start;
  }
}

// sums += a (Rows numbers) · b (Columns vectors): one step along K. Whichever are fewer wait in registers for the others.
template <class T, int Rows, int Columns, class Number>
[[gnu::always_inline]] inline void add_products(Sums<T, Rows, Columns>& sums, Number a, const T* b) {
  if constexpr (Rows < Columns) {
    Vec<T> value[Rows];
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) value[i] = splat(a(i));
#pragma GCC unroll 16
    for (int j = 0; j < Columns; ++j) {
      const Vec<T> row = load(b + j * kWidth<T>);
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i) sums[i][j] += value[i] * row;
    }
    return;
  }
  Vec<T> row[Columns];
#pragma GCC unroll 16
  for (int j = 0; j < Columns; ++j) row[j] = load(b + j * kWidth<T>);
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
    const Vec<T> value = splat(a(i));
#pragma GCC unroll 16
    for (int j = 0; j < Columns; ++j) sums[i][j] += value * row[j];
  }
}

template <class T, int Rows, int Columns, class Row>
[[gnu::always_inline]] inline void store_sums(Sums<T, Rows, Columns>& sums, bool rectifies, Row c) {
  if (rectifies) {
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 16
      for (int j = 0; j < Columns; ++j) sums[i][j] = max(Vec<T>{}, sums[i][j]);  // a NaN stays a NaN
  }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 16
    for (int j = 0; j < Columns; ++j) store(c(i) + j * kWidth<T>, sums[i][j]);
}

}  // namespace thetastar::TS_LEVEL
