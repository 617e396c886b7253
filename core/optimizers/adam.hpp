// Adam and its family: Adam (AMSGrad, decoupled decay), Adamax, NAdam, RAdam, SparseAdam; and Sophia, which divides by
// the curvature instead of the gradient's size. ε stands outside the root, after the bias correction, as in PyTorch.
#pragma once

#include "rule.hpp"

namespace thetastar::TS_LEVEL {

// m and v, the running means of g and g². rest = 1 - β is formed in double, or β₂ = 0.999999 would lose its digits.
template <class T>
struct Means {
  T beta_1, rest_1, beta_2, rest_2, epsilon;
  double correction_1, correction_2;  // 1 - β^t
  Means(const OptimizerSpec& o, const Moment& m)
      : beta_1(number<T>(o.beta_1)), rest_1(number<T>(1 - o.beta_1)), beta_2(number<T>(o.beta_2)),
        rest_2(number<T>(1 - o.beta_2)), epsilon(number<T>(o.epsilon)), correction_1(1 - m.powers.beta_1),
        correction_2(1 - m.powers.beta_2) {}
  void update(Vec<T> g, Vec<T>& mean, Vec<T>& square) const {
    mean = beta_1 * mean + rest_1 * g;
    square = beta_2 * square + rest_2 * (g * g);
  }
};

// Kingma and Ba 2015; AMSGrad, which never lets v̂ shrink: Reddi et al. 2018. The states are m / (1 - β₁) and v / (1 - β₂):
// the factors are in the step's rate and the root's correction, where they cost nothing. early_epsilon, Keras's form: ε is
// added to √v, so that the correction divides it too.
template <class T, bool kAmsgrad>
struct Adam {
  static constexpr int kStates = 2 + kAmsgrad;
  static constexpr T kLeast = sizeof(T) == 4 ? T(1e-18) : T(1e-150);  // ε; its square is a normal number
  T beta_1, beta_2, epsilon, rate, root_correction;
  Adam(const OptimizerSpec& o, const Moment& m)
      : beta_1(number<T>(o.beta_1)), beta_2(number<T>(o.beta_2)),
        epsilon(std::max(number<T>(o.early_epsilon ? o.epsilon / std::sqrt(1 - m.powers.beta_2) : o.epsilon), kLeast)),
        rate(number<T>(m.rate * (1 - o.beta_1) / (1 - m.powers.beta_1))),
        root_correction(number<T>(std::sqrt((1 - o.beta_2) / (1 - m.powers.beta_2)))) {}
  Vec<T> divisor(Vec<T> g, Vec<T>* s) const {
    s[0] = beta_1 * s[0] + g;
    s[1] = beta_2 * s[1] + g * g;
    if constexpr (kAmsgrad) s[2] = max(s[2], s[1]);
    return root_times(s[kAmsgrad ? 2 : 1], root_correction, epsilon);
  }
  Vec<T> moved_by(Vec<T> p, const Vec<T>* s, Vec<T> per_divisor) const { return p - rate * s[0] * per_divisor; }
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    const Vec<T> per_divisor = inverse(divisor(g, s));
    return moved_by(p, s, per_divisor);
  }
};

// The same paper's variant with the largest recent |g| in place of the root: u = max(β₂ u, |g| + ε)
template <class T>
struct Adamax : Means<T> {
  static constexpr int kStates = 2;
  T rate;
  Adamax(const OptimizerSpec& o, const Moment& m) : Means<T>(o, m), rate(number<T>(m.rate / this->correction_1)) {}
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    s[0] = this->beta_1 * s[0] + this->rest_1 * g;
    s[1] = max(this->beta_2 * s[1], abs(g) + this->epsilon);
    return p - rate * s[0] * inverse(above_zero<T>(s[1]));
  }
};

// Dozat 2016: Nesterov's look ahead in Adam.
template <class T>
struct NesterovAdam : Means<T> {
  static constexpr int kStates = 2;
  T of_gradient, of_mean, root_correction;
  NesterovAdam(const OptimizerSpec& o, const Moment& m)
      : Means<T>(o, m), root_correction(number<T>(1 / std::sqrt(this->correction_2))) {
    const double now = nesterov_momentum(o, m.step), next = nesterov_momentum(o, m.step + 1),
                 product = m.powers.momenta;
    of_gradient = number<T>(m.rate * (1 - now) / (1 - product));
    of_mean = number<T>(m.rate * next / (1 - product * next));
  }
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    this->update(g, s[0], s[1]);
    const Vec<T> per_size = inverse(above_zero<T>(root_times(s[1], root_correction, this->epsilon)));
    return p - (of_gradient * g + of_mean * s[0]) * per_size;
  }
};

// Liu et al. 2020: while v̂ rests on too few gradients to be trusted, a step along m̂ alone; then Adam's, rectified.
template <class T>
struct RectifiedAdam : Means<T> {
  static constexpr int kStates = 2;
  T rate, rectified;
  bool trusted;
  RectifiedAdam(const OptimizerSpec& o, const Moment& m)
      : Means<T>(o, m), rate(number<T>(m.rate / this->correction_1)) {
    const double t = static_cast<double>(m.step), most = 2 / (1 - o.beta_2) - 1;
    const double length = most - 2 * t * m.powers.beta_2 / this->correction_2;
    trusted = length > 5;
    rectified =
        number<T>(!trusted ? 1
                           : m.rate / this->correction_1 * std::sqrt(this->correction_2) *
                                 std::sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)));
  }
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    this->update(g, s[0], s[1]);
    if (!trusted) return p - rate * s[0];
    return p - rectified * s[0] * inverse(above_zero<T>(root(s[1]) + this->epsilon));
  }
};

// Adam for gradients that are mostly 0 (embeddings): what has no gradient in this step stays as it is, states and all.
// ε stands before the correction here, as in PyTorch's SparseAdam. kMasked: by single numbers, otherwise by the caller.
template <class T, bool kMasked>
struct SparseAdam : Means<T> {
  static constexpr int kStates = 2;
  T rate;
  SparseAdam(const OptimizerSpec& o, const Moment& m)
      : Means<T>(o, m), rate(number<T>(m.rate * std::sqrt(this->correction_2) / this->correction_1)) {}
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    Vec<T> mean = s[0], square = s[1];
    this->update(g, mean, square);
    const Vec<T> there = p - rate * mean * inverse(above_zero<T>(root(square) + this->epsilon));
    if constexpr (!kMasked) {
      s[0] = mean, s[1] = square;
      return there;
    }
    s[0] = g != 0 ? mean : s[0];
    s[1] = g != 0 ? square : s[1];
    return g != 0 ? there : p;
  }
};

// Liu et al. 2023: θ ← θ - η clip(m / max(γ h, ε), ±1); h, a running mean of the Hessian's diagonal, is kept by the
// loop (curvature.hpp) every few steps.
template <class T>
struct Sophia {
  static constexpr int kStates = 2;
  T rate, beta_1, rest_1, gamma, epsilon;
  Sophia(const OptimizerSpec& o, const Moment& m)
      : rate(number<T>(m.rate)), beta_1(number<T>(o.beta_1)), rest_1(number<T>(1 - o.beta_1)),
        gamma(number<T>(o.gamma)), epsilon(number<T>(o.epsilon)) {}
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    s[0] = beta_1 * s[0] + rest_1 * g;
    const Vec<T> step = s[0] / max(gamma * s[1], splat(epsilon));
    return p - rate * min(max(step, splat(T(-1))), splat(T(1)));
  }
};

}  // namespace thetastar::TS_LEVEL
