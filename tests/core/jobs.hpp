// What is trained in the core's test: rows, and jobs with every activation, loss and optimiser.
#pragma once

#include "fleet.hpp"
#include "networks.hpp"

template <class T>
struct Sample {
  static constexpr int kRows = 53, kFeatures = 24;
  std::vector<T> x, y, classes, weights;
  std::vector<std::int64_t> rows, held, often;  // often: every row of `rows` three times
  Sample() {
    const Stream stream(7);
    for (int i = 0; i < kRows * kFeatures; ++i)
      x.push_back(static_cast<T>(stream.normal(static_cast<std::uint64_t>(i))));
    for (int i = 0; i < kRows * kFeatures; ++i)
      if (i / 4 % 5 == 0) x[static_cast<std::size_t>(i)] = 0;  // steps of a sequence that a mask of 0 skips
    for (int i = 0; i < kRows; ++i) {
      y.push_back(x[static_cast<std::size_t>(i) * kFeatures] > 0 ? T(1) : T(0));
      classes.push_back(static_cast<T>(i % 3));
      weights.push_back(static_cast<T>(i % 4));
      (i % 5 ? rows : held).push_back(i);
    }
    for (int time = 0; time < 3; ++time) often.insert(often.end(), rows.begin(), rows.end());
  }
  Data<T> data(bool with_classes, bool weighted) const {
    return {x.data(), with_classes ? classes.data() : y.data(), weighted ? weights.data() : nullptr, kRows, kFeatures,
            1};
  }
};

template <class T>
std::vector<Job<T>> every_kind(const Sample<T>& sample) {
  std::vector<Job<T>> jobs;
  const char* activations[] = {"identity", "sigmoid",  "hard_sigmoid", "tanh",      "relu",  "leaky_relu",
                               "elu",      "selu",     "gelu",         "gelu_tanh", "silu",  "mish",
                               "softplus", "softsign", "gaussian",     "step",      "relu6", "hard_tanh"};
  const char* losses[] = {"mean_squared_error", "mean_absolute_error", "binary_cross_entropy", "cross_entropy"};
  const char* schedules[] = {"constant",        "step",      "exponential",      "cosine",
                             "cosine_restarts", "one_cycle", "reduce_on_plateau"};
  const char* courses[] = {"constant", "flat_cosine", "log_cosine"};
  const char* kernels[] = {"glorot_uniform", "he_normal", "orthogonal", "lecun_uniform"};
  const std::vector<NetworkSpec> networks = every_layer();
  const int dense_networks = static_cast<int>(std::size(activations) * std::size(losses));
  for (int i = 0; i < dense_networks + static_cast<int>(networks.size()); ++i) {
    const char *activation = activations[i / 4 % 18], *loss = losses[i % 4];
    const bool classes = std::string(loss) == "cross_entropy";
    Job<T> job;
    if (i < dense_networks)
      job.network = {{1, 1, Sample<T>::kFeatures},
                     {dense("a", 1 + i % 19, activation, kernels[i % 4]), pointwise("dropout", "", 0.3),
                      pointwise("activation", activation, 0)}};
    else
      job.network = networks[static_cast<std::size_t>(i - dense_networks)];
    job.network.layers.push_back(plain("flatten", "last"));
    job.network.layers.push_back(dense("b", classes ? 3 : 1, "identity"));
    TrainSpec& s = job.settings;
    s.loss.kind = loss;
    s.optimizer.kind = i % 3 ? "adam" : "sgd";
    s.optimizer.momentum = i % 2 ? 0.9 : 0;
    s.optimizer.nesterov = i % 2;
    s.optimizer.weight_decay = i % 4 ? 0.01 : 0;
    s.optimizer.decoupled = i % 2;
    s.schedule.kind = schedules[i % 7];
    s.schedule.factor = 0.5;
    s.schedule.multiplier = 2;
    s.decay_schedule.kind = courses[i % 3];
    s.dropout_schedule.kind = courses[i / 3 % 3];
    s.epochs = 4;
    s.batch_size = 1 + i % 60;
    s.l1 = i % 4 == 1 ? 0.001 : 0;
    s.l2 = i % 2 ? 0.001 : 0;
    s.clip_value = i % 3 ? 0 : 0.1;
    s.clip_norm = i % 5 ? 0 : 0.1;
    s.max_norm = i % 3 ? 0 : 0.5;
    if (job.network.input.height > 1) {  // images
      const bool fills = i % 2, mirrors = i % 3;
      s.augment = {true, 1.5, 0.3, 90, 20, mirrors, !mirrors, !fills, fills ? -2.0 : 0.0, i % 4 ? 0.1 : 0};
    }
    s.early_stopping = i % 2;
    s.patience = 2;
    job.start.seed = static_cast<std::uint64_t>(i);
    job.data = job.validation = sample.data(classes, i % 2);
    job.rows = sample.rows.data();
    job.row_count = static_cast<std::int64_t>(sample.rows.size());
    job.validation_rows = sample.held.data();
    job.validation_count = s.early_stopping ? static_cast<std::int64_t>(sample.held.size()) : 0;
    jobs.push_back(job);
  }
  return jobs;
}

