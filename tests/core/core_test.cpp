// The core's own test, for the sanitizers: every layer, loss, optimiser and stop in fleets of several threads, with odd
// sizes, weights, augmentation, max-norm, validation, packs, cancelling in the middle, and prediction from many threads; and
// the arithmetic below them (arithmetic.hpp). What is trained is in networks.hpp. Exits with 0 when all holds.
#include <algorithm>

#include "arithmetic.hpp"
#include "check.hpp"
#include "filtering.hpp"
#include "networks.hpp"
#include "input_gradients.hpp"
#include "inspect.hpp"
#include "landscape.hpp"
#include "predict.hpp"

using namespace thetastar::TS_LEVEL;

// Every struct of spec.hpp lists all of its fields.
struct AnyField {  // stands for a field of any type, where fields are counted
  template <class Field>
  constexpr operator Field() const;
};
template <class Spec, class... Some>
consteval int fields_of() {
  if constexpr (requires { Spec{Some()..., AnyField()}; })
    return fields_of<Spec, Some..., AnyField>();
  else
    return sizeof...(Some);
}
template <class... Specs>
consteval bool lists_all_fields() {
  const auto listed = []<class Spec>(Spec spec) {
    int count = 0;
    Spec::fields(spec, [&](const char*, auto&) { ++count; });
    return count == fields_of<Spec>();
  };
  return (listed(Specs()) && ...);
}
static_assert(lists_all_fields<InitializerSpec, LayerSpec, NetworkSpec, LossSpec, OptimizerSpec, ScheduleSpec,
                               AugmentSpec, WaySpec, TrainSpec>());

// Whatever lay in the memory of outputs and gradients before, a pass writes every number of them: not-a-number
// everywhere first, and all comes out to the same bits. (Padding and scratch are zero from the start.)
template <class T>
void passes_write_everything(const Job<T>& job) {
  const int batch = 5;
  const T poison = std::numeric_limits<T>::quiet_NaN();
  const std::int64_t rows[batch] = {3, 1, 4, 1, 5};
  const Plan<T> plan(job.network, batch);
  std::vector<T> found[2];
  for (int poisoned = 0; poisoned < 2; ++poisoned) {
    Workspace<T> work(plan, Workspace<T>::kTrain);
    plan.initialize(1, work.parameters());
    if (poisoned) {
      for (const ParameterArray& s : plan.arrays())
        each_gate(s, [&](std::int64_t at, int count) { std::fill_n(work.gradients() + at, count, poison); });
      for (std::size_t l = 0; l <= plan.layers().size(); ++l) {
        const auto fill = [&](T* block, const Form& form) {
          for (Offset sample = 0; sample < (batch + form.lanes - 1) / form.lanes * form.lanes; ++sample)
            for (Offset position = 0; position < form.shape.positions(); ++position)
              for (Offset c = 0; c < form.shape.channels; ++c)
                block[form.row(sample, position) + c * form.lanes] = poison;
        };
        fill(work.at(l), plan.form(l));
        fill(work.gradient_at(l), gradient_form<T>(plan.form(l)));
      }
    }
    const Part all = whole(batch);
    work.gather(job.data, rows, all);
    work.draw_from(Stream(7));
    work.forward(all, Workspace<T>::kTrainMode);
    work.loss(Loss<T>(job.settings.loss, plan.outputs(), job.data.targets), job.data, rows, all, 0.2);
    for (std::size_t l = plan.layers().size(); l-- > 0;) {
      work.backward(all, l, false);
      for (const ParameterArray& array : plan.arrays_of(l)) work.gradient(all, array, 0, array.rows);
    }
    export_parameters(plan, work.gradients(), found[poisoned]);
    const Form form = gradient_form<T>(plan.form(0));
    for (Offset sample = 0; sample < batch; ++sample)
      for (Offset position = 0; position < form.shape.positions(); ++position)
        for (Offset c = 0; c < form.shape.channels; ++c)
          found[poisoned].push_back(work.gradient_at(0)[form.row(sample, position) + c * form.lanes]);
    for (std::int64_t i = 0; i < plan.parameters_size(); ++i) CHECK(std::isfinite(work.gradients()[i]));
  }
  CHECK(found[0] == found[1]);
}

// A loss writes every number of its gradient, whatever lay there before.
template <class T>
void writes_everything(const Job<T>& job) {
  const int outputs = Plan<T>(job.network, 1).outputs(), rows = job.settings.loss.members;
  const Loss<T> loss(job.settings.loss, outputs, job.data.targets);
  const std::ptrdiff_t ld = padded<T>(outputs);
  Block<T> prediction(rows * ld), gradient(rows * ld);
  for (std::ptrdiff_t i = 0; i < rows * ld; ++i)
    prediction.data()[i] = static_cast<T>(0.1 + 0.05 * static_cast<double>(i % 7));
  std::fill_n(gradient.data(), rows * ld, std::numeric_limits<T>::quiet_NaN());
  CHECK(std::isfinite(loss(prediction.data(), job.data.y, gradient.data())));
  for (int m = 0; m < rows; ++m)
    for (int j = 0; j < outputs; ++j) CHECK(std::isfinite(gradient.data()[m * ld + j]));
}

