// Softmax over the channels of each row, and PReLU, a rectifier whose slope below 0 is learned. The shape stays.
#pragma once

#include <limits>

#include "layer.hpp"

namespace thetastar::TS_LEVEL {

// p = e^(z - max) / Σ e^(z - max)
template <class T>
class Softmax final : public Layer<T> {
 public:
  explicit Softmax(Form in) : Layer<T>(in, in.shape) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const int C = this->in_.shape.channels;
    for (Offset i = 0; i < this->rows_in(pass); ++i) {
      const T* z = input + i * this->in_.ld;
      T* p = output + i * this->out_.ld;
      T highest = z[0];
      for (int c = 1; c < C; ++c) highest = z[c] > highest ? z[c] : highest;
      Vec<T> sums{};
      for (int c = 0; c < C; c += kWidth<T>) {
        const Vec<T> e = first_lanes<T>(C - c) ? exp(load(z + c) - highest) : Vec<T>{};  // the padding stays 0
        store(p + c, e);
        sums += e;
      }
      const T total = sum<T>(sums);
      for (int c = 0; c < C; c += kWidth<T>) store(p + c, load(p + c) / total);
    }
  }

  // dZ = p (dP - Σ dP p)
  void backward(const Pass<T>& pass, const T*, const T* output, T* d_output, T* d_input) const override {
    if (d_input == nullptr) return;
    const int C = this->in_.shape.channels;
    for (Offset i = 0; i < this->rows_in(pass); ++i) {
      const T *p = output + i * this->out_.ld, *d = d_output + i * this->out_.ld;
      T* dz = d_input + i * this->d_ld();
      Vec<T> along{};
      for (int c = 0; c < C; c += kWidth<T>) along += load(p + c) * load(d + c);
      const T mean = sum<T>(along);
      for (int c = 0; c < C; c += kWidth<T>) store(dz + c, load(p + c) * (load(d + c) - mean));
    }
  }
};

// y = max(0, x) + α min(0, x) with an α for each channel, or one for all; its slope at 0 is α. He et al. 2015.
template <class T>
class ParametricRelu final : public Layer<T> {
 public:
  ParametricRelu(Form in, bool shared, std::int64_t alpha) : Layer<T>(in, in.shape), shared_(shared), alpha_(alpha) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    each(pass, [&](Offset i, Offset c) {
      const Vec<T> x = load(input + i * this->in_.ld + c);
      store(output + i * this->out_.ld + c, x > T(0) ? x : x * alpha(pass, c));
    });
  }
  void backward(const Pass<T>& pass, const T* input, const T*, T* d_output, T* d_input) const override {
    if (d_input == nullptr) return;
    each(pass, [&](Offset i, Offset c) {
      const Vec<T> x = load(input + i * this->in_.ld + c), d = load(d_output + i * this->out_.ld + c);
      store(d_input + i * this->d_ld() + c, x > T(0) ? d : d * alpha(pass, c));
    });
  }

  // dα = Σ dY min(0, x), in the order of the samples
  void gradient(const Pass<T>& pass, const T* input, const T* d_output, const ParameterArray& of, Offset, Offset,
                T* sums) const override {
    const auto part = [&](Offset i, Offset c) {
      const Vec<T> x = load(input + i * this->in_.ld + c), d = load(d_output + i * this->out_.ld + c);
      return x > T(0) ? Vec<T>{} : d * x;
    };
    if (!pass.adds) std::fill_n(sums, of.ld, T(0));
    for (Offset i = 0; i < this->rows_in(pass); ++i) {
      Vec<T> row{};
      for (Offset c = 0; c < this->out_.ld; c += kWidth<T>)
        if (shared_)
          row += part(i, c);
        else
          store(sums + c, load(sums + c) + part(i, c));
      if (shared_) sums[0] += sum<T>(row);
    }
  }

 private:
  template <class Visit>
  void each(const Pass<T>& pass, const Visit& visit) const {
    for (Offset i = 0; i < this->rows_in(pass); ++i)
      for (Offset c = 0; c < this->out_.ld; c += kWidth<T>) visit(i, c);
  }
  Vec<T> alpha(const Pass<T>& pass, Offset c) const {
    return shared_ ? splat(pass.parameters[alpha_]) : load(pass.parameters + alpha_ + c);
  }
  const bool shared_;
  const std::int64_t alpha_;
};

}  // namespace thetastar::TS_LEVEL
