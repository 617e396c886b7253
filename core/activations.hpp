// Activation functions. Value and slope stand side by side and come out of one evaluation, so that the backward pass
// is one multiplication by the stored slope, for every activation alike.
//
// At a kink the slope is the one of the side named in docs: relu'(0) = 0, leaky_relu'(0) = 0.01, hard_sigmoid' = 0 at
// its two corners.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "kernels/math.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
struct Point {
  Vec<T> value, slope;
};

template <class T>
inline Vec<T> logistic(Vec<T> z) {  // from exp(-|z|) <= 1, so it neither overflows nor cancels
  const Vec<T> e = exp(-abs(z));
  const Vec<T> near = T(1) / (T(1) + e);
  return z < T(0) ? e * near : near;
}

struct Identity {
  template <class T> static Point<T> at(Vec<T> z) { return {z, splat(T(1))}; }
};
struct Sigmoid {  // 1 / (1 + e^-z)
  template <class T> static Point<T> at(Vec<T> z) {
    const Vec<T> s = logistic<T>(z);
    return {s, s * (T(1) - s)};
  }
};
struct HardSigmoid {  // clip(z / 6 + 1/2, 0, 1)
  template <class T> static Point<T> at(Vec<T> z) {
    const Vec<T> line = z / T(6) + T(0.5), zero{};
    const Vec<T> above = line < T(0) ? zero : line;
    return {above > T(1) ? splat(T(1)) : above, line > T(0) ? (line < T(1) ? splat(T(1) / T(6)) : zero) : zero};
  }
};
struct Tanh {
  template <class T> static Point<T> at(Vec<T> z) {
    const Vec<T> t = tanh(z);
    return {t, T(1) - t * t};
  }
};
struct Relu {  // max(0, z); a NaN stays a NaN, so that divergence is seen
  template <class T> static Point<T> at(Vec<T> z) {
    return {z <= T(0) ? Vec<T>{} : z, z > T(0) ? splat(T(1)) : Vec<T>{}};
  }
};
struct LeakyRelu {
  template <class T> static Point<T> at(Vec<T> z) {
    const Vec<T> slope = z > T(0) ? splat(T(1)) : splat(T(0.01));
    return {z * slope, slope};
  }
};
template <class T>
inline Point<T> exponential_unit(Vec<T> z, T alpha, T scale) {  // scale · (z above zero, α(e^z - 1) below)
  const Vec<T> e = alpha * exp(z > T(0) ? Vec<T>{} : z);
  return {scale * (z > T(0) ? z : e - alpha), scale * (z > T(0) ? splat(T(1)) : e)};
}
struct Elu {
  template <class T> static Point<T> at(Vec<T> z) { return exponential_unit<T>(z, T(1), T(1)); }
};
struct Selu {  // Klambauer et al. 2017
  template <class T> static Point<T> at(Vec<T> z) {
    return exponential_unit<T>(z, T(1.6732632423543772), T(1.0507009873554805));
  }
};
struct Gelu {  // z Φ(z), Hendrycks and Gimpel 2016
  template <class T> static Point<T> at(Vec<T> z) {
    const Vec<T> cdf = normal_cdf(z);
    return {z * cdf, cdf + z * (exp(T(-0.5) * z * z) * T(0.39894228040143268))};
  }
};
struct GeluTanh {  // the same paper's approximation, 0.5 z (1 + tanh(√(2/π) (z + 0.044715 z³)))
  template <class T> static Point<T> at(Vec<T> z) {
    const T c = T(0.79788456080286536), k = T(0.044715);
    // Beyond 20 the tanh is 1 to the last bit, and z³ would overflow.
    const Vec<T> w = z > T(20) ? splat(T(20)) : (z < T(-20) ? splat(T(-20)) : z);
    const Vec<T> t = tanh(c * (w + k * w * w * w));
    return {T(0.5) * z * (T(1) + t), T(0.5) * (T(1) + t) + T(0.5) * w * (T(1) - t * t) * c * (T(1) + T(3) * k * w * w)};
  }
};
struct Silu {  // z σ(z)
  template <class T> static Point<T> at(Vec<T> z) {
    const Vec<T> s = logistic<T>(z);
    return {z * s, s * (T(1) + z * (T(1) - s))};
  }
};
struct Mish {  // z tanh(softplus(z)), Misra 2019; with e = e^z: tanh(softplus(z)) = (e² + 2e) / (e² + 2e + 2)
  template <class T> static Point<T> at(Vec<T> z) {
    const Vec<T> e = exp(z > T(20) ? splat(T(20)) : z);  // beyond 20 the tanh is 1 to the last bit
    const Vec<T> n = e * (e + T(2)), t = n / (n + T(2));
    return {z * t, t + z * (T(1) - t * t) * logistic<T>(z)};
  }
};
struct Softplus {  // log(1 + e^z) = max(z, 0) + log1p(e^-|z|)
  template <class T> static Point<T> at(Vec<T> z) {
    return {(z < T(0) ? Vec<T>{} : z) + log1p(exp(-abs(z))), logistic<T>(z)};
  }
};
struct Softsign {  // z / (1 + |z|)
  template <class T> static Point<T> at(Vec<T> z) {
    const Vec<T> r = T(1) / (T(1) + abs(z));
    return {z * r, r * r};
  }
};
struct Gaussian {  // e^(-z²)
  template <class T> static Point<T> at(Vec<T> z) {
    const Vec<T> g = exp(-z * z);
    return {g, T(-2) * z * g};
  }
};
struct Step {  // 1 from zero on; its slope is 0, so nothing before it can learn
  template <class T> static Point<T> at(Vec<T> z) {
    return {z >= T(0) ? splat(T(1)) : (z < T(0) ? Vec<T>{} : z), Vec<T>{}};
  }
};

// values = f(z), and slopes = f'(z) unless null, over n numbers (whole vectors). `values` may be `z`.
template <class T>
using Activate = void (*)(const T* z, T* values, T* slopes, std::int64_t n);

template <class T, class F>
void activate(const T* z, T* values, T* slopes, std::int64_t n) {
  if (slopes == nullptr) {
    for (std::int64_t i = 0; i < n; i += kWidth<T>) store(values + i, F::template at<T>(load(z + i)).value);
  } else {
    for (std::int64_t i = 0; i < n; i += kWidth<T>) {
      const Point<T> point = F::template at<T>(load(z + i));
      store(values + i, point.value);
      store(slopes + i, point.slope);
    }
  }
}

// Finds an activation by name; null for identity, which needs no pass at all.
template <class T>
Activate<T> find_activation(const std::string& name) {
  if (name == "identity") return nullptr;
  if (name == "sigmoid") return activate<T, Sigmoid>;
  if (name == "hard_sigmoid") return activate<T, HardSigmoid>;
  if (name == "tanh") return activate<T, Tanh>;
  if (name == "relu") return activate<T, Relu>;
  if (name == "leaky_relu") return activate<T, LeakyRelu>;
  if (name == "elu") return activate<T, Elu>;
  if (name == "selu") return activate<T, Selu>;
  if (name == "gelu") return activate<T, Gelu>;
  if (name == "gelu_tanh") return activate<T, GeluTanh>;
  if (name == "silu") return activate<T, Silu>;
  if (name == "mish") return activate<T, Mish>;
  if (name == "softplus") return activate<T, Softplus>;
  if (name == "softsign") return activate<T, Softsign>;
  if (name == "gaussian") return activate<T, Gaussian>;
  if (name == "step") return activate<T, Step>;
  throw std::invalid_argument("activation: no '" + name + "' in the core");
}

}  // namespace thetastar::TS_LEVEL
