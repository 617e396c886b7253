// THE LOOP. Trains one network:
//
//   each epoch:  shuffle the rows
//   each batch:  a step: there and back, and the optimiser's move (step.hpp)
//   then:        record, measure the validation rows, and stop where a rule says so (epochs.hpp)
//
// It allocates before it starts and not afterwards, touches nothing but its own job, draws random numbers by counting
// (seed, epoch, step), and so gives the same bits wherever and beside whatever it runs. It prints nothing and knows no
// Python. It refuses nothing: whoever builds the Job has checked it.
#pragma once

#include <chrono>

#include "epochs.hpp"
#include "step.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Training {
 public:
  Training(const Job<T>& job, Signals signals, Resources resources = {})
      : job_(job), settings_(job.settings), signals_(signals), step_(job, signals, resources),
        book_(settings_, step_.plan().layers().size()),
        best_(keeps_best(settings_) ? step_.plan().parameters_size() : 0), order_(job.rows, job.rows + job.row_count) {}

  Outcome<T> run() {
    step_.start();
    if (job_.start.pause) resume(*job_.start.pause);
    for (std::int64_t epoch = settings_.from; epoch < settings_.epochs; ++epoch) {
      double loss = 0;
      if (!descend(epoch, loss)) return finish(cancelled() ? "interrupted" : "diverged");
      book_.record(loss, step_.last_rate(), elapsed(), step_.plan().arrays(), step_.clock().steps_per_epoch,
                   [&](std::size_t i) { return step_.squares(i); });
      if (!step_.finite()) return finish("diverged");
      if (!validate()) return finish(cancelled() ? "interrupted" : "diverged");
      signals_.epochs->fetch_add(1, std::memory_order_relaxed);
      if (std::vector<T>* kept = book_.snapshot()) export_parameters(step_.plan(), step_.answer(), *kept);
      const bool enough = job_.watch && watched();
      if (const char* rule = book_.ends()) return finish(rule);
      if (enough) return finish("callback");
      if (book_.pauses()) return pause();
    }
    return finish("epochs");
  }

  // One update by all rows, which the settings call one batch, after `past.steps` others that left those states: the loop's
  // own, for somebody to look at. Needs Resources::keeps_gradients.
  Update<T> update(const Past<T>& past) {
    step_.start();
    step_.resume(past);
    Update<T> seen;
    seen.finite = descend(0, seen.loss) && step_.finite();
    step_.show(seen);
    return seen;
  }

  // What it takes beside the data that jobs share; at the end the parameters are there once more, as they are handed back.
  std::int64_t bytes() const {
    const auto kept = static_cast<std::int64_t>(settings_.snapshots.size() + 1) * step_.plan().parameters_size();
    return step_.bytes() + (best_.size() + kept) * static_cast<std::int64_t>(sizeof(T)) +
           static_cast<std::int64_t>(order_.size() * sizeof(std::int64_t));
  }

 private:
  void shuffle(std::int64_t epoch) {
    if (!settings_.shuffle) return;
    std::copy(job_.rows, job_.rows + job_.row_count, order_.begin());
    Stream(job_.start.seed, Purpose::kShuffle, static_cast<std::uint64_t>(epoch))
        .shuffle(order_.data(), job_.row_count);
  }

  // One epoch of steps, and the mean loss on the way. False: stopped by the signal, or not finite.
  bool descend(std::int64_t epoch, double& loss) {
    step_.begin_epoch(epoch);
    if (step_.searches_lines())
      return step_.search(order_.data(), loss);  // on all rows, in the order in which they were given
    shuffle(epoch);
    for (std::int64_t at = 0, batch = job_.batch_size(); at < job_.row_count; at += batch)
      if (!step_.take(&order_[static_cast<std::size_t>(at)], static_cast<int>(std::min(batch, job_.row_count - at)),
                      loss))
        return false;
    loss /= static_cast<double>(job_.row_count);
    return true;
  }

  // Measures the validation rows and keeps the best parameters. False: stopped by the signal, or not finite.
  bool validate() {
    if (job_.validation_count == 0) {
      book_.without_validation();
      step_.watch(book_.loss());
      return true;
    }
    const double loss = step_.measure(job_.validation, job_.validation_rows, job_.validation_count);
    if (cancelled()) return false;
    step_.watch(loss);
    if (book_.is_best(loss) && best_.size() > 0) std::copy(step_.answer(), step_.answer() + best_.size(), best_.data());
    return std::isfinite(loss);
  }

  // Whether whoever watches has seen enough.
  bool watched() {
    std::vector<T> plain;
    export_parameters(step_.plan(), step_.answer(), plain);
    return (*job_.watch)(book_.history(), plain);
  }

  void resume(const Pause<T>& pause) {
    step_.resume(pause);
    book_.resume(pause);
    if (!pause.best.empty()) import_parameters(step_.plan(), pause.best.data(), best_.data());
  }
  Outcome<T> pause() {
    auto pause = std::make_shared<Pause<T>>();
    step_.write(*pause);
    book_.write(*pause);
    if (best_.size() > 0 && book_.has_best()) export_parameters(step_.plan(), best_.data(), pause->best);
    Outcome<T> outcome = finish("paused");
    outcome.pause = std::move(pause);
    return outcome;
  }

  Outcome<T> finish(const char* stopped) {
    const T* from = best_.size() > 0 && book_.has_best() ? best_.data() : step_.answer();
    return book_.close(stopped, elapsed(), step_.way(),
                       [&](std::vector<T>& plain) { export_parameters(step_.plan(), from, plain); });
  }

  bool cancelled() const { return *signals_.cancel; }
  double elapsed() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

  const Job<T>& job_;
  const TrainSpec& settings_;
  const Signals signals_;
  TrainingStep<T> step_;
  Book<T> book_;
  Block<T> best_;                    // the best parameters so far
  std::vector<std::int64_t> order_;  // this epoch's order of the training rows
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace thetastar::TS_LEVEL
