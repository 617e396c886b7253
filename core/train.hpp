// THE LOOP. Trains one network, on one thread or with a team that shares its steps:
//
//   each epoch:  shuffle the rows
//   each batch:  gather (and augment) → forward → loss → backward → gradients → penalties, clipping → optimiser's step
//                (L-BFGS instead: all rows at once, as often as its line search asks)
//   then:        record, measure the validation rows, and stop where a rule says so
//
// A batch goes through in pieces that stay in the cache. Of each piece the members of a team take some samples, or some
// columns, forward and back (crossing.hpp), and then, when all have done so, some rows of every weight (shares.hpp): its
// gradient, and at the batch's last piece the optimiser's move, while the gradient is still at hand. Every sum is in the
// order of the samples, so the bits depend neither on the pieces nor on the team.
//
// It allocates before it starts and not afterwards, touches nothing but its own job, draws random numbers by counting
// (seed, epoch, step), and so gives the same bits wherever and beside whatever it runs. It prints nothing and knows no
// Python. It refuses nothing: whoever builds the Job has checked it.
#pragma once

#include <atomic>
#include <chrono>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "crossing.hpp"
#include "max_norm.hpp"
#include "optimizers.hpp"
#include "optimizers/curvature.hpp"
#include "optimizers/lbfgs.hpp"
#include "penalties.hpp"
#include "schedules.hpp"
#include "shares.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
struct Job {
  NetworkSpec network;
  TrainSpec settings;
  Data<T> data, validation;                    // validation may be the same arrays with other rows
  const std::int64_t* rows = nullptr;          // training rows
  const std::int64_t* validation_rows = nullptr;
  std::int64_t row_count = 0, validation_count = 0;
  const T* parameters = nullptr;               // initial ones, unpadded, in the order of the slices; null: from the seed
};

// Where a job starts: what jobs that share everything else have of their own.
template <class T>
struct Start {
  std::uint64_t seed = 0;
  const T* parameters = nullptr;               // as Job's
};

struct History {
  std::vector<double> loss, validation_loss, learning_rate, seconds;
  std::vector<double> gradient_norm;           // (epochs, layers with parameters): root of the mean over steps of the squared norm

  void reserve(std::int64_t epochs, std::size_t layers) {  // of many epochs as many as most trainings need
    const auto some = static_cast<std::size_t>(std::min<std::int64_t>(epochs, 1024));
    for (std::vector<double>* values : {&loss, &learning_rate, &seconds}) values->reserve(some);
    gradient_norm.reserve(some * layers);
  }
  // squares(i): of slice i, Σ over the epoch's steps of the squared gradient norm.
  template <class Squares>
  void add_norms(const std::vector<ParameterSlice>& slices, std::int64_t steps, Squares squares) {
    for (std::size_t i = 0; i < slices.size();) {
      double total = 0;
      for (const int layer = slices[i].layer; i < slices.size() && slices[i].layer == layer; ++i) total += squares(i);
      gradient_norm.push_back(std::sqrt(total / static_cast<double>(steps)));
    }
  }
};

template <class T>
struct Outcome {
  std::vector<T> parameters;                   // unpadded, in the order of the slices
  History history;
  std::string stopped;                         // "epochs" | "early" | "threshold" | "diverged" | "interrupted"
  std::int64_t epochs = 0, best_epoch = 0;     // epochs finished; the best counts from 1
  double seconds = 0;
  std::string error;                           // not empty: the job could not run at all (out of memory)
};

struct Signals {                               // how a running job and the world talk
  std::atomic<bool>* cancel = nullptr;         // read in every batch, between its layers
  std::atomic<std::int64_t>* epochs = nullptr; // counts the epochs finished by all jobs
};

// What an optimiser is after some updates: its states, unpadded and in the order of the slices, and what else it counts.
template <class T>
struct Past {
  std::int64_t steps = 0;
  std::vector<std::vector<T>> states;
  std::vector<double> counts;
};

// What one update leaves behind for somebody to look at. All arrays are unpadded, in the order of the slices.
template <class T>
struct Update {
  double loss = 0;                             // before it
  bool finite = true;
  std::vector<T> gradient;                     // as the optimiser got it: with l1 and clipping, without l2 where that is a pull
  std::vector<T> parameters, answer;           // after it; the answer is their mean where the optimiser keeps one
  Past<T> past;
};

