// A training that stands still between its steps, for whoever wants to look at it there, turn something, or go back.
//
// Its steps are the ones of the loop (train.hpp): the same rows in the same order, the same bits. Between two of them every
// setting may change that leaves the parameters' shapes as they are, and any parameter may be written. It measures losses on
// three lists of rows (training, validation, test) whenever it is asked, never by itself.
#pragma once

#include <array>
#include <memory>

#include "train.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Session {
 public:
  enum Rows { kTraining, kValidation, kTest };
  struct Pin {         // a number that stays, whatever the optimiser does: of a frozen layer, of a link that is cut
    std::int64_t at;   // among the unpadded parameters
    T value;
  };
  struct Standing {    // where the training stands
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
    if (!same_shapes(plan.slices(), training_->plan_.slices())) return false;
    const bool same_rule = settings.optimizer.kind == job_.settings.optimizer.kind;
    job_.network = network;
    job_.settings = settings;
    carry_over(same_rule);
    return true;
  }
  // Other data or rows from here on: a new epoch begins.
  void change(Data<T> data, std::vector<std::int64_t> training, std::vector<std::int64_t> validation, std::vector<std::int64_t> test) {
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
    Training<T>& t = *training_;
    if (standing_.row == 0) t.shuffle(standing_.epoch);
    const auto count = t.searching() ? t.job_.row_count : std::min(t.batch_size(), t.job_.row_count - standing_.row);
    return {&t.order_[static_cast<std::size_t>(standing_.row)], static_cast<std::size_t>(count)};
  }

  const Plan<T>& plan() const { return training_->plan_; }
  const Job<T>& job() const { return job_; }
  const std::vector<std::int64_t>& rows(Rows which) const { return rows_[which]; }

  // The parameters that count, unpadded: the mean of them where the rule keeps one.
  std::vector<T> parameters() const {
    std::vector<T> plain;
    export_parameters(plan(), training_->answer(), plain);
    return plain;
  }
  void set_parameters(const T* plain) {
    import_parameters(plan(), plain, training_->work_.parameters());
    if (T* mean = training_->optimizer_.mean()) std::copy_n(training_->work_.parameters(), plan().parameters_size(), mean);
    standing_.finite = true;
  }
  void pin(std::vector<Pin> pins) {
    pins_ = std::move(pins);
    places_.clear();
    if (pins_.empty()) return;
    for (const ParameterSlice& s : plan().slices())
      each_block(s, [&](std::int64_t at, int count) { for (int c = 0; c < count; ++c) places_.push_back(at + c); });
    hold();
  }

  // What the optimiser keeps: of each of its states one number a parameter, unpadded, state after state.
  std::vector<T> optimizer_states() {
    Block<T>& states = training_->optimizer_.states();
    std::vector<T> all, one;
    for (std::int64_t at = 0; at < states.size(); at += plan().parameters_size()) {
      export_parameters(plan(), states.data() + at, one);
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }
  std::int64_t optimizer_steps() const { return training_->optimizer_.steps(); }

  // All that the training goes on from, so that it may come back here and take the same steps again. (Of L-BFGS the pairs that
  // it remembers are not among it.)
  struct Snapshot {
    Standing standing;
    std::int64_t clock = 0;
    typename Optimizer<T>::Progress progress;
    std::vector<T> parameters, states;  // as they lie in the blocks
  };
  Snapshot save() {
    Training<T>& t = *training_;
    const T* const states = t.optimizer_.states().data();
    return {standing_, t.clock_.step, t.optimizer_.progress(), {t.work_.parameters(), t.work_.parameters() + plan().parameters_size()},
            {states, states + t.optimizer_.states().size()}};
  }
  void restore(const Snapshot& s) {
    Training<T>& t = *training_;
    standing_ = s.standing;
    t.clock_.step = s.clock;
    if (s.standing.row > 0) t.shuffle(s.standing.epoch);
    std::copy(s.parameters.begin(), s.parameters.end(), t.work_.parameters());
    if (static_cast<std::int64_t>(s.states.size()) != t.optimizer_.states().size()) return;  // of another rule
    std::copy(s.states.begin(), s.states.end(), t.optimizer_.states().data());
    t.optimizer_.go_on_from(s.progress);
  }

  // The mean loss over rows, of the parameters that count or of given ones (unpadded).
  double loss(Rows which, const T* plain = nullptr) {
    const FlushSubnormals flush;
    const std::vector<std::int64_t>& rows = rows_[which];
    if (rows.empty()) return std::nan("");
    Training<T>& t = *training_;
    const T* parameters = t.answer();
    if (plain != nullptr) {
      if (given_.size() == 0) given_ = Block<T>(plan().parameters_size());
      import_parameters(plan(), plain, given_.data());
      parameters = given_.data();
    }
    const auto count = static_cast<std::int64_t>(rows.size()), largest = static_cast<std::int64_t>(plan().batch() / t.members());
    const double scale = 1 / (static_cast<double>(count) * Training<T>::mean_weight(job_.data, rows.data(), count));
    double total = 0;
    for (std::int64_t at = 0; at < count; at += largest) {
      const int batch = static_cast<int>(std::min(largest, count - at));
      t.work_.gather(job_.data, rows.data() + at, whole(batch));
      t.work_.forward(whole(batch * t.members()), Workspace<T>::kPredictMode, {}, parameters);
      t.work_.loss(t.losses_[0], job_.data, rows.data() + at, whole(batch), scale);
      total += t.work_.total(batch);
    }
    return total;
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
  static constexpr std::int64_t kClearEvery = 256;  // steps; see `clear_subnormals`

  static bool same_shapes(const std::vector<ParameterSlice>& a, const std::vector<ParameterSlice>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const ParameterSlice& x, const ParameterSlice& y) {
      return x.rows == y.rows && x.columns == y.columns && x.blocks == y.blocks && x.offset == y.offset && x.is_learned == y.is_learned;
    });
  }

  void build() {
    job_.rows = rows_[kTraining].data();
    job_.row_count = static_cast<std::int64_t>(rows_[kTraining].size());
    job_.validation_count = job_.data.rows;  // so that a pass has room for some rows at a time when losses are measured
    training_ = std::make_unique<Training<T>>(job_, Signals{&cancel_, &epochs_});
    training_->start();
    given_ = Block<T>();
  }
  void carry_over(bool same_rule) {
    const std::unique_ptr<Training<T>> before = std::move(training_);
    build();
    const std::int64_t size = plan().parameters_size();
    std::copy_n(before->work_.parameters(), size, training_->work_.parameters());
    training_->optimizer_.start(training_->work_.parameters());
    Block<T>&states = training_->optimizer_.states(), &old = before->optimizer_.states();
    if (same_rule && states.size() == old.size()) {
      std::copy_n(old.data(), old.size(), states.data());
      training_->optimizer_.go_on_from(before->optimizer_.progress());
    }
    training_->clock_.step = before->clock_.step;
    if (training_->order_.size() == before->order_.size()) training_->order_ = before->order_;
    training_->squares_ = before->squares_;
  }
  void end_epoch_early() {
    if (standing_.row == 0) return;
    standing_.row = 0;
    standing_.loss_so_far = 0;
    standing_.epoch += 1;
  }

  bool step() {
    Training<T>& t = *training_;
    if (t.job_.row_count == 0) return false;
    if (standing_.row == 0) begin_epoch();
    double loss = 0;
    const std::int64_t batch = t.searching() ? t.job_.row_count : std::min(t.batch_size(), t.job_.row_count - standing_.row);
    standing_.finite = t.searching() ? t.descend_on_all(loss) : t.descend_on_batch(standing_.row, loss);
    if (!standing_.finite) return false;
    if (t.searching()) loss *= static_cast<double>(batch);
    if (!pins_.empty()) hold();
    if (++standing_.step % kClearEvery == 0) clear_subnormals();
    standing_.loss_so_far += loss;
    standing_.row += batch;
    if (standing_.row >= t.job_.row_count) end_epoch();
    return true;
  }
  void begin_epoch() {
    training_->shuffle(standing_.epoch);
    training_->augment_.begin(static_cast<std::uint64_t>(standing_.epoch));
    training_->squares_.assign(plan().slices().size(), 0.0);
    standing_.loss_so_far = 0;
  }
  void end_epoch() {
    standing_.epoch_loss = standing_.loss_so_far / static_cast<double>(training_->job_.row_count);
    standing_.row = 0;
    standing_.epoch += 1;
    standing_.finite = training_->finite();
    training_->plateau_.watch(standing_.epoch_loss);
  }
  void hold() {
    T* parameters = training_->work_.parameters();
    for (const Pin& pin : pins_) parameters[places_[static_cast<std::size_t>(pin.at)]] = pin.value;
  }
  // Where the processor does not count subnormal numbers as zero (FlushSubnormals), the states of units that no longer learn
  // would make every step slow.
  void clear_subnormals() {
    Block<T>& states = training_->optimizer_.states();
    for (std::int64_t i = 0; i < states.size(); ++i)
      states.data()[i] = std::abs(states.data()[i]) < std::numeric_limits<T>::min() ? T(0) : states.data()[i];
  }
  template <class Use>
  void through(const T* x, std::int64_t count, Use use) {
    Training<T>& t = *training_;
    for (std::int64_t at = 0; at < count; at += plan().batch()) {
      const int batch = static_cast<int>(std::min<std::int64_t>(plan().batch(), count - at));
      t.work_.copy_in(x + at * plan().inputs(), batch);
      t.work_.forward(whole(batch), Workspace<T>::kPredictMode, {}, t.answer());
      use(at, batch);
    }
  }
  // visit(number, value) for every number of a layer's output; value(b) is what sample b has there.
  template <class Visit>
  void each_number(std::size_t boundary, Visit visit) {
    const Form& form = plan().form(boundary);
    const T* values = training_->work_.at(boundary);
    for (Offset position = 0; position < form.shape.positions(); ++position)
      for (Offset c = 0; c < form.shape.channels; ++c)
        visit(position * form.shape.channels + c, [&](Offset b) { return values[form.row(b, position) + c * form.lanes]; });
  }

  Job<T> job_;
  std::array<std::vector<std::int64_t>, 3> rows_;
  std::atomic<bool> cancel_{false};
  std::atomic<std::int64_t> epochs_{0};
  std::unique_ptr<Training<T>> training_;
  Standing standing_;
  std::vector<Pin> pins_;
  std::vector<std::int64_t> places_;  // where the unpadded parameters lie
  Block<T> given_;
};

}  // namespace thetastar::TS_LEVEL
