// What Python asks for, as plain structs: no arithmetic, no memory. The names are the ones of the Python package.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simd/vec.hpp"

namespace thetastar::TS_LEVEL {

struct InitializerSpec {
  std::string kind = "zeros";
  double value = 0;  // constant: the value; normal: the deviation; uniform: the limit; orthogonal: the gain
  bool operator==(const InitializerSpec&) const = default;
};

struct LayerSpec {
  std::string kind;                     // "dense", "conv2d", "lstm", ...: the kinds of Plan::make_layer
  std::string name;                     // "dense_1": the prefix of its parameters' names
  int units = 0;                        // dense, recurrent; embedding: numbers per category; conv2d: filters
  std::string activation = "identity";  // dense, conv2d, activation
  bool use_bias = true;                 // dense, conv2d
  double rate = 0;                      // dropout
  int window_height = 1, window_width = 1, stride_height = 1, stride_width = 1;  // conv2d, pooling
  int dilation_height = 1, dilation_width = 1, groups = 1;                       // conv2d
  bool same = false;                    // conv2d, pooling: pad so that only the stride shrinks the image
  int categories = 0;                   // embedding
  double momentum = 0.99, epsilon = 1e-3;  // batch_norm; layer_norm
  bool return_sequences = false, reverse = false, bidirectional = false;  // recurrent
  bool has_mask = false;
  double mask = 0;                      // recurrent: time steps whose features all equal this are skipped
  InitializerSpec kernel, bias, recurrent;
  std::vector<LayerSpec> inner;         // residual
  bool operator==(const LayerSpec&) const = default;
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
  bool operator==(const NetworkSpec&) const = default;
};

struct LossSpec {
  std::string kind;                   // see losses.hpp
  int members = 1;                    // rows that make a sample: 2 for pairs, 3 for triplets
  std::string prediction = "scores";  // what the network gives: "scores" | "probabilities" | "log_probabilities"
  double label_smoothing = 0;
  std::vector<double> class_weights;  // one a class, or none
  double delta = 1;                   // huber; smooth_l1's β
  double quantile = 0.5, margin = 1, epsilon = 1e-8;
  double power = 2;                   // multi_margin's p, the p of a distance's norm
  std::string distance;               // pairs and triplets: "norm" | "squared_euclidean" | "cosine"
  bool swap = false, full = false, log_input = true, log_variance = false;
  int classes = 0, blank = 0;         // ctc
  bool operator==(const LossSpec&) const = default;
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
  bool operator==(const OptimizerSpec&) const = default;
};

struct ScheduleSpec {
  std::string kind = "constant";  // see schedules.hpp
  double factor = 1, minimum = 0, warmup = 0, multiplier = 1;
  double start = 1, end = 0, peak = 0.3;  // one_cycle
  std::int64_t every = 1, patience = 0;   // step, cosine_restarts, reduce_on_plateau: epochs
  bool operator==(const ScheduleSpec&) const = default;
};

struct AugmentSpec {
  bool on = false;
  double shift = 0, scale = 0, rotate = 0, shear = 0;  // the most: pixels, share of the size, degrees
  bool mirrors = false, upends = false;                // half of the images: left to right, top to bottom
  bool edge = true;                                    // pixels from outside are the nearest ones; otherwise `fill`
  double fill = 0, noise = 0;                          // noise: its standard deviation, in units of X
  bool operator==(const AugmentSpec&) const = default;
};

struct TrainSpec {
  LossSpec loss;
  OptimizerSpec optimizer;
  std::vector<OptimizerSpec> groups;  // one per parameter array, or none: all as `optimizer`
  ScheduleSpec schedule;
  std::int64_t epochs = 1;
  std::int64_t batch_size = 32;  // 1: per sample; >= the number of rows: whole batch
  bool shuffle = true;
  double l1 = 0, l2 = 0;                  // + l1 Σ|w| + l2 Σ w² in the cost, over weights and not biases
  double clip_value = 0, clip_norm = 0;   // 0: off
  double max_norm = 0;                    // of the weights into one neuron, after every step; 0: off
  AugmentSpec augment;                    // of images, in training steps only
  bool early_stopping = false;
  std::int64_t patience = 0;              // epochs without an improvement of more than min_delta
  double min_delta = 0;
  bool restore_best = true;
  bool has_threshold = false;
  double threshold = 0;                   // stop when the epoch's training loss is at or below it
  int tile_parts = 0;                     // dense products on tiles (kernels/bfloat16.hpp): 0 none; 1 all, rounded to bfloat16;
                                          // 3 where it is faster, numbers in three parts, as exact as by vectors
  std::uint64_t seed = 0;
  bool operator==(const TrainSpec&) const = default;
};

}  // namespace thetastar::TS_LEVEL