struct Resources {                             // none of them shows in any bit of the result
  int threads = 1;                             // at most so many work on this network ...
  double worth_sharing = 2e6;                  // ... if a step has more multiplications: below, waiting and fetching cost more
  std::int64_t cache = 1 << 20;                // bytes near a core; a batch that needs much more passes in parts
  Offset worth_columns = 1 << 17;              // weights of a layer that a team may cut by columns (784 × 128: 13 % slower)
  bool keeps_gradients = false;                // all of them are there after a step
};

template <class T>
class Training {
 public:
  Training(const Job<T>& job, Signals signals, Resources resources = {})
      : job_(job), settings_(job.settings), signals_(signals), resources_(resources), team_(members_of_team()),
        plan_(job.network, members() * samples_at_once(), team_.size() == 1, static_cast<int>(members() * batch_size()), settings_.tile_parts),
        moves_at_once_(settings_.clip_norm == 0 && settings_.optimizer.kind != "sophia" && !searching() && !resources_.keeps_gradients &&
                       (team_.size() > 1 || plan_.parameters_size() > kMovedTogether)),
        work_(plan_, passes_all_gradients() ? Workspace<T>::kTrainPassing : Workspace<T>::kTrain, team_.size()),
        crossing_(plan_, work_, team_, resources_.worth_columns),
        augment_(settings_.augment, job.network.input, settings_.seed, team_.size()),
        shares_(plan_),
        optimizer_(settings_.optimizer, settings_.groups, plan_.slices(), plan_.parameters_size()),
        penalty_(is_a_pull(settings_) ? number<T>(2 * settings_.l2) : T(0)),
        prepares_(settings_.clip_norm == 0 && penalty_ == 0 && (settings_.l1 != 0 || settings_.l2 != 0 || settings_.clip_value != 0)),
        search_(settings_.optimizer, searching() ? plan_.parameters_size() : 0),
        curvature_(plan_, settings_.optimizer.kind == "sophia"),
        best_(keeps_best() ? plan_.parameters_size() : 0),
        order_(job.rows, job.rows + job.row_count),
        clock_{0, searching() ? 1 : (job.row_count + batch_size() - 1) / batch_size(), settings_.epochs},
        at_once_(work_.goes_at_once(batch_size()) && members() == 1 && !moves_at_once_ && !searching() && settings_.optimizer.kind != "sophia" &&
                 !settings_.augment.on),
        plateau_(settings_.schedule),
        scheduled_(settings_.schedule.kind != "constant"),
        weight_scale_(1 / mean_weight(job.data, job.rows, job.row_count)),
        passing_(moves_at_once_ ? shares_.largest() * team_.size() : 0) {
    losses_.reserve(static_cast<std::size_t>(team_.size()));
    for (int member = 0; member < team_.size(); ++member) losses_.emplace_back(job.settings.loss, plan_.outputs(), job.data.targets);
  }

  // What it takes beside the data that jobs share.
  std::int64_t bytes() const {
    return work_.bytes() + optimizer_.bytes() + search_.bytes() + curvature_.bytes() +
           (best_.size() + passing_.size()) * static_cast<std::int64_t>(sizeof(T)) + augment_.bytes() +
           static_cast<std::int64_t>(order_.size() * sizeof(std::int64_t));
  }

  // One update by all rows, which the settings call one batch, after `past.steps` others that left those states: the loop's
  // own, for somebody to look at. Needs Resources::keeps_gradients.
  Update<T> update(const Past<T>& past) {
    start();
    resume(past);
    squares_.assign(plan_.slices().size(), 0.0);
    Update<T> seen;
    seen.finite = (searching() ? descend_on_all(seen.loss) : descend_on_batches(0, seen.loss)) && finite();
    export_parameters(plan_, searching() ? search_.gradient() : work_.gradients(), seen.gradient);
    export_parameters(plan_, work_.parameters(), seen.parameters);
    export_parameters(plan_, answer(), seen.answer);
    seen.past.steps = clock_.step;
    for (T* state : states()) export_parameters(plan_, state, seen.past.states.emplace_back());
    if (searching()) seen.past.counts = search_.counts();
    return seen;
  }

