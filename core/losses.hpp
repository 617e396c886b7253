// Losses: the table of all of them. What each computes is in losses/, by family; the contract is losses/loss.hpp.
#pragma once

#include "choose.hpp"
#include "kernels/transpose.hpp"
#include "losses/classification.hpp"
#include "losses/ctc.hpp"
#include "losses/lanes.hpp"
#include "losses/margins.hpp"
#include "losses/overlap.hpp"
#include "losses/pairs.hpp"
#include "losses/regression.hpp"

namespace thetastar::TS_LEVEL {

// visit(name, function, members, target) for every loss of the core, as these settings want it: how many rows make a sample, and
// what a target is.
template <class T, class Visit>
void each_loss(const LossSpec& s, Visit visit) {
  const auto list = [&](const char* name, LossFunction<T> function, int members = 1, Asks target = Asks::kOutputs) {
    visit(name, function, members, target);
  };
  const bool plain = s.prediction == "scores" && s.label_smoothing == 0 && s.class_weights.empty();
  list("mean_squared_error", mean_squared_error<T>);
  list("half_squared_error", half_squared_error<T>);
  list("mean_absolute_error", mean_absolute_error<T>);
  list("mean_absolute_percentage_error", mean_over_outputs<T, AbsolutePercentage>);
  list("mean_squared_logarithmic_error", mean_over_outputs<T, SquaredLogarithmic>);
  list("huber", mean_over_outputs<T, Huber>);
  list("smooth_l1", mean_over_outputs<T, SmoothL1>);
  list("log_cosh", mean_over_outputs<T, LogCosh>);
  list("quantile", mean_over_outputs<T, Quantile>);
  list("quantiles", quantiles<T>, 1, Asks::kNumber);
  list("poisson", mean_over_outputs<T, Poisson>);
  list("poisson_nll", mean_over_outputs<T, PoissonLikelihood>);
  list("gaussian_nll", gaussian_likelihood<T>, 1, Asks::kHalf);
  list("cosine_similarity", cosine_similarity<T>);
  list("binary_cross_entropy", plain ? binary_cross_entropy<T> : mean_over_outputs<T, BinaryCrossEntropy>);
  list("cross_entropy", plain ? cross_entropy<T> : find_distribution_loss<T, Target::kClass>(s.prediction), 1,
       Asks::kClass);
  list("categorical_cross_entropy", find_distribution_loss<T, Target::kDistribution>(s.prediction));
  list("binary_focal_cross_entropy", mean_over_outputs<T, BinaryFocal>);
  list("focal_cross_entropy", find_focal_loss<T, Target::kClass>(s.prediction), 1, Asks::kClass);
  list("categorical_focal_cross_entropy", find_focal_loss<T, Target::kDistribution>(s.prediction));
  list("generalized_cross_entropy",
       s.prediction == "scores" ? generalized_cross_entropy<T, true> : generalized_cross_entropy<T, false>, 1,
       Asks::kClass);
  list("nll", find_distribution_loss<T, Target::kClass>("log_probabilities"), 1, Asks::kClass);
  list("kl_divergence", find_distribution_loss<T, Target::kDistribution, true>(s.prediction));
  list("dice", dice<T>);
  list("tversky", tversky<T>);
  list("hinge", mean_over_outputs<T, Hinge>);
  list("squared_hinge", mean_over_outputs<T, SquaredHinge>);
  list("categorical_hinge", categorical_hinge<T>);
  list("multi_margin", multi_margin<T>, 1, Asks::kClass);
  list("multi_label_margin", multi_label_margin<T>);
  list("soft_margin", mean_over_outputs<T, SoftMargin>);
  list("multi_label_soft_margin", multi_label_soft_margin<T>);
  list("margin_ranking", margin_ranking<T>, 2, Asks::kOutputs);
  list("hinge_embedding", s.members == 2 ? hinge_embedding_pair<T> : mean_over_outputs<T, HingeEmbedding>,
       s.members == 2 ? 2 : 1, s.members == 2 ? Asks::kNumber : Asks::kOutputs);
  list("cosine_embedding", cosine_embedding<T>, 2, Asks::kNumber);
  list("triplet_margin", triplet_margin<T>, 3, Asks::kNothing);
  list("triplet_margin_with_distance", triplet_margin<T>, 3, Asks::kNothing);
  list("circle", circle<T>, 3, Asks::kNothing);
  list("ctc", ctc<T>, 1, Asks::kLabels);
}
template <class T>
LossFunction<T> find_loss(const LossSpec& s) {
  LossFunction<T> found = nullptr;
  each_loss<T>(
      s, [&](const char* name, LossFunction<T> function, int, Asks) { found = s.kind == name ? function : found; });
  if (found == nullptr) throw std::invalid_argument("loss: no '" + s.kind + "' in the core");
  return found;
}

// A loss ready to be called: its function, resolved once, and what that function is told.
template <class T>
class Loss {
 public:
  // own: of the kind "own", and of no other.
  Loss(const LossSpec& spec, int outputs, int targets, const OwnLoss<T>* own = nullptr)
      : function_(spec.kind == kOwnLoss ? nullptr : find_loss<T>(spec)), own_(own),
        in_lanes_(std::max(outputs, targets) <= kLaneOutputs ? find_lane_loss(spec, T()).together : nullptr),
        one_output_(outputs == 1 && targets == 1 ? find_lane_loss(spec, T()).one_output : nullptr),
        context_{spec, outputs, targets, padded<T>(outputs), {}} {
    // The deepest room that a loss asks for, so that nothing is allocated while a network trains.
    const std::size_t frames = spec.classes > 0 ? static_cast<std::size_t>(outputs / spec.classes) : 0;
    context_.room.reserve(static_cast<std::size_t>(spec.members) * outputs +
                          frames * 2 * (2 * static_cast<std::size_t>(targets) + 1) +
                          static_cast<std::size_t>(spec.classes));
  }
  int members() const { return context_.settings.members; }
  const OwnLoss<T>* own() const { return own_; }
  // One sample: prediction and gradient have `members` padded rows, target K numbers.
  double operator()(const T* prediction, const T* target, T* gradient) const {
    return function_(context_, prediction, target, gradient);
  }

