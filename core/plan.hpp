// The planner: from a description to layers and to one layout of every block.
//
// Four blocks, each flat: parameters, gradients (laid out like them; so are the optimiser's states), activations
// (the output of every layer, and two buffers that the gradients with respect to them alternate between) and scratch
// (what a layer keeps from forward to backward). Optimisers, saving and best-so-far copies see flat arrays only.
#pragma once

#include <memory>
#include <stdexcept>

#include "initializers.hpp"
#include "layers/dense.hpp"
#include "layers/pointwise.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Plan {
 public:
  // largest_batch: the most rows that one pass will ever have.
  Plan(const NetworkSpec& network, int largest_batch) : batch_(largest_batch) {
    int width = network.inputs;
    widths_.push_back(width);
    for (std::size_t i = 0; i < network.layers.size(); ++i) {
      layers_.push_back(make_layer(network.layers[i], static_cast<int>(i), width));
      width = layers_.back()->outputs();
      widths_.push_back(width);
    }
    std::int64_t widest = 0;
    for (int w : widths_) {
      outputs_.push_back(activations_);
      activations_ += rows(batch_, w);
      widest = std::max(widest, rows(batch_, w));
    }
    gradients_[0] = activations_;
    gradients_[1] = activations_ + widest;
    activations_ += 2 * widest;
  }

  int batch() const { return batch_; }
  int inputs() const { return widths_.front(); }
  int outputs() const { return widths_.back(); }
  std::int64_t parameters_size() const { return parameters_; }
  std::int64_t activations_size() const { return activations_; }
  std::int64_t scratch_size() const { return scratch_; }
  const std::vector<ParameterSlice>& slices() const { return slices_; }
  const std::vector<std::unique_ptr<Layer<T>>>& layers() const { return layers_; }
  int width(std::size_t boundary) const { return widths_[boundary]; }  // boundary 0 is the input

  // Where the output of layer `boundary - 1` lies in the activations (boundary 0: the input), and the gradient with
  // respect to it.
  std::int64_t output_at(std::size_t boundary) const { return outputs_[boundary]; }
  std::int64_t gradient_at(std::size_t boundary) const { return gradients_[boundary % 2]; }

  void initialize(std::uint64_t seed, T* parameters) const {
    std::vector<double> values;
    for (std::size_t i = 0; i < slices_.size(); ++i) {
      const ParameterSlice& s = slices_[i];
      values.resize(static_cast<std::size_t>(s.rows) * s.columns);
      thetastar::TS_LEVEL::initialize(s.initializer, Stream(seed, Purpose::kInitialize, i), s.rows, s.columns, values.data());
      for (int r = 0; r < s.rows; ++r)
        for (int c = 0; c < s.columns; ++c)
          parameters[s.offset + static_cast<std::int64_t>(r) * s.ld + c] =
              static_cast<T>(values[static_cast<std::size_t>(r) * s.columns + c]);
    }
  }

 private:
  static std::int64_t rows(int count, int width) { return static_cast<std::int64_t>(count) * padded<T>(width); }

  std::int64_t take(std::int64_t& block, std::int64_t size) {
    const std::int64_t at = block;
    block += size;
    return at;
  }
  std::int64_t add_parameter(const LayerSpec& layer, int index, const char* name, int rows, int columns, bool is_weight,
                             const InitializerSpec& initializer) {
    ParameterSlice s{layer.name + "." + name, index, rows, columns, padded<T>(columns), parameters_, is_weight, initializer};
    slices_.push_back(s);
    return take(parameters_, s.size());
  }

  std::unique_ptr<Layer<T>> make_layer(const LayerSpec& spec, int index, int width) {
    if (spec.kind == "dense") {
      typename Dense<T>::Slices at;
      at.weight = add_parameter(spec, index, "weight", width, spec.units, true, spec.kernel);
      if (spec.use_bias) at.bias = add_parameter(spec, index, "bias", 1, spec.units, false, spec.bias);
      at.slope = take(scratch_, rows(batch_, spec.units));
      at.transposed = take(scratch_, rows(spec.units, width));
      return std::make_unique<Dense<T>>(width, spec.units, spec.activation, at);
    }
    if (spec.kind == "activation")
      return std::make_unique<Activation<T>>(width, spec.activation, take(scratch_, rows(batch_, width)));
    if (spec.kind == "dropout")
      return std::make_unique<Dropout<T>>(width, spec.rate, index, take(scratch_, rows(batch_, width)));
    throw std::invalid_argument("layer: no '" + spec.kind + "' in the core");
  }

  int batch_;
  std::vector<int> widths_;  // inputs, then each layer's outputs
  std::vector<std::unique_ptr<Layer<T>>> layers_;
  std::vector<ParameterSlice> slices_;
  std::vector<std::int64_t> outputs_;
  std::int64_t gradients_[2] = {0, 0};
  std::int64_t parameters_ = 0, activations_ = 0, scratch_ = 0;
};

// Between a block with padded rows and plain arrays one after another, which is what the outside sees.
template <class T>
void import_parameters(const Plan<T>& plan, const T* plain, T* block) {
  for (const ParameterSlice& s : plan.slices())
    for (int r = 0; r < s.rows; ++r, plain += s.columns)
      std::copy(plain, plain + s.columns, block + s.offset + static_cast<std::int64_t>(r) * s.ld);
}

template <class T>
void export_parameters(const Plan<T>& plan, const T* block, std::vector<T>& plain) {
  plain.clear();
  for (const ParameterSlice& s : plan.slices())
    for (int r = 0; r < s.rows; ++r) {
      const T* row = block + s.offset + static_cast<std::int64_t>(r) * s.ld;
      plain.insert(plain.end(), row, row + s.columns);
    }
}

}  // namespace thetastar::TS_LEVEL