  Outcome<T> run() {
    started_ = std::chrono::steady_clock::now();
    start();
    Outcome<T> outcome;
    outcome.stopped = "epochs";
    outcome.history.reserve(settings_.epochs, plan_.layers().size());
    for (std::int64_t epoch = 0; epoch < settings_.epochs; ++epoch) {
      squares_.assign(plan_.slices().size(), 0.0);
      double loss = 0;
      if (!(searching() ? descend_on_all(loss) : descend_on_batches(epoch, loss)))
        return finish(outcome, *signals_.cancel ? "interrupted" : "diverged");
      record(outcome, loss);
      if (!finite()) return finish(outcome, "diverged");
      if (!validate(outcome)) return finish(outcome, *signals_.cancel ? "interrupted" : "diverged");
      signals_.epochs->fetch_add(1, std::memory_order_relaxed);
      if (settings_.has_threshold && outcome.history.loss.back() <= settings_.threshold) return finish(outcome, "threshold");
      if (settings_.early_stopping && epoch + 1 - outcome.best_epoch >= settings_.patience) return finish(outcome, "early");
    }
    return finish(outcome, "epochs");
  }

 private:
  // A network of so many parameters moves after its whole gradient is there, a larger one block by block. Measured on Zen 5 with
  // vectors of 64 bytes: 64-32-32-10 takes 0.9 of the time together, the lecture's 0.98, 784-128-10 1.01, 784-512-512-10 1.013.
  static constexpr std::int64_t kMovedTogether = kVectorBytes == 64 ? 1 << 16 : Optimizer<T>::kSmall;
  static constexpr std::int64_t kEvaluationBatch = 32;  // as in predict.hpp, for images: 256 take 1.06 (LeNet-5) to 1.25 (LSTM) of the time

  int members_of_team() const {
    if (resources_.threads == 1) return 1;
    const Plan<T> plan(job_.network, 1);
    const bool all_split = std::all_of(plan.layers().begin(), plan.layers().end(), [](const auto& layer) { return layer->splits(); });
    const double work = plan.multiplications() * members() * static_cast<double>(batch_size());
    return all_split && work > resources_.worth_sharing ? resources_.threads : 1;
  }

  // How many samples pass at once: the whole batch, or equal parts that stay in the cache, where nothing asks for all.
  int samples_at_once() const {
    const Plan<T> plan(job_.network, kTogether * members(), true, static_cast<int>(members() * batch_size()), settings_.tile_parts);
    const std::int64_t each = (plan.activations_size() + plan.scratch_size()) * static_cast<std::int64_t>(sizeof(T)) / kTogether;
    const std::int64_t room = std::max(resources_.cache, 2 * plan.parameters_size() * static_cast<std::int64_t>(sizeof(T)));
    const bool together = settings_.optimizer.kind == "sophia" ||
                          std::any_of(plan.layers().begin(), plan.layers().end(), [](const auto& layer) { return layer->sees_batch(); });
    std::int64_t training = batch_size();
    if (!together && training * each > room + room / 2) {
      const std::int64_t least = std::max<std::int64_t>(kTogether, plan.lanes()) * team_.size(), most = std::max(room / each / least * least, least);
      const std::int64_t parts = (training + most - 1) / most;
      training = std::min(training, ((training + parts - 1) / parts + least - 1) / least * least);
    }
    const std::int64_t measured = std::min<std::int64_t>(job_.validation_count, kEvaluationBatch);
    return static_cast<int>(training < measured ? (measured + kTogether - 1) / kTogether * kTogether : training);
  }
  // Whether no gradient is ever there as a whole.
  bool passes_all_gradients() const {
    if (!moves_at_once_ || plan_.batch() < members() * batch_size()) return false;
    const auto& slices = plan_.slices();
    return std::all_of(slices.begin(), slices.end(), [&](const ParameterSlice& s) { return plan_.layers()[static_cast<std::size_t>(s.layer)]->cut() == Cut::kRows; });
  }
  bool searching() const { return searches_lines(settings_.optimizer); }
  std::int64_t batch_size() const { return std::min(settings_.batch_size, job_.row_count); }
  int members() const { return settings_.loss.members; }  // rows of a pass that make one sample
  bool keeps_best() const { return settings_.early_stopping && settings_.restore_best; }

