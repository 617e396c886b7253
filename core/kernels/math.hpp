// exp, the logistic function, tanh, log, log1p, the normal distribution, cosine and sine over vectors.
//
// float32 uses polynomials fitted by docs/design/fit_polynomials.py, whose relative errors are below one unit in the last
// place; the functions are within 2 of them (exp, tanh, log) or 3 (logistic, and of 1 cosine and sine), which tests/core holds them to. float64
// calls the C library lane by lane: it is the precision to check with.
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
inline Vec<double> logistic(Vec<double> z) { return 1.0 / (1.0 + exp(-z)); }
inline Vec<double> tanh(Vec<double> x) {
  return lanes(x, [](double v) { return std::tanh(v); });
}
inline Vec<double> log(Vec<double> x) {
  return lanes(x, [](double v) { return std::log(v); });
}
inline Vec<double> log1p(Vec<double> x) {
  return lanes(x, [](double v) { return std::log1p(v); });
}
inline Vec<double> normal_cdf(Vec<double> x) {
  return lanes(x, [](double v) { return 0.5 * std::erfc(-v * 0.70710678118654752440); });
}

constexpr float kRound = 12582912.0f;  // 1.5 · 2^23: adding it leaves the nearest integer n in the low bits

// e^kx for |kx| <= 87: 2^n e^kf with f = x - n ln 2 / k, |kf| <= ln 2 / 2; ln 2 is in two parts, so that f keeps its bits. k is
// a power of two, so it goes into the constants without any rounding.
template <int k = 1>
inline Vec<float> exp_within(Vec<float> x) {
  const Vec<float> shifted = x * (k * 1.44269504f) + kRound, n = shifted - kRound;
  const Vec<float> f = x - n * (0.693145752f / k) - n * (1.42860677e-6f / k);
  Vec<float> p = splat(1.3836845651e-03f * (k * k * k * k * k * k));
  p = p * f + 8.3748158034e-03f * (k * k * k * k * k);
  p = p * f + 4.1668225576e-02f * (k * k * k * k);
  p = p * f + 1.6666420170e-01f * (k * k * k);
  p = p * f + 4.9999992080e-01f * (k * k);
  p = p * f + 1.0f * k;
  p = p * f + 1.0f;
  return (Vec<float>)((Bits)p + ((Bits)shifted << 23));
}

// Saturates at exp(88) = 1.7e38 and is 0 below exp(-87) = 1.6e-38; a NaN stays a NaN.
inline Vec<float> exp(Vec<float> x) {
  return x < -87.0f ? Vec<float>{} : exp_within(min(splat(88.0f), max(splat(-87.0f), x)));
}

inline Vec<float> logistic(Vec<float> z) {  // 1 / (1 + e^-z)
  return quotient(splat(1.0f), 1.0f + exp_within(min(splat(87.0f), max(splat(-87.0f), -z))));
}

inline Vec<float> tanh(Vec<float> x) {
  const Vec<float> s = x * x;
  Vec<float> p = splat(-5.6027401287e-03f);
  p = p * s + 2.0539937859e-02f;
  p = p * s - 5.3705320377e-02f;
  p = p * s + 1.3330932163e-01f;
  p = p * s - 3.3333252204e-01f;
  p = p * s + 1.0f;
  const Vec<float> e = exp_within<2>(min(splat(20.0f), abs(x)));  // from 9.1 on tanh is 1
  const Vec<float> far = 1.0f - quotient(splat(2.0f), e + 1.0f);
  return s < 0.4f ? x * p : with_sign_of(x, far);
}

// x = 2^e m with m from √½ to √2; ln m = 2 artanh(s), whose series ends after s⁹. x normal and above 0; a NaN stays a NaN.
inline Vec<float> log(Vec<float> x) {
  const Bits e = ((Bits)x - 0x3f3504f3) >> 23;
  const Vec<float> m = (Vec<float>)((Bits)x - (e << 23)), s = (m - 1.0f) / (m + 1.0f), s2 = s * s;
  const Vec<float> rest = s2 * (1 / 3.0f + s2 * (1 / 5.0f + s2 * (1 / 7.0f + s2 * (1 / 9.0f))));
  return __builtin_convertvector(e, Vec<float>) * 0.693147181f + 2.0f * (s + s * rest) + x * 0.0f;
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

// cos 2πu and sin 2πu: of a point on the circle, u turns from where it starts.
template <class T>
struct Circle {
  Vec<T> cosine, sine;
};
inline Circle<double> circle(Vec<double> u) {
  const auto angle = [](double turns) { return 6.28318530717958647692 * (turns - std::nearbyint(turns)); };
  return {lanes(u, [&](double turns) { return std::cos(angle(turns)); }),
          lanes(u, [&](double turns) { return std::sin(angle(turns)); })};
}
inline Vec<float> sine_of_quarter(Vec<float> u) {  // sin 2πu for |u| <= 1/4
  const Vec<float> s = u * u;
  Vec<float> p = splat(-1.4394135332e+01f);
  p = p * s + 4.2009805722e+01f;
  p = p * s - 7.6704281321e+01f;
  p = p * s + 8.1605226206e+01f;
  p = p * s - 4.1341702117e+01f;
  p = p * s + 6.2831853071e+00f;
  return u * p;
}
inline Circle<float> circle(Vec<float> u) {
  const Vec<float> rest = u - ((u + kRound) - kRound), far = abs(rest), a = far > 0.5f ? splat(0.5f) : far;
  return {sine_of_quarter(0.25f - a), with_sign_of(rest, sine_of_quarter(a > 0.25f ? 0.5f - a : a))};
}

}  // namespace thetastar::TS_LEVEL
