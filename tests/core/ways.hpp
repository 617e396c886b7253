// Every way of computing a network gives the bits that its layers give one by one, on any team and in any parts.
#pragma once

#include <algorithm>
#include <limits>

#include "check.hpp"
#include "jobs.hpp"

// The gradients of two batches, one after the other and added; by the chain, or layer by layer.
template <class T>
std::vector<T> gradients_of_two(const Plan<T>& plan, const Sample<T>& sample, bool chained) {
  LossSpec settings;
  settings.kind = plan.outputs() == 1 ? "mean_squared_error" : "cross_entropy";
  const Data<T> data = sample.data(plan.outputs() > 1, true);
  const Loss<T> loss(settings, plan.outputs(), 1);
  Workspace<T> work(plan, Workspace<T>::kTrain);
  plan.initialize(1, work.parameters());
  const Part all = whole(plan.batch());
  for (const bool adds : {false, true}) {
    const std::int64_t* rows = sample.often.data() + adds;
    work.gather(data, rows, all);
    if (chained) work.forward(all, Workspace<T>::kTrainMode);
    if (!chained) work.begin(all, Workspace<T>::kTrainMode);
    for (std::size_t l = 0; !chained && l < plan.layers().size(); ++l) work.forward(all, l);
    work.loss(loss, data, rows, all, 0.2);
    if (chained) work.backward(all, adds);
    for (std::size_t l = plan.layers().size(); !chained && l-- > 0;) {
      work.backward(all, l, l == 0);
      for (const ParameterArray& array : plan.arrays_of(l)) work.gradient(all, array, 0, array.rows, adds);
    }
  }
  return {work.gradients(), work.gradients() + plan.parameters_size()};
}

// A chain of small layers gives the bits that its layers give one by one, whatever their activations, for any number of samples.
template <class T>
void chains_are_their_layers(const Sample<T>& sample) {
  constexpr int W = kWidth<T>;
  for (const char* activation : {"identity", "relu", "tanh", "gelu", "leaky_relu"})
    for (const int units : {1, 3, W, W + 1})
      for (const int outputs : {1, 3})
        for (const int batch : {1, 4, 7, 32}) {
          std::vector<LayerSpec> layers = {dense("a", units, activation), dense("b", W - 1, activation),
                                           dense("c", outputs, "identity")};
          layers[1].use_bias = units != 3;
          const NetworkSpec network{{1, 1, Sample<T>::kFeatures}, layers};
          const Plan<T> plan(network, batch);
          CHECK(plan.chain().empty() == suits_dense_lanes<T>(network, batch));
          if (plan.chain().empty()) continue;
          const std::vector<T> found = gradients_of_two(plan, sample, true);
          CHECK(found == gradients_of_two(plan, sample, false));
          CHECK(std::all_of(found.begin(), found.end(), [](T g) { return std::isfinite(g); }));
          CHECK(std::any_of(found.begin(), found.end(), [](T g) { return g != 0; }));
        }
}

// A batch of a few samples at once has the cost and the gradients that its layers give one by one: for every activation, for losses
// side by side and one by one, with weights and without.
template <class T>
void few_are_their_layers(const Sample<T>& sample) {
  constexpr int W = kWidth<T>;
  int found = 0;
  for (const char* activation :
       {"identity", "sigmoid", "hard_sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "gelu_tanh", "silu",
        "mish", "softplus", "softsign", "gaussian", "step", "relu6", "hard_tanh"})
    for (const int units : {1, W - 1, W, W + 1})
      for (const char* kind :
           {"mean_squared_error", "mean_absolute_error", "binary_cross_entropy", "huber", "cross_entropy"})
        for (int batch = 1; batch <= 17; ++batch) {
          const bool classes = std::strcmp(kind, "cross_entropy") == 0;
          std::vector<LayerSpec> layers = {dense("a", units, activation), dense("b", 3, activation),
                                           dense("c", classes ? 3 : 1, "identity")};
          layers[1].use_bias = units != W;
          const NetworkSpec network{{1, 1, Sample<T>::kFeatures}, layers};
          const Plan<T> plan(network, batch);
          Workspace<T> work(plan, Workspace<T>::kTrain);
          const bool power = (batch & (batch - 1)) == 0;
          CHECK(work.goes_in_registers(batch) == (sizeof(T) == 4 && units <= W && power && batch <= kRegisterSamples));
          if (!work.goes_in_registers(batch)) continue;
          ++found;
          for (const bool weighted : {false, true}) {
            LossSpec settings;
            settings.kind = kind;
            const Data<T> data = sample.data(classes, weighted);
            const Loss<T> loss(settings, plan.outputs(), 1);
            plan.initialize(1, work.parameters());
            const std::int64_t* rows = sample.often.data() + 3;
            const Part all = whole(batch);
            work.gather(data, rows, all);
            work.begin(all, Workspace<T>::kTrainMode);
            for (std::size_t l = 0; l < plan.layers().size(); ++l) work.forward(all, l);
            work.loss(loss, data, rows, all, 0.2);
            const double cost = work.total(batch);
            for (std::size_t l = plan.layers().size(); l-- > 0;) {
              work.backward(all, l, l == 0);
              for (const ParameterArray& array : plan.arrays_of(l)) work.gradient(all, array, 0, array.rows);
            }
            const std::vector<T> gradients(work.gradients(), work.gradients() + plan.parameters_size());
            std::fill_n(work.gradients(), plan.parameters_size(), std::numeric_limits<T>::quiet_NaN());
            CHECK(work.there_and_back(loss, data, rows, 0.2) == cost && std::isfinite(cost) &&
                  (weighted || cost > 0));  // weights may be 0
            CHECK(std::memcmp(gradients.data(), work.gradients(), gradients.size() * sizeof(T)) == 0);
          }
        }
  CHECK((found > 0) == (sizeof(T) == 4));
}