  static double mean_weight(const Data<T>& data, const std::int64_t* rows, std::int64_t count) {
    if (data.weights == nullptr) return 1;
    double total = 0;
    for (std::int64_t i = 0; i < count; ++i) total += data.weights[rows[i]];
    return total / static_cast<double>(count);
  }

  void start() {
    work_.watch(signals_.cancel);
    work_.draw_from(Stream(settings_.seed).fold(static_cast<std::uint64_t>(Purpose::kDropout)));
    if (job_.parameters == nullptr)
      plan_.initialize(settings_.seed, work_.parameters());
    else
      import_parameters(plan_, job_.parameters, work_.parameters());
    optimizer_.start(work_.parameters());
  }
  std::vector<T*> states() { return searching() ? search_.states() : optimizer_.states(); }
  void resume(const Past<T>& past) {
    if (past.steps == 0) return;
    const std::vector<T*> blocks = states();
    if (past.states.size() != blocks.size()) throw std::invalid_argument("update: the states belong to another optimiser");
    for (std::size_t k = 0; k < blocks.size(); ++k) import_parameters(plan_, past.states[k].data(), blocks[k]);
    searching() ? search_.resume(past.counts) : optimizer_.resume(past.steps);
    clock_.step = past.steps;
  }

  void shuffle(std::int64_t epoch) {
    if (!settings_.shuffle) return;
    std::copy(job_.rows, job_.rows + job_.row_count, order_.begin());
    Stream(settings_.seed, Purpose::kShuffle, static_cast<std::uint64_t>(epoch)).shuffle(order_.data(), job_.row_count);
  }

  // One epoch of steps, and the mean loss on the way. False: stopped by the signal, or not finite.
  bool descend_on_batches(std::int64_t epoch, double& loss) {
    shuffle(epoch);
    augment_.begin(static_cast<std::uint64_t>(epoch));
    for (std::int64_t at = 0; at < job_.row_count; at += batch_size()) {
      const int batch = static_cast<int>(std::min(batch_size(), job_.row_count - at));
      if (moves_at_once_ || at_once_) optimizer_.begin(factor());  // now, as its root and its divisions take their time
      const double scale = weight_scale_ / batch;
      const double batch_loss = at_once_ && work_.goes_at_once(batch) ? work_.there_and_back(losses_[0], job_.data, &order_[at], scale)
                                                                      : pass(&order_[at], batch, scale, moves_at_once_);
      if (*signals_.cancel || !std::isfinite(batch_loss)) return false;
      if (!moves_at_once_) step(&order_[at], batch);
      if (moves_at_once_ || !shares_.blocks_are_arrays()) shares_.add_squares(squares_.data());
      if (settings_.max_norm > 0) limit_all_norms();
      clock_.step += 1;
      loss += batch_loss * batch;
    }
    loss /= static_cast<double>(job_.row_count);
    return true;
  }

  // One iteration of a line search on all rows; batch_size is only how many pass at once. The cost that it descends
  // includes the penalties, the loss that is recorded does not.
  bool descend_on_all(double& loss) {
    bool first = true;
    const auto evaluate = [&](T* total) {
      double value = 0;
      std::fill(total, total + plan_.parameters_size(), T(0));
      for (std::int64_t at = 0; at < job_.row_count; at += batch_size()) {
        const int batch = static_cast<int>(std::min(batch_size(), job_.row_count - at));
        value += pass(&order_[at], batch, weight_scale_ / static_cast<double>(job_.row_count), false);
        if (*signals_.cancel) return std::numeric_limits<double>::quiet_NaN();
        for (std::int64_t i = 0; i < plan_.parameters_size(); ++i) total[i] += work_.gradients()[i];
      }
      if (std::exchange(first, false)) loss = value;
      return value + prepare_all(total);  // L-BFGS does not clip
    };
    const double cost = search_.descend(factor(), work_.parameters(), evaluate);
    clock_.step += 1;
    for (std::size_t i = 0; i < plan_.slices().size(); ++i)
      for (std::int64_t k = plan_.slices()[i].offset; k < plan_.slices()[i].offset + plan_.slices()[i].size(); ++k)
        squares_[i] += static_cast<double>(search_.gradient()[k]) * search_.gradient()[k];
    return !*signals_.cancel && std::isfinite(cost);
  }

