// What is done to a gradient before the optimiser sees it: the penalties' slopes are added, and it is clipped by value.
#pragma once

#include <algorithm>

#include "optimizers/rule.hpp"

namespace thetastar::TS_LEVEL {

// The penalty of squares by itself costs no pass: the optimiser adds it on its way (optimizers/rule.hpp: `Pull`), unless it
// looks only at rows that have a gradient.
inline bool is_a_pull(const TrainSpec& s) {
  return s.l2 != 0 && s.l1 == 0 && s.clip_value == 0 && s.clip_norm == 0 && s.optimizer.kind != "sparse_adam";
}

// gradients (n) = clip(gradients + l1 sign(w) + 2 l2 w); n: whole vectors. A function of its own, never inlined, so that its
// additions contract in the same way for a network alone and for a pack.
template <class T>
[[gnu::noinline]] void penalize(const TrainSpec& settings, bool is_weight, std::int64_t n, const T* w, T* gradients) {
  const T l1 = number<T>(settings.l1), l2 = number<T>(2 * settings.l2), limit = number<T>(settings.clip_value);
  if (is_weight && l2 != 0)
    for (std::int64_t i = 0; i < n; i += kWidth<T>) store(gradients + i, load(gradients + i) + l2 * load(w + i));
  if (is_weight && l1 != 0)
    for (std::int64_t i = 0; i < n; i += kWidth<T>) store(gradients + i, load(gradients + i) + l1 * sign_of(load(w + i)));
  if (limit > 0)
    for (std::int64_t i = 0; i < n; ++i) gradients[i] = std::clamp(gradients[i], -limit, limit);
}

}  // namespace thetastar::TS_LEVEL
