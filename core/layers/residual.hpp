// Residual: Y = F(X) + S(X), where F is any stack of layers and S the identity, or a projection where F changes the
// shape (a 1 × 1 convolution with F's stride for images, a dense layer for vectors and sequences). He et al. 2016.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "layer.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Residual final : public Layer<T> {
 public:
  struct Layout {                                         // in the scratch
    std::vector<std::int64_t> outputs;                    // of every layer of F
    std::int64_t shortcut = 0;                            // S(X), and its gradient
    std::int64_t d_first = 0, d_second = 0;               // gradients alternate between these
    std::vector<std::vector<ParameterArray>> parameters;  // of every layer of F, and of the projection
  };
  using Stack = std::vector<std::unique_ptr<Layer<T>>>;
  Residual(Form in, Stack inner, std::unique_ptr<Layer<T>> projection, Layout layout)
      : Layer<T>(in, inner.back()->out().shape), inner_(std::move(inner)), projection_(std::move(projection)),
        at_(layout) {}

  bool splits() const override { return false; }
  bool sees_batch() const override {
    return std::any_of(inner_.begin(), inner_.end(), [](const auto& layer) { return layer->sees_batch(); });
  }
  double multiplications() const override {
    double total = projection_ ? projection_->multiplications() : 0;
    for (const auto& layer : inner_) total += layer->multiplications();
    return total;
  }

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    for (std::size_t l = 0; l < inner_.size(); ++l)
      inner_[l]->forward(pass, input_of(pass, input, l), pass.scratch + at_.outputs[l]);
    const T* shortcut = input;
    if (projection_) {
      projection_->forward(pass, input, pass.scratch + at_.shortcut);
      shortcut = pass.scratch + at_.shortcut;
    }
    const T* last = pass.scratch + at_.outputs.back();
    for (Offset i = 0; i < this->rows_out(pass) * this->out_.ld; i += kWidth<T>)
      store(output + i, load(last + i) + load(shortcut + i));
  }

  void backward(const Pass<T>& pass, const T* input, const T*, T* d_output, T* d_input) const override {
    T* d[2] = {pass.scratch + at_.d_first, pass.scratch + at_.d_second};
    T* through = pass.scratch + at_.shortcut;  // S, and then dX by way of it
    const std::size_t bytes = static_cast<std::size_t>(this->rows_out(pass) * this->out_.ld) * sizeof(T);
    std::memcpy(d[0], d_output, bytes);
    for (std::size_t l = inner_.size(); l-- > 0;) {
      inner_[l]->backward(pass, input_of(pass, input, l), input_of(pass, input, l + 1), d[0],
                          l == 0 && d_input == nullptr ? nullptr : d[1]);
      gradients(pass, *inner_[l], input_of(pass, input, l), d[0], l);
      std::swap(d[0], d[1]);
    }
    if (projection_) {
      projection_->backward(pass, input, through, d_output, d_input ? through : nullptr);
      gradients(pass, *projection_, input, d_output, inner_.size());
    } else {
      through = d_output;
    }
    if (d_input == nullptr) return;
    for (Offset i = 0; i < this->rows_in(pass) * this->d_ld(); i += kWidth<T>)
      store(d_input + i, load(d[0] + i) + load(through + i));
  }

 private:
  void gradients(const Pass<T>& pass, const Layer<T>& layer, const T* input, const T* dZ, std::size_t place) const {
    for (const ParameterArray& array : at_.parameters[place])
      layer.gradient(pass, input, dZ, array, 0, array.rows, pass.gradients + array.offset);
  }
  const T* input_of(const Pass<T>& pass, const T* input, std::size_t l) const {
    return l == 0 ? input : pass.scratch + at_.outputs[l - 1];
  }
  const Stack inner_;
  const std::unique_ptr<Layer<T>> projection_;
  const Layout at_;
};

}  // namespace thetastar::TS_LEVEL
