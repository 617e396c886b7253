// The planner: from a description to layers and to one layout of every block.
//
// There are five flat blocks: parameters; gradients, laid out like them, as are the optimiser's states; activations (the output
// of every layer, and the gradients with respect to them: two buffers that alternate, or one a layer for a team); scratch, which
// a layer keeps from forward to backward; and room, which a layer needs for a moment and every thread has for itself.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>

#include "initializers.hpp"
#include "layers/conv2d.hpp"
#include "layers/dense_chain.hpp"
#include "layers/dense_lanes.hpp"
#include "layers/embedding.hpp"
#include "layers/lanes.hpp"
#include "layers/norm.hpp"
#include "layers/pointwise.hpp"
#include "layers/pool.hpp"
#include "layers/recurrent.hpp"
#include "layers/residual.hpp"
#include "layers/softmax.hpp"
#include "layers/tabular.hpp"
#include "layers/winograd.hpp"

namespace thetastar::TS_LEVEL {

// Visits the numbers of an array that lie together: (where they begin, how many).
template <class F>
void each_gate(const ParameterArray& s, F visit) {
  const int count = s.columns / s.gates, ld = s.ld / s.gates;
  for (int r = 0; r < s.rows; ++r)
    for (int gate = 0; gate < s.gates; ++gate) visit(s.offset + static_cast<std::int64_t>(r) * s.ld + gate * ld, count);
}

template <class T>
class Plan {
 public:
  // largest_batch: the most samples that one pass will ever have; usual_batch: as most passes have (0: the same).
  // alternates: only two gradients are there at a time.
  // tile_parts, ways: as TrainSpec says.
  Plan(const NetworkSpec& network, int largest_batch, bool alternates = true, int usual_batch = 0, int tile_parts = 0,
       const WaySpec& ways = {})
      : batch_(largest_batch), usual_batch_(usual_batch ? usual_batch : largest_batch),
        tile_parts_(tile_parts == 1 || rows_of_numbers(network.layers) ? tile_parts
                                                                       : 0),  // in small parts tiles gain nothing
        ways_(ways), dense_lanes_(tile_parts != 1 && suits_dense_lanes<T>(network, usual_batch_, ways.lanes)),
        lanes_(largest_batch > 1 && suits_image_lanes<T>(network, ways.lanes)), input_(input_form(network)) {
    Form form = input_;
    std::int64_t widest = 0;
    const auto boundary = [&](const Form& f) {
      outputs_.push_back(take(activations_, whole(batch_, f.lanes) * f.sample()));
      const std::int64_t size = whole(batch_, f.lanes) * gradient_form<T>(f).sample();
      widest = std::max(widest, size);
      if (!alternates) gradients_.push_back(take(activations_, size));
    };
    boundary(form);
    for (std::size_t i = 0; i < network.layers.size(); ++i) {
      layers_.push_back(make_layer(network.layers[i], static_cast<int>(i), form));
      form = layers_.back()->out();
      boundary(form);
    }
    if (form.shape.positions() > 1 || form.lanes > 1) {  // losses and callers see one row a sample
      layers_.push_back(make_flatten(form));
      boundary(layers_.back()->out());
    }
    if (alternates) {
      const std::int64_t buffers[2] = {take(activations_, widest), take(activations_, widest)};
      for (std::size_t boundary = 0; boundary < outputs_.size(); ++boundary)
        gradients_.push_back(buffers[boundary % 2]);
    }
    if (tile_parts != 1 && !dense_lanes_ && suits_chain<T>(network, ways.chain))
      for (std::size_t l = 0; l < layers_.size(); ++l) chain_.add(link(network.layers[l], l));
    in_registers_ = !chain_.empty() && suits_registers<T>(network, usual_batch_, ways.registers);
  }

