// Optimisers: the table of all rules, and the object that moves a network's parameters with one of them. The rules are
// in optimizers/, by family; what they share is optimizers/rule.hpp. L-BFGS, which asks for more than one gradient a
// step, is optimizers/lbfgs.hpp.
#pragma once

#include "block.hpp"
#include "optimizers/adam.hpp"
#include "optimizers/adaptive.hpp"
#include "optimizers/descent.hpp"

namespace thetastar::TS_LEVEL {

// Makes the rule for this moment and hands it to `use`, which returns a double.
template <class T, class Use>
double with_rule(const OptimizerSpec& o, const Moment& m, Use use) {
  const std::string& kind = o.kind;
  if (kind == "adam") return o.amsgrad ? use(Adam<T, true>(o, m)) : use(Adam<T, false>(o, m));
  if (kind == "sgd") return o.momentum != 0 ? use(Momentum<T>(o, m)) : use(Plain<T>(o, m));
  if (kind == "rmsprop" && o.centred) return o.momentum != 0 ? use(RootMeanSquare<T, true, true>(o, m)) : use(RootMeanSquare<T, true, false>(o, m));
  if (kind == "rmsprop") return o.momentum != 0 ? use(RootMeanSquare<T, false, true>(o, m)) : use(RootMeanSquare<T, false, false>(o, m));
  if (kind == "adagrad") return use(Adagrad<T>(o, m));
  if (kind == "adadelta") return use(Adadelta<T>(o, m));
  if (kind == "adamax") return use(Adamax<T>(o, m));
  if (kind == "nadam") return use(NesterovAdam<T>(o, m));
  if (kind == "radam") return use(RectifiedAdam<T>(o, m));
  if (kind == "sparse_adam") return use(SparseAdam<T, true>(o, m));
  if (kind == "asgd") return use(Averaged<T>(o, m));
  if (kind == "rprop") return use(Resilient<T>(o, m));
  if (kind == "ftrl") return use(RegularisedLeader<T>(o, m));
  if (kind == "lion") return use(Lion<T>(o, m));
  if (kind == "sophia") return use(Sophia<T>(o, m));
  throw std::invalid_argument("optimizer: no '" + kind + "' in the core");
}

inline bool searches_lines(const OptimizerSpec& o) { return o.kind == "lbfgs"; }

// The settings of every slice, and the states of all. Weight decay acts on weights, and on what a group names for it.
template <class T>
class Optimizer {
 public:
  // groups: one spec a slice, or none where all have the base settings.
  Optimizer(const OptimizerSpec& base, const std::vector<OptimizerSpec>& groups, const std::vector<ParameterSlice>& slices, std::int64_t size)
      : base_{base, {}}, slices_(slices), by_rows_(base.kind == "sparse_adam"), averages_(base.kind == "asgd"),
        measures_(base.kind == "sophia"), size_(searches_lines(base) ? 0 : size) {
    for (const OptimizerSpec& group : groups) groups_.push_back({group, {}});
    states_ = Block<T>(state_count() * size_);
  }

  // One step over all parameters; factor: the schedule's. squares[i] += Σ g² of slice i.
  void step(double factor, T* parameters, const T* gradients, double* squares) {
    step_ += 1;
    if (groups_.empty()) {
      base_.powers.advance(base_.spec, step_);
      move(base_, 0, slices_.size(), factor, parameters, gradients, squares);
    }
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      groups_[i].powers.advance(groups_[i].spec, step_);
      move(groups_[i], i, i + 1, factor, parameters, gradients, squares);
    }
  }

  // Before a step: is it time to measure the curvature again? Its running mean is Sophia's second state.
  bool wants_curvature() const { return measures_ && step_ % base_.spec.every == 0; }
  void add_curvature(const T* diagonal) {
    const T keep = number<T>(base_.spec.beta_2), rest = number<T>(1 - base_.spec.beta_2);
    T* mean = states_.data() + size_;
    for (std::int64_t i = 0; i < size_; ++i) mean[i] = keep * mean[i] + rest * diagonal[i];
  }

  // The parameters that count: the mean of them where the rule keeps one, otherwise themselves.
  const T* answer(const T* parameters) const { return averages_ && step_ > 0 ? states_.data() : parameters; }
  std::int64_t steps() const { return step_; }

 private:
  struct Group {  // settings, and what of them changes with time
    OptimizerSpec spec;
    Powers powers;
  };

  std::int64_t state_count() const {
    const auto states = [](const OptimizerSpec& o) {
      return with_rule<T>(o, Moment{}, [](const auto& rule) { return static_cast<double>(std::decay_t<decltype(rule)>::kStates); });
    };
    if (size_ == 0) return 0;
    double most = states(base_.spec);
    for (const Group& group : groups_) most = std::max(most, states(group.spec));
    return static_cast<std::int64_t>(most);
  }

  // Slices from ... to (exclusive), which share their settings, and so the rule that is made for this step.
  void move(const Group& group, std::size_t from, std::size_t to, double factor, T* parameters, const T* gradients, double* squares) {
    const OptimizerSpec& o = group.spec;
    const Moment moment{step_, o.learning_rate * factor, group.powers};
    with_rule<T>(o, moment, [&](const auto& rule) {
      for (std::size_t i = from; i < to; ++i) {
        const ParameterSlice& slice = slices_[i];
        T *p = parameters + slice.offset, *states = states_.data() + slice.offset;
        const T* g = gradients + slice.offset;
        const double decay = slice.is_weight || o.decay_all ? o.weight_decay : 0;
        if (!slice.is_learned) {  // rules exist that move what has no gradient: FTRL, ASGD
          if (averages_) std::copy_n(p, slice.size(), states);
        } else if (by_rows_ && slice.rows > 1) {
          squares[i] += update_rows(SparseAdam<T, false>(o, moment), slice, p, g, states);
        } else if (o.decoupled) {
          squares[i] += apply<T>(rule, T(0), number<T>(1 - moment.rate * decay), p, g, states, size_, slice.size());
        } else {
          squares[i] += apply<T>(rule, number<T>(decay), T(1), p, g, states, size_, slice.size());
        }
      }
      return 0.0;
    });
  }

  // A matrix by rows: a row without any gradient is not touched. An embedding's row is one word.
  double update_rows(const SparseAdam<T, false>& rule, const ParameterSlice& slice, T* parameters, const T* gradients, T* states) {
    double squares = 0;
    for (std::int64_t at = 0; at < slice.size(); at += slice.ld) {
      bool any = false;
      for (int j = 0; j < slice.ld; ++j) any |= gradients[at + j] != 0;  // its padding is 0
      if (any) squares += apply<T>(rule, T(0), T(1), parameters + at, gradients + at, states + at, size_, slice.ld);
    }
    return squares;
  }

  Group base_;
  std::vector<Group> groups_;  // one a slice, or none
  const std::vector<ParameterSlice> slices_;
  const bool by_rows_, averages_, measures_;  // what only one kind does; a tiny network's step has no time for words
  std::int64_t size_, step_ = 0;
  Block<T> states_;
};

}  // namespace thetastar::TS_LEVEL
