// Which jobs may share a pack, and how many of them it takes to be worth it.
#pragma once

#include <functional>
#include <map>
#include <unordered_map>

#include "../train.hpp"

namespace thetastar::TS_LEVEL {

// Two jobs that differ in their seeds, their parameters, their rows and their numbers at most.
template <class T>
bool alike(const Job<T>& a, const Job<T>& b) {
  const auto same_form = [](const Data<T>& one, const Data<T>& other) {
    return one.features == other.features && one.targets == other.targets && one.members == other.members &&
           (one.weights == nullptr) == (other.weights == nullptr);
  };
  TrainSpec settings = a.settings;
  settings.seed = b.settings.seed;
  return a.row_count == b.row_count && a.validation_count == b.validation_count && same_form(a.data, b.data) &&
         same_form(a.validation, b.validation) && a.network == b.network && settings == b.settings;
}

// Jobs that are alike have the same one; others hardly ever.
template <class T>
std::size_t likeness(const Job<T>& job) {
  std::size_t hash = 0;
  const auto add = [&](const auto& value) {
    hash = hash * 0x9E3779B97F4A7C15u + std::hash<std::decay_t<decltype(value)>>()(value) + (hash >> 29);
  };
  const TrainSpec& s = job.settings;
  const OptimizerSpec& o = s.optimizer;
  for (const std::int64_t number : {job.row_count, job.validation_count, s.epochs, s.batch_size, s.patience}) add(number);
  for (const double number : {o.learning_rate, o.weight_decay, o.momentum, s.l1, s.l2, s.threshold}) add(number);
  for (const std::string* word : {&s.loss.kind, &o.kind, &s.schedule.kind}) add(*word);
  for (const LayerSpec& layer : job.network.layers) add(layer.units), add(layer.activation);
  return hash;
}

// What a pack can train. The rest goes alone: what looks at a whole network between its gradient and its step, what has a
// learning rate that follows the network's own losses, what does not consist of numbers side by side.
template <class T>
bool packs(const Job<T>& job) {
  const TrainSpec& s = job.settings;
  const auto packs_layer = [](const LayerSpec& layer) {
    const bool known = layer.kind == "dense" || layer.kind == "activation";
    // In float64, exp and tanh are the C library's, a lane at a time: nothing is gained beside them.
    const bool quick = layer.activation == "identity" || layer.activation == "relu" || layer.activation == "leaky_relu";
    return known && (quick || sizeof(T) == sizeof(float));
  };
  const auto in_reach = [](const Data<T>& data, std::int64_t count) {  // of 32 bits
    return std::max(data.rows * std::max({data.features, data.targets, 1}), count * kWidth<T>) <= std::numeric_limits<std::int32_t>::max();
  };
  const bool plain = s.tile_parts != 1 && s.groups.empty() && s.clip_norm == 0 && s.max_norm == 0 && !s.augment.on && s.loss.members == 1 &&
                     s.schedule.kind != "reduce_on_plateau" && !searches_lines(s.optimizer) && s.optimizer.kind != "sophia" &&
                     s.optimizer.kind != "sparse_adam";
  const std::vector<LayerSpec>& layers = job.network.layers;
  if (!plain || job.network.input.positions() > 1 || layers.empty()) return false;
  if (!in_reach(job.data, job.row_count) || !in_reach(job.validation, job.validation_count)) return false;
  if (!std::all_of(layers.begin(), layers.end(), packs_layer)) return false;
  const Plan<T> plan(job.network, 16);
  // Of larger arrays Training sums the squared gradient by blocks (shares.hpp).
  constexpr std::int64_t kMost = 4096 / sizeof(T);
  const auto is_large = [](const ParameterSlice& slice) { return slice.size() > kMost; };
  if (std::any_of(plan.slices().begin(), plan.slices().end(), is_large)) return false;
  // A batch that does not stay in the cache passes in pieces there, and so do validation rows, whose losses are summed by them.
  const std::int64_t bytes = (plan.activations_size() + plan.scratch_size()) * static_cast<std::int64_t>(sizeof(T)) / 16;
  return bytes * std::min(s.batch_size, job.row_count) <= Resources{}.cache;
}

// How long a step of a pack takes, in steps of one of its networks alone. Measured with vectors of 16, 8 and 4 floats
// (batches of 4 to 32): 30-32-1 takes 10 to 14, 5 to 6.2 and 3.1 of them; 30-32-32-1 15, 7.6 and 3.4. The more units there
// are, the fuller are the vectors of a network alone. Those of the smallest (layers/dense_chain.hpp) are as full with any vector
// but one of 16, of which a pack takes longer: 2-4-1 takes 2.1 to 2.5 with 8 floats and 32 samples, 3.7 with 16 floats; 6-8-8-1
// 4.5 and 5.6, 10-16-16-1 6.8 and 10. A few samples at once (layers/dense_few.hpp) are as much sooner alone: 2.8, 5.7 to 6.6
// and, with 16 floats, 9 to 11; with 4 floats 3-4-2 takes 2.5 to 2.7, 4-4-4-1 2.7.
template <class T>
double steps_of_a_pack(const Job<T>& job) {
  constexpr int W = kWidth<T>;
  const auto batch = static_cast<int>(std::min(job.settings.batch_size, job.row_count));
  const Plan<T> plan(job.network, 1, true, batch);
  const bool soon = W == 16 || DenseFew<T>::takes(plan.chain().links(), batch);
  return 1 + std::sqrt(plan.multiplications()) * (plan.chain().empty() ? W / 53.0 : !soon ? 0.26 : W > 4 ? 0.45 : 0.35);
}

// In how many packs so many jobs are done soonest by so many threads; 0: alone.
template <class T>
std::size_t number_of_packs(const Job<T>& job, std::size_t count, std::size_t threads) {
  constexpr std::size_t kFewest = 4, W = kWidth<T>;
  constexpr double kMargin = 1.2;
  if (count < kFewest || !packs(job)) return 0;
  const double steps = kMargin * steps_of_a_pack(job);
  const std::size_t fitting = (count + W - 1) / W, number = std::max(fitting, std::min(threads, count / kFewest));
  const auto rounds = [&](std::size_t units) { return static_cast<double>((units + threads - 1) / threads); };
  return steps * rounds(number) < rounds(count) ? number : 0;
}

// Of each job the first one that it is alike.
template <class T>
std::vector<std::size_t> first_alike(const std::vector<Job<T>>& jobs) {
  std::vector<std::size_t> firsts;
  std::unordered_multimap<std::size_t, std::size_t> known;  // likeness, first
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const std::size_t hash = likeness(jobs[i]);
    const auto [begin, end] = known.equal_range(hash);
    const auto found = std::find_if(begin, end, [&](const auto& entry) { return alike(jobs[entry.second], jobs[i]); });
    firsts.push_back(found == end ? i : found->second);
    if (found == end) known.emplace(hash, i);
  }
  return firsts;
}

