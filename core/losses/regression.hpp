// Losses of numbers: the mean over the outputs of something of f (prediction) and y (target).
#pragma once

#include "loss.hpp"

namespace thetastar::TS_LEVEL {

// (f - y)²
template <class T>
double mean_squared_error(const LossContext& c, const T* f, const T* y, T* gradient) {
  const int outputs = c.outputs;
  double value = 0;
  for (int j = 0; j < outputs; ++j) {
    const T error = f[j] - y[j];
    value += static_cast<double>(error) * error;
    gradient[j] = 2 * error / outputs;
  }
  return value / outputs;
}

// ½ Σ (f - y)²: the sum over the outputs, not their mean
template <class T>
double half_squared_error(const LossContext& c, const T* f, const T* y, T* gradient) {
  double value = 0;
  for (int j = 0; j < c.outputs; ++j) {
    const T error = f[j] - y[j];
    value += 0.5 * static_cast<double>(error) * error;
    gradient[j] = error;
  }
  return value;
}

// |f - y|; the slope at zero error is 0
template <class T>
double mean_absolute_error(const LossContext& c, const T* f, const T* y, T* gradient) {
  const int outputs = c.outputs;
  double value = 0;
  for (int j = 0; j < outputs; ++j) {
    const T error = f[j] - y[j];
    value += std::abs(static_cast<double>(error));
    gradient[j] = (error > 0 ? T(1) : error < 0 ? T(-1) : error) / outputs;  // `error` keeps a NaN a NaN
  }
  return value / outputs;
}

inline double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }  // 0 stays 0, NaN stays NaN

struct AbsolutePercentage {  // 100 |f - y| / max(|y|, ε)
  static Slope at(const LossSpec& s, double f, double y) {
    const double scale = 100 / std::max(std::abs(y), s.epsilon);
    return {scale * std::abs(f - y), scale * sign(f - y)};
  }
};
struct SquaredLogarithmic {  // (log(1 + f) - log(1 + y))², with f and y no lower than ε
  static Slope at(const LossSpec& s, double f, double y) {
    const double error = std::log1p(f < s.epsilon ? s.epsilon : f) - std::log1p(std::max(y, s.epsilon));
    return {error * error, f < s.epsilon ? 0 : 2 * error / (1 + f)};
  }
};
struct Huber {  // Huber 1964: e²/2 up to δ, δ(|e| - δ/2) beyond
  static Slope at(const LossSpec& s, double f, double y) {
    const double e = f - y, size = std::abs(e);
    if (size <= s.delta) return {0.5 * e * e, e};
    return {s.delta * (size - 0.5 * s.delta), s.delta * sign(e)};
  }
};
struct SmoothL1 {  // Huber over δ = β: slope ±1 beyond; β = 0 is the absolute error. Girshick 2015.
  static Slope at(const LossSpec& s, double f, double y) {
    const double e = f - y, size = std::abs(e);
    if (size < s.delta) return {0.5 * e * e / s.delta, e / s.delta};
    return {size - 0.5 * s.delta, sign(e)};
  }
};
struct LogCosh {  // log cosh e = |e| + log(1 + e^(-2|e|)) - log 2
  static Slope at(const LossSpec&, double f, double y) {
    const double e = f - y, size = std::abs(e);
    return {size + std::log1p(std::exp(-2 * size)) - 0.693147180559945309417, std::tanh(e)};
  }
};
struct Quantile {  // q (y - f) below the target, (1 - q)(f - y) above it. Koenker and Bassett 1978.
  static Slope at(const LossSpec& s, double f, double y) {
    const double e = f - y;
    return e >= 0 ? Slope{(1 - s.quantile) * e, e > 0 ? 1 - s.quantile : 0}
                  : Slope{-s.quantile * e, e < 0 ? -s.quantile : e};
  }
};

