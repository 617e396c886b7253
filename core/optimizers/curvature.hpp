// Estimates of the Hessian's diagonal for Sophia (Liu et al. 2023), measured on a batch every few steps.
//
//   hutchinson             u ⊙ H u with random signs u; H u from the gradients at θ ± ε u. For every loss.
//   gauss_newton_bartlett  B g ⊙ g, where g is the mean gradient with targets drawn from the network's own prediction.
//                          For losses that are the likelihood of something: a class, a coin, a normal variable.
#pragma once

#include <limits>

#include "../workspace.hpp"

namespace thetastar::TS_LEVEL {

// How far to go for a difference of gradients: the cube root of the precision balances rounding against bending.
template <class T>
double curvature_step(const T* parameters, std::int64_t n) {
  double largest = 1;
  for (std::int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(static_cast<double>(parameters[i])));
  return std::cbrt(static_cast<double>(std::numeric_limits<T>::epsilon())) * largest;
}
inline double random_sign(const Stream& stream, std::int64_t i) {
  return stream.bits(static_cast<std::uint64_t>(i)).first & 1 ? 1.0 : -1.0;
}

template <class T>
class Curvature {
 public:
  Curvature(const Plan<T>& plan, bool used)
      : plan_(plan), size_(used ? plan.parameters_size() : 0), signs_(size_), kept_(size_), gradient_(size_),
        diagonal_(size_) {}

  // `pass` writes the batch's gradient at the parameters as they are.
  template <class Pass>
  const T* hutchinson(const Stream& stream, T* parameters, T* gradients, Pass pass) {
    draw(stream);
    const double far = curvature_step(parameters, size_);
    std::copy(parameters, parameters + size_, kept_.data());
    std::copy(gradients, gradients + size_, gradient_.data());
    shift(parameters, far);
    pass();
    std::copy(gradients, gradients + size_, diagonal_.data());
    shift(parameters, -far);
    pass();
    for (std::int64_t i = 0; i < size_; ++i)
      diagonal_.data()[i] =
          static_cast<T>(signs_.data()[i] * ((static_cast<double>(diagonal_.data()[i]) - gradients[i]) / (2 * far)));
    std::copy(kept_.data(), kept_.data() + size_, parameters);
    std::copy(gradient_.data(), gradient_.data() + size_, gradients);
    return diagonal_.data();
  }

  // The outputs of the batch are there; `back` runs the layers backward. Weights of the samples enter by their root.
  template <class Back>
  const T* gauss_newton_bartlett(const Stream& stream, const LossSpec& loss, Workspace<T>& work, const Data<T>& data,
                                 const std::int64_t* rows, int batch, double weight_scale, Back back) {
    T* gradients = work.gradients();
    std::copy(gradients, gradients + size_, gradient_.data());
    const int outputs = plan_.outputs();
    const std::ptrdiff_t ld = padded<T>(outputs);
    for (int b = 0; b < batch; ++b) {
      T* residual = work.gradient_at(plan_.layers().size()) + b * ld;
      std::fill(residual + outputs, residual + ld, T(0));
      const double weight = weight_scale * (data.weights ? static_cast<double>(data.weights[rows[b]]) : 1.0);
      draw_residual(loss, stream.fold(static_cast<std::uint64_t>(b)), work.output() + b * ld, outputs,
                    std::sqrt(weight) / batch, residual);
    }
    back();
    for (std::int64_t i = 0; i < size_; ++i) diagonal_.data()[i] = static_cast<T>(batch) * gradients[i] * gradients[i];
    std::copy(gradient_.data(), gradient_.data() + size_, gradients);
    return diagonal_.data();
  }

  std::int64_t bytes() const { return 4 * size_ * static_cast<std::int64_t>(sizeof(T)); }

 private:
  // A sign for every parameter, counted without the padding, so that it is the same on every level; 0 in the padding.
  void draw(const Stream& stream) {
    std::int64_t count = 0;
    for (const ParameterArray& s : plan_.arrays())
      each_gate(s, [&](std::int64_t at, int columns) {
        for (int c = 0; c < columns; ++c, ++count) signs_.data()[at + c] = static_cast<T>(random_sign(stream, count));
      });
  }
  void shift(T* parameters, double far) const {
    for (std::int64_t i = 0; i < size_; ++i) parameters[i] = static_cast<T>(kept_.data()[i] + far * signs_.data()[i]);
  }

  // A random vector whose covariance is the loss's own Hessian with respect to the outputs, times scale².
  static void draw_residual(const LossSpec& loss, const Stream& stream, const T* f, int outputs, double scale,
                            T* residual) {
    if (loss.kind == "mean_squared_error") {
      for (int j = 0; j < outputs; ++j)
        residual[j] = static_cast<T>(scale * std::sqrt(2.0 / outputs) * random_sign(stream, j));
    } else if (loss.kind == "binary_cross_entropy") {
      for (int j = 0; j < outputs; ++j) {
        const double p = softplus(f[j]).slope, drawn = stream.uniform(static_cast<std::uint64_t>(j)) < p ? 1 : 0;
        residual[j] = static_cast<T>(scale * (p - drawn) / std::sqrt(static_cast<double>(outputs)));
      }
    } else {  // cross-entropy of classes: p - onehot(a class drawn from p)
      double highest = f[0], total = 0;
      for (int j = 1; j < outputs; ++j) highest = std::max(highest, static_cast<double>(f[j]));
      for (int j = 0; j < outputs; ++j) total += std::exp(f[j] - highest);
      double left = stream.uniform(0) * total;
      int drawn = -1;
      for (int j = 0; j < outputs; ++j) {
        const double share = std::exp(f[j] - highest);
        if (drawn < 0 && (left < share || j == outputs - 1)) drawn = j;
        left -= share;
        residual[j] = static_cast<T>(scale * (share / total - (drawn == j ? 1 : 0)));
      }
    }
  }

  const Plan<T>& plan_;
  const std::int64_t size_;
  Block<T> signs_, kept_, gradient_, diagonal_;
};

}  // namespace thetastar::TS_LEVEL
