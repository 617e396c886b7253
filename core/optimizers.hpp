// Optimisers: the table of all rules, and the object that moves a network's parameters with one of them. The rules are
// in optimizers/, by family; what they share is optimizers/rule.hpp. L-BFGS, which asks for more than one gradient a
// step, is optimizers/lbfgs.hpp.
#pragma once

#include <cstddef>
#include <type_traits>

#include "block.hpp"
#include "optimizers/adam.hpp"
#include "optimizers/adaptive.hpp"
#include "optimizers/descent.hpp"
#include "optimizers/muon.hpp"
#include "optimizers/schedule_free.hpp"
#include "optimizers/whole_arrays.hpp"

namespace thetastar::TS_LEVEL {

// Makes the rule for this moment and hands it to `use`, which returns a double.
template <class T, class Use>
double with_rule(const OptimizerSpec& o, const Moment& m, Use use) {
  const std::string& kind = o.kind;
  if (kind == "adam") return o.amsgrad ? use(Adam<T, true>(o, m)) : use(Adam<T, false>(o, m));
  if (kind == "sgd") return o.momentum != 0 ? use(Momentum<T>(o, m)) : use(SGD<T>(o, m));
  if (kind == "rmsprop" && o.centred)
    return o.momentum != 0 ? use(RMSprop<T, true, true>(o, m)) : use(RMSprop<T, true, false>(o, m));
  if (kind == "rmsprop")
    return o.momentum != 0 ? use(RMSprop<T, false, true>(o, m)) : use(RMSprop<T, false, false>(o, m));
  if (kind == "adagrad") return use(Adagrad<T>(o, m));
  if (kind == "adadelta") return use(Adadelta<T>(o, m));
  if (kind == "adamax") return use(Adamax<T>(o, m));
  if (kind == "nadam") return use(NesterovAdam<T>(o, m));
  if (kind == "radam") return use(RectifiedAdam<T>(o, m));
  if (kind == "sparse_adam") return use(SparseAdam<T, true>(o, m));
  if (kind == "asgd") return use(ASGD<T>(o, m));
  if (kind == "rprop") return use(Rprop<T>(o, m));
  if (kind == "ftrl") return use(FTRL<T>(o, m));
  if (kind == "lion") return use(Lion<T>(o, m));
  if (kind == "sophia") return use(Sophia<T>(o, m));
  if (kind == "muon") return use(Muon<T>(o, m));
  if (kind == "adafactor") return use(Adafactor<T>(o, m));
  if (kind == "lamb") return use(Lamb<T>(o, m));
  if (kind == "schedule_free_adamw") return use(ScheduleFreeAdamW<T>(o, m));
  throw std::invalid_argument("optimizer: no '" + kind + "' in the core");
}

// The settings of every array, and the states of all. Weight decay acts on weights, and on what a group names for it.
// `begin` makes the rule of a step, once; `move` may then be called for any rows of any array, in any order and by several
// threads, each row once.
template <class T>
class Optimizer {
 public:
  // groups: one spec an array, or none where all have the base settings. small: numbers of an array up to which no division is shared.
  Optimizer(const OptimizerSpec& base, const std::vector<OptimizerSpec>& groups,
            const std::vector<ParameterArray>& arrays, std::int64_t size, std::int64_t small = kSmallArray)
      : arrays_(arrays), small_(small), traits_(traits_of(base)), every_(base.every), beta_2_(base.beta_2),
        size_(traits_.searches_lines ? 0 : size), average_(base.average), average_momentum_(base.average_momentum),
        average_start_(base.average_start), average_every_(base.average_every) {
    if (size_ == 0) return;
    std::int64_t states = 0;
    for (const OptimizerSpec& spec : groups) groups_.push_back(Group(spec));
    if (groups_.empty()) groups_.push_back(Group(base));
    for (const Group& group : groups_) states = std::max(states, group.states);
    own_states_ = states;
    if (averages_parameters()) states += 1;
    states_ = Block<T>(states * size_);
    if (traits_.sees_arrays) factors_.resize(arrays.size());
    for (const ParameterArray& array : arrays) ranges_.push_back({array.offset, array.size()});
    alike_ = groups.empty() && base.weight_decay == 0 && !traits_.moves_by_rows && !traits_.sees_arrays &&
             std::all_of(arrays.begin(), arrays.end(), [](const auto& s) { return s.is_learned; });
  }

