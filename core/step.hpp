// ONE STEP of a training, on one thread or with a team that shares it:
//
//   gather (and augment) → forward → loss → backward → gradients → penalties, clipping → optimiser's move
//   (L-BFGS instead: all rows, as often as its line search asks)
//
// A batch goes through in parts that stay in the cache. Of each part the members of a team take some samples, or some columns,
// forward and back (team_pass.hpp), and then, when all have done so, some rows of every weight (parameter_blocks.hpp): its
// gradient, and at the batch's last part the optimiser's move, while the gradient is still in the second cache. Every sum is in the
// order of the samples, so the bits depend neither on the parts nor on the team.
#pragma once

#include <numeric>
#include <utility>
#include <vector>

#include "data_driven.hpp"
#include "optimizers.hpp"
#include "optimizers/curvature.hpp"
#include "optimizers/lbfgs.hpp"
#include "parameter_blocks.hpp"
#include "penalties.hpp"
#include "schedules.hpp"
#include "team_pass.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Session;

template <class T>
class TrainingStep {
  friend class Session<T>;  // goes back in time, and changes what the next step begins with

 public:
  TrainingStep(const Job<T>& job, Signals signals, Resources resources)
      : job_(job), settings_(job.settings), traits_(traits_of(settings_.optimizer)), signals_(signals),
        resources_(resources), team_(members_of_team()),
        plan_(job.network, members() * samples_of_a_pass(), team_.size() == 1,
              static_cast<int>(members() * job.batch_size()), settings_.tile_parts, settings_.ways),
        by_blocks_(decide(settings_.ways.blocks,
                          settings_.clip_norm == 0 && !traits_.measures_curvature && !traits_.searches_lines &&
                              !traits_.sees_arrays && !resources_.keeps_gradients,
                          team_.size() > 1 || plan_.parameters_size() > kMovedTogether)),
        work_(plan_, keeps_no_gradient() ? Workspace<T>::kTrainPassing : Workspace<T>::kTrain, team_.size()),
        team_pass_(plan_, work_, team_, resources_.worth_columns),
        augment_(settings_.augment, job.network.input, job.start.seed, team_.size()), blocks_(plan_),
        optimizer_(settings_.optimizer, settings_.groups, plan_.arrays(), plan_.parameters_size()),
        penalty_(is_a_pull(settings_) ? number<T>(2 * settings_.l2) : T(0)),
        prepares_(settings_.clip_norm == 0 && penalty_ == 0 &&
                  (settings_.l1 != 0 || settings_.l2 != 0 || settings_.clip_value != 0)),
        search_(settings_.optimizer, traits_.searches_lines ? plan_.parameters_size() : 0),
        curvature_(plan_, traits_.measures_curvature),
        clock_{0, traits_.searches_lines ? 1 : (job.row_count + job.batch_size() - 1) / job.batch_size(),
               settings_.epochs},
        in_registers_(work_.goes_in_registers(job.batch_size()) && members() == 1 && !by_blocks_ &&
                      !traits_.searches_lines && !traits_.measures_curvature && !settings_.augment.on && !job.own),
        plateau_(settings_.schedule), scheduled_(settings_.schedule.kind != "constant"),
        weight_scale_(1 / job.data.mean_weight(job.rows, job.row_count)),
        passing_(by_blocks_ ? blocks_.largest() * team_.size() : 0) {
    for (int member = 0; member < team_.size(); ++member)
      losses_.emplace_back(settings_.loss, plan_.outputs(), job.data.targets, job.own.get());
  }

  std::int64_t bytes() const {
    return work_.bytes() + optimizer_.bytes() + search_.bytes() + curvature_.bytes() +
           passing_.size() * static_cast<std::int64_t>(sizeof(T)) + augment_.bytes();
  }
  const Plan<T>& plan() const { return plan_; }
  const Clock& clock() const { return clock_; }
  const T* answer() { return optimizer_.answer(work_.parameters()); }  // what is measured and given back
  bool searches_lines() const { return traits_.searches_lines; }
  double squares(std::size_t array) const {
    return squares_[array];
  }  // Σ over the epoch's steps of the squared gradient norm
  Way way() const {
    Way way = plan_.way();
    if (in_registers_) way.registers = "step";
    way.by_blocks = by_blocks_;
    way.members = team_.size();
    way.by_columns = team_pass_.by_columns();
    way.samples = plan_.batch() / members();
    return way;
  }

