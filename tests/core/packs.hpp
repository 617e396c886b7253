// Packs of tiny networks: each has the bits that it has alone.
#pragma once

#include <algorithm>
#include <limits>
#include <numeric>

#include "check.hpp"
#include "jobs.hpp"

// Snapshots are what a training of so many epochs gives, alone and in a pack.
template <class T>
void snapshots_are_shorter_trainings(const Sample<T>& sample) {
  std::atomic<bool> never{false};
  std::atomic<std::int64_t> epochs{0};
  for (const std::size_t kind : {3, 9}) {
    Job<T> job = every_kind(sample)[kind];
    job.network.layers = {dense("a", 3, "relu"), dense("b", kind == 3 ? 3 : 1, "identity")};
    job.settings.schedule.kind = "constant";
    job.settings.early_stopping = false;
    job.settings.clip_norm = job.settings.max_norm = 0;
    std::vector<Job<T>> jobs(3, job);
    for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].start.seed = i, jobs[i].settings.snapshots = {1, 3};
    std::vector<PackMember<T>> members;
    for (const Job<T>& of : jobs) members.push_back({&of, of.start});
    std::vector<Outcome<T>> packed(jobs.size());
    Pack<T>(members, Signals{&never, &epochs}).run([&](std::size_t lane, Outcome<T> outcome) {
      packed[lane] = std::move(outcome);
    });
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const Outcome<T> alone = Training<T>(jobs[i], Signals{&never, &epochs}).run();
      CHECK(alone.snapshots.size() == 2 && alone.snapshots == packed[i].snapshots && packed[i].way.networks == 3);
      Job<T> shorter = jobs[i];
      shorter.settings.epochs = 3;
      CHECK((Training<T>(shorter, Signals{&never, &epochs}).run().parameters == alone.snapshots[1]));
    }
  }
}

// A pack of these gives each the bits that it has alone.
template <class T>
void gives_what_they_give(const std::vector<Job<T>>& jobs) {
  std::atomic<bool> never{false};
  std::atomic<std::int64_t> epochs{0};
  std::vector<PackMember<T>> members;
  for (const Job<T>& job : jobs) {
    members.push_back({&job, job.start});
    CHECK(packs(job) && alike(jobs[0], job) && hash(jobs[0]) == hash(job));
  }
  std::size_t ended = 0;
  Pack<T>(members, Signals{&never, &epochs}).run([&](std::size_t lane, const Outcome<T>& outcome) {
    const Outcome<T> alone = Training<T>(jobs[lane], Signals{&never, &epochs}).run();
    CHECK(std::memcmp(alone.parameters.data(), outcome.parameters.data(), alone.parameters.size() * sizeof(T)) == 0);
    CHECK(alone.parameters.size() == outcome.parameters.size());
    CHECK(alone.stopped == outcome.stopped && alone.epochs == outcome.epochs && alone.best_epoch == outcome.best_epoch);
    CHECK(alone.history.loss == outcome.history.loss && alone.history.learning_rate == outcome.history.learning_rate);
    ++ended;
    if (alone.stopped == "diverged") return;  // what was recorded last may be not a number, which equals nothing
    CHECK(alone.history.validation_loss == outcome.history.validation_loss);
    CHECK(alone.history.gradient_norm == outcome.history.gradient_norm);
  });
  CHECK(ended == jobs.size());
}

// As many as fill a vector, and fewer, with rows of their own or all with the same rows in one order. One of them starts from
// numbers that make it diverge.
template <class T>
void packs_are_their_networks(const Sample<T>& sample) {
  const Catalogue<T> catalogue(sample);
  std::vector<Job<T>> kinds = every_kind(sample), others = catalogue.jobs(sample);
  for (Job<T>& job : kinds) {
    std::erase_if(job.network.layers,
                  [](const LayerSpec& layer) { return layer.kind == "dropout" || layer.kind == "flatten"; });
    job.settings.clip_norm = job.settings.max_norm = 0;
  }
  kinds.insert(kinds.end(), others.begin(), others.end());
  if (sizeof(T) == sizeof(double))  // packs of these have no exp and no tanh
    for (Job<T>& job : kinds)
      for (LayerSpec& layer : job.network.layers)
        layer.activation = layer.activation == "identity" ? "identity" : "relu";
  int packed = 0;
  for (const Job<T>& kind : kinds) {
    if (!packs(kind)) continue;
    const int count = ++packed % 3 ? kWidth<T> : kWidth<T> / 2 + 1;
    const bool one_order = packed % 4 == 0;
    std::vector<std::vector<std::int64_t>> rows;
    std::vector<Job<T>> jobs;
    for (int lane = 0; lane < count; ++lane) {
      rows.emplace_back(kind.rows, kind.rows + kind.row_count);
      if (!one_order)
        std::rotate(rows.back().begin(), rows.back().begin() + lane % static_cast<int>(kind.row_count),
                    rows.back().end());
      Job<T> job = kind;
      job.settings.shuffle = !one_order;
      job.start.seed += static_cast<std::uint64_t>(lane);
      jobs.push_back(std::move(job));
    }
    const std::int64_t size = Plan<T>(kind.network, 1).parameters_size();
    std::vector<T> large(static_cast<std::size_t>(size), std::numeric_limits<T>::max() / 4);
    if (packed % 2) jobs[1].start.parameters = large.data();
    for (std::size_t lane = 0; lane < jobs.size(); ++lane) jobs[lane].rows = rows[lane].data();
    gives_what_they_give(jobs);
  }
  CHECK(packed > 60);
}

// Layers of few inputs and units, with products of their own and past the largest of these; batches in one piece and in several;
// the same table for all lanes, and one for each.
template <class T>
void small_packs_are_their_networks(const Sample<T>& sample) {
  for (int inputs = 1; inputs <= 5; ++inputs)
    for (int units = 1; units <= 5; ++units)
      for (const bool biased : {true, false}) {
        const auto count = static_cast<std::int64_t>(sample.x.size()) / 5;
        const bool own = (inputs + units) % 2;
        Job<T> job;
        job.network.input = {1, 1, inputs};
        job.network.layers = {dense("a", units, sizeof(T) == sizeof(float) ? "tanh" : "relu"),
                              dense("b", 1 + units % 3, "identity")};
        for (LayerSpec& layer : job.network.layers) layer.use_bias = biased;
        job.settings.loss.kind = "mean_squared_error";
        job.settings.optimizer.kind = "adam";
        job.settings.epochs = 3;
        job.settings.batch_size = biased ? count : 30;
        job.row_count = count;
        std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
        std::iota(rows.begin(), rows.end(), 0);
        job.rows = rows.data();
        std::vector<Job<T>> jobs(static_cast<std::size_t>(kWidth<T>), job);
        std::vector<std::vector<T>> tables(jobs.size(), sample.x);
        for (std::size_t lane = 0; lane < jobs.size(); ++lane) {
          std::rotate(tables[lane].begin(), tables[lane].begin() + static_cast<std::ptrdiff_t>(lane),
                      tables[lane].end());
          const T* table = tables[own ? lane : 0].data();
          jobs[lane].data = {table, table, nullptr, count, inputs, 1 + units % 3, 1};
          jobs[lane].start.seed = lane;
        }
        gives_what_they_give(jobs);
      }
}
