// Losses: the table of all of them. What each computes is in losses/, by family; the contract is losses/loss.hpp.
#pragma once

#include "kernels/transpose.hpp"
#include "losses/classification.hpp"
#include "losses/ctc.hpp"
#include "losses/lanes.hpp"
#include "losses/margins.hpp"
#include "losses/pairs.hpp"
#include "losses/regression.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
LossFunction<T> find_loss(const LossSpec& s) {
  const std::string& name = s.kind;
  const bool plain = s.prediction == "scores" && s.label_smoothing == 0 && s.class_weights.empty();
  if (name == "mean_squared_error") return mean_squared_error<T>;
  if (name == "mean_absolute_error") return mean_absolute_error<T>;
  if (name == "mean_absolute_percentage_error") return mean_over_outputs<T, AbsolutePercentage>;
  if (name == "mean_squared_logarithmic_error") return mean_over_outputs<T, SquaredLogarithmic>;
  if (name == "huber") return mean_over_outputs<T, Huber>;
  if (name == "smooth_l1") return mean_over_outputs<T, SmoothL1>;
  if (name == "log_cosh") return mean_over_outputs<T, LogCosh>;
  if (name == "quantile") return mean_over_outputs<T, Quantile>;
  if (name == "poisson") return mean_over_outputs<T, Poisson>;
  if (name == "poisson_nll") return mean_over_outputs<T, PoissonLikelihood>;
  if (name == "gaussian_nll") return gaussian_likelihood<T>;
  if (name == "cosine_similarity") return cosine_similarity<T>;
  if (name == "binary_cross_entropy") return plain ? binary_cross_entropy<T> : mean_over_outputs<T, BinaryCrossEntropy>;
  if (name == "cross_entropy") return plain ? cross_entropy<T> : find_distribution_loss<T, Target::kClass>(s.prediction);
  if (name == "categorical_cross_entropy") return find_distribution_loss<T, Target::kDistribution>(s.prediction);
  if (name == "nll") return find_distribution_loss<T, Target::kClass>("log_probabilities");
  if (name == "kl_divergence") return find_distribution_loss<T, Target::kDistribution, true>(s.prediction);
  if (name == "hinge") return mean_over_outputs<T, Hinge>;
  if (name == "squared_hinge") return mean_over_outputs<T, SquaredHinge>;
  if (name == "categorical_hinge") return categorical_hinge<T>;
  if (name == "multi_margin") return multi_margin<T>;
  if (name == "multi_label_margin") return multi_label_margin<T>;
  if (name == "soft_margin") return mean_over_outputs<T, SoftMargin>;
  if (name == "multi_label_soft_margin") return multi_label_soft_margin<T>;
  if (name == "margin_ranking") return margin_ranking<T>;
  if (name == "hinge_embedding") return s.members == 2 ? hinge_embedding_pair<T> : mean_over_outputs<T, HingeEmbedding>;
  if (name == "cosine_embedding") return cosine_embedding<T>;
  if (name == "triplet_margin" || name == "triplet_margin_with_distance") return triplet_margin<T>;
  if (name == "ctc") return ctc<T>;
  throw std::invalid_argument("loss: no '" + name + "' in the core");
}

// A loss ready to be called: its function, resolved once, and what that function is told.
template <class T>
class Loss {
 public:
  Loss(const LossSpec& spec, int outputs, int targets)
      : function_(find_loss<T>(spec)),
        in_lanes_(std::max(outputs, targets) <= kMost ? find_lane_loss(spec, T()) : nullptr),
        one_output_(outputs == 1 && targets == 1 && in_lanes_ != nullptr ? find_one_output_loss(spec, T()) : nullptr),
        context_{spec, outputs, targets, padded<T>(outputs), {}} {
    // The deepest room that a loss asks for, so that nothing is allocated while a network trains.
    const std::size_t frames = spec.classes > 0 ? static_cast<std::size_t>(outputs / spec.classes) : 0;
    context_.room.reserve(static_cast<std::size_t>(spec.members) * outputs + frames * 2 * (2 * static_cast<std::size_t>(targets) + 1) +
                          static_cast<std::size_t>(spec.classes));
  }
  int members() const { return context_.settings.members; }
  // One sample: prediction and gradient have `members` padded rows, target K numbers.
  double operator()(const T* prediction, const T* target, T* gradient) const {
    return function_(context_, prediction, target, gradient);
  }

  // Whether so many samples are faster side by side, and whether they stay in registers there; the bits are the same.
  bool suits_lanes(int samples) const { return in_lanes_ != nullptr && samples >= std::min(4, kWidth<T> / 2); }
  bool suits_one_output(int samples) const { return one_output_ != nullptr && samples <= kWidth<T>; }
  // Up to kWidth<T> samples, of one row each: cost(b) = weight(b) · loss, and the gradients of these. weighted: not all alike.
  template <class Target, class Weight>
  void side_by_side(int samples, const T* predictions, const Target& target, bool weighted, const Weight& weight, T* gradients, double* cost) const {
    if (one_output_ != nullptr) return one_output(samples, predictions, target, weighted, weight, gradients, cost);
    constexpr int W = kWidth<T>;
    alignas(kVectorBytes) T f[kMost * W], y[kMost * W], slopes[kMost * W];
    alignas(kVectorBytes) double weights[W], costs[W];
    transpose<T>(samples, context_.outputs, predictions, context_.ld, f, W);
    for (int k = 0; k < context_.targets; ++k)
      store(y + k * W, lane_by_lane<T>(samples, [&](int b) { return target(b)[k]; }));
    put_weights(samples, weighted, weight, weights);
    in_lanes_({1, context_.outputs, context_.targets, samples, f, y, slopes, weights, W, costs});
    transpose<T>(context_.outputs, samples, slopes, W, gradients, context_.ld);
    std::copy_n(costs, samples, cost);
  }
  // The same where a sample has one output and one target; `samples` may be a constant.
  template <class Count, class Target, class Weight>
  [[gnu::always_inline]] void one_output(Count samples, const T* predictions, const Target& target, bool weighted, const Weight& weight, T* gradients,
                                         double* cost) const {
    constexpr int W = kWidth<T>;
    alignas(kVectorBytes) double weights[W], costs[W];
    put_weights(samples, weighted, weight, weights);
    const Vec<T> f = lane_by_lane<T>(samples, [&](int b) { return predictions[b * W]; }), y = lane_by_lane<T>(samples, [&](int b) { return *target(b); });
    store_column<T>(samples, one_output_(f, y, weights, costs), gradients, W);
    for (int b = 0; b < std::min<int>(samples, W); ++b) cost[b] = costs[b];
  }

 private:
  template <class Weight>
  static void put_weights(int samples, bool weighted, const Weight& weight, double* weights) {
    for (int at = 0; at < kWidth<T>; at += kWidth<double>)
      store(weights + at, weighted ? lane_by_lane<double>(samples - at, [&](int b) { return weight(at + b); }) : splat(weight(0)));
  }

  static constexpr int kMost = 32;       // outputs: more of them fill vectors by themselves
  LossFunction<T> function_;
  LaneLossFunction<T> in_lanes_;         // null: it has none
  OneOutputFunction<T> one_output_;      // null: several outputs, or it has none
  LossContext context_;
};

}  // namespace thetastar::TS_LEVEL
