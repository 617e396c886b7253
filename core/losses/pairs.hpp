// Losses of pairs and triplets: a sample is 2 or 3 members, each a row of predictions from the same network.
#pragma once

#include "margins.hpp"

namespace thetastar::TS_LEVEL {

inline constexpr double kTiny = 1e-12;  // below it a length counts as none

// A distance d(a, b) between two rows, and its slopes: d_a += weight · ∂d/∂a, the same for b.
//   norm              ‖a - b + ε‖_p, the p-norm; ε keeps the slope defined where a = b
//   squared_euclidean Σ (a - b)²
//   cosine            1 - cos(a, b)
struct Distance {
  const LossSpec& s;
  int n;

  template <class T>
  double of(const T* a, const T* b) const {
    double total = 0, aa = 0, bb = 0;
    for (int j = 0; j < n; ++j) {
      const double x = a[j], y = b[j], d = std::abs(x - y + s.epsilon);
      if (s.distance == "cosine") {
        total += x * y, aa += x * x, bb += y * y;
      } else if (s.distance == "squared_euclidean") {
        total += (x - y) * (x - y);
      } else {
        total += s.power == 2 ? d * d : s.power == 1 ? d : std::pow(d, s.power);
      }
    }
    if (s.distance == "cosine") return 1 - total / std::sqrt((aa + kTiny) * (bb + kTiny));
    if (s.distance == "squared_euclidean" || s.power == 1) return total;
    return s.power == 2 ? std::sqrt(total) : std::pow(total, 1 / s.power);
  }

