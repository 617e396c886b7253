// Losses that ask for a margin between right and wrong. Signs: y = 1 or -1.
#pragma once

#include "loss.hpp"

namespace thetastar::TS_LEVEL {

// max(0, x); the slope at 0 is 0, and a NaN stays a NaN
inline double positive(double x) { return x <= 0 ? 0 : x; }

struct Hinge {  // max(0, 1 - y f)
  static Slope at(const LossSpec&, double f, double y) {
    const double short_of = positive(1 - y * f);
    return {short_of, short_of > 0 ? -y : 0};
  }
};
struct SquaredHinge {  // max(0, 1 - y f)²
  static Slope at(const LossSpec&, double f, double y) {
    const double short_of = positive(1 - y * f);
    return {short_of * short_of, -2 * y * short_of};
  }
};
struct SoftMargin {  // log(1 + e^(-y f))
  static Slope at(const LossSpec&, double f, double y) {
    const Slope soft = softplus(-y * f);
    return {soft.value, -y * soft.slope};
  }
};
struct HingeEmbedding {  // of a distance f: f itself where y = 1, max(0, margin - f) where y = -1
  static Slope at(const LossSpec& s, double f, double y) {
    if (y > 0) return {f, 1};
    const double short_of = positive(s.margin - f);
    return {short_of, short_of > 0 ? -1.0 : 0};
  }
};

// max(0, 1 + max_c (1 - y_c) f_c - Σ_c y_c f_c) for one class y_c = 1. The right class takes part in the maximum with
// 0, as in Keras: a wrong class counts from a score of 0 on.
template <class T>
double categorical_hinge(const LossContext& c, const T* f, const T* y, T* gradient) {
  double right = 0, wrong = -std::numeric_limits<double>::infinity();
  int worst = 0;
  for (int j = 0; j < c.outputs; ++j) {
    right += static_cast<double>(y[j]) * f[j];
    const double rival = (1.0 - y[j]) * f[j];
    if (rival > wrong || std::isnan(rival)) wrong = rival, worst = j;
  }
  const double short_of = positive(1 + wrong - right);
  for (int j = 0; j < c.outputs; ++j)
    gradient[j] = short_of > 0 ? static_cast<T>((j == worst ? 1.0 - y[j] : 0.0) - y[j]) : T(0);
  return short_of;
}

// Σ_{c ≠ class} max(0, margin - f_class + f_c)^p / C · w_class, p = 1 or 2. Crammer and Singer 2001.
template <class T>
double multi_margin(const LossContext& c, const T* f, const T* target, T* gradient) {
  const int label = class_index(target[0], c.outputs);
  const double weight = c.class_weight(label) / c.outputs;
  double value = 0, back = 0;
  for (int j = 0; j < c.outputs; ++j) {
    if (j == label) continue;
    const double short_of = positive(c.settings.margin - f[label] + f[j]);
    const bool squared = c.settings.power == 2;
    const double slope = short_of > 0 ? weight * (squared ? 2 * short_of : 1) : 0;
    value += weight * (squared ? short_of * short_of : short_of);
    gradient[j] = static_cast<T>(slope);
    back += slope;
  }
  gradient[label] = static_cast<T>(-back);
  return value;
}

// Σ over right classes r and wrong classes w of max(0, 1 - f_r + f_w) / C; y is 1 for right, 0 for wrong
template <class T>
double multi_label_margin(const LossContext& c, const T* f, const T* y, T* gradient) {
  const int classes = c.outputs;
  double value = 0;
  c.room.assign(static_cast<std::size_t>(classes), 0.0);
  for (int r = 0; r < classes; ++r) {
    if (y[r] == 0) continue;
    for (int w = 0; w < classes; ++w) {
      if (y[w] != 0) continue;
      const double short_of = positive(1.0 - f[r] + f[w]);
      value += short_of;
      if (short_of > 0) {
        c.room[static_cast<std::size_t>(r)] -= 1;
        c.room[static_cast<std::size_t>(w)] += 1;
      }
    }
  }
  for (int j = 0; j < classes; ++j) gradient[j] = static_cast<T>(c.room[static_cast<std::size_t>(j)] / classes);
  return value / classes;
}

// mean over classes of w_c times the binary cross-entropy of the score; y in [0, 1]
template <class T>
double multi_label_soft_margin(const LossContext& c, const T* f, const T* y, T* gradient) {
  double value = 0;
  for (int j = 0; j < c.outputs; ++j) {
    const Slope miss = softplus(-static_cast<double>(f[j])), alarm = softplus(f[j]);
    const double weight = c.class_weight(j) / c.outputs, yes = weight * y[j], no = weight * (1.0 - y[j]);
    value += yes * miss.value + no * alarm.value;
    gradient[j] = static_cast<T>(no * alarm.slope - yes * miss.slope);
  }
  return value;
}

}  // namespace thetastar::TS_LEVEL
