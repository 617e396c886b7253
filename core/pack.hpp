// Many tiny networks that are alike, trained together on one thread with a network in every lane.
//
// A network of a few units leaves most of a vector empty. So up to kWidth<T> jobs that differ in nothing but their seed, their
// rows and their numbers (pack/alike.hpp) train side by side: every parameter, activation, gradient and state is a Vec<T> with a
// network in each lane. Each network gets the bits that Training<T> gives it, which stays the specification: sums run in the same
// order, and activations, optimisers, schedules and most losses are the same functions.
//
// The outcome of a lane that has ended is handed over immediately. The lane's numbers are computed on, but nobody reads them.
#pragma once

#include "pack/alike.hpp"
#include "pack/network.hpp"
#include "train.hpp"

namespace thetastar::TS_LEVEL {

// One of a pack's networks: a job, and where it starts in place of where that says.
template <class T>
struct PackMember {
  const Job<T>* job;
  Start<T> start;
};

template <class T>
class Pack {
 public:
  static constexpr int W = kWidth<T>;
  using Doubles = typename PackedNetwork<T>::Doubles;
  static constexpr const char* kPaused = "paused";

  // members: 1 to W of them, all alike.
  Pack(std::vector<PackMember<T>> members, Signals signals)
      : members_(std::move(members)), first_(*members_[0].job), settings_(first_.settings), signals_(signals),
        plan_(first_.network, 1), network_(first_.network, plan_.arrays(), first_.data.targets, validation_batch()),
        optimizer_(settings_.optimizer, {}, network_.arrays(), network_.size(),
                   std::numeric_limits<std::int64_t>::max()),
        prepares_(settings_.l1 != 0 || settings_.l2 != 0 || settings_.clip_value != 0),
        scheduled_(settings_.schedule.kind != "constant"), best_(keeps_best(settings_) ? network_.size() : 0),
        loss_(settings_.loss, plan_.outputs(), first_.data.targets), training_(lanes_data(&Job<T>::data)),
        validation_(lanes_data(&Job<T>::validation)), rows_(row_count(), settings_.shuffle),
        validation_rows_(first_.validation_count, false),
        clock_{0, (row_count() + batch_size() - 1) / batch_size(), settings_.epochs},
        squares_(network_.arrays().size()), lanes_(members_.size(), Lane{{settings_, plan_.layers().size()}}) {}

  // ended(which of the jobs, its outcome): for every job, as soon as it has ended.
  template <class Ended>
  void run(Ended ended) {
    started_ = looked_ = std::chrono::steady_clock::now();
    const auto finish = [&](std::size_t lane, const char* stopped) { ended(lane, finished(lane, stopped)); };
    const auto finish_all = [&](const char* stopped) {
      for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
        if (lanes_[lane].runs) finish(lane, stopped);
    };
    start();
    for (std::int64_t epoch = settings_.from; epoch < settings_.epochs && running_ > 0; ++epoch) {
      Doubles losses{};
      if (!descend(epoch, losses, finish)) return finish_all("interrupted");
      record(losses);
      end_where([&](std::size_t lane) { return !finite(lane); }, "diverged", finish);
      if (running_ > 0 && !validate(finish)) return finish_all("interrupted");
      signals_.epochs->fetch_add(running_, std::memory_order_relaxed);
      end_by_rules(finish);
    }
    finish_all("epochs");
  }

 private:
  struct Lane {
    Book<T> book;
    double seconds = 0;
    bool runs = true;
  };

  // The validation loss is a sum of sums over this many rows, as in step.hpp.
  std::int64_t validation_batch() const {
    return std::max(batch_size(), std::min(first_.validation_count, kMeasuredRows));
  }
  PackedData<T> lanes_data(Data<T> Job<T>::* which) const {
    PackedData<T> packed;
    for (int lane = 0; lane < W; ++lane) {
      const Data<T>& data = member(lane).job->*which;
      packed.x[lane] = data.x;
      packed.y[lane] = data.y;
      packed.weights[lane] = data.weights;
      packed.one_table &= data.x == packed.x[0] && data.y == packed.y[0] && data.weights == packed.weights[0];
      packed.features = data.features * data.members;
      packed.targets = data.targets;
    }
    return packed;
  }

