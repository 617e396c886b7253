// What ends a training, what a pause keeps, and losses and callbacks of a user's own: alone and in packs.
#pragma once

#include <cmath>

#include "check.hpp"
#include "packs.hpp"
#include "predict.hpp"

template <class T>
Job<T> small_job(const Sample<T>& sample, const char* optimizer = "adam") {
  Job<T> job;
  job.network = {{1, 1, Sample<T>::kFeatures}, {dense("a", 3, "relu"), dense("b", 1, "identity")}};
  job.settings.loss.kind = "mean_squared_error";
  job.settings.optimizer.kind = optimizer;
  job.settings.optimizer.learning_rate = 0.01;
  job.settings.epochs = 6;
  job.settings.batch_size = 8;
  job.data = job.validation = sample.data(false, false);
  job.rows = sample.rows.data();
  job.row_count = static_cast<std::int64_t>(sample.rows.size());
  job.validation_rows = sample.held.data();
  return job;
}

template <class T>
Outcome<T> trained(const Job<T>& job, bool cancelled = false, Resources resources = {}) {
  std::atomic<bool> cancel{cancelled};
  std::atomic<std::int64_t> epochs{0};
  return Training<T>(job, Signals{&cancel, &epochs}, resources).run();
}

// As many of a job as a pack takes, with seeds of their own.
template <class T>
std::vector<Job<T>> with_seeds(const Job<T>& job) {
  std::vector<Job<T>> jobs(static_cast<std::size_t>(kWidth<T>), job);
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].start.seed = i;
  return jobs;
}

template <class T>
void trainings_end_by_their_rules(const Sample<T>& sample) {
  const Job<T> job = small_job(sample);
  const Outcome<T> whole = trained(job);
  CHECK(whole.stopped == "epochs" && whole.epochs == 6 && whole.best_epoch == 6);

  Job<T> by_loss = job;  // an epoch's loss at the threshold is enough
  by_loss.settings.has_threshold = true;
  by_loss.settings.threshold = whole.history.loss[2];
  const auto reached = std::find_if(whole.history.loss.begin(), whole.history.loss.end(),
                                    [&](double loss) { return loss <= by_loss.settings.threshold; });
  const Outcome<T> enough = trained(by_loss);
  CHECK(enough.stopped == "threshold" && enough.epochs == reached - whole.history.loss.begin() + 1);
  gives_what_they_give(with_seeds(by_loss));

  // Nothing is better by so much, so the first epoch stays the best. What is given back are its parameters, or the last ones.
  for (const bool restores : {true, false}) {
    Job<T> early = job;
    early.validation_count = static_cast<std::int64_t>(sample.held.size());
    early.settings.early_stopping = true;
    early.settings.min_delta = 1e9;
    early.settings.patience = 2;
    early.settings.restore_best = restores;
    Job<T> shorter = job;
    shorter.settings.epochs = restores ? 1 : 3;
    const Outcome<T> outcome = trained(early);
    CHECK(outcome.stopped == "early" && outcome.epochs == 3 && outcome.best_epoch == 1);
    CHECK(outcome.parameters == trained(shorter).parameters);
    gives_what_they_give(with_seeds(early));
  }
}

template <class T>
void trainings_end_where_numbers_do(const Sample<T>& sample) {
  std::vector<T> x = sample.x;
  x[static_cast<std::size_t>(sample.held[0]) * Sample<T>::kFeatures] = std::numeric_limits<T>::quiet_NaN();
  Job<T> job = small_job(sample);
  job.validation.x = x.data();
  job.validation_count = 3;
  const Outcome<T> measured = trained(job);
  CHECK(measured.stopped == "diverged" && measured.epochs == 1 && measured.best_epoch == 0);
  gives_what_they_give(with_seeds(job));

  job = small_job(sample);
  job.validation_count = 3;
  CHECK(trained(job, true).stopped == "interrupted");

  // A step that is finite and leads to parameters that are not.
  job.settings.optimizer.kind = "sgd";
  job.settings.optimizer.learning_rate = HUGE_VAL;
  job.settings.batch_size = job.row_count;
  job.validation_count = 0;
  const Outcome<T> thrown = trained(job);
  CHECK(thrown.stopped == "diverged" && thrown.epochs == 1);
}

