// Losses of classes and of distributions over them.
#pragma once

#include "loss.hpp"

namespace thetastar::TS_LEVEL {

// -y log σ(z) - (1 - y) log(1 - σ(z)) = max(z, 0) - y z + log1p(e^-|z|), without its double-precision part: log1p(e^-|z|)
// and σ(z). Of whole vectors, so that one logit and a lane of a pack (lanes.hpp) have the same bits.
struct LogisticTerms {
  Vec<float> surplus, probability;
  explicit LogisticTerms(Vec<float> z) {
    const Vec<float> e = exp(-abs(z));
    surplus = log1p(e);
    probability = z < 0.0f ? e / (1.0f + e) : 1.0f / (1.0f + e);
  }
};

// mean over outputs of max(z, 0) - y z + log1p(e^-|z|); gradient σ(z) - y
template <class T>
double binary_cross_entropy(const LossContext& c, const T* z, const T* y, T* gradient) {
  const int outputs = c.outputs;
  double value = 0;
  if constexpr (sizeof(T) == sizeof(float)) {
    for (int first = 0; first < outputs; first += kWidth<T>) {
      const LogisticTerms terms(load(z + first));
      for (int j = first; j < std::min(outputs, first + kWidth<T>); ++j) {
        value += std::max(z[j], T(0)) - static_cast<double>(y[j]) * z[j] + terms.surplus[j - first];
        gradient[j] = (terms.probability[j - first] - y[j]) / static_cast<T>(outputs);
      }
    }
  } else {
    for (int j = 0; j < outputs; ++j) {
      const T e = std::exp(-std::abs(z[j]));
      value += std::max(z[j], T(0)) - static_cast<double>(y[j]) * z[j] + std::log1p(e);
      gradient[j] = ((z[j] >= 0 ? 1 / (1 + e) : e / (1 + e)) - y[j]) / outputs;
    }
  }
  return value / outputs;
}

// The same with class weights (w₀, w₁), with targets moved by `smoothing` towards ½, and for probabilities:
// -w₁ y log p - w₀ (1 - y) log(1 - p)
struct BinaryCrossEntropy {
  static Slope at(const LossSpec& s, double f, double y) {
    const bool weighted = s.class_weights.size() == 2;
    const double near = s.label_smoothing == 0 ? y : y * (1 - s.label_smoothing) + 0.5 * s.label_smoothing;
    const double yes = (weighted ? s.class_weights[1] : 1) * near,
                 no = (weighted ? s.class_weights[0] : 1) * (1 - near);
    if (s.prediction == "scores") {
      const Slope miss = softplus(-f), alarm = softplus(f);
      return {yes * miss.value + no * alarm.value, no * alarm.slope - yes * miss.slope};
    }
    const Slope hit = log_probability(f), reject = log_probability(1 - f);
    return {-yes * hit.value - no * reject.value, no * reject.slope - yes * hit.slope};
  }
};

// The same, each term times (1 - p_t)^γ, where p_t is the probability of what is right: Lin et al. 2017. As in Keras a target
// between 0 and 1 (soft, or smoothed) has 1 - p_t = y (1 - p) + (1 - y) p.
struct BinaryFocal {
  static Slope at(const LossSpec& s, double f, double y) {
    const Slope entropy = BinaryCrossEntropy::at(s, f, y);
    const double near = s.label_smoothing == 0 ? y : y * (1 - s.label_smoothing) + 0.5 * s.label_smoothing;
    const bool scores = s.prediction == "scores";
    const double p = scores ? softplus(f).slope : std::min(std::max(f, 0.0), 1.0),
                 rest = scores ? softplus(-f).slope : 1 - p,  // 1 - p, with all its digits
        missed = near * rest + (1 - near) * p,
                 turn = (1 - 2 * near) * (scores ? p * rest : (f < 0 || f > 1 ? 0 : 1));  // ∂ missed / ∂ f
    const double weight = std::pow(missed, s.gamma), grows = missed > 0 ? s.gamma * turn / missed : 0;
    return {weight * entropy.value, weight * (entropy.slope + grows * entropy.value)};
  }
};

// -log softmax(z)[class] = log Σ e^(z - max) - (z[class] - max); gradient softmax(z) - onehot(class)
template <class T>
double cross_entropy(const LossContext& c, const T* z, const T* target, T* gradient) {
  const int outputs = c.outputs, label = class_index(target[0], outputs);
  const auto scores = [&](int j) {
    return first_lanes<T>(outputs - j) ? load(z + j) : splat(-std::numeric_limits<T>::infinity());
  };
  Vec<T> tops = scores(0), sums{};
  for (int j = kWidth<T>; j < outputs; j += kWidth<T>) tops = max(tops, scores(j));
  const T highest = largest<T>(tops);
  for (int j = 0; j < outputs; j += kWidth<T>) {
    const Vec<T> e = first_lanes<T>(outputs - j) ? exp(load(z + j) - highest)
                                                 : Vec<T>{};  // the padding counts nothing and stays zero
    store(gradient + j, e);
    sums += e;
  }
  const T total = sum<T>(sums);
  for (int j = 0; j < outputs; j += kWidth<T>) store(gradient + j, load(gradient + j) / total);
  gradient[label] -= 1;
  return static_cast<double>(log(splat(total))[0]) - (static_cast<double>(z[label]) - highest);
}

enum class Prediction { kScores, kProbabilities, kLogProbabilities };
enum class Target { kClass, kDistribution };

// -Σ_c w_c q_c log p_c for a target distribution q, which is given or all in one class, with `label_smoothing` spread
// evenly over the classes; plus Σ_c q_c log q_c for the divergence of p from q (Kullback and Leibler 1951).
template <class T, Prediction kPrediction, Target kTarget, bool kDivergence = false>
double distribution_loss(const LossContext& c, const T* f, const T* y, T* gradient) {
  const int classes = c.outputs;
  double highest = f[0], total = 0;
  if constexpr (kPrediction == Prediction::kScores) {
    for (int j = 1; j < classes; ++j) highest = std::max(highest, static_cast<double>(f[j]));
    for (int j = 0; j < classes; ++j) total += std::exp(f[j] - highest);
  }
  const double log_total = std::log(total), smoothing = c.settings.label_smoothing;
  double value = 0, mass = 0;
  for (int j = 0; j < classes; ++j) {
    double q;
    if constexpr (kTarget == Target::kClass)
      q = class_index(y[0], classes) == j ? 1 : 0;
    else
      q = y[j];
    if (smoothing != 0) q = (1 - smoothing) * q + smoothing / classes;
    const double weighted = c.class_weight(j) * q;
    if constexpr (kPrediction == Prediction::kScores) {
      value -= weighted * (f[j] - highest - log_total);
      gradient[j] = static_cast<T>(-weighted);  // + p_j · mass, below
    } else if constexpr (kPrediction == Prediction::kProbabilities) {
      const Slope log = log_probability(f[j]);
      value -= weighted * log.value;
      gradient[j] = static_cast<T>(-weighted * log.slope);
    } else {
      value -= weighted == 0 ? 0 : weighted * f[j];  // log 0 = -∞ of a class that is not asked for costs nothing
      gradient[j] = static_cast<T>(-weighted);
    }
    if (kDivergence && q > 0) value += q * std::log(q);
    mass += weighted;
  }
  if constexpr (kPrediction == Prediction::kScores)
    for (int j = 0; j < classes; ++j)
      gradient[j] = static_cast<T>(std::exp(f[j] - highest - log_total) * mass + static_cast<double>(gradient[j]));
  return value;
}

// (1 - p_y^q) / q of the right class y, between cross-entropy (q → 0) and the absolute error (q = 1): Zhang and Sabuncu 2018.
template <class T, bool kScored>
double generalized_cross_entropy(const LossContext& c, const T* f, const T* y, T* gradient) {
  const int classes = c.outputs, label = class_index(y[0], classes);
  const double q = c.settings.power;
  if constexpr (!kScored) {
    const Slope log = log_probability(f[label]);
    const double power = std::exp(q * log.value);
    std::fill_n(gradient, classes, T(0));
    gradient[label] = static_cast<T>(-power * log.slope);
    return (1 - power) / q;
  }
  double highest = f[0], total = 0;
  for (int j = 1; j < classes; ++j) highest = std::max(highest, static_cast<double>(f[j]));
  for (int j = 0; j < classes; ++j) total += std::exp(f[j] - highest);
  const double log_total = std::log(total), log_right = f[label] - highest - log_total, power = std::exp(q * log_right);
  for (int j = 0; j < classes; ++j)
    gradient[j] = static_cast<T>(power * (std::exp(f[j] - highest - log_total) - (j == label ? 1 : 0)));
  return -std::expm1(q * log_right) / q;
}

// -Σ_c w_c q_c (1 - p_c)^γ log p_c: the focal loss of Lin et al. 2017 for classes, as in Keras.
template <class T, Prediction kPrediction, Target kTarget>
double focal_loss(const LossContext& c, const T* f, const T* y, T* gradient) {
  constexpr bool kScored = kPrediction == Prediction::kScores;
  const int classes = c.outputs;
  const double gamma = c.settings.gamma, smoothing = c.settings.label_smoothing;
  double highest = f[0], total = 0;
  if constexpr (kScored) {
    for (int j = 1; j < classes; ++j) highest = std::max(highest, static_cast<double>(f[j]));
    for (int j = 0; j < classes; ++j) total += std::exp(f[j] - highest);
  }
  const double log_total = std::log(total);
  double value = 0, mass = 0;
  for (int j = 0; j < classes; ++j) {
    double q = kTarget == Target::kClass ? (static_cast<int>(y[0]) == j ? 1 : 0)
                                         : static_cast<double>(y[kTarget == Target::kClass ? 0 : j]);
    if (smoothing != 0) q = (1 - smoothing) * q + smoothing / classes;
    const double weighted = c.settings.alpha * c.class_weight(j) * q;
    const Slope log = kScored ? Slope{f[j] - highest - log_total, 0} : log_probability(f[j]);
    const double rest = kScored ? -std::expm1(log.value) : std::max(0.0, 1 - static_cast<double>(f[j])),
                 weight = std::pow(rest, gamma), per_rest = rest > 0 ? log.value / rest : -1;
    value -= weighted * weight * log.value;
    // scores: ∂/∂ log p_j, whose share of all others follows below; probabilities: ∂/∂ p_j
    const double slope = kScored ? weighted * weight * (1 - gamma * std::exp(log.value) * per_rest)
                                 : weighted * weight * (log.slope - gamma * per_rest);
    gradient[j] = static_cast<T>(-slope);
    mass += slope;
  }
  if constexpr (kScored)
    for (int j = 0; j < classes; ++j)
      gradient[j] = static_cast<T>(std::exp(f[j] - highest - log_total) * mass + static_cast<double>(gradient[j]));
  return value;
}
template <class T, Target kTarget>
LossFunction<T> find_focal_loss(const std::string& prediction) {
  return prediction == "probabilities" ? focal_loss<T, Prediction::kProbabilities, kTarget>
                                       : focal_loss<T, Prediction::kScores, kTarget>;
}

template <class T, Target kTarget, bool kDivergence = false>
LossFunction<T> find_distribution_loss(const std::string& prediction) {
  if (prediction == "probabilities") return distribution_loss<T, Prediction::kProbabilities, kTarget, kDivergence>;
  if (prediction == "log_probabilities")
    return distribution_loss<T, Prediction::kLogProbabilities, kTarget, kDivergence>;
  return distribution_loss<T, Prediction::kScores, kTarget, kDivergence>;
}

}  // namespace thetastar::TS_LEVEL
