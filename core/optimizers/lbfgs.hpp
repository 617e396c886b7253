// L-BFGS: the direction -H g with an H built from the last few steps (Nocedal 1980, two loops), and a search along it
// for a step that keeps the Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6, with cubic
// interpolation), or Armijo's alone by halving.
// It asks for the value and gradient at places of its own choosing: evaluate(gradient) -> value. Sums run in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "../block.hpp"
#include "../spec.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Lbfgs {
 public:
  Lbfgs(const OptimizerSpec& o, std::int64_t size)
      : spec_(o), size_(size), gradient_(size), last_gradient_(size), direction_(size), start_(size),
        steps_(o.history * size), changes_(o.history * size), weights_(static_cast<std::size_t>(o.history)) {}

  const T* gradient() const { return gradient_.data(); }  // at the parameters as they were when `descend` began

  // One iteration: moves the parameters and returns the value that they had before. Not finite: it went wrong.
  template <class Evaluate>
  double descend(double factor, T* parameters, Evaluate evaluate) {
    const double value = evaluate(gradient_.data());
    if (!std::isfinite(value) || largest(gradient_.data()) <= spec_.tolerance_gradient) return value;
    remember();
    aim();
    const double slope = dot(gradient_.data(), direction_.data());
    if (slope > -spec_.tolerance_change) {
      length_ = 0;  // nothing to learn from a step that was not taken
      return value;
    }
    const double rate = spec_.learning_rate * factor;
    double t = iteration_ == 1 ? std::min(1.0, 1 / absolute_sum(gradient_.data())) * rate : rate;
    std::copy(parameters, parameters + size_, start_.data());
    std::copy(gradient_.data(), gradient_.data() + size_, last_gradient_.data());
    const auto at = [&](double length) {
      go(parameters, length);
      Trial trial{length, evaluate(gradient_.data()), 0};
      trial.slope = dot(gradient_.data(), direction_.data());
      if (!std::isfinite(trial.value)) trial.value = HUGE_VAL;  // too far, whatever is wrong there
      return trial;
    };
    const Trial here{0, value, slope};
    if (spec_.line_search == "strong_wolfe") t = wolfe(here, t, at);
    if (spec_.line_search == "backtracking") t = backtrack(here, t, at);
    std::copy(last_gradient_.data(), last_gradient_.data() + size_, gradient_.data());
    go(parameters, t);
    length_ = t;
    return value;
  }

  // What it remembers, and how to go on from there.
  std::vector<T*> states() {
    std::vector<T*> all = {last_gradient_.data(), direction_.data()};
    for (Block<T>* block : {&steps_, &changes_})
      for (std::int64_t at = 0; at < block->size(); at += size_) all.push_back(block->data() + at);
    return all;
  }
  std::vector<double> counts() const {
    std::vector<double> all = {static_cast<double>(iteration_), static_cast<double>(kept_), length_, scale_};
    all.insert(all.end(), inverse_products_.begin(), inverse_products_.end());
    return all;
  }
  void resume(const std::vector<double>& counts) {
    if (counts.size() < 4) throw std::invalid_argument("update: the counts belong to another optimiser");
    iteration_ = static_cast<std::int64_t>(counts[0]), kept_ = static_cast<std::int64_t>(counts[1]);
    length_ = counts[2], scale_ = counts[3];
    inverse_products_.assign(counts.begin() + 4, counts.end());
    inverse_products_.resize(static_cast<std::size_t>(spec_.history));
  }

  std::int64_t bytes() const {
    return (4 * gradient_.size() + steps_.size() + changes_.size()) * static_cast<std::int64_t>(sizeof(T));
  }

 private:
  struct Trial {  // a step's length, the value there and the slope along the direction
    double t, value, slope;
  };
  static constexpr double kDecrease = 1e-4, kCurvature = 0.9;
  static constexpr int kMostTrials = 25;

  bool too_high(const Trial& here, const Trial& trial) const {  // also where it is not finite
    return !(trial.value <= here.value + kDecrease * trial.t * here.slope);
  }

  // Keeps the last step s and the gradient's change y, unless their product says that the curve bends the wrong way.
  void remember() {
    if (iteration_++ == 0) return;
    const std::size_t slot = static_cast<std::size_t>(kept_ % spec_.history);
    T *s = steps_.data() + slot * size_, *y = changes_.data() + slot * size_;
    double product = 0, square = 0;
    for (std::int64_t i = 0; i < size_; ++i) {
      const double change = static_cast<double>(gradient_.data()[i]) - last_gradient_.data()[i];
      product += change * static_cast<double>(direction_.data()[i]) * length_;
      square += change * change;
    }
    if (!(product > 1e-10)) return;
    for (std::int64_t i = 0; i < size_; ++i) {
      y[i] = gradient_.data()[i] - last_gradient_.data()[i];
      s[i] = static_cast<T>(length_ * direction_.data()[i]);
    }
    inverse_products_.resize(static_cast<std::size_t>(spec_.history));
    inverse_products_[slot] = 1 / product;
    scale_ = product / square;
    ++kept_;
  }

  void aim() {  // direction = -H g
    T* d = direction_.data();
    for (std::int64_t i = 0; i < size_; ++i) d[i] = -gradient_.data()[i];
    const std::int64_t oldest = std::max<std::int64_t>(0, kept_ - spec_.history);
    for (std::int64_t k = kept_; k-- > oldest;) {
      const std::size_t slot = static_cast<std::size_t>(k % spec_.history);
      weights_[slot] = inverse_products_[slot] * dot(steps_.data() + slot * size_, d);
      add(d, -weights_[slot], changes_.data() + slot * size_);
    }
    for (std::int64_t i = 0; i < size_; ++i) d[i] = static_cast<T>(scale_ * d[i]);
    for (std::int64_t k = oldest; k < kept_; ++k) {
      const std::size_t slot = static_cast<std::size_t>(k % spec_.history);
      add(d, weights_[slot] - inverse_products_[slot] * dot(changes_.data() + slot * size_, d),
          steps_.data() + slot * size_);
    }
  }

  // The minimum of the cubic through two trials, kept between low and high; their middle where there is none.
  static double cubic_minimum(const Trial& a, const Trial& b, double low, double high) {
    const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t), square = d1 * d1 - a.slope * b.slope;
    if (!(square >= 0) || !std::isfinite(square)) return (low + high) / 2;
    const double d2 = std::sqrt(square);
    const Trial &left = a.t <= b.t ? a : b, &right = a.t <= b.t ? b : a;
    const double t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
    return std::isfinite(t) ? std::min(std::max(t, low), high) : (low + high) / 2;
  }

  template <class At>
  double wolfe(const Trial& here, double t, At at) {
    // Go on until a step is too long: between the last two there is one that fits.
    Trial before = here, now = at(t);
    int trials = 0;
    for (;; ++trials) {
      if (trials == kMostTrials) {
        before = here;
        break;
      }
      if (too_high(here, now) || (trials > 1 && now.value >= before.value)) break;
      if (std::abs(now.slope) <= -kCurvature * here.slope) return now.t;
      if (now.slope >= 0) break;
      const double next = cubic_minimum(before, now, now.t + 0.01 * (now.t - before.t), 10 * now.t);
      before = now;
      now = at(next);
    }
    // Narrow it down. best has the lower value of the two ends.
    bool best_first = before.value <= now.value;
    Trial ends[2] = {before, now};
    bool crept = false;
    const double size = largest(direction_.data());
    for (; trials < kMostTrials; ++trials) {
      Trial &best = ends[best_first ? 0 : 1], &other = ends[best_first ? 1 : 0];
      const double low = std::min(ends[0].t, ends[1].t), high = std::max(ends[0].t, ends[1].t);
      if ((high - low) * size < spec_.tolerance_change) break;
      double next = cubic_minimum(ends[0], ends[1], low, high);
      const double margin = 0.1 * (high - low);
      if (std::min(high - next, next - low) < margin) {  // close to an end: once is fine, twice in a row gets nowhere
        const bool again = crept || next >= high || next <= low;
        if (again) next = std::abs(next - high) < std::abs(next - low) ? high - margin : low + margin;
        crept = !again;
      } else {
        crept = false;
      }
      const Trial trial = at(next);
      if (too_high(here, trial) || trial.value >= best.value) {
        other = trial;
        best_first = ends[0].value <= ends[1].value;
        continue;
      }
      if (std::abs(trial.slope) <= -kCurvature * here.slope) return trial.t;
      if (trial.slope * (other.t - best.t) >= 0) other = best;
      best = trial;
    }
    return ends[best_first ? 0 : 1].t;
  }

  template <class At>
  double backtrack(const Trial& here, double t, At at) {
    for (int trials = 0; trials < kMostTrials; ++trials, t /= 2)
      if (!too_high(here, at(t))) return t;
    return 0;  // nowhere lower: stay
  }

  void go(T* parameters, double length) const {
    for (std::int64_t i = 0; i < size_; ++i)
      parameters[i] = static_cast<T>(start_.data()[i] + length * direction_.data()[i]);
  }
  void add(T* to, double factor, const T* what) const {
    for (std::int64_t i = 0; i < size_; ++i) to[i] = static_cast<T>(to[i] + factor * what[i]);
  }
  double dot(const T* a, const T* b) const {
    double total = 0;
    for (std::int64_t i = 0; i < size_; ++i) total += static_cast<double>(a[i]) * b[i];
    return total;
  }
  double largest(const T* a) const {
    double most = 0;
    for (std::int64_t i = 0; i < size_; ++i) most = std::max(most, std::abs(static_cast<double>(a[i])));
    return most;
  }
  double absolute_sum(const T* a) const {
    double total = 0;
    for (std::int64_t i = 0; i < size_; ++i) total += std::abs(static_cast<double>(a[i]));
    return total;
  }

  const OptimizerSpec spec_;
  const std::int64_t size_;
  Block<T> gradient_, last_gradient_, direction_, start_, steps_, changes_;
  std::vector<double> weights_, inverse_products_;
  std::int64_t iteration_ = 0, kept_ = 0;
  double length_ = 0, scale_ = 1;
};

}  // namespace thetastar::TS_LEVEL