  void start() {
    work_.watch(signals_.cancel);
    work_.draw_from(Stream(job_.start.seed).fold(static_cast<std::uint64_t>(Purpose::kDropout)));
    if (job_.start.parameters == nullptr)
      initialize();
    else
      import_parameters(plan_, job_.start.parameters, work_.parameters());
    if (!settings_.directions.empty()) hold_all_directions(true);
    optimizer_.start(work_.parameters());
  }
  void begin_epoch(std::int64_t epoch) {
    squares_.assign(plan_.arrays().size(), 0.0);
    augment_.begin(static_cast<std::uint64_t>(epoch));
  }

  // A batch there and back, and the parameters' move. loss += the batch's mean loss · its samples. False: stopped by the signal, or
  // the loss is not finite; nothing has moved then.
  [[gnu::always_inline]] bool take(const std::int64_t* rows, int batch, double& loss) {
    if (by_blocks_ || in_registers_)
      optimizer_.begin(
          factor(),
          share(settings_.decay_schedule));  // before the batch, as its root and its divisions take their time
    const double scale = weight_scale_ / batch;
    const double mean = in_registers_ && work_.goes_in_registers(batch)
                            ? work_.there_and_back(losses_[0], job_.data, rows, scale)
                            : pass(rows, batch, scale, by_blocks_);
    if (*signals_.cancel || !std::isfinite(mean)) return false;
    if (!by_blocks_) move_together(rows, batch);
    if (by_blocks_ || !blocks_.blocks_are_arrays()) blocks_.add_squares(squares_.data());
    if (settings_.max_norm > 0) limit_all_norms();
    if (!settings_.directions.empty()) hold_all_directions(false);
    clock_.step += 1;
    loss += mean * batch;
    return true;
  }

  // One iteration of a line search on all rows; batch_size is only how many pass together. The cost that it descends includes the
  // penalties, the loss does not. False: as `take`.
  bool search(const std::int64_t* rows, double& loss) {
    bool first = true;
    const auto evaluate = [&](T* total) {
      double value = 0;
      std::fill(total, total + plan_.parameters_size(), T(0));
      for (std::int64_t at = 0; at < job_.row_count; at += job_.batch_size()) {
        const int batch = static_cast<int>(std::min(job_.batch_size(), job_.row_count - at));
        value += pass(rows + at, batch, weight_scale_ / static_cast<double>(job_.row_count), false);
        if (*signals_.cancel) return std::numeric_limits<double>::quiet_NaN();
        for (std::int64_t i = 0; i < plan_.parameters_size(); ++i) total[i] += work_.gradients()[i];
      }
      if (std::exchange(first, false)) loss = value;
      return value + prepare_all(total);  // L-BFGS does not clip
    };
    const double cost = search_.descend(factor(), work_.parameters(), evaluate);
    clock_.step += 1;
    for (std::size_t i = 0; i < plan_.arrays().size(); ++i)
      for (std::int64_t k = plan_.arrays()[i].offset; k < plan_.arrays()[i].offset + plan_.arrays()[i].size(); ++k)
        squares_[i] += static_cast<double>(search_.gradient()[k]) * search_.gradient()[k];
    return !*signals_.cancel && std::isfinite(cost);
  }

  // The mean loss of the answer on some rows. It is not complete where the signal stops it.
  double measure(const Data<T>& data, const std::int64_t* rows, std::int64_t count) {
    const double scale = 1 / (static_cast<double>(count) * data.mean_weight(rows, count));
    const std::int64_t most = plan_.batch() / members();
    double total = 0;
    for (std::int64_t at = 0; at < count && !*signals_.cancel; at += most) {
      const int batch = static_cast<int>(std::min(most, count - at));
      team_.run([&](int member) {
        const Part part = part_of(batch, plan_.samples_together(), member, team_.size());
        work_.gather(data, rows + at, part);
        work_.forward(in_rows(part), Workspace<T>::kPredictMode, {}, answer());
        work_.loss(loss(part), data, rows + at, part, scale);
      });
      total += work_.total(batch);
    }
    return total;
  }

