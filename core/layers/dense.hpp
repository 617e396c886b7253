// Dense: Y = f(Z), Z = b + X W, with X (B, I), W (I, O), b (O), Y (B, O).
#pragma once

#include "../activations.hpp"
#include "../kernels/gemm.hpp"
#include "../kernels/transpose.hpp"
#include "layer.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Dense final : public Layer<T> {
 public:
  struct Slices {
    std::int64_t weight = 0, bias = -1;        // in the parameters; bias -1: none
    std::int64_t slope = 0, transposed = 0;    // in the scratch: f'(Z) (B, O) and Wᵀ (O, I)
  };
  Dense(int inputs, int outputs, const std::string& activation, Slices slices)
      : Layer<T>(inputs, outputs), activate_(find_activation<T>(activation)), at_(slices) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const T* bias = at_.bias < 0 ? nullptr : pass.parameters + at_.bias;
    gemm<T>(pass.batch, this->outputs_, this->inputs_, input, ld_in(), 1, pass.parameters + at_.weight, ld_out(), output,
            ld_out(), bias);
    if (activate_)
      activate_(output, output, pass.training ? pass.scratch + at_.slope : nullptr,
                static_cast<std::int64_t>(pass.batch) * ld_out());
  }

  void backward(const Pass<T>& pass, const T* input, T* d_output, T* d_input) const override {
    T* dZ = d_output;  // (B, O): dY · f'(Z), in place
    through_activation(pass, dZ);
    // dW (I, O) = Xᵀ dZ
    gemm<T>(this->inputs_, this->outputs_, pass.batch, input, 1, ld_in(), dZ, ld_out(), pass.gradients + at_.weight,
            ld_out());
    if (d_input == nullptr) return;
    // dX (B, I) = dZ Wᵀ
    T* transposed = pass.scratch + at_.transposed;
    transpose<T>(this->inputs_, this->outputs_, pass.parameters + at_.weight, ld_out(), transposed, ld_in());
    gemm<T>(pass.batch, this->inputs_, this->outputs_, dZ, ld_out(), 1, transposed, ld_in(), d_input, ld_in());
  }

 private:
  // dZ = dY · f'(Z), and db (O) = its sum over the batch, in one pass over the batch.
  void through_activation(const Pass<T>& pass, T* dZ) const {
    const T* slope = activate_ ? pass.scratch + at_.slope : nullptr;
    for (int j = 0; j < this->outputs_; j += kWidth<T>) {
      Vec<T> db{};
      for (int b = 0; b < pass.batch; ++b) {
        const std::int64_t at = static_cast<std::int64_t>(b) * ld_out() + j;
        Vec<T> d = load(dZ + at);
        if (slope) {
          d *= load(slope + at);
          store(dZ + at, d);
        }
        db += d;
      }
      if (at_.bias >= 0) store(pass.gradients + at_.bias + j, db);
    }
  }
  std::ptrdiff_t ld_in() const { return padded<T>(this->inputs_); }
  std::ptrdiff_t ld_out() const { return padded<T>(this->outputs_); }

  const Activate<T> activate_;
  const Slices at_;
};

}  // namespace thetastar::TS_LEVEL
