// A training that stands still between its steps, for whoever wants to look at it there, turn something, or go back.
//
// Its steps are those of step.hpp, on the same rows in the same order as in the loop (train.hpp), to the same bits. Between two of
// them every setting may change that leaves the parameters' shapes as they are, and any parameter may be written. It measures
// losses on three lists of rows (training, validation, test) whenever it is asked, never by itself.
#pragma once

#include <array>
#include <limits>
#include <memory>
#include <span>

#include "step.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Session {
 public:
  enum Rows { kTraining, kValidation, kTest };
  struct Pin {        // a number that stays, whatever the optimiser does: of a frozen layer, of a link that is cut
    std::int64_t at;  // among the unpadded parameters
    T value;
  };
  struct Standing {                    // where the training stands
    std::int64_t epoch = 0, step = 0;  // those finished
    std::int64_t row = 0;              // of this epoch's order: where the next batch begins
    double loss_so_far = 0;            // Σ of this epoch's losses, times their rows
    double epoch_loss = 0;             // of the last whole epoch, as the loop records it
    bool finite = true;
  };

  // The job's rows are copied; its data must outlive the session.
  explicit Session(Job<T> job) : job_(std::move(job)) {
    if (job_.rows != nullptr) rows_[kTraining].assign(job_.rows, job_.rows + job_.row_count);
    restart();
  }
  Session(const Session&) = delete;

  // From the beginning: parameters from the seed, or from `job.parameters`.
  void restart() {
    standing_ = {};
    build();
    if (!pins_.empty()) hold();
  }

  // Other settings, or another network whose parameters have the same shapes, from here on. The optimiser's states stay where
  // its rule does. False: the shapes differ, and nothing has changed.
  bool change(const NetworkSpec& network, const TrainSpec& settings) {
    const Plan<T> plan(network, 1);
    if (!same_shapes(plan.arrays(), step_->plan().arrays())) return false;
    const bool same_rule = settings.optimizer.kind == job_.settings.optimizer.kind &&
                           settings.optimizer.average == job_.settings.optimizer.average;
    job_.network = network;
    job_.settings = settings;
    carry_over(same_rule);
    return true;
  }
  // Other data or rows from here on: a new epoch begins.
  void change(Data<T> data, std::vector<std::int64_t> training, std::vector<std::int64_t> validation,
              std::vector<std::int64_t> test) {
    rows_ = {std::move(training), std::move(validation), std::move(test)};
    job_.data = job_.validation = data;
    carry_over(true);
    end_epoch_early();
  }

  // At most so many steps, and to the end of an epoch where `whole_epoch` says so. Returns how many were taken: fewer where the
  // loss or a parameter is no longer finite.
  std::int64_t advance(std::int64_t steps, bool to_end_of_epoch = false) {
    const FlushSubnormals flush;
    std::int64_t taken = 0;
    for (; taken < steps && standing_.finite && step(); ++taken)
      if (to_end_of_epoch && standing_.row == 0) return taken + 1;
    return taken;
  }
  const Standing& standing() const { return standing_; }
  // The rows of the batch that comes next, in their order.
  std::span<const std::int64_t> next_rows() {
    if (standing_.row == 0) shuffle();
    return {order_.data() + standing_.row, static_cast<std::size_t>(batch())};
  }

  const Plan<T>& plan() const { return step_->plan(); }
  const Job<T>& job() const { return job_; }
  const std::vector<std::int64_t>& rows(Rows which) const { return rows_[which]; }

  // The parameters that count, unpadded: the mean of them where the rule keeps one.
  std::vector<T> parameters() const {
    std::vector<T> plain;
    export_parameters(plan(), step_->answer(), plain);
    return plain;
  }
  void set_parameters(const T* plain) {
    import_parameters(plan(), plain, numbers());
    if (T* mean = optimizer().mean()) std::copy_n(numbers(), plan().parameters_size(), mean);
    standing_.finite = true;
  }
  void pin(std::vector<Pin> pins) {
    pins_ = std::move(pins);
    places_.clear();
    if (pins_.empty()) return;
    for (const ParameterArray& s : plan().arrays())
      each_gate(s, [&](std::int64_t at, int count) {
        for (int c = 0; c < count; ++c) places_.push_back(at + c);
      });
    hold();
  }

  // What the optimiser keeps: of each of its states one number a parameter, unpadded, state after state.
  std::vector<T> optimizer_states() {
    Block<T>& states = optimizer().memory();
    std::vector<T> all, one;
    for (std::int64_t at = 0; at < states.size(); at += plan().parameters_size()) {
      export_parameters(plan(), states.data() + at, one);
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }
  std::int64_t optimizer_steps() const { return step_->optimizer_.steps(); }

  // All that the training goes on from, so that it may come back here and take the same steps again. (Of L-BFGS the pairs that
  // it remembers are not among it.)
  struct Snapshot {
    Standing standing;
    std::int64_t clock = 0;
    typename Optimizer<T>::Progress progress;
    std::vector<T> parameters, states;  // as they lie in the blocks
  };
  Snapshot save() {
    const T* const states = optimizer().memory().data();
    return {standing_,
            step_->clock().step,
            optimizer().progress(),
            {numbers(), numbers() + plan().parameters_size()},
            {states, states + optimizer().memory().size()}};
  }
  void restore(const Snapshot& s) {
    standing_ = s.standing;
    step_->clock_.step = s.clock;
    if (s.standing.row > 0) shuffle();
    std::copy(s.parameters.begin(), s.parameters.end(), numbers());
    if (static_cast<std::int64_t>(s.states.size()) != optimizer().memory().size()) return;  // of another rule
    std::copy(s.states.begin(), s.states.end(), optimizer().memory().data());
    optimizer().go_on_from(s.progress);
  }

  // The mean loss over rows, of the parameters that count or of given ones (unpadded). NaN where there are no such rows.
  double loss(Rows which, const T* plain = nullptr) {
    const FlushSubnormals flush;
    const std::vector<std::int64_t>& rows = rows_[which];
    if (rows.empty()) return std::nan("");
    const auto measured = [&] {
      return step_->measure(job_.data, rows.data(), static_cast<std::int64_t>(rows.size()));
    };
    if (plain == nullptr) return measured();
    T* const counting = optimizer().mean() ? optimizer().mean() : numbers();
    kept_.assign(counting, counting + plan().parameters_size());
    import_parameters(plan(), plain, counting);
    const double value = measured();
    std::copy(kept_.begin(), kept_.end(), counting);
    return value;
  }

  // What every layer answers to rows of inputs x (count, I): layer by layer, number by number, one for each row.
  void outputs(const T* x, std::int64_t count, T* out) {
    const FlushSubnormals flush;
    through(x, count, [&](std::int64_t at, int batch) {
      T* of_layer = out;
      for (std::size_t l = 1; l <= plan().layers().size(); ++l) {
        each_number(l, [&](Offset number, auto value) {
          for (int b = 0; b < batch; ++b) of_layer[number * count + at + b] = value(b);
        });
        of_layer += plan().form(l).shape.size() * count;
      }
    });
  }
  // out (count, O) = f(x (count, I))
  void predict(const T* x, std::int64_t count, T* out) {
    const FlushSubnormals flush;
    const Offset outputs = plan().outputs();
    through(x, count, [&](std::int64_t at, int batch) {
      each_number(plan().layers().size(), [&](Offset number, auto value) {
        for (int b = 0; b < batch; ++b) out[(at + b) * outputs + number] = value(b);
      });
    });
  }

 private:
  static constexpr std::int64_t kClearEvery = 32;  // steps; see `clear_subnormals`

  static bool same_shapes(const std::vector<ParameterArray>& a, const std::vector<ParameterArray>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const ParameterArray& x, const ParameterArray& y) {
      return x.rows == y.rows && x.columns == y.columns && x.gates == y.gates && x.offset == y.offset &&
             x.is_learned == y.is_learned;
    });
  }

  void build() {
    job_.rows = rows_[kTraining].data();
    job_.row_count = static_cast<std::int64_t>(rows_[kTraining].size());
    job_.validation_count = job_.data.rows;  // so that a pass has room for some rows at a time when losses are measured
    order_ = rows_[kTraining];
    step_ = std::make_unique<TrainingStep<T>>(job_, Signals{&cancel_, &epochs_}, Resources{});
    step_->start();
  }
  void carry_over(bool same_rule) {
    const std::unique_ptr<TrainingStep<T>> before = std::move(step_);
    std::vector<std::int64_t> order = std::move(order_);
    build();
    std::copy_n(before->work_.parameters(), plan().parameters_size(), numbers());
    optimizer().start(numbers());
    Block<T>&states = optimizer().memory(), &old = before->optimizer_.memory();
    if (same_rule && states.size() == old.size()) {
      std::copy_n(old.data(), old.size(), states.data());
      optimizer().go_on_from(before->optimizer_.progress());
    }
    step_->clock_.step = before->clock().step;
    step_->begin_epoch(standing_.epoch);
    if (order_.size() == order.size()) order_ = std::move(order);
  }
  void end_epoch_early() {
    if (standing_.row == 0) return;
    standing_.row = 0;
    standing_.loss_so_far = 0;
    standing_.epoch += 1;
  }

  bool step() {
    if (job_.row_count == 0) return false;
    if (standing_.row == 0) begin_epoch();
    const std::int64_t rows = batch();
    double loss = 0;
    standing_.finite = step_->searches_lines() ? step_->search(order_.data(), loss)
                                               : step_->take(&order_[static_cast<std::size_t>(standing_.row)],
                                                             static_cast<int>(rows), loss);
    if (!standing_.finite) return false;
    if (step_->searches_lines()) loss *= static_cast<double>(rows);
    if (!pins_.empty()) hold();
    if (++standing_.step % kClearEvery == 0) clear_subnormals();
    standing_.loss_so_far += loss;
    standing_.row += rows;
    if (standing_.row >= job_.row_count) end_epoch();
    return true;
  }
  std::int64_t batch() const {
    return step_->searches_lines() ? job_.row_count : std::min(job_.batch_size(), job_.row_count - standing_.row);
  }
  void shuffle() {  // as the loop does; a line search takes all rows in the order in which they were given
    std::copy(job_.rows, job_.rows + job_.row_count, order_.begin());
    if (!job_.settings.shuffle || step_->searches_lines()) return;
    Stream(job_.start.seed, Purpose::kShuffle, static_cast<std::uint64_t>(standing_.epoch))
        .shuffle(order_.data(), job_.row_count);
  }
  void begin_epoch() {
    step_->begin_epoch(standing_.epoch);
    shuffle();
    standing_.loss_so_far = 0;
  }
  void end_epoch() {
    standing_.epoch_loss = standing_.loss_so_far / static_cast<double>(job_.row_count);
    standing_.row = 0;
    standing_.epoch += 1;
    standing_.finite = step_->finite();
    step_->watch(standing_.epoch_loss);
  }
  void hold() {
    T* parameters = numbers();
    for (const Pin& pin : pins_) parameters[places_[static_cast<std::size_t>(pin.at)]] = pin.value;
  }
  // Where the processor does not count subnormal numbers as zero (FlushSubnormals), the states of units that no longer learn
  // would make every step slow.
  void clear_subnormals() {
    Block<T>& states = optimizer().memory();
    for (std::int64_t i = 0; i < states.size(); ++i)
      states.data()[i] = std::abs(states.data()[i]) < std::numeric_limits<T>::min() ? T(0) : states.data()[i];
  }
  T* numbers() { return step_->work_.parameters(); }
  Optimizer<T>& optimizer() { return step_->optimizer_; }

  template <class Use>
  void through(const T* x, std::int64_t count, Use use) {
    Workspace<T>& work = step_->work_;
    for (std::int64_t at = 0; at < count; at += plan().batch()) {
      const int batch = static_cast<int>(std::min<std::int64_t>(plan().batch(), count - at));
      work.copy_in(x + at * plan().inputs(), batch);
      work.forward(whole(batch), Workspace<T>::kPredictMode, {}, step_->answer());
      use(at, batch);
    }
  }
  // visit(number, value) for every number of a layer's output; value(b) is what sample b has there.
  template <class Visit>
  void each_number(std::size_t boundary, Visit visit) {
    const Form& form = plan().form(boundary);
    const T* values = step_->work_.at(boundary);
    for (Offset position = 0; position < form.shape.positions(); ++position)
      for (Offset c = 0; c < form.shape.channels; ++c)
        visit(position * form.shape.channels + c,
              [&](Offset b) { return values[form.row(b, position) + c * form.lanes]; });
  }

  Job<T> job_;
  std::array<std::vector<std::int64_t>, 3> rows_;
  std::atomic<bool> cancel_{false};
  std::atomic<std::int64_t> epochs_{0};
  std::unique_ptr<TrainingStep<T>> step_;
  std::vector<std::int64_t> order_;  // this epoch's order of the training rows
  Standing standing_;
  std::vector<Pin> pins_;
  std::vector<std::int64_t> places_;  // where the unpadded parameters lie
  std::vector<T> kept_;               // parameters, while others are measured
};

}  // namespace thetastar::TS_LEVEL