  bool finite() {  // all parameters
    std::atomic<bool> finite{true};
    team_.run([&](int member) {
      const std::int64_t vectors = plan_.parameters_size() / kWidth<T>, members = team_.size();
      const std::int64_t from = vectors * member / members * kWidth<T>,
                         to = vectors * (member + 1) / members * kWidth<T>;
      if (!all_finite<T>(work_.parameters() + from, to - from)) finite = false;
    });
    return finite;
  }

  double last_rate() const {  // of the latest step
    Clock last = clock_;
    last.step -= 1;
    return settings_.optimizer.learning_rate * factor(last);
  }
  void watch(double loss) { plateau_.watch(loss); }  // after each epoch: a schedule may follow the loss

  // To go on after updates that were made elsewhere, and what an update has left behind.
  void resume(const Past<T>& past) {
    if (past.steps == 0) return;
    const std::vector<T*> blocks = states();
    if (past.states.size() != blocks.size())
      throw std::invalid_argument("update: the states belong to another optimiser");
    for (std::size_t k = 0; k < blocks.size(); ++k) import_parameters(plan_, past.states[k].data(), blocks[k]);
    if (searches_lines())
      search_.resume(past.counts);
    else
      optimizer_.resume(past.steps, [this](std::int64_t step) {
        Clock then = clock_;
        then.step = step;
        return factor(then);
      });
    clock_.step = past.steps;
  }
  // The same of a training that paused at the end of an epoch.
  void resume(const Pause<T>& pause) {
    plateau_.resume(pause.plateau);
    resume(Past<T>{pause.steps, pause.states, pause.counts});
  }
  void write(Pause<T>& pause) {
    pause.steps = clock_.step;
    export_parameters(plan_, work_.parameters(), pause.parameters);
    for (T* state : states()) export_parameters(plan_, state, pause.states.emplace_back());
    if (searches_lines()) pause.counts = search_.counts();
    pause.plateau = plateau_.counts();
  }
  void show(Update<T>& seen) {
    export_parameters(plan_, searches_lines() ? search_.gradient() : work_.gradients(), seen.gradient);
    export_parameters(plan_, work_.parameters(), seen.parameters);
    export_parameters(plan_, answer(), seen.answer);
    seen.past.steps = clock_.step;
    for (T* state : states()) export_parameters(plan_, state, seen.past.states.emplace_back());
    if (searches_lines()) seen.past.counts = search_.counts();
  }

 private:
  int members_of_team() const {
    if (resources_.threads == 1 || job_.own) return 1;
    const Plan<T> plan(job_.network, 1);
    const bool all_split =
        std::all_of(plan.layers().begin(), plan.layers().end(), [](const auto& layer) { return layer->splits(); });
    const double work = plan.multiplications() * members() * static_cast<double>(job_.batch_size());
    return all_split && work > resources_.worth_sharing ? resources_.threads : 1;
  }

  // How many samples pass together, in training and when validation rows are measured.
  int samples_of_a_pass() const {
    const Plan<T> plan(job_.network, kTogether * members(), true, static_cast<int>(members() * job_.batch_size()),
                       settings_.tile_parts, settings_.ways);
    const auto size = static_cast<std::int64_t>(sizeof(T));
    const std::int64_t each = (plan.activations_size() + plan.scratch_size()) * size / kTogether;
    const std::int64_t least = std::max<std::int64_t>(kTogether, plan.samples_together()) * team_.size();
    const bool whole = traits_.measures_curvature || std::any_of(plan.layers().begin(), plan.layers().end(),
                                                                 [](const auto& layer) { return layer->sees_batch(); });
    std::int64_t training = job_.batch_size();
    if (!whole) training = samples_at_once(training, each, plan.parameters_size() * size, resources_.cache, least);
    if (!whole && settings_.ways.samples > 0)
      training = std::min(training, (settings_.ways.samples + least - 1) / least * least);
    const std::int64_t measured = std::min(job_.validation_count, kMeasuredRows);
    return static_cast<int>(training < measured ? (measured + kTogether - 1) / kTogether * kTogether : training);
  }
  bool keeps_no_gradient() const {  // none is ever there as a whole
    if (!by_blocks_ || plan_.batch() < members() * job_.batch_size()) return false;
    const auto& layers = plan_.layers();
    return std::all_of(plan_.arrays().begin(), plan_.arrays().end(),
                       [&](const auto& s) { return layers[static_cast<std::size_t>(s.layer)]->cut() == Cut::kRows; });
  }
  std::vector<T*> states() { return searches_lines() ? search_.states() : optimizer_.states(); }
  int members() const { return settings_.loss.members; }  // rows of a pass that make one sample