  template <class Visit>
  static void each_layer_kind(Visit visit) {
    for (const LayerKind& layer : kLayers) visit(layer.kind);
  }
  int batch() const { return static_cast<int>(batch_); }
  Offset usual_batch() const { return usual_batch_; }
  int samples_together() const {
    return tiles_ ? kTileDepth : dense_lanes_ ? kWidth<T> : std::max(input_.lanes, together_);
  }  // that no part divides
  const Form& input() const { return input_; }
  int inputs() const { return input_.shape.size(); }
  int outputs() const { return layers_.back()->out().shape.channels; }
  std::int64_t parameters_size() const { return parameters_; }
  std::int64_t activations_size() const { return activations_; }
  std::int64_t scratch_size() const { return scratch_; }
  std::int64_t room_size() const { return room_; }
  const std::vector<ParameterArray>& arrays() const { return arrays_; }
  std::span<const ParameterArray> arrays_of(std::size_t layer) const {  // they lie together, in the order of the layers
    const auto [first, last] = std::equal_range(arrays_.begin(), arrays_.end(), static_cast<int>(layer), ByLayer{});
    return {first, last};
  }
  const std::vector<std::unique_ptr<Layer<T>>>& layers() const { return layers_; }
  double multiplications() const {  // of a sample's forward pass
    double total = 0;
    for (const auto& layer : layers_) total += layer->multiplications();
    return total;
  }
  const DenseChain<T>& chain() const { return chain_; }  // all layers, where they are small enough; otherwise empty
  bool in_registers() const { return in_registers_; }    // a usual batch goes there and back in them
  Way way() const {                                      // as far as it is the network's
    Way way;
    if (dense_lanes_ || lanes_) way.lane = "sample";
    if (panels_) way.factors = "panels";
    if (tiles_) way.factors = "bfloat16";
    if (!chain_.empty()) way.registers = "layers";
    way.filtered = together_ > 1;
    return way;
  }
  const Form& form(std::size_t boundary) const { return boundary == 0 ? input_ : layers_[boundary - 1]->out(); }

  // Where the output of layer `boundary - 1` lies in the activations (boundary 0: the input), and the gradient with
  // respect to it.
  std::int64_t output_at(std::size_t boundary) const { return outputs_[boundary]; }
  std::int64_t gradient_at(std::size_t boundary) const { return gradients_[boundary]; }

  void initialize(std::uint64_t seed, T* parameters) const {
    std::vector<double> values;
    std::size_t most = 0;
    for (const ParameterArray& s : arrays_) most = std::max(most, static_cast<std::size_t>(s.rows) * s.columns);
    values.reserve(most);  // one block, which goes back to the system as a whole
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      const ParameterArray& s = arrays_[i];
      values.resize(static_cast<std::size_t>(s.rows) * s.columns);
      thetastar::TS_LEVEL::initialize(s.initializer, Stream(seed, Purpose::kInitialize, i), s.rows, s.columns, s.fan_in,
                                      s.fan_out, values.data());
      std::size_t next = 0;
      each_gate(s, [&](std::int64_t at, int count) {
        for (int c = 0; c < count; ++c) parameters[at + c] = static_cast<T>(values[next++]);
      });
    }
  }

 private:
  struct ByLayer {
    bool operator()(const ParameterArray& s, int layer) const { return s.layer < layer; }
    bool operator()(int layer, const ParameterArray& s) const { return layer < s.layer; }
  };
  // An image goes into a convolution as it lies in the data; everything else is padded, row by row.
  Form input_form(const NetworkSpec& network) const {
    if (lanes_) return lane_form<T>(network.input);
    Form form = padded_form<T>(network.input);
    if (!network.layers.empty() && network.layers.front().kind == "conv2d") form.ld = form.shape.channels;
    return form;
  }
  static std::int64_t whole(std::int64_t count, std::int64_t multiple) {
    return (count + multiple - 1) / multiple * multiple;
  }
  static std::int64_t take(std::int64_t& block, std::int64_t size) {
    const std::int64_t at = block;
    block += (size + kWidth<T> - 1) / kWidth<T> * kWidth<T>;
    return at;
  }

