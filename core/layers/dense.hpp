// Dense: Y = f(Z), Z = b + X W, with X (B, I), W (I, O), b (O), Y (B, O). Over a sequence or an image it acts on the
// last axis, at every position alike: B is then the number of rows of the batch.
#pragma once

#include "../kernels/bfloat16.hpp"
#include "affine.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Dense final : public Layer<T> {
 public:
  struct Layout : AffineLayout {
    int parts = 0;  // of a number, where the products of training are on tiles (kernels/bfloat16.hpp); 0: by vectors
    std::int64_t packed = 0;  // in the scratch, where `keeps_tiles`: dZ laid out for tiles, for the weights' gradient
    Offset rows = 0;          // the most rows that there are
    int columns = -1;         // whether a team cuts it by columns, where a test says so (WaySpec)
  };
  Dense(Form in, int units, const std::string& activation, Layout layout)
      : Layer<T>(in, {in.shape.height, in.shape.width, units}), activate_(find_activation<T>(activation)), at_(layout),
        d_tiles_(layout.rows, units, layout.parts) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    forward_columns(pass, input, output, {0, ld_out()});
  }
  void backward(const Pass<T>& pass, const T*, const T* output, T* d_output, T* d_input) const override {
    backward_output(pass, output, d_output, {0, ld_out()});
    if (d_input) backward_input(pass, d_output, d_input, {0, ld_d_in()});
  }

  void forward_columns(const Pass<T>& pass, const T* input, T* output, Columns of) const override {
    const Offset B = this->rows_in(pass);
    const T* bias = at_.bias < 0 ? nullptr : pass.parameters + at_.bias + of.from;
    const bool tiles = at_.parts > 0 && pass.keeps;  // what is measured, and predicted, goes by vectors
    const bool rectifies = activate_.is_relu && !tiles;
    product(tiles, pass, B, std::min(of.to, O()) - of.from,
            {{input, ld_in(), 1, I()},
             pass.parameters + at_.weight + of.from,
             ld_out(),
             output + of.from,
             ld_out(),
             bias,
             bias ? Begin::kBias : Begin::kZero,
             rectifies});
    if (!activate_ || rectifies) return;
    T* slopes = pass.keeps && activate_.keeps_slopes ? slope(pass) : nullptr;
    each_run(B, of, [&](Offset at, Offset n) {
      activate_.forward(output + at, output + at, slopes ? slopes + at : nullptr, n);
    });
  }

  // dZ (B, O) = dY · f'(Z), in place
  void backward_output(const Pass<T>& pass, const T* output, T* dZ, Columns of) const override {
    const Offset B = this->rows_in(pass);
    const T* slopes = activate_.keeps_slopes ? slope(pass) : output;
    if (activate_) each_run(B, of, [&](Offset at, Offset n) { activate_.backward(slopes + at, dZ + at, dZ + at, n); });
    const Offset first = pass.first * this->in_.shape.positions();
    if (in_panels())
      pack_panels<T>(O(), rows_of_all(pass), dZ, ld_out(), first, B, of.from, of.to, pass.scratch + at_.panels);
    if (in_blocks()) pack_right<T>(dZ, ld_out(), first, B, of.from, of.to, d_tiles_, pass.scratch + at_.packed);
  }

  // dX (B, I) = dZ (B, O) Wᵀ
  void backward_input(const Pass<T>& pass, const T* dZ, T* dX, Columns of) const override {
    product(at_.parts > 0, pass, this->rows_in(pass), std::min(of.to, I()) - of.from,
            {{dZ, ld_out(), 1, O()},
             pass.parameters + at_.weight + of.from * ld_out(),
             ld_out(),
             dX + of.from,
             ld_d_in(),
             nullptr,
             Begin::kZero,
             false,
             true});
  }

  // dW (I, O) = Xᵀ dZ, db (O) = Σ dZ
  void gradient(const Pass<T>& pass, const T* input, const T* dZ, const ParameterArray& of, Offset from, Offset to,
                T* d_rows) const override {
    const Offset B = this->rows_in(pass);
    if (of.offset == at_.bias) return sum_rows<T>(B, O(), ld_out(), dZ, d_rows, pass.adds);
    const Product<T> p{{input + from, 1, ld_in(), B},         dZ, ld_out(), d_rows, ld_out(), nullptr,
                       pass.adds ? Begin::kAdd : Begin::kZero};
    if (in_panels())
      multiply_panels<T>(to - from, O(), p, pass.scratch + at_.panels, rows_of_all(pass));
    else if (in_blocks())
      multiply_bfloat16<T>(to - from, O(), p, at_.parts, pass.own + at_.transposed, pass.scratch + at_.packed,
                           d_tiles_.depth);
    else
      product(at_.parts > 0, pass, to - from, O(), p);
  }

  bool cuts_columns(int members, Offset least) const override {
    return thetastar::TS_LEVEL::cuts_columns<T>(members, at_.rows, I(), O(), least, at_.columns);
  }
  Cut cut() const override { return at_.parts > 0 && !in_blocks() ? Cut::kLargeBlocks : Cut::kRows; }
  Offset rows_at_once() const override {
    constexpr Offset kUnit = 2 * kTileSide;
    return in_blocks() ? std::max(kUnit, kPartOnTiles / row_bytes<T>(O()) / kUnit * kUnit) : kTileRows;
  }
  double multiplications() const override {
    return static_cast<double>(this->in_.shape.positions()) * static_cast<double>(I() * O());
  }

 private:
  Offset I() const { return this->in_.shape.channels; }
  Offset O() const { return this->out_.shape.channels; }
  Offset ld_in() const { return this->in_.ld; }
  Offset ld_out() const { return this->out_.ld; }
  Offset ld_d_in() const { return this->d_ld(); }
  Offset rows_of_all(const Pass<T>& pass) const { return pass.all * this->in_.shape.positions(); }

  bool in_panels() const { return at_.panels >= 0; }
  bool in_blocks() const { return at_.parts > 0 && keeps_tiles<T>(I(), O()); }

  void product(bool tiles, const Pass<T>& pass, Offset M, Offset N, const Product<T>& p) const {
    tiles ? multiply_bfloat16<T>(M, N, p, at_.parts, pass.own + at_.transposed) : multiply<T>(M, N, p);
  }

  // Numbers that lie together: visit(where they begin, how many)
  template <class Visit>
  void each_run(Offset rows, Columns of, Visit visit) const {
    if (of.to - of.from == ld_out()) return visit(0, rows * ld_out());
    for (Offset row = 0; row < rows; ++row) visit(row * ld_out() + of.from, of.to - of.from);
  }

  T* slope(const Pass<T>& pass) const { return this->kept(pass, at_.slope, this->out_.sample()); }

  const Activated<T> activate_;
  const Layout at_;
  const PackedRight d_tiles_;
};

}  // namespace thetastar::TS_LEVEL