  // Lanes that are left over repeat the last one.
  const PackMember<T>& member(int lane) const {
    return members_[std::min(static_cast<std::size_t>(lane), members_.size() - 1)];
  }
  std::int64_t row_count() const { return first_.row_count; }
  std::int64_t batch_size() const { return first_.batch_size(); }

  void start() {
    Block<T> block(plan_.parameters_size());
    std::vector<T> plain;
    for (int lane = 0; lane < W; ++lane) {
      const Job<T>& of = *member(lane).job;
      const Start<T>& start = member(lane).start;
      if (start.parameters == nullptr) {
        plan_.initialize(start.seed, block.data());
        export_parameters(plan_, block.data(), plain);
      }
      const T* from = start.parameters == nullptr ? plain.data() : start.parameters;
      for (std::int64_t i = 0; i < network_.size() / W; ++i) network_.parameters()[i * W + lane] = from[i];
      rows_.set(lane, of.rows);
      validation_rows_.set(lane, of.validation_rows);
      weight_scale_[static_cast<std::size_t>(lane)] = 1 / of.data.mean_weight(of.rows, of.row_count);
      validation_scale_[static_cast<std::size_t>(lane)] =
          1 / (static_cast<double>(of.validation_count) *
               of.validation.mean_weight(of.validation_rows, of.validation_count));
    }
    optimizer_.start(network_.parameters());
    if (settings_.from > 0) resume();
    running_ = static_cast<std::int64_t>(lanes_.size());
  }
  // To go on after trainings that paused, all at the same epoch.
  void resume() {
    const std::vector<T*> states = optimizer_.states();
    clock_.step = settings_.from * clock_.steps_per_epoch;
    optimizer_.resume(clock_.step, [this](std::int64_t step) {
      Clock then = clock_;
      then.step = step;
      return scheduled_ ? schedule_factor(settings_.schedule, then) : 1;
    });
    for (int lane = 0; lane < W; ++lane) {
      const Pause<T>& pause = *member(lane).start.pause;
      if (pause.states.size() != states.size())
        throw std::invalid_argument("resume: the states belong to another optimiser");
      for (std::size_t k = 0; k < states.size(); ++k) set_lane(pause.states[k], lane, states[k]);
      if (best_.size() > 0 && !pause.best.empty()) set_lane(pause.best, lane, best_.data());
    }
    for (std::size_t l = 0; l < lanes_.size(); ++l) lanes_[l].book.resume(*members_[l].start.pause);
  }
  void set_lane(const std::vector<T>& plain, int lane, T* to) const {
    for (std::size_t i = 0; i < plain.size(); ++i) to[static_cast<std::int64_t>(i) * W + lane] = plain[i];
  }

  // ---- Steps ------------------------------------------------------------------------------------------------------

  // One epoch, and the mean losses on the way. False: stopped by the signal. This function and what it calls in every step are
  // marked hot, so that the linker puts them together and a step stays in the cache of decoded instructions.
  template <class Finish>
  [[gnu::noinline, gnu::hot]] bool descend(std::int64_t epoch, Doubles& losses, Finish finish) {
    for (auto& of_array : squares_) of_array.fill(0);
    if (settings_.shuffle) shuffle(epoch);
    Doubles scale;
    std::int64_t batch = 0;
    for (std::int64_t at = 0; at < row_count(); at += batch) {
      if (std::exchange(batch, std::min(batch_size(), row_count() - at)) != batch)
        for (std::size_t l = 0; l < W; ++l) scale[l] = weight_scale_[l] / static_cast<double>(batch);
      optimizer_.begin(scheduled_ ? schedule_factor(settings_.schedule, clock_)
                                  : 1);  // now, as its roots take their time
      Doubles total{};
      for (std::int64_t done = 0; done < batch; done += network_.at_once()) {
        const int count = pass(training_, rows_, at + done, batch - done, network_.parameters(), true, scale, total);
        network_.backward(count, done > 0);
        if (*signals_.cancel) return false;
      }
      if (!all_finite(total)) {
        end_where([&](std::size_t lane) { return !std::isfinite(total[lane]); }, "diverged", finish);
        if (running_ == 0) return true;
      }
      step();
      for (std::size_t l = 0; l < W; ++l) losses[l] += total[l] * static_cast<double>(batch);
    }
    for (double& loss : losses) loss /= static_cast<double>(row_count());
    return true;
  }
  // The next samples that pass together go forward, and their costs are added to the totals. Returns how many there were.
  int pass(const PackedData<T>& data, const PackedRows<T>& rows, std::int64_t first, std::int64_t left,
           const T* parameters, bool keeps, const Doubles& scale, Doubles& total) {
    const int count = static_cast<int>(std::min(network_.at_once(), left));
    network_.gather(data, rows.at(first), rows.one_order(), count, scale);
    network_.forward(count, parameters, keeps);
    add_costs<T>(count, network_.cost(loss_, static_cast<int>(lanes_.size()), count, scale, data.weights[0] != nullptr),
                 total.data());
    return count;
  }
  static bool all_finite(const Doubles& values) {
    Vec<double> zeros{};
    for (int at = 0; at < W; at += kWidth<double>) zeros += load(values.data() + at) * 0.0;
    return sum<double>(zeros) == 0;
  }

