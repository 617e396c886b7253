// The losses of a pack: of every lane the same bits as Workspace::loss gives, which is the specification.
#pragma once

#include "../block.hpp"
#include "../losses.hpp"
#include "kernels.hpp"

namespace thetastar::TS_LEVEL {

// Some samples of all lanes. f, gradient: (samples, outputs, lanes); y: (samples, targets, lanes); weight and cost:
// (samples, lanes). Weights that are all alike lie there once, `weight_step` is 0 then.
template <class T>
struct PackedSamples {
  int count = 0, outputs = 0, targets = 0, lanes = 0;
  const T* f = nullptr;
  const T* y = nullptr;
  T* gradient = nullptr;
  const double* weight = nullptr;
  int weight_step = 0;
  double* cost = nullptr;
};

template <class T>
using PackedLossFunction = void (*)(const PackedSamples<T>& s);

// cost = weight · value / outputs, where Σ over the outputs is in `value` already
template <class T>
inline void write_cost(const PackedSamples<T>& s, int b, const Vec<double>* value) {
  for (int part = 0; part < kWide<T>; ++part) {
    const int at = part * kWidth<double>;
    const Vec<double> mean = s.outputs == 1 ? value[part] : value[part] / static_cast<double>(s.outputs);
    store(s.cost + b * kWidth<T> + at, load(s.weight + b * s.weight_step + at) * mean);
  }
}
inline Vec<float> narrow(const double* weight) {
  Vec<float> v;
  for (int l = 0; l < kWidth<float>; ++l) v[l] = static_cast<float>(weight[l]);
  return v;
}

struct SquaredError {
  static Vec<double> value(Vec<double> error) { return error * error; }
  static Vec<float> slope(Vec<float> error) { return 2 * error; }
};
struct AbsoluteError {
  static Vec<double> value(Vec<double> error) { return abs(error); }
  static Vec<float> slope(Vec<float> error) { return error > 0 ? Vec<float>{} + 1 : (error < 0 ? Vec<float>{} - 1 : error); }
};
// Of floats only: the square of one is exact as a double, so it does not matter whether it is added fused.
template <class Rule>
[[gnu::noinline]] void packed_errors(const PackedSamples<float>& s) {
  constexpr int W = kWidth<float>;
  const auto outputs = static_cast<float>(s.outputs);
  for (int b = 0; b < s.count; ++b) {
    const Vec<float> factor = narrow(s.weight + b * s.weight_step);
    Vec<double> value[2] = {};
    for (int j = 0; j < s.outputs; ++j) {
      const int at = (b * s.outputs + j) * W;
      const Vec<float> error = load(s.f + at) - load(s.y + at), slope = Rule::slope(error);
      store(s.gradient + at, (s.outputs == 1 ? slope : slope / outputs) * factor);
      for (int part = 0; part < 2; ++part) value[part] += Rule::value(wide(error, part));
    }
    write_cost(s, b, value);
  }
}

// The losses that have a way for all lanes at once; null for the others.
inline PackedLossFunction<float> find_packed_loss(const LossSpec& s, float) {
  if (s.kind == "mean_squared_error") return packed_errors<SquaredError>;
  if (s.kind == "mean_absolute_error") return packed_errors<AbsoluteError>;
  return nullptr;
}
inline PackedLossFunction<double> find_packed_loss(const LossSpec&, double) { return nullptr; }

template <class T>
class PackedLoss {
 public:
  PackedLoss(const LossSpec& spec, int outputs, int targets)
      : alone_(spec, outputs, targets), together_(find_packed_loss(spec, T())), prediction_(padded<T>(outputs)), gradient_(padded<T>(outputs)),
        target_(static_cast<std::size_t>(targets)) {}

  void operator()(const PackedSamples<T>& s) {
    if (together_) return together_(s);
    for (int b = 0; b < s.count; ++b)
      for (int lane = 0; lane < s.lanes; ++lane) one(s, b, lane);
  }

 private:
  void one(const PackedSamples<T>& s, int b, int lane) {
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
  const PackedLossFunction<T> together_;
  Block<T> prediction_, gradient_;
  std::vector<T> target_;
};

// total (lanes) += Σ cost (samples, lanes), in the order of the samples
template <class T>
[[gnu::noinline]] void add_costs(int samples, const double* cost, double* total) {
  for (int at = 0; at < kWidth<T>; at += kWidth<double>) {
    Vec<double> sum = load(total + at);
    for (int b = 0; b < samples; ++b) sum += load(cost + b * kWidth<T> + at);
    store(total + at, sum);
  }
}

}  // namespace thetastar::TS_LEVEL
