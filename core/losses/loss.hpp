// The contract of a loss. A loss returns one sample's value and writes its gradient with respect to the network's raw outputs.
// The mean over samples and the sample weights are applied once, by one rule (workspace.hpp).
//
// A sample is `members` rows of predictions, one padded row after another: 1, or 2 for pairs and 3 for triplets. The
// gradient has the same rows, every number of them is written, and their padding stays as it is.
//
// All losses but the plainest compute in double, which keeps scores of ±10,000 and probabilities of 0 and 1 harmless. Where a
// prediction leaves the domain (a variance below 0, a probability of 0) the loss goes on along a straight line (`outside`).
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "../kernels/math.hpp"
#include "../spec.hpp"

namespace thetastar::TS_LEVEL {

// What a loss's function is told: the settings, the sizes, and room that it may use between two calls.
struct LossContext {
  LossSpec settings;
  int outputs = 0, targets = 0;  // O predictions a row, K numbers of target a sample
  std::ptrdiff_t ld = 0;         // from one member's row to the next
  mutable std::vector<double> room;

  double class_weight(int c) const {
    return settings.class_weights.empty() ? 1 : settings.class_weights[static_cast<std::size_t>(c)];
  }
};

template <class T>
using LossFunction = double (*)(const LossContext& c, const T* f, const T* y, T* gradient);

// What a loss asks of its samples. How many numbers a target has: one an output, one a sample (a class's index, or a number),
// half as many as outputs, none, or labels filled up with -1.
enum class Asks { kOutputs, kClass, kNumber, kHalf, kNothing, kLabels };

// A loss that is not the core's (kind "own"): of `count` samples it is given predictions (count, outputs) and targets
// (count, targets), and writes each sample's value and its slopes (count, outputs).
template <class T>
using OwnLoss = std::function<void(std::int64_t count, int outputs, const T* f, int targets, const T* y, double* values,
                                   T* slopes)>;
inline constexpr const char* kOwnLoss = "own";

// A class index. Numbers that are none are refused before they come here; one that was changed since writes nowhere else.
template <class T>
int class_index(T y, int classes) {
  return y >= 0 && y < static_cast<T>(classes) ? static_cast<int>(y) : 0;
}

// A number and its derivative with respect to the prediction.
struct Slope {
  double value, slope;
};

// mean over outputs of Rule::at(settings, f, y)
template <class T, class Rule>
double mean_over_outputs(const LossContext& c, const T* f, const T* y, T* gradient) {
  double value = 0;
  for (int j = 0; j < c.outputs; ++j) {
    const Slope at = Rule::at(c.settings, static_cast<double>(f[j]), static_cast<double>(y[j]));
    value += at.value;
    gradient[j] = static_cast<T>(at.slope / c.outputs);
  }
  return value / c.outputs;
}

// log(1 + e^z), slope σ(z)
inline Slope softplus(double z) {
  const double e = std::exp(-std::abs(z));
  return {std::max(z, 0.0) + std::log1p(e), z >= 0 ? 1 / (1 + e) : e / (1 + e)};
}

// e^z up to z = 40, and its tangent beyond, so that a network that starts at such a score comes back: the square of its slope
// is finite in float32.
inline Slope bounded_exp(double z) {
  constexpr double kEnd = 40;
  const double e = std::exp(std::min(z, kEnd));
  return {z > kEnd ? e * (1 + z - kEnd) : e, std::isnan(z) ? z : e};
}

// log p for a probability. Below ε it goes on along its tangent, so that p = 0 has a finite cost; above 1 it stays 0.
inline Slope log_probability(double p) {
  constexpr double kLeast = 1e-7;
  if (p > 1) return {0, 0};
  if (p < kLeast) return {std::log(kLeast) + (p - kLeast) / kLeast, 1 / kLeast};
  return {std::log(p), 1 / p};
}

// A loss at the edge of its domain, continued `beyond` it (beyond <= 0): along the slope where that leads back inside,
// level where it does not, because an unbounded reward would pull the network out of the domain for good.
inline Slope outside(Slope edge, double beyond) {
  const double slope = std::min(edge.slope, 0.0);
  return {edge.value + slope * beyond, slope};
}

}  // namespace thetastar::TS_LEVEL
