// A tile: rows and columns of a product's C whose sums stay in registers for the whole length of K. This is what all kernels
// have in common; they differ in where their factors lie.
#pragma once

#include <type_traits>

#include "../choose.hpp"

namespace thetastar::TS_LEVEL {

// use(constant): with a number from 1 to Most as a constant of the compiler's.
template <int Most, class Use>
[[gnu::always_inline]] inline void as_constant(Offset number, Use use) {
  if (number == Most)
    use(std::integral_constant<int, Most>());
  else if constexpr (Most > 1)
    as_constant<Most - 1>(number, use);
}

enum class Begin { kZero, kBias, kAdd };  // what a sum begins with: nothing, the bias, or what C holds

template <class T, int Rows, int Columns>
using Sums = Vec<T>[Rows][Columns];

// c(i): the tile's row i of C; bias(j): what the sums of column j begin with.
template <class T, int Rows, int Columns, class Row, class Bias>
[[gnu::always_inline]] inline void begin_sums(Sums<T, Rows, Columns>& sums, Begin begin, Row c, Bias bias) {
  if (begin == Begin::kAdd) {
    TS_UNROLLED for (int i = 0; i < Rows; ++i) TS_UNROLLED for (int j = 0; j < Columns; ++j) sums[i][j] =
        load(c(i) + j * kWidth<T>);
    return;
  }
  TS_UNROLLED for (int j = 0; j < Columns; ++j) {
    const Vec<T> start = begin == Begin::kBias ? bias(j) : Vec<T>{};
    TS_UNROLLED for (int i = 0; i < Rows; ++i) sums[i][j] = start;
  }
}

// sums += a (Rows numbers) · b (Columns vectors): one step along K. Whichever are fewer wait in registers for the others.
template <class T, int Rows, int Columns, class Number>
[[gnu::always_inline]] inline void add_products(Sums<T, Rows, Columns>& sums, Number a, const T* b) {
  if constexpr (Rows < Columns) {
    Vec<T> value[Rows];
    TS_UNROLLED for (int i = 0; i < Rows; ++i) value[i] = splat(a(i));
    TS_UNROLLED for (int j = 0; j < Columns; ++j) {
      const Vec<T> row = load(b + j * kWidth<T>);
      TS_UNROLLED for (int i = 0; i < Rows; ++i) sums[i][j] += value[i] * row;
    }
    return;
  }
  Vec<T> row[Columns];
  TS_UNROLLED for (int j = 0; j < Columns; ++j) row[j] = load(b + j * kWidth<T>);
  TS_UNROLLED for (int i = 0; i < Rows; ++i) {
    const Vec<T> value = splat(a(i));
    TS_UNROLLED for (int j = 0; j < Columns; ++j) sums[i][j] += value * row[j];
  }
}

template <class T, int Rows, int Columns, class Row>
[[gnu::always_inline]] inline void store_sums(Sums<T, Rows, Columns>& sums, bool rectifies, Row c) {
  if (rectifies) {
    TS_UNROLLED for (int i = 0; i < Rows; ++i) TS_UNROLLED for (int j = 0; j < Columns; ++j) sums[i][j] =
        max(Vec<T>{}, sums[i][j]);  // a NaN stays a NaN
  }
  TS_UNROLLED for (int i = 0; i < Rows; ++i) TS_UNROLLED for (int j = 0; j < Columns; ++j)
      store(c(i) + j * kWidth<T>, sums[i][j]);
}

}  // namespace thetastar::TS_LEVEL