// Convolutions by minimal filtering (layers/winograd.hpp): with and without borders, of even and odd sizes, of channels that are
// whole vectors and not, inside a residual and beside layers that sum over the taps. Images of 12 × 10, not of 24 numbers.
template <class T>
std::vector<Job<T>> filtered(const Sample<T>& sample) {
  static const std::vector<std::int64_t> rows = [] {
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < 45; ++i) rows.push_back(i * 3 % 10);
    return rows;
  }();
  const Shape image{12, 10, 1};
  const auto same = [](const char* name, int filters) { return conv(name, filters, 3, 3, 1, true); };
  LayerSpec plainly = same("d", 45);
  plainly.use_bias = false;
  plainly.activation = "relu";
  const LayerSpec last = plain("global_average_pool2d", "g");
  const std::vector<std::vector<LayerSpec>> networks = {
      {same("c", 37), window("max_pool2d", "m", 2, 2, 1, 1, false), plainly, pointwise("dropout", "", 0.3), last},
      {dense("e", 64, "tanh"), conv("c", 64, 3, 3, 1, false), conv("d", 5, 3, 3, 1, false), last},
      {dense("e", 48, "gelu"), residual("r", {same("c", 48), same("d", 48)}), last},
  };
  std::vector<Job<T>> jobs;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    Job<T> job = every_kind(sample)[3 + i];
    job.network = {image, networks[i]};
    job.network.layers.push_back(dense("b", 3, "identity"));
    job.settings.loss.kind = "cross_entropy";
    job.settings.epochs = 2;
    job.data = job.validation = sample.data(true, i % 2);
    job.data.features = job.validation.features = image.size();
    job.data.rows = job.validation.rows = 10;
    job.rows = job.validation_rows = rows.data();
    job.row_count = static_cast<std::int64_t>(rows.size());
    job.validation_count = job.settings.early_stopping ? 7 : 0;
    jobs.push_back(job);
  }
  return jobs;
}

