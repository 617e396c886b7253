// The core's own test, for the sanitizers: every layer, loss, optimiser and stop in fleets of several threads, with odd
// sizes, weights, validation, cancelling in the middle, and prediction from many threads. Exits with 0 when all holds.
#include <cstdio>
#include <cstdlib>

#include "fleet.hpp"
#include "predict.hpp"

using namespace thetastar::TS_LEVEL;

#define CHECK(condition)                                                              \
  if (!(condition)) {                                                                 \
    std::fprintf(stderr, "core_test.cpp:%d: %s does not hold\n", __LINE__, #condition); \
    std::exit(1);                                                                     \
  }

LayerSpec dense(const char* name, int units, const char* activation, const char* kernel = "glorot_uniform") {
  LayerSpec layer;
  layer.kind = "dense";
  layer.name = name;
  layer.units = units;
  layer.activation = activation;
  layer.kernel.kind = kernel;
  layer.kernel.value = 1;
  return layer;
}
LayerSpec pointwise(const char* kind, const char* activation, double rate) {
  LayerSpec layer;
  layer.kind = kind;
  layer.name = kind;
  layer.activation = activation;
  layer.rate = rate;
  return layer;
}

template <class T>
struct Sample {
  static constexpr int kRows = 53, kFeatures = 7;
  std::vector<T> x, y, classes, weights;
  std::vector<std::int64_t> rows, held;
  Sample() {
    const Stream stream(7);
    for (int i = 0; i < kRows * kFeatures; ++i) x.push_back(static_cast<T>(stream.normal(static_cast<std::uint64_t>(i))));
    for (int i = 0; i < kRows; ++i) {
      y.push_back(x[static_cast<std::size_t>(i) * kFeatures] > 0 ? T(1) : T(0));
      classes.push_back(static_cast<T>(i % 3));
      weights.push_back(static_cast<T>(i % 4));
      (i % 5 ? rows : held).push_back(i);
    }
  }
  Data<T> data(bool with_classes, bool weighted) const {
    return {x.data(), with_classes ? classes.data() : y.data(), weighted ? weights.data() : nullptr, kRows, kFeatures, 1};
  }
};

template <class T>
std::vector<Job<T>> every_kind(const Sample<T>& sample) {
  std::vector<Job<T>> jobs;
  const char* activations[] = {"identity", "sigmoid", "hard_sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu",
                               "gelu", "gelu_tanh", "silu", "mish", "softplus", "softsign", "gaussian", "step"};
  const char* losses[] = {"mean_squared_error", "mean_absolute_error", "binary_cross_entropy", "cross_entropy"};
  const char* schedules[] = {"constant", "step", "exponential", "cosine", "cosine_restarts", "one_cycle", "reduce_on_plateau"};
  const char* kernels[] = {"glorot_uniform", "he_normal", "orthogonal", "lecun_uniform"};
  int i = 0;
  for (const char* activation : activations)
    for (const char* loss : losses) {
      const bool classes = std::string(loss) == "cross_entropy";
      Job<T> job;
      job.network.inputs = Sample<T>::kFeatures;
      job.network.layers = {dense("a", 1 + i % 19, activation, kernels[i % 4]), pointwise("dropout", "", 0.3),
                            pointwise("activation", activation, 0), dense("b", classes ? 3 : 1, "identity")};
      TrainSpec& s = job.settings;
      s.loss.kind = loss;
      s.optimizer.kind = i % 3 ? "adam" : "sgd";
      s.optimizer.momentum = i % 2 ? 0.9 : 0;
      s.optimizer.nesterov = i % 2;
      s.optimizer.weight_decay = i % 4 ? 0.01 : 0;
      s.optimizer.decoupled = i % 2;
      s.schedule.kind = schedules[i % 7];
      s.schedule.factor = 0.5;
      s.epochs = 4;
      s.batch_size = 1 + i % 60;
      s.l1 = s.l2 = i % 2 ? 0.001 : 0;
      s.clip_value = i % 3 ? 0 : 0.1;
      s.clip_norm = i % 5 ? 0 : 0.1;
      s.early_stopping = i % 2;
      s.patience = 2;
      s.seed = static_cast<std::uint64_t>(i);
      job.data = job.validation = sample.data(classes, i % 2);
      job.rows = sample.rows.data();
      job.row_count = static_cast<std::int64_t>(sample.rows.size());
      job.validation_rows = sample.held.data();
      job.validation_count = s.early_stopping ? static_cast<std::int64_t>(sample.held.size()) : 0;
      jobs.push_back(job);
      ++i;
    }
  return jobs;
}

template <class T>
void run(const Sample<T>& sample) {
  const std::vector<Job<T>> jobs = every_kind(sample);
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
  const Predictor<T> predictor(jobs[0].network, first[0].data());
  std::vector<T> x, alone(2000), shared(2000);
  for (int i = 0; i < 2000 * Sample<T>::kFeatures; ++i) x.push_back(static_cast<T>(i % 11) - 5);
  predictor.run(x.data(), 2000, alone.data(), 1);
  predictor.run(x.data(), 2000, shared.data(), 3);
  CHECK(alone == shared);
  for (const Job<T>& job : jobs) {
    Data<T> data = job.data;
    const Plan<T> plan(job.network, 1);
    std::vector<T> parameters(static_cast<std::size_t>(plan.parameters_size()));
    std::vector<T> plain;
    plan.initialize(1, parameters.data());
    export_parameters(plan, parameters.data(), plain);
    CHECK(inspect<T>(job.network, plain.data(), data, job.settings.loss.kind, true).gradient.size() == plain.size());
  }
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
  run(Sample<double>());
  const Sample<float> sample;
  run(sample);
  cancel(sample);
  std::puts("core: all holds");
}
