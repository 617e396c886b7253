// Dense: Y = f(Z), Z = b + X W, with X (B, I), W (I, O), b (O), Y (B, O). Over a sequence or an image it acts on the
// last axis, at every position alike: B is then the number of rows of the batch.
#pragma once

#include "../kernels/bfloat16.hpp"
#include "affine.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Dense final : public Layer<T> {
 public:
  struct Slices : AffineSlices {
    int parts = 0;            // the products of training are on tiles (kernels/bfloat16.hpp), numbers in so many parts; 0: by vectors
    std::int64_t packed = 0;  // in the scratch, where `moves_in_blocks`: dZ laid out for tiles, for the weights' gradient
    Offset rows = 0;          // the most rows that there are
  };
  // On tiles, dZ is laid out for every product: a small gradient is one product then. That of a large one would leave the
  // second cache before its parameters move; dZ is laid out in advance for its blocks.
  static bool moves_in_blocks(Offset inputs, Offset units) { return inputs * row_bytes(units) > kSmall; }

  // Where tiles with three parts are faster than vectors. Measured: a step of three square layers with 64 rows of 64 numbers
  // takes 0.9 of the time, with 256 of 256 0.73, with 256 of 512 0.67; with 32 rows 0.9 to 1.1, with 48 numbers 1.1 to 1.4.
  static bool suits_tiles(Offset rows, Offset inputs, Offset units) { return std::min({rows, inputs, units}) >= 64; }

  Dense(Form in, int units, const std::string& activation, Slices slices)
      : Layer<T>(in, {in.shape.height, in.shape.width, units}), activate_(find_activation<T>(activation)), at_(slices), d_tiles_(slices.rows, units, slices.parts) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override { forward_columns(pass, input, output, {0, ld_out()}); }
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
            {{input, ld_in(), 1, I()}, pass.parameters + at_.weight + of.from, ld_out(), output + of.from, ld_out(), bias,
             bias ? Begin::kBias : Begin::kZero, rectifies});
    if (!activate_ || rectifies) return;
    T* slopes = pass.keeps && activate_.keeps_slopes ? slope(pass) : nullptr;
    each_run(B, of, [&](Offset at, Offset n) { activate_.forward(output + at, output + at, slopes ? slopes + at : nullptr, n); });
  }

  // dZ (B, O) = dY · f'(Z), in place
  void backward_output(const Pass<T>& pass, const T* output, T* dZ, Columns of) const override {
    const Offset B = this->rows_in(pass);
    const T* slopes = activate_.keeps_slopes ? slope(pass) : output;
    if (activate_) each_run(B, of, [&](Offset at, Offset n) { activate_.backward(slopes + at, dZ + at, dZ + at, n); });
    const Offset first = pass.first * this->in_.shape.positions();
    if (in_panels()) pack_panels<T>(O(), rows_of_all(pass), dZ, ld_out(), first, B, of.from, of.to, pass.scratch + at_.panels);
    if (in_blocks()) pack_right<T>(dZ, ld_out(), first, B, of.from, of.to, d_tiles_, pass.scratch + at_.packed);
  }

  // dX (B, I) = dZ (B, O) Wᵀ
  void backward_input(const Pass<T>& pass, const T* dZ, T* dX, Columns of) const override {
    product(at_.parts > 0, pass, this->rows_in(pass), std::min(of.to, I()) - of.from,
            {{dZ, ld_out(), 1, O()}, pass.parameters + at_.weight + of.from * ld_out(), ld_out(), dX + of.from, ld_d_in(), nullptr,
             Begin::kZero, false, true});
  }

  // dW (I, O) = Xᵀ dZ, db (O) = Σ dZ
  void gradient(const Pass<T>& pass, const T* input, const T* dZ, const ParameterSlice& of, Offset from, Offset to) const override {
    const Offset B = this->rows_in(pass);
    T* gradient = pass.gradients + of.offset;
    if (of.offset == at_.bias) return sum_rows<T>(B, O(), ld_out(), dZ, gradient, pass.adds);
    const Product<T> p{{input + from, 1, ld_in(), B}, dZ, ld_out(), gradient + from * ld_out(), ld_out(), nullptr,
                       pass.adds ? Begin::kAdd : Begin::kZero};
    if (in_panels())
      multiply_panels<T>(to - from, O(), p, pass.scratch + at_.panels, rows_of_all(pass));
    else if (in_blocks())
      multiply_bfloat16<T>(to - from, O(), p, at_.parts, pass.own + at_.transposed, pass.scratch + at_.packed, d_tiles_.depth);
    else
      product(at_.parts > 0, pass, to - from, O(), p);
  }

  // Two members fetch half of the weights from each other, or half of the rows; and they wait for each other.
  bool cuts_columns(int members, Offset least) const override {
    return I() * O() >= least && O() >= 2 * at_.rows && ld_out() >= 2 * members * kWidth<T>;
  }
  Cut cut() const override { return at_.parts > 0 && !in_blocks() ? Cut::kShares : Cut::kRows; }
  Offset rows_at_once() const override {
    constexpr Offset kUnit = 2 * kTileSide;
    return in_blocks() ? std::max(kUnit, kBlock / row_bytes(O()) / kUnit * kUnit) : kTileRows;
  }
  double multiplications() const override { return static_cast<double>(this->in_.shape.positions()) * static_cast<double>(I() * O()); }

 private:
  Offset I() const { return this->in_.shape.channels; }
  Offset O() const { return this->out_.shape.channels; }
  Offset ld_in() const { return this->in_.ld; }
  Offset ld_out() const { return this->out_.ld; }
  Offset ld_d_in() const { return this->d_ld(); }
  Offset rows_of_all(const Pass<T>& pass) const { return pass.all * this->in_.shape.positions(); }

  static constexpr Offset kSmall = 320 << 10, kBlock = 32 << 10;  // bytes of a gradient
  static Offset row_bytes(Offset units) { return padded<T>(static_cast<int>(units)) * static_cast<Offset>(sizeof(T)); }
  bool in_panels() const { return at_.panels >= 0; }
  bool in_blocks() const { return at_.parts > 0 && moves_in_blocks(I(), O()); }

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
  const Slices at_;
  const PackedRight d_tiles_;
};

}  // namespace thetastar::TS_LEVEL
