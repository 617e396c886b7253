// Layers that act on each number by itself: Activation and Dropout. The shape stays.
#pragma once

#include <cstring>

#include "../activations.hpp"
#include "layer.hpp"

namespace thetastar::TS_LEVEL {

// dX = dY · factor
template <class T>
inline void scale_each(const T* d_output, const T* factor, T* d_input, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += kWidth<T>) store(d_input + i, load(d_output + i) * load(factor + i));
}

// Y = f(X)
template <class T>
class Activation final : public Layer<T> {
 public:
  Activation(Form in, const std::string& name, std::int64_t slope)
      : Layer<T>(in, in.shape), activate_(find_activation<T>(name)), slope_(slope) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    if (activate_)
      activate_.forward(input, output, pass.keeps && activate_.keeps_slopes ? slope(pass) : nullptr, count(pass));
    else
      std::memcpy(output, input, static_cast<std::size_t>(count(pass)) * sizeof(T));
  }
  void backward(const Pass<T>& pass, const T*, const T* output, T* d_output, T* d_input) const override {
    if (d_input == nullptr) return;
    if (activate_)
      activate_.backward(activate_.keeps_slopes ? slope(pass) : output, d_output, d_input, count(pass));
    else
      std::memcpy(d_input, d_output, static_cast<std::size_t>(count(pass)) * sizeof(T));
  }

 private:
  std::int64_t count(const Pass<T>& pass) const { return this->rows_out(pass) * this->out_.ld; }
  T* slope(const Pass<T>& pass) const { return this->kept(pass, slope_, this->out_.sample()); }
  const Activated<T> activate_;
  const std::int64_t slope_;
};

// Inverted dropout: Y = X · m, where m is 0 with probability `rate` and 1 / (1 - rate) otherwise, so that the mean is
// kept and prediction needs no scaling. Srivastava et al. 2014.
template <class T>
class Dropout final : public Layer<T> {
 public:
  // place: what tells this layer's random numbers from another dropout's.
  Dropout(Form in, double rate, std::uint64_t place, std::int64_t mask)
      : Layer<T>(in, in.shape), rate_(rate), place_(place), mask_(mask) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    if (!pass.training) {
      std::memcpy(output, input, static_cast<std::size_t>(count(pass)) * sizeof(T));
      return;
    }
    const int positions = this->out_.shape.positions(), from = (pass.before + pass.first) * positions;
    pass.stream.fold(pass.step).fold(place_).keep_mask(mask(pass), from, pass.batch * positions, this->out_.ld,
                                                       rate_ * pass.dropout);
    scale_each(input, mask(pass), output, count(pass));
  }
  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    if (d_input == nullptr) return;
    if (pass.training)
      scale_each(d_output, mask(pass), d_input, count(pass));
    else
      std::memcpy(d_input, d_output, static_cast<std::size_t>(count(pass)) * sizeof(T));
  }

 private:
  std::int64_t count(const Pass<T>& pass) const { return this->rows_out(pass) * this->out_.ld; }
  T* mask(const Pass<T>& pass) const { return this->kept(pass, mask_, this->out_.sample()); }
  const double rate_;
  const std::uint64_t place_;
  const std::int64_t mask_;
};

}  // namespace thetastar::TS_LEVEL