template <class T>
void run(const Sample<T>& sample) {
  std::vector<Job<T>> jobs = every_kind(sample);
  const Catalogue<T> catalogue(sample);
  for (Job<T>& job : catalogue.jobs(sample)) jobs.push_back(job);
  for (Job<T>& job : filtered(sample)) jobs.push_back(job);
  std::vector<std::vector<T>> first;
  for (int threads : {1, 3}) {
    Fleet<T> fleet(threads);
    for (const Job<T>& job : jobs) fleet.add(job);
    fleet.start();
    while (!fleet.wait(0.01)) fleet.take_ended();
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      CHECK(fleet.outcome(i).error.empty());
      CHECK(fleet.outcome(i).stopped == "epochs" || fleet.outcome(i).stopped == "early");
      if (threads == 1)
        first.push_back(fleet.outcome(i).parameters);
      else
        CHECK(first[i] == fleet.outcome(i).parameters);  // the same bits on any number of threads
    }
  }
  std::vector<T> x;
  for (int i = 0; i < 2000 * Sample<T>::kFeatures; ++i) x.push_back(static_cast<T>(i % 11) - 5);
  for (std::size_t i = 0; i < jobs.size(); i += i == 0 ? 64 : 1) {  // one dense network, and every other kind
    const std::int64_t count = i == 0 ? 2000 : jobs[i].network.input.size() > Sample<T>::kFeatures ? 70 : 300;
    const Predictor<T> predictor(jobs[i].network, first[i].data());
    std::vector<T> alone(static_cast<std::size_t>(count * predictor.outputs())), shared = alone;
    predictor.run(x.data(), count, alone.data(), 1);
    predictor.run(x.data(), count, shared.data(), 3);
    CHECK(alone == shared);
  }
  for (const Job<T>& job : jobs) {
    writes_everything(job);
    if (job.settings.loss.members == 1) passes_write_everything(job);
    Data<T> data = job.data;
    const Plan<T> plan(job.network, 1);
    std::vector<T> parameters(static_cast<std::size_t>(plan.parameters_size()));
    std::vector<T> plain;
    plan.initialize(1, parameters.data());
    export_parameters(plan, parameters.data(), plain);
    CHECK(inspect<T>(job.network, plain.data(), data, job.settings.loss, true).gradient.size() == plain.size());
  }
}

// The loss at places of the parameters is the loss of that network on all rows, and any number of threads finds the same bits.
template <class T>
void landscapes_are_losses(const Sample<T>& sample) {
  std::vector<Job<T>> jobs = every_kind(sample);
  const Catalogue<T> catalogue(sample);
  for (Job<T>& job : catalogue.jobs(sample)) jobs.push_back(job);
  for (std::size_t i = 0; i < jobs.size(); i += 3) {
    const Job<T>& job = jobs[i];
    const Plan<T> plan(job.network, 1);
    std::vector<T> parameters(static_cast<std::size_t>(plan.parameters_size())), plain;
    plan.initialize(1, parameters.data());
    export_parameters(plan, parameters.data(), plain);
    std::vector<double> origin(plain.begin(), plain.end()), direction(plain.size(), 0.125), alone(3), shared(3);
    const double steps[3] = {0, 1, -0.5};
    const typename Landscape<T>::Places places{
        origin.data(), direction.data(), steps, 3, 1, static_cast<std::int64_t>(plain.size())};
    const Landscape<T> landscape(job.network, job.settings.loss, job.data);
    landscape.run(places, alone.data(), 1);
    landscape.run(places, shared.data(), 3);
    for (int p = 0; p < 3; ++p) {
      CHECK(std::memcmp(&alone[p], &shared[p], sizeof(double)) == 0);
      std::vector<T> there;
      for (const T value : plain) there.push_back(static_cast<T>(static_cast<double>(value) + steps[p] * 0.125));
      const double expected = inspect<T>(job.network, there.data(), job.data, job.settings.loss, false).loss;
      CHECK(std::isfinite(expected) ? std::abs(alone[p] - expected) <= 1e-5 * (1 + std::abs(expected))
                                    : !std::isfinite(alone[p]));
    }
  }
}

