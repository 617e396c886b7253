// The layers of a pack that have a few units, compiled for their sizes: the loops of a tile (pack/kernels.hpp) would take as long
// as its products. Every element is summed in the order of `multiply`, and nothing is inlined into the loop around it, as there.
#pragma once

#include "kernels.hpp"

namespace thetastar::TS_LEVEL {

// Z (B, O) = b + X (B, I) · W (I, O), or max(0, Z); b null: nothing to begin with
template <class T, int I, int O>
[[gnu::noinline, gnu::hot]] void forward_small(Offset B, Offset, Offset, const T* x, const T* weight, const T* bias,
                                               bool rectifies, T* z) {
  constexpr int W = kWidth<T>;
  for (; B > 0; --B, x += I * W, z += O * W) {
    Vec<T> sums[O];
    TS_UNROLLED for (int j = 0; j < O; ++j) sums[j] = bias ? load(bias + j * W) : Vec<T>{};
    TS_UNROLLED for (int i = 0; i < I; ++i) {
      const Vec<T> value = load(x + i * W);
      TS_UNROLLED for (int j = 0; j < O; ++j) sums[j] += value * load(weight + (i * O + j) * W);
    }
    TS_UNROLLED for (int j = 0; j < O; ++j) store(z + j * W, rectifies ? max(Vec<T>{}, sums[j]) : sums[j]);
  }
}

// dX (B, I) = dZ (B, O) · Wᵀ (O, I)
template <class T, int I, int O>
[[gnu::noinline, gnu::hot]] void backward_small(Offset B, Offset, Offset, const T* d_z, const T* weight, T* d_x) {
  constexpr int W = kWidth<T>;
  for (; B > 0; --B, d_z += O * W, d_x += I * W) TS_UNROLLED for (int i = 0; i < I; ++i) {
      Vec<T> sum{};
      TS_UNROLLED for (int j = 0; j < O; ++j) sum += load(d_z + j * W) * load(weight + (i * O + j) * W);
      store(d_x + i * W, sum);
    }
}

// dW (I, O) = [dW +] Xᵀ (I, B) · dZ (B, O), and db (O) = [db +] Σ dZ over the samples; db null: there is none
template <class T, int I, int O>
[[gnu::noinline, gnu::hot]] void gradient_small(Offset B, Offset, Offset, const T* x, const T* d_z, T* d_weight,
                                                T* d_bias, bool adds) {
  constexpr int W = kWidth<T>;
  Vec<T> sums[I][O] = {}, biases[O] = {};
  const auto each = [&](auto visit) {
    TS_UNROLLED for (int j = 0; j < O; ++j) {
      TS_UNROLLED for (int i = 0; i < I; ++i) visit(d_weight + (i * O + j) * W, sums[i][j]);
      if (d_bias) visit(d_bias + j * W, biases[j]);
    }
  };
  if (adds) each([](const T* from, Vec<T>& total) { total = load(from); });
  for (; B > 0; --B, x += I * W, d_z += O * W) TS_UNROLLED for (int j = 0; j < O; ++j) {
      const Vec<T> value = load(d_z + j * W);
      TS_UNROLLED for (int i = 0; i < I; ++i) sums[i][j] += load(x + i * W) * value;
      biases[j] += value;
    }
  each([](T* to, Vec<T> total) { store(to, total); });
}

// The products for these inputs and units: those above where all sums of a gradient find a register, otherwise any sizes'.
template <class T, int I = 1, int O = 1>
PackedProducts<T> packed_products(int inputs, int units) {
  if constexpr (O > kSmallUnits) {
    return packed_products<T, I + 1, 1>(inputs, units);
  } else if constexpr (I <= kSmallUnits) {
    if (I != inputs || O != units) return packed_products<T, I, O + 1>(inputs, units);
    if constexpr ((I + 1) * O <= kSmallSums)
      return {forward_small<T, I, O>, backward_small<T, I, O>, gradient_small<T, I, O>};
  }
  return {forward_packed<T>, backward_packed<T>, gradient_packed<T>};
}

}  // namespace thetastar::TS_LEVEL
