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
  const auto add = [&](const auto& value) { hash = hash * 0x9E3779B97F4A7C15u + std::hash<std::decay_t<decltype(value)>>()(value) + (hash >> 29); };
  const TrainSpec& s = job.settings;
  for (const std::int64_t number : {job.row_count, job.validation_count, s.epochs, s.batch_size, s.patience}) add(number);
  for (const double number : {s.optimizer.learning_rate, s.optimizer.weight_decay, s.optimizer.momentum, s.l1, s.l2, s.threshold}) add(number);
  for (const std::string& word : {s.loss.kind, s.optimizer.kind, s.schedule.kind}) add(word);
  for (const LayerSpec& layer : job.network.layers) add(layer.units), add(layer.activation);
  return hash;
}

// What a pack can train. The rest goes alone, because it looks at a whole network between its gradient and its step, or
// because its learning rate follows the network's own losses, or because it is not made of numbers side by side.
template <class T>
bool packs(const Job<T>& job) {
  const TrainSpec& s = job.settings;
  const auto in_reach = [](const Data<T>& data) {  // of 32 bits
    return data.rows * std::max({data.features, data.targets, 1}) <= std::numeric_limits<std::int32_t>::max();
  };
  const auto packs_layer = [](const LayerSpec& layer) { return layer.kind == "dense" || layer.kind == "activation"; };
  const bool plain = s.groups.empty() && s.clip_norm == 0 && s.max_norm == 0 && !s.augment.on && s.loss.members == 1 &&
                     s.schedule.kind != "reduce_on_plateau" && !searches_lines(s.optimizer) && s.optimizer.kind != "sophia" &&
                     s.optimizer.kind != "sparse_adam";
  const auto& layers = job.network.layers;
  if (!plain || job.network.input.positions() > 1 || layers.empty() || !std::all_of(layers.begin(), layers.end(), packs_layer)) return false;
  if (!in_reach(job.data) || !in_reach(job.validation)) return false;
  // A batch that does not stay in the cache passes in pieces, and the validation loss is summed in others.
  const Plan<T> plan(job.network, 16);
  const std::int64_t bytes = (plan.activations_size() + plan.scratch_size()) * static_cast<std::int64_t>(sizeof(T)) / 16;
  return bytes * std::min(s.batch_size, job.row_count) <= Resources{}.cache;
}

// From how many lanes on a pack is faster than one network after the other; more than a vector has: never.
template <class T>
int least_lanes(const NetworkSpec& network) {
  const double multiplications = Plan<T>(network, 1).multiplications();
  return static_cast<int>(4 + multiplications / 80);
}

// Who is trained together: jobs by their index, alone or as packs, in the order of their first ones.
template <class T>
std::vector<std::vector<std::size_t>> in_packs(const std::vector<Job<T>>& jobs, int threads) {
  std::vector<std::vector<std::size_t>> groups;
  std::unordered_multimap<std::size_t, std::size_t> known;  // likeness, group
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto [first, last] = known.equal_range(likeness(jobs[i]));
    const auto group = std::find_if(first, last, [&](const auto& entry) { return alike(jobs[groups[entry.second][0]], jobs[i]); });
    if (group != last) {
      groups[group->second].push_back(i);
    } else {
      known.emplace(likeness(jobs[i]), groups.size());
      groups.push_back({i});
    }
  }
  std::map<std::size_t, std::vector<std::size_t>> units;  // by their first job
  for (const std::vector<std::size_t>& group : groups) {
    const std::size_t count = group.size(), width = kWidth<T>, share = static_cast<std::size_t>(threads);
    std::size_t packs_of_it = 0;
    if (count >= 4 && packs(jobs[group[0]])) {
      const auto least = static_cast<std::size_t>(least_lanes<T>(jobs[group[0]].network));
      packs_of_it = std::max((count + width - 1) / width, std::min(share, count / least));
      if (least > width || count < least * packs_of_it) packs_of_it = 0;
    }
    if (packs_of_it == 0) packs_of_it = count;
    for (std::size_t pack = 0; pack < packs_of_it; ++pack) {
      const std::size_t from = count * pack / packs_of_it, to = count * (pack + 1) / packs_of_it;
      units[group[from]].assign(group.begin() + static_cast<std::ptrdiff_t>(from), group.begin() + static_cast<std::ptrdiff_t>(to));
    }
  }
  std::vector<std::vector<std::size_t>> ordered;
  for (auto& [first, unit] : units) ordered.push_back(std::move(unit));
  return ordered;
}

}  // namespace thetastar::TS_LEVEL
