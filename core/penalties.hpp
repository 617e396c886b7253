// What keeps weights small: the penalties' slopes, which are added to a gradient before the optimiser sees it, clipping by value,
// and the max-norm constraint.
#pragma once

#include <algorithm>
#include <cmath>

#include "optimizers/rule.hpp"

namespace thetastar::TS_LEVEL {

// A penalty of squares alone costs no pass, because the optimiser adds it (optimizers/rule.hpp: `Pull`), unless the optimiser moves
// only rows that have a gradient.
inline bool is_a_pull(const TrainSpec& s) {
  return s.l2 != 0 && s.l1 == 0 && s.clip_value == 0 && s.clip_norm == 0 && !traits_of(s.optimizer).moves_by_rows;
}

// gradients (n) = clip(gradients + l1 sign(w) + 2 l2 w); n: whole vectors. A function of its own, never inlined, so that its
// additions contract in the same way for a network alone and for a pack.
template <class T>
[[gnu::noinline]] void penalize(const TrainSpec& settings, bool is_weight, std::int64_t n, const T* w, T* gradients) {
  const T l1 = number<T>(settings.l1), l2 = number<T>(2 * settings.l2), limit = number<T>(settings.clip_value);
  if (is_weight && l2 != 0)
    for (std::int64_t i = 0; i < n; i += kWidth<T>) store(gradients + i, load(gradients + i) + l2 * load(w + i));
  if (is_weight && l1 != 0)
    for (std::int64_t i = 0; i < n; i += kWidth<T>)
      store(gradients + i, load(gradients + i) + l1 * sign_of(load(w + i)));
  if (limit > 0)
    for (std::int64_t i = 0; i < n; ++i) gradients[i] = std::clamp(gradients[i], -limit, limit);
}

// The max-norm constraint: the weights that lead into one neuron (a column of a dense or recurrent layer's matrix, a filter of a
// convolution) are never longer than a limit. Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: "Dropout: a simple way to
// prevent neural networks from overfitting", 2014, section 5.1.
//
// Scales down what is too long of this member's columns. The sums go row by row over several columns,
// which are vectors to the compiler, and in the order of the rows: no bit depends on the team.
template <class T>
void limit_norms(const ParameterArray& s, double limit, T* parameters, int member, int members) {
  constexpr int kColumns = 128;
  if (!s.is_weight || s.is_table) return;
  const int panels = (s.ld + kColumns - 1) / kColumns;
  for (int panel = panels * member / members; panel < panels * (member + 1) / members; ++panel) {
    T* first = parameters + s.offset + panel * kColumns;
    const int columns = std::min(kColumns, s.ld - panel * kColumns);
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
