// Layers for rows of a table: Scale, PeriodicEmbedding, ParametricActivation and BatchEnsemble.
#pragma once

#include "affine.hpp"
#include "pointwise.hpp"

namespace thetastar::TS_LEVEL {

// Y = s X with an s for each channel: how much each feature weighs.
template <class T>
class Scale final : public Layer<T> {
 public:
  Scale(Form in, std::int64_t scale) : Layer<T>(in, in.shape), scale_(scale) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    each(pass, [&](Offset i, Offset c) {
      store(output + i * this->out_.ld + c, load(input + i * this->in_.ld + c) * load(pass.parameters + scale_ + c));
    });
  }
  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    if (d_input == nullptr) return;
    each(pass, [&](Offset i, Offset c) {
      store(d_input + i * this->d_ld() + c,
            load(d_output + i * this->out_.ld + c) * load(pass.parameters + scale_ + c));
    });
  }
  // ds = Σ dY X
  void gradient(const Pass<T>& pass, const T* input, const T* d_output, const ParameterArray& of, Offset, Offset,
                T* sums) const override {
    if (!pass.adds) std::fill_n(sums, of.ld, T(0));
    each(pass, [&](Offset i, Offset c) {
      store(sums + c, load(sums + c) + load(d_output + i * this->out_.ld + c) * load(input + i * this->in_.ld + c));
    });
  }

 private:
  template <class Visit>
  void each(const Pass<T>& pass, const Visit& visit) const {
    for (Offset i = 0; i < this->rows_in(pass); ++i)
      for (Offset c = 0; c < this->out_.ld; c += kWidth<T>) visit(i, c);
  }
  const std::int64_t scale_;
};

