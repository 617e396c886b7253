// Connectionist temporal classification (Graves et al. 2006): -log of the probability that T frames of scores over C
// classes spell a label sequence, summed over every way to stretch it with repeats and blanks. In the log domain.
#pragma once

#include "loss.hpp"

namespace thetastar::TS_LEVEL {

inline double log_add(double a, double b) {
  const double high = std::max(a, b), low = std::min(a, b);
  return low == -std::numeric_limits<double>::infinity() ? high : high + std::log1p(std::exp(low - high));
}

// f (T · C): frame after frame; y (K): classes, then -1 up to the width of the targets. A first number behind the classes that
// is -1 - t says that only t of the frames belong to the sample.
//
// The labels with blanks around and between them are S = 2 L + 1 states. alpha(t, s) is the log-probability of all
// beginnings that are in state s at frame t, beta(t, s) of all ends from there, frame t itself in both.
template <class T>
double ctc(const LossContext& c, const T* f, const T* y, T* gradient) {
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  const int classes = c.settings.classes, blank = c.settings.blank;
  int labels = 0, frames = c.outputs / classes;
  while (labels < c.targets && y[labels] >= 0) ++labels;
  std::fill_n(gradient, c.outputs, T(0));
  const std::size_t all_frames = static_cast<std::size_t>(frames);
  if (labels < c.targets && y[labels] < -1) frames = std::min(frames, static_cast<int>(-1 - y[labels]));
  const int states = 2 * labels + 1;
  // The widest case, so that the room grows at the first sample only.
  const std::size_t widest = all_frames * (2 * c.targets + 1), scores = static_cast<std::size_t>(c.outputs);
  c.room.resize(2 * widest + scores + static_cast<std::size_t>(classes));
  double *alpha = c.room.data(), *beta = alpha + widest, *log_p = beta + widest, *posterior = log_p + scores;
  for (int t = 0; t < frames; ++t) {
    const T* z = f + t * classes;
    double highest = z[0], total = 0;
    for (int k = 1; k < classes; ++k) highest = std::max(highest, static_cast<double>(z[k]));
    for (int k = 0; k < classes; ++k) total += std::exp(z[k] - highest);
    for (int k = 0; k < classes; ++k) log_p[t * classes + k] = z[k] - highest - std::log(total);
  }
  const auto label = [&](int s) { return s % 2 ? class_index(y[s / 2], classes) : blank; };
  const auto may_skip = [&](int s) { return s % 2 && s >= 3 && label(s) != label(s - 2); };  // over the blank before s
  for (int t = 0; t < frames; ++t)
    for (int s = 0; s < states; ++s) {
      double ways = t == 0 ? (s < 2 ? 0.0 : kNever) : alpha[(t - 1) * states + s];
      if (t > 0 && s > 0) ways = log_add(ways, alpha[(t - 1) * states + s - 1]);
      if (t > 0 && may_skip(s)) ways = log_add(ways, alpha[(t - 1) * states + s - 2]);
      alpha[t * states + s] = ways + log_p[t * classes + label(s)];
    }
  for (int t = frames; t-- > 0;)
    for (int s = states; s-- > 0;) {
      double ways = t == frames - 1 ? (s >= states - 2 ? 0.0 : kNever) : beta[(t + 1) * states + s];
      if (t < frames - 1 && s + 1 < states) ways = log_add(ways, beta[(t + 1) * states + s + 1]);
      if (t < frames - 1 && s + 2 < states && may_skip(s + 2)) ways = log_add(ways, beta[(t + 1) * states + s + 2]);
      beta[t * states + s] = ways + log_p[t * classes + label(s)];
    }
  const double* last = alpha + (frames - 1) * states;
  const double log_probability = labels == 0 ? last[0] : log_add(last[states - 1], last[states - 2]);
  // ∂/∂z = softmax - the fraction of all paths that is in the class at that frame
  for (int t = 0; t < frames; ++t) {
    std::fill_n(posterior, classes, 0.0);
    for (int s = 0; s < states; ++s) {
      const double both = alpha[t * states + s] + beta[t * states + s] - log_p[t * classes + label(s)];
      posterior[label(s)] += std::exp(both - log_probability);
    }
    for (int k = 0; k < classes; ++k)
      gradient[t * classes + k] = static_cast<T>(std::exp(log_p[t * classes + k]) - posterior[k]);
  }
  return -log_probability;
}

}  // namespace thetastar::TS_LEVEL
