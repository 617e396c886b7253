// Many tiny networks that are alike, trained at once on one thread: a network a lane.
//
// A network of a few units leaves most of a vector empty, and a step of it is over before its calls are. So up to
// kWidth<T> jobs that differ in nothing but their seed, their rows and their numbers (pack/alike.hpp) go through the loop
// side by side: every number of it, parameters, activations, gradients, the optimiser's states, is a Vec<T> with a
// network in each lane. Each of them gets the bits that Training<T> gives it, which stays the specification: sums run in
// the same order, and activations, optimisers, schedules and most losses are the same functions.
//
// A lane that has ended is handed over at once and then goes on without anybody looking: its numbers may be anything.
#pragma once

#include <array>

#include "pack/alike.hpp"
#include "pack/kernels.hpp"
#include "pack/losses.hpp"
#include "pack/rows.hpp"
#include "train.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Pack {
 public:
  static constexpr int W = kWidth<T>;
  struct alignas(kVectorBytes) Doubles : std::array<double, W> {};  // one a lane

  // jobs: 1 to W of them, all alike.
  Pack(std::vector<const Job<T>*> jobs, Signals signals)
      : jobs_(std::move(jobs)), settings_(jobs_[0]->settings), signals_(signals), plan_(jobs_[0]->network, 1), layers_(packed_layers()),
        slices_(packed_slices()), piece_(samples_at_once()),
        parameters_(size()), gradients_(size()), activations_(piece_ * numbers_a_sample() * W), costs_(2 * piece_ * W),
        optimizer_(settings_.optimizer, {}, optimizer_slices(), size()), best_(keeps_best() ? size() : 0),
        loss_(settings_.loss, plan_.outputs(), jobs_[0]->data.targets),
        training_(lanes_data(&Job<T>::data)), validation_(lanes_data(&Job<T>::validation)),
        rows_(jobs_[0]->row_count, settings_.shuffle), validation_rows_(jobs_[0]->validation_count, false),
        clock_{0, (row_count() + batch_size() - 1) / batch_size(), settings_.epochs},
        squares_(slices_.size()), lanes_(jobs_.size()) {
    lay_out();
  }

  std::int64_t bytes() const {
    return (parameters_.size() + gradients_.size() + activations_.size() + best_.size()) * static_cast<std::int64_t>(sizeof(T)) +
           costs_.size() * static_cast<std::int64_t>(sizeof(double)) + optimizer_.bytes() + rows_.bytes() + validation_rows_.bytes();
  }

  // ended(which of the jobs, its outcome): for every job, as soon as it has ended.
  template <class Ended>
  void run(Ended ended) {
    started_ = looked_ = std::chrono::steady_clock::now();
    const auto finish = [&](std::size_t lane, const char* stopped) { ended(lane, finished(lane, stopped)); };
    const auto finish_all = [&](const char* stopped) {
      for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
        if (lanes_[lane].runs) finish(lane, stopped);
    };
    start();
    for (std::int64_t epoch = 0; epoch < settings_.epochs && running_ > 0; ++epoch) {
      Doubles losses{};
      if (!descend(epoch, losses, finish)) return finish_all("interrupted");
      record(losses);
      end_where([&](std::size_t lane) { return !finite(lane); }, "diverged", finish);
      if (running_ > 0 && !validate(finish)) return finish_all("interrupted");
      signals_.epochs->fetch_add(running_, std::memory_order_relaxed);
      if (settings_.has_threshold)
        end_where([&](std::size_t lane) { return lanes_[lane].outcome.history.loss.back() <= settings_.threshold; }, "threshold", finish);
      if (settings_.early_stopping)
        end_where([&](std::size_t lane) { return epoch + 1 - lanes_[lane].outcome.best_epoch >= settings_.patience; }, "early", finish);
    }
    finish_all("epochs");
  }

 private:
  static constexpr std::int64_t kNear = 96 << 10;   // bytes of activations at once: half of the nearest cache
  static constexpr int kEvaluationBatch = 32;      // as in train.hpp: the validation loss is a sum of sums over so many

  struct Layer {
    int inputs, outputs;
    std::int64_t weight = -1, bias = -1;           // in the parameters; an activation has none
    Activate<T> activate = nullptr;                // null: identity
    T *output = nullptr, *slope = nullptr;
  };
  struct Lane {
    Outcome<T> outcome;
    double lowest = 0, weight_scale = 1, seconds = 0;
    bool runs = true;
  };

  // ---- Layout -----------------------------------------------------------------------------------------------------

  std::vector<Layer> packed_layers() const {
    std::vector<Layer> layers;
    int width = plan_.inputs();
    std::int64_t at = 0;
    for (const LayerSpec& s : jobs_[0]->network.layers) {
      const bool dense = s.kind == "dense";
      Layer layer{width, dense ? s.units : width};
      layer.activate = find_activation<T>(s.activation);
      if (dense) {
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
  std::vector<ParameterSlice> packed_slices() const {
    std::vector<ParameterSlice> slices = plan_.slices();
    std::int64_t at = 0;
    for (ParameterSlice& s : slices) {
      s.ld = s.columns * W;
      s.offset = at;
      at += s.size();
    }
    return slices;
  }
  // Where nothing tells weights from biases, an optimiser's pass over all of them is one.
  std::vector<ParameterSlice> optimizer_slices() const {
    if (settings_.optimizer.weight_decay != 0 || slices_.empty()) return slices_;
    ParameterSlice all = slices_[0];
    all.rows = 1;
    all.ld = static_cast<int>(size());
    return {all};
  }
  std::int64_t size() const { return slices_.empty() ? 0 : slices_.back().offset + slices_.back().size(); }
  int widest() const {
    int most = 0;
    for (const Layer& layer : layers_) most = std::max(most, layer.outputs);
    return most;
  }
  std::int64_t numbers_a_sample() const {
    std::int64_t numbers = plan_.inputs() + jobs_[0]->data.targets + 2 * widest();
    for (const Layer& layer : layers_) numbers += layer.outputs * (layer.activate ? 2 : 1);
    return numbers;
  }
  std::int64_t samples_at_once() const {
    const std::int64_t fit = kNear / (numbers_a_sample() * W * static_cast<std::int64_t>(sizeof(T))) / kPackTileRows * kPackTileRows;
    return std::min(std::max<std::int64_t>(fit, kPackTileRows), std::max(batch_size(), std::min<std::int64_t>(jobs_[0]->validation_count, kEvaluationBatch)));
  }
  void lay_out() {
    T* next = activations_.data();
    const auto take = [&](std::int64_t numbers) { return std::exchange(next, next + piece_ * numbers * W); };
    input_ = take(plan_.inputs());
    targets_ = take(jobs_[0]->data.targets);
    for (Layer& layer : layers_) {
      layer.output = take(layer.outputs);
      if (layer.activate) layer.slope = take(layer.outputs);
    }
    for (T*& buffer : d_) buffer = take(widest());
    weights_ = costs_.data() + piece_ * W;
  }
  PackedData<T> lanes_data(Data<T> Job<T>::*which) const {
    PackedData<T> packed;
    for (int lane = 0; lane < W; ++lane) {
      const Data<T>& data = job(lane).*which;
      packed.x[lane] = data.x;
      packed.y[lane] = data.y;
      packed.weights[lane] = data.weights;
      packed.one_table &= data.x == packed.x[0] && data.y == packed.y[0] && data.weights == packed.weights[0];
      packed.features = data.features * data.members;
      packed.targets = data.targets;
    }
    return packed;
  }

  const Job<T>& job(int lane) const { return *jobs_[std::min(static_cast<std::size_t>(lane), jobs_.size() - 1)]; }  // lanes left over repeat the last
  std::int64_t row_count() const { return jobs_[0]->row_count; }
  std::int64_t batch_size() const { return std::min(settings_.batch_size, row_count()); }
  bool keeps_best() const { return settings_.early_stopping && settings_.restore_best; }

  void start() {
    Block<T> block(plan_.parameters_size());
    std::vector<T> plain;
    for (int lane = 0; lane < W; ++lane) {
      const Job<T>& of = job(lane);
      if (of.parameters.empty()) {
        plan_.initialize(of.settings.seed, block.data());
        export_parameters(plan_, block.data(), plain);
      }
      const std::vector<T>& from = of.parameters.empty() ? plain : of.parameters;
      for (std::int64_t i = 0; i < size() / W; ++i) parameters_.data()[i * W + lane] = from[static_cast<std::size_t>(i)];
      rows_.set(lane, of.rows);
      validation_rows_.set(lane, of.validation_rows);
      weight_scale_[static_cast<std::size_t>(lane)] = 1 / mean_weight(of.data, of.rows, of.row_count);
      validation_scale_[static_cast<std::size_t>(lane)] =
          1 / (static_cast<double>(of.validation_count) * mean_weight(of.validation, of.validation_rows, of.validation_count));
    }
    running_ = static_cast<std::int64_t>(lanes_.size());
  }
  static double mean_weight(const Data<T>& data, const std::int64_t* rows, std::int64_t count) {
    if (data.weights == nullptr) return 1;
    double total = 0;
    for (std::int64_t i = 0; i < count; ++i) total += data.weights[rows[i]];
    return total / static_cast<double>(count);
  }

  // ---- Steps ------------------------------------------------------------------------------------------------------

  // One epoch, and the mean losses on the way. False: stopped by the signal.
  template <class Finish>
  bool descend(std::int64_t epoch, Doubles& losses, Finish finish) {
    for (auto& of_slice : squares_) of_slice.fill(0);
    if (settings_.shuffle) shuffle(epoch);
    Doubles scale;
    std::int64_t batch = 0;
    for (std::int64_t at = 0; at < row_count(); at += batch) {
      if (std::exchange(batch, std::min(batch_size(), row_count() - at)) != batch)
        for (std::size_t l = 0; l < W; ++l) scale[l] = weight_scale_[l] / static_cast<double>(batch);
      Doubles total{};
      for (std::int64_t done = 0; done < batch; done += piece_) {
        const int count = static_cast<int>(std::min(piece_, batch - done));
        gather(training_, rows_.at(at + done), count, scale);
        forward(count, parameters_.data(), true);
        cost(count, scale, training_.weights[0] != nullptr);
        add_costs<T>(count, costs_.data(), total.data());
        backward(count, done > 0);
      }
      if (*signals_.cancel) return false;
      if (!all_finite(total)) {
        end_where([&](std::size_t lane) { return !std::isfinite(total[lane]); }, "diverged", finish);
        if (running_ == 0) return true;
      }
      step();
      for (std::size_t l = 0; l < W; ++l) losses[l] += total[l] * static_cast<double>(batch);
    }
    for (double& loss : losses) loss /= static_cast<double>(row_count());
    return true;
  }
  static bool all_finite(const Doubles& values) {
    double sum = 0;
    for (const double value : values) sum += value * 0;
    return sum == 0;
  }

  [[gnu::noinline]] void shuffle(std::int64_t epoch) {
    std::vector<Stream> streams;
    for (int lane = 0; lane < W; ++lane) streams.emplace_back(job(lane).settings.seed, Purpose::kShuffle, static_cast<std::uint64_t>(epoch));
    rows_.shuffle(streams.data());
  }

  [[gnu::noinline]] void gather(const PackedData<T>& data, const std::int32_t* rows, int count, const Doubles& scale) {
    for (int b = 0; b < count; ++b, rows += W) {
      pick_rows(data.x, data.one_table, rows, data.features, input_ + b * data.features * W);
      pick_rows(data.y, data.one_table, rows, data.targets, targets_ + b * data.targets * W);
      if (data.weights[0] == nullptr) continue;
      for (int l = 0; l < W; ++l) weights_[b * W + l] = scale[static_cast<std::size_t>(l)] * static_cast<double>(data.weights[l][rows[l]]);
    }
  }

  // A matrix whose rows have so many columns, and the same matrix with rows and columns exchanged.
  template <class N>
  static Packed<N> rows(N* data, Offset columns) {
    return {data, columns * W, W};
  }
  template <class N>
  static Packed<N> turned(N* data, Offset columns) {
    return {data, W, columns * W};
  }

  void forward(int count, const T* parameters, bool keeps) {
    const T* input = input_;
    for (const Layer& layer : layers_) {
      const int n = count * layer.outputs * W;
      if (layer.weight >= 0) {
        multiply_packed<T>(count, layer.outputs, layer.inputs,
                           {rows(input, layer.inputs), rows(parameters + layer.weight, layer.outputs),
                            layer.bias < 0 ? nothing<T>() : Packed<const T>{parameters + layer.bias, 0, W}, rows(layer.output, layer.outputs)});
        if (layer.activate) layer.activate(layer.output, layer.output, keeps ? layer.slope : nullptr, n);
      } else if (layer.activate) {
        layer.activate(input, layer.output, keeps ? layer.slope : nullptr, n);
      } else {
        std::copy_n(input, n, layer.output);
      }
      input = layer.output;
    }
  }

  [[gnu::noinline]] void cost(int count, const Doubles& scale, bool weighted) {
    const int outputs = plan_.outputs(), targets = jobs_[0]->data.targets;
    loss_({count, outputs, targets, static_cast<int>(lanes_.size()), layers_.back().output, targets_, d_[layers_.size() % 2],
           weighted ? weights_ : scale.data(), weighted ? W : 0, costs_.data()});
  }

  void backward(int count, bool adds) {
    for (std::size_t l = layers_.size(); l-- > 0;) {
      const Layer& layer = layers_[l];
      T *dZ = d_[(l + 1) % 2], *dX = d_[l % 2];
      if (layer.activate) scale_packed<T>(count * layer.outputs * W, layer.slope, dZ);
      if (layer.weight < 0) {
        d_[l % 2] = dZ, d_[(l + 1) % 2] = dX;  // an activation's dX lies where its dY lay
        continue;
      }
      const T* input = l == 0 ? input_ : layers_[l - 1].output;
      const auto d = rows<const T>(dZ, layer.outputs), weight = turned<const T>(parameters_.data() + layer.weight, layer.outputs);
      const auto dW = rows(gradients_.data() + layer.weight, layer.outputs);
      multiply_packed<T>(layer.inputs, layer.outputs, count,
                         {turned(input, layer.inputs), d, adds ? rows<const T>(dW.data, layer.outputs) : nothing<T>(), dW});
      if (layer.bias >= 0) sum_packed<T>(count, layer.outputs, dZ, gradients_.data() + layer.bias, adds);
      if (l > 0) multiply_packed<T>(count, layer.inputs, layer.outputs, {d, weight, nothing<T>(), rows(dX, layer.inputs)});
    }
  }

  [[gnu::noinline]] void step() {
    for (std::size_t i = 0; i < slices_.size(); ++i) {
      prepare(slices_[i]);
      add_squares<T>(slices_[i].rows, slices_[i].columns, gradients_.data() + slices_[i].offset, squares_[i].data());
    }
    optimizer_.begin(schedule_factor(settings_.schedule, clock_));
    if (settings_.optimizer.weight_decay != 0) {
      for (std::size_t i = 0; i < slices_.size(); ++i) optimizer_.move(i, 0, slices_[i].rows, parameters_.data(), gradients_.data());
    } else if (!slices_.empty()) {
      optimizer_.move(0, 0, 1, parameters_.data(), gradients_.data());
    }
    clock_.step += 1;
  }

  // Penalties and clipping by value, as in Training.
  void prepare(const ParameterSlice& s) {
    const T l1 = static_cast<T>(settings_.l1), l2 = static_cast<T>(2 * settings_.l2), limit = static_cast<T>(settings_.clip_value);
    T *g = gradients_.data() + s.offset, *w = parameters_.data() + s.offset;
    if (s.is_weight && (l1 != 0 || l2 != 0))
      for (std::int64_t i = 0; i < s.size(); ++i) g[i] += l2 * w[i] + (w[i] > 0 ? l1 : w[i] < 0 ? -l1 : T(0));
    if (limit > 0)
      for (std::int64_t i = 0; i < s.size(); ++i) g[i] = std::clamp(g[i], -limit, limit);
  }

  // ---- Epochs -----------------------------------------------------------------------------------------------------

  template <class Which, class Finish>
  void end_where(Which which, const char* stopped, Finish finish) {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
      if (lanes_[lane].runs && which(lane)) finish(lane, stopped);
  }

  [[gnu::noinline]] void record(const Doubles& losses) {
    const auto now = std::chrono::steady_clock::now();
    const double passed = std::chrono::duration<double>(now - looked_).count(), since = std::chrono::duration<double>(now - started_).count();
    looked_ = now;
    Clock last = clock_;
    last.step -= 1;  // the rate that the epoch's last step took
    const double rate = settings_.optimizer.learning_rate * schedule_factor(settings_.schedule, last);
    for (std::size_t l = 0; l < lanes_.size(); ++l) {
      if (!lanes_[l].runs) continue;
      History& h = lanes_[l].outcome.history;
      h.loss.push_back(losses[l]);
      h.learning_rate.push_back(rate);
      h.seconds.push_back(since);
      for (const Doubles& squares : squares_) h.gradient_norm.push_back(std::sqrt(squares[l] / static_cast<double>(clock_.steps_per_epoch)));
      lanes_[l].outcome.epochs += 1;
      lanes_[l].seconds += passed / static_cast<double>(running_);
    }
    Vec<T> sum{};  // one not-finite parameter makes the sum not finite
    for (std::int64_t i = 0; i < size(); i += W) sum += load(parameters_.data() + i) * T(0);
    zeros_ = sum;
  }
  bool finite(std::size_t lane) const { return zeros_[static_cast<int>(lane)] == 0; }

  // Measures the validation rows and keeps the best parameters. False: stopped by the signal.
  template <class Finish>
  bool validate(Finish finish) {
    const std::int64_t rows = jobs_[0]->validation_count, largest = std::max(batch_size(), std::min<std::int64_t>(rows, kEvaluationBatch));
    if (rows == 0) {
      for (Lane& lane : lanes_) lane.outcome.best_epoch = lane.runs ? lane.outcome.epochs : lane.outcome.best_epoch;
      return true;
    }
    Doubles totals{};
    for (std::int64_t at = 0; at < rows; at += largest) {
      const std::int64_t batch = std::min(largest, rows - at);
      Doubles total{};
      for (std::int64_t done = 0; done < batch; done += piece_) {
        const int count = static_cast<int>(std::min(piece_, batch - done));
        gather(validation_, validation_rows_.at(at + done), count, validation_scale_);
        forward(count, answer(), false);
        cost(count, validation_scale_, validation_.weights[0] != nullptr);
        add_costs<T>(count, costs_.data(), total.data());
      }
      for (std::size_t l = 0; l < W; ++l) totals[l] += total[l];
      if (*signals_.cancel) return false;
    }
    for (std::size_t l = 0; l < lanes_.size(); ++l) {
      Lane& lane = lanes_[l];
      if (!lane.runs) continue;
      lane.outcome.history.validation_loss.push_back(totals[l]);
      if (!std::isfinite(totals[l])) {
        finish(l, "diverged");
      } else if (lane.outcome.best_epoch == 0 || totals[l] < lane.lowest - settings_.min_delta) {
        lane.lowest = totals[l];
        lane.outcome.best_epoch = lane.outcome.epochs;
        for (std::int64_t i = static_cast<std::int64_t>(l); i < best_.size(); i += W) best_.data()[i] = answer()[i];
      }
    }
    return true;
  }

  const T* answer() const { return optimizer_.answer(parameters_.data()); }

  Outcome<T> finished(std::size_t l, const char* stopped) {
    Lane& lane = lanes_[l];
    const T* from = best_.size() > 0 && lane.outcome.best_epoch > 0 ? best_.data() : answer();
    for (std::int64_t i = static_cast<std::int64_t>(l); i < size(); i += W) lane.outcome.parameters.push_back(from[i]);
    lane.outcome.stopped = stopped;
    lane.outcome.seconds = lane.seconds + std::chrono::duration<double>(std::chrono::steady_clock::now() - looked_).count() / static_cast<double>(running_);
    lane.runs = false;
    running_ -= 1;
    return std::move(lane.outcome);
  }

  const std::vector<const Job<T>*> jobs_;
  const TrainSpec& settings_;                      // of all of them, but for the seed
  const Signals signals_;
  const Plan<T> plan_;
  std::vector<Layer> layers_;
  const std::vector<ParameterSlice> slices_;
  const std::int64_t piece_;                       // samples that pass at once
  Block<T> parameters_, gradients_, activations_;
  Block<double> costs_;
  Optimizer<T> optimizer_;
  Block<T> best_;
  PackedLoss<T> loss_;
  const PackedData<T> training_, validation_;
  PackedRows<T> rows_, validation_rows_;
  Clock clock_;
  std::vector<Doubles> squares_;                   // per slice and lane, Σ over the epoch's steps of the squared gradient norm
  std::vector<Lane> lanes_;
  T *input_ = nullptr, *targets_ = nullptr, *d_[2] = {};  // in the activations; d_: the gradients with respect to outputs, in turn
  double* weights_ = nullptr;
  Doubles weight_scale_{}, validation_scale_{};
  Vec<T> zeros_{};
  std::int64_t running_ = 0;
  std::chrono::steady_clock::time_point started_, looked_;
};

}  // namespace thetastar::TS_LEVEL
