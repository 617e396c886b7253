// Recurrent layers over a sequence X (T, F): SimpleRNN, LSTM and GRU, with the state h (U) carried from step to step.
//
//   SimpleRNN  h' = tanh(x W + b + h R)
//   LSTM       i, f, o = σ(x W + b + h R), g = tanh(…); c' = f c + i g; h' = o tanh(c')           gates i f g o
//   GRU        z, r = σ(x W + b + h R + s), n = tanh(x W + b + r (h R + s)); h' = z h + (1 - z) n  gates z r n
// Elman 1990; Hochreiter and Schmidhuber 1997; Cho et al. 2014 (the form that resets after the product, which cuDNN,
// Keras and PyTorch use).
//
// The input's products of all steps are one product; the gates of a step are padded each by itself, so a row of Z is G
// blocks. Backward walks the steps in reverse and leaves dZ behind, from which every parameter's gradient is again one
// product over all steps. A masked step carries the state on and gives rows of the mask's value.
#pragma once

#include <vector>

#include "../activations.hpp"
#include "../kernels/transpose.hpp"
#include "affine.hpp"

namespace thetastar::TS_LEVEL {

enum class Cell { kSimple, kLstm, kGru };
constexpr int gates(Cell cell) { return cell == Cell::kSimple ? 1 : cell == Cell::kLstm ? 4 : 3; }

struct RecurrentSlices {
  std::int64_t weight = 0, recurrent = 0, bias = 0, recurrent_bias = 0;  // in the parameters; the last is GRU's s
  // In the scratch: Z, and what h contributes to it (GRU), (B·T, G·U); states (B·(T+1), U) with the first ones zero;
  // cells likewise (LSTM); dh and dc (B, U); which steps are masked (B·T). In a thread's own room: Wᵀ, and R or Rᵀ in panels.
  std::int64_t gates = 0, products = 0, states = 0, cells = 0, d_state = 0, d_cell = 0, masked = 0;
  std::int64_t weight_turned = 0, recurrent_panels = 0;
};

template <class T, Cell kCell>
class Recurrent final : public Layer<T> {
 public:
  static constexpr int G = gates(kCell);
  static constexpr Offset kWorthPanels = 64;  // rows of all steps: so many tiles read R that laying it out is nothing beside them