// Beside the input as it is, for each of some columns x: the numbers e = b + W cos(2π f x + p), where f, p and W are the column's
// own. Of N columns with K frequencies and D numbers each: f and p (N, K), W (N · D, K), b (N · D). Holzmüller et al. 2024.
template <class T>
class PeriodicEmbedding final : public Layer<T> {
 public:
  struct Layout {
    std::int64_t frequency = 0, phase = 0, weight = 0, bias = 0;  // in the parameters
    std::int64_t waves = 0, slopes = 0;  // in the scratch, (N, K) a row: the cosines; -sin, and after backward dZ
  };
  PeriodicEmbedding(Form in, std::vector<int> columns, int frequencies, int numbers, Layout layout)
      : Layer<T>(in, {in.shape.height, in.shape.width, in.shape.channels + static_cast<int>(columns.size()) * numbers}),
        columns_(std::move(columns)), D_(numbers), ld_(padded<T>(frequencies)), K_(frequencies), at_(layout) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const Offset C = this->in_.shape.channels;
    for (Offset i = 0; i < this->rows_in(pass); ++i) {
      const T* x = input + i * this->in_.ld;
      T* y = output + i * this->out_.ld;
      std::copy_n(x, C, y);
      std::fill_n(y + C, this->out_.ld - C, T(0));
      for (Offset n = 0; n < N(); ++n) {
        T* e = y + C + n * D_;
        std::copy_n(pass.parameters + at_.bias + n * D_, D_, e);
        const Vec<T> number = splat(x[columns_[static_cast<std::size_t>(n)]]);
        for (Offset k = 0; k < ld_; k += kWidth<T>) {
          const Circle<T> wave = circle(load(pass.parameters + at_.frequency + n * ld_ + k) * number +
                                        load(pass.parameters + at_.phase + n * ld_ + k) * kTurn);
          const Vec<T> cosine = first_lanes<T>(K_ - k) ? wave.cosine : Vec<T>{};
          if (pass.keeps) {
            store(kept(pass, at_.waves, i, n) + k, cosine);
            store(kept(pass, at_.slopes, i, n) + k, first_lanes<T>(K_ - k) ? -wave.sine : Vec<T>{});
          }
          for (Offset d = 0; d < D_; ++d) e[d] += sum<T>(cosine * load(weight(pass, n, d) + k));
        }
      }
    }
  }

  // dZ = -sin(Z) Wᵀ dE, in place of -sin(Z); dX = dY + 2π Σ f dZ
  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    const Offset C = this->in_.shape.channels;
    for (Offset i = 0; i < this->rows_in(pass); ++i) {
      const T* dy = d_output + i * this->out_.ld;
      T* dx = d_input ? d_input + i * this->d_ld() : nullptr;
      if (dx) {
        std::copy_n(dy, C, dx);
        std::fill_n(dx + C, this->d_ld() - C, T(0));
      }
      for (Offset n = 0; n < N(); ++n) {
        Vec<T> along{};
        for (Offset k = 0; k < ld_; k += kWidth<T>) {
          Vec<T> d{};
          for (Offset j = 0; j < D_; ++j) d += dy[C + n * D_ + j] * load(weight(pass, n, j) + k);
          T* place = kept(pass, at_.slopes, i, n) + k;
          d *= load(place);
          store(place, d);
          along += d * load(pass.parameters + at_.frequency + n * ld_ + k);
        }
        if (dx) dx[columns_[static_cast<std::size_t>(n)]] += kCircle * sum<T>(along);
      }
    }
  }

  // df = 2π Σ dZ x, dp = Σ dZ, dW = Σ dE cos Z, db = Σ dE
  void gradient(const Pass<T>& pass, const T* input, const T* d_output, const ParameterArray& of, Offset from,
                Offset to, T* d_rows) const override {
    const Offset C = this->in_.shape.channels, rows = this->rows_in(pass);
    if (!pass.adds) std::fill_n(d_rows, (to - from) * of.ld, T(0));
    if (of.offset == at_.bias) {
      for (Offset i = 0; i < rows; ++i)
        for (Offset d = 0; d < N() * D_; ++d) d_rows[d] += d_output[i * this->out_.ld + C + d];
      return;
    }
    for (Offset i = 0; i < rows; ++i)
      for (Offset row = from; row < to; ++row) {
        const bool of_weight = of.offset == at_.weight;
        const Offset n = of_weight ? row / D_ : row;
        const T factor = of_weight ? d_output[i * this->out_.ld + C + row]
                         : of.offset == at_.frequency
                             ? kCircle * input[i * this->in_.ld + columns_[static_cast<std::size_t>(n)]]
                             : T(1);
        const T* kept_row = kept(pass, of_weight ? at_.waves : at_.slopes, i, n);
        T* sums = d_rows + (row - from) * ld_;
        for (Offset k = 0; k < ld_; k += kWidth<T>) store(sums + k, load(sums + k) + factor * load(kept_row + k));
      }
  }

 private:
  static constexpr T kCircle = T(6.28318530717958647692), kTurn = T(0.15915494309189533577);
  Offset N() const { return static_cast<Offset>(columns_.size()); }
  const T* weight(const Pass<T>& pass, Offset n, Offset d) const {
    return pass.parameters + at_.weight + (n * D_ + d) * ld_;
  }
  T* kept(const Pass<T>& pass, std::int64_t at, Offset row, Offset n) const {
    const Offset all = N() * ld_;
    return Layer<T>::kept(pass, at, this->in_.shape.positions() * all) + row * all + n * ld_;
  }
  const std::vector<int> columns_;
  const Offset D_, ld_, K_;
  const Layout at_;
};

