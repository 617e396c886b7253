// Learning-rate schedules: the factor of the base learning rate at a step. Pure functions of time, except for
// reduce_on_plateau, which watches the loss and is kept by the loop.
//
// step, exponential and cosine_restarts follow epochs; cosine, one_cycle, log_cosine and flat_cosine follow single steps.
// Cosine: Loshchilov and Hutter 2017. One cycle: Smith and Topin 2018, in the two-phase form.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "spec.hpp"

namespace thetastar::TS_LEVEL {

struct Clock {
  std::int64_t step = 0, steps_per_epoch = 1, epochs = 1;  // step counts from 0
  std::int64_t steps() const { return steps_per_epoch * epochs; }
  std::int64_t epoch() const { return step / steps_per_epoch; }
};

// From 1 at t = 0 down to 0 at t = 1, half a cosine.
inline double half_cosine(double t) { return 0.5 * (1 + std::cos(3.14159265358979323846 * t)); }

inline double schedule_factor(const ScheduleSpec& s, const Clock& clock) {
  const auto t = static_cast<double>(clock.step), total = static_cast<double>(clock.steps());
  if (s.kind == "constant" || s.kind == "reduce_on_plateau") return 1;
  if (s.kind == "step") return std::pow(s.factor, static_cast<double>(clock.epoch() / s.every));
  if (s.kind == "exponential") return std::pow(s.factor, static_cast<double>(clock.epoch()));
  if (s.kind == "cosine") {
    const double warm = std::floor(s.warmup * total);
    if (t < warm) return (t + 1) / (warm + 1);
    return s.minimum + (1 - s.minimum) * half_cosine((t - warm) / std::max(1.0, total - warm));
  }
  if (s.kind == "cosine_restarts") {
    // Time in epochs, with fractions, so that a period of a few epochs is smooth.
    double left = t / static_cast<double>(clock.steps_per_epoch), period = static_cast<double>(s.every);
    while (left >= period) {
      left -= period;
      period *= s.multiplier;
    }
    return s.minimum + (1 - s.minimum) * half_cosine(left / period);
  }
  if (s.kind == "one_cycle") {
    double top = s.peak * total - 1;
    const double last = std::max(1.0, total - 1);
    if (top < 1e-9) top = 0;  // peak · total = 1 leaves a rounding error that differs by level
    if (t <= top && top > 0) return 1 + (s.start - 1) * half_cosine(t / top);
    return s.end + (1 - s.end) * half_cosine(std::min(1.0, last > top ? (t - top) / (last - top) : 1.0));
  }
  if (s.kind == "log_cosine")  // cycles whose lengths double, each from 0 to 1 and back; Holzmüller et al. 2024
    return 0.5 * (1 - std::cos(2 * 3.14159265358979323846 * std::log2(1 + (std::exp2(s.multiplier) - 1) * t / total)));
  if (s.kind == "flat_cosine")  // 1, and from `peak` of the training on half a cosine down to 0
    return t <= s.peak * total ? 1 : half_cosine((t / total - s.peak) / (1 - s.peak));
  throw std::invalid_argument("schedule: no '" + s.kind + "' in the core");
}

// Multiplies the rate by `factor` after more than `patience` epochs without a lower loss.
class Plateau {
 public:
  explicit Plateau(const ScheduleSpec& spec) : spec_(spec) {}
  double scale() const { return scale_; }
  std::vector<double> counts() const { return {best_, scale_, static_cast<double>(waited_)}; }
  void resume(const std::vector<double>& counts) {
    best_ = counts.at(0), scale_ = counts.at(1), waited_ = static_cast<std::int64_t>(counts.at(2));
  }
  void watch(double loss) {
    if (spec_.kind != "reduce_on_plateau") return;
    if (loss < best_) {
      best_ = loss;
      waited_ = 0;
    } else if (++waited_ > spec_.patience) {
      scale_ = std::max(scale_ * spec_.factor, spec_.minimum);
      waited_ = 0;
    }
  }

 private:
  const ScheduleSpec& spec_;
  double best_ = HUGE_VAL, scale_ = 1;
  std::int64_t waited_ = 0;
};

}  // namespace thetastar::TS_LEVEL
