// exp, tanh, log1p and the normal distribution over vectors.
//
// float32 uses polynomials fitted by docs/design/fit_polynomials.py; the errors there are relative and below one unit
// in the last place of float32. float64 calls the C library lane by lane: it is the precision to check with.
#pragma once

#include "../simd/vec.hpp"

namespace thetastar::TS_LEVEL {

template <class V, class F>
inline V lanes(V x, F function) {
  for (std::size_t i = 0; i < sizeof x / sizeof x[0]; ++i) x[i] = function(x[i]);
  return x;
}

inline Vec<double> exp(Vec<double> x) {
  return lanes(x, [](double v) { return std::exp(v); });
}
inline Vec<double> tanh(Vec<double> x) {
  return lanes(x, [](double v) { return std::tanh(v); });
}
inline Vec<double> log1p(Vec<double> x) {
  return lanes(x, [](double v) { return std::log1p(v); });
}
inline Vec<double> normal_cdf(Vec<double> x) {
  return lanes(x, [](double v) { return 0.5 * std::erfc(-v * 0.70710678118654752440); });
}

// 2^n f with |f| <= 1/2, scaled through the exponent's bits. Saturates at exp(88) = 1.7e38 and is 0 below
// exp(-87) = 1.6e-38; a NaN stays a NaN.
inline Vec<float> exp(Vec<float> x) {
  typedef std::int32_t Int __attribute__((vector_size(kVectorBytes), may_alias));
  const auto vanishes = x < -87.0f;
  x = x > 88.0f ? splat(88.0f) : x;
  x = vanishes ? splat(-87.0f) : x;
  constexpr float kRound = 12582912.0f;  // 1.5 · 2^23: adding it leaves the nearest integer in the low bits
  const Vec<float> shifted = x * 1.44269504f + kRound;
  const Vec<float> n = shifted - kRound;
  // f = x / ln 2 - n, with ln 2 in two parts so that the difference keeps its bits.
  const Vec<float> f = (x - n * 0.693145752f - n * 1.42860677e-6f) * 1.44269504f;
  Vec<float> p = splat(1.5345811513e-04f);
  p = p * f + 1.3399931217e-03f;
  p = p * f + 9.6184889590e-03f;
  p = p * f + 5.5503287770e-02f;
  p = p * f + 2.4022646891e-01f;
  p = p * f + 6.9314720574e-01f;
  p = p * f + 1.0f;
  const Int exponent = ((Int)shifted - (Int)splat(kRound)) << 23;
  return vanishes ? Vec<float>{} : (Vec<float>)((Int)p + exponent);
}

inline Vec<float> tanh(Vec<float> x) {
  const Vec<float> s = x * x;
  Vec<float> p = splat(-5.6027401287e-03f);
  p = p * s + 2.0539937859e-02f;
  p = p * s - 5.3705320377e-02f;
  p = p * s + 1.3330932163e-01f;
  p = p * s - 3.3333252204e-01f;
  p = p * s + 1.0f;
  const Vec<float> far = 1.0f - 2.0f / (exp(2.0f * abs(x)) + 1.0f);
  return s < 0.4f ? x * p : (x < 0.0f ? -far : far);
}

inline Vec<float> log1p(Vec<float> u) {  // u in [0, 1]
  Vec<float> p = splat(-3.2440211321e-03f);
  p = p * u + 1.9851444128e-02f;
  p = p * u - 5.6959500001e-02f;
  p = p * u + 1.0603651412e-01f;
  p = p * u - 1.5305590519e-01f;
  p = p * u + 1.9675938545e-01f;
  p = p * u - 2.4954133517e-01f;
  p = p * u + 3.3329962403e-01f;
  p = p * u - 4.9999902422e-01f;
  p = p * u + 1.0f;
  return p * u;
}

inline Vec<float> normal_cdf(Vec<float> z) {  // Φ(z) = erfc(-z / √2) / 2
  const Vec<float> x = abs(z) * 0.70710678f;
  const Vec<float> t = 1.0f / (1.0f + 0.5f * x);
  Vec<float> p = splat(-5.6498135167e-02f);
  p = p * t + 2.7141148302e-01f;
  p = p * t - 4.5824830366e-01f;
  p = p * t + 2.4228867942e-01f;
  p = p * t + 6.5553647372e-04f;
  p = p * t + 1.8942550311e-01f;
  p = p * t + 2.4719851512e-01f;
  p = p * t + 2.8160336379e-01f;
  p = p * t + 2.8216684658e-01f;
  p = p * t - 3.5244319279e-06f;
  const Vec<float> tail = 0.5f * exp(-x * x) * p;
  return z < 0.0f ? tail : 1.0f - tail;
}

}  // namespace thetastar::TS_LEVEL
