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
inline Vec<float> as_floats(const double* weight) { return narrow(load(weight), load(weight + kWidth<double>)); }

// Losses that are a sum over the outputs: of a prediction and a target their gradient, and their value as doubles.
struct SquaredErrors {
  Vec<float> error;
  SquaredErrors(Vec<float> f, Vec<float> y) : error(f - y) {}
  Vec<float> slope() const { return 2 * error; }
  Vec<double> value(int part) const {
    return wide(error, part) * wide(error, part);
  }  // exact, so it may be added fused or not
};
struct AbsoluteErrors {
  Vec<float> error;
  AbsoluteErrors(Vec<float> f, Vec<float> y) : error(f - y) {}
  Vec<float> slope() const { return error > 0 ? Vec<float>{} + 1 : (error < 0 ? Vec<float>{} - 1 : error); }
  Vec<double> value(int part) const { return abs(wide(error, part)); }
};
struct BinaryCrossEntropies {  // max(z, 0) - y z + log1p(e^-|z|)
  Vec<float> z, y, above;
  LogisticTerms terms;
  BinaryCrossEntropies(Vec<float> f, Vec<float> target)
      : z(f), y(target), above(z < 0.0f ? Vec<float>{} : z), terms(z) {}
  Vec<float> slope() const { return terms.probability - y; }
  Vec<double> value(int part) const {
    return wide(above, part) - wide(y, part) * wide(z, part) + wide(terms.surplus, part);
  }
};
template <class Of>
[[gnu::noinline, gnu::hot]] void sums_in_lanes(const LaneSamples<float>& samples) {
  const LaneSamples<float> s = samples;  // in registers: a store might change what is referred to
  constexpr int W = kWidth<float>;
  const auto outputs = static_cast<float>(s.outputs);
  Vec<float> factor = as_floats(s.weight);
  for (int b = 0; b < s.count; ++b) {
    if (s.weight_step != 0) factor = as_floats(s.weight + b * s.weight_step);
    Vec<double> value[2] = {};
    for (int j = 0; j < s.outputs; ++j) {
      const int at = (b * s.outputs + j) * W;
      const Of of(load(s.f + at), load(s.y + at));
      store(s.gradient + at, (s.outputs == 1 ? of.slope() : of.slope() / outputs) * factor);
      for (int part = 0; part < 2; ++part) value[part] += of.value(part);
    }
    write_cost(s, b, value);
  }
}

// A sample of one output in every lane: their weighted costs, and the gradients of these.
template <class T>
using OneOutputFunction = Vec<T> (*)(Vec<T> f, Vec<T> y, const double* weight, double* cost);
template <class Of>
[[gnu::hot]] Vec<float> one_output_in_lanes(Vec<float> f, Vec<float> y, const double* weight, double* cost) {
  const Of of(f, y);
  for (int part = 0; part < 2; ++part) {
    const int at = part * kWidth<double>;
    store(cost + at, load(weight + at) * (Vec<double>{} + of.value(part)));
  }
  return of.slope() * as_floats(weight);
}

// -log softmax(z)[class], its sum in the order of `cross_entropy`, which adds by vectors and then in pairs
[[gnu::noinline, gnu::hot]] inline void cross_entropy_in_lanes(const LaneSamples<float>& samples) {
  const LaneSamples<float> s = samples;
  constexpr int W = kWidth<float>;
  typedef std::int32_t Int __attribute__((vector_size(kVectorBytes), may_alias));
  for (int b = 0; b < s.count; ++b) {
    const float* z = s.f + b * s.outputs * W;
    float* gradient = s.gradient + b * s.outputs * W;
    const Vec<float> target = load(s.y + b * W), factor = as_floats(s.weight + b * s.weight_step);
    const Int label = __builtin_convertvector(target, Int);
    Vec<float> highest = load(z), scored = highest,
               sums[W];  // not zeros: clearing a kilobyte takes as long as ten exponentials
    for (int j = 1; j < s.outputs; ++j) {
      const Vec<float> score = load(z + j * W);
      highest = score > highest ? score : highest;
      scored = label == j ? score : scored;
    }
    for (int j = 0; j < s.outputs; ++j) {
      const Vec<float> e = exp(load(z + j * W) - highest);
      store(gradient + j * W, e);
      sums[j % W] = j < W ? e : sums[j % W] + e;
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

// The functions of the losses that have a way for all lanes, and for one output if they are a sum over the outputs; null for others.
template <class T>
struct LaneLoss {
  LaneLossFunction<T> together = nullptr;
  OneOutputFunction<T> one_output = nullptr;
};
inline LaneLoss<float> find_lane_loss(const LossSpec& s, float) {
  const bool plain = s.prediction == "scores" && s.label_smoothing == 0 && s.class_weights.empty();
  if (s.kind == "mean_squared_error") return {sums_in_lanes<SquaredErrors>, one_output_in_lanes<SquaredErrors>};
  if (s.kind == "mean_absolute_error") return {sums_in_lanes<AbsoluteErrors>, one_output_in_lanes<AbsoluteErrors>};
  if (s.kind == "binary_cross_entropy" && plain)
    return {sums_in_lanes<BinaryCrossEntropies>, one_output_in_lanes<BinaryCrossEntropies>};
  if (s.kind == "cross_entropy" && plain) return {cross_entropy_in_lanes};
  return {};
}
inline LaneLoss<double> find_lane_loss(const LossSpec&, double) { return {}; }

}  // namespace thetastar::TS_LEVEL
