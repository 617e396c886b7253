// The contract of an optimiser's rule, and the one fused pass that every rule runs in.
//
// A rule is made anew for every step: its constructor computes in double what depends on the settings and on time only
// (bias corrections, the scheduled rate), once for all arrays. `moved` then gives the new parameters for a vector of
// parameters p, of gradients g and of the rule's states s. Time belongs to the step, never to a tensor.
//
// The parts are the same for all: coupled decay adds λ p to g, decoupled decay shrinks p, then the rule moves p.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "../layers/layer.hpp"
#include "../spec.hpp"

namespace thetastar::TS_LEVEL {

// NAdam's momentum of a step, μ_t = β₁ (1 - ½ 0.96^(t ψ)); Dozat 2016.
inline double nesterov_momentum(const OptimizerSpec& o, std::int64_t step) {
  return o.beta_1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(step) * o.momentum_decay));
}

// What sets an optimiser apart from the rule that moves a number by its own gradient, once a step.
struct OptimizerTraits {
  bool searches_lines = false;  // it asks for gradients of all rows as often as it needs (lbfgs.hpp), and has no rule
  bool measures_curvature = false;  // every few steps the loop estimates the Hessian's diagonal for it (curvature.hpp)
  bool moves_by_rows = false;       // a row of a table without any gradient stays as it is
  bool averages = false;            // the answer is a mean over steps
  bool has_momenta = false;         // its momentum is another one in every step
  bool sees_arrays = false;         // an array's step depends on all of its gradient (muon.hpp, whole_arrays.hpp)
  bool weighs_steps = false;        // the answer's mean weighs every step by the rates so far (schedule_free.hpp)
};
inline constexpr struct {
  const char* name;
  OptimizerTraits traits;
} kOptimizers[] = {{"sgd", {}},
                   {"adam", {}},
                   {"adamax", {}},
                   {"nadam", {.has_momenta = true}},
                   {"radam", {}},
                   {"sparse_adam", {.moves_by_rows = true}},
                   {"adagrad", {}},
                   {"adadelta", {}},
                   {"rmsprop", {}},
                   {"ftrl", {}},
                   {"asgd", {.averages = true}},
                   {"rprop", {}},
                   {"lion", {}},
                   {"lbfgs", {.searches_lines = true}},
                   {"sophia", {.measures_curvature = true}},
                   {"muon", {.sees_arrays = true}},
                   {"adafactor", {.sees_arrays = true}},
                   {"lamb", {.sees_arrays = true}},
                   {"schedule_free_adamw", {.averages = true, .weighs_steps = true}}};
inline OptimizerTraits traits_of(const OptimizerSpec& o) {
  for (const auto& [name, traits] : kOptimizers)
    if (o.kind == name) return traits;
  throw std::invalid_argument("optimizer: no '" + o.kind + "' in the core");
}

// What grows by a factor with every step; a tiny network's whole step takes no longer than a few calls of pow.
struct Powers {
  double beta_1 = 1, beta_2 = 1;  // β^t
  double momenta = 1;             // NAdam: Π μ up to this step
  bool has_momenta = false;
  double highest_rate = 0, weight = 0, weights = 0;  // schedule-free: of this step, and Σ up to it

