// The networks of the core's test: layers in one call each, and one network around every kind of layer.
#pragma once

#include <vector>

#include "spec.hpp"

using namespace thetastar::TS_LEVEL;

LayerSpec dense(const char* name, int units, const char* activation, const char* kernel = "glorot_uniform") {
  LayerSpec layer;
  layer.kind = "dense";
  layer.name = name;
  layer.units = units;
  layer.activation = activation;
  layer.kernel.kind = kernel;
  layer.kernel.value = 1;
  return layer;
}
LayerSpec pointwise(const char* kind, const char* activation, double rate) {
  LayerSpec layer;
  layer.kind = kind;
  layer.name = kind;
  layer.activation = activation;
  layer.rate = rate;
  return layer;
}

LayerSpec plain(const char* kind, const char* name, int units = 0) {
  LayerSpec layer = dense(name, units, "identity");
  layer.kind = kind;
  layer.recurrent.kind = "orthogonal";
  layer.recurrent.value = 1;
  return layer;
}
LayerSpec window(const char* kind, const char* name, int height, int width, int down, int across, bool same) {
  LayerSpec layer = plain(kind, name);
  layer.window_height = height;
  layer.window_width = width;
  layer.stride_height = down;
  layer.stride_width = across;
  layer.same = same;
  return layer;
}
LayerSpec conv(const char* name, int filters, int height, int width, int stride, bool same, int dilation = 1,
               int groups = 1) {
  LayerSpec layer = window("conv2d", name, height, width, stride, stride, same);
  layer.units = filters;
  layer.dilation_height = layer.dilation_width = dilation;
  layer.groups = groups;
  layer.activation = "silu";
  return layer;
}
// Which way a recurrent layer goes through its sequence, and what it gives.
enum class Direction { kForward, kBackward, kBoth };
enum class Gives { kLastStep, kEveryStep };

LayerSpec recurrent(const char* kind, const char* name, int units, Gives gives, Direction direction,
                    bool masked = false) {
  LayerSpec layer = plain(kind, name, units);
  layer.return_sequences = gives == Gives::kEveryStep;
  layer.reverse = direction == Direction::kBackward;
  layer.bidirectional = direction == Direction::kBoth;
  layer.has_mask = masked;
  return layer;
}
LayerSpec residual(const char* name, std::vector<LayerSpec> inner) {
  LayerSpec layer = plain("residual", name);
  layer.inner = std::move(inner);
  return layer;
}

LayerSpec periodic(const char* name, std::vector<int> columns, int frequencies, int numbers) {
  LayerSpec layer = plain("periodic_embedding", name, numbers);
  layer.columns = std::move(columns);
  layer.frequencies = frequencies;
  layer.kernel = {"normal", 0.5};
  layer.bias = {"uniform", 3};
  layer.recurrent = {"uniform", 0.5};
  return layer;
}
LayerSpec parametric(const char* name, const char* activation) {
  LayerSpec layer = plain("parametric_activation", name);
  layer.activation = activation;
  layer.bias = {"constant", 0.7};
  return layer;
}
LayerSpec ensemble(const char* name, int members, int units, const char* scales) {
  LayerSpec layer = plain("batch_ensemble", name, units);
  layer.members = members;
  layer.recurrent.kind = scales;
  return layer;
}
LayerSpec by_data(LayerSpec layer) {
  layer.kernel.kind = "unit_variance";
  layer.bias.kind = "hull";
  return layer;
}