  // A batch there and back, part by part: its loss, and its gradients in the workspace. moves: the parameters too.
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
    const Part part = part_of(count, plan_.samples_together(), member, team_.size());
    work_.gather(job_.data, rows, part, settings_.augment.on ? &augment_ : nullptr);
    team_pass_.forward(in_rows(part), {static_cast<std::uint64_t>(clock_.step), before * members(),
                                       share(settings_.dropout_schedule)});
    work_.loss(loss(part), job_.data, rows, part, scale);
    if (team_.size() > 1) team_pass_.backward(in_rows(part));
  }
  void learn(int count, int member, bool adds, bool moves) {
    const Part all = whole(count * members(), member);
    if (!by_blocks_ && team_.size() == 1) return work_.backward(all, adds);  // `move_together` follows
    for (std::size_t l = plan_.layers().size(); l-- > 0;) {
      if (team_.size() == 1) work_.backward(all, l, l == 0);
      // A gradient that moves its parameters right away need not be kept: it always goes to the same lines of the cache.
      const auto place = [&](std::size_t i, Offset row, Offset begun, bool passing) {
        const ParameterArray& array = plan_.arrays()[i];
        if (passing && moves && !adds) return passing_.data() + member * blocks_.largest() + (row - begun) * array.ld;
        return work_.gradients() + array.offset + row * array.ld;
      };
      blocks_.each(
          l, member, team_.size(),
          [&](std::size_t i, Offset from, Offset to, bool passing) {
            work_.gradient(all, plan_.arrays()[i], from, to, adds, place(i, from, from, passing));
          },
          [&](std::size_t i, Offset from, Offset to, Offset begun, bool passing) {
            return moves ? move(i, from, to, place(i, from, begun, passing)) : 0.0;
          });
    }
  }
  const Loss<T>& loss(const Part& part) const { return losses_[static_cast<std::size_t>(part.member)]; }
  Part in_rows(const Part& part) const {
    return {part.first * members(), part.count * members(), part.member, part.all * members()};
  }

  // The way for what must see the whole gradient before anything moves; and for small networks, where it is faster. Of arrays
  // that are a block each it adds the squared norms too.
  void move_together(const std::int64_t* rows, int batch) {
    if (optimizer_.wants_curvature()) measure_curvature(rows, batch);
    if (settings_.clip_norm > 0) clip_norm();
    if (!in_registers_) optimizer_.begin(factor(), share(settings_.decay_schedule));
    if (optimizer_.sees_arrays()) optimizer_.look_at_arrays(work_.parameters(), work_.gradients());
    const std::vector<ParameterArray>& arrays = plan_.arrays();
    if (!blocks_.blocks_are_arrays()) {
      for (std::size_t l = 0; l < plan_.layers().size(); ++l)
        blocks_.each(
            l, 0, 1, [](std::size_t, Offset, Offset, bool) {},
            [&](std::size_t i, Offset from, Offset to, Offset, bool) {
              return move(i, from, to, work_.gradients() + arrays[i].offset + from * arrays[i].ld);
            });
    } else if (optimizer_.moves_alike() && !prepares_ && penalty_ == 0 && !resources_.keeps_gradients) {
      optimizer_.move_each(work_.parameters(), work_.gradients(), squares_.data());
    } else {
      for (std::size_t i = 0; i < arrays.size(); ++i)
        squares_[i] += move(i, 0, arrays[i].rows, work_.gradients() + arrays[i].offset);
    }
  }

  // Rows of one array: their penalties and clipping, unless the whole gradient had them, and the optimiser's move.
  double move(std::size_t i, Offset from, Offset to, T* d_rows) {
    const ParameterArray& array = plan_.arrays()[i];
    if (prepares_) prepare(array, from, to, d_rows);
    return optimizer_.move(i, from, to, work_.parameters(), d_rows, array.is_weight ? penalty_ : T(0));
  }

  // The parameters, and the mean of them where that is the answer.
  void limit_all_norms() {
    team_.run([&](int member) {
      for (const ParameterArray& array : plan_.arrays()) {
        limit_norms(array, settings_.max_norm, work_.parameters(), member, team_.size());
        if (T* mean = optimizer_.mean()) limit_norms(array, settings_.max_norm, mean, member, team_.size());
      }
    });
  }

  void hold_all_directions(bool mirrored) {
    const auto hold = [&](T* parameters, int member) {
      hold_directions(plan_.arrays(), settings_.directions, mirrored, parameters, member, team_.size());
    };
    team_.run([&](int member) {
      hold(work_.parameters(), member);
      if (T* mean = mirrored ? nullptr : optimizer_.mean()) hold(mean, member);
    });
  }

  // The gradients of the batch are kept; see optimizers/curvature.hpp.
  void measure_curvature(const std::int64_t* rows, int batch) {
    const Stream stream(job_.start.seed, Purpose::kCurvature, static_cast<std::uint64_t>(clock_.step));
    const T* diagonal;
    if (settings_.optimizer.curvature == "hutchinson") {
      diagonal = curvature_.hutchinson(stream, work_.parameters(), work_.gradients(),
                                       [&] { pass(rows, batch, weight_scale_ / batch, false); });
    } else {
      const Part all = whole(batch * members());
      work_.forward(all, Workspace<T>::kRepeatMode,
                    {static_cast<std::uint64_t>(clock_.step), 0,
                     share(settings_.dropout_schedule)});  // layers may have spent what they kept
      diagonal = curvature_.gauss_newton_bartlett(stream, settings_.loss, work_, job_.data, rows, batch, weight_scale_,
                                                  [&] { work_.backward(all); });
    }
    optimizer_.add_curvature(diagonal);
  }

  void prepare(const ParameterArray& s, Offset from, Offset to, T* d_rows) {
    penalize(settings_, s.is_weight, (to - from) * s.ld, work_.parameters() + s.offset + from * s.ld, d_rows);
  }
  double prepare_all(T* gradients) {  // returns what the penalties cost
    double cost = 0;
    for (const ParameterArray& s : plan_.arrays()) {
      prepare(s, 0, s.rows, gradients + s.offset);
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
      for (std::int64_t i = 0; i < plan_.parameters_size(); ++i)
        gradients[i] *= static_cast<T>(settings_.clip_norm / norm);
  }

  double factor(const Clock& clock) const {
    return scheduled_ ? schedule_factor(settings_.schedule, clock) * plateau_.scale() : 1;
  }
  double factor() const { return factor(clock_); }
  double share(const ScheduleSpec& s) const { return s.kind == "constant" ? 1 : schedule_factor(s, clock_); }
  void initialize() {
    plan_.initialize(job_.start.seed, work_.parameters());
    if (begins_by_data(job_.network)) begin_by_data(job_, work_.parameters());
  }

  const Job<T>& job_;
  const TrainSpec& settings_;
  const OptimizerTraits traits_;
  const Signals signals_;
  const Resources resources_;
  Team team_;
  Plan<T> plan_;
  std::vector<Loss<T>> losses_;  // one a member of the team: a loss has room that it writes to
  const bool by_blocks_;         // the optimiser moves rows as soon as their gradient is there, in passing_
  Workspace<T> work_;
  TeamPass<T> team_pass_;
  Augmenter<T> augment_;
  ParameterBlocks<T> blocks_;
  Optimizer<T> optimizer_;
  const T penalty_;              // of a weight p the cost's slope is penalty · p more; 0: `prepares_` does it
  const bool prepares_;          // a block's gradient is penalised or clipped before the optimiser sees it
  Lbfgs<T> search_;              // empty where no line is searched
  Curvature<T> curvature_;       // empty where no curvature is measured
  std::vector<double> squares_;  // one an array
  Clock clock_;
  const bool in_registers_;  // batches of the usual size go there and back in registers
  Plateau plateau_;
  const bool scheduled_;  // the learning rate changes
  const double weight_scale_;
  Block<T> passing_;  // such gradients, of each member
};

}  // namespace thetastar::TS_LEVEL
