// What dense and convolutional layers have in common after and before their products.
#pragma once

#include "../activations.hpp"
#include "../kernels/transpose.hpp"
#include "layer.hpp"

namespace thetastar::TS_LEVEL {

// sums (columns) = [sums +] the sum of d (rows, columns) over its rows, in their order; some vectors of columns at a time,
// because each waits for its own last addition.
template <class T, int Vectors = 8>
void sum_rows(Offset rows, Offset columns, Offset ld, const T* d, T* sums, bool adds) {
  constexpr Offset W = kWidth<T>;
  Offset j = 0;
  for (; j + (Vectors - 1) * W < columns; j += Vectors * W) {
    Vec<T> total[Vectors];
    TS_UNROLLED for (int v = 0; v < Vectors; ++v) total[v] = adds ? load(sums + j + v * W) : Vec<T>{};
    for (Offset i = 0; i < rows; ++i)
      TS_UNROLLED for (int v = 0; v < Vectors; ++v) total[v] += load(d + i * ld + j + v * W);
    TS_UNROLLED for (int v = 0; v < Vectors; ++v) store(sums + j + v * W, total[v]);
  }
  if constexpr (Vectors > 1) sum_rows<T, Vectors / 2>(rows, columns - j, ld, d + j, sums + j, adds);
}

// sums (ld) = the sum of an image's dZ (pixels, ld): four sums at a time, for one alone would wait for each addition.
template <class T>
void sum_pixels(Offset pixels, Offset ld, const T* dZ, T* sums) {
  const Offset fours = pixels / 4 * 4;
  for (Offset j = 0; j < ld; j += kWidth<T>) {
    Vec<T> total[4] = {};
    for (Offset p = 0; p < fours; p += 4)
      for (Offset i = 0; i < 4; ++i) total[i] += load(dZ + (p + i) * ld + j);
    for (Offset p = fours; p < pixels; ++p) total[0] += load(dZ + p * ld + j);
    store(sums + j, (total[0] + total[1]) + (total[2] + total[3]));
  }
}

struct AffineLayout {
  std::int64_t weight = 0, bias = -1;  // in the parameters; bias -1: none
  std::int64_t slope = 0;              // in the scratch: f'(Z), where the values are not enough
  std::int64_t panels = -1;            // in the scratch: dZ in panels, for the weight's gradient; -1: it is not
  std::int64_t transposed = 0;  // in a thread's own room: the weight turned for dX, or factors laid out for tiles
};

}  // namespace thetastar::TS_LEVEL
