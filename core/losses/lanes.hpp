// The plainest losses with a sample in every lane: of kWidth<T> networks (pack/), or of as many samples of one. Each lane
// has the bits that the loss of one row gives, which is the specification.
#pragma once

#include "classification.hpp"

namespace thetastar::TS_LEVEL {

// Some samples of all lanes. f, gradient: (samples, outputs, lanes); y: (samples, targets, lanes); weight and cost:
// (samples, lanes). Weights that are all alike lie there once, `weight_step` is 0 then.
template <class T>
struct LaneSamples {
  int count = 0, outputs = 0, targets = 0, lanes = 0;
  const T* f = nullptr;
  const T* y = nullptr;
  T* gradient = nullptr;
  const double* weight = nullptr;
  int weight_step = 0;
  double* cost = nullptr;
};

template <class T>
using LaneLossFunction = void (*)(const LaneSamples<T>& s);

// cost = weight · value / outputs, where Σ over the outputs is in `value` already
template <class T>
inline void write_cost(const LaneSamples<T>& s, int b, const Vec<double>* value) {
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
[[gnu::noinline]] void errors_in_lanes(const LaneSamples<float>& s) {
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
[[gnu::noinline]] inline void binary_cross_entropy_in_lanes(const LaneSamples<float>& s) {
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
[[gnu::noinline]] inline void cross_entropy_in_lanes(const LaneSamples<float>& s) {
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
    const Vec<float> total = sum_of_columns<float>(sums, std::min(s.outputs, W)), log_total = log(total);
    for (int j = 0; j < s.outputs; ++j) {
      const Vec<float> p = load(gradient + j * W) / total;
      store(gradient + j * W, (label == j ? p - 1.0f : p) * factor);
    }
    for (int part = 0; part < 2; ++part) {
      const Vec<double> value = wide(log_total, part) - (wide(scored, part) - wide(highest, part));
      const int at = part * kWidth<double>;
      store(s.cost + b * W + at, load(s.weight + b * s.weight_step + at) * value);
    }
  }
}

// The losses that have a way for all lanes at once; null for the others.
inline LaneLossFunction<float> find_lane_loss(const LossSpec& s, float) {
  const bool plain = s.prediction == "scores" && s.label_smoothing == 0 && s.class_weights.empty();
  if (s.kind == "mean_squared_error") return errors_in_lanes<SquaredError>;
  if (s.kind == "mean_absolute_error") return errors_in_lanes<AbsoluteError>;
  if (s.kind == "binary_cross_entropy" && plain) return binary_cross_entropy_in_lanes;
  if (s.kind == "cross_entropy" && plain) return cross_entropy_in_lanes;
  return nullptr;
}
inline LaneLossFunction<double> find_lane_loss(const LossSpec&, double) { return nullptr; }

}  // namespace thetastar::TS_LEVEL