  // What an array of parameters is; its `columns` belong to `gates`, each of which is padded by itself.
  struct Wanted {
    const char* name;
    int rows, columns, gates = 1;
    bool is_weight = true, is_vector = false;
    InitializerSpec initializer;
    double fan_in = 0, fan_out = 0;  // 0: rows and columns
  };
  std::int64_t add(const LayerSpec& layer, int index, const Wanted& w) {
    ParameterArray s;
    s.name = layer.name + "." + w.name;
    s.layer = index;
    s.rows = w.rows;
    s.columns = w.columns;
    s.gates = w.gates;
    s.ld = w.gates * padded<T>(w.columns / w.gates);
    s.offset = parameters_;
    s.is_weight = w.is_weight;
    s.is_vector = w.is_vector;
    s.initializer = w.initializer;
    s.fan_in = w.fan_in > 0 ? w.fan_in : w.rows;
    s.fan_out = w.fan_out > 0 ? w.fan_out : w.columns;
    arrays_.push_back(s);
    return take(parameters_, s.size());
  }
  std::int64_t add_vector(const LayerSpec& layer, int index, const char* name, int columns, const InitializerSpec& rule,
                          int gates = 1) {
    return add(layer, index, {name, 1, columns, gates, false, true, rule});
  }
  std::int64_t scratch(Offset rows, Offset ld) { return take(scratch_, rows * ld); }
  std::int64_t slopes(const LayerSpec& s, std::int64_t numbers) {
    return find_activation<T>(s.activation).keeps_slopes ? take(scratch_, numbers) : 0;
  }
  std::int64_t room(Offset rows, Offset ld) { return take(room_, rows * ld); }
  std::int64_t scratch(const Form& f) { return take(scratch_, static_cast<std::int64_t>(batch_) * f.sample()); }

  using Made = std::unique_ptr<Layer<T>>;

