// Initial parameters. Drawn in double precision whatever the training's precision, so float32 and float64 start from
// the same numbers. fan_in = I and fan_out = O of a weight (I, O); a convolution counts its window's taps into both.
//
// Glorot and Bengio 2010; He et al. 2015; LeCun et al. 1998; orthogonal: Saxe et al. 2014.
#pragma once

#include <cmath>
#include <stdexcept>
#include <vector>

#include "rng.hpp"
#include "spec.hpp"

namespace thetastar::TS_LEVEL {

// Modified Gram and Schmidt on the rows of a Gaussian matrix (rows <= columns), twice: as good as Householder for such matrices.
inline void orthonormal_rows(std::vector<double>& m, int rows, int columns) {
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < rows; ++i) {
      double* v = &m[static_cast<std::size_t>(i) * columns];
      for (int j = 0; j < i; ++j) {
        const double* u = &m[static_cast<std::size_t>(j) * columns];
        double dot = 0;
        for (int k = 0; k < columns; ++k) dot += u[k] * v[k];
        for (int k = 0; k < columns; ++k) v[k] -= dot * u[k];
      }
      double square = 0;
      for (int k = 0; k < columns; ++k) square += v[k] * v[k];
      const double scale = 1.0 / std::sqrt(square);
      for (int k = 0; k < columns; ++k) v[k] *= scale;
    }
}

// Fills values (rows, columns), row-major without padding.
inline void initialize(const InitializerSpec& spec, const Stream& stream, int rows, int columns, double fan_in,
                       double fan_out, double* values) {
  const std::int64_t n = static_cast<std::int64_t>(rows) * columns;
  const auto fill = [&](double value) {
    for (std::int64_t i = 0; i < n; ++i) values[i] = value;
  };
  const auto normal = [&](double deviation) {
    stream.normals(n, values);
    for (std::int64_t i = 0; i < n; ++i) values[i] *= deviation;
  };
  const auto uniform = [&](double limit) {
    stream.uniforms(0, n, values);
    for (std::int64_t i = 0; i < n; ++i) values[i] = limit * (2 * values[i] - 1);
  };
  const std::string& kind = spec.kind;
  if (kind == "zeros" || kind == "hull")
    return fill(0);  // "hull" and "unit_variance": until data are seen (data_driven.hpp)
  if (kind == "ones") return fill(1);
  if (kind == "constant") return fill(spec.value);
  if (kind == "normal") return normal(spec.value);
  if (kind == "uniform") return uniform(spec.value);
  if (kind == "glorot_normal") return normal(std::sqrt(2 / (fan_in + fan_out)));
  if (kind == "glorot_uniform") return uniform(std::sqrt(6 / (fan_in + fan_out)));
  if (kind == "he_normal") return normal(std::sqrt(2 / fan_in));
  if (kind == "he_uniform") return uniform(std::sqrt(6 / fan_in));
  if (kind == "lecun_normal" || kind == "unit_variance") return normal(std::sqrt(1 / fan_in));
  if (kind == "lecun_uniform") return uniform(std::sqrt(3 / fan_in));
  if (kind == "random_signs") {
    stream.uniforms(0, n, values);
    for (std::int64_t i = 0; i < n; ++i) values[i] = values[i] < 0.5 ? -1 : 1;
    return;
  }
  if (kind == "orthogonal") {
    const bool wide = rows <= columns;
    std::vector<double> m(static_cast<std::size_t>(n));
    stream.normals(n, m.data());
    orthonormal_rows(m, wide ? rows : columns, wide ? columns : rows);
    for (int r = 0; r < rows; ++r)
      for (int c = 0; c < columns; ++c)
        values[static_cast<std::int64_t>(r) * columns + c] =
            spec.value * m[static_cast<std::size_t>(wide ? r * columns + c : c * rows + r)];
    return;
  }
  throw std::invalid_argument("initializer: no '" + kind + "' in the core");
}

}  // namespace thetastar::TS_LEVEL
