// Losses. Each gives one sample's value and writes the gradient of that value with respect to the network's raw
// outputs. The mean over samples and the sample weights are applied once, by the loop (train.hpp), by one rule.
//
// value(prediction (O), target (K), O, gradient (O)); prediction and gradient have padded rows, and the gradient's
// padding must stay zero. K = O except for class indices, where K = 1.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "kernels/math.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
using Loss = double (*)(const T* prediction, const T* target, int outputs, T* gradient);

// mean over outputs of (f - y)²
template <class T>
double mean_squared_error(const T* f, const T* y, int outputs, T* gradient) {
  double value = 0;
  for (int j = 0; j < outputs; ++j) {
    const T error = f[j] - y[j];
    value += static_cast<double>(error) * error;
    gradient[j] = 2 * error / outputs;
  }
  return value / outputs;
}

// mean over outputs of |f - y|; the slope at zero error is 0
template <class T>
double mean_absolute_error(const T* f, const T* y, int outputs, T* gradient) {
  double value = 0;
  for (int j = 0; j < outputs; ++j) {
    const T error = f[j] - y[j];
    value += std::abs(static_cast<double>(error));
    gradient[j] = (error > 0 ? T(1) : error < 0 ? T(-1) : error) / outputs;  // `error` keeps a NaN a NaN
  }
  return value / outputs;
}

// mean over outputs of -y log σ(z) - (1 - y) log(1 - σ(z)) = max(z, 0) - y z + log1p(e^-|z|); gradient σ(z) - y
template <class T>
double binary_cross_entropy(const T* z, const T* y, int outputs, T* gradient) {
  double value = 0;
  for (int j = 0; j < outputs; ++j) {
    const T e = std::exp(-std::abs(z[j]));
    value += std::max(z[j], T(0)) - static_cast<double>(y[j]) * z[j] + std::log1p(e);
    gradient[j] = ((z[j] >= 0 ? 1 / (1 + e) : e / (1 + e)) - y[j]) / outputs;
  }
  return value / outputs;
}

// -log softmax(z)[class] = log Σ e^(z - max) - (z[class] - max); gradient softmax(z) - onehot(class)
template <class T>
double cross_entropy(const T* z, const T* target, int outputs, T* gradient) {
  const int label = static_cast<int>(target[0]);
  T highest = z[0];
  for (int j = 1; j < outputs; ++j) highest = z[j] > highest ? z[j] : highest;
  const int whole = outputs / kWidth<T> * kWidth<T>;
  Vec<T> sums{};
  for (int j = 0; j < whole; j += kWidth<T>) {
    const Vec<T> e = exp(load(z + j) - highest);
    store(gradient + j, e);
    sums += e;
  }
  if (whole < outputs) {  // the padding is left out of the sum and kept zero
    const Vec<T> e = exp(load(z + whole) - highest);
    Vec<T> kept{};
    for (int j = whole; j < outputs; ++j) kept[j - whole] = e[j - whole];
    store(gradient + whole, kept);
    sums += kept;
  }
  const T total = sum<T>(sums);
  for (int j = 0; j < outputs; ++j) gradient[j] /= total;
  gradient[label] -= 1;
  return std::log(static_cast<double>(total)) - (static_cast<double>(z[label]) - highest);
}

template <class T>
Loss<T> find_loss(const std::string& name) {
  if (name == "mean_squared_error") return mean_squared_error<T>;
  if (name == "mean_absolute_error") return mean_absolute_error<T>;
  if (name == "binary_cross_entropy") return binary_cross_entropy<T>;
  if (name == "cross_entropy") return cross_entropy<T>;
  throw std::invalid_argument("loss: no '" + name + "' in the core");
}

}  // namespace thetastar::TS_LEVEL
