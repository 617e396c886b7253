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

// max(z, 0) - y z + log1p(e^-|z|)
[[gnu::noinline]] inline void packed_binary_cross_entropy(const PackedSamples<float>& s) {
  constexpr int W = kWidth<float>;
  const auto outputs = static_cast<float>(s.outputs);
  for (int b = 0; b < s.count; ++b) {
    const Vec<float> factor = narrow(s.weight + b * s.weight_step);
    Vec<double> value[2] = {};
    for (int j = 0; j < s.outputs; ++j) {
      const int at = (b * s.outputs + j) * W;
      const Vec<float> z = load(s.f + at), y = load(s.y + at), above = z < 0.0f ? Vec<float>{} : z;
      const LogisticTerms terms(z);
      store(s.gradient + at, (terms.probability - y) / outputs * factor);
      for (int part = 0; part < 2; ++part) value[part] += wide(above, part) - wide(y, part) * wide(z, part) + wide(terms.surplus, part);
    }
    write_cost(s, b, value);
  }
}

// -log softmax(z)[class], its sum in the order of `cross_entropy`, which adds by vectors and then in pairs
[[gnu::noinline]] inline void packed_cross_entropy(const PackedSamples<float>& s) {
  constexpr int W = kWidth<float>;
  typedef std::int32_t Int __attribute__((vector_size(kVectorBytes), may_alias));
  for (int b = 0; b < s.count; ++b) {
    const float* z = s.f + b * s.outputs * W;
    float* gradient = s.gradient + b * s.outputs * W;
    const Vec<float> target = load(s.y + b * W), factor = narrow(s.weight + b * s.weight_step);
    const Int label = __builtin_convertvector(target, Int);
    Vec<float> highest = load(z), scored = highest, sums[W] = {};
    for (int j = 1; j < s.outputs; ++j) {
      const Vec<float> score = load(z + j * W);
      highest = score > highest ? score : highest;
      scored = label == j ? score : scored;
    }
    for (int j = 0; j < s.outputs; ++j) {
      const Vec<float> e = exp(load(z + j * W) - highest);
      store(gradient + j * W, e);
      sums[j % W] += e;
    }
    const Vec<float> total = sum_of_columns<float>(sums, std::min(s.outputs, W));
    for (int j = 0; j < s.outputs; ++j) {
      const Vec<float> p = load(gradient + j * W) / total;
      store(gradient + j * W, (label == j ? p - 1.0f : p) * factor);
    }
    for (int part = 0; part < 2; ++part) {
      const Vec<double> log = lanes(wide(total, part), [](double v) { return std::log(v); });
      const Vec<double> value = log - (wide(scored, part) - wide(highest, part));
      const int at = part * kWidth<double>;
      store(s.cost + b * W + at, load(s.weight + b * s.weight_step + at) * value);
    }
  }
}

// The losses that have a way for all lanes at once; null for the others.
inline PackedLossFunction<float> find_packed_loss(const LossSpec& s, float) {
  const bool plain = s.prediction == "scores" && s.label_smoothing == 0 && s.class_weights.empty();
  if (s.kind == "mean_squared_error") return packed_errors<SquaredError>;
  if (s.kind == "mean_absolute_error") return packed_errors<AbsoluteError>;
  if (s.kind == "binary_cross_entropy" && plain) return packed_binary_cross_entropy;
  if (s.kind == "cross_entropy" && plain) return packed_cross_entropy;
  return nullptr;
}
inline PackedLossFunction<double> find_packed_loss(const LossSpec&, double) { return nullptr; }

template <class T>
class PackedLoss {
 public:
  PackedLoss(const LossSpec& spec, int outputs, int targets)
      : alone_(spec, outputs, targets), together_(find_packed_loss(spec, T())), prediction_(padded<T>(outputs)),
        gradient_(padded<T>(outputs)), target_(static_cast<std::size_t>(targets)) {}

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