  Made make_layer(const LayerSpec& s, int index, const Form& in) {
    if (dense_lanes_ && s.kind == "dense") return make_dense_lanes(s, index, in);
    if (in.lanes > 1) return make_lane_layer(s, index, in);
    for (const auto& [kind, make] : kLayers)
      if (s.kind == kind) return (this->*make)(s, index, in);
    throw std::invalid_argument("layer: no '" + s.kind + "' in the core");
  }
  Made make_max_pool2d(const LayerSpec& s, int, const Form& in) {
    return std::make_unique<Pool2D<T, true>>(in, s,
                                             scratch(padded_form<T>(window_shape(in.shape, s, in.shape.channels))));
  }
  Made make_average_pool2d(const LayerSpec& s, int, const Form& in) {
    return std::make_unique<Pool2D<T, false>>(in, s, 0);
  }
  Made make_global_average(const LayerSpec&, int, const Form& in) { return std::make_unique<GlobalAverage<T>>(in); }
  Made make_flatten(const LayerSpec&, int, const Form& in) { return make_flatten(in); }
  Made make_embedding(const LayerSpec& s, int index, const Form& in) {
    const std::int64_t table = add(s, index, {"weight", s.categories, s.units, 1, true, false, s.kernel});
    arrays_.back().is_table = true;
    return std::make_unique<Embedding<T>>(in, s.categories, s.units, table);
  }
  Made make_activation(const LayerSpec& s, int, const Form& in) {
    return std::make_unique<Activation<T>>(in, s.activation, slopes(s, batch_ * padded_form<T>(in.shape).sample()));
  }
  Made make_softmax(const LayerSpec&, int, const Form& in) { return std::make_unique<Softmax<T>>(in); }
  Made make_prelu(const LayerSpec& s, int index, const Form& in) {
    const std::int64_t alpha = add_vector(s, index, "alpha", s.units == 1 ? 1 : in.shape.channels, s.bias);
    return std::make_unique<ParametricRelu<T>>(in, s.units == 1, alpha);
  }
  Made make_scale(const LayerSpec& s, int index, const Form& in) {
    return std::make_unique<Scale<T>>(in, add_vector(s, index, "scale", in.shape.channels, s.kernel));
  }
  Made make_parametric_activation(const LayerSpec& s, int index, const Form& in) {
    const std::int64_t alpha = add_vector(s, index, "alpha", in.shape.channels, s.bias);
    const std::int64_t moves = scratch(padded_form<T>(in.shape)), kept = scratch(padded_form<T>(in.shape));
    return std::make_unique<ParametricActivation<T>>(in, s.activation, alpha, moves, kept);
  }
  Made make_periodic_embedding(const LayerSpec& s, int index, const Form& in) {
    const int N = static_cast<int>(s.columns.size()), K = s.frequencies, D = s.units;
    const Offset numbers = static_cast<Offset>(in.shape.positions()) * N * padded<T>(K);
    typename PeriodicEmbedding<T>::Layout at;
    at.frequency = add(s, index, {"frequency", N, K, 1, false, false, s.kernel});
    at.phase = add(s, index, {"phase", N, K, 1, false, false, s.bias});
    at.weight = add(s, index,
                    {"weight", N * D, K, 1, true, false, s.recurrent, static_cast<double>(K), static_cast<double>(D)});
    at.bias = add_vector(s, index, "bias", N * D, {"uniform", std::sqrt(1.0 / K)});
    at.waves = scratch(batch_, numbers);
    at.slopes = scratch(batch_, numbers);
    return std::make_unique<PeriodicEmbedding<T>>(in, s.columns, K, D, at);
  }
  Made make_batch_ensemble(const LayerSpec& s, int index, const Form& in) {
    const Offset rows = batch_ * s.members;
    const int I = in.shape.channels, ld_in = padded<T>(I), ld_out = padded<T>(s.units);
    typename BatchEnsemble<T>::Layout at;
    at.weight = add(s, index, {"weight", I, s.units, 1, true, false, s.kernel});
    at.inner = add(s, index, {"input_scale", s.members, I, 1, false, false, s.recurrent});
    at.outer = add(s, index, {"output_scale", s.members, s.units, 1, false, false, {"ones", 1}});
    at.bias = add(s, index, {"bias", s.members, s.units, 1, false, false, s.bias});
    at.scaled = scratch(rows, ld_in);
    at.products = scratch(rows, ld_out);
    at.d_scaled = scratch(rows, ld_in);
    at.d_products = scratch(rows, ld_out);
    return std::make_unique<BatchEnsemble<T>>(in, s.members, s.units, at);
  }
  Made make_dropout(const LayerSpec& s, int index, const Form& in) {
    return std::make_unique<Dropout<T>>(in, s.rate, dropout_place(index), scratch(padded_form<T>(in.shape)));
  }

  // Makes a layer inside another one, and says which parameters it took.
  template <class Make>
  Made collecting(std::vector<ParameterArray>& arrays, Make make) {
    const std::size_t before = arrays_.size();
    Made made = make();
    arrays.assign(arrays_.begin() + static_cast<std::ptrdiff_t>(before), arrays_.end());
    return made;
  }

  // What tells one dropout's random numbers from another's: its layer, and its number within it (inside a Residual).
  std::uint64_t dropout_place(int index) { return static_cast<std::uint64_t>(index) | dropouts_[index]++ << 32; }

