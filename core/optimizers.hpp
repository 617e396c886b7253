// Optimisers. One fused pass over a flat slice of parameters: read the gradient, update the states, move the
// parameters. What depends on time only (bias corrections, the scheduled learning rate) is computed once per step, in
// double precision, for all slices.
//
// Formulae as in PyTorch, which the golden tests compare with: the momentum buffer v = μ v + g moves θ by -η v, and
// Adam's ε stands outside the root, after the bias correction.
#pragma once

#include <cmath>
#include <stdexcept>

#include "spec.hpp"
#include "simd/vec.hpp"

namespace thetastar::TS_LEVEL {

// Sutskever et al. 2013. Nesterov: the step looks ahead along the new velocity.
template <class T>
struct Momentum {
  static constexpr int kStates = 1;
  T rate, momentum;
  bool nesterov;
  Momentum(const OptimizerSpec& o, double learning_rate, std::int64_t)
      : rate(static_cast<T>(learning_rate)), momentum(static_cast<T>(o.momentum)), nesterov(o.nesterov) {}
  Vec<T> move(Vec<T> g, Vec<T>& velocity, Vec<T>&) const {
    velocity = momentum * velocity + g;
    return rate * (nesterov ? g + momentum * velocity : velocity);
  }
};

template <class T>
struct Plain {  // stochastic gradient descent
  static constexpr int kStates = 0;
  T rate;
  Plain(const OptimizerSpec&, double learning_rate, std::int64_t) : rate(static_cast<T>(learning_rate)) {}
  Vec<T> move(Vec<T> g, Vec<T>&, Vec<T>&) const { return rate * g; }
};

// Kingma and Ba 2015.
template <class T>
struct Adam {
  static constexpr int kStates = 2;
  T rate, beta_1, rest_1, beta_2, rest_2, root_correction, epsilon;  // rest = 1 - beta, formed in double
  Adam(const OptimizerSpec& o, double learning_rate, std::int64_t step)
      : rate(static_cast<T>(learning_rate / (1 - std::pow(o.beta_1, static_cast<double>(step))))),
        beta_1(static_cast<T>(o.beta_1)),
        rest_1(static_cast<T>(1 - o.beta_1)),
        beta_2(static_cast<T>(o.beta_2)),
        rest_2(static_cast<T>(1 - o.beta_2)),
        root_correction(static_cast<T>(1 / std::sqrt(1 - std::pow(o.beta_2, static_cast<double>(step))))),
        epsilon(static_cast<T>(o.epsilon)) {}
  Vec<T> move(Vec<T> g, Vec<T>& mean, Vec<T>& square) const {
    mean = beta_1 * mean + rest_1 * g;
    square = beta_2 * square + rest_2 * (g * g);
    // With ε = 0 a parameter that never had a gradient stays where it is instead of becoming 0 / 0.
    const Vec<T> denominator = max(root(square) * root_correction + epsilon, splat(T(1e-30)));
    return rate * mean * inverse(denominator);
  }
};

// Returns Σ g² over the slice. `shrink` is AdamW's decoupled decay, 1 - η λ; `decay` is λ coupled to the gradient.
template <class T, class Rule>
double apply(const Rule& rule, T decay, T shrink, T* parameters, const T* gradients, T* first, T* second, std::int64_t n) {
  Vec<T> squares{};
  for (std::int64_t i = 0; i < n; i += kWidth<T>) {
    Vec<T> p = load(parameters + i), g = load(gradients + i), a{}, b{};
    if constexpr (Rule::kStates > 0) a = load(first + i);
    if constexpr (Rule::kStates > 1) b = load(second + i);
    squares += g * g;
    p = p * shrink - rule.move(g + decay * p, a, b);
    store(parameters + i, p);
    if constexpr (Rule::kStates > 0) store(first + i, a);
    if constexpr (Rule::kStates > 1) store(second + i, b);
  }
  return static_cast<double>(sum<T>(squares));
}

// One step on one slice; `step` counts from 1. Decay acts where `is_weight`.
template <class T>
double update(const OptimizerSpec& o, double learning_rate, std::int64_t step, bool is_weight, T* parameters,
              const T* gradients, T* first, T* second, std::int64_t n) {
  const double decay = is_weight ? o.weight_decay : 0;
  const T coupled = static_cast<T>(o.decoupled ? 0 : decay);
  const T shrink = static_cast<T>(o.decoupled ? 1 - learning_rate * decay : 1);
  const auto with = [&](auto rule) { return apply<T>(rule, coupled, shrink, parameters, gradients, first, second, n); };
  if (o.kind == "adam") return with(Adam<T>(o, learning_rate, step));
  if (o.kind == "sgd" && o.momentum != 0) return with(Momentum<T>(o, learning_rate, step));
  if (o.kind == "sgd") return with(Plain<T>(o, learning_rate, step));
  throw std::invalid_argument("optimizer: no '" + o.kind + "' in the core");
}

inline int state_count(const OptimizerSpec& o) { return o.kind == "adam" ? 2 : o.momentum != 0 ? 1 : 0; }

}  // namespace thetastar::TS_LEVEL
