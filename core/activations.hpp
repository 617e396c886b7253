// Activation functions. Value and slope come out of one evaluation. Where the slope follows from the value (`slope_of`), only
// the value is kept, so that a batch needs less of the cache. Otherwise the slope is kept too, and the backward pass is one
// multiplication by it.
//
// At a kink the slope is the one of the side named in docs: relu'(0) = 0, leaky_relu'(0) = 0.01, hard_sigmoid', relu6'
// and hard_tanh' = 0 at their two corners.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "kernels/math.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
struct Point {
  Vec<T> value, slope;
};

struct Identity {
  template <class T>
  static Point<T> at(Vec<T> z) {
    return {z, splat(T(1))};
  }
};
struct Sigmoid {  // 1 / (1 + e^-z)
  template <class T>
  static Point<T> at(Vec<T> z) {
    const Vec<T> s = logistic(z);
    return {s, slope_of<T>(s)};
  }
  template <class T>
  static Vec<T> slope_of(Vec<T> s) {
    return s * (T(1) - s);
  }
};
struct HardSigmoid {  // clip(z / 6 + 1/2, 0, 1)
  template <class T>
  static Point<T> at(Vec<T> z) {
    const Vec<T> line = z / T(6) + T(0.5), above = line < T(0) ? Vec<T>{} : line,
                 s = above > T(1) ? splat(T(1)) : above;
    return {s, slope_of<T>(s)};
  }
  template <class T>
  static Vec<T> slope_of(Vec<T> s) {
    return s > T(0) ? (s < T(1) ? splat(T(1) / T(6)) : Vec<T>{}) : Vec<T>{};
  }
};
struct Tanh {
  template <class T>
  static Point<T> at(Vec<T> z) {
    const Vec<T> t = tanh(z);
    return {t, slope_of<T>(t)};
  }
  template <class T>
  static Vec<T> slope_of(Vec<T> t) {
    return T(1) - t * t;
  }
};
struct Relu {  // max(0, z); a NaN stays a NaN, so that divergence is seen
  template <class T>
  static Point<T> at(Vec<T> z) {
    return {max(Vec<T>{}, z), slope_of<T>(z)};
  }
  template <class T>
  static Vec<T> slope_of(Vec<T> z) {
    return z > T(0) ? splat(T(1)) : Vec<T>{};
  }  // z and its value alike
};
struct Relu6 {  // clip(z, 0, 6)
  template <class T>
  static Point<T> at(Vec<T> z) {
    const Vec<T> above = z < T(0) ? Vec<T>{} : z, s = above > T(6) ? splat(T(6)) : above;
    return {s, slope_of<T>(s)};
  }
  template <class T>
  static Vec<T> slope_of(Vec<T> s) {
    return s > T(0) ? (s < T(6) ? splat(T(1)) : Vec<T>{}) : Vec<T>{};
  }
};
struct HardTanh {  // clip(z, -1, 1)
  template <class T>
  static Point<T> at(Vec<T> z) {
    const Vec<T> above = z < T(-1) ? splat(T(-1)) : z, s = above > T(1) ? splat(T(1)) : above;
    return {s, slope_of<T>(s)};
  }
  template <class T>
  static Vec<T> slope_of(Vec<T> s) {
    return s > T(-1) ? (s < T(1) ? splat(T(1)) : Vec<T>{}) : Vec<T>{};
  }
};
struct LeakyRelu {
  template <class T>
  static Point<T> at(Vec<T> z) {
    const Vec<T> slope = slope_of<T>(z);
    return {z * slope, slope};
  }
  template <class T>
  static Vec<T> slope_of(Vec<T> z) {
    return z > T(0) ? splat(T(1)) : splat(T(0.01));
  }  // z and its value alike
};
template <class T>
inline Point<T> exponential_unit(Vec<T> z, T alpha, T scale) {  // scale · (z above zero, α(e^z - 1) below)
  const Vec<T> e = alpha * exp(z > T(0) ? Vec<T>{} : z);
  return {scale * (z > T(0) ? z : e - alpha), scale * (z > T(0) ? splat(T(1)) : e)};
}
struct Elu {
  template <class T>
  static Point<T> at(Vec<T> z) {
    return exponential_unit<T>(z, T(1), T(1));
  }
};
struct Selu {  // Klambauer et al. 2017
  template <class T>
  static Point<T> at(Vec<T> z) {
    return exponential_unit<T>(z, T(1.6732632423543772), T(1.0507009873554805));
  }
};
struct Gelu {  // z Φ(z), Hendrycks and Gimpel 2016
  template <class T>
  static Point<T> at(Vec<T> z) {
    const Vec<T> cdf = normal_cdf(z);
    return {z * cdf, cdf + z * (exp(T(-0.5) * z * z) * T(0.39894228040143268))};
  }
};
struct GeluTanh {  // the same paper's approximation, 0.5 z (1 + tanh(√(2/π) (z + 0.044715 z³)))
  template <class T>
  static Point<T> at(Vec<T> z) {
    const T c = T(0.79788456080286536), k = T(0.044715);
    // Beyond 20 the tanh is 1 to the last bit, and z³ would overflow.
    const Vec<T> w = z > T(20) ? splat(T(20)) : (z < T(-20) ? splat(T(-20)) : z);
    const Vec<T> t = tanh(c * (w + k * w * w * w));
    return {T(0.5) * z * (T(1) + t), T(0.5) * (T(1) + t) + T(0.5) * w * (T(1) - t * t) * c * (T(1) + T(3) * k * w * w)};
  }
};
struct Silu {  // z σ(z)
  template <class T>
  static Point<T> at(Vec<T> z) {
    const Vec<T> s = logistic(z);
    return {z * s, s * (T(1) + z * (T(1) - s))};
  }
};
struct Mish {  // z tanh(softplus(z)), Misra 2019; with e = e^z: tanh(softplus(z)) = (e² + 2e) / (e² + 2e + 2)
  template <class T>
  static Point<T> at(Vec<T> z) {
    const Vec<T> e = exp(z > T(20) ? splat(T(20)) : z);  // beyond 20 the tanh is 1 to the last bit
    const Vec<T> n = e * (e + T(2)), t = n / (n + T(2));
    return {z * t, t + z * (T(1) - t * t) * logistic(z)};
  }
};
struct Softplus {  // log(1 + e^z) = max(z, 0) + log1p(e^-|z|)
  template <class T>
  static Point<T> at(Vec<T> z) {
    return {(z < T(0) ? Vec<T>{} : z) + log1p(exp(-abs(z))), logistic(z)};
  }
};
struct Softsign {  // z / (1 + |z|)
  template <class T>
  static Point<T> at(Vec<T> z) {
    const Vec<T> r = T(1) / (T(1) + abs(z));
    return {z * r, r * r};
  }
};
struct Gaussian {  // e^(-z²)
  template <class T>
  static Point<T> at(Vec<T> z) {
    const Vec<T> g = exp(-z * z);
    return {g, T(-2) * z * g};
  }
};
struct Step {  // 1 from zero on; its slope is 0, so nothing before it can learn
  template <class T>
  static Point<T> at(Vec<T> z) {
    return {z >= T(0) ? splat(T(1)) : (z < T(0) ? Vec<T>{} : z), Vec<T>{}};
  }
};