  // A batch there and back, piece by piece: its loss, and its gradients in the workspace. moves: the parameters too.
  double pass(const std::int64_t* rows, int batch, double scale, bool moves) {
    const int most = plan_.batch() / members();
    double loss = 0;
    for (int at = 0; at < batch; at += most) {
      const int count = std::min(most, batch - at);
      team_.run([&](int member) { there_and_back(rows + at, count, member, at, scale); });
      loss = work_.total(count, loss);
      if (*signals_.cancel || !std::isfinite(loss)) return loss;
      team_.run([&](int member) { learn(count, member, at > 0, moves && at + count == batch); });
    }
    return loss;
  }

  // A team keeps the gradients with respect to all outputs until `learn`; alone, a layer learns right after its backward.
  void there_and_back(const std::int64_t* rows, int count, int member, int before, double scale) {
    const Part part = share(count, plan_.lanes(), member, team_.size());
    work_.gather(job_.data, rows, part, settings_.augment.on ? &augment_ : nullptr);
    crossing_.forward(in_rows(part), {static_cast<std::uint64_t>(clock_.step), before * members()});
    work_.loss(loss(part), job_.data, rows, part, scale);
    if (team_.size() > 1) crossing_.backward(in_rows(part));
  }
  void learn(int count, int member, bool adds, bool moves) {
    const Part all = whole(count * members(), member);
    if (!moves_at_once_ && team_.size() == 1) return work_.backward(all, adds);  // `step` moves everything later
    for (std::size_t l = plan_.layers().size(); l-- > 0;) {
      if (team_.size() == 1) work_.backward(all, l, l == 0);
      const bool at_once = moves && !adds;
      const auto place = [&](std::size_t i, Offset begun, bool passing) {
        return passing && at_once ? passing_gradients(plan_.slices()[i], begun, member) : work_.gradients();
      };
      shares_.each(l, member, team_.size(),
                   [&](std::size_t i, Offset from, Offset to, bool passing) {
                     work_.gradient(all, plan_.slices()[i], from, to, adds, place(i, from, passing));
                   },
                   [&](std::size_t i, Offset from, Offset to, Offset begun, bool passing) {
                     return moves ? move(i, from, to, place(i, begun, passing)) : 0.0;
                   });
    }
  }
  // A gradient that moves its parameters at once need not be kept: it always goes to the same few lines of a near cache. The
  // result is where the gradients of all parameters would have to begin for that.
  T* passing_gradients(const ParameterSlice& slice, Offset from, int member) {
    return passing_.data() + member * shares_.largest() - (slice.offset + from * slice.ld);
  }
  const Loss<T>& loss(const Part& part) const { return losses_[static_cast<std::size_t>(part.member)]; }
  Part in_rows(const Part& part) const { return {part.first * members(), part.count * members(), part.member, part.all * members()}; }

  // The way for what must see the whole gradient before anything moves; and for small networks, where it is faster. Of arrays
  // that are a block each it adds the squared norms too.
  void step(const std::int64_t* rows, int batch) {
    if (optimizer_.wants_curvature()) measure_curvature(rows, batch);
    if (settings_.clip_norm > 0) clip_norm();
    if (!at_once_) optimizer_.begin(factor());
    if (shares_.blocks_are_arrays()) {
      if (optimizer_.moves_alike() && !prepares_ && penalty_ == 0 && !resources_.keeps_gradients) {
        optimizer_.move_each(work_.parameters(), work_.gradients(), squares_.data());
      } else {
        const std::vector<ParameterSlice>& slices = plan_.slices();
        for (std::size_t i = 0; i < slices.size(); ++i) squares_[i] += move(i, 0, slices[i].rows, work_.gradients());
      }
      return;
    }
    for (std::size_t l = 0; l < plan_.layers().size(); ++l)
      shares_.each(l, 0, 1, [](std::size_t, Offset, Offset, bool) {},
                   [&](std::size_t i, Offset from, Offset to, Offset, bool) { return move(i, from, to, work_.gradients()); });
  }