// One network around every kind of layer, on samples of 24 numbers: vectors, sequences (6, 4), images (4, 3, 2).
std::vector<NetworkSpec> every_layer() {
  const Shape vector{1, 1, 24}, sequence{1, 6, 4}, image{4, 3, 2};
  LayerSpec embedding = plain("embedding", "embedding", 3);
  embedding.categories = 2;
  const LayerSpec relu = pointwise("activation", "relu", 0), drop = pointwise("dropout", "", 0.4);
  std::vector<NetworkSpec> all = {
      {image, {conv("c", 5, 3, 2, 1, false)}},
      {image, {conv("c", 17, 3, 3, 2, true), conv("d", 3, 2, 4, 1, true, 2)}},
      {image, {conv("c", 4, 4, 3, 3, true, 1, 2), conv("d", 6, 2, 1, 1, false, 1, 2)}},
      {image,
       {conv("c", 3, 2, 2, 1, true), relu, window("max_pool2d", "m", 2, 2, 1, 1, true),
        plain("global_average_pool2d", "g")}},
      {image,
       {conv("c", 7, 2, 2, 1, false), window("average_pool2d", "m", 2, 2, 1, 1, false), conv("d", 3, 1, 1, 1, false),
        plain("flatten", "f"), drop}},
      {image, {conv("c", 3, 4, 3, 1, false)}},  // one pixel is left
      {image,
       {conv("c", 4, 4, 3, 3, true, 1, 2), drop, conv("d", 6, 2, 1, 1, false, 1, 2)}},  // not in lanes, for the dropout
      {image, {dense("e", 5, "sigmoid"), conv("c", 2, 9, 9, 1, true), window("max_pool2d", "m", 2, 2, 2, 1, false)}},
      {image, {window("max_pool2d", "m", 3, 3, 2, 2, true), window("average_pool2d", "p", 2, 3, 1, 1, true)}},
      {image, {window("average_pool2d", "p", 4, 1, 1, 2, false), plain("flatten", "f")}},
      {image, {plain("batch_norm", "n"), relu, plain("global_average_pool2d", "g")}},
      {image,
       {residual("r", {conv("c", 3, 3, 3, 2, true), plain("batch_norm", "n"), drop, conv("d", 5, 3, 3, 1, true)})}},
      {image, {residual("r", {conv("c", 2, 3, 3, 1, true), residual("s", {dense("e", 9, "tanh"), drop})}), drop}},
      {sequence, {dense("e", 3, "tanh"), plain("layer_norm", "n"), drop}},
      {vector, {embedding, recurrent("gru", "g", 3, Gives::kEveryStep, Direction::kForward)}},
      {vector, {residual("r", {dense("e", 9, "tanh"), dense("f", 24, "identity")}), plain("layer_norm", "n")}},
      {vector, {dense("e", 9, "relu6"), plain("prelu", "p"), dense("f", 5, "hard_tanh"), plain("softmax", "s")}},
      {image, {conv("c", 3, 2, 2, 1, true), plain("prelu", "p", 1), plain("softmax", "s")}},
      {vector,
       {periodic("e", {23, 0, 7}, 5, 3), plain("scale", "s"), by_data(dense("d", 19, "identity")),
        parametric("p", "mish"), drop}},
      {sequence, {periodic("e", {3}, 17, 1), by_data(dense("d", 5, "tanh")), parametric("p", "tanh")}},
      {vector, {dense("d", 7, "tanh"), ensemble("e", 3, 18, "random_signs"), relu, ensemble("f", 3, 4, "ones")}},
      {vector, {ensemble("e", 1, 5, "ones"), plain("scale", "s")}},
  };
  // Two recurrent layers, one after the other, in eight pairs of each kind: the first gives every step, forward or backward; the
  // second gives every step or the last one, backward or both ways; every other two pairs skip the steps that are masked.
  for (const char* cell : {"simple_rnn", "lstm", "gru"})
    for (int pair = 0; pair < 8; ++pair) {
      const bool odd = pair % 2, masked = pair / 2 % 2, upper_half = pair >= 4;
      all.push_back({sequence,
                     {recurrent(cell, "a", 1 + 4 * pair, Gives::kEveryStep,
                                odd ? Direction::kBackward : Direction::kForward, masked),
                      recurrent(cell, "b", 5, odd ? Gives::kEveryStep : Gives::kLastStep,
                                upper_half ? Direction::kBackward : Direction::kBoth, masked)}});
    }
  return all;
}
