// Dense in lanes (layers/lanes.hpp): kWidth samples stand side by side, so outputs fill registers by samples and not by
// units. A hundred units take a hundred vectors then and not seven padded ones a sample, one output takes one, and the
// backward pass needs no turned weights. Worth it for small batches and for widths that are no whole vectors.
#pragma once

#include "dense.hpp"
#include "lanes.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class DenseLanes final : public Layer<T> {
 public:
  struct Slices : AffineSlices {
    std::int64_t turned = 0;  // in the scratch: dZ by rows, for the weights' gradient, unless it is in panels
    std::int64_t lanes = 0;   // in a thread's own room: the input in lanes, where it comes by rows, or dX
  };
  // batch: the most samples of a pass.
  DenseLanes(Form in, int units, const std::string& activation, Offset batch, Slices slices)
      : Layer<T>(in, {1, 1, units}, kWidth<T>), activate_(find_activation<T>(activation)), at_(slices) {
    for (Offset i = 0; i < std::max(I(), O()); ++i) columns_.push_back(i * W);
    for (Offset g = 0; g * W < batch; ++g) groups_in_.push_back(g * I() * W), groups_out_.push_back(g * O() * W);
  }

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const T *lanes = by_rows() ? into_lanes(pass, input) : input, *bias = at_.bias < 0 ? nullptr : pass.parameters + at_.bias;
    each_chunk(pass, [&](Offset first, Offset count) {
      multiply_lanes<T>(count, O(), {lanes, &groups_in_[first], columns_.data(), I(), pass.parameters + at_.weight, ld(), 1,
                                     output + groups_out_[first], nullptr, O() * W, bias, bias ? Begin::kBias : Begin::kZero,
                                     activate_.is_relu});
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
    each_chunk(pass, [&](Offset first, Offset count) {
      multiply_lanes<T>(count, I(), {dZ, &groups_out_[first], columns_.data(), O(), pass.parameters + at_.weight, 1, ld(),
                                     lanes + groups_in_[first], nullptr, I() * W});
    });
    for (Offset b = 0; by_rows() && b < pass.batch; b += W)
      transpose<T>(static_cast<int>(I()), static_cast<int>(std::min<Offset>(W, pass.batch - b)), lanes + b * I(), W, d_input + b * this->d_ld(),
                   this->d_ld());
  }

  // dW (I, O) = Xᵀ dZ, db (O) = Σ dZ, over samples in their order; lanes without a sample add zeros.
  void gradient(const Pass<T>& pass, const T* input, const T*, const ParameterSlice& of, Offset from, Offset to) const override {
    const T *dZ = this->kept(pass, at_.turned, ld()), *panels = pass.scratch + at_.panels;
    T* gradient = pass.gradients + of.offset;
    if (of.offset == at_.bias && !in_panels()) return sum_rows<T>(pass.batch, O(), ld(), dZ, gradient, pass.adds);
    if (of.offset == at_.bias)
      return each_panel<T>(O(), [&](auto columns, Offset j) {
        sum_rows<T>(pass.batch, columns * W, columns * W, panels + rows_of_all(pass) * j, gradient + j, pass.adds);
      });
    Left<T> x{input + from, 1, this->in_.ld, pass.batch};
    if (!by_rows()) x = {input + from * W, W, 1, W, groups(pass), groups_in_.data()};
    const Product<T> p{x, dZ, ld(), gradient + from * ld(), ld(), nullptr, pass.adds ? Begin::kAdd : Begin::kZero};
    in_panels() ? multiply_panels<T>(to - from, O(), p, panels, rows_of_all(pass)) : multiply<T>(to - from, O(), p);
  }

  Cut cut() const override { return Cut::kRows; }
  double multiplications() const override { return static_cast<double>(I() * O()); }

 private:
  static constexpr int W = kWidth<T>;
  static constexpr Offset kChunk = 4;  // groups at once: their inputs stay in the nearest cache while the weights pass by

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
        transpose<T>(static_cast<int>(units), W, dZ + groups_out_[static_cast<std::size_t>(g)] + j * W, W, rows + g * W * step, step);
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
      transpose<T>(static_cast<int>(std::min<Offset>(W, pass.batch - b)), static_cast<int>(I()), input + b * this->in_.ld, this->in_.ld, lanes + b * I(), W);
    return lanes;
  }
  template <class F>
  void each_chunk(const Pass<T>& pass, F visit) const {
    for (Offset first = 0; first < groups(pass); first += kChunk) visit(static_cast<std::size_t>(first), std::min(kChunk, groups(pass) - first));
  }

  const Activated<T> activate_;
  const Slices at_;
  std::vector<Offset> columns_, groups_in_, groups_out_;  // where a number of a sample lies, and where a group begins
};

// Whether a network of dense layers trains faster in lanes, at so many samples a step: cycles of the products and of what
// is turned for them, as measured at AVX-512 and, with 16 registers, at AVX2. Layers that must see a sample by itself keep
// it out.
template <class T>
bool suits_dense_lanes(const NetworkSpec& network, int batch) {
  constexpr bool kMany = kRegisters == 32;
  constexpr double W = kWidth<T>, kInput = kMany ? 0.3 : 1, kOutput = 0.3, kWeight = kMany ? 0.3 : 1;  // cycles a number that is turned
  constexpr double kLayer = kMany ? 0 : 400;  // what a layer costs more
  // A tile in lanes loads more; and a chunk of inputs may outgrow the nearest cache.
  const auto less = [](double inputs) { return kMany ? 1.12 : 1 + std::max(0.0, inputs - 256) / 4000; };
  if (network.input.positions() > 1 || (!kMany && kVectorBytes < 32)) return false;
  const Offset full = (batch + kWidth<T> - 1) / kWidth<T>;
  const double samples = batch, groups = static_cast<double>(full), paired = static_cast<double>(kMany ? full : (full + 1) / 2 * 2);
  double by_rows = 0, by_lanes = kInput * samples * network.input.channels, inputs = network.input.channels;
  for (const LayerSpec& s : network.layers) {
    if (s.kind == "activation") continue;
    if (s.kind != "dense") return false;
    const double outputs = s.units, wide = padded<T>(s.units), products = inputs == network.input.channels && by_rows == 0 ? 1 : 2;
    by_rows += samples * inputs * wide / W / 2;
    by_lanes += less(inputs) * paired * inputs * outputs / 2 + kOutput * groups * W * wide + kLayer;
    if (products == 2) {
      by_rows += samples * outputs * padded<T>(static_cast<int>(inputs)) / W / 2 + kWeight * inputs * wide;
      by_lanes += less(outputs) * paired * inputs * outputs / 2;
    }
    inputs = outputs;
  }
  return by_lanes < by_rows;
}

}  // namespace thetastar::TS_LEVEL
