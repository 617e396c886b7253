// What the core takes for granted, checked where Python meets it: sizes through a network, targets against a loss. It is
// asked once a description, so it costs nothing per step. What a setting means, and the words for it, are the package's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

#include "losses.hpp"
#include "spec.hpp"

namespace thetastar::TS_LEVEL {

inline void must(bool holds, const char* rule) {
  if (!holds) throw std::invalid_argument(rule);
}

constexpr std::int64_t kWidest = 1 << 24;   // units, categories, windows, numbers of the input: the package's limit too
constexpr std::int64_t kLargest = 1 << 30;  // numbers between two layers: a sample's are counted by 32 bits

inline bool one_of(std::string_view kind, std::initializer_list<std::string_view> kinds) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

// The number of places that a window has along one side of an image.
inline std::int64_t places(int size, int window, int stride, int dilation, bool same) {
  if (same) return (static_cast<std::int64_t>(size) + stride - 1) / stride;
  const std::int64_t reach = (static_cast<std::int64_t>(window) - 1) * dilation + 1;
  must(reach <= size, "network: a window must fit into the image");
  return (size - reach) / stride + 1;
}

inline Shape sized(std::int64_t height, std::int64_t width, std::int64_t channels) {
  must(height > 0 && width > 0 && channels > 0, "network: every layer must give numbers");
  must(height <= kLargest && width <= kLargest && channels <= kLargest && height * width <= kLargest &&
           height * width * channels <= kLargest,
       "network: a layer gives more than 2^30 numbers a sample");
  return {static_cast<int>(height), static_cast<int>(width), static_cast<int>(channels)};
}

// The shape after a layer. Kinds that the core does not know, and settings that a kind does not ask for, are the core's.
inline Shape shape_after(const LayerSpec& s, Shape in) {
  const bool recurrent = one_of(s.kind, {"simple_rnn", "lstm", "gru"});
  if (recurrent || one_of(s.kind, {"dense", "conv2d", "embedding", "periodic_embedding", "batch_ensemble"}))
    must(s.units > 0 && s.units <= kWidest, "network: units must be from 1 to 2^24");
  if (s.kind == "dense") return sized(in.height, in.width, s.units);
  if (s.kind == "flatten") return sized(1, 1, in.size());
  if (s.kind == "global_average_pool2d") return sized(1, 1, in.channels);
  if (s.kind == "embedding") {
    must(s.categories > 0 && s.categories <= kWidest, "network: categories must be from 1 to 2^24");
    return sized(1, in.size(), s.units);
  }
  if (recurrent) {
    const std::int64_t units = static_cast<std::int64_t>(s.units) * (s.bidirectional ? 2 : 1);
    return s.return_sequences ? sized(in.height, in.width, units) : sized(1, 1, units);
  }
  if (one_of(s.kind, {"conv2d", "max_pool2d", "average_pool2d"})) {
    for (const int number : {s.window_height, s.window_width, s.stride_height, s.stride_width, s.dilation_height,
                             s.dilation_width, s.groups})
      must(number > 0 && number <= kWidest, "network: windows, strides and groups must be from 1 to 2^24");
    const bool filters = s.kind == "conv2d";
    must(!filters || (in.channels % s.groups == 0 && s.units % s.groups == 0),
         "network: channels and filters must be multiples of groups");
    const std::int64_t taps = static_cast<std::int64_t>(s.window_height) * s.window_width;
    must(taps <= kWidest && (!filters || taps * in.channels <= kLargest), "network: a filter sees too many numbers");
    for (const std::int64_t reach : {static_cast<std::int64_t>(s.window_height) * s.dilation_height,
                                     static_cast<std::int64_t>(s.window_width) * s.dilation_width})
      must(reach <= kWidest, "network: a window reaches over more than 2^24 pixels");
    return sized(places(in.height, s.window_height, s.stride_height, s.dilation_height, s.same),
                 places(in.width, s.window_width, s.stride_width, s.dilation_width, s.same),
                 filters ? s.units : in.channels);
  }
  if (s.kind == "periodic_embedding") {
    must(s.frequencies > 0 && s.frequencies <= kWidest, "network: frequencies must be from 1 to 2^24");
    must(
        !s.columns.empty() && static_cast<std::int64_t>(s.columns.size()) * std::max(s.units, s.frequencies) <= kWidest,
        "network: an embedding needs columns, and gives at most 2^24 numbers");
    for (const int column : s.columns)
      must(column >= 0 && column < in.channels, "network: an embedded column must be one of the input");
    return sized(in.height, in.width, in.channels + static_cast<std::int64_t>(s.columns.size()) * s.units);
  }
  if (s.kind == "batch_ensemble") {
    must(s.members > 0 && s.members <= kWidest, "network: members must be from 1 to 2^24");
    must(in.height == 1 && (in.width == 1 || in.width == s.members),
         "network: an ensemble takes one row, or a row for each member");
    return sized(1, s.members, s.units);
  }
  if (s.kind == "residual") {
    must(!s.inner.empty(), "network: a residual needs a layer inside");
    Shape shape = in;
    for (const LayerSpec& inner : s.inner) shape = shape_after(inner, shape);
    return shape;
  }
  return in;
}

inline std::int64_t output_count(const NetworkSpec& network) {
  Shape shape = network.input;
  must(static_cast<std::int64_t>(shape.height) * shape.width <= kWidest &&
           static_cast<std::int64_t>(shape.height) * shape.width * shape.channels <= kWidest,
       "network: a sample must have at most 2^24 numbers");
  for (const LayerSpec& layer : network.layers) shape = shape_after(layer, shape);
  return shape.size();
}

// How many rows a sample has, how many numbers its target has, and which these may be: as the core's list says (losses.hpp).
template <class T>
void check_targets(const LossSpec& loss, std::int64_t outputs, const T* y, std::int64_t rows, std::int64_t targets) {
  int members = 1;
  Asks asks = Asks::kOutputs;
  each_loss<T>(loss, [&](const char* name, LossFunction<T>, int rows_a_sample, Asks target) {
    if (loss.kind == name) members = rows_a_sample, asks = target;
  });
  const std::string_view kind = loss.kind;
  must(kind != kOwnLoss, "loss: an own one needs its function");
  must(loss.members == members, "loss: it takes another number of members");
  must(loss.class_weights.empty() ||
           static_cast<std::int64_t>(loss.class_weights.size()) ==
               (one_of(kind, {"binary_cross_entropy", "binary_focal_cross_entropy"}) ? 2 : outputs),
       "loss: class_weights must be one number a class");
  must(kind != "quantiles" || static_cast<std::int64_t>(loss.levels.size()) == outputs,
       "loss: levels must be one number an output");
  const bool classes = asks == Asks::kClass, labels = asks == Asks::kLabels;
  if (asks == Asks::kNothing) return;
  if (labels) {
    must(loss.classes > 0 && outputs > 0 && outputs % loss.classes == 0 && loss.blank >= 0 && loss.blank < loss.classes,
         "loss: ctc needs whole frames of its classes, of which blank is one");
    must(targets < kWidest && outputs / loss.classes * (2 * targets + 1) <= kLargest, "loss: the targets are too long");
  } else {
    must(asks != Asks::kHalf || outputs % 2 == 0, "loss: a mean and a variance each, so an even number of outputs");
    const bool one_for_all = members == 2 && targets == 1;  // of a pair
    must(targets == (classes || asks == Asks::kNumber || one_for_all ? 1
                     : asks == Asks::kHalf                           ? outputs / 2
                                                                     : outputs),
         "y must have as many columns as the loss asks for");
  }
  if (!classes && !labels) return;
  const T most = static_cast<T>(labels ? loss.classes : outputs),
          least = labels ? static_cast<T>(-1 - outputs / loss.classes) : T(0);  // -1 - t: only t frames count
  must(std::all_of(y, y + rows * targets,
                   [=](T c) { return c >= least && c < most && c == static_cast<T>(static_cast<int>(c)); }),
       "y must be class indices");
}

}  // namespace thetastar::TS_LEVEL