  void start(const T* parameters) {  // before the first step
    states_.fetch();
    if (T* first = mean()) std::copy_n(parameters, size_, first);  // the mean of none but the initial ones
  }

  // To go on after `steps` others, whose states somebody has put in place. factor(step): the schedule's at that step, from 0.
  template <class Factor>
  void resume(std::int64_t steps, Factor factor) {
    while (step_ < steps) {
      step_ += 1;
      for (Group& group : groups_) {
        group.powers.advance(group.spec, step_);
        if (traits_.weighs_steps) group.powers.weigh(group.spec, group.spec.learning_rate * factor(step_ - 1));
      }
    }
  }
  std::vector<T*> states() {  // where each begins
    std::vector<T*> all;
    for (std::int64_t at = 0; at < states_.size(); at += size_) all.push_back(states_.data() + at);
    return all;
  }

  // factor, decay: the schedules', of the learning rate and of the weight decay.
  void begin(double factor, double decay = 1) {
    step_ += 1;
    share_of_decay_ = decay;
    for (Group& group : groups_) {
      group.powers.advance(group.spec, step_);
      group.rate = group.spec.learning_rate * factor;
      if (traits_.weighs_steps) group.powers.weigh(group.spec, group.rate);
      group.make(group.spec, moment(group), group.rule);
    }
    share_of_mean_ = averages_parameters() ? share_of_mean() : T(0);
  }
  // After `begin`, where an array's step depends on all of its gradient: what each needs to know of itself.
  bool sees_arrays() const { return traits_.sees_arrays; }
  void look_at_arrays(T* parameters, const T* gradients) {
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      const ParameterArray& array = arrays_[i];
      if (!array.is_learned) continue;
      const Group& group = group_of(i);
      factors_[i] = group.look(group.spec, moment(group),
                               whole(array, group, parameters + array.offset, gradients + array.offset));
    }
  }

  // Moves rows from ... to of array i by their gradient d_rows; returns Σ g² over them. penalty: see Pull; not for arrays that
  // move by rows.
  double move(std::size_t i, std::int64_t from, std::int64_t to, T* parameters, const T* d_rows, T penalty = 0) {
    const ParameterArray& array = arrays_[i];
    const std::int64_t at = array.offset + from * array.ld, count = (to - from) * array.ld;
    if (!array.is_learned) {  // rules exist that move what has no gradient: FTRL, ASGD
      if (T* all = mean()) std::copy_n(parameters + at, count, all + at);
      return 0;
    }
    const double squares = move_learned(i, at, count, parameters, d_rows, penalty);
    average(at, count, parameters);
    return squares;
  }
  // Whether nothing tells one array from another: then all of them may be moved in one pass, and array by array where
  // squares[i] += Σ g² of array i is asked for too. Either way to the bits of `move`, of arrays that are small.
  bool moves_alike() const { return alike_; }
  void move_each(T* parameters, const T* gradients, double* squares) {
    groups_[0].move_each(groups_[0].rule, ranges_, parameters, gradients, states_.data(), size_, squares);
    average(0, size_, parameters);
  }
  void move_all(T* parameters, const T* gradients) {
    groups_[0].move(groups_[0].rule, {}, parameters, gradients, states_.data(), size_, size_, false);
    average(0, size_, parameters);
  }
  void step(double factor, T* parameters, const T* gradients) {  // all of it
    begin(factor);
    if (sees_arrays()) look_at_arrays(parameters, gradients);
    for (std::size_t i = 0; i < arrays_.size(); ++i)
      move(i, 0, arrays_[i].rows, parameters, gradients + arrays_[i].offset);
  }