// Y = X + α (f(X) - X) with an α for each channel: from the identity (0) to f (1) and beyond. Holzmüller et al. 2024.
template <class T>
class ParametricActivation final : public Layer<T> {
 public:
  // moves, slopes: in the scratch, f(X) - X and 1 + α (f'(X) - 1).
  ParametricActivation(Form in, const std::string& name, std::int64_t alpha, std::int64_t moves, std::int64_t slopes)
      : Layer<T>(in, in.shape), alpha_(alpha), moves_(moves), slopes_(slopes),
        run_(with_activation(name, []<class F>(F) { return &ParametricActivation::run<F>; })) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    run_(input, pass.parameters + alpha_, this->rows_in(pass), this->out_.ld, output,
         pass.keeps ? kept(pass, moves_) : nullptr, pass.keeps ? kept(pass, slopes_) : nullptr);
  }
  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    if (d_input) scale_each(d_output, kept(pass, slopes_), d_input, this->rows_in(pass) * this->out_.ld);
  }
  // dα = Σ dY (f(X) - X)
  void gradient(const Pass<T>& pass, const T*, const T* d_output, const ParameterArray& of, Offset, Offset,
                T* sums) const override {
    const T* moves = kept(pass, moves_);
    const Offset ld = this->out_.ld, rows = this->rows_in(pass);
    for (Offset c = 0; c < of.ld; c += kWidth<T>) {
      Vec<T> total = pass.adds ? load(sums + c) : Vec<T>{};
      for (Offset i = 0; i < rows; ++i) total += load(d_output + i * ld + c) * load(moves + i * ld + c);
      store(sums + c, total);
    }
  }

 private:
  // Of rows of ld numbers each; moves and slopes may be null.
  using Run = void (*)(const T* x, const T* alpha, Offset rows, Offset ld, T* y, T* moves, T* slopes);
  template <class F>
  static void run(const T* x, const T* alpha, Offset rows, Offset ld, T* y, T* moves, T* slopes) {
    for (Offset i = 0, at = 0; i < rows; ++i)
      for (Offset c = 0; c < ld; c += kWidth<T>, at += kWidth<T>) {
        const Vec<T> X = load(x + at), a = load(alpha + c);
        const Point<T> point = F::template at<T>(X);
        const Vec<T> move = point.value - X;
        store(y + at, X + a * move);
        if (moves == nullptr) continue;
        store(moves + at, move);
        store(slopes + at, T(1) + a * (point.slope - T(1)));
      }
  }
  T* kept(const Pass<T>& pass, std::int64_t at) const { return Layer<T>::kept(pass, at, this->out_.sample()); }
  const std::int64_t alpha_, moves_, slopes_;
  const Run run_;
};

