// What Python asks for, as plain structs: no arithmetic, no memory. The names are the ones of the Python package.
//
// TS_FIELDS is each struct's list of its fields, and its ==. Whoever reads a description, hashes it or names what it may contain goes
// through that list; tests/core refuses a list that misses a field.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simd/vec.hpp"

// The list of a struct's fields: fields(spec, visit) calls visit(name, field) for each. The preprocessor has no loop, so TS_AGAIN
// makes it read the list again, once for every field.
#define TS_AGAIN(...) TS_AGAIN_2(TS_AGAIN_2(TS_AGAIN_2(TS_AGAIN_2(__VA_ARGS__))))
#define TS_AGAIN_2(...) TS_AGAIN_1(TS_AGAIN_1(TS_AGAIN_1(TS_AGAIN_1(__VA_ARGS__))))
#define TS_AGAIN_1(...) __VA_ARGS__
#define TS_NEXT() TS_VISIT
#define TS_VISIT(field, ...) \
  visit(#field, spec.field); \
  __VA_OPT__(TS_NEXT TS_NOTHING()()(__VA_ARGS__))
#define TS_NOTHING()
#define TS_FIELDS(Type, ...)                              \
  bool operator==(const Type&) const = default;           \
  template <class Spec, class Visit>                      \
  static constexpr void fields(Spec& spec, Visit visit) { \
    TS_AGAIN(TS_AGAIN(TS_AGAIN(TS_VISIT(__VA_ARGS__))))   \
  }

namespace thetastar::TS_LEVEL {

struct InitializerSpec {
  std::string kind = "zeros";
  double value = 0;  // constant: the value; normal: the deviation; uniform: the limit; orthogonal: the gain
  TS_FIELDS(InitializerSpec, kind, value)
};

struct LayerSpec {
  std::string kind;  // "dense", "conv2d", "lstm", ...: the kinds of Plan::make_layer
  std::string name;  // "dense_1": the prefix of its parameters' names
  int units =
      0;  // dense, recurrent, batch_ensemble; embeddings: numbers per category or column; conv2d: filters; prelu: 1
          // where one α is for all
  std::string activation = "identity";                                           // dense, conv2d, activation
  bool use_bias = true;                                                          // dense, conv2d
  double rate = 0;                                                               // dropout
  int window_height = 1, window_width = 1, stride_height = 1, stride_width = 1;  // conv2d, pooling
  int dilation_height = 1, dilation_width = 1, groups = 1;                       // conv2d
  bool same = false;                       // conv2d, pooling: pad so that only the stride shrinks the image
  int categories = 0;                      // embedding
  std::vector<int> columns;                // periodic_embedding: which of the inputs
  int frequencies = 0;                     // periodic_embedding: cosines a column
  int members = 1;                         // batch_ensemble
  double momentum = 0.99, epsilon = 1e-3;  // batch_norm; layer_norm
  bool return_sequences = false, reverse = false, bidirectional = false;  // recurrent
  bool has_mask = false;
  double mask = 0;  // recurrent: time steps whose features all equal this are skipped
  InitializerSpec kernel, bias, recurrent;
  std::vector<LayerSpec> inner;  // residual
  TS_FIELDS(LayerSpec, kind, name, units, activation, use_bias, rate, window_height, window_width, stride_height,
            stride_width, dilation_height, dilation_width, groups, same, categories, columns, frequencies, members,
            momentum, epsilon, return_sequences, reverse, bidirectional, has_mask, mask, kernel, bias, recurrent, inner)
};

// One sample: an image (height, width, channels), a sequence (1, time, features) or a vector (1, 1, features).
struct Shape {
  int height = 1, width = 1, channels = 0;
  int positions() const { return height * width; }
  int size() const { return height * width * channels; }
  bool operator==(const Shape&) const = default;
};

struct NetworkSpec {
  Shape input;
  std::vector<LayerSpec> layers;
  TS_FIELDS(NetworkSpec, input, layers)
};

struct LossSpec {
  std::string kind;                   // see losses.hpp
  int members = 1;                    // rows that make a sample: 2 for pairs, 3 for triplets
  std::string prediction = "scores";  // what the network gives: "scores" | "probabilities" | "log_probabilities"
  double label_smoothing = 0;
  std::vector<double> class_weights;  // one a class, or none
  double delta = 1;                   // huber; smooth_l1's β
  double quantile = 0.5, margin = 1, epsilon = 1e-8;
  std::vector<double> levels;  // quantiles: the level of each output
  double power = 2;            // multi_margin's p, the p of a distance's norm, generalized_cross_entropy's q
  std::string distance;        // pairs and triplets: "norm" | "squared_euclidean" | "cosine"
  bool swap = false, full = false, log_input = true, log_variance = false;
  int classes = 0, blank = 0;   // ctc
  double gamma = 2, alpha = 1;  // focal losses: how far easy samples are left out; a factor for all classes. circle: γ
  double beta = 0.5;            // tversky, whose α is `alpha`
  TS_FIELDS(LossSpec, kind, members, prediction, label_smoothing, class_weights, delta, quantile, margin, epsilon,
            levels, power, distance, swap, full, log_input, log_variance, classes, blank, gamma, alpha, beta)
};

struct OptimizerSpec {
  std::string kind;  // see optimizers.hpp
  double learning_rate = 0.001;
  double weight_decay = 0;
  bool decoupled = false;  // AdamW: the decay acts on the weights directly, not through the gradient
  bool decay_all = false;  // a group asked for the decay by name, so it acts on biases too
  double momentum = 0, dampening = 0;
  bool nesterov = false, amsgrad = false, centred = false;
  double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-8, rho = 0.99;
  double rate_decay = 0, accumulator = 0;                           // adagrad; ftrl's accumulator
  double momentum_decay = 0.004;                                    // nadam
  double lambda = 1e-4, alpha = 0.75, start = 1e6;                  // asgd
  double shorter = 0.5, longer = 1.2, least = 1e-6, most = 50;      // rprop
  double power = -0.5, l1 = 0, l2 = 0, l2_shrinkage = 0, beta = 0;  // ftrl
  double gamma = 0.01;                                              // sophia, with:
  std::int64_t every = 10;                                          // steps between two measurements of the curvature
  std::string curvature = "hutchinson";                             // or "gauss_newton_bartlett"
  std::int64_t history = 10;                                        // lbfgs
  std::string line_search = "strong_wolfe";                         // or "backtracking" or "none"
  double tolerance_gradient = 1e-7, tolerance_change = 1e-9;
  bool early_epsilon = false;      // adam, nadam: ε is added before the second moment is corrected
  bool epsilon_in_root = false;    // adagrad, rmsprop: √(s + ε)
  bool rate_in_velocity = false;   // sgd, rmsprop: the velocity sums steps with their rates in them
  std::int64_t iterations = 5;     // muon: of Newton and Schulz
  double vector_rate = 1;          // muon: the rate of what is no matrix, in learning rates
  std::string scale = "spectral";  // muon: how a matrix's step grows with its shape, or "rms" or "none"
  std::string average;             // of the parameters, which is the answer then: "exponential", "equal", or none
  double average_momentum = 0.99;
  std::int64_t average_start = 0, average_every = 1;  // updates
  TS_FIELDS(OptimizerSpec, kind, learning_rate, weight_decay, decoupled, decay_all, momentum, dampening, nesterov,
            amsgrad, centred, beta_1, beta_2, epsilon, rho, rate_decay, accumulator, momentum_decay, lambda, alpha,
            start, shorter, longer, least, most, power, l1, l2, l2_shrinkage, beta, gamma, every, curvature, history,
            line_search, tolerance_gradient, tolerance_change, early_epsilon, epsilon_in_root, rate_in_velocity,
            iterations, vector_rate, scale, average, average_momentum, average_start, average_every)
};

struct ScheduleSpec {
  std::string kind = "constant";  // see schedules.hpp
  double factor = 1, minimum = 0, warmup = 0, multiplier = 1;
  double start = 1, end = 0, peak = 0.3;  // one_cycle
  std::int64_t every = 1, patience = 0;   // step, cosine_restarts, reduce_on_plateau: epochs
  TS_FIELDS(ScheduleSpec, kind, factor, minimum, warmup, multiplier, start, end, peak, every, patience)
};

struct AugmentSpec {
  bool on = false;
  double shift = 0, scale = 0, rotate = 0, shear = 0;  // the most: pixels, fraction of the size, degrees
  bool mirrors = false, upends = false;                // half of the images: left to right, top to bottom
  bool edge = true;                                    // pixels from outside are the nearest ones; otherwise `fill`
  double fill = 0, noise = 0;                          // noise: its standard deviation, in units of X
  TS_FIELDS(AugmentSpec, on, shift, scale, rotate, shear, mirrors, upends, edge, fill, noise)
};

// How a job is computed, where a test asks: 0 never so, 1 wherever it can be so, -1 as choose.hpp decides.
struct WaySpec {
  int lanes = -1, chain = -1,
      registers = -1;  // a sample in every lane; all layers in one loop; a whole step in registers
  int panels = -1, filtering = -1, pack = -1;  // dZ in panels; convolutions by minimal filtering; networks side by side
  int columns = -1, blocks = -1;  // layers that a team cuts by columns; parameters that move block by block
  int samples = 0;                // in one pass; 0: as choose.hpp decides
  TS_FIELDS(WaySpec, lanes, chain, registers, panels, filtering, pack, columns, blocks, samples)
};

struct TrainSpec {
  LossSpec loss;
  OptimizerSpec optimizer;
  std::vector<OptimizerSpec> groups;  // one per parameter array, or none: all as `optimizer`
  ScheduleSpec schedule, decay_schedule,
      dropout_schedule;  // of the learning rate, the weight decay, the rates of dropout
  std::int64_t epochs = 1;
  std::int64_t batch_size = 32;  // 1: per sample; >= the number of rows: whole batch
  bool shuffle = true;
  double l1 = 0, l2 = 0;                 // + l1 Σ|w| + l2 Σ w² in the cost, over weights and not biases
  double clip_value = 0, clip_norm = 0;  // 0: off
  double max_norm = 0;                   // of the weights into one neuron, after every step; 0: off
  std::vector<std::int64_t> directions;  // of inputs and units, one after another (penalties.hpp); none: off
  AugmentSpec augment;                   // of images, in training steps only
  bool early_stopping = false;
  std::int64_t patience = 0;  // epochs without an improvement of more than min_delta
  double min_delta = 0;
  bool restore_best = true;
  bool has_threshold = false;
  double threshold = 0;  // stop when the epoch's training loss is at or below it
  int tile_parts = 0;    // dense products on tiles (kernels/bfloat16.hpp): 0 none; 1 all, rounded to bfloat16;
                         // 3 where it is faster, numbers in three parts, as exact as by vectors
  std::vector<std::int64_t> snapshots;  // epochs, in their order, at whose end the parameters are kept
  std::int64_t from = 0;                // epochs that a training before this one took; every start has its Pause
  std::int64_t pause = 0;               // the epoch after which the training pauses, counted from 1 of all; 0: none
  WaySpec ways;
  TS_FIELDS(TrainSpec, loss, optimizer, groups, schedule, decay_schedule, dropout_schedule, epochs, batch_size, shuffle,
            l1, l2, clip_value, clip_norm, max_norm, directions, augment, early_stopping, patience, min_delta,
            restore_best, has_threshold, threshold, tile_parts, snapshots, from, pause, ways)
};

}  // namespace thetastar::TS_LEVEL
