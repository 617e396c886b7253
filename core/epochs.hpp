// The book-keeping of epochs: what is written down after each of them, which was the best, and which rule ends the training.
// A network alone (train.hpp) and every lane of a pack (pack.hpp) keep one such book, so the rules are the same for both.
#pragma once

#include <cmath>
#include <utility>

#include "job.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Book {
 public:
  Book(const TrainSpec& settings, std::size_t layers) : settings_(&settings) {
    History& h = outcome_.history;
    const auto some =
        static_cast<std::size_t>(std::min<std::int64_t>(settings.epochs, 1024));  // of many epochs as many as most need
    for (std::vector<double>* values : {&h.loss, &h.learning_rate, &h.seconds}) values->reserve(some);
    h.gradient_norm.reserve(some * layers);
  }

  // An epoch has ended. squares(i): of array i, Σ over the epoch's steps of the squared gradient norm.
  template <class Squares>
  void record(double loss, double rate, double seconds, const std::vector<ParameterArray>& arrays, std::int64_t steps,
              Squares squares) {
    History& h = outcome_.history;
    h.loss.push_back(loss);
    h.learning_rate.push_back(rate);
    h.seconds.push_back(seconds);
    for (std::size_t i = 0; i < arrays.size();) {
      double total = 0;
      for (const int layer = arrays[i].layer; i < arrays.size() && arrays[i].layer == layer; ++i) total += squares(i);
      h.gradient_norm.push_back(std::sqrt(total / static_cast<double>(steps)));
    }
    outcome_.epochs += 1;
  }
  // Its validation loss is there. Returns whether it is the best epoch so far, whose parameters must be kept.
  bool is_best(double validation_loss) {
    outcome_.history.validation_loss.push_back(validation_loss);
    if (!std::isfinite(validation_loss)) return false;
    if (outcome_.best_epoch > 0 && !(validation_loss < lowest_ - settings_->min_delta)) return false;
    lowest_ = validation_loss;
    outcome_.best_epoch = outcome_.epochs;
    return true;
  }
  void without_validation() { outcome_.best_epoch = outcome_.epochs; }  // the last epoch counts as the best

  // The rule by which training ends after this epoch, or null.
  const char* ends() const {
    if (settings_->has_threshold && outcome_.history.loss.back() <= settings_->threshold) return "threshold";
    if (settings_->early_stopping && outcome_.epochs - outcome_.best_epoch >= settings_->patience) return "early";
    return nullptr;
  }
  // Whether this epoch's parameters are kept as a snapshot, and where: unpadded.
  std::vector<T>* snapshot() {
    const auto& wanted = settings_->snapshots;
    return std::binary_search(wanted.begin(), wanted.end(), outcome_.epochs) ? &outcome_.snapshots.emplace_back()
                                                                             : nullptr;
  }

  // To go on after a training that paused, and where this one stands. The history is that of its own epochs.
  void resume(const Pause<T>& pause) {
    outcome_.epochs = settings_->from;
    outcome_.best_epoch = pause.best_epoch;
    lowest_ = pause.lowest;
  }
  void write(Pause<T>& pause) const { pause.best_epoch = outcome_.best_epoch, pause.lowest = lowest_; }
  bool pauses() const { return outcome_.epochs == settings_->pause && outcome_.epochs < settings_->epochs; }

  const History& history() const { return outcome_.history; }
  double loss() const { return outcome_.history.loss.back(); }
  bool has_best() const { return outcome_.best_epoch > 0; }

  // export_to: writes the answer's parameters.
  template <class Export>
  Outcome<T> close(const char* stopped, double seconds, const Way& way, Export export_to) {
    outcome_.stopped = stopped;
    outcome_.seconds = seconds;
    outcome_.way = way;
    export_to(outcome_.parameters);
    return std::move(outcome_);
  }

 private:
  const TrainSpec* settings_;
  Outcome<T> outcome_;
  double lowest_ = 0;
};

inline bool keeps_best(const TrainSpec& s) { return s.early_stopping && s.restore_best; }

}  // namespace thetastar::TS_LEVEL