  // Whether this number of samples is faster side by side, and whether they stay in registers there; the bits are the same.
  bool suits_lanes(int samples) const { return in_lanes_ != nullptr && samples >= kLossLanes<T>; }
  bool suits_one_output(int samples) const { return one_output_ != nullptr && samples <= kWidth<T>; }
  // Up to kWidth<T> samples, of one row each: cost(b) = weight(b) · loss, and the gradients of these. weighted: not all alike.
  template <class Target, class Weight>
  void side_by_side(int samples, const T* predictions, const Target& target, bool weighted, const Weight& weight,
                    T* gradients, double* cost) const {
    if (one_output_ != nullptr) return one_output(samples, predictions, target, weighted, weight, gradients, cost);
    constexpr int W = kWidth<T>;
    alignas(kVectorBytes) T f[kLaneOutputs * W], y[kLaneOutputs * W], slopes[kLaneOutputs * W];
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
  [[gnu::always_inline]] void one_output(Count samples, const T* predictions, const Target& target, bool weighted,
                                         const Weight& weight, T* gradients, double* cost) const {
    constexpr int W = kWidth<T>;
    alignas(kVectorBytes) double weights[W], costs[W];
    put_weights(samples, weighted, weight, weights);
    const Vec<T> f = lane_by_lane<T>(samples, [&](int b) { return predictions[b * W]; }),
                 y = lane_by_lane<T>(samples, [&](int b) { return *target(b); });
    store_column<T>(samples, one_output_(f, y, weights, costs), gradients, W);
    for (int b = 0; b < std::min<int>(samples, W); ++b) cost[b] = costs[b];
  }

 private:
  template <class Weight>
  static void put_weights(int samples, bool weighted, const Weight& weight, double* weights) {
    for (int at = 0; at < kWidth<T>; at += kWidth<double>)
      store(weights + at,
            weighted ? lane_by_lane<double>(samples - at, [&](int b) { return weight(at + b); }) : splat(weight(0)));
  }

  LossFunction<T> function_;
  const OwnLoss<T>* own_;            // null: it is the core's
  LaneLossFunction<T> in_lanes_;     // null: it has none
  OneOutputFunction<T> one_output_;  // null: several outputs, or it has none
  LossContext context_;
};

}  // namespace thetastar::TS_LEVEL