  Recurrent(Form in, const LayerSpec& s, RecurrentSlices slices, int batch)
      : Layer<T>(in, {1, s.return_sequences ? in.shape.positions() : 1, s.units}), at_(slices), sequences_(s.return_sequences),
        reverse_(s.reverse), has_mask_(s.has_mask), mask_(static_cast<T>(s.mask)) {
    const Offset steps = T_();
    for (Offset b = 0; b < batch; ++b) before_.push_back((b * (steps + 1) + (reverse_ ? steps - 1 : 0)) * ld());
  }

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const Offset B = pass.batch, steps = T_();
    T* Z = gate_rows(pass);
    find_masked(pass, input);
    // Z (B·T, G·U) = b + X W, for all steps at once
    multiply<T>(B * steps, G * ld(), {{input, this->in_.ld, 1, this->in_.shape.channels}, pass.parameters + at_.weight, G * ld(),
                                      Z, G * ld(), pass.parameters + at_.bias, Begin::kBias});
    // + h R, on every T-th row of Z; GRU keeps it apart, because its reset gate multiplies it
    T *target = kCell == Cell::kGru ? products(pass) : Z, *panels = pass.own + at_.recurrent_panels;
    Product<T> product{{states(pass), (steps + 1) * ld(), 1, U()}, pass.parameters + at_.recurrent, G * ld(), target, steps * G * ld(),
                       pass.parameters + at_.recurrent_bias, kCell == Cell::kGru ? Begin::kBias : Begin::kAdd};
    const bool packs = B * steps >= kWorthPanels;
    if (packs) pack_panels<T>(G * ld(), product, panels);
    for (Offset s = 0; s < steps; ++s) {
      const Offset t = time(s);
      product.a.data = states(pass) + s * ld();
      product.c = target + t * G * ld();
      packs ? multiply_panels<T>(B, G * ld(), product, panels) : multiply<T>(B, G * ld(), product);
      for (Offset b = 0; b < B; ++b) step_forward(pass, b, s, t);
    }
    write_output(pass, output);
  }

  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    const Offset B = pass.batch, steps = T_();
    T *dZ = gate_rows(pass), *dP = kCell == Cell::kGru ? products(pass) : dZ;
    T *dh = this->kept(pass, at_.d_state, ld()), *dc = this->kept(pass, at_.d_cell, ld());
    T* panels = pass.own + at_.recurrent_panels;
    Product<T> product{{dP, steps * G * ld(), 1, G * ld()}, pass.parameters + at_.recurrent, G * ld(), dh, ld(), nullptr, Begin::kAdd, false, true};
    pack_panels<T>(U(), product, panels);
    std::memset(dh, 0, static_cast<std::size_t>(B * ld()) * sizeof(T));
    if (kCell == Cell::kLstm) std::memset(dc, 0, static_cast<std::size_t>(B * ld()) * sizeof(T));
    for (Offset s = steps; s-- > 0;) {
      const Offset t = time(s);
      if (sequences_ || s == steps - 1) add_output(pass, d_output, dh, t);
      for (Offset b = 0; b < B; ++b) step_backward(pass, b, s, t);
      // dh of the step before: what step_backward left of it (carried past the gates) + dP Rᵀ
      product.a.data = dP + t * G * ld();
      multiply_panels<T>(B, U(), product, panels);
    }
    if (d_input == nullptr) return;
    T* weight = pass.own + at_.weight_turned;
    transpose<T>(this->in_.shape.channels, static_cast<int>(G * ld()), pass.parameters + at_.weight, G * ld(), weight, this->d_ld());
    multiply<T>(B * steps, this->in_.shape.channels, {{dZ, G * ld(), 1, G * ld()}, weight, this->d_ld(), d_input, this->d_ld()});
  }

  // dW = Xᵀ dZ, dR = Hᵀ dP with H the states before each step, db = Σ dZ, ds = Σ dP
  void gradient(const Pass<T>& pass, const T* input, const T*, const ParameterSlice& of, Offset from, Offset to) const override {
    const Offset B = pass.batch, steps = T_(), width = G * ld();
    const T *dZ = gate_rows(pass), *dP = kCell == Cell::kGru ? products(pass) : dZ;
    T* gradient = pass.gradients + of.offset;
    const Begin begin = pass.adds ? Begin::kAdd : Begin::kZero;
    if (of.offset == at_.weight)
      multiply<T>(to - from, width, {{input + from, 1, this->in_.ld, B * steps}, dZ, width, gradient + from * width, width, nullptr, begin});
    else if (of.offset == at_.recurrent)
      multiply<T>(to - from, width, {{states(pass) + from, 1, reverse_ ? -ld() : ld(), steps, B, before_.data()}, dP, width,
                                     gradient + from * width, width, nullptr, begin});
    else
      sum_rows<T>(B * steps, width, width, of.offset == at_.bias ? dZ : dP, gradient, pass.adds);
  }

  double multiplications() const override {
    return static_cast<double>(T_()) * static_cast<double>((this->in_.shape.channels + U()) * G * U());
  }

 private:
  // One sample's step s, at time t: Z becomes the gates, and the next state is written.
  void step_forward(const Pass<T>& pass, Offset b, Offset s, Offset t) const {
    T* z = gate_rows(pass) + (b * T_() + t) * G * ld();
    const T* before = states(pass) + (b * (T_() + 1) + s) * ld();
    T* after = states(pass) + (b * (T_() + 1) + s + 1) * ld();
    const T* cell = cells(pass) + (b * (T_() + 1) + s) * ld();
    T* next_cell = cells(pass) + (b * (T_() + 1) + s + 1) * ld();
    const T* product = products(pass) + (b * T_() + t) * G * ld();
    if (is_masked(pass, b, t)) {
      for (Offset u = 0; u < ld(); u += kWidth<T>) {
        store(after + u, load(before + u));
        if constexpr (kCell == Cell::kLstm) store(next_cell + u, load(cell + u));
      }
      return;
    }
    // A loop for each function, so that the processor works on several of its values at once.
    const auto all = [this](Offset first, Offset gates, auto function) {
      for (Offset u = first * ld(); u < (first + gates) * ld(); u += kWidth<T>) function(u);
    };
    if constexpr (kCell == Cell::kSimple) {
      all(0, 1, [&](Offset u) { store(after + u, tanh(load(z + u))); });
    } else if constexpr (kCell == Cell::kLstm) {
      const auto squash = [&](Offset u) { store(z + u, logistic(load(z + u))); };
      all(0, 2, squash);
      all(2, 1, [&](Offset u) { store(z + u, tanh(load(z + u))); });
      all(3, 1, squash);
      all(0, 1, [&](Offset u) {
        const Vec<T> c = load(z + ld() + u) * load(cell + u) + load(z + u) * load(z + 2 * ld() + u);  // f c + i g
        store(next_cell + u, c);
        store(after + u, load(z + 3 * ld() + u) * tanh(c));
      });
    } else {
      all(0, 2, [&](Offset u) { store(z + u, logistic(load(z + u) + load(product + u))); });
      all(2, 1, [&](Offset u) { store(z + u, tanh(load(z + u) + load(z + u - ld()) * load(product + u))); });  // reset after the product
      all(0, 1, [&](Offset u) {
        const Vec<T> update = load(z + u);
        store(after + u, update * load(before + u) + (T(1) - update) * load(z + 2 * ld() + u));
      });
    }
  }

  // Turns the gates of step s into dZ (and, for GRU, the products into dP), dh of this step into what of it goes past
  // the gates, and dc likewise.
  void step_backward(const Pass<T>& pass, Offset b, Offset s, Offset t) const {
    T* z = gate_rows(pass) + (b * T_() + t) * G * ld();
    const T* before = states(pass) + (b * (T_() + 1) + s) * ld();
    const T* after = before + ld();
    const T* cell = cells(pass) + (b * (T_() + 1) + s) * ld();
    T* product = products(pass) + (b * T_() + t) * G * ld();
    T *dh = this->kept(pass, at_.d_state, ld()) + b * ld(), *dc = this->kept(pass, at_.d_cell, ld()) + b * ld();
    if (is_masked(pass, b, t)) {  // the state went past: dh and dc stay
      std::memset(z, 0, static_cast<std::size_t>(G * ld()) * sizeof(T));
      if (kCell == Cell::kGru) std::memset(product, 0, static_cast<std::size_t>(G * ld()) * sizeof(T));
      return;
    }
    for (Offset u = 0; u < ld(); u += kWidth<T>) {
      const Vec<T> d = load(dh + u);
      if constexpr (kCell == Cell::kSimple) {
        const Vec<T> h = load(after + u);
        store(z + u, d * (T(1) - h * h));
        store(dh + u, Vec<T>{});
      } else if constexpr (kCell == Cell::kLstm) {
        const Vec<T> i = load(z + u), f = load(z + ld() + u), g = load(z + 2 * ld() + u), o = load(z + 3 * ld() + u);
        const Vec<T> squashed = tanh(load(cell + ld() + u));
        const Vec<T> d_cell = load(dc + u) + d * o * (T(1) - squashed * squashed);
        store(z + u, d_cell * g * i * (T(1) - i));
        store(z + ld() + u, d_cell * load(cell + u) * f * (T(1) - f));
        store(z + 2 * ld() + u, d_cell * i * (T(1) - g * g));
        store(z + 3 * ld() + u, d * squashed * o * (T(1) - o));
        store(dc + u, d_cell * f);
        store(dh + u, Vec<T>{});
      } else {
        const Vec<T> update = load(z + u), reset = load(z + ld() + u), n = load(z + 2 * ld() + u);
        const Vec<T> d_n = d * (T(1) - update) * (T(1) - n * n);
        const Vec<T> d_update = d * (load(before + u) - n) * update * (T(1) - update);
        const Vec<T> d_reset = d_n * load(product + 2 * ld() + u) * reset * (T(1) - reset);
        store(z + u, d_update);
        store(z + ld() + u, d_reset);
        store(z + 2 * ld() + u, d_n);
        store(product + u, d_update);
        store(product + ld() + u, d_reset);
        store(product + 2 * ld() + u, d_n * reset);
        store(dh + u, d * update);
      }
    }
  }

  void write_output(const Pass<T>& pass, T* output) const {
    const std::size_t bytes = static_cast<std::size_t>(ld()) * sizeof(T);
    for (Offset b = 0; b < pass.batch; ++b) {
      const T* state = states(pass) + b * (T_() + 1) * ld();
      if (!sequences_) {
        std::memcpy(output + b * ld(), state + T_() * ld(), bytes);
        continue;
      }
      for (Offset s = 0; s < T_(); ++s) {
        T* row = output + (b * T_() + time(s)) * ld();
        std::memcpy(row, state + (s + 1) * ld(), bytes);
        if (is_masked(pass, b, time(s)))
          for (Offset u = 0; u < U(); ++u) row[u] = mask_;
      }
    }
  }
  void add_output(const Pass<T>& pass, const T* d_output, T* dh, Offset t) const {
    for (Offset b = 0; b < pass.batch; ++b) {
      if (sequences_ && is_masked(pass, b, t)) continue;  // that row was the mask's value, not a state
      const T* d = d_output + (sequences_ ? b * T_() + t : b) * ld();
      for (Offset u = 0; u < ld(); u += kWidth<T>) store(dh + b * ld() + u, load(dh + b * ld() + u) + load(d + u));
    }
  }
  void find_masked(const Pass<T>& pass, const T* input) const {
    if (!has_mask_) return;
    for (Offset row = 0; row < pass.batch * T_(); ++row) {
      bool masked = true;
      for (Offset f = 0; f < this->in_.shape.channels; ++f)  // single precision is what the data may have come in
        masked = masked && static_cast<float>(input[row * this->in_.ld + f]) == static_cast<float>(mask_);
      this->kept(pass, at_.masked, T_())[row] = masked;
    }
  }
  bool is_masked(const Pass<T>& pass, Offset b, Offset t) const { return has_mask_ && this->kept(pass, at_.masked, T_())[b * T_() + t] != 0; }

  T* states(const Pass<T>& pass) const { return this->kept(pass, at_.states, (T_() + 1) * ld()); }
  T* cells(const Pass<T>& pass) const { return this->kept(pass, at_.cells, (T_() + 1) * ld()); }
  T* gate_rows(const Pass<T>& pass) const { return this->kept(pass, at_.gates, T_() * G * ld()); }
  T* products(const Pass<T>& pass) const { return this->kept(pass, at_.products, T_() * G * ld()); }
  Offset time(Offset s) const { return reverse_ ? T_() - 1 - s : s; }
  Offset T_() const { return this->in_.shape.positions(); }
  Offset U() const { return this->out_.shape.channels; }
  Offset ld() const { return this->out_.ld; }

  const RecurrentSlices at_;
  const bool sequences_, reverse_, has_mask_;
  const T mask_;
  std::vector<Offset> before_;  // per sample, the state before time 0
};

