// Schedule-free AdamW, Defazio et al. 2024: no schedule of the rate, and a mean of the path in its place.
#pragma once

#include "adam.hpp"

namespace thetastar::TS_LEVEL {

// The gradient is taken at y = (1 - β₁) z + β₁ x, which are the parameters. z moves by Adam's step without a momentum, and x, the
// answer, is the mean of all z, each weighed by w = (the highest rate so far)^power: x ← x + (w / Σ w) (z - x).
template <class T>
struct ScheduleFreeAdamW {
  static constexpr int kStates = 3;  // x, z, v
  T beta_1, rest_1, beta_2, rest_2, epsilon, root_correction, rate, shrink, share;
  bool first;
  ScheduleFreeAdamW(const OptimizerSpec& o, const Moment& m, double decay = 0)
      : beta_1(number<T>(o.beta_1)), rest_1(number<T>(1 - o.beta_1)), beta_2(number<T>(o.beta_2)),
        rest_2(number<T>(1 - o.beta_2)), epsilon(number<T>(o.epsilon)),
        root_correction(number<T>(1 / std::sqrt(1 - m.powers.beta_2))), rate(number<T>(m.rate)),
        shrink(number<T>(m.rate * decay)), share(number<T>(m.powers.weight / m.powers.weights)), first(m.step == 1) {}
  Vec<T> moved(Vec<T>, Vec<T> g, Vec<T>* s) const {
    Vec<T> z = first ? s[0] : s[1];
    const Vec<T> y = rest_1 * z + beta_1 * s[0];
    s[2] = beta_2 * s[2] + rest_2 * (g * g);
    z -= rate * g * inverse(above_zero<T>(root_times(s[2], root_correction, epsilon))) + shrink * y;
    s[0] += share * (z - s[0]);
    s[1] = z;
    return rest_1 * z + beta_1 * s[0];
  }
};

}  // namespace thetastar::TS_LEVEL