// Every loss with an optimiser in turn, every optimiser with a loss in turn; groups, pairs, triplets, frames.
template <class T>
struct Catalogue {
  std::vector<T> targets[4];  // classes, 0 and 1, one-hot, labels filled up with -1
  explicit Catalogue(const Sample<T>& sample) {
    for (int i = 0; i < Sample<T>::kRows; ++i) {
      targets[0].push_back(static_cast<T>(i % 3));
      for (int j = 0; j < 3; ++j)
        targets[1].push_back(static_cast<T>((i + j) % 2)), targets[2].push_back(j == i % 3 ? T(1) : T(0));
      for (int j = 0; j < 3; ++j) targets[3].push_back(j < i % 4 ? T(1 + (i + j) % 2) : T(-1));
    }
    (void)sample;
  }
  enum { kClass, kBits, kOneHot, kLabels };
  struct Case {
    const char* loss;
    int target, members = 1;
    const char* setting = "";  // prediction or distance
  };
  std::vector<Job<T>> jobs(const Sample<T>& sample) const {
    const Case cases[] = {{"mean_absolute_percentage_error", kBits},
                          {"half_squared_error", kBits},
                          {"binary_focal_cross_entropy", kBits},
                          {"binary_focal_cross_entropy", kBits, 1, "probabilities"},
                          {"focal_cross_entropy", kClass},
                          {"categorical_focal_cross_entropy", kOneHot},
                          {"categorical_focal_cross_entropy", kOneHot, 1, "probabilities"},
                          {"mean_squared_logarithmic_error", kBits},
                          {"huber", kBits},
                          {"smooth_l1", kBits},
                          {"log_cosh", kBits},
                          {"quantile", kBits},
                          {"quantiles", kBits},
                          {"poisson", kBits},
                          {"poisson_nll", kBits},
                          {"cosine_similarity", kBits},
                          {"gaussian_nll", kBits},
                          {"binary_cross_entropy", kBits, 1, "probabilities"},
                          {"cross_entropy", kClass, 1, "probabilities"},
                          {"categorical_cross_entropy", kOneHot},
                          {"categorical_cross_entropy", kOneHot, 1, "probabilities"},
                          {"nll", kClass},
                          {"kl_divergence", kOneHot},
                          {"kl_divergence", kOneHot, 1, "log_probabilities"},
                          {"hinge", kBits},
                          {"squared_hinge", kBits},
                          {"categorical_hinge", kOneHot},
                          {"multi_margin", kClass},
                          {"multi_label_margin", kBits},
                          {"soft_margin", kBits},
                          {"multi_label_soft_margin", kBits},
                          {"margin_ranking", kBits, 2},
                          {"hinge_embedding", kBits},
                          {"hinge_embedding", kBits, 2, "norm"},
                          {"cosine_embedding", kBits, 2, "cosine"},
                          {"triplet_margin", kBits, 3, "norm"},
                          {"triplet_margin_with_distance", kBits, 3, "squared_euclidean"},
                          {"dice", kBits},
                          {"tversky", kBits, 1, "probabilities"},
                          {"generalized_cross_entropy", kClass},
                          {"generalized_cross_entropy", kClass, 1, "probabilities"},
                          {"circle", kBits, 3, "cosine"},
                          {"ctc", kLabels}};
    const char* optimizers[] = {"sgd",
                                "adam",
                                "adamax",
                                "nadam",
                                "radam",
                                "sparse_adam",
                                "adagrad",
                                "adadelta",
                                "rmsprop",
                                "ftrl",
                                "asgd",
                                "rprop",
                                "lion",
                                "lbfgs",
                                "sophia",
                                "muon",
                                "adafactor",
                                "lamb",
                                "schedule_free_adamw"};
    std::vector<Job<T>> jobs;
    for (int round = 0; round < 3; ++round)
      for (std::size_t c = 0; c < std::size(cases); ++c) {
        const Case& of = cases[c];
        const std::string name = of.loss;
        const int i = static_cast<int>(jobs.size());
        Job<T> job;
        LossSpec& loss = job.settings.loss;
        loss.kind = name;
        loss.members = of.members;
        loss.swap = loss.full = round == 1;
        loss.log_variance = round == 2;
        loss.label_smoothing = round == 1 ? 0.1 : 0;
        if (round == 2 && of.target != kBits) loss.class_weights = {0.5, 1, 2};
        if (of.members > 1 || name == "hinge_embedding")
          loss.distance = of.setting;
        else if (*of.setting)
          loss.prediction = of.setting;
        if (name == "ctc") loss.classes = 3;
        if (name == "quantiles") loss.levels = {0.1, 0.5, 0.9};
        const int outputs = name == "ctc" ? 15 : name == "gaussian_nll" ? 6 : 3;
        job.network.input = {1, 1, Sample<T>::kFeatures};
        job.network.layers = {dense("a", 3 + i % 17, "tanh"), dense("b", outputs, round ? "sigmoid" : "identity")};
        OptimizerSpec& o = job.settings.optimizer;
        o.kind = optimizers[static_cast<std::size_t>(i) % std::size(optimizers)];
        o.learning_rate = 0.01;
        o.momentum = round == 1 ? 0.5 : 0;
        o.amsgrad = o.centred = round == 2;
        o.rate_in_velocity = o.epsilon_in_root = o.early_epsilon = i % 2;
        if (round == 1 && o.kind != "lbfgs" && o.kind != "asgd" && o.kind != "schedule_free_adamw")
          o.average = i % 2 ? "equal" : "exponential";
        o.average_start = 3;
        o.average_every = 2;
        o.every = 2;
        o.history = 3;
        o.line_search = round == 0 ? "strong_wolfe" : round == 1 ? "backtracking" : "none";
        if (round == 2 && o.kind != "lbfgs") {
          job.settings.groups.assign(4, o);
          job.settings.groups[1].learning_rate = 0.001;
          job.settings.groups[1].decay_all = true;
          job.settings.groups[1].weight_decay = 0.1;
        }
        job.settings.epochs = 5;
        job.settings.batch_size = 1 + i % 13;
        job.start.seed = static_cast<std::uint64_t>(i);
        job.data = sample.data(false, i % 2);
        job.data.y = targets[of.target].data();
        job.data.targets = of.target == kClass || of.members == 2 ? 1 : of.members == 3 ? 0 : 3;
        job.data.members = of.members;
        job.data.rows /= of.members;
        job.validation = job.data;
        const auto inside = [&](const std::vector<std::int64_t>& rows) {  // the rows that are a whole sample
          return std::count_if(rows.begin(), rows.end(), [&](std::int64_t row) { return row < job.data.rows; });
        };
        job.rows = sample.rows.data();
        job.row_count = inside(sample.rows);
        job.validation_rows = sample.held.data();
        job.validation_count = inside(sample.held);
        jobs.push_back(job);
      }
    for (const char* name : {"mean_squared_error", "binary_cross_entropy", "categorical_cross_entropy"}) {
      Job<T> job = jobs.front();
      job.settings.loss = LossSpec{};
      job.settings.loss.kind = name;
      job.settings.optimizer.kind = "sophia";
      job.settings.optimizer.curvature = "gauss_newton_bartlett";
      job.data.y = job.validation.y = targets[kOneHot].data();
      jobs.push_back(job);
    }
    return jobs;
  }
};
