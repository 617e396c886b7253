// Parameters that begin by what the data look like: a dense layer's weight with "unit_variance", its bias with "hull". The rest
// begins as initializers.hpp says. Layers begin one after another, each on what those before it make of some rows.
//
// Mishkin and Matas 2016, "All you need is a good init"; Steinwart 2019, "A sober look at neural network initializations".
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "workspace.hpp"

namespace thetastar::TS_LEVEL {

inline constexpr std::int64_t kRowsToBegin = 256;  // that are looked at, at most
inline constexpr int kHullRows = 5;                // of which a bias is a mean

inline bool begins_by_data(const LayerSpec& s) {
  return s.kind == "dense" && (s.kernel.kind == "unit_variance" || s.bias.kind == "hull");
}
inline bool begins_by_data(const NetworkSpec& network) {
  return std::any_of(network.layers.begin(), network.layers.end(), [](const auto& s) { return begins_by_data(s); });
}

// The weighted sums Z (rows, units) of a layer without its bias.
template <class T>
struct WeightedSums {
  Offset rows, inputs, units, ld;
  std::vector<T> z;

  WeightedSums(const Layer<T>& layer, Offset rows, const T* input, const T* weight)
      : rows(rows), inputs(layer.in().shape.channels), units(layer.out().shape.channels), ld(layer.out().ld) {
    z.resize(static_cast<std::size_t>(rows * units));
    const Offset from = layer.in().ld;
    for (Offset i = 0; i < rows; ++i)
      for (Offset k = 0; k < inputs; ++k) {
        const T x = input[i * from + k];
        for (Offset j = 0; j < units; ++j) at(i, j) += x * weight[k * ld + j];
      }
  }
  T& at(Offset row, Offset unit) { return z[static_cast<std::size_t>(row * units + unit)]; }

  // Every unit's weights are divided by the deviation of its sums, which is 1 then. A unit that is the same on all rows stays.
  void to_unit_variance(T* weight) {
    for (Offset j = 0; j < units; ++j) {
      double mean = 0, square = 0;
      for (Offset i = 0; i < rows; ++i) mean += at(i, j) / static_cast<double>(rows);
      for (Offset i = 0; i < rows; ++i) square += (at(i, j) - mean) * (at(i, j) - mean) / static_cast<double>(rows);
      if (!(square > 1e-20)) continue;
      const T factor = static_cast<T>(1 / std::sqrt(square));
      for (Offset k = 0; k < inputs; ++k) weight[k * ld + j] *= factor;
      for (Offset i = 0; i < rows; ++i) at(i, j) *= factor;
    }
  }
  // Every bias puts its unit's 0 at a random point between some rows: b = -Σ λ Z, the λ random and of sum 1.
  void to_hull(const Stream& stream, T* bias) {
    for (Offset j = 0; j < units; ++j) {
      double total = 0, sum = 0;
      for (int k = 0; k < kHullRows; ++k) {
        const auto draw = 2 * static_cast<std::uint64_t>(j * kHullRows + k);
        const double share = -std::log(1 - stream.uniform(draw));
        const auto row = static_cast<Offset>(stream.uniform(draw + 1) * static_cast<double>(rows));
        total += share;
        sum += share * at(std::min(row, rows - 1), j);
      }
      bias[j] = static_cast<T>(-sum / total);
    }
  }
};

// Changes the parameters (laid out as the plan's block) of layers that begin by data.
template <class T>
void begin_by_data(const Job<T>& job, T* parameters) {
  std::vector<std::int64_t> order(job.rows, job.rows + job.row_count);
  Stream(job.start.seed, Purpose::kShuffle, 0).shuffle(order.data(), job.row_count);  // as the first epoch sees them
  const auto count = static_cast<int>(std::min(kRowsToBegin, job.row_count)), members = job.data.members;
  WaySpec plain;
  plain.lanes = plain.chain = plain.registers = plain.panels = 0;
  const Plan<T> plan(job.network, count * members, true, 0, 0, plain);
  Workspace<T> work(plan, Workspace<T>::kPredict);
  work.gather(job.data, order.data(), whole(count));
  const Part all = whole(count * members);
  work.begin(all, Workspace<T>::kPredictMode, {}, parameters);
  for (std::size_t l = 0; l < job.network.layers.size(); ++l) {
    const LayerSpec& s = job.network.layers[l];
    if (begins_by_data(s)) {
      const Layer<T>& layer = *plan.layers()[l];
      const auto arrays = plan.arrays_of(l);
      T* weight = parameters + arrays[0].offset;
      WeightedSums<T> sums(layer, static_cast<Offset>(all.count) * layer.in().shape.positions(), work.at(l), weight);
      if (s.kernel.kind == "unit_variance") sums.to_unit_variance(weight);
      if (s.bias.kind == "hull" && s.use_bias)
        sums.to_hull(Stream(job.start.seed, Purpose::kBegin, l), parameters + arrays[1].offset);
    }
    work.forward(all, l);
  }
}

}  // namespace thetastar::TS_LEVEL
