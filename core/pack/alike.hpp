// Which jobs may train in one pack, and which of them do.
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
  return a.row_count == b.row_count && a.validation_count == b.validation_count && same_form(a.data, b.data) &&
         same_form(a.validation, b.validation) && a.network == b.network && a.settings == b.settings;
}

template <class Field>
void add_to_hash(std::size_t& hash, const Field& field) {
  if constexpr (requires { std::hash<Field>()(field); })
    hash = hash * 0x9E3779B97F4A7C15u + std::hash<Field>()(field) + (hash >> 29);
  else if constexpr (requires { field.begin(); })
    for (const auto& item : field) add_to_hash(hash, item);
  else
    Field::fields(field, [&](const char*, const auto& inner) { add_to_hash(hash, inner); });
}
// Of all that makes jobs alike: such jobs have the same hash, others hardly ever.
template <class T>
std::size_t hash(const Job<T>& job) {
  std::size_t hash =
      static_cast<std::size_t>(job.row_count * 31 + job.validation_count * 17 + job.network.input.size());
  add_to_hash(hash, job.network.layers);
  add_to_hash(hash, job.settings);
  return hash;
}

// What a pack can train. The rest goes alone: what looks at a whole network between its gradient and its step, what has a
// learning rate that follows the network's own losses, what does not consist of numbers side by side.
template <class T>
bool packs(const Job<T>& job) {
  if (job.own || job.watch) return false;
  const TrainSpec& s = job.settings;
  const auto packs_layer = [](const LayerSpec& layer) {
    const bool known = layer.kind == "dense" || layer.kind == "activation";
    // In float64, exp and tanh are the C library's, a lane at a time: nothing is gained beside them.
    const bool quick = layer.activation == "identity" || layer.activation == "relu" || layer.activation == "leaky_relu";
    return known && (quick || sizeof(T) == sizeof(float));
  };
  const auto in_reach = [](const Data<T>& data, std::int64_t count) {  // of 32 bits
    return std::max(data.rows * std::max({data.features, data.targets, 1}), count * kWidth<T>) <=
           std::numeric_limits<std::int32_t>::max();
  };
  const OptimizerTraits traits = traits_of(s.optimizer);
  const bool plain = s.tile_parts != 1 && s.groups.empty() && s.clip_norm == 0 && s.max_norm == 0 &&
                     s.directions.empty() && !s.augment.on && s.loss.members == 1 &&
                     s.schedule.kind != "reduce_on_plateau" && !traits.searches_lines && !traits.measures_curvature &&
                     !traits.moves_by_rows && !traits.sees_arrays && s.decay_schedule.kind == "constant" &&
                     !begins_by_data(job.network);
  const std::vector<LayerSpec>& layers = job.network.layers;
  if (!plain || job.network.input.positions() > 1 || layers.empty()) return false;
  if (!in_reach(job.data, job.row_count) || !in_reach(job.validation, job.validation_count)) return false;
  if (!std::all_of(layers.begin(), layers.end(), packs_layer)) return false;
  const Plan<T> plan(job.network, 16);
  // Of larger arrays Training sums the squared gradient by blocks (parameter_blocks.hpp).
  const auto is_large = [](const ParameterArray& array) { return array.size() > kMostPacked<T>; };
  if (std::any_of(plan.arrays().begin(), plan.arrays().end(), is_large)) return false;
  // A batch that does not stay in the cache passes in parts there, and so do validation rows, whose losses are summed by them.
  const std::int64_t bytes =
      (plan.activations_size() + plan.scratch_size()) * static_cast<std::int64_t>(sizeof(T)) / 16;
  return bytes * job.batch_size() <= kCacheBytes;
}

// In how many packs `threads` threads train `count` such jobs; 0: alone.
template <class T>
std::size_t number_of_packs(const Job<T>& job, std::size_t count, std::size_t threads) {
  if (count < 2 || !packs(job)) return 0;
  const double multiplications = Plan<T>(job.network, 1).multiplications();
  return number_of_packs<T>(steps_of_a_pack<T>(job.network, multiplications, job.batch_size()), count, threads,
                            job.settings.ways.pack);
}

// Of each job the first one that it is alike.
template <class T>
std::vector<std::size_t> first_alike(const std::vector<Job<T>>& jobs) {
  std::vector<std::size_t> firsts;
  std::unordered_multimap<std::size_t, std::size_t> known;  // hash, first
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const std::size_t key = hash(jobs[i]);
    const auto [begin, end] = known.equal_range(key);
    const auto found = std::find_if(begin, end, [&](const auto& entry) { return alike(jobs[entry.second], jobs[i]); });
    firsts.push_back(found == end ? i : found->second);
    if (found == end) known.emplace(key, i);
  }
  return firsts;
}

// Who is trained together: jobs by their index, one or a pack at a time, in the order of their first ones. description[i]:
// which of the descriptions job i has, beside a start of its own.
template <class T>
std::vector<std::vector<std::size_t>> in_packs(const std::vector<Job<T>>& descriptions,
                                               const std::vector<std::size_t>& description, int threads) {
  const std::vector<std::size_t> firsts = first_alike(descriptions);
  std::vector<std::vector<std::size_t>> kinds(descriptions.size());  // those without jobs are alike an earlier one
  for (std::size_t i = 0; i < description.size(); ++i) kinds[firsts[description[i]]].push_back(i);
  std::map<std::size_t, std::vector<std::size_t>> tasks;  // by their first job
  for (const std::vector<std::size_t>& kind : kinds) {
    if (kind.empty()) continue;
    const std::size_t others = description.size() - kind.size(), all = static_cast<std::size_t>(threads);
    const std::size_t packs =
        number_of_packs(descriptions[description[kind[0]]], kind.size(), all > others ? all - others : 1);
    const std::size_t parts = packs > 0 ? packs : kind.size();
    const auto place = [&](std::size_t part) {
      return kind.begin() + static_cast<std::ptrdiff_t>(kind.size() * part / parts);
    };
    for (std::size_t part = 0; part < parts; ++part) tasks[*place(part)].assign(place(part), place(part + 1));
  }
  std::vector<std::vector<std::size_t>> ordered;
  for (auto& [first, task] : tasks) ordered.push_back(std::move(task));
  return ordered;
}

}  // namespace thetastar::TS_LEVEL
