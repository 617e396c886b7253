// Recurrent layers over a sequence X (T, F): SimpleRNN, LSTM and GRU, with the state h (U) carried from step to step.
//
//   SimpleRNN  h' = tanh(x W + b + h R)
//   LSTM       i, f, o = σ(x W + b + h R), g = tanh(…); c' = f c + i g; h' = o tanh(c')           gates i f g o
//   GRU        z, r = σ(x W + b + h R + s), n = tanh(x W + b + r (h R + s)); h' = z h + (1 - z) n  gates z r n
// Elman 1990; Hochreiter and Schmidhuber 1997; Cho et al. 2014 (the form that resets after the product, which cuDNN,
// Keras and PyTorch use).
//
// Samples pass in groups, and what is kept of a group lies step by step, (steps, samples of the group): so a step's rows lie
// together, and the rows of all steps are one matrix. A row of Z holds the gates one after another, each padded by itself.
// Backward walks the steps in reverse and leaves dZ behind, from which every parameter's gradient is one product a group. A
// masked step carries the state on and gives rows of the mask's value.
#pragma once

#include <vector>

#include "../activations.hpp"
#include "../kernels/transpose.hpp"
#include "affine.hpp"

namespace thetastar::TS_LEVEL {

enum class Cell { kSimple, kLstm, kGru };
constexpr int gates(Cell cell) { return cell == Cell::kSimple ? 1 : cell == Cell::kLstm ? 4 : 3; }

struct RecurrentLayout {
  std::int64_t weight = 0, recurrent = 0, bias = 0, recurrent_bias = 0;  // in the parameters; the last is GRU's s
  // In the scratch: Z, and what h contributes to it (GRU), (T·B, G·U); states ((T+1)·B, U); cells likewise, and their tanh
  // (T·B, U) (LSTM); dh and dc (B, U); which steps are masked (B·T). In a thread's own room: W and R, or Wᵀ and Rᵀ, in panels.
  std::int64_t gates = 0, products = 0, states = 0, cells = 0, squashed = 0, d_state = 0, d_cell = 0, masked = 0;
  std::int64_t weight_panels = 0, recurrent_panels = 0;
};

template <class T, Cell kCell>
class Recurrent final : public Layer<T> {
 public:
  static constexpr int G = gates(kCell);

