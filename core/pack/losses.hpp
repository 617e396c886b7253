// The loss of a pack: all networks together where it has a way for that (losses/lanes.hpp), otherwise one by one.
#pragma once

#include "../block.hpp"
#include "../losses.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class PackedLoss {
 public:
  PackedLoss(const LossSpec& spec, int outputs, int targets)
      : alone_(spec, outputs, targets), together_(find_lane_loss(spec, T()).together), prediction_(padded<T>(outputs)),
        gradient_(padded<T>(outputs)), target_(static_cast<std::size_t>(targets)) {}

  void operator()(const LaneSamples<T>& s) {
    if (together_) return together_(s);
    for (int b = 0; b < s.count; ++b)
      for (int lane = 0; lane < s.lanes; ++lane) one(s, b, lane);
  }

 private:
  void one(const LaneSamples<T>& s, int b, int lane) {
    constexpr int W = kWidth<T>;
    const double weight = s.weight[b * s.weight_step + lane];
    const T* f = s.f + b * s.outputs * W + lane;
    T* gradient = s.gradient + b * s.outputs * W + lane;
    for (int j = 0; j < s.outputs; ++j) prediction_.data()[j] = f[j * W];
    for (int j = 0; j < s.targets; ++j) target_[static_cast<std::size_t>(j)] = s.y[(b * s.targets + j) * W + lane];
    s.cost[b * W + lane] = weight * alone_(prediction_.data(), target_.data(), gradient_.data());
    for (int j = 0; j < s.outputs; ++j) gradient[j * W] = gradient_.data()[j] * static_cast<T>(weight);
  }

  const Loss<T> alone_;
  const LaneLossFunction<T> together_;
  Block<T> prediction_, gradient_;
  std::vector<T> target_;
};

// total (lanes) += Σ cost (samples, lanes), in the order of the samples
template <class T>
[[gnu::noinline, gnu::hot]] void add_costs(int samples, const double* cost, double* total) {
  for (int at = 0; at < kWidth<T>; at += kWidth<double>) {
    Vec<double> sum = load(total + at);
    for (int b = 0; b < samples; ++b) sum += load(cost + b * kWidth<T> + at);
    store(total + at, sum);
  }
}

}  // namespace thetastar::TS_LEVEL