// Gradients from panels of dZ have the bits of those from its rows, with samples side by side and one by one, for units that are
// whole panels and not.
template <class T>
void panels_change_nothing(const Sample<T>& sample) {
  constexpr int kBatch = 80;
  int in_lanes = 0;
  for (const int units : {97, 120, 127, 144})
    for (const bool lanes : {false, true}) {
      NetworkSpec network{
          {1, 1, Sample<T>::kFeatures},
          {dense("a", units, "relu"), dense("b", units, "relu"), dense("c", units, "relu"), dense("d", 3, "identity")}};
      if (!lanes) network.layers.insert(network.layers.begin() + 1, pointwise("dropout", "", 0));
      const Plan<T> rows(network, kBatch, true, 1), panels(network, kBatch, true, kBatch);
      CHECK(rows.samples_together() == 1 && (lanes || panels.samples_together() == 1));
      in_lanes += panels.samples_together() > 1;
      CHECK(wants_panels<T>(kBatch, units, units) == (kVectorBytes < 64) && !wants_panels<T>(1, units, units));
      CHECK(gradients_of_two(rows, sample, false) == gradients_of_two(panels, sample, false));
    }
  CHECK(in_lanes > 0 || kVectorBytes < 32 || sizeof(T) > 4);
}

// Layers of far more units than there are rows, which a team cuts by columns: first, last, in a row, and beside layers that it
// cuts by samples. Units that are no whole vectors, and activations that keep slopes or not.
template <class T>
std::vector<Job<T>> wide_layers(const Sample<T>& sample) {
  std::vector<Job<T>> jobs;
  for (const char* activation : {"relu", "tanh", "gelu", "identity"}) {
    const std::vector<std::vector<LayerSpec>> networks = {
        {dense("a", 120, activation), dense("b", 144, activation), dense("c", 3, "identity")},
        {dense("a", 16, activation), dense("b", 128, activation), pointwise("activation", "tanh", 0),
         dense("c", 112, "identity")},
        {dense("a", 128, activation), pointwise("dropout", "", 0.3), dense("b", 16, activation),
         dense("c", 120, activation), dense("d", 3, "identity")},
    };
    for (const std::vector<LayerSpec>& layers : networks) {
      Job<T> job = every_kind(sample)[3];
      job.network = {{1, 1, Sample<T>::kFeatures}, layers};
      job.settings.clip_norm = job.settings.max_norm = 0;
      const Plan<T> plan(job.network, static_cast<int>(job.row_count));
      std::size_t by_columns = 0;
      for (const auto& layer : plan.layers()) by_columns += layer->cuts_columns(3, 0);
      CHECK(by_columns > 0);
      jobs.push_back(job);
    }
  }
  return jobs;
}

// Layers whose products are on tiles, rounded and not: beside each other and between layers that are not, with gradients in
// one share and in blocks, cut by samples and by columns, of batches that are no whole tiles.
template <class T>
std::vector<Job<T>> layers_on_tiles(const Sample<T>& sample) {
  std::vector<Job<T>> jobs;
  if (!has_bfloat16<T>()) return jobs;
  const std::vector<std::vector<LayerSpec>> networks = {
      {dense("a", 80, "relu"), dense("b", 97, "tanh"), pointwise("dropout", "", 0.3), dense("c", 64, "gelu"),
       dense("d", 3, "identity")},
      {dense("a", 288, "gelu"), dense("b", 304, "relu"), dense("c", 3, "identity")},
      {dense("a", 70, "identity"), residual("r", {dense("b", 200, "relu"), dense("c", 70, "identity")}),
       dense("d", 66, "silu"), dense("e", 3, "identity")},
  };
  for (const std::vector<LayerSpec>& layers : networks)
    for (const int parts : {1, 3})
      for (const double clip : {0.0, 0.5}) {
        Job<T> job = every_kind(sample)[3];
        job.network = {{1, 1, Sample<T>::kFeatures}, layers};
        job.settings.max_norm = 0;
        job.settings.clip_norm = clip;
        job.settings.tile_parts = parts;
        job.settings.batch_size = 90;
        job.rows = sample.often.data();
        job.row_count = static_cast<std::int64_t>(sample.often.size());
        CHECK(Plan<T>(job.network, 90, true, 90, parts).samples_together() == kTileDepth);
        jobs.push_back(job);
      }
  return jobs;
}

