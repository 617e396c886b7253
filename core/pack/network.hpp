// The memory of a pack's networks, and the passes of a batch through them; a Plan and a Workspace with a network a lane.
// Nothing is padded: a row of a matrix has as many vectors as the network has columns.
#pragma once

#include <array>
#include <utility>

#include "../plan.hpp"
#include "losses.hpp"
#include "rows.hpp"
#include "small.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class PackedNetwork {
 public:
  static constexpr int W = kWidth<T>;
  struct alignas(kVectorBytes) Doubles : std::array<double, W> {};  // one a lane

  // targets: numbers of a sample's target. most: the most samples that pass together.
  PackedNetwork(const NetworkSpec& network, const std::vector<ParameterArray>& arrays, int targets, std::int64_t most)
      : target_size_(targets), layers_(packed_layers(network)), arrays_(packed_arrays(arrays)),
        at_once_(samples_at_once(most)), parameters_(size()), gradients_(size()),
        activations_(at_once_ * numbers_a_sample() * W), costs_(2 * at_once_ * W) {
    lay_out();
  }
  PackedNetwork(const PackedNetwork&) = delete;  // its layers point into its blocks

  const std::vector<ParameterArray>& arrays() const { return arrays_; }
  std::int64_t size() const { return arrays_.empty() ? 0 : arrays_.back().offset + arrays_.back().size(); }
  std::int64_t at_once() const { return at_once_; }
  T* parameters() { return parameters_.data(); }
  const T* parameters() const { return parameters_.data(); }
  T* gradients() { return gradients_.data(); }
  // one_order: all lanes see the same row at a time
  void gather(const PackedData<T>& data, const std::int32_t* rows, bool one_order, int count, const Doubles& scale) {
    const bool one_row = one_order && data.one_table;
    pick_samples(data.x, data.one_table, one_row, rows, count, data.features, input_);
    pick_samples(data.y, data.one_table, one_row, rows, count, data.targets, targets_);
    if (data.weights[0] == nullptr) return;
    for (int b = 0; b < count; ++b, rows += W)
      for (int l = 0; l < W; ++l)
        weights_[b * W + l] = scale[static_cast<std::size_t>(l)] * static_cast<double>(data.weights[l][rows[l]]);
  }

  // parameters: those that training moves, or the ones that count.
  void forward(int count, const T* parameters, bool keeps) {
    for (const Layer& layer : layers_) {
      const int n = count * layer.outputs * W;
      T* slope = keeps ? layer.slope : nullptr;  // null where the values are enough
      if (layer.weight >= 0) {
        layer.products.forward(count, layer.inputs, layer.outputs, layer.input, parameters + layer.weight,
                               layer.bias < 0 ? nullptr : parameters + layer.bias, layer.activate.is_relu,
                               layer.output);
        if (layer.activate && !layer.activate.is_relu) layer.activate.forward(layer.output, layer.output, slope, n);
      } else if (layer.activate) {
        layer.activate.forward(layer.input, layer.output, slope, n);
      } else {
        std::copy_n(layer.input, n, layer.output);
      }
    }
  }
  // The costs of the samples, lane by lane, and the gradients with respect to the outputs.
  const double* cost(PackedLoss<T>& loss, int lanes, int count, const Doubles& scale, bool weighted) {
    const Layer& last = layers_.back();
    loss({count, last.outputs, target_size_, lanes, last.output, targets_, last.d_output,
          weighted ? weights_ : scale.data(), weighted ? W : 0, costs_.data()});
    return costs_.data();
  }

  void backward(int count, bool adds) {
    for (std::size_t l = layers_.size(); l-- > 0;) {
      const Layer& layer = layers_[l];
      if (layer.activate)
        layer.activate.backward(layer.slope ? layer.slope : layer.output, layer.d_output, layer.d_output,
                                count * layer.outputs * W);
      if (layer.weight < 0) continue;
      layer.products.gradient(count, layer.inputs, layer.outputs, layer.input, layer.d_output,
                              gradients_.data() + layer.weight,
                              layer.bias < 0 ? nullptr : gradients_.data() + layer.bias, adds);
      if (l > 0)
        layer.products.backward(count, layer.inputs, layer.outputs, layer.d_output, parameters_.data() + layer.weight,
                                layer.d_input);
    }
  }

 private:
  // A layer's place in every block.
  struct Layer {
    int inputs, outputs;
    std::int64_t weight = -1, bias = -1;  // in the parameters; an activation has none
    PackedProducts<T> products{};
    Activated<T> activate{};
    const T* input = nullptr;
    T *output = nullptr, *slope = nullptr, *d_output = nullptr, *d_input = nullptr;
  };

  static std::vector<Layer> packed_layers(const NetworkSpec& network) {
    std::vector<Layer> layers;
    int width = network.input.channels;
    std::int64_t at = 0;
    for (const LayerSpec& s : network.layers) {
      const bool dense = s.kind == "dense";
      Layer layer{width, dense ? s.units : width};
      layer.activate = find_activation<T>(s.activation);
      if (dense) {
        layer.products = packed_products<T>(layer.inputs, layer.outputs);
        layer.weight = at;
        at += static_cast<std::int64_t>(layer.inputs) * layer.outputs * W;
        if (s.use_bias) layer.bias = at, at += layer.outputs * W;
      }
      width = layer.outputs;
      layers.push_back(layer);
    }
    return layers;
  }
  // The plan's, without padding: a row has `columns` vectors.
  static std::vector<ParameterArray> packed_arrays(std::vector<ParameterArray> arrays) {
    std::int64_t at = 0;
    for (ParameterArray& s : arrays) {
      s.ld = s.columns * W;
      s.offset = at;
      at += s.size();
    }
    return arrays;
  }
  int widest() const {
    int most = 0;
    for (const Layer& layer : layers_) most = std::max(most, layer.outputs);
    return most;
  }
  std::int64_t numbers_a_sample() const {
    std::int64_t numbers = layers_[0].inputs + target_size_ + 2 * widest();
    for (const Layer& layer : layers_) numbers += layer.outputs * (layer.activate.keeps_slopes ? 2 : 1);
    return numbers;
  }
  std::int64_t samples_at_once(std::int64_t most) const {
    const std::int64_t each = numbers_a_sample() * W * static_cast<std::int64_t>(sizeof(T));
    return std::min(std::max<std::int64_t>(kPackedBytes / each / kPackTileRows * kPackTileRows, kPackTileRows), most);
  }
  void lay_out() {
    T* next = activations_.data();
    const auto take = [&](std::int64_t numbers) { return std::exchange(next, next + at_once_ * numbers * W); };
    input_ = take(layers_[0].inputs);
    targets_ = take(target_size_);
    for (Layer& layer : layers_) {
      layer.output = take(layer.outputs);
      if (layer.activate.keeps_slopes) layer.slope = take(layer.outputs);
    }
    T* d[2];
    for (T*& buffer : d) buffer = take(widest());
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      Layer& layer = layers_[l];
      layer.input = l == 0 ? input_ : layers_[l - 1].output;
      if (layer.weight >= 0) std::swap(d[0], d[1]);  // an activation's d_input lies where its d_output does
      layer.d_output = d[0];
      layer.d_input = d[1];
    }
    weights_ = costs_.data() + at_once_ * W;
  }

  const int target_size_;
  std::vector<Layer> layers_;
  const std::vector<ParameterArray> arrays_;
  const std::int64_t at_once_;  // samples that pass together
  Block<T> parameters_, gradients_, activations_;
  Block<double> costs_;
  T *input_ = nullptr, *targets_ = nullptr;  // in the activations
  double* weights_ = nullptr;                // behind the costs
};

}  // namespace thetastar::TS_LEVEL
