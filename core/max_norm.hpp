// The max-norm constraint: the weights that lead into one neuron (a column of a dense or recurrent layer's matrix, a
// filter of a convolution) are never longer than a limit. Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov:
// "Dropout: a simple way to prevent neural networks from overfitting", 2014, section 5.1.
#pragma once

#include <algorithm>
#include <cmath>

#include "layers/layer.hpp"

namespace thetastar::TS_LEVEL {

// Scales down what is too long of this member's share of the columns. The sums go row by row over some columns at once,
// which are vectors to the compiler, and in the order of the rows: no bit depends on the team.
template <class T>
void limit_norms(const ParameterSlice& s, double limit, T* parameters, int member, int members) {
  constexpr int kColumns = 128;
  if (!s.is_weight || s.is_table) return;
  const int pieces = (s.ld + kColumns - 1) / kColumns;
  for (int piece = pieces * member / members; piece < pieces * (member + 1) / members; ++piece) {
    T* first = parameters + s.offset + piece * kColumns;
    const int columns = std::min(kColumns, s.ld - piece * kColumns);
    T factors[kColumns] = {};
    for (int r = 0; r < s.rows; ++r) {
      const T* w = first + static_cast<std::int64_t>(r) * s.ld;
      for (int j = 0; j < columns; ++j) factors[j] += w[j] * w[j];
    }
    bool any = false;
    for (int j = 0; j < columns; ++j) {
      const bool is_long = factors[j] > static_cast<T>(limit * limit);
      factors[j] = is_long ? static_cast<T>(limit) / std::sqrt(factors[j]) : T(1);
      any |= is_long;
    }
    for (int r = 0; any && r < s.rows; ++r) {
      T* w = first + static_cast<std::int64_t>(r) * s.ld;
      for (int j = 0; j < columns; ++j) w[j] *= factors[j];
    }
  }
}

}  // namespace thetastar::TS_LEVEL