// Whoever watches is told every epoch, may end the training, and may ask for its end at once.
template <class T>
void watchers_are_told(const Sample<T>& sample) {
  Job<T> job = small_job(sample);
  std::vector<std::size_t> told;
  job.watch = std::make_shared<Watch<T>>([&](const History& history, const std::vector<T>& parameters) {
    CHECK(parameters.size() == 3 * (Sample<T>::kFeatures + 1) + 3 + 1);
    told.push_back(history.loss.size());
    return told.size() == 2;
  });
  CHECK(!packs(job));
  const Outcome<T> seen = trained(job);
  CHECK(seen.stopped == "callback" && seen.epochs == 2 && (told == std::vector<std::size_t>{1, 2}));

  std::atomic<bool> cancel{false};
  std::atomic<std::int64_t> epochs{0};
  job.watch = std::make_shared<Watch<T>>([&](const History&, const std::vector<T>&) {
    cancel = true;
    return false;
  });
  const Outcome<T> stopped = Training<T>(job, Signals{&cancel, &epochs}).run();
  CHECK(stopped.stopped == "interrupted" && stopped.epochs == 1 && epochs == 1);
}

// A loss of a user's own, written as the squared error is, trains as that does.
template <class T>
void an_own_loss_is_descended(const Sample<T>& sample) {
  Job<T> job = small_job(sample);
  const Outcome<T> expected = trained(job);
  job.settings.loss.kind = kOwnLoss;
  job.own = std::make_shared<OwnLoss<T>>(
      [](std::int64_t count, int outputs, const T* f, int targets, const T* y, double* values, T* slopes) {
        CHECK(outputs == 1 && targets == 1);
        for (std::int64_t i = 0; i < count; ++i) {
          const double error = static_cast<double>(f[i]) - static_cast<double>(y[i]);
          values[i] = error * error;
          slopes[i] = static_cast<T>(2 * error);
        }
      });
  CHECK(!packs(job));
  const Outcome<T> own = trained(job, false, Resources{3, 0});
  CHECK(own.way.members == 1);
  for (std::size_t epoch = 0; epoch < 6; ++epoch)
    CHECK(std::abs(own.history.loss[epoch] - expected.history.loss[epoch]) < 1e-4 * expected.history.loss[epoch]);
}

// A training that pauses and goes on ends in the bits of one that never paused, whatever its optimiser keeps and counts.
template <class T>
void pauses_change_nothing(const Sample<T>& sample) {
  for (const char* optimizer : {"sgd", "adam", "asgd", "rprop", "lbfgs", "sophia", "muon", "schedule_free_adamw"})
    for (const bool validates : {false, true}) {
      Job<T> job = small_job(sample, optimizer);
      job.settings.optimizer.momentum = 0.5;
      job.settings.optimizer.every = 2;
      job.settings.schedule.kind = validates ? "reduce_on_plateau" : "cosine";
      job.settings.schedule.factor = 0.5;
      job.settings.early_stopping = validates;
      job.settings.patience = 5;
      job.validation_count = validates ? static_cast<std::int64_t>(sample.held.size()) : 0;
      const Outcome<T> whole = trained(job);
      Job<T> first = job;
      first.settings.pause = 3;
      const Outcome<T> paused = trained(first);
      CHECK(paused.stopped == "paused" && paused.epochs == 3 && paused.pause != nullptr);
      Job<T> second = job;
      second.settings.from = 3;
      second.start = {job.start.seed, paused.pause->parameters.data(), paused.pause};
      const Outcome<T> resumed = trained(second);
      CHECK(resumed.parameters == whole.parameters && resumed.epochs == whole.epochs);
      CHECK(resumed.best_epoch == whole.best_epoch);
      if (packs(job)) {
        gives_what_they_give(with_seeds(first));
        std::vector<Job<T>> others = with_seeds(second);
        for (Job<T>& other : others) other.start = second.start;
        gives_what_they_give(others);
      }
    }
}