// A step gives the same bits whether one thread takes it or three, and in one piece or in many.
template <class T>
void any_team_and_any_pieces(const Sample<T>& sample) {
  std::atomic<bool> never{false};
  std::atomic<std::int64_t> epochs{0};
  const Catalogue<T> catalogue(sample);
  std::vector<Job<T>> jobs = every_kind(sample), others = catalogue.jobs(sample), wide = wide_layers(sample),
                      tiles = layers_on_tiles(sample), some = filtered(sample);
  jobs.insert(jobs.end(), others.begin(), others.end());
  jobs.insert(jobs.end(), wide.begin(), wide.end());
  jobs.insert(jobs.end(), some.begin(), some.end());
  for (Job<T>& job : jobs) job.settings.batch_size = 60;
  jobs.insert(jobs.end(), tiles.begin(), tiles.end());
  for (const Job<T>& job : some) {
    const Plan<T> plan(job.network, 10);
    CHECK(plan.input().lanes == 1 && plan.samples_together() == WinogradConv2D<T>::kSome);
  }
  for (const Job<T>& job : jobs) {
    const Outcome<T> alone = Training<T>(job, Signals{&never, &epochs}).run();
    for (const Resources& resources :
         {Resources{1, 0, 0, 0}, Resources{3, 0, 1 << 20, 0}, Resources{2, 0, 0, 0}, Resources{2, 0}}) {
      const Outcome<T> other = Training<T>(job, Signals{&never, &epochs}, resources).run();
      CHECK(alone.parameters == other.parameters);
      CHECK(alone.history.loss == other.history.loss);
      CHECK(alone.history.validation_loss == other.history.validation_loss);
      CHECK(alone.history.gradient_norm == other.history.gradient_norm);
    }
  }
}

// Whatever way a dense network is computed, its bits are the same; and the outcome says which way it was, where it can be so.
template <class T>
void every_way_is_the_same(const Sample<T>& sample) {
  std::atomic<bool> never{false};
  std::atomic<std::int64_t> epochs{0};
  const Catalogue<T> catalogue(sample);
  std::vector<Job<T>> jobs = every_kind(sample), others = catalogue.jobs(sample), wide = wide_layers(sample);
  jobs.insert(jobs.end(), others.begin(), others.end());
  jobs.insert(jobs.end(), wide.begin(), wide.end());
  int by_samples = 0, chained = 0, in_registers = 0, in_panels = 0, by_blocks = 0, by_columns = 0, in_parts = 0;
  for (std::size_t i = 0; i < jobs.size(); i += 2) {  // every other one, for the time that it takes under sanitizers
    Job<T> job = jobs[i];
    job.settings.epochs = 2;
    if (!of_kinds(job.network.layers, {"dense", "dropout", "flatten", "activation"})) continue;
    if (i % 3 == 0) job.settings.batch_size = 8;
    if (i % 4)
      std::erase_if(job.network.layers, [](const LayerSpec& s) {
        return s.kind == "dropout" || s.kind == "flatten" || s.kind == "activation";
      });
    const Outcome<T> chosen = Training<T>(job, Signals{&never, &epochs}).run();
    const auto forced = [&](WaySpec ways, Resources resources = {}) {
      job.settings.ways = ways;
      Outcome<T> outcome = Training<T>(job, Signals{&never, &epochs}, resources).run();
      CHECK(std::memcmp(chosen.parameters.data(), outcome.parameters.data(), chosen.parameters.size() * sizeof(T)) ==
            0);
      CHECK(chosen.history.loss == outcome.history.loss &&
            chosen.history.gradient_norm == outcome.history.gradient_norm);
      CHECK(chosen.history.validation_loss == outcome.history.validation_loss && chosen.stopped == outcome.stopped);
      return outcome.way;
    };
    const auto is = [](const char* word, const char* other) { return std::strcmp(word, other) == 0; };
    const Way plain = forced({.lanes = 0, .chain = 0, .registers = 0, .panels = 0, .columns = 0, .blocks = 0});
    CHECK(is(plain.lane, "unit") && is(plain.registers, "product") && is(plain.factors, "in place") &&
          !plain.by_blocks);
    by_samples += is(forced({.lanes = 1}).lane, "sample");
    chained += is(forced({.lanes = 0, .chain = 1, .registers = 0}).registers, "layers");
    in_registers += is(forced({.lanes = 0, .chain = 1, .registers = 1, .blocks = 0}).registers, "step");
    in_panels += is(forced({.lanes = 0, .panels = 1}).factors, "panels");
    by_blocks += forced({.blocks = 1}).by_blocks;
    in_parts += forced({.samples = 16}).samples < job.batch_size();
    by_columns += forced({.columns = 1}, {2, 0}).by_columns > 0;
  }
  CHECK(by_samples > 10 && chained > 5 && in_panels > 10 && by_blocks > 10 && by_columns > 2 && in_parts > 5);
  CHECK((in_registers > 0) == (sizeof(T) == sizeof(float)));
}