  AffineLayout dense_parameters(const LayerSpec& s, int index, const Form& in) {
    AffineLayout at;
    at.weight = add(s, index, {"weight", in.shape.channels, s.units, 1, true, false, s.kernel});
    if (s.use_bias) at.bias = add_vector(s, index, "bias", s.units, s.bias);
    return at;
  }
  Made make_dense(const LayerSpec& s, int index, const Form& in) {
    typename Dense<T>::Layout at;
    static_cast<AffineLayout&>(at) = dense_parameters(s, index, in);
    at.slope = slopes(s, batch_ * in.shape.positions() * padded<T>(s.units));
    at.rows = batch_ * in.shape.positions();
    const Offset inputs = in.shape.channels;
    const bool suits = in.shape.positions() == 1 && suits_tiles(usual_batch_, inputs, s.units);
    at.columns = ways_.columns;
    if (tile_parts_ == 1 || (tile_parts_ > 1 && suits)) {
      const auto needs = [&](Offset M, Offset K) { return bfloat16_room(M, K, tile_parts_); };
      tiles_ = true;
      at.parts = tile_parts_;
      at.transposed = room(1, std::max({needs(at.rows, inputs), needs(at.rows, s.units), needs(inputs, at.rows)}));
      if (keeps_tiles<T>(inputs, s.units)) at.packed = scratch(1, PackedRight(at.rows, s.units, at.parts).size());
    } else if (wants_panels<T>(usual_batch_ * in.shape.positions(), inputs, s.units, ways_.panels)) {
      panels_ = true;
      at.panels = scratch(at.rows, padded<T>(s.units));
    }
    affine_.push_back(at);
    return std::make_unique<Dense<T>>(in, s.units, s.activation, at);
  }
  typename DenseChain<T>::Link link(const LayerSpec& s, std::size_t l) const {
    const Form &in = layers_[l]->in(), &out = layers_[l]->out();
    return {in.shape.channels,
            in.ld,
            s.units,
            out.ld,
            affine_[l],
            s.activation,
            find_activation<T>(s.activation),
            outputs_[l],
            outputs_[l + 1],
            gradients_[l + 1],
            gradients_[l]};
  }

  Made make_dense_lanes(const LayerSpec& s, int index, const Form& in) {
    typename DenseLanes<T>::Layout at;
    static_cast<AffineLayout&>(at) = dense_parameters(s, index, in);
    const std::int64_t samples = whole(batch_, kWidth<T>);
    at.slope = slopes(s, samples * s.units);
    at.turned = scratch(samples, padded<T>(s.units));
    if (wants_panels<T>(usual_batch_, in.shape.channels, s.units, ways_.panels)) panels_ = true, at.panels = at.turned;
    if (in.lanes == 1) at.lanes = room(samples, in.shape.channels);
    return std::make_unique<DenseLanes<T>>(in, s.units, s.activation, samples, at);
  }

  AffineLayout conv2d_parameters(const LayerSpec& s, int index, const Form& in) {
    AffineLayout at;
    const int taps = s.window_height * s.window_width, channels = in.shape.channels / s.groups;
    at.weight = add(s, index,
                    {"weight", taps * channels, s.units, 1, true, false, s.kernel, static_cast<double>(taps * channels),
                     static_cast<double>(taps) * s.units / s.groups});
    if (s.use_bias) at.bias = add_vector(s, index, "bias", s.units, s.bias);
    return at;
  }
  Made make_conv2d(const LayerSpec& s, int index, const Form& in) {
    if (suits_filtering<T>(in.shape, s, in.lanes == 1 && in.ld % kWidth<T> == 0, ways_.filtering))
      return make_winograd(s, index, in);
    using Conv = Conv2D<T>;
    typename Conv::Layout at;
    static_cast<AffineLayout&>(at) = conv2d_parameters(s, index, in);
    const Offset all_taps = static_cast<Offset>(s.window_height) * s.window_width;
    const Form out = padded_form<T>(window_shape(in.shape, s, s.units));
    at.slope = slopes(s, batch_ * out.sample());
    if (s.use_bias) at.d_bias = scratch(batch_, out.ld);
    at.transposed = room(all_taps * s.units, padded<T>(in.shape.channels));
    if (Conv::has_border(in.shape, s)) at.images = scratch(batch_ * Conv::bordered(in.shape, s), in.ld);
    if (s.groups > 1) {
      at.spread = room(all_taps * in.shape.channels, out.ld);
      at.d_spread = room(all_taps * in.shape.channels, out.ld);
    }
    return std::make_unique<Conv>(in, s, at);
  }

