// Losses of the overlap of two sets, as of a mask and its prediction: Dice's and Tversky's. A sample is one mask.
#pragma once

#include "loss.hpp"

namespace thetastar::TS_LEVEL {

// 1 - I / (I + α A + β M + ε) with I = Σ y p (found), A = Σ (1 - y) p (false alarms) and M = Σ y (1 - p) (misses), for
// probabilities p, or p = σ(f) of scores f. Its slope at p_j: -y_j / D + I (y_j + α (1 - y_j) - β y_j) / D².
template <class T>
double overlap(const LossContext& c, const T* f, const T* y, double alpha, double beta, double epsilon, T* gradient) {
  const bool scores = c.settings.prediction == "scores";
  double found = 0, alarms = 0, misses = 0;
  for (int j = 0; j < c.outputs; ++j) {
    const double p = scores ? softplus(f[j]).slope : f[j], rest = scores ? softplus(-f[j]).slope : 1 - p, target = y[j];
    found += target * p, alarms += (1 - target) * p, misses += target * rest;
  }
  const double all = found + alpha * alarms + beta * misses + epsilon;
  for (int j = 0; j < c.outputs; ++j) {
    const double target = y[j],
                 slope = found * (target + alpha * (1 - target) - beta * target) / (all * all) - target / all;
    const double inner = scores ? softplus(f[j]).slope * softplus(-f[j]).slope : 1;
    gradient[j] = static_cast<T>(slope * inner);
  }
  return 1 - found / all;
}

// Salehi, Erdogmus and Gholipour 2017: α weighs false alarms, β misses.
template <class T>
double tversky(const LossContext& c, const T* f, const T* y, T* gradient) {
  return overlap<T>(c, f, y, c.settings.alpha, c.settings.beta, c.settings.epsilon, gradient);
}

// Milletari, Navab and Ahmadi 2016: 1 - 2 Σ y p / (Σ y + Σ p + ε), which is Tversky's with α = β = ½ and ½ ε.
template <class T>
double dice(const LossContext& c, const T* f, const T* y, T* gradient) {
  return overlap<T>(c, f, y, 0.5, 0.5, 0.5 * c.settings.epsilon, gradient);
}

}  // namespace thetastar::TS_LEVEL
