// Dense with a sample in every lane (as layers/lanes.hpp has it for images): a vector holds one unit of kWidth samples. Units that
// are no whole vectors waste no lanes then, and the backward pass needs no turned weights.
#pragma once

#include "dense.hpp"
#include "lanes.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class DenseLanes final : public Layer<T> {
 public:
  struct Layout : AffineLayout {
    std::int64_t turned = 0;  // in the scratch: dZ by rows, for the weights' gradient, unless it is in panels
    std::int64_t lanes = 0;   // in a thread's own room: the input in lanes, where it comes by rows, or dX
  };
  // batch: the most samples of a pass.
  DenseLanes(Form in, int units, const std::string& activation, Offset batch, Layout layout)
      : Layer<T>(in, {1, 1, units}, kWidth<T>), activate_(find_activation<T>(activation)), at_(layout) {
    for (Offset i = 0; i < std::max(I(), O()); ++i) columns_.push_back(i * W);
    for (Offset g = 0; g * W < batch; ++g) groups_in_.push_back(g * I() * W), groups_out_.push_back(g * O() * W);
  }

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const T *lanes = by_rows() ? into_lanes(pass, input) : input,
            *bias = at_.bias < 0 ? nullptr : pass.parameters + at_.bias;
    each_part(pass, [&](Offset first, Offset count) {
      multiply_lanes<T>(
          count, O(),
          {lanes, &groups_in_[first], columns_.data(), I(), pass.parameters + at_.weight, ld(), 1,
           output + groups_out_[first], nullptr, O() * W, bias, bias ? Begin::kBias : Begin::kZero, activate_.is_relu});
    });
    if (activate_ && !activate_.is_relu)
      activate_.forward(output, output, pass.keeps && activate_.keeps_slopes ? slope(pass) : nullptr, numbers(pass));
  }

  void backward(const Pass<T>& pass, const T*, const T* output, T* d_output, T* d_input) const override {
    T* dZ = d_output;  // dY · f'(Z), in place
    if (activate_) activate_.backward(activate_.keeps_slopes ? slope(pass) : output, dZ, dZ, numbers(pass));
    turn_rows(pass, dZ);
    if (d_input == nullptr) return;
    T* lanes = by_rows() ? pass.own + at_.lanes : d_input;
    each_part(pass, [&](Offset first, Offset count) {
      multiply_lanes<T>(count, I(),
                        {dZ, &groups_out_[first], columns_.data(), O(), pass.parameters + at_.weight, 1, ld(),
                         lanes + groups_in_[first], nullptr, I() * W});
    });
    for (Offset b = 0; by_rows() && b < pass.batch; b += W)
      transpose<T>(static_cast<int>(I()), static_cast<int>(std::min<Offset>(W, pass.batch - b)), lanes + b * I(), W,
                   d_input + b * this->d_ld(), this->d_ld());
  }

  // dW (I, O) = Xᵀ dZ, db (O) = Σ dZ, over samples in their order; lanes without a sample add zeros.
  void gradient(const Pass<T>& pass, const T* input, const T*, const ParameterArray& of, Offset from, Offset to,
                T* d_rows) const override {
    const T *dZ = this->kept(pass, at_.turned, ld()), *panels = pass.scratch + at_.panels;
    if (of.offset == at_.bias && !in_panels()) return sum_rows<T>(pass.batch, O(), ld(), dZ, d_rows, pass.adds);
    if (of.offset == at_.bias)
      return each_panel<T>(O(), [&](auto columns, Offset j) {
        sum_rows<T>(pass.batch, columns * W, columns * W, panels + rows_of_all(pass) * j, d_rows + j, pass.adds);
      });
    Left<T> x{input + from, 1, this->in_.ld, pass.batch};
    if (!by_rows()) x = {input + from * W, W, 1, W, groups(pass), groups_in_.data()};
    const Product<T> p{x, dZ, ld(), d_rows, ld(), nullptr, pass.adds ? Begin::kAdd : Begin::kZero};
    in_panels() ? multiply_panels<T>(to - from, O(), p, panels, rows_of_all(pass)) : multiply<T>(to - from, O(), p);
  }

  Cut cut() const override { return Cut::kRows; }
  double multiplications() const override { return static_cast<double>(I() * O()); }

 private:
  static constexpr int W = kWidth<T>;

  bool by_rows() const { return this->in_.lanes == 1; }
  Offset I() const { return this->in_.shape.channels; }
  Offset O() const { return this->out_.shape.channels; }
  Offset ld() const { return padded<T>(static_cast<int>(O())); }
  Offset groups(const Pass<T>& pass) const { return (pass.batch + W - 1) / W; }
  std::int64_t numbers(const Pass<T>& pass) const { return groups(pass) * W * O(); }
  T* slope(const Pass<T>& pass) const { return this->kept(pass, at_.slope, O()); }

  bool in_panels() const { return at_.panels >= 0; }
  Offset rows_of_all(const Pass<T>& pass) const { return (pass.all + W - 1) / W * W; }
  // dZ by rows, or in panels of them.
  void turn_rows(const Pass<T>& pass, const T* dZ) const {
    const auto turn = [&](Offset j, Offset units, T* rows, Offset step) {  // these units of all samples
      for (Offset g = 0; g < groups(pass); ++g)
        transpose<T>(static_cast<int>(units), W, dZ + groups_out_[static_cast<std::size_t>(g)] + j * W, W,
                     rows + g * W * step, step);
    };
    if (!in_panels()) return turn(0, O(), this->kept(pass, at_.turned, ld()), ld());
    each_panel<T>(O(), [&](auto columns, Offset j) {
      constexpr Offset width = columns * W;
      turn(j, std::min(width, O() - j), pass.scratch + at_.panels + rows_of_all(pass) * j + pass.first * width, width);
    });
  }

  const T* into_lanes(const Pass<T>& pass, const T* input) const {
    T* lanes = pass.own + at_.lanes;
    for (Offset b = 0; b < pass.batch; b += W)
      transpose<T>(static_cast<int>(std::min<Offset>(W, pass.batch - b)), static_cast<int>(I()),
                   input + b * this->in_.ld, this->in_.ld, lanes + b * I(), W);
    return lanes;
  }
  template <class F>
  void each_part(const Pass<T>& pass, F visit) const {
    for (Offset first = 0; first < groups(pass); first += kLaneGroups)
      visit(static_cast<std::size_t>(first), std::min(kLaneGroups, groups(pass) - first));
  }

  const Activated<T> activate_;
  const Layout at_;
  std::vector<Offset> columns_, groups_in_, groups_out_;  // where a number of a sample lies, and where a group begins
};

}  // namespace thetastar::TS_LEVEL