// The slopes at a smooth network's inputs are its differences, and a constant slope is the same along any way.
void slopes_at_the_inputs(const Sample<double>& sample) {
  const Job<double> job = every_kind(sample).front();
  NetworkSpec network = job.network;
  for (LayerSpec& layer : network.layers)
    if (layer.kind == "dense") layer.activation = "tanh";
  const Plan<double> plan(network, 1);
  std::vector<double> parameters(static_cast<std::size_t>(plan.parameters_size())), plain;
  plan.initialize(1, parameters.data());
  export_parameters(plan, parameters.data(), plain);
  const Predictor<double> predictor(network, plain.data());
  const InputGradients<double> gradients(network, plain.data());
  const int inputs = predictor.inputs(), outputs = predictor.outputs();
  const std::vector<double> baseline(static_cast<std::size_t>(inputs), 0.0);
  std::vector<double> of(static_cast<std::size_t>(outputs), 0.0), x, slopes(static_cast<std::size_t>(70 * inputs));
  of.back() = 1;
  for (int i = 0; i < 70 * inputs; ++i) x.push_back(0.1 * (i % 17) - 0.8);
  const double end = 1, whole_weight = 1;
  for (int threads : {1, 3}) {
    gradients.run(x.data(), 70, {baseline.data(), &end, &whole_weight, of.data(), 1}, slopes.data(), threads);
    for (int row : {0, 31, 69})
      for (int i = 0; i < inputs; ++i) {
        std::vector<double> up(x.begin() + row * inputs, x.begin() + (row + 1) * inputs), down = up;
        up[static_cast<std::size_t>(i)] += 1e-5;
        down[static_cast<std::size_t>(i)] -= 1e-5;
        std::vector<double> high(static_cast<std::size_t>(outputs)), low = high;
        predictor.run(up.data(), 1, high.data(), 1);
        predictor.run(down.data(), 1, low.data(), 1);
        const double expected = (high.back() - low.back()) / 2e-5;
        CHECK(std::abs(slopes[static_cast<std::size_t>(row * inputs + i)] - expected) <=
              1e-6 * (1 + std::abs(expected)));
      }
  }
}

// One update to look at is the first epoch of a training whose only batch is all rows.
template <class T>
void an_update_is_an_epoch(const Sample<T>& sample) {
  std::atomic<bool> never{false};
  std::atomic<std::int64_t> epochs{0};
  const Catalogue<T> catalogue(sample);
  std::vector<Job<T>> jobs = catalogue.jobs(sample);
  for (std::size_t i = 0; i < jobs.size(); i += 4) {
    Job<T>& job = jobs[i];
    job.settings.epochs = 1;
    job.settings.batch_size = static_cast<int>(job.row_count);
    job.settings.shuffle = false;
    job.validation_count = 0;
    Resources alone;
    alone.keeps_gradients = true;
    const Update<T> seen = Training<T>(job, Signals{&never, &epochs}, alone).update({});
    const Outcome<T> trained = Training<T>(job, Signals{&never, &epochs}).run();
    if (!seen.finite || trained.parameters.empty()) continue;
    CHECK(trained.parameters == seen.answer);
  }
}

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

