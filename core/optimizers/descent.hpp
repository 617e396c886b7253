// Rules that step along the gradient or its sign: SGD, ASGD, Rprop, Lion. Formulae as in PyTorch where it has the rule.
#pragma once

#include "rule.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
struct SGD {  // stochastic gradient descent
  static constexpr int kStates = 0;
  T rate;
  SGD(const OptimizerSpec&, const Moment& m) : rate(number<T>(m.rate)) {}
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>*) const { return p - rate * g; }
};

// v = μ v + (1 - d) g, at first v = g. Sutskever et al. 2013. Nesterov: the step looks ahead along the new velocity.
template <class T>
struct Momentum {
  static constexpr int kStates = 1;
  T rate, momentum, fresh;
  bool nesterov, keeps_rate;
  Momentum(const OptimizerSpec& o, const Moment& m)
      : rate(number<T>(m.rate)), momentum(number<T>(o.momentum)), fresh(number<T>(m.step == 1 ? 1 : 1 - o.dampening)),
        nesterov(o.nesterov), keeps_rate(o.rate_in_velocity) {}
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    if (keeps_rate) {  // a step keeps the rate that it had
      s[0] = momentum * s[0] + fresh * rate * g;
      return p - (nesterov ? rate * g + momentum * s[0] : s[0]);
    }
    s[0] = momentum * s[0] + fresh * g;
    return p - rate * (nesterov ? g + momentum * s[0] : s[0]);
  }
};

// Averaged stochastic gradient descent, Polyak and Juditsky 1992: θ ← (1 - λ η_t) θ - η_t g with η_t = η / (1 + λ η (t - 1))^α. The state
// is the mean of θ since step t₀, and θ itself before.
template <class T>
struct ASGD {
  static constexpr int kStates = 1;
  T rate, shrink, fresh;
  ASGD(const OptimizerSpec& o, const Moment& m) {
    const double eta = m.rate / std::pow(1 + o.lambda * m.rate * static_cast<double>(m.step - 1), o.alpha);
    rate = number<T>(eta);
    shrink = number<T>(1 - o.lambda * eta);
    fresh = number<T>(1 / std::max(1.0, static_cast<double>(m.step - 1) - o.start));
  }
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    p = p * shrink - rate * g;
    s[0] = fresh == 1 ? p : s[0] + fresh * (p - s[0]);
    return p;
  }
};

// Riedmiller and Braun 1993: a step of its own for every parameter, longer while the gradient keeps its sign, shorter
// when it turns (and then no step at all). States: the last gradient, the step's size.
template <class T>
struct Rprop {
  static constexpr int kStates = 2;
  T start, shorter, longer, least, most;
  bool first;
  Rprop(const OptimizerSpec& o, const Moment& m)
      : start(number<T>(m.rate)), shorter(number<T>(o.shorter)), longer(number<T>(o.longer)), least(number<T>(o.least)),
        most(number<T>(o.most)), first(m.step == 1) {}
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    const Vec<T> agreement = sign_of(s[0]) * sign_of(g);
    const Vec<T> size = first ? splat(start) : s[1];
    s[1] = min(max(agreement > 0 ? size * longer : (agreement < 0 ? size * shorter : size), splat(least)), splat(most));
    s[0] = agreement < 0 ? Vec<T>{} : g;
    return p - s[1] * sign_of(s[0]);
  }
};

// Chen et al. 2023: the sign of an interpolation between momentum and gradient.
template <class T>
struct Lion {
  static constexpr int kStates = 1;
  T rate, beta_1, rest_1, beta_2, rest_2;
  Lion(const OptimizerSpec& o, const Moment& m)
      : rate(number<T>(m.rate)), beta_1(number<T>(o.beta_1)), rest_1(number<T>(1 - o.beta_1)),
        beta_2(number<T>(o.beta_2)), rest_2(number<T>(1 - o.beta_2)) {}
  Vec<T> moved(Vec<T> p, Vec<T> g, Vec<T>* s) const {
    const Vec<T> direction = sign_of(beta_1 * s[0] + rest_1 * g);
    s[0] = beta_2 * s[0] + rest_2 * g;
    return p - rate * direction;
  }
};

}  // namespace thetastar::TS_LEVEL
