// Normalisation: Y = γ (X - μ) / √(σ² + ε) + β. BatchNorm takes μ and σ² of each channel over the batch and all
// positions (Ioffe and Szegedy 2015), LayerNorm of each row over its channels (Ba, Kiros, Hinton 2016).
#pragma once

#include "affine.hpp"

namespace thetastar::TS_LEVEL {

struct NormLayout {
  std::int64_t gamma = 0, beta = 0;       // in the parameters, (C)
  std::int64_t mean = -1, variance = -1;  // in the parameters, (C): running statistics, no gradient (BatchNorm)
  std::int64_t normal = 0;                // in the scratch, (rows, C): (X - μ) / √(σ² + ε)
  std::int64_t inverse = 0;               // in the scratch: 1 / √(σ² + ε), one a channel or one a row
};

template <class T>
class BatchNorm final : public Layer<T> {
 public:
  BatchNorm(Form in, double momentum, double epsilon, NormLayout layout)
      : Layer<T>(in, in.shape), momentum_(static_cast<T>(momentum)), epsilon_(static_cast<T>(epsilon)), at_(layout) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const Offset rows = this->rows_in(pass), ld = this->out_.ld;
    T* normal = pass.scratch + at_.normal;
    for (Offset c = 0; c < ld; c += kWidth<T>) {
      Vec<T> mean = load(pass.parameters + at_.mean + c), variance = load(pass.parameters + at_.variance + c);
      if (pass.training) {
        Vec<T> total{}, squares{};
        for (Offset i = 0; i < rows; ++i) total += load(input + i * this->in_.ld + c);
        mean = total / static_cast<T>(rows);
        for (Offset i = 0; i < rows; ++i) {
          const Vec<T> d = load(input + i * this->in_.ld + c) - mean;
          squares += d * d;
        }
        variance = squares / static_cast<T>(rows);
        if (pass.running) {
          remember(pass.running + at_.mean + c, mean);
          remember(pass.running + at_.variance + c, variance);
        }
      }
      const Vec<T> inverse = T(1) / exact_root(variance + epsilon_);
      store(pass.scratch + at_.inverse + c, inverse);
      const Vec<T> gamma = load(pass.parameters + at_.gamma + c), beta = load(pass.parameters + at_.beta + c);
      for (Offset i = 0; i < rows; ++i) {
        const Vec<T> x = (load(input + i * this->in_.ld + c) - mean) * inverse;
        if (pass.keeps) store(normal + i * ld + c, x);
        store(output + i * ld + c, gamma * x + beta);
      }
    }
  }

  // With statistics of the batch: dX = γ/√(σ²+ε) (dY - mean(dY) - x̂ mean(dY x̂)); with running ones only the first term.
  bool splits() const override { return false; }
  bool sees_batch() const override { return true; }
  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    const Offset rows = this->rows_in(pass), ld = this->out_.ld;
    const T* normal = pass.scratch + at_.normal;
    for (Offset c = 0; c < ld; c += kWidth<T>) {
      Vec<T> d_beta{}, d_gamma{};
      for (Offset i = 0; i < rows; ++i) {
        const Vec<T> d = load(d_output + i * ld + c);
        d_beta += d;
        d_gamma += d * load(normal + i * ld + c);
      }
      store(pass.gradients + at_.gamma + c, d_gamma);
      store(pass.gradients + at_.beta + c, d_beta);
      store(pass.gradients + at_.mean + c, Vec<T>{});
      store(pass.gradients + at_.variance + c, Vec<T>{});
      if (d_input == nullptr) continue;
      const Vec<T> scale = load(pass.parameters + at_.gamma + c) * load(pass.scratch + at_.inverse + c);
      const T per_row = pass.training ? 1 / static_cast<T>(rows) : T(0);
      for (Offset i = 0; i < rows; ++i)
        store(d_input + i * this->d_ld() + c,
              scale * (load(d_output + i * ld + c) - per_row * (d_beta + load(normal + i * ld + c) * d_gamma)));
    }
  }

 private:
  void remember(T* running, Vec<T> now) const { store(running, momentum_ * load(running) + (1 - momentum_) * now); }
  const T momentum_, epsilon_;
  const NormLayout at_;
};

template <class T>
class LayerNorm final : public Layer<T> {
 public:
  LayerNorm(Form in, double epsilon, NormLayout layout)
      : Layer<T>(in, in.shape), epsilon_(static_cast<T>(epsilon)), at_(layout) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const Offset ld = this->out_.ld;
    const int C = this->in_.shape.channels;
    T* normal = this->kept(pass, at_.normal, this->out_.sample());
    for (Offset i = 0; i < this->rows_in(pass); ++i) {
      const T* x = input + i * this->in_.ld;
      T mean = 0, variance = 0;
      for (int c = 0; c < C; ++c) mean += x[c];
      mean /= static_cast<T>(C);
      for (int c = 0; c < C; ++c) variance += (x[c] - mean) * (x[c] - mean);
      const T inverse = 1 / std::sqrt(variance / static_cast<T>(C) + epsilon_);
      inverses(pass)[i] = inverse;
      for (int c = 0; c < C; ++c) {
        const T value = (x[c] - mean) * inverse;
        normal[i * ld + c] = value;
        output[i * ld + c] = pass.parameters[at_.gamma + c] * value + pass.parameters[at_.beta + c];
      }
    }
  }

  // dX = (g - mean(g) - x̂ mean(g x̂)) / √(σ²+ε) with g = γ dY, the means over the row's channels.
  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    const Offset ld = this->out_.ld;
    const int C = this->in_.shape.channels;
    const T* normal = this->kept(pass, at_.normal, this->out_.sample());
    if (d_input == nullptr) return;
    const T* gamma = pass.parameters + at_.gamma;
    for (Offset i = 0; i < this->rows_in(pass); ++i) {
      const T *d = d_output + i * ld, *x = normal + i * ld;
      T mean = 0, along = 0;
      for (int c = 0; c < C; ++c) {
        mean += gamma[c] * d[c];
        along += gamma[c] * d[c] * x[c];
      }
      const T inverse = inverses(pass)[i];
      T* out = d_input + i * this->d_ld();
      for (int c = 0; c < C; ++c) out[c] = (gamma[c] * d[c] - (mean + x[c] * along) / static_cast<T>(C)) * inverse;
      for (Offset c = C; c < this->d_ld(); ++c) out[c] = 0;
    }
  }

  // dγ = Σ dY x̂, dβ = Σ dY
  void gradient(const Pass<T>& pass, const T*, const T* d_output, const ParameterArray& of, Offset, Offset,
                T* sums) const override {
    const Offset ld = this->out_.ld;
    if (of.offset == at_.beta) return sum_rows<T>(this->rows_in(pass), ld, ld, d_output, sums, pass.adds);
    const T* normal = this->kept(pass, at_.normal, this->out_.sample());
    for (Offset c = 0; c < ld; c += kWidth<T>) {
      Vec<T> total = pass.adds ? load(sums + c) : Vec<T>{};
      for (Offset i = 0; i < this->rows_in(pass); ++i) total += load(d_output + i * ld + c) * load(normal + i * ld + c);
      store(sums + c, total);
    }
  }

 private:
  T* inverses(const Pass<T>& pass) const { return this->kept(pass, at_.inverse, this->in_.shape.positions()); }
  const T epsilon_;
  const NormLayout at_;
};

}  // namespace thetastar::TS_LEVEL
