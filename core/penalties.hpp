// What keeps weights small or of a sign: the penalties' slopes, which are added to a gradient before the optimiser sees it,
// clipping by value, the max-norm constraint, and directions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

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

// Directions make a dense network monotone in some of its inputs. A unit that rises with what is held has the direction 1, one that
// falls -1, one that never sees it 0; the outputs have 1. A weight between two units with a direction keeps the sign of their
// product, and one from such a unit to one without is zero. With activations that rise, convex ones from units of 1 and concave
// ones from units of -1 are the two kinds of Runje and Shankaranarayana: "Constrained monotonic neural networks", 2023.
// A sum of rounded products in a fixed order rises with each of its factors, so nothing is lost by rounding.
//
// What has the wrong sign is set to zero; where a training begins (mirrored), it is turned instead, so that half of the
// weights are not lost. directions: of the inputs, then of the units of every dense layer.
template <class T>
void hold_directions(const std::vector<ParameterArray>& arrays, const std::vector<std::int64_t>& directions,
                     bool mirrored, T* parameters, int member, int members) {
  const std::int64_t* from = directions.data();
  for (const ParameterArray& s : arrays) {
    if (!s.is_weight) continue;
    const std::int64_t* to = from + s.rows;
    for (int r = s.rows * member / members; r < s.rows * (member + 1) / members; ++r) {
      if (from[r] == 0) continue;
      T* w = parameters + s.offset + static_cast<std::int64_t>(r) * s.ld;
      for (int j = 0; j < s.columns; ++j) {
        const T sign = static_cast<T>(from[r] * to[j]),
                wanted = mirrored ? std::abs(w[j]) : std::max(sign * w[j], T(0));
        w[j] = sign * wanted;
      }
    }
    from = to;
  }
}

}  // namespace thetastar::TS_LEVEL