  Made make_winograd(const LayerSpec& s, int index, const Form& in) {
    using Conv = WinogradConv2D<T>;
    typename Conv::Layout at;
    static_cast<AffineLayout&>(at) = conv2d_parameters(s, index, in);
    const Tiling tiling(in.shape, s);
    const Form out = padded_form<T>(window_shape(in.shape, s, s.units));
    const Offset I = in.shape.channels, O = s.units, some = Conv::some(batch_),
                 tiles = Conv::lines_at_once(tiling) * tiling.tiles_in_line;
    const auto points = [](Offset rows, Offset ld) { return Conv::kPoints * Conv::point_size(rows, ld); };
    at.slope = slopes(s, batch_ * out.sample());
    if (s.use_bias) at.d_bias = scratch(batch_, out.ld);
    if (tiling.has_border(in.shape)) {
      at.images = scratch(batch_ * tiling.bordered(), in.ld);
      at.d_images = room(Conv::kSome * tiling.bordered(), in.ld);
    }
    at.d_points = scratch(some, points(I, out.ld));
    at.transposed = room(9 * O, in.ld);
    at.points = room(1, std::max(points(I, out.ld), points(O, in.ld)));
    at.inputs = room(1, points(tiles, in.ld));
    at.outputs = room(1, points(tiles, out.ld));
    together_ = std::max<int>(together_, Conv::kSome);
    return std::make_unique<Conv>(in, s, at);
  }

  Made make_flatten(const Form& in) {
    if (in.lanes > 1) return std::make_unique<FlattenLanes<T>>(in);
    return std::make_unique<Flatten<T>>(in);
  }

  Made make_lane_layer(const LayerSpec& s, int index, const Form& in) {
    if (s.kind == "flatten") return make_flatten(in);
    if (s.kind == "global_average_pool2d") return std::make_unique<GlobalAverageLanes<T>>(in);
    if (s.kind == "conv2d") return make_lane_conv2d(s, index, in);
    batch_ = whole(batch_, in.lanes) / in.lanes;  // what is kept, is kept for groups
    Made inner = make_layer(s, index, widened<T>(in));
    batch_ = given_;
    return std::make_unique<InLanes<T>>(in, std::move(inner));
  }
  Made make_lane_conv2d(const LayerSpec& s, int index, const Form& in) {
    typename LaneConv2D<T>::Layout at;
    const AffineLayout parameters = conv2d_parameters(s, index, in);
    at.weight = parameters.weight;
    at.bias = parameters.bias;
    const Offset samples = whole(batch_, in.lanes), taps = static_cast<Offset>(s.window_height) * s.window_width;
    at.slope = slopes(s, samples * window_shape(in.shape, s, s.units).size());
    at.sums = room(taps * in.shape.channels / s.groups * s.units, in.lanes);
    if (Conv2D<T>::has_border(in.shape, s)) {
      const Offset image = Conv2D<T>::bordered(in.shape, s) * in.shape.channels;
      at.images = take(scratch_, samples * image);
      at.d_image = room(image, in.lanes);
    }
    return std::make_unique<LaneConv2D<T>>(in, s, at);
  }

