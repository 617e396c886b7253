// Rules that divide by the gradient's usual size: Adagrad, Adadelta, RMSprop, FTRL.
#pragma once

#include "rule.hpp"

namespace thetastar::TS_LEVEL {

// Duchi et al. 2011: s = Σ g²; θ ← θ - η_t g / (√s + ε), η_t = η / (1 + (t - 1) decay)
template <class T>
struct Adagrad {
  static constexpr int kStates = 1;
  T rate, epsilon, start;
  bool in_root;
  Adagrad(const OptimizerSpec& o, const Moment& m)
      : rate(number<T>(m.rate / (1 + static_cast<double>(m.step - 1) * o.rate_decay))), epsilon(number<T>(o.epsilon)),
        start(number<T>(m.step == 1 ? o.accumulator : 0)), in_root(o.epsilon_in_root) {}
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    s[0] = s[0] + start + g * g;
    return p - rate * g * inverse(above_zero<T>(in_root ? root(s[0] + epsilon) : root(s[0]) + epsilon));
  }
};

// Zeiler 2012: s and d are running means of g² and of the steps' squares; step = √(d + ε) / √(s + ε) · g
template <class T>
struct Adadelta {
  static constexpr int kStates = 2;
  T rate, rho, rest, epsilon;
  Adadelta(const OptimizerSpec& o, const Moment& m)
      : rate(number<T>(m.rate)), rho(number<T>(o.rho)), rest(number<T>(1 - o.rho)), epsilon(number<T>(o.epsilon)) {}
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    s[0] = rho * s[0] + rest * (g * g);
    const Vec<T> step = root(s[1] + epsilon) * inverse(above_zero<T>(root(s[0] + epsilon))) * g;
    s[1] = rho * s[1] + rest * (step * step);
    return p - rate * step;
  }
};

// Tieleman and Hinton 2012: s = ρ s + (1 - ρ) g²; step = g / (√s + ε). Centred: √(s - mean²), Graves 2013.
template <class T, bool kCentred, bool kMomentum>
struct RMSprop {
  static constexpr int kMean = 1, kBuffer = 1 + kCentred;
  static constexpr int kStates = 1 + kCentred + kMomentum;
  T rate, rho, rest, epsilon, momentum;
  bool in_root, keeps_rate;
  RMSprop(const OptimizerSpec& o, const Moment& m)
      : rate(number<T>(m.rate)), rho(number<T>(o.rho)), rest(number<T>(1 - o.rho)), epsilon(number<T>(o.epsilon)),
        momentum(number<T>(o.momentum)), in_root(o.epsilon_in_root), keeps_rate(o.rate_in_velocity) {}
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    s[0] = rho * s[0] + rest * (g * g);
    Vec<T> spread = s[0];
    if constexpr (kCentred) {
      s[kMean] = rho * s[kMean] + rest * g;
      spread = max(s[0] - s[kMean] * s[kMean], Vec<T>{});  // rounding may take it below 0
    }
    Vec<T> step = g * inverse(above_zero<T>(in_root ? root(spread + epsilon) : root(spread) + epsilon));
    if constexpr (kMomentum) {
      if (keeps_rate) {  // a step keeps the rate that it had
        s[kBuffer] = momentum * s[kBuffer] + rate * step;
        return p - s[kBuffer];
      }
      s[kBuffer] = momentum * s[kBuffer] + step;
      step = s[kBuffer];
    }
    return p - rate * step;
  }
};

// Follow the regularised leader, McMahan et al. 2013, as in Keras: n = Σ g², z = Σ (g - σ θ) with
// σ = (n^-q - n_before^-q) / η; θ = (clip(z, ±l1) - z) / (n^-q / η + 2 l2), which is exactly 0 where |z| <= l1.
// At a rate of 0, with which some courses begin, σ does not exist: nothing moves and nothing is learned.
template <class T>
struct FTRL {
  static constexpr int kStates = 2;
  T per_rate, l1, ridge, shrinkage, start, power;
  bool still;
  FTRL(const OptimizerSpec& o, const Moment& m)
      : per_rate(number<T>(1 / m.rate)), l1(number<T>(o.l1)), ridge(number<T>(2 * o.l2 + o.beta / m.rate)),
        shrinkage(number<T>(2 * o.l2_shrinkage)), start(number<T>(m.step == 1 ? o.accumulator : 0)),
        power(number<T>(-o.power)), still(m.rate == 0) {}
  Vec<T> raised(Vec<T> n) const {  // n^-q; q = -½ is the usual one
    if (power == T(0.5)) return root(n);
    for (int i = 0; i < kWidth<T>; ++i) n[i] = std::pow(n[i], power);
    return n;
  }
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    const Vec<T> before = s[0] + start;
    s[0] = still ? before : before + g * g;
    if (still) return p;
    const Vec<T> now = raised(s[0]);
    s[1] = s[1] + g + shrinkage * p - (now - raised(before)) * per_rate * p;
    const Vec<T> cut = min(max(s[1], splat(-l1)), splat(l1));
    return (cut - s[1]) / above_zero<T>(now * per_rate + ridge);
  }
};

}  // namespace thetastar::TS_LEVEL