  // `distance` is what `of` returned
  template <class T>
  void slopes(const T* a, const T* b, double distance, double weight, double* d_a, double* d_b) const {
    if (s.distance == "cosine") {
      double aa = kTiny, bb = kTiny;
      for (int j = 0; j < n; ++j) aa += static_cast<double>(a[j]) * a[j], bb += static_cast<double>(b[j]) * b[j];
      const double cosine = 1 - distance, scale = 1 / std::sqrt(aa * bb);
      for (int j = 0; j < n; ++j) {
        d_a[j] -= weight * (b[j] * scale - cosine * a[j] / aa);
        d_b[j] -= weight * (a[j] * scale - cosine * b[j] / bb);
      }
      return;
    }
    for (int j = 0; j < n; ++j) {
      const double gap = static_cast<double>(a[j]) - b[j], d = gap + s.epsilon, size = std::abs(d);
      double slope;
      if (s.distance == "squared_euclidean")
        slope = 2 * gap;
      else if (s.power == 1)
        slope = d > 0 ? 1 : d < 0 ? -1 : 0;
      else
        slope = distance > 0 ? (d < 0 ? -1 : 1) * std::pow(size / distance, s.power - 1) : 0;
      d_a[j] += weight * slope;
      d_b[j] -= weight * slope;
    }
  }
};

// Copies the slopes that were gathered in double, member after member, to the gradient's rows.
template <class T>
void write_members(const LossContext& c, const double* slopes, T* gradient) {
  for (int m = 0; m < c.settings.members; ++m)
    for (int j = 0; j < c.outputs; ++j) gradient[m * c.ld + j] = static_cast<T>(slopes[m * c.outputs + j]);
}
inline double* cleared(const LossContext& c) {
  c.room.assign(static_cast<std::size_t>(c.settings.members) * c.outputs, 0.0);
  return c.room.data();
}

// mean over outputs of max(0, margin - y (a - b)): y = 1 asks for a above b, y = -1 for b above a
template <class T>
double margin_ranking(const LossContext& c, const T* f, const T* y, T* gradient) {
  double value = 0;
  for (int j = 0; j < c.outputs; ++j) {
    const double sign = y[c.targets == 1 ? 0 : j];
    const double short_of = positive(c.settings.margin - sign * (static_cast<double>(f[j]) - f[c.ld + j]));
    value += short_of / c.outputs;
    const T slope = static_cast<T>(short_of > 0 ? sign / c.outputs : 0.0);
    gradient[j] = -slope;
    gradient[c.ld + j] = slope;
  }
  return value;
}

// The hinge embedding of a pair's own distance. Hadsell, Chopra and LeCun 2006.
template <class T>
double hinge_embedding_pair(const LossContext& c, const T* f, const T* y, T* gradient) {
  const Distance distance{c.settings, c.outputs};
  double* slopes = cleared(c);
  const double apart = distance.of(f, f + c.ld);
  const Slope at = HingeEmbedding::at(c.settings, apart, y[0]);
  if (at.slope != 0) distance.slopes(f, f + c.ld, apart, at.slope, slopes, slopes + c.outputs);
  write_members(c, slopes, gradient);
  return at.value;
}

// 1 - cos(a, b) where y = 1, max(0, cos(a, b) - margin) where y = -1
template <class T>
double cosine_embedding(const LossContext& c, const T* f, const T* y, T* gradient) {
  const Distance distance{c.settings, c.outputs};
  double* slopes = cleared(c);
  const double apart = distance.of(f, f + c.ld);
  const double value = y[0] > 0 ? apart : positive(1 - apart - c.settings.margin);
  const double weight = y[0] > 0 ? 1 : value > 0 ? -1 : 0;
  if (weight != 0) distance.slopes(f, f + c.ld, apart, weight, slopes, slopes + c.outputs);
  write_members(c, slopes, gradient);
  return value;
}

// max(0, d(anchor, positive) - d(anchor, negative) + margin); `swap` takes the positive's distance from the negative
// where it is the smaller one. Balntas et al. 2016.
template <class T>
double triplet_margin(const LossContext& c, const T* f, const T*, T* gradient) {
  const Distance distance{c.settings, c.outputs};
  double* slopes = cleared(c);
  const T *anchor = f, *same = f + c.ld, *other = f + 2 * c.ld;
  double *d_anchor = slopes, *d_same = slopes + c.outputs, *d_other = slopes + 2 * c.outputs;
  const double near = distance.of(anchor, same);
  double far = distance.of(anchor, other);
  const double between = c.settings.swap ? distance.of(same, other) : far;
  const bool swapped = between < far;
  if (swapped) far = between;
  const double value = positive(near - far + c.settings.margin);
  if (value > 0) {
    distance.slopes(anchor, same, near, 1, d_anchor, d_same);
    distance.slopes(swapped ? same : anchor, other, far, -1, swapped ? d_same : d_anchor, d_other);
  }
  write_members(c, slopes, gradient);
  return value;
}

// log(1 + e^(γ x)), x = α_p (d_p - m) + α_n (1 - m - d_n), with the cosine distances d of the anchor from the positive and the
// negative, and α_p = max(0, d_p + m), α_n = max(0, 1 + m - d_n): what is far from its optimum weighs more. Sun et al. 2020.
template <class T>
double circle(const LossContext& c, const T* f, const T*, T* gradient) {
  const Distance distance{c.settings, c.outputs};
  double* slopes = cleared(c);
  const T *anchor = f, *same = f + c.ld, *other = f + 2 * c.ld;
  const double near = distance.of(anchor, same), far = distance.of(anchor, other);
  const double m = c.settings.margin, gamma = c.settings.gamma;
  const double pulls = std::max(0.0, near + m), pushes = std::max(0.0, 1 + m - far);
  const Slope cost = softplus(gamma * (pulls * (near - m) + pushes * (1 - m - far)));
  const double weight = gamma * cost.slope;
  if (pulls > 0) distance.slopes(anchor, same, near, 2 * near * weight, slopes, slopes + c.outputs);
  if (pushes > 0) distance.slopes(anchor, other, far, -2 * (1 - far) * weight, slopes, slopes + 2 * c.outputs);
  write_members(c, slopes, gradient);
  return cost.value;
}

}  // namespace thetastar::TS_LEVEL