// An activation without its type, over n numbers (whole vectors). All pointers are null for the identity, which needs no pass.
template <class T>
struct Activated {
  // values = f(z), and slopes = f'(z) unless null; `values` may be `z`.
  void (*forward)(const T* z, T* values, T* slopes, std::int64_t n) = nullptr;
  // d_z = d_values · f'(z), from what was kept: the values, or the slopes where `keeps_slopes`; d_z may be d_values.
  void (*backward)(const T* kept, const T* d_values, T* d_z, std::int64_t n) = nullptr;
  bool keeps_slopes = false;
  bool is_relu = false;  // which a product does by itself

  explicit operator bool() const { return forward != nullptr; }
};

template <class F, class T>
inline constexpr bool kSlopeOfValue = requires(Vec<T> value) { F::template slope_of<T>(value); };

template <class T, class F>
Activated<T> activated() {
  Activated<T> a;
  a.forward = [](const T* z, T* values, T* slopes, std::int64_t n) {
    for (std::int64_t i = 0; i < n; i += kWidth<T>) {
      const Point<T> point = F::template at<T>(load(z + i));
      store(values + i, point.value);
      if (slopes) store(slopes + i, point.slope);
    }
  };
  a.backward = [](const T* kept, const T* d_values, T* d_z, std::int64_t n) {
    for (std::int64_t i = 0; i < n; i += kWidth<T>) {
      if constexpr (kSlopeOfValue<F, T>)
        store(d_z + i, load(d_values + i) * F::template slope_of<T>(load(kept + i)));
      else
        store(d_z + i, load(d_values + i) * load(kept + i));
    }
  };
  a.keeps_slopes = !kSlopeOfValue<F, T>;
  a.is_relu = std::is_same_v<F, Relu>;
  return a;
}

// Hands the activation of that name to `use`, as a type.
template <class Use>
auto with_activation(const std::string& name, Use use) {
  if (name == "identity") return use(Identity());
  if (name == "sigmoid") return use(Sigmoid());
  if (name == "hard_sigmoid") return use(HardSigmoid());
  if (name == "tanh") return use(Tanh());
  if (name == "relu") return use(Relu());
  if (name == "leaky_relu") return use(LeakyRelu());
  if (name == "relu6") return use(Relu6());
  if (name == "hard_tanh") return use(HardTanh());
  if (name == "elu") return use(Elu());
  if (name == "selu") return use(Selu());
  if (name == "gelu") return use(Gelu());
  if (name == "gelu_tanh") return use(GeluTanh());
  if (name == "silu") return use(Silu());
  if (name == "mish") return use(Mish());
  if (name == "softplus") return use(Softplus());
  if (name == "softsign") return use(Softsign());
  if (name == "gaussian") return use(Gaussian());
  if (name == "step") return use(Step());
  throw std::invalid_argument("activation: no '" + name + "' in the core");
}
template <class T>
Activated<T> find_activation(const std::string& name) {
  return with_activation(name,
                         []<class F>(F) { return std::is_same_v<F, Identity> ? Activated<T>{} : activated<T, F>(); });
}

}  // namespace thetastar::TS_LEVEL