// Who is trained together: jobs by their index, one or a pack at a time, in the order of their first ones. description[i]:
// which of the descriptions job i has, beside a start of its own.
template <class T>
std::vector<std::vector<std::size_t>> in_packs(const std::vector<Job<T>>& descriptions, const std::vector<std::size_t>& description, int threads) {
  const std::vector<std::size_t> firsts = first_alike(descriptions);
  std::vector<std::vector<std::size_t>> kinds(descriptions.size());  // those without jobs are alike an earlier one
  for (std::size_t i = 0; i < description.size(); ++i) kinds[firsts[description[i]]].push_back(i);
  std::map<std::size_t, std::vector<std::size_t>> units;  // by their first job
  for (const std::vector<std::size_t>& kind : kinds) {
    if (kind.empty()) continue;
    const std::size_t others = description.size() - kind.size(), all = static_cast<std::size_t>(threads);
    const std::size_t packs = number_of_packs(descriptions[description[kind[0]]], kind.size(), all > others ? all - others : 1);
    const std::size_t parts = packs > 0 ? packs : kind.size();
    const auto place = [&](std::size_t part) { return kind.begin() + static_cast<std::ptrdiff_t>(kind.size() * part / parts); };
    for (std::size_t part = 0; part < parts; ++part) units[*place(part)].assign(place(part), place(part + 1));
  }
  std::vector<std::vector<std::size_t>> ordered;
  for (auto& [first, unit] : units) ordered.push_back(std::move(unit));
  return ordered;
}

}  // namespace thetastar::TS_LEVEL