  // Rows of one array: their penalties and clipping, unless the whole gradient had them, and the optimiser's move.
  double move(std::size_t i, Offset from, Offset to, T* gradients) {
    const ParameterSlice& slice = plan_.slices()[i];
    if (prepares_) prepare(slice, from, to, gradients);
    return optimizer_.move(i, from, to, work_.parameters(), gradients, slice.is_weight ? penalty_ : T(0));
  }

  // The parameters, and the mean of them where that is the answer.
  void limit_all_norms() {
    team_.run([&](int member) {
      for (const ParameterSlice& slice : plan_.slices()) {
        limit_norms(slice, settings_.max_norm, work_.parameters(), member, team_.size());
        if (T* mean = optimizer_.mean()) limit_norms(slice, settings_.max_norm, mean, member, team_.size());
      }
    });
  }

  // The gradients of the batch are kept; see optimizers/curvature.hpp.
  void measure_curvature(const std::int64_t* rows, int batch) {
    const Stream stream(settings_.seed, Purpose::kCurvature, static_cast<std::uint64_t>(clock_.step));
    const T* diagonal;
    if (settings_.optimizer.curvature == "hutchinson") {
      diagonal = curvature_.hutchinson(stream, work_.parameters(), work_.gradients(), [&] { pass(rows, batch, weight_scale_ / batch, false); });
    } else {
      const Part all = whole(batch * members());
      work_.forward(all, Workspace<T>::kRepeatMode, {static_cast<std::uint64_t>(clock_.step), 0});  // layers may have spent what they kept
      diagonal = curvature_.gauss_newton_bartlett(stream, settings_.loss, work_, job_.data, rows, batch, weight_scale_, [&] { work_.backward(all); });
    }
    optimizer_.add_curvature(diagonal);
  }

  void prepare(const ParameterSlice& s, Offset from, Offset to, T* gradients) {
    const std::int64_t at = s.offset + from * s.ld;
    penalize(settings_, s.is_weight, (to - from) * s.ld, work_.parameters() + at, gradients + at);
  }
  double prepare_all(T* gradients) {  // returns what the penalties cost
    double cost = 0;
    for (const ParameterSlice& s : plan_.slices()) {
      prepare(s, 0, s.rows, gradients);
      if (!s.is_weight || (settings_.l1 == 0 && settings_.l2 == 0)) continue;
      for (std::int64_t i = s.offset; i < s.offset + s.size(); ++i) {
        const double w = work_.parameters()[i];
        cost += settings_.l1 * std::abs(w) + settings_.l2 * w * w;
      }
    }
    return cost;
  }

  // By value first, then by the norm over all parameters.
  void clip_norm() {
    T* gradients = work_.gradients();
    prepare_all(gradients);
    double squares[kWidth<T>] = {};  // one sum would wait for its own last addition
    for (std::int64_t i = 0; i < plan_.parameters_size(); i += kWidth<T>)
      for (int k = 0; k < kWidth<T>; ++k) squares[k] += static_cast<double>(gradients[i + k]) * gradients[i + k];
    const double norm = std::sqrt(std::accumulate(std::begin(squares), std::end(squares), 0.0));
    if (norm > settings_.clip_norm)
      for (std::int64_t i = 0; i < plan_.parameters_size(); ++i) gradients[i] *= static_cast<T>(settings_.clip_norm / norm);
  }

  double factor() const { return scheduled_ ? schedule_factor(settings_.schedule, clock_) * plateau_.scale() : 1; }
  double learning_rate() const {
    return settings_.optimizer.learning_rate * factor();
  }

  void record(Outcome<T>& outcome, double loss) {
    History& h = outcome.history;
    h.loss.push_back(loss);
    clock_.step -= 1;  // the rate that the epoch's last step took
    h.learning_rate.push_back(learning_rate());
    clock_.step += 1;
    h.seconds.push_back(elapsed());
    h.add_norms(plan_.slices(), clock_.steps_per_epoch, [&](std::size_t i) { return squares_[i]; });
    outcome.epochs += 1;
  }