// The lists of names hold nothing that the core cannot make.
void names_are_known() {
  each_loss<float>(LossSpec{}, [](const char* name, LossFunction<float> function, int, Asks) {
    LossSpec spec;
    spec.kind = name;
    CHECK(function != nullptr && find_loss<float>(spec) == function);
  });
  for (const auto& [name, traits] : kOptimizers) {
    OptimizerSpec spec;
    spec.kind = name;
    if (!traits.searches_lines) CHECK(with_rule<float>(spec, Moment{}, [](const auto&) { return 1.0; }) == 1);
  }
  Plan<float>::each_layer_kind([](const char* kind) { CHECK(*kind != 0); });
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

// A first step that is not finite moves nothing: what is given back are the numbers that training began with, also where the
// answer is a mean over steps. Of few parameters, which move after the batch, and of many, which move in the middle of it.
void nothing_moves_at_once(const Sample<float>& sample) {
  std::atomic<bool> never{false};
  std::atomic<std::int64_t> epochs{0};
  for (const int units : {3, 300})
    for (const char* optimizer : {"adam", "asgd"}) {
      Job<float> job = every_kind(sample)[0];
      job.network.input = {1, 1, Sample<float>::kFeatures};
      job.network.layers = {dense("a", units, "relu"), dense("b", 1, "identity")};
      job.settings = {};
      job.settings.loss.kind = "mean_squared_error";
      job.settings.optimizer.kind = optimizer;
      job.settings.epochs = 2;
      job.data = sample.data(false, false);
      const auto size = static_cast<std::size_t>(units * (Sample<float>::kFeatures + 2) + 1);
      const std::vector<float> large(size, 1e37F);
      job.start.parameters = large.data();
      const Outcome<float> outcome = Training<float>(job, Signals{&never, &epochs}).run();
      CHECK(outcome.stopped == "diverged" && outcome.parameters == large);
    }
}

// Packs on several threads beside jobs of other kinds, and stopped in the middle.
void fleet_of_packs(const Sample<float>& sample) {
  const std::vector<Job<float>> kinds = every_kind(sample);
  for (const bool stops : {false, true}) {
    Job<float> tiny = kinds[3];
    tiny.network.layers = {dense("a", 3, "tanh"), dense("b", 3, "identity")};
    tiny.settings.clip_norm = tiny.settings.max_norm = 0;
    if (stops) tiny.settings.epochs = 1000000, tiny.settings.early_stopping = false;
    Fleet<float> fleet(3);
    for (std::size_t other = 0; other < 60; other += 10) {
      fleet.add(kinds[other]);
      std::vector<Start<float>> starts(9);
      for (std::size_t i = 0; i < starts.size(); ++i) starts[i].seed = other + i;
      if (other % 20) {
        fleet.add(tiny, starts);
      } else {
        for (const Start<float>& start : starts) fleet.add(tiny, {start});
      }
    }
    fleet.start();
    std::size_t ended = 0;
    for (bool idle = false; !idle && !stops;) {
      idle = fleet.wait(0.01);
      ended += fleet.take_ended().size();
    }
    if (stops) CHECK(!fleet.wait(0.05));
    fleet.stop();
    CHECK(stops || ended == 60);
    const std::string& stopped = fleet.outcome(1).stopped;
    CHECK(stops ? stopped == "interrupted" : stopped == "epochs" || stopped == "early");
  }
}

// Who begins where another member is moves to a processor that none has, if there is one, and may run as widely as before.
void members_find_processors() {
#if defined(__linux__)
  cpu_set_t allowed, both, one, after;
  CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
  const int first = sched_getcpu();
  int second = -1;
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (i != first && CPU_ISSET(i, &allowed)) second = i;
  if (first < 0 || second < 0) return;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  both = one;
  CPU_SET(second, &both);
  int moved = 0;
  for (int i = 0; i < 100; ++i) {
    Pinning seats(2);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(!seats.take(0, true));
    std::thread([&] {
      CHECK(!seats.take(1));  // nowhere else to go
      CHECK(sched_getaffinity(0, sizeof after, &after) == 0 && CPU_EQUAL(&after, &one));
      CHECK(sched_setaffinity(0, sizeof both, &both) == 0);
      moved += seats.take(1);  // unless the system was faster
      CHECK(sched_getaffinity(0, sizeof after, &after) == 0 && CPU_EQUAL(&after, &both));
    }).join();
    seats.leave(0);
    CHECK(!seats.take(1, true));
  }
  CHECK(moved > 0);
  CHECK(sched_setaffinity(0, sizeof allowed, &allowed) == 0);
#endif
}

void cancel(const Sample<float>& sample) {
  Fleet<float> fleet(2);
  for (Job<float> job : every_kind(sample)) {
    job.settings.epochs = 1000000;
    job.settings.early_stopping = false;
    fleet.add(job);
  }
  fleet.start();
  CHECK(!fleet.wait(0.05));
  fleet.stop();
  CHECK(fleet.outcome(0).stopped == "interrupted");
  CHECK(fleet.outcome(60).stopped.empty());  // never started
}

int main() {
  products_on_tiles();
  three_parts_are_float32();
  run(Sample<double>());
  const Sample<float> sample;
  run(sample);
  landscapes_are_losses(Sample<double>());
  landscapes_are_losses(sample);
  slopes_at_the_inputs(Sample<double>());
  an_update_is_an_epoch(Sample<double>());
  an_update_is_an_epoch(sample);
  chains_are_their_layers(Sample<double>());
  chains_are_their_layers(sample);
  few_are_their_layers(Sample<double>());
  few_are_their_layers(sample);
  panels_change_nothing(Sample<double>());
  panels_change_nothing(sample);
  filtering_is_the_sum_over_taps<double>();
  filtering_is_the_sum_over_taps<float>();
  any_team_and_any_pieces(Sample<double>());
  any_team_and_any_pieces(sample);
  every_way_is_the_same(Sample<double>());
  every_way_is_the_same(sample);
  snapshots_are_shorter_trainings(Sample<double>());
  snapshots_are_shorter_trainings(sample);
  names_are_known();
  packs_are_their_networks(Sample<double>());
  packs_are_their_networks(sample);
  small_packs_are_their_networks(Sample<double>());
  small_packs_are_their_networks(sample);
  nothing_moves_at_once(sample);
  fleet_of_packs(sample);
  members_find_processors();
  cancel(sample);
  functions_are_accurate();
  vectors_share_divisions<double, false>();
  vectors_share_divisions<float, false>();
  vectors_share_divisions<float, true>();
  losses_in_lanes();
  minimize();
  std::puts("core: all holds");
}
