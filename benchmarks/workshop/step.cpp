// Seconds of one training step, network by network, without Python: what to look at before and after a change in core/.
//
//   g++ -std=c++20 -O3 -ffp-contract=fast -fno-math-errno -Wno-psabi -Wno-maybe-uninitialized -march=x86-64-v4 -mprefer-vector-width=512
//       -DTS_LEVEL=v4 -I../../core step.cpp -o step -pthread        (one line; -march=x86-64-v3 -DTS_LEVEL=v3 for AVX2)
//   ./step [part of a name] [threads] [parts of a number on tiles: 1 or 3]
//
// One thread is timed by its own processor time, a team by the clock. The best of five trainings; the losses tell whether
// two builds did the same.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>

#include "ceiling.hpp"
#include "train.hpp"

using namespace thetastar::TS_LEVEL;

float kept = 0;  // what the ceiling's loop leaves; global, or the compiler would drop the loop

static double now(int threads) {
  timespec t;
  clock_gettime(threads > 1 ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

static LayerSpec layer(const char* kind, int units = 0, const char* activation = "identity", int window = 0) {
  static int count = 0;
  LayerSpec s;
  s.kind = kind;
  s.name = std::string(kind) + "_" + std::to_string(++count);
  s.units = units;
  s.activation = activation;
  s.window_height = s.window_width = window;
  if (s.kind == "max_pool2d") s.stride_height = s.stride_width = window;
  s.kernel.kind = "glorot_uniform";
  s.recurrent.kind = "orthogonal";
  s.recurrent.value = 1;
  return s;
}
static NetworkSpec network(Shape input, std::vector<LayerSpec> layers) {
  NetworkSpec n;
  n.input = input;
  n.layers = std::move(layers);
  return n;
}

struct Case {
  const char* name;
  NetworkSpec network;
  const char* loss;
  int batch, rows, classes, epochs;  // classes 0: a number
};

int main(int argc, char** argv) {
  const char* wanted = argc > 1 ? argv[1] : "";
  const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
  const int parts = argc > 3 && has_bfloat16<float>() ? std::atoi(argv[3]) : 0;
  const auto dense = [](int units, const char* activation) { return layer("dense", units, activation); };
  const auto conv = [](int filters, int window) { return layer("conv2d", filters, "relu", window); };
  const auto pool = [] { return layer("max_pool2d", 0, "identity", 2); };
  const std::vector<Case> cases = {
      {"toy", network({1, 1, 2}, {dense(4, "tanh"), dense(1, "identity")}), "mean_squared_error", 4, 256, 0, 2000},
      {"lecture",
       network({1, 1, 56}, {dense(100, "relu"), dense(100, "relu"), dense(100, "relu"), dense(1, "identity")}),
       "mean_absolute_error", 32, 1408, 0, 30},
      {"grid-16", network({1, 1, 64}, {dense(16, "relu"), dense(10, "identity")}), "cross_entropy", 32, 1437, 10, 20},
      {"grid-100", network({1, 1, 64}, {dense(100, "relu"), dense(100, "relu"), dense(10, "identity")}),
       "cross_entropy", 32, 1437, 10, 20},
      {"mnist", network({1, 1, 784}, {dense(128, "relu"), dense(10, "identity")}), "cross_entropy", 128, 2560, 10, 10},
      {"wide", network({1, 1, 784}, {dense(512, "relu"), dense(512, "relu"), dense(10, "identity")}), "cross_entropy",
       128, 1280, 10, 4},
      {"table",
       network({1, 1, 100}, {dense(256, "relu"), dense(256, "relu"), dense(256, "relu"), dense(1, "identity")}),
       "mean_squared_error", 256, 2560, 0, 6},
      {"lenet",
       network({28, 28, 1}, {conv(6, 5), pool(), conv(16, 5), pool(), layer("flatten"), dense(120, "relu"),
                             dense(84, "relu"), dense(10, "identity")}),
       "cross_entropy", 64, 1280, 10, 2},
      {"conv",
       network({28, 28, 1},
               {conv(32, 3), conv(64, 3), pool(), layer("flatten"), dense(128, "relu"), dense(10, "identity")}),
       "cross_entropy", 128, 256, 10, 3},
      {"lstm", network({1, 56, 1}, {layer("lstm", 64), dense(1, "identity")}), "mean_squared_error", 32, 640, 0, 3},
  };
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::atomic<bool> cancel{false};
  std::atomic<std::int64_t> epochs{0};
  for (const Case& c : cases) {
    if (!std::strstr(c.name, wanted)) continue;
    const auto count = static_cast<std::size_t>(c.rows), features = static_cast<std::size_t>(c.network.input.size());
    std::vector<float> x(count * features), y(count);
    for (float& v : x) v = normal(random);
    for (float& v : y) v = c.classes ? static_cast<float>(random() % static_cast<unsigned>(c.classes)) : normal(random);
    std::vector<std::int64_t> rows(count);
    std::iota(rows.begin(), rows.end(), 0);
    Job<float> job;
    job.network = c.network;
    job.settings.loss.kind = c.loss;
    job.settings.optimizer.kind = "adam";
    job.settings.epochs = c.epochs;
    job.settings.batch_size = c.batch;
    job.settings.tile_parts = parts;
    job.data = job.validation = {x.data(), y.data(), nullptr, c.rows, static_cast<int>(features), 1, 1};
    job.rows = job.validation_rows = rows.data();
    job.row_count = c.rows;

    const FlushSubnormals flush;
    double best = 1e9, loss = 0;
    for (int turn = 0; turn < 5; ++turn) {
      Training<float> training(job, Signals{&cancel, &epochs}, Resources{threads});
      const double begun = now(threads);
      loss = training.run().history.loss.back();
      best = std::min(best, now(threads) - begun);
    }
    const double steps = static_cast<double>(c.epochs) * ((c.rows + c.batch - 1) / c.batch), step = best / steps;
    const double operations = 6 * Plan<float>(c.network, 1).multiplications() * c.batch;
    const double ceiling = rate(0.05, threads, [&](std::size_t) { return multiply_adds(&kept); });
    std::printf("%-9s %10.2f us a step  %6.1f GFLOP/s  %3.0f %% of the ceiling  loss %.6f\n", c.name, step * 1e6,
                operations / step / 1e9, 100 * operations / step / ceiling, loss);
  }
}
