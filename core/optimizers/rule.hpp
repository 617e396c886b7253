// The contract of an optimiser's rule, and the one fused pass that every rule runs in.
//
// A rule is made anew for every step: its constructor computes in double what depends on the settings and on time only
// (bias corrections, the scheduled rate), once for all slices. `moved` then gives the new parameters for a vector of
// parameters p, of gradients g and of the rule's states s. Time belongs to the step, never to a tensor.
//
// The parts are the same for all: coupled decay adds λ p to g, decoupled decay shrinks p, then the rule moves p.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "../layers/layer.hpp"
#include "../spec.hpp"

namespace thetastar::TS_LEVEL {

// NAdam's momentum of a step, μ_t = β₁ (1 - ½ 0.96^(t ψ)); Dozat 2016.
inline double nesterov_momentum(const OptimizerSpec& o, std::int64_t step) {
  return o.beta_1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(step) * o.momentum_decay));
}

// What grows by a factor with every step; a tiny network's whole step takes no longer than a few calls of pow.
struct Powers {
  double beta_1 = 1, beta_2 = 1;  // β^t
  double momenta = 1;             // NAdam: Π μ up to this step
  bool has_momenta = false;

  void advance(const OptimizerSpec& o, std::int64_t step) {
    beta_1 *= o.beta_1;
    beta_2 *= o.beta_2;
    if (has_momenta) momenta *= nesterov_momentum(o, step);
  }
};

struct Moment {
  std::int64_t step = 1;  // counts from 1
  double rate = 0;        // the learning rate, with its schedule
  Powers powers;
};

// Σ g² over whole vectors, in the order of `apply`
template <class T>
double sum_of_squares(const T* gradients, std::int64_t n) {
  Vec<T> squares{};
  for (std::int64_t i = 0; i < n; i += kWidth<T>) squares += load(gradients + i) * load(gradients + i);
  return static_cast<double>(sum<T>(squares));
}

// What draws parameters towards 0 beside their gradient.
template <class T>
struct Pull {
  T penalty = 0;  // the cost's slope is penalty · p; it belongs to the gradient
  T decay = 0;    // λ, coupled to the gradient
  T shrink = 1;   // the decoupled decay's factor, 1 - η λ
};

// Returns Σ g² over the slice. The states of the rule lie `stride` numbers apart.
template <class T, class Rule>
double apply(const Rule& rule, const Pull<T>& pull, T* parameters, const T* gradients, T* states, std::int64_t stride, std::int64_t n) {
  Vec<T> squares{};
  const auto pass = [&](auto change, auto moved) {
    for (std::int64_t i = 0; i < n; i += kWidth<T>) {
      Vec<T> p = load(parameters + i), g = change(load(gradients + i), p), s[Rule::kStates + 1];
      for (int k = 0; k < Rule::kStates; ++k) s[k] = load(states + k * stride + i);
      const Vec<T> same = apart(g);
      squares += same * same;
      store(parameters + i, moved(p, g, s));
      for (int k = 0; k < Rule::kStates; ++k) store(states + k * stride + i, s[k]);
    }
  };
  const T penalty = pull.penalty, decay = pull.decay, shrink = pull.shrink;
  const auto as_it_is = [](Vec<T> g, Vec<T>) { return g; };
  const auto penalized = [=](Vec<T> g, Vec<T> p) { return g + penalty * p; };
  const auto freely = [&](Vec<T> p, Vec<T> g, Vec<T>* s) { return rule.moved(p, g, s); };
  const auto decaying = [&](Vec<T> p, Vec<T> g, Vec<T>* s) { return rule.moved(p * shrink, g + decay * p, s); };
  if (decay != 0 || shrink != 1)
    penalty != 0 ? pass(penalized, decaying) : pass(as_it_is, decaying);
  else
    penalty != 0 ? pass(penalized, freely) : pass(as_it_is, freely);
  return static_cast<double>(sum<T>(squares));
}

template <class T>
inline T number(double value) {
  return static_cast<T>(value);
}
template <class V>
inline V sign_of(V x) {  // 1, -1 or 0; a NaN stays a NaN
  return x > 0 ? V{} + 1 : (x < 0 ? V{} - 1 : x);
}
// A denominator that is never 0: with ε = 0 a parameter that never had a gradient stays where it is instead of
// becoming 0 / 0.
template <class T>
inline Vec<T> above_zero(Vec<T> x) {
  return max(x, splat(T(1e-30)));
}

}  // namespace thetastar::TS_LEVEL
