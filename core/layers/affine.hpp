// What dense and convolutional layers share after and before their products.
#pragma once

#include "../activations.hpp"
#include "../kernels/transpose.hpp"
#include "layer.hpp"

namespace thetastar::TS_LEVEL {

// d = d · slope over (rows, columns), where there is a slope, and sums (columns) = the sum over rows, unless null.
template <class T>
void through_slope(Offset rows, Offset columns, Offset ld, const T* slope, T* d, T* sums) {
  for (Offset j = 0; j < columns; j += kWidth<T>) {
    Vec<T> total{};
    for (Offset i = 0; i < rows; ++i) {
      Vec<T> value = load(d + i * ld + j);
      if (slope) {
        value *= load(slope + i * ld + j);
        store(d + i * ld + j, value);
      }
      total += value;
    }
    if (sums) store(sums + j, total);
  }
}

struct AffineSlices {
  std::int64_t weight = 0, bias = -1;      // in the parameters; bias -1: none
  std::int64_t slope = 0, transposed = 0;  // in the scratch: f'(Z), and the weight turned for dX
};

}  // namespace thetastar::TS_LEVEL