  template <Cell kCell>
  Made make_recurrent(const LayerSpec& s, int index, const Form& in) {
    if (!s.bidirectional) return make_direction<kCell>(s, index, in);
    LayerSpec ahead = s, back = s;
    ahead.bidirectional = back.bidirectional = false;
    ahead.reverse = false;
    back.reverse = true;
    ahead.name = s.name + ".forward";
    back.name = s.name + ".backward";
    std::vector<ParameterArray> arrays[2];
    Made first = collecting(arrays[0], [&] { return make_direction<kCell>(ahead, index, in); });
    Made second = collecting(arrays[1], [&] { return make_direction<kCell>(back, index, in); });
    const std::int64_t halves = scratch(first->out());
    const std::int64_t d_half = scratch(batch_ * in.shape.positions(), padded<T>(in.shape.channels));
    return std::make_unique<Bidirectional<T>>(in, std::move(first), std::move(second), arrays[0], arrays[1], halves,
                                              d_half);
  }
  template <Cell kCell>
  Made make_direction(const LayerSpec& s, int index, const Form& in) {
    constexpr int G = gates(kCell);
    RecurrentLayout at;
    const int U = s.units, features = in.shape.channels, ld = padded<T>(U);
    const Offset steps = in.shape.positions(), rows = batch_ * steps;
    at.weight = add(
        s, index,
        {"weight", features, G * U, G, true, false, s.kernel, static_cast<double>(features), static_cast<double>(U)});
    at.recurrent = add(
        s, index,
        {"recurrent_weight", U, G * U, G, true, false, s.recurrent, static_cast<double>(U), static_cast<double>(U)});
    at.bias = add_vector(s, index, "bias", G * U, s.bias, G);
    if (kCell == Cell::kGru) at.recurrent_bias = add_vector(s, index, "recurrent_bias", G * U, InitializerSpec(), G);
    at.gates = scratch(rows, G * ld);
    if (kCell == Cell::kGru) at.products = scratch(rows, G * ld);
    at.states = scratch(batch_ * (steps + 1), ld);
    if (kCell == Cell::kLstm) {
      at.cells = scratch(batch_ * (steps + 1), ld);
      at.squashed = scratch(rows, ld);
    }
    at.d_state = scratch(batch_, ld);
    at.d_cell = scratch(batch_, ld);
    at.weight_panels = room(G * ld, padded<T>(features));
    at.recurrent_panels = room(G * ld, ld);
    if (s.has_mask) at.masked = scratch(rows, 1);
    return std::make_unique<Recurrent<T, kCell>>(in, s, at);
  }

  Made make_norm(const LayerSpec& s, int index, const Form& in) {
    NormLayout at;
    const int channels = in.shape.channels;
    const InitializerSpec zeros, ones{"ones", 1};
    at.gamma = add_vector(s, index, "gamma", channels, ones);
    at.beta = add_vector(s, index, "beta", channels, zeros);
    at.normal = scratch(padded_form<T>(in.shape));
    if (s.kind == "layer_norm") {
      at.inverse = scratch(batch_ * in.shape.positions(), 1);
      return std::make_unique<LayerNorm<T>>(in, s.epsilon, at);
    }
    at.mean = add_vector(s, index, "running_mean", channels, zeros);
    arrays_.back().is_learned = false;
    at.variance = add_vector(s, index, "running_variance", channels, ones);
    arrays_.back().is_learned = false;
    at.inverse = scratch(1, padded<T>(channels));
    return std::make_unique<BatchNorm<T>>(in, s.momentum, s.epsilon, at);
  }

  Made make_residual(const LayerSpec& s, int index, const Form& in) {
    typename Residual<T>::Layout at;
    typename Residual<T>::Stack stack;
    Form form = in;
    std::int64_t widest = batch_ * in.shape.positions() * static_cast<std::int64_t>(padded<T>(in.shape.channels));
    for (const LayerSpec& inner : s.inner) {
      LayerSpec named = inner;
      named.name = s.name + "." + inner.name;
      at.parameters.emplace_back();
      stack.push_back(collecting(at.parameters.back(), [&] { return make_layer(named, index, form); }));
      form = stack.back()->out();
      at.outputs.push_back(scratch(form));
      widest = std::max(widest, batch_ * static_cast<std::int64_t>(form.sample()));
    }
    Made projection;
    at.parameters.emplace_back();
    if (form.shape != in.shape)
      projection = collecting(at.parameters.back(), [&] { return make_projection(s, index, in, form.shape); });
    at.shortcut = scratch(1, widest);
    at.d_first = scratch(1, widest);
    at.d_second = scratch(1, widest);
    return std::make_unique<Residual<T>>(in, std::move(stack), std::move(projection), at);
  }
  Made make_projection(const LayerSpec& residual, int index, const Form& in, const Shape& out) {
    LayerSpec s;
    s.name = residual.name + ".projection";
    s.units = out.channels;
    s.use_bias = false;  // F's last layer has one
    s.kernel = residual.kernel;
    if (in.shape.positions() == out.positions()) return make_dense(s, index, in);
    s.stride_height = (in.shape.height + out.height - 1) / out.height;
    s.stride_width = (in.shape.width + out.width - 1) / out.width;
    if (window_shape(in.shape, s, s.units) != out)
      throw std::invalid_argument("Residual: the inner layers' output does not fit a projection with a whole stride");
    return make_conv2d(s, index, in);
  }