  void weigh(const OptimizerSpec& o, double rate) {
    highest_rate = std::max(highest_rate, rate);
    weight = std::pow(highest_rate, o.power);
    weights += weight;
  }
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

// What draws parameters towards 0 beside their gradient.
template <class T>
struct Pull {
  T penalty = 0;  // the cost's slope is penalty · p; it belongs to the gradient
  T decay = 0;    // λ, coupled to the gradient
  T shrink = 1;   // the decoupled decay's factor, 1 - η λ
};

// An array as it is shown to a rule whose step of it depends on all of its gradient (`sees_arrays`). Such a rule has two functions:
// look(o, m, array) -> factor, once a step before any row moves: it takes the gradient into the states;
// move_rows(o, m, array, factor, first, rows, shares) -> Σ g²: for some rows, at the first of which p and g begin.
template <class T>
struct WholeArray {
  const ParameterArray& shape;
  double decay;  // λ of this array
  T shrink;      // what the decoupled decay leaves of the parameters
  const T* g;
  T *p, *states;
  std::int64_t stride;  // from one state to the next
};
template <class T, class Rule>
concept SeesArrays =
    requires(const OptimizerSpec& o, const Moment& m, const WholeArray<T>& array) { Rule::look(o, m, array); };

// A rule that tells by what a vector is divided (`divisor`) lets two vectors share a division: 1 / a = b · 1 / (a b).
template <class T, class Rule>
concept SharesDivisions = requires(const Rule& rule, Vec<T> v) { rule.moved_by(v, &v, v); };

// What `apply` does, where `change` gives the gradient that counts and `draw` changes a parameter and its gradient before the
// rule sees them. Returns Σ g² lane by lane. The rule is a copy, which no store can change.
template <class T, class Rule, class Change, class Draw>
[[gnu::always_inline]] inline Vec<T> moved_squares(const Rule rule, Change change, Draw draw, T* parameters,
                                                   const T* gradients, T* states, std::int64_t stride, std::int64_t n,
                                                   bool shares) {
  constexpr int W = kWidth<T>, kStates = Rule::kStates;
  Vec<T> squares{};
  const auto begin = [&](std::int64_t i, Vec<T>& p, Vec<T>& g, Vec<T>* s) TS_INLINED {
    p = load(parameters + i), g = change(load(gradients + i), p);
    for (int k = 0; k < kStates; ++k) s[k] = load(states + k * stride + i);
    const Vec<T> same = apart(g);
    squares += same * same;
    draw(p, g);
  };
  const auto end = [&](std::int64_t i, Vec<T> moved, const Vec<T>* s) TS_INLINED {
    store(parameters + i, moved);
    for (int k = 0; k < kStates; ++k) store(states + k * stride + i, s[k]);
  };
  std::int64_t i = 0;
  if constexpr (SharesDivisions<T, Rule> && kDivides)
    if (shares)
      for (; i + 2 * W <= n; i += 2 * W) {
        Vec<T> p, g, s[kStates + 1], p2, g2, s2[kStates + 1];
        begin(i, p, g, s);
        begin(i + W, p2, g2, s2);
        const Vec<T> one = rule.divisor(g, s), other = rule.divisor(g2, s2), both = inverse(one * other);
        end(i, rule.moved_by(p, s, both * other), s);
        end(i + W, rule.moved_by(p2, s2, both * one), s2);
      }
  for (; i < n; i += W) {
    Vec<T> p, g, s[kStates + 1];
    begin(i, p, g, s);
    p = rule.moved(p, g, s);
    end(i, p, s);
  }
  return squares;
}

// Returns Σ g² over the array. The states of the rule lie `stride` numbers apart. shares: two vectors may share a division, so
// that a number's bits depend on its neighbour's.
template <class T, class Rule>
double apply(const Rule& rule, const Pull<T>& pull, T* parameters, const T* gradients, T* states, std::int64_t stride,
             std::int64_t n, bool shares = false) {
  const auto pass = [&](auto change, auto draw) {
    return moved_squares<T>(rule, change, draw, parameters, gradients, states, stride, n, shares);
  };
  const auto as_it_is = [](Vec<T> g, Vec<T>) { return g; };
  const auto penalized = [penalty = pull.penalty](Vec<T> g, Vec<T> p) { return g + penalty * p; };
  const auto freely = [](Vec<T>&, Vec<T>&) {};
  const auto decaying = [decay = pull.decay, shrink = pull.shrink](Vec<T>& p, Vec<T>& g) {
    g += decay * p, p *= shrink;
  };
  const bool decays = pull.decay != 0 || pull.shrink != 1, is_penalized = pull.penalty != 0;
  const Vec<T> squares = is_penalized ? (decays ? pass(penalized, decaying) : pass(penalized, freely))
                                      : (decays ? pass(as_it_is, decaying) : pass(as_it_is, freely));
  return static_cast<double>(sum<T>(squares));
}

// The same where nothing draws the parameters, and no division is shared.
template <class T, class Rule>
double apply(const Rule& rule, T* parameters, const T* gradients, T* states, std::int64_t stride, std::int64_t n) {
  return static_cast<double>(sum<T>(moved_squares<T>(
      rule, [](Vec<T> g, Vec<T>) { return g; }, [](Vec<T>&, Vec<T>&) {}, parameters, gradients, states, stride, n,
      false)));
}

template <class T>
inline T number(double value) {
  return static_cast<T>(value);
}
template <class V>
inline V sign_of(V x) {  // 1, -1 or 0; a NaN stays a NaN
  return x > 0 ? V{} + 1 : (x < 0 ? V{} - 1 : x);
}
// A denominator that is never 0: with ε = 0 a parameter that never had a gradient stays where it is.
template <class T>
inline Vec<T> above_zero(Vec<T> x) {
  return max(x, splat(T(1e-30)));
}

}  // namespace thetastar::TS_LEVEL