  // Before a step: is it time to measure the curvature again? Its running mean is Sophia's second state.
  bool wants_curvature() const { return traits_.measures_curvature && step_ % every_ == 0; }
  void add_curvature(const T* diagonal) {
    const T keep = number<T>(beta_2_), rest = number<T>(1 - beta_2_);
    T* mean = states_.data() + size_;
    for (std::int64_t i = 0; i < size_; ++i) mean[i] = keep * mean[i] + rest * diagonal[i];
  }

  // The parameters that count: the mean of them where one is kept, otherwise themselves.
  const T* answer(const T* parameters) const { return keeps_mean() ? states_.data() + mean_at() : parameters; }
  T* mean() { return keeps_mean() ? states_.data() + mean_at() : nullptr; }
  std::int64_t steps() const { return step_; }
  // What it remembers of every parameter: blocks laid out like the parameters, one after another.
  Block<T>& memory() { return states_; }
  // Where it stands in time, so that it, or one with the same rule and other settings, may go on from there.
  struct Progress {
    std::int64_t step = 0;
    std::vector<Powers> powers;  // one a group
  };
  Progress progress() const {
    Progress p{step_, {}};
    for (const Group& group : groups_) p.powers.push_back(group.powers);
    return p;
  }
  void go_on_from(const Progress& p) {
    step_ = p.step;
    for (std::size_t i = 0; i < std::min(groups_.size(), p.powers.size()); ++i) groups_[i].powers = p.powers[i];
  }
  std::int64_t bytes() const { return states_.size() * static_cast<std::int64_t>(sizeof(T)); }

 private:
  double move_learned(std::size_t i, std::int64_t at, std::int64_t count, T* parameters, const T* d_rows, T penalty) {
    const ParameterArray& array = arrays_[i];
    const Group& group = group_of(i);
    const double decay = decay_of(array, group);
    const T coupled = number<T>(group.spec.decoupled ? 0 : decay), shrink = shrink_of(array, group);
    const bool shares = array.size() > small_;
    if (traits_.moves_by_rows && array.rows > 1)
      return update_rows(SparseAdam<T, false>(group.spec, moment(group)), array, at, count, parameters, d_rows);
    T* states = states_.data() + at;
    if (traits_.sees_arrays)
      return group.move_rows(group.spec, moment(group), whole(array, group, parameters + at, d_rows), factors_[i],
                             (at - array.offset) / array.ld, count / array.ld, shares);
    if (traits_.weighs_steps && decay != 0)  // where the two others stand is what the decay acts on too
      return apply<T>(ScheduleFreeAdamW<T>(group.spec, moment(group), decay), {penalty, coupled, 1}, parameters + at,
                      d_rows, states, size_, count);
    return group.move(group.rule, {penalty, coupled, shrink}, parameters + at, d_rows, states, size_, count, shares);
  }
  // A mean of the parameters beside the rule's states: that of the rule itself (ASGD) is its first state, another one the last.
  bool averages_parameters() const { return !average_.empty(); }
  bool keeps_mean() const { return traits_.averages || averages_parameters(); }
  std::int64_t mean_at() const { return averages_parameters() ? own_states_ * size_ : 0; }
  // What the parameters of this step count in the mean: all of it until the first moment, then 1 / n at the n-th moment, or
  // 1 - momentum; nothing between two moments.
  T share_of_mean() const {
    const std::int64_t since = step_ - average_start_;
    if (since <= average_every_) return 1;
    if (since % average_every_ != 0) return 0;
    return number<T>(average_ == "equal" ? 1 / static_cast<double>(since / average_every_) : 1 - average_momentum_);
  }
  void average(std::int64_t from, std::int64_t count, const T* parameters) {
    if (share_of_mean_ == 0) return;
    T* all = states_.data() + mean_at();
    for (std::int64_t i = from; i < from + count; ++i)
      all[i] = share_of_mean_ == 1 ? parameters[i] : all[i] + share_of_mean_ * (parameters[i] - all[i]);
  }

