// Muon, Jordan et al. 2024: a matrix moves along the nearest orthogonal matrix to its momentum, so that every direction in it
// moves alike. What is no matrix (biases, scales, an embedding's rows) goes by Adam.
#pragma once

#include "../block.hpp"
#include "adam.hpp"

namespace thetastar::TS_LEVEL {

// C (R, ld) = A (R, n) B (n, ld), all rows padded; each sum goes in the order of n.
template <class T>
void small_product(Offset R, Offset n, Offset ld, const T* A, Offset lda, const T* B, T* C) {
  for (Offset i = 0; i < R; ++i)
    for (Offset c = 0; c < ld; c += kWidth<T>) {
      Vec<T> sum{};
      for (Offset k = 0; k < n; ++k) sum += A[i * lda + k] * load(B + k * ld + c);
      store(C + i * ld + c, sum);
    }
}

// X (rows, ld) becomes nearly orthogonal: Newton and Schulz's iteration with Jordan's coefficients, which take every singular
// value above 0 near 1, to about ±0.3. Y is X or its transpose, whichever has fewer rows, over its norm.
template <class T>
void orthogonalize(T* X, int rows, int columns, Offset ld, std::int64_t iterations) {
  constexpr T kA = T(3.4445), kB = T(-4.7750), kC = T(2.0315);
  const bool wide = rows <= columns;
  const int k = wide ? rows : columns, n = wide ? columns : rows;
  const Offset kd = padded<T>(k), nd = padded<T>(n);
  Block<T> Y(k * nd), Z(k * nd), turned(n * kd), gram(k * kd), update(k * kd);
  double squares = 0;
  for (Offset i = 0; i < rows * ld; ++i) squares += static_cast<double>(X[i]) * X[i];
  const double norm = std::max(std::sqrt(squares), 1e-7);
  const auto place = [&](Offset i, Offset c) -> T& { return Y.data()[wide ? i * nd + c : c * nd + i]; };
  for (Offset i = 0; i < rows; ++i)
    for (Offset c = 0; c < columns; ++c) place(i, c) = static_cast<T>(X[i * ld + c] / norm);
  for (std::int64_t step = 0; step < iterations; ++step) {
    for (Offset i = 0; i < k; ++i)
      for (Offset c = 0; c < n; ++c) turned.data()[c * kd + i] = Y.data()[i * nd + c];
    small_product<T>(k, n, kd, Y.data(), nd, turned.data(), gram.data());  // G = Y Yᵀ
    small_product<T>(k, k, kd, gram.data(), kd, gram.data(), update.data());
    for (Offset i = 0; i < k * kd; ++i) update.data()[i] = kB * gram.data()[i] + kC * update.data()[i];  // b G + c G²
    small_product<T>(k, k, nd, update.data(), kd, Y.data(), Z.data());
    for (Offset i = 0; i < k * nd; ++i) Y.data()[i] = kA * Y.data()[i] + Z.data()[i];
  }
  for (Offset i = 0; i < rows; ++i)
    for (Offset c = 0; c < columns; ++c) X[i * ld + c] = place(i, c);
}

// A matrix's momentum (its first state) takes the gradient in, and the second state becomes the direction to move along.
template <class T>
void point_along_momentum(const OptimizerSpec& o, const ParameterArray& array, const T* g, T* velocity, T* direction) {
  const T keep = static_cast<T>(o.momentum);
  for (std::int64_t at = 0; at < array.size(); ++at) {
    velocity[at] = keep * velocity[at] + g[at];
    direction[at] = o.nesterov ? g[at] + keep * velocity[at] : velocity[at];
  }
  orthogonalize(direction, array.rows, array.gates == 1 ? array.columns : array.ld, array.ld, o.iterations);
}

// How far a matrix of I rows and O columns moves, in learning rates. "spectral": √max(1, O / I), Jordan's and PyTorch's; "rms":
// 0.2 √max(I, O), which is as far as Adam goes (Liu et al. 2025, and Keras's).
inline double muon_scale(const OptimizerSpec& o, int rows, int columns) {
  if (o.scale == "spectral") return std::sqrt(std::max(1.0, static_cast<double>(columns) / rows));
  if (o.scale == "rms") return 0.2 * std::sqrt(static_cast<double>(std::max(rows, columns)));
  return 1;
}

// Of a matrix: the second state is the direction that `look` has put there.
template <class T>
struct MuonMatrix {
  static constexpr int kStates = 2;
  T rate;
  MuonMatrix(const OptimizerSpec& o, const Moment& m, int rows, int columns)
      : rate(number<T>(m.rate * muon_scale(o, rows, columns))) {}
  Vec<T> moved(Vec<T> p, Vec<T>, Vec<T>* s) const { return p - rate * s[1]; }
};
// Of numbers that are no matrix: Adam, at a rate of its own.
template <class T>
struct Muon : Adam<T, false> {
  Muon(const OptimizerSpec& o, const Moment& m) : Adam<T, false>(o, at_own_rate(o, m)) {}
  static Moment at_own_rate(const OptimizerSpec& o, Moment m) {
    m.rate *= o.vector_rate;
    return m;
  }
  static bool is_matrix(const ParameterArray& s) { return s.is_weight && !s.is_table && s.rows > 1 && s.columns > 1; }

  static T look(const OptimizerSpec& o, const Moment&, const WholeArray<T>& a) {
    if (is_matrix(a.shape)) point_along_momentum<T>(o, a.shape, a.g, a.states, a.states + a.stride);
    return 1;
  }
  static double move_rows(const OptimizerSpec& o, const Moment& m, const WholeArray<T>& a, T, std::int64_t first,
                          std::int64_t rows, bool shares) {
    const std::int64_t at = first * a.shape.ld, count = rows * a.shape.ld;
    const Pull<T> pull{0, 0, a.shrink};
    if (is_matrix(a.shape))
      return apply<T>(MuonMatrix<T>(o, m, a.shape.rows, a.shape.columns), pull, a.p, a.g, a.states + at, a.stride,
                      count);
    return apply<T>(Muon(o, m), pull, a.p, a.g, a.states + at, a.stride, count, shares);
  }
};

}  // namespace thetastar::TS_LEVEL
