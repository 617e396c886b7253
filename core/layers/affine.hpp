// What dense and convolutional layers share after and before their products.
#pragma once

#include "../activations.hpp"
#include "../kernels/transpose.hpp"
#include "layer.hpp"

namespace thetastar::TS_LEVEL {

// sums (columns) = [sums +] the sum of d (rows, columns) over its rows, in their order
template <class T>
void sum_rows(Offset rows, Offset columns, Offset ld, const T* d, T* sums, bool adds) {
  for (Offset j = 0; j < columns; j += kWidth<T>) {
    Vec<T> total = adds ? load(sums + j) : Vec<T>{};
    for (Offset i = 0; i < rows; ++i) total += load(d + i * ld + j);
    store(sums + j, total);
  }
}

struct AffineSlices {
  std::int64_t weight = 0, bias = -1;      // in the parameters; bias -1: none
  std::int64_t slope = 0;                  // in the scratch: f'(Z), where the values are not enough
  std::int64_t transposed = 0;             // in a thread's own room: the weight turned for dX, or factors laid out for tiles
};

}  // namespace thetastar::TS_LEVEL