// Two layers, one forward in time and one backward, side by side: (T, 2U), or (2U) of their last states.
template <class T>
class Bidirectional final : public Layer<T> {
 public:
  using Slices = std::vector<ParameterSlice>;
  Bidirectional(Form in, std::unique_ptr<Layer<T>> ahead, std::unique_ptr<Layer<T>> back, Slices of_ahead, Slices of_back, std::int64_t halves,
                std::int64_t d_half)
      : Layer<T>(in, {1, ahead->out().shape.width, 2 * ahead->out().shape.channels}), parts_{std::move(ahead), std::move(back)},
        slices_{std::move(of_ahead), std::move(of_back)}, halves_(halves), d_half_(d_half) {}
  bool splits() const override { return false; }
  double multiplications() const override { return parts_[0]->multiplications() + parts_[1]->multiplications(); }

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    T* half = pass.scratch + halves_;
    for (int side = 0; side < 2; ++side) {
      parts_[side]->forward(pass, input, half);
      for (Offset i = 0; i < this->rows_out(pass); ++i) std::memcpy(output + i * this->out_.ld + side * U(), half + i * ld(), bytes());
    }
  }
  void backward(const Pass<T>& pass, const T* input, const T*, T* d_output, T* d_input) const override {
    T *half = pass.scratch + halves_, *d_half = pass.scratch + d_half_;
    for (int side = 0; side < 2; ++side) {
      for (Offset i = 0; i < this->rows_out(pass); ++i) {
        std::memset(half + i * ld(), 0, static_cast<std::size_t>(ld()) * sizeof(T));
        std::memcpy(half + i * ld(), d_output + i * this->out_.ld + side * U(), bytes());
      }
      parts_[side]->backward(pass, input, nullptr, half, d_input == nullptr ? nullptr : side == 0 ? d_input : d_half);
      for (const ParameterSlice& slice : slices_[side]) parts_[side]->gradient(pass, input, half, slice, 0, slice.rows);
    }
    if (d_input)
      for (Offset i = 0; i < this->rows_in(pass) * this->d_ld(); i += kWidth<T>) store(d_input + i, load(d_input + i) + load(d_half + i));
  }

 private:
  Offset U() const { return parts_[0]->out().shape.channels; }
  Offset ld() const { return parts_[0]->out().ld; }
  std::size_t bytes() const { return static_cast<std::size_t>(U()) * sizeof(T); }
  const std::unique_ptr<Layer<T>> parts_[2];
  const Slices slices_[2];
  const std::int64_t halves_, d_half_;
};

}  // namespace thetastar::TS_LEVEL