  void shuffle(std::int64_t epoch) {
    std::vector<Stream> streams;
    for (int lane = 0; lane < W; ++lane)
      streams.emplace_back(member(lane).start.seed, Purpose::kShuffle, static_cast<std::uint64_t>(epoch));
    rows_.shuffle(streams);
  }

  [[gnu::hot]] void step() {
    const std::vector<ParameterArray>& arrays = network_.arrays();
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      T* gradients = network_.gradients() + arrays[i].offset;
      if (prepares_)
        penalize(settings_, arrays[i].is_weight, arrays[i].size(), network_.parameters() + arrays[i].offset, gradients);
      add_squares<T>(arrays[i].rows, arrays[i].columns, gradients, squares_[i].data());
    }
    if (optimizer_.moves_alike())
      optimizer_.move_all(network_.parameters(), network_.gradients());
    else
      for (std::size_t i = 0; i < arrays.size(); ++i)
        optimizer_.move(i, 0, arrays[i].rows, network_.parameters(), network_.gradients() + arrays[i].offset);
    clock_.step += 1;
  }

  // ---- Epochs -----------------------------------------------------------------------------------------------------

  template <class Which, class Finish>
  [[gnu::noinline]] void end_where(Which which, const char* stopped, Finish finish) {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
      if (lanes_[lane].runs && which(lane)) finish(lane, stopped);
  }

  template <class Finish>
  [[gnu::noinline]] void end_by_rules(Finish finish) {
    for (std::size_t l = 0; l < lanes_.size(); ++l) {
      if (!lanes_[l].runs) continue;
      if (std::vector<T>* kept = lanes_[l].book.snapshot()) copy_lane(answer(), l, *kept);
      const char* rule = lanes_[l].book.ends();
      if (rule == nullptr && lanes_[l].book.pauses()) rule = kPaused;
      if (rule != nullptr) finish(l, rule);
    }
  }

  [[gnu::noinline]] void record(const Doubles& losses) {
    const auto now = std::chrono::steady_clock::now();
    const double passed = seconds(now - std::exchange(looked_, now)), since = seconds(now - started_);
    Clock last = clock_;
    last.step -= 1;  // the rate that the epoch's last step took
    const double rate =
        settings_.optimizer.learning_rate * (scheduled_ ? schedule_factor(settings_.schedule, last) : 1);
    for (std::size_t l = 0; l < lanes_.size(); ++l) {
      if (!lanes_[l].runs) continue;
      lanes_[l].book.record(losses[l], rate, since, network_.arrays(), clock_.steps_per_epoch,
                            [&](std::size_t i) { return squares_[i][l]; });
      lanes_[l].seconds += passed / static_cast<double>(running_);
    }
    Vec<T> sum{};  // one not-finite parameter makes the sum not finite
    for (std::int64_t i = 0; i < network_.size(); i += W) sum += load(network_.parameters() + i) * T(0);
    zeros_ = sum;
  }
  bool finite(std::size_t lane) const { return zeros_[static_cast<int>(lane)] == 0; }