// What a pause of another optimiser holds is refused, by a network alone and by a pack.
template <class T>
void other_pauses_are_refused(const Sample<T>& sample) {
  Job<T> paused = small_job(sample, "sgd"), searched = small_job(sample, "lbfgs");
  paused.settings.pause = searched.settings.pause = 2;
  for (const Job<T>& from : {paused, searched})
    for (const char* optimizer : {"adam", "lbfgs"}) {
      if (from.settings.optimizer.kind == optimizer) continue;
      const Outcome<T> outcome = trained(from);
      Job<T> other = small_job(sample, optimizer);
      other.settings.from = 2;
      other.settings.ways.pack = 1;
      other.start = {1, outcome.pause->parameters.data(), outcome.pause};
      for (const std::size_t count : {1, 8}) {
        Fleet<T> fleet(1);
        fleet.add(other, std::vector<Start<T>>(count, other.start));
        fleet.start();
        while (!fleet.wait(0.01)) {}
        for (std::size_t i = 0; i < count; ++i)
          CHECK(fleet.outcome(i).error.find("the states belong to another optimiser") != std::string::npos);
      }
    }
  // As many states, of which none was counted.
  const Outcome<T> outcome = trained(searched);
  const auto uncounted = std::make_shared<Pause<T>>(*outcome.pause);
  uncounted->counts.clear();
  Job<T> resumed = searched;
  resumed.settings.pause = 0;
  resumed.settings.from = 2;
  resumed.start = {1, uncounted->parameters.data(), uncounted};
  refused("the counts belong to another optimiser", [&] { trained(resumed); });
}

// A network whose directions are given rises and falls with its inputs as they say, whoever trains it.
template <class T>
void directions_are_kept(const Sample<T>& sample) {
  for (const char* optimizer : {"adam", "asgd"}) {
    Job<T> job = small_job(sample, optimizer);
    job.network.layers[0].units = 4;
    std::vector<std::int64_t>& directions = job.settings.directions;
    directions.assign(Sample<T>::kFeatures, 0);
    directions[0] = 1, directions[1] = -1;               // of the inputs
    directions.insert(directions.end(), {1, 1, -1, 0});  // of the hidden units
    directions.push_back(1);                             // of the output
    CHECK(!packs(job));
    const Outcome<T> outcome = trained(job);
    CHECK(outcome.parameters == trained(job, false, Resources{3, 0, 0, 0}).parameters);
    CHECK(outcome.stopped == "epochs");
    const Predictor<T> predictor(job.network, outcome.parameters.data());
    std::vector<T> x(sample.x.begin(), sample.x.begin() + 10 * Sample<T>::kFeatures), low(10), high(10);
    for (const int input : {0, 1}) {
      std::vector<T> more = x;
      for (std::size_t row = 0; row < 10; ++row) more[row * Sample<T>::kFeatures + input] += T(0.5);
      predictor.run(x.data(), 10, low.data(), 1);
      predictor.run(more.data(), 10, high.data(), 1);
      for (std::size_t row = 0; row < 10; ++row) CHECK(input == 0 ? high[row] >= low[row] : high[row] <= low[row]);
    }
  }
}

// A first step that is not finite moves nothing: what is given back are the numbers that training began with, also where the
// answer is a mean over steps. Of few parameters, which move after the batch, and of many, which move in the middle of it.
void nothing_moves_at_once(const Sample<float>& sample) {
  std::atomic<bool> never{false};
  std::atomic<std::int64_t> epochs{0};
  for (const int units : {3, 300})
    for (const char* optimizer : {"adam", "asgd"}) {
      Job<float> job = every_kind(sample)[0];
      job.network.input = {1, 1, Sample<float>::kFeatures};
      job.network.layers = {dense("a", units, "relu"), dense("b", 1, "identity")};
      job.settings = {};
      job.settings.loss.kind = "mean_squared_error";
      job.settings.optimizer.kind = optimizer;
      job.settings.epochs = 2;
      job.data = sample.data(false, false);
      const auto size = static_cast<std::size_t>(units * (Sample<float>::kFeatures + 2) + 1);
      const std::vector<float> large(size, 1e37F);
      job.start.parameters = large.data();
      const Outcome<float> outcome = Training<float>(job, Signals{&never, &epochs}).run();
      CHECK(outcome.stopped == "diverged" && outcome.parameters == large);
    }
}