  struct Range {
    std::int64_t first, size;
  };
  struct Group {  // settings, what of them changes with time, and the rule of this step without its type
    OptimizerSpec spec;
    Powers powers;
    double rate = 0;
    std::int64_t states = 0;
    void (*make)(const OptimizerSpec&, const Moment&, void* rule) = nullptr;
    double (*move)(const void* rule, const Pull<T>& pull, T* parameters, const T* gradients, T* states,
                   std::int64_t stride, std::int64_t n, bool shares) = nullptr;
    T (*look)(const OptimizerSpec&, const Moment&,
              const WholeArray<T>&) = nullptr;  // these two: of a rule that sees arrays
    double (*move_rows)(const OptimizerSpec&, const Moment&, const WholeArray<T>&, T factor, std::int64_t first,
                        std::int64_t rows, bool shares) = nullptr;
    void (*move_each)(const void* rule, const std::vector<Range>& ranges, T* parameters, const T* gradients, T* states,
                      std::int64_t stride, double* squares) = nullptr;
    alignas(16) std::byte rule[128];

    explicit Group(const OptimizerSpec& s) : spec(s) {
      powers.has_momenta = traits_of(spec).has_momenta;
      with_rule<T>(spec, Moment{}, [&](const auto& made) {
        using Rule = std::decay_t<decltype(made)>;
        static_assert(sizeof(Rule) <= sizeof rule && std::is_trivially_copyable_v<Rule>);
        states = Rule::kStates;
        if constexpr (SeesArrays<T, Rule>) look = Rule::look, move_rows = Rule::move_rows;
        make = [](const OptimizerSpec& o, const Moment& m, void* at) { new (at) Rule(o, m); };
        move = [](const void* at, const Pull<T>& pull, T* p, const T* g, T* s, std::int64_t stride, std::int64_t n,
                  bool shares) { return apply<T>(*static_cast<const Rule*>(at), pull, p, g, s, stride, n, shares); };
        move_each = [](const void* at, const std::vector<Range>& ranges, T* p, const T* g, T* s, std::int64_t stride,
                       double* squares) {
          const Rule rule = *static_cast<const Rule*>(at);
          for (const auto [first, size] : ranges)
            *squares++ += apply<T>(rule, p + first, g + first, s + first, stride, size);
        };
        return 0.0;
      });
    }
  };

  const Group& group_of(std::size_t array) const { return groups_[groups_.size() > 1 ? array : 0]; }
  Moment moment(const Group& group) const { return {step_, group.rate, group.powers}; }
  WholeArray<T> whole(const ParameterArray& array, const Group& group, T* p, const T* g) {
    return {array, decay_of(array, group), shrink_of(array, group), g, p, states_.data() + array.offset, size_};
  }
  double decay_of(const ParameterArray& array, const Group& group) {
    return array.is_weight || group.spec.decay_all ? group.spec.weight_decay * share_of_decay_ : 0;
  }
  T shrink_of(const ParameterArray& array, const Group& group) {
    return number<T>(group.spec.decoupled ? 1 - group.rate * decay_of(array, group) : 1);
  }

  // A matrix by rows: a row without any gradient is not touched. An embedding's row is one word.
  double update_rows(const SparseAdam<T, false>& rule, const ParameterArray& array, std::int64_t first,
                     std::int64_t count, T* parameters, const T* d_rows) {
    double squares = 0;
    for (std::int64_t at = first; at < first + count; at += array.ld, d_rows += array.ld) {
      bool any = false;
      for (int j = 0; j < array.ld; ++j) any |= d_rows[j] != 0;  // its padding is 0
      if (any) squares += apply<T>(rule, {}, parameters + at, d_rows, states_.data() + at, size_, array.ld);
    }
    return squares;
  }

  const std::vector<ParameterArray> arrays_;
  const std::int64_t small_;
  const OptimizerTraits traits_;
  bool alike_ = false;
  double share_of_decay_ = 1;
  const std::int64_t every_;
  const double beta_2_;
  std::int64_t size_, step_ = 0, own_states_ = 0;
  const std::string average_;
  const double average_momentum_;
  const std::int64_t average_start_, average_every_;
  T share_of_mean_ = 0;
  std::vector<Group> groups_;  // one an array, or one for all
  std::vector<Range> ranges_;  // of the arrays
  std::vector<T> factors_;     // of whole arrays, this step's
  Block<T> states_;
};

}  // namespace thetastar::TS_LEVEL
