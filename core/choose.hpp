// How something is computed is chosen here, from sizes alone: one table of thresholds, and the questions that the
// planner, the workspace, the trainer and the packs ask of it. README.md says what all ways have in common,
// benchmarks/workshop/README.md what was measured for the thresholds.
// A test may force a way (WaySpec in spec.hpp): 1 takes it wherever it can serve at all, 0 never does.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>

#include "spec.hpp"

namespace thetastar::TS_LEVEL {

// ---- Sizes that a window makes of an image ---------------------------------------------------------------------

using Offset = std::ptrdiff_t;

// How a window moves along one axis.
struct Axis {
  int input, window, stride, dilation, before = 0, output = 0, bordered = 0;  // bordered: the input with its padding
  Axis(int input_, int window_, int stride_, int dilation_, bool same)
      : input(input_), window(window_), stride(stride_), dilation(dilation_) {
    const int reach = (window - 1) * dilation + 1;
    output = same ? (input + stride - 1) / stride : (input - reach) / stride + 1;
    const int padding = same ? std::max(0, (output - 1) * stride + reach - input) : 0;
    before = padding / 2;  // an odd one gets its extra zero at the end
    bordered = input + padding;
  }
  bool tiles() const {
    return stride == window && output * window == input;
  }  // windows side by side, over all of the input
};
inline Axis rows_of(const Shape& in, const LayerSpec& s) {
  return {in.height, s.window_height, s.stride_height, s.dilation_height, s.same};
}
inline Axis columns_of(const Shape& in, const LayerSpec& s) {
  return {in.width, s.window_width, s.stride_width, s.dilation_width, s.same};
}

// Where a convolution or pooling ends; a pooling keeps its channels.
inline Shape window_shape(const Shape& in, const LayerSpec& s, int channels) {
  return {rows_of(in, s).output, columns_of(in, s).output, channels};
}

// How minimal filtering (layers/winograd.hpp) cuts an image into tiles of 2 × 2 pixels of the output. bordered: the least size
// that holds what all of them see, with the padding.
struct Tiling {
  Offset height, width, before_y, before_x, lines, tiles_in_line, bordered_height, bordered_width;
  Tiling(const Shape& in, const LayerSpec& s) {
    const Axis y = rows_of(in, s), x = columns_of(in, s);
    height = y.output, width = x.output, before_y = y.before, before_x = x.before;
    lines = (height + 1) / 2, tiles_in_line = (width + 1) / 2;
    bordered_height = 2 * lines + 2, bordered_width = 2 * tiles_in_line + 2;
  }
  Offset tiles() const { return lines * tiles_in_line; }
  Offset bordered() const { return bordered_height * bordered_width; }
  bool has_border(const Shape& in) const { return bordered() != in.positions(); }
};

// ---- The table --------------------------------------------------------------------------------------------------

inline constexpr bool kLong = kVectorBytes == 64, kManyRegisters = kRegisters == 32;
inline constexpr int kLine = 64;                // bytes that caches move at a time
inline constexpr Offset kNearBytes = 24 << 10;  // what may stay in the nearest cache beside what streams through it

// Tiles of a product, whose sums stay in registers: rows and columns (vectors) of gemm.hpp, window.hpp, lanes.hpp and pack/.
inline constexpr int kTileRows = kManyRegisters ? 8 : 4, kTileColumns = 3,
                     kWideTileRows = kManyRegisters ? 6 : 3;  // wide: 4 columns
inline constexpr int kFoursRows =
    kManyRegisters ? 1 << 30 : 32;     // rows from which 4 + 4 columns are better than 3 + 3 + 2
inline constexpr int kRowColumns = 8;  // columns of a single row's tile
inline constexpr int kWindowSums = kManyRegisters ? 24 : 12, kWindowColumns = kManyRegisters ? 4 : 3,
                     kMostWindowRows = 12;
inline constexpr int kLaneRows = kManyRegisters ? 4 : 2, kLaneColumns = 6,
                     kFewLaneColumns = 12;  // few: one or two rows in all
inline constexpr int kCorrelationRows = kManyRegisters ? 4 : 3, kCorrelationColumns = kManyRegisters ? 6 : 4;
inline constexpr int kPackTileRows = 4, kPackTileColumns = kManyRegisters ? 4 : 2;
inline constexpr int kSmallUnits = 4, kSmallSums = kRegisters - 4;  // a pack's layers that are compiled for their sizes

// Copies of a factor: how much of B is copied at a time, for how many rows of A at least, and how far apart B's rows must lie.
inline constexpr int kPackBytes = kLong ? 32 << 10 : 24 << 10, kPackRows = kLong ? 64 : 32,
                     kFarBytes = kLong ? 2 << 10 : 0;
inline constexpr int kCopiedBytes = 32 << 10, kCopiedRows = 64,
                     kStreamedBytes = 128 << 10;  // of a convolution; the last without a copy
inline constexpr Offset kPanelInputs = 32;        // inputs of a layer whose dZ may be laid out in panels
inline constexpr Offset kPanelSteps = 64;         // rows of all steps from which a recurrent weight is laid out
inline constexpr Offset kSmallImages = 512;       // pixels of the images that a convolution takes together
inline constexpr Offset kTilesAtOnce = 48;        // of an image, transformed at a time for minimal filtering
inline constexpr double kMostFiltered = 1 << 16;  // weights of a tap that minimal filtering takes

// Dense products on tile registers: the least of rows, inputs and units; bytes of a gradient that is computed in one part, and
// of a larger one's parts.
inline constexpr Offset kLeastOnTiles = 64, kWholeOnTiles = 320 << 10, kPartOnTiles = 32 << 10;

// Dense networks: inputs of a chain, and samples of a step in registers.
inline constexpr int kChainInputs = 64, kRegisterSamples = kManyRegisters ? 16 : 8;
inline constexpr Offset kLaneGroups = 4;  // vectors of samples that a product in lanes takes together

// Losses: numbers that are done one by one; outputs up to which samples go side by side, and from how many of them on.
inline constexpr int kOneByOne = 4, kLaneOutputs = 32;
template <class T>
inline constexpr int kLossLanes = std::min(4, kWidth<T> / 2);

// Parameters: arrays up to kSmallArray numbers fit the nearest cache with their states, and no division is shared in them;
// networks up to kMovedTogether move after their whole gradient is there. Larger ones are cut into blocks.
inline constexpr std::int64_t kSmallArray = 2048, kMovedTogether = kLong ? 1 << 16 : kSmallArray;
inline constexpr Offset kBlockBytes = 16 << 10, kBlocksBytes = 48 << 10, kLargeBlockBytes = 8 << 10;

// A team: multiplications of a step, and weights of a layer that is cut by columns, from which waiting for each other pays.
inline constexpr double kWorthSharing = 2e6;
inline constexpr Offset kWorthColumns = 1 << 17;

// Passes: bytes of the cache next to a core, rows that are measured or predicted together, and turns of a thread in a prediction.
inline constexpr std::int64_t kCacheBytes = 1 << 20, kMeasuredRows = 32;
inline constexpr int kPredictedRows = 32, kPredictionTurns = 16;

// Packs: numbers of an array, networks in a pack, how much faster it must be, and bytes of activations in one pass.
template <class T>
inline constexpr std::int64_t kMostPacked = 4096 / sizeof(T);
inline constexpr std::size_t kFewestPacked = 4;
inline constexpr double kPackMargin = 1.2;
inline constexpr std::int64_t kPackedBytes = 96 << 10;

// How a training was computed, in the words of README.md; part of its outcome.
struct Way {
  const char* lane = "unit";          // what a lane of a vector is: "unit", "sample" or "network"
  const char* factors = "in place";   // where a dense product finds them: "in place", "panels" or "bfloat16"
  const char* registers = "product";  // how far numbers stay there: "product", "layers" or "step"
  bool filtered = false;              // some convolution goes by minimal filtering
  bool by_blocks = false;             // parameters move block by block, while their gradients are at hand
  int networks = 1;                   // of a pack
  int members = 1, by_columns = 0;    // threads that share a step, and how many layers they cut by columns
  std::int64_t samples = 0;           // in one pass
};

inline bool decide(int forced, bool can, bool pays) { return can && (forced < 0 ? pays : forced > 0); }

// ---- Dense layers -----------------------------------------------------------------------------------------------

template <class T>
Offset row_bytes(Offset units) {
  return padded<T>(static_cast<int>(units)) * static_cast<Offset>(sizeof(T));
}

// A weight's gradient reads dZ (rows, units) once for every few rows of the weight. Where dZ outgrows the nearest cache, it is
// laid out in panels for all of them.
template <class T>
bool wants_panels(Offset rows, Offset inputs, Offset units, int forced = -1) {
  return decide(forced, true, !kLong && inputs >= kPanelInputs && rows * row_bytes<T>(units) >= kNearBytes);
}

inline bool suits_tiles(Offset rows, Offset inputs, Offset units) {
  return std::min({rows, inputs, units}) >= kLeastOnTiles;
}
// On tiles, dZ is laid out for every product. A gradient that fits the second cache is one product then; of a larger one the
// parameters move in parts, and dZ is laid out in advance for all of them.
template <class T>
bool keeps_tiles(Offset inputs, Offset units) {
  return inputs * row_bytes<T>(units) > kWholeOnTiles;
}

// A team gains by columns where a layer is large, because two members fetch half of the weights from each other, or half of the
// rows; and they wait for each other.
template <class T>
bool cuts_columns(int members, Offset rows, Offset inputs, Offset units, Offset least, int forced = -1) {
  const Offset width = padded<T>(static_cast<int>(units));
  return decide(forced, width >= 2 * members * kWidth<T>, inputs * units >= least && units >= 2 * rows);
}

inline bool of_kinds(const std::vector<LayerSpec>& layers, std::initializer_list<const char*> kinds) {
  return std::all_of(layers.begin(), layers.end(), [&](const LayerSpec& s) {
    return std::any_of(kinds.begin(), kinds.end(), [&](const char* kind) { return s.kind == kind; }) &&
           of_kinds(s.inner, kinds);
  });
}
// Whether samples are rows of numbers; images and sequences are larger, and fewer of them pass together.
inline bool rows_of_numbers(const std::vector<LayerSpec>& layers) {
  return of_kinds(layers, {"dense", "activation", "dropout", "flatten", "batch_norm", "layer_norm", "softmax", "prelu",
                           "scale", "periodic_embedding", "parametric_activation", "batch_ensemble", "residual"});
}
// How many rows pass together in a prediction.
inline int rows_predicted_together(const std::vector<LayerSpec>& layers) {
  return rows_of_numbers(layers) ? 2 * kPredictedRows : kPredictedRows;
}
inline bool is_dense(const NetworkSpec& network, int most_units) {
  const auto fits = [&](const LayerSpec& s) { return s.units <= most_units; };
  return network.input.positions() == 1 && !network.layers.empty() && of_kinds(network.layers, {"dense"}) &&
         std::all_of(network.layers.begin(), network.layers.end(), fits);
}

// A network of dense layers of one or two vectors goes there and back in one loop (layers/dense_chain.hpp), and with a few
// samples in registers (layers/dense_registers.hpp).
template <class T>
bool suits_chain(const NetworkSpec& network, int forced = -1) {
  return decide(forced, is_dense(network, 2 * kWidth<T>), network.input.channels <= kChainInputs);
}
template <class T>
bool suits_registers(const NetworkSpec& network, std::int64_t samples, int forced = -1) {
  const bool power_of_two = samples > 0 && (samples & (samples - 1)) == 0;
  return decide(forced,
                std::is_same_v<T, float> && is_dense(network, kWidth<T>) && power_of_two && samples <= kRegisterSamples,
                true);
}

// Whether a network of dense layers trains faster with a sample in every lane (layers/dense_lanes.hpp): by cycles of the products
// and of what is turned for them. Layers that must see a sample by itself keep it out.
template <class T>
bool suits_dense_lanes(const NetworkSpec& network, Offset batch, int forced = -1) {
  constexpr double W = kWidth<T>, kInput = kManyRegisters ? 0.3 : 1, kOutput = 0.3,
                   kWeight = kManyRegisters ? 0.3 : 1;  // to turn a number
  constexpr double kLayer = kManyRegisters ? 0 : 400;   // what a layer costs more
  // A tile in lanes loads more; and the inputs that pass at once may outgrow the nearest cache.
  const auto less = [](double inputs) { return kManyRegisters ? 1.12 : 1 + std::max(0.0, inputs - 256) / 4000; };
  const Offset full = (batch + kWidth<T> - 1) / kWidth<T>;
  const double samples = static_cast<double>(batch), groups = static_cast<double>(full);
  const double paired = static_cast<double>(kManyRegisters ? full : (full + 1) / 2 * 2);
  double by_rows = 0, by_lanes = kInput * samples * network.input.channels, inputs = network.input.channels;
  for (const LayerSpec& s : network.layers) {
    if (s.kind != "dense") continue;
    const double outputs = s.units, wide = padded<T>(s.units);
    const bool is_first = inputs == network.input.channels && by_rows == 0;
    by_rows += samples * inputs * wide / W / 2;
    by_lanes += less(inputs) * paired * inputs * outputs / 2 + kOutput * groups * W * wide + kLayer;
    if (!is_first) {
      by_rows += samples * outputs * padded<T>(static_cast<int>(inputs)) / W / 2 + kWeight * inputs * wide;
      by_lanes += less(outputs) * paired * inputs * outputs / 2;
    }
    inputs = outputs;
  }
  const bool can = network.input.positions() == 1 && of_kinds(network.layers, {"dense", "activation"});
  return decide(forced, can, (kManyRegisters || kVectorBytes >= 32) && by_lanes < by_rows);
}

// ---- Images -----------------------------------------------------------------------------------------------------

// What minimal filtering costs, in multiplications of a sample's forward pass: 16 products a tile, and what the transforms take
// beside them, for every channel of a tile, and for the weight and its gradient.
template <class T>
double filtering_cost(const Shape& in, const LayerSpec& s) {
  const double I = in.channels, O = padded<T>(s.units);
  return static_cast<double>(Tiling(in, s).tiles()) * (16 * I * O + 96 * (I + O)) + 200 * I * O;
}
// Whether it takes less than the sum over the taps (layers/conv2d.hpp). With very many channels dU would be large.
template <class T>
bool suits_filtering(const Shape& in, const LayerSpec& s, bool padded_rows, int forced = -1) {
  const bool slides = s.window_height == 3 && s.window_width == 3 && s.stride_height == 1 && s.stride_width == 1 &&
                      s.dilation_height == 1 && s.dilation_width == 1 && s.groups == 1;
  if (!slides || !padded_rows) return false;
  const Tiling tiling(in, s);
  const double weights = static_cast<double>(in.channels) * padded<T>(s.units);  // of a tap
  return decide(forced, weights <= kMostFiltered,
                filtering_cost<T>(in, s) < static_cast<double>(tiling.height * tiling.width) * 9 * weights);
}

// Whether a network should begin with a sample in every lane (layers/lanes.hpp): it starts with convolutions, leaves them by
// Flatten or GlobalAverage with nothing between that must see a sample by itself, and its products would take longer with a
// filter in every lane. Each product takes as long as its padded size; those by samples are padded by nothing, but a tile of
// theirs loads a little more.
template <class T>
bool suits_image_lanes(const NetworkSpec& network, int forced = -1) {
  Shape shape = network.input;
  double by_filters = 0, by_lanes = 0;
  for (const LayerSpec& s : network.layers) {
    if (s.kind == "flatten" || s.kind == "global_average_pool2d") break;
    if (s.kind == "conv2d") {
      const Shape out = window_shape(shape, s, s.units);
      const double taps = static_cast<double>(s.window_height) * s.window_width, filters = s.units;
      const double products = by_lanes > 0 ? 3 : 2;  // the first layer has no dX
      by_lanes += 1.15 * products * out.positions() * taps * shape.channels / s.groups * filters;
      if (suits_filtering<T>(shape, s, true)) {
        by_filters += products * filtering_cost<T>(shape, s);
      } else {
        by_filters += 2 * out.positions() * taps * shape.channels * padded<T>(s.units);
        if (products == 3) by_filters += shape.positions() * taps * filters * padded<T>(shape.channels);
      }
      shape = out;
    } else if (s.kind == "max_pool2d" || s.kind == "average_pool2d") {
      shape = window_shape(shape, s, shape.channels);
    } else if (s.kind != "activation") {
      return false;
    }
  }
  return decide(forced, by_lanes > 0, by_lanes < by_filters);
}

// How many of a batch's samples pass together: all of them, or equal parts that stay in the cache. each: bytes that a sample takes;
// least: samples that stay together, for all members.
inline std::int64_t samples_at_once(std::int64_t batch, std::int64_t each, std::int64_t parameter_bytes,
                                    std::int64_t cache, std::int64_t least) {
  const std::int64_t room = std::max(cache, 2 * parameter_bytes);
  if (batch * each <= room + room / 2) return batch;
  const std::int64_t most = std::max(room / each / least * least, least), parts = (batch + most - 1) / most;
  return std::min(batch, ((batch + parts - 1) / parts + least - 1) / least * least);
}
// Samples that a member of a team takes together: fewer where there are few.
inline int samples_of_a_member(int samples, int members) {
  return samples >= 16 * members ? 16 : samples >= 8 * members ? 8 : 2;
}

// ---- Packs ------------------------------------------------------------------------------------------------------

// How long a step of a pack takes, in steps of one of its networks alone. The more units there are, the fuller are the vectors of
// a network alone; those of a chain are nearly as full with any vector but one of 16 numbers, and those in registers fuller still.
template <class T>
double steps_of_a_pack(const NetworkSpec& network, double multiplications, Offset batch) {
  constexpr int W = kWidth<T>;
  const bool chained = !suits_dense_lanes<T>(network, batch) && suits_chain<T>(network);
  const bool quick = W == 16 || (chained && suits_registers<T>(network, batch));
  return 1 + std::sqrt(multiplications) * (!chained ? W / 53.0 : !quick ? 0.26 : W > 4 ? 0.45 : 0.35);
}
// In how many packs `threads` threads finish `count` jobs that are alike first; 0: alone.
template <class T>
std::size_t number_of_packs(double steps, std::size_t count, std::size_t threads, int forced) {
  constexpr std::size_t W = kWidth<T>;
  const std::size_t fitting = (count + W - 1) / W, number = std::max(fitting, std::min(threads, count / kFewestPacked));
  const auto rounds = [&](std::size_t tasks) { return static_cast<double>((tasks + threads - 1) / threads); };
  return decide(forced, count > 1, count >= kFewestPacked && kPackMargin * steps * rounds(number) < rounds(count))
             ? number
             : 0;
}

}  // namespace thetastar::TS_LEVEL