  // Measures the validation rows and keeps the best parameters. False: stopped by the signal.
  template <class Finish>
  [[gnu::noinline]] bool validate(Finish finish) {
    const std::int64_t rows = first_.validation_count, largest = validation_batch();
    if (rows == 0) {
      for (Lane& lane : lanes_)
        if (lane.runs) lane.book.without_validation();
      return true;
    }
    Doubles totals{};
    for (std::int64_t at = 0; at < rows; at += largest) {
      const std::int64_t batch = std::min(largest, rows - at);
      Doubles total{};
      for (std::int64_t done = 0; done < batch; done += network_.at_once()) {
        pass(validation_, validation_rows_, at + done, batch - done, answer(), false, validation_scale_, total);
        if (*signals_.cancel) return false;
      }
      for (std::size_t l = 0; l < W; ++l) totals[l] += total[l];
    }
    for (std::size_t l = 0; l < lanes_.size(); ++l) {
      if (!lanes_[l].runs) continue;
      if (lanes_[l].book.is_best(totals[l]))
        for (std::int64_t i = static_cast<std::int64_t>(l); i < best_.size(); i += W) best_.data()[i] = answer()[i];
      if (!std::isfinite(totals[l])) finish(l, "diverged");
    }
    return true;
  }

  static double seconds(std::chrono::steady_clock::duration passed) {
    return std::chrono::duration<double>(passed).count();
  }
  const T* answer() const { return optimizer_.answer(network_.parameters()); }
  void copy_lane(const T* from, std::size_t l, std::vector<T>& plain) const {
    plain.reserve(static_cast<std::size_t>(network_.size() / W));
    for (std::int64_t i = static_cast<std::int64_t>(l); i < network_.size(); i += W) plain.push_back(from[i]);
  }

  [[gnu::noinline]] Outcome<T> finished(std::size_t l, const char* stopped) {
    Lane& lane = lanes_[l];
    std::shared_ptr<Pause<T>> pause = stopped == kPaused ? paused(l) : nullptr;
    const T* from = best_.size() > 0 && lane.book.has_best() ? best_.data() : answer();
    const double of_this = seconds(std::chrono::steady_clock::now() - looked_) / static_cast<double>(running_);
    Way way;
    way.lane = "network";
    way.networks = static_cast<int>(lanes_.size());
    way.samples = network_.at_once();
    lane.runs = false;
    running_ -= 1;
    Outcome<T> outcome = lane.book.close(stopped, lane.seconds + of_this, way,
                                         [&](std::vector<T>& plain) { copy_lane(from, l, plain); });
    outcome.pause = std::move(pause);
    return outcome;
  }
  std::shared_ptr<Pause<T>> paused(std::size_t l) {
    auto pause = std::make_shared<Pause<T>>();
    pause->steps = clock_.step;
    lanes_[l].book.write(*pause);
    copy_lane(network_.parameters(), l, pause->parameters);
    if (best_.size() > 0 && lanes_[l].book.has_best()) copy_lane(best_.data(), l, pause->best);
    for (const T* state : optimizer_.states()) copy_lane(state, l, pause->states.emplace_back());
    pause->plateau = Plateau(settings_.schedule).counts();
    return pause;
  }

  const std::vector<PackMember<T>> members_;
  const Job<T>& first_;        // all others are like it
  const TrainSpec& settings_;  // of all of them, but for the seed
  const Signals signals_;
  const Plan<T> plan_;
  PackedNetwork<T> network_;
  Optimizer<T> optimizer_;
  const bool prepares_, scheduled_;  // gradients are penalised or clipped, the learning rate changes
  Block<T> best_;
  PackedLoss<T> loss_;
  const PackedData<T> training_, validation_;
  PackedRows<T> rows_, validation_rows_;
  Clock clock_;
  std::vector<Doubles> squares_;  // per array and lane, Σ over the epoch's steps of the squared gradient norm
  std::vector<Lane> lanes_;
  Doubles weight_scale_{}, validation_scale_{};
  Vec<T> zeros_{};
  std::int64_t running_ = 0;
  std::chrono::steady_clock::time_point started_, looked_;
};

}  // namespace thetastar::TS_LEVEL