  struct LayerKind {  // the table of layers: what each is called, and how it is made
    const char* kind;
    Made (Plan::*make)(const LayerSpec&, int index, const Form& in);
  };
  static constexpr LayerKind kLayers[] = {{"dense", &Plan::make_dense},
                                          {"conv2d", &Plan::make_conv2d},
                                          {"max_pool2d", &Plan::make_max_pool2d},
                                          {"average_pool2d", &Plan::make_average_pool2d},
                                          {"global_average_pool2d", &Plan::make_global_average},
                                          {"flatten", &Plan::make_flatten},
                                          {"simple_rnn", &Plan::make_recurrent<Cell::kSimple>},
                                          {"lstm", &Plan::make_recurrent<Cell::kLstm>},
                                          {"gru", &Plan::make_recurrent<Cell::kGru>},
                                          {"embedding", &Plan::make_embedding},
                                          {"batch_norm", &Plan::make_norm},
                                          {"layer_norm", &Plan::make_norm},
                                          {"activation", &Plan::make_activation},
                                          {"dropout", &Plan::make_dropout},
                                          {"softmax", &Plan::make_softmax},
                                          {"prelu", &Plan::make_prelu},
                                          {"scale", &Plan::make_scale},
                                          {"periodic_embedding", &Plan::make_periodic_embedding},
                                          {"parametric_activation", &Plan::make_parametric_activation},
                                          {"batch_ensemble", &Plan::make_batch_ensemble},
                                          {"residual", &Plan::make_residual}};

  Offset batch_;  // 64 bits wide, so that its products with sizes cannot overflow
  const Offset given_ = batch_;
  const Offset usual_batch_;
  const int tile_parts_;
  const WaySpec ways_;
  bool tiles_ = false, panels_ = false,
       in_registers_ = false;       // some layer's products are on tiles, some dZ lies in panels
  int together_ = 1;                // samples of which some layer sums a gradient as one
  const bool dense_lanes_, lanes_;  // how samples lie: side by side between dense layers, or from the input on
  Form input_;
  std::vector<std::unique_ptr<Layer<T>>> layers_;
  std::vector<ParameterArray> arrays_;
  std::vector<AffineLayout> affine_;  // of dense layers, in their order
  DenseChain<T> chain_;
  std::vector<std::int64_t> outputs_;
  std::map<int, std::uint64_t> dropouts_;  // how many a layer holds so far
  std::vector<std::int64_t> gradients_;
  std::int64_t parameters_ = 0, activations_ = 0, scratch_ = 0, room_ = 0;
};

// Between a block with padded rows and plain arrays one after another, which is what the outside sees.
template <class T>
void import_parameters(const Plan<T>& plan, const T* plain, T* block) {
  for (const ParameterArray& s : plan.arrays())
    each_gate(s, [&](std::int64_t at, int count) {
      std::copy(plain, plain + count, block + at);
      plain += count;
    });
}

template <class T>
void export_parameters(const Plan<T>& plan, const T* block, std::vector<T>& plain) {
  std::size_t size = 0;
  for (const ParameterArray& s : plan.arrays())
    size += static_cast<std::size_t>(s.rows) * static_cast<std::size_t>(s.columns);
  plain.clear();
  plain.reserve(size);
  for (const ParameterArray& s : plan.arrays())
    each_gate(s, [&](std::int64_t at, int count) { plain.insert(plain.end(), block + at, block + at + count); });
}

}  // namespace thetastar::TS_LEVEL