// The outputs are quantiles of one number, each at a level of its own: the mean of their quantile losses.
template <class T>
double quantiles(const LossContext& c, const T* f, const T* y, T* gradient) {
  const LossSpec& s = c.settings;
  double value = 0;
  for (int j = 0; j < c.outputs; ++j) {
    const auto at = static_cast<std::size_t>(j);
    const double level = s.levels[at];
    const double e = static_cast<double>(f[j]) - y[0];
    value += e >= 0 ? (1 - level) * e : -level * e;
    gradient[j] = static_cast<T>((e > 0 ? 1 - level : e < 0 ? -level : e) / c.outputs);  // `e` keeps a NaN a NaN
  }
  return value / c.outputs;
}

// Counts: y ~ Poisson(rate); rate - y log(rate + ε) for a predicted rate, outside its domain where negative.
inline Slope poisson_rate(double rate, double y, double epsilon) {
  const double inside = rate < 0 ? 0 : rate;
  const Slope at{inside - y * std::log(inside + epsilon), 1 - y / (inside + epsilon)};
  return rate < 0 ? outside(at, rate) : at;
}
struct Poisson {
  static Slope at(const LossSpec& s, double f, double y) { return poisson_rate(f, y, s.epsilon); }
};
struct
    PoissonLikelihood {  // f is the rate's logarithm (log_input) or the rate; `full` adds Stirling's log y! for y > 1
  static Slope at(const LossSpec& s, double f, double y) {
    Slope at = s.log_input ? bounded_exp(f) : poisson_rate(f, y, s.epsilon);
    if (s.log_input) at = {at.value - y * f, at.slope - y};
    if (s.full && y > 1) at.value += y * std::log(y) - y + 0.5 * std::log(6.283185307179586477 * y);
    return at;
  }
};

// -log N(y; mean, variance): ½ (log v + (m - y)² / v), and ½ log 2π with `full`. The first half of the outputs are the
// means, the second half the variances (or their logarithms); the mean is over the targets. A variance below ε is
// outside the domain. Nix and Weigend 1994.
template <class T>
double gaussian_likelihood(const LossContext& c, const T* f, const T* y, T* gradient) {
  const LossSpec& s = c.settings;
  const int targets = c.outputs / 2;
  double value = 0;
  for (int j = 0; j < targets; ++j) {
    const double e = static_cast<double>(f[j]) - y[j], given = f[targets + j];
    double pull;   // 1 / v
    Slope spread;  // with respect to the second half
    if (s.log_variance) {
      const Slope inverse = bounded_exp(-given);
      pull = inverse.value;
      spread = {0.5 * (given + e * e * inverse.value), 0.5 * (1 - e * e * inverse.slope)};
    } else {
      const double v = given < s.epsilon ? s.epsilon : given;
      pull = 1 / v;
      spread = {0.5 * (std::log(v) + e * e / v), 0.5 * (1 - e * e / v) / v};
      if (given < s.epsilon) spread = outside(spread, given - s.epsilon);
    }
    value += spread.value + (s.full ? 0.918938533204672741780 : 0);
    gradient[j] = static_cast<T>(e * pull / targets);
    gradient[targets + j] = static_cast<T>(spread.slope / targets);
  }
  return value / targets;
}

// -cos(f, y) = -f·y / (|f| |y|), with norms no smaller than 10⁻⁶
template <class T>
double cosine_similarity(const LossContext& c, const T* f, const T* y, T* gradient) {
  double dot = 0, ff = 0, yy = 0;
  for (int j = 0; j < c.outputs; ++j) {
    dot += static_cast<double>(f[j]) * y[j];
    ff += static_cast<double>(f[j]) * f[j];
    yy += static_cast<double>(y[j]) * y[j];
  }
  constexpr double kLeast = 1e-12;
  const double scale = 1 / std::sqrt(std::max(ff, kLeast)) / std::sqrt(std::max(yy, kLeast));
  const double turn = ff > kLeast ? dot / ff : 0;  // a shorter vector only grows, it has no direction to turn
  for (int j = 0; j < c.outputs; ++j) gradient[j] = static_cast<T>(-scale * (y[j] - turn * f[j]));
  return std::isnan(ff) ? ff : -dot * scale;
}

}  // namespace thetastar::TS_LEVEL