  Recurrent(Form in, const LayerSpec& s, RecurrentLayout layout)
      : Layer<T>(in, {1, s.return_sequences ? in.shape.positions() : 1, s.units}), at_(layout),
        sequences_(s.return_sequences), reverse_(s.reverse), has_mask_(s.has_mask), mask_(static_cast<T>(s.mask)) {
    for (Offset step = 0; step < T_(); ++step) starts_.push_back(time(step) * in.ld);
  }

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    find_masked(pass, input);
    // Z = b + x W + h R; GRU keeps h R + s apart, because its reset gate multiplies it
    Product<T> of_input{{input, sample(), 1, F()},
                        pass.parameters + at_.weight,
                        width(),
                        nullptr,
                        width(),
                        pass.parameters + at_.bias,
                        Begin::kBias};
    Product<T> of_state{{nullptr, ld(), 1, U()},
                        pass.parameters + at_.recurrent,
                        width(),
                        nullptr,
                        width(),
                        pass.parameters + at_.recurrent_bias,
                        kCell == Cell::kGru ? Begin::kBias : Begin::kAdd};
    T *weight = pass.own + at_.weight_panels, *recurrent = pass.own + at_.recurrent_panels;
    const bool packs = pass.batch * T_() >= kPanelSteps;
    if (packs) {
      pack_panels<T>(width(), of_input, weight);
      pack_panels<T>(width(), of_state, recurrent);
    }
    const auto multiply_rows = [&](Offset rows, const Product<T>& product, const T* panels) {
      packs ? multiply_panels<T>(rows, width(), product, panels, product.a.length)
            : multiply<T>(rows, width(), product);
    };
    each_group(pass, [&](const Group& g) {
      clear(states(pass, g, 0), g);
      if (kCell == Cell::kLstm) clear(cells(pass, g, 0), g);
      const bool alone = g.size == 1;  // then the rows of all steps are one matrix in the input, too
      of_input.a.row = !alone ? sample() : reverse_ ? -this->in_.ld : this->in_.ld;
      for (Offset s = 0; s < T_(); ++s) {
        of_input.a.data = input + (g.first + g.from - pass.first) * sample() + starts_[static_cast<std::size_t>(s)];
        of_input.c = gate_rows(pass, g, s) + g.from * width();
        if (!alone || s == 0) multiply_rows(alone ? T_() : g.to - g.from, of_input, weight);
        of_state.a.data = states(pass, g, s) + g.from * ld();
        of_state.c = (kCell == Cell::kGru ? products(pass, g, s) : gate_rows(pass, g, s)) + g.from * width();
        multiply_rows(g.to - g.from, of_state, recurrent);
        for (Offset i = g.from; i < g.to; ++i) step_forward(pass, g, i, s);
        if (sequences_ || s == T_() - 1) write_output(pass, g, s, output);
      }
    });
  }

  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    T *weight = pass.own + at_.weight_panels, *recurrent = pass.own + at_.recurrent_panels;
    // dh of the step before: what step_backward left of it (carried past the gates) + dP Rᵀ; dx = dZ Wᵀ
    const Left<T> step{nullptr, width(), 1, width()};
    Product<T> of_state{step, pass.parameters + at_.recurrent, width(), nullptr, ld(), nullptr, Begin::kAdd, false,
                        true};
    Product<T> of_input{
        step, pass.parameters + at_.weight, width(), nullptr, T_() * this->d_ld(), nullptr, Begin::kZero, false, true};
    pack_panels<T>(U(), of_state, recurrent);
    if (d_input) pack_panels<T>(F(), of_input, weight);
    each_group(pass, [&](const Group& g) {
      clear(d_state(pass, g), g);
      if (kCell == Cell::kLstm) clear(d_cell(pass, g), g);
      for (Offset s = T_(); s-- > 0;) {
        if (sequences_ || s == T_() - 1) add_output(pass, g, s, d_output);
        for (Offset i = g.from; i < g.to; ++i) step_backward(pass, g, i, s);
        of_state.a.data = (kCell == Cell::kGru ? products(pass, g, s) : gate_rows(pass, g, s)) + g.from * width();
        of_state.c = d_state(pass, g) + g.from * ld();
        multiply_panels<T>(g.to - g.from, U(), of_state, recurrent, width());
        if (d_input == nullptr) continue;
        of_input.a.data = gate_rows(pass, g, s) + g.from * width();
        of_input.c = d_input + ((g.first + g.from - pass.first) * T_() + time(s)) * this->d_ld();
        multiply_panels<T>(g.to - g.from, F(), of_input, weight, width());
      }
    });
  }

  // dW = Xᵀ dZ, dR = Hᵀ dP with H the states before each step, db = Σ dZ, ds = Σ dP: group by group, each step by step
  void gradient(const Pass<T>& pass, const T* input, const T*, const ParameterArray& of, Offset from, Offset to,
                T* d_rows) const override {
    each_group(pass, [&](const Group& g) {
      const T *dZ = gate_rows(pass, g, 0), *dP = kCell == Cell::kGru ? products(pass, g, 0) : dZ;
      const bool adds = pass.adds || g.first > 0;
      const Begin begin = adds ? Begin::kAdd : Begin::kZero;
      if (of.offset == at_.weight) {
        const Left<T> X{input + g.first * sample() + from, 1, sample(), g.size, T_(), starts_.data()};
        multiply<T>(to - from, width(), {X, dZ, width(), d_rows, width(), nullptr, begin});
      } else if (of.offset == at_.recurrent) {
        const Left<T> H{states(pass, g, 0) + from, 1, ld(), T_() * g.size};
        multiply<T>(to - from, width(), {H, dP, width(), d_rows, width(), nullptr, begin});
      } else {
        sum_rows<T>(T_() * g.size, width(), width(), of.offset == at_.bias ? dZ : dP, d_rows, adds);
      }
    });
  }

  double multiplications() const override {
    return static_cast<double>(T_()) * static_cast<double>((F() + U()) * G * U());
  }

 private:
  // Samples that lie together, and those of the pass among them.
  struct Group {
    Offset first, size;  // in the workspace
    Offset from, to;     // in the group
  };
  template <class Visit>
  void each_group(const Pass<T>& pass, const Visit& visit) const {
    const Offset begin = pass.first, end = begin + pass.batch;
    for (Offset first = begin / kTogether * kTogether; first < end; first += kTogether)
      visit(Group{first, std::min<Offset>(kTogether, pass.all - first), std::max<Offset>(begin - first, 0),
                  std::min<Offset>(end - first, kTogether)});
  }

  // Step s of the group's sample i: Z becomes the gates, and the next state is written.
  void step_forward(const Pass<T>& pass, const Group& g, Offset i, Offset s) const {
    T* z = gate_rows(pass, g, s) + i * width();
    const T *before = states(pass, g, s) + i * ld(), *cell = cells(pass, g, s) + i * ld();
    T *after = states(pass, g, s + 1) + i * ld(), *next_cell = cells(pass, g, s + 1) + i * ld(),
      *squashed = this->squashed(pass, g, s) + i * ld();
    const T* product = products(pass, g, s) + i * width();
    if (is_masked(pass, g.first + i, s)) {
      for (Offset u = 0; u < ld(); u += kWidth<T>) {
        store(after + u, load(before + u));
        if constexpr (kCell == Cell::kLstm) store(next_cell + u, load(cell + u));
      }
      return;
    }
    // A loop for each function, so that the processor works on several of its values at the same time.
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
        const Vec<T> bounded = tanh(c);
        store(next_cell + u, c);
        store(squashed + u, bounded);
        store(after + u, load(z + 3 * ld() + u) * bounded);
      });
    } else {
      all(0, 2, [&](Offset u) { store(z + u, logistic(load(z + u) + load(product + u))); });
      all(2, 1, [&](Offset u) {
        store(z + u, tanh(load(z + u) + load(z + u - ld()) * load(product + u)));
      });  // reset after the product
      all(0, 1, [&](Offset u) {
        const Vec<T> update = load(z + u);
        store(after + u, update * load(before + u) + (T(1) - update) * load(z + 2 * ld() + u));
      });
    }
  }

  // Turns the gates of step s into dZ (and, for GRU, the products into dP), dh of this step into what of it goes past
  // the gates, and dc likewise.
  void step_backward(const Pass<T>& pass, const Group& g, Offset i, Offset s) const {
    T *z = gate_rows(pass, g, s) + i * width(), *product = products(pass, g, s) + i * width();
    const T *before = states(pass, g, s) + i * ld(), *after = states(pass, g, s + 1) + i * ld();
    const T *cell = cells(pass, g, s) + i * ld(), *squashed = this->squashed(pass, g, s) + i * ld();
    T *dh = d_state(pass, g) + i * ld(), *dc = d_cell(pass, g) + i * ld();
    if (is_masked(pass, g.first + i, s)) {  // the state went past: dh and dc stay
      std::memset(z, 0, static_cast<std::size_t>(width()) * sizeof(T));
      if (kCell == Cell::kGru) std::memset(product, 0, static_cast<std::size_t>(width()) * sizeof(T));
      return;
    }
    for (Offset u = 0; u < ld(); u += kWidth<T>) {
      const Vec<T> d = load(dh + u);
      if constexpr (kCell == Cell::kSimple) {
        const Vec<T> h = load(after + u);
        store(z + u, d * (T(1) - h * h));
        store(dh + u, Vec<T>{});
      } else if constexpr (kCell == Cell::kLstm) {
        const Vec<T> in = load(z + u), f = load(z + ld() + u), candidate = load(z + 2 * ld() + u),
                     o = load(z + 3 * ld() + u);
        const Vec<T> bounded = load(squashed + u), d_cell = load(dc + u) + d * o * (T(1) - bounded * bounded);
        store(z + u, d_cell * candidate * in * (T(1) - in));
        store(z + ld() + u, d_cell * load(cell + u) * f * (T(1) - f));
        store(z + 2 * ld() + u, d_cell * in * (T(1) - candidate * candidate));
        store(z + 3 * ld() + u, d * bounded * o * (T(1) - o));
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

  void write_output(const Pass<T>& pass, const Group& g, Offset s, T* output) const {
    for (Offset i = g.from; i < g.to; ++i) {
      T* row = output + output_row(pass, g, i, s) * ld();
      std::memcpy(row, states(pass, g, s + 1) + i * ld(), static_cast<std::size_t>(ld()) * sizeof(T));
      if (sequences_ && is_masked(pass, g.first + i, s)) std::fill(row, row + U(), mask_);
    }
  }
  void add_output(const Pass<T>& pass, const Group& g, Offset s, const T* d_output) const {
    for (Offset i = g.from; i < g.to; ++i) {
      if (sequences_ && is_masked(pass, g.first + i, s)) continue;  // that row was the mask's value, not a state
      const T* d = d_output + output_row(pass, g, i, s) * ld();
      T* dh = d_state(pass, g) + i * ld();
      for (Offset u = 0; u < ld(); u += kWidth<T>) store(dh + u, load(dh + u) + load(d + u));
    }
  }
  Offset output_row(const Pass<T>& pass, const Group& g, Offset i, Offset s) const {
    const Offset b = g.first + i - pass.first;
    return sequences_ ? b * T_() + time(s) : b;
  }
  void find_masked(const Pass<T>& pass, const T* input) const {
    if (!has_mask_) return;
    for (Offset row = 0; row < pass.batch * T_(); ++row) {
      bool masked = true;
      for (Offset f = 0; f < F(); ++f)  // single precision is what the data may have come in
        masked = masked && static_cast<float>(input[row * this->in_.ld + f]) == static_cast<float>(mask_);
      this->kept(pass, at_.masked, T_())[row] = masked;
    }
  }
  bool is_masked(const Pass<T>& pass, Offset sample, Offset s) const {
    return has_mask_ && pass.scratch[at_.masked + sample * T_() + time(s)] != 0;
  }
  void clear(T* rows, const Group& g) const {
    std::memset(rows + g.from * ld(), 0, static_cast<std::size_t>((g.to - g.from) * ld()) * sizeof(T));
  }

  // Where the group's rows of a step begin.
  static Offset row(const Group& g, Offset s, Offset steps) { return g.first * steps + s * g.size; }
  T* gate_rows(const Pass<T>& pass, const Group& g, Offset s) const {
    return pass.scratch + at_.gates + row(g, s, T_()) * width();
  }
  T* products(const Pass<T>& pass, const Group& g, Offset s) const {
    return pass.scratch + at_.products + row(g, s, T_()) * width();
  }
  T* states(const Pass<T>& pass, const Group& g, Offset s) const {
    return pass.scratch + at_.states + row(g, s, T_() + 1) * ld();
  }
  T* cells(const Pass<T>& pass, const Group& g, Offset s) const {
    return pass.scratch + at_.cells + row(g, s, T_() + 1) * ld();
  }
  T* squashed(const Pass<T>& pass, const Group& g, Offset s) const {
    return pass.scratch + at_.squashed + row(g, s, T_()) * ld();
  }
  T* d_state(const Pass<T>& pass, const Group& g) const { return pass.scratch + at_.d_state + g.first * ld(); }
  T* d_cell(const Pass<T>& pass, const Group& g) const { return pass.scratch + at_.d_cell + g.first * ld(); }
  Offset time(Offset s) const { return reverse_ ? T_() - 1 - s : s; }
  Offset T_() const { return this->in_.shape.positions(); }
  Offset F() const { return this->in_.shape.channels; }
  Offset U() const { return this->out_.shape.channels; }
  Offset ld() const { return this->out_.ld; }
  Offset width() const { return G * ld(); }
  Offset sample() const { return this->in_.sample(); }

  const RecurrentLayout at_;
  const bool sequences_, reverse_, has_mask_;
  const T mask_;
  std::vector<Offset> starts_;  // where a sample's row of each step begins in the input
};

// Two layers, one forward in time and one backward, side by side: (T, 2U), or (2U) of their last states.
template <class T>
class Bidirectional final : public Layer<T> {
 public:
  using Layout = std::vector<ParameterArray>;
  Bidirectional(Form in, std::unique_ptr<Layer<T>> ahead, std::unique_ptr<Layer<T>> back, Layout of_ahead,
                Layout of_back, std::int64_t halves, std::int64_t d_half)
      : Layer<T>(in, {1, ahead->out().shape.width, 2 * ahead->out().shape.channels}),
        parts_{std::move(ahead), std::move(back)}, arrays_{std::move(of_ahead), std::move(of_back)}, halves_(halves),
        d_half_(d_half) {}
  bool splits() const override { return false; }
  double multiplications() const override { return parts_[0]->multiplications() + parts_[1]->multiplications(); }

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    T* half = pass.scratch + halves_;
    for (int side = 0; side < 2; ++side) {
      parts_[side]->forward(pass, input, half);
      for (Offset i = 0; i < this->rows_out(pass); ++i)
        std::memcpy(output + i * this->out_.ld + side * U(), half + i * ld(), bytes());
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
      for (const ParameterArray& array : arrays_[side])
        parts_[side]->gradient(pass, input, half, array, 0, array.rows, pass.gradients + array.offset);
    }
    if (d_input)
      for (Offset i = 0; i < this->rows_in(pass) * this->d_ld(); i += kWidth<T>)
        store(d_input + i, load(d_input + i) + load(d_half + i));
  }

 private:
  Offset U() const { return parts_[0]->out().shape.channels; }
  Offset ld() const { return parts_[0]->out().ld; }
  std::size_t bytes() const { return static_cast<std::size_t>(U()) * sizeof(T); }
  const std::unique_ptr<Layer<T>> parts_[2];
  const Layout arrays_[2];
  const std::int64_t halves_, d_half_;
};

}  // namespace thetastar::TS_LEVEL
