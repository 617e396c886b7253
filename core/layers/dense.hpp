// Dense: Y = f(Z), Z = b + X W, with X (B, I), W (I, O), b (O), Y (B, O). Over a sequence or an image it acts on the
// last axis, at every position alike: B is then the number of rows of the batch.
#pragma once

#include "../kernels/bfloat16.hpp"
#include "affine.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Dense final : public Layer<T> {
 public:
  // bfloat16: the products of training round their factors to it; the slices have room for that then.
  Dense(Form in, int units, const std::string& activation, AffineSlices slices, bool bfloat16 = false)
      : Layer<T>(in, {in.shape.height, in.shape.width, units}), activate_(find_activation<T>(activation)), at_(slices), bfloat16_(bfloat16) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const Offset B = this->rows_in(pass);
    const T* bias = at_.bias < 0 ? nullptr : pass.parameters + at_.bias;
    const bool rounds = bfloat16_ && pass.keeps;  // what is measured is measured in full precision
    const bool rectifies = activate_.is_relu && !rounds;
    product(rounds, pass, B, O(), {{input, ld_in(), nullptr, 1, I()}, pass.parameters + at_.weight, ld_out(), output, ld_out(), bias,
                                   bias ? Begin::kBias : Begin::kZero, rectifies});
    if (activate_ && !rectifies)
      activate_.forward(output, output, pass.keeps && activate_.keeps_slopes ? slope(pass) : nullptr, B * ld_out());
  }

  void backward(const Pass<T>& pass, const T*, const T* output, T* d_output, T* d_input) const override {
    const Offset B = this->rows_in(pass);
    T* dZ = d_output;  // (B, O): dY · f'(Z), in place
    if (activate_) activate_.backward(activate_.keeps_slopes ? slope(pass) : output, dZ, dZ, B * ld_out());
    if (d_input == nullptr) return;
    // dX (B, I) = dZ (B, O) Wᵀ
    product(bfloat16_, pass, B, I(), {{dZ, ld_out(), nullptr, 1, O()}, pass.parameters + at_.weight, ld_out(), d_input, this->d_ld(), nullptr, Begin::kZero,
                                      false, true});
  }

  // dW (I, O) = Xᵀ dZ, db (O) = Σ dZ
  void gradient(const Pass<T>& pass, const T* input, const T* dZ, const ParameterSlice& of, Offset from, Offset to) const override {
    const Offset B = this->rows_in(pass);
    T* gradient = pass.gradients + of.offset;
    if (of.offset == at_.bias) return sum_rows<T>(B, O(), ld_out(), dZ, gradient, pass.adds);
    product(bfloat16_, pass, to - from, O(), {{input + from, 1, nullptr, ld_in(), B}, dZ, ld_out(), gradient + from * ld_out(), ld_out(), nullptr,
                                              pass.adds ? Begin::kAdd : Begin::kZero});
  }

  Cut cut() const override { return bfloat16_ ? Cut::kShares : Cut::kRows; }  // dZ would be rounded again for each few rows
  double multiplications() const override { return static_cast<double>(this->in_.shape.positions()) * static_cast<double>(I() * O()); }

 private:
  Offset I() const { return this->in_.shape.channels; }
  Offset O() const { return this->out_.shape.channels; }
  Offset ld_in() const { return this->in_.ld; }
  Offset ld_out() const { return this->out_.ld; }

  void product(bool rounds, const Pass<T>& pass, Offset M, Offset N, const Product<T>& p) const {
    rounds ? multiply_bfloat16<T>(M, N, p, pass.own + at_.transposed) : multiply<T>(M, N, p);
  }

  T* slope(const Pass<T>& pass) const { return this->kept(pass, at_.slope, this->out_.sample()); }

  const Activated<T> activate_;
  const AffineSlices at_;
  const bool bfloat16_;
};

}  // namespace thetastar::TS_LEVEL