  const T* answer() { return optimizer_.answer(work_.parameters()); }  // what is measured and given back

  bool finite() {
    std::atomic<bool> finite{true};
    team_.run([&](int member) {
      const std::int64_t vectors = plan_.parameters_size() / kWidth<T>, members = team_.size();
      const std::int64_t from = vectors * member / members * kWidth<T>, to = vectors * (member + 1) / members * kWidth<T>;
      if (!all_finite<T>(work_.parameters() + from, to - from)) finite = false;
    });
    return finite;
  }

  // Measures the validation rows and keeps the best parameters. False: stopped by the signal, or not finite.
  bool validate(Outcome<T>& outcome) {
    if (job_.validation_count == 0) {
      outcome.best_epoch = outcome.epochs;
      plateau_.watch(outcome.history.loss.back());
      return true;
    }
    double total = 0;
    const double scale = 1 / (static_cast<double>(job_.validation_count) *
                              mean_weight(job_.validation, job_.validation_rows, job_.validation_count));
    const std::int64_t largest = plan_.batch() / members();
    for (std::int64_t at = 0; at < job_.validation_count; at += largest) {
      const int batch = static_cast<int>(std::min(largest, job_.validation_count - at));
      team_.run([&](int member) {
        const Part& part = share(batch, plan_.lanes(), member, team_.size());
        work_.gather(job_.validation, job_.validation_rows + at, part);
        work_.forward(in_rows(part), Workspace<T>::kPredictMode, {}, answer());
        work_.loss(loss(part), job_.validation, job_.validation_rows + at, part, scale);
      });
      total += work_.total(batch);
      if (*signals_.cancel) return false;
    }
    outcome.history.validation_loss.push_back(total);
    plateau_.watch(total);
    if (!std::isfinite(total)) return false;
    if (outcome.best_epoch == 0 || total < lowest_ - settings_.min_delta) {
      lowest_ = total;
      outcome.best_epoch = outcome.epochs;
      if (best_.size()) std::copy(answer(), answer() + plan_.parameters_size(), best_.data());
    }
    return true;
  }

  Outcome<T> finish(Outcome<T>& outcome, const char* stopped) {
    outcome.stopped = stopped;
    outcome.seconds = elapsed();
    const bool restore = best_.size() > 0 && outcome.best_epoch > 0;
    export_parameters(plan_, restore ? best_.data() : answer(), outcome.parameters);
    return std::move(outcome);
  }

  double elapsed() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

  const Job<T>& job_;
  const TrainSpec& settings_;
  Signals signals_;
  Resources resources_;
  Team team_;
  Plan<T> plan_;
  std::vector<Loss<T>> losses_;                // one a member of the team: a loss has room that it writes to
  const bool moves_at_once_;                   // the optimiser moves rows as soon as their gradient is there, in passing_
  Workspace<T> work_;
  Crossing<T> crossing_;
  Augmenter<T> augment_;
  Shares<T> shares_;
  Optimizer<T> optimizer_;
  const T penalty_;                            // of a weight p the cost's slope is penalty · p more; 0: `prepares_` does it
  const bool prepares_;                        // a block's gradient is penalised or clipped before the optimiser sees it
  Lbfgs<T> search_;                            // these two are empty for optimisers that need them not
  Curvature<T> curvature_;
  Block<T> best_;                              // the best parameters so far
  std::vector<std::int64_t> order_;            // this epoch's order of the training rows
  std::vector<double> squares_;                // per slice, Σ over the epoch's steps of the squared gradient norm
  Clock clock_;
  const bool at_once_;                         // batches of the usual size go there and back in one piece (layers/dense_few.hpp)
  Plateau plateau_;
  const bool scheduled_;                       // the learning rate changes
  double weight_scale_, lowest_ = 0;
  Block<T> passing_;                           // such gradients, of each member
  std::chrono::steady_clock::time_point started_;
};

}  // namespace thetastar::TS_LEVEL