// k members with one weight between them: Y_m = b_m + s_m (W (r_m X_m)), so W_m = (r_m s_mᵀ) W is the weight of member m. The
// input is one row for all members or a row for each; the output a row for each. Wen, Tran and Ba 2020.
template <class T>
class BatchEnsemble final : public Layer<T> {
 public:
  struct Layout {
    std::int64_t weight = 0, inner = 0, outer = 0, bias = 0;  // in the parameters: W (I, O), r (k, I), s and b (k, O)
    std::int64_t scaled = 0, products = 0, d_scaled = 0, d_products = 0;  // in the scratch, a row for each member
  };
  BatchEnsemble(Form in, int members, int units, Layout layout)
      : Layer<T>(in, {1, members, units}), at_(layout), k_(members), each_(in.shape.positions() > 1) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    T* scaled = kept(pass, at_.scaled, ld_in());
    T* products = kept(pass, at_.products, ld_out());
    each_row(pass, [&](Offset row, Offset m, Offset from) {
      multiply_row(ld_in(), input + from * ld_in(), pass.parameters + at_.inner + m * ld_in(), scaled + row * ld_in());
    });
    multiply<T>(rows(pass), O(),
                {{scaled, ld_in(), 1, I()},
                 pass.parameters + at_.weight,
                 ld_out(),
                 products,
                 ld_out(),
                 nullptr,
                 Begin::kZero,
                 false});
    each_row(pass, [&](Offset row, Offset m, Offset) {
      for (Offset c = 0; c < ld_out(); c += kWidth<T>)
        store(output + row * ld_out() + c,
              load(pass.parameters + at_.bias + m * ld_out() + c) +
                  load(products + row * ld_out() + c) * load(pass.parameters + at_.outer + m * ld_out() + c));
    });
  }
  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    T* d_products = kept(pass, at_.d_products, ld_out());
    T* d_scaled = kept(pass, at_.d_scaled, ld_in());
    each_row(pass, [&](Offset row, Offset m, Offset) {
      multiply_row(ld_out(), d_output + row * ld_out(), pass.parameters + at_.outer + m * ld_out(),
                   d_products + row * ld_out());
    });
    multiply<T>(rows(pass), I(),
                {{d_products, ld_out(), 1, O()},
                 pass.parameters + at_.weight,
                 ld_out(),
                 d_scaled,
                 ld_in(),
                 nullptr,
                 Begin::kZero,
                 false,
                 true});
    if (d_input == nullptr) return;
    std::fill_n(d_input, this->rows_in(pass) * this->d_ld(), T(0));
    each_row(pass, [&](Offset row, Offset m, Offset from) {
      T* d = d_input + from * this->d_ld();
      for (Offset c = 0; c < ld_in(); c += kWidth<T>)
        store(d + c,
              load(d + c) + load(d_scaled + row * ld_in() + c) * load(pass.parameters + at_.inner + m * ld_in() + c));
    });
  }

  // dW = Uᵀ dV with U = r X and V = U W; dr = Σ dU X, ds = Σ dY V, db = Σ dY
  void gradient(const Pass<T>& pass, const T* input, const T* d_output, const ParameterArray& of, Offset from,
                Offset to, T* d_rows) const override {
    if (of.offset == at_.weight)
      return multiply<T>(to - from, O(),
                         {{kept(pass, at_.scaled, ld_in()) + from, 1, ld_in(), rows(pass)},
                          kept(pass, at_.d_products, ld_out()),
                          ld_out(),
                          d_rows,
                          ld_out(),
                          nullptr,
                          pass.adds ? Begin::kAdd : Begin::kZero});
    if (!pass.adds) std::fill_n(d_rows, (to - from) * of.ld, T(0));
    const T *d_scaled = kept(pass, at_.d_scaled, ld_in()), *products = kept(pass, at_.products, ld_out());
    each_row(pass, [&](Offset row, Offset m, Offset source) {
      if (m < from || m >= to) return;
      T* sums = d_rows + (m - from) * of.ld;
      const T* d = of.offset == at_.inner ? d_scaled + row * ld_in() : d_output + row * ld_out();
      const T* by = of.offset == at_.inner   ? input + source * ld_in()
                    : of.offset == at_.outer ? products + row * ld_out()
                                             : nullptr;
      for (Offset c = 0; c < of.ld; c += kWidth<T>)
        store(sums + c, load(sums + c) + (by ? load(d + c) * load(by + c) : load(d + c)));
    });
  }
  double multiplications() const override { return static_cast<double>(k_ * I() * O()); }

 private:
  Offset I() const { return this->in_.shape.channels; }
  Offset O() const { return this->out_.shape.channels; }
  Offset ld_in() const { return padded<T>(this->in_.shape.channels); }
  Offset ld_out() const { return this->out_.ld; }
  Offset rows(const Pass<T>& pass) const { return pass.batch * k_; }
  static void multiply_row(Offset ld, const T* a, const T* b, T* product) {
    for (Offset c = 0; c < ld; c += kWidth<T>) store(product + c, load(a + c) * load(b + c));
  }
  template <class Visit>
  void each_row(const Pass<T>& pass, const Visit& visit) const {  // visit(row, its member, the input's row)
    for (Offset row = 0; row < rows(pass); ++row) visit(row, row % k_, each_ ? row : row / k_);
  }
  T* kept(const Pass<T>& pass, std::int64_t at, Offset ld) const { return Layer<T>::kept(pass, at, k_ * ld); }
  const Layout at_;
  const Offset k_;
  const bool each_;  // the members' inputs are rows of their own
};

}  // namespace thetastar::TS_LEVEL
