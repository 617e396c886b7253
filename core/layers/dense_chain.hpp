// A network of dense layers of one or two vectors, forward and backward in one loop over a table of its layers. The arithmetic
// of a step is so short here that a virtual call for every product, and cutting it into panels and tiles, would take most of the
// time. Every sum runs in the order of `multiply`: the bits are those of Dense, which stays the specification.
#pragma once

#include "dense.hpp"

namespace thetastar::TS_LEVEL {

// C (M, N) = start + A (M, K) · B (K, N), with zeros for what is negative where a rectifier follows.
template <class T>
struct ChainProduct {
  const T* a;  // element (i, k) lies at a[i · row + k · step]
  Offset row, step;
  const T* b;
  Offset ld;         // from one row of B and C to the next: one vector or two
  const T* start;    // what the sums begin with: the bias, C itself, or zeros
  Offset start_row;  // 0: the same for all rows
  T* c;
  bool rectifies = false;
};

template <class T, int Rows, int Columns>
[[gnu::always_inline]] inline void chain_tile(const ChainProduct<T>& p, Offset K, Offset i0) {
  constexpr int W = kWidth<T>;
  Sums<T, Rows, Columns> sums;
  TS_UNROLLED for (int i = 0; i < Rows; ++i) TS_UNROLLED for (int j = 0; j < Columns; ++j) sums[i][j] =
      load(p.start + (i0 + i) * p.start_row + j * W);
  const T* a = p.a + i0 * p.row;
  const T* b = p.b;
  for (Offset k = 0; k < K; ++k, a += p.step, b += p.ld)
    add_products<T, Rows, Columns>(sums, [&](int i) { return a[i * p.row]; }, b);
  store_sums<T, Rows, Columns>(sums, p.rectifies, [&](int i) { return p.c + (i0 + i) * p.ld; });
}

template <class T, int Columns>
[[gnu::always_inline]] inline void chain_rows(const ChainProduct<T>& p, Offset M, Offset K) {
  Offset i = 0;
  if constexpr (kRegisters == 32)  // 8 sums of one column keep two multipliers busy, 4 wait for themselves
    for (; i + 8 <= M; i += 8) chain_tile<T, 8, Columns>(p, K, i);
  for (; i + 4 <= M; i += 4) chain_tile<T, 4, Columns>(p, K, i);
  as_constant<3>(M - i, [&](auto rows) TS_INLINED { chain_tile<T, rows, Columns>(p, K, i); });
}
template <class T>
[[gnu::always_inline]] inline void multiply_chain(Offset M, Offset K, const ChainProduct<T>& p) {
  p.ld == kWidth<T> ? chain_rows<T, 1>(p, M, K) : chain_rows<T, 2>(p, M, K);
}

template <class T>
class DenseChain {
 public:
  // Of every layer: its sizes, and where its numbers lie in the blocks of a plan.
  struct Link {
    Offset inputs, ld_in, outputs, ld_out;
    AffineLayout at;
    std::string activation;
    Activated<T> activate;
    std::int64_t input = 0, output = 0, d_output = 0, d_input = 0;  // in the activations
  };

  void add(const Link& link) { links_.push_back(link); }
  bool empty() const { return links_.empty(); }
  const std::vector<Link>& links() const { return links_; }

  void forward(const Pass<T>& pass, T* activations) const {
    const Offset B = pass.batch, first = pass.first;
    const T* parameters = pass.parameters;
    for (const Link& link : links_) {
      const Offset ld = link.ld_out;
      T* output = activations + link.output + first * ld;
      multiply_chain<T>(B, link.inputs,
                        {activations + link.input + first * link.ld_in, link.ld_in, 1, parameters + link.at.weight, ld,
                         link.at.bias < 0 ? zeros() : parameters + link.at.bias, 0, output, link.activate.is_relu});
      if (!link.activate || link.activate.is_relu) continue;
      link.activate.forward(
          output, output,
          pass.keeps && link.activate.keeps_slopes ? pass.scratch + link.at.slope + first * ld : nullptr, B * ld);
    }
  }

  // The gradients of all parameters too.
  void backward(const Pass<T>& pass, T* activations) const {
    const Offset B = pass.batch, first = pass.first;
    const T* parameters = pass.parameters;
    T* gradients = pass.gradients;
    for (std::size_t l = links_.size(); l-- > 0;) {
      const Link& link = links_[l];
      const Offset ld = link.ld_out;
      T* dZ = activations + link.d_output + first * ld;
      if (link.activate) {
        const T* kept = link.activate.keeps_slopes ? pass.scratch + link.at.slope : activations + link.output;
        link.activate.backward(kept + first * ld, dZ, dZ, B * ld);
      }
      T* gradient = gradients + link.at.weight;
      multiply_chain<T>(link.inputs, B,
                        {activations + link.input + first * link.ld_in, 1, link.ld_in, dZ, ld,
                         pass.adds ? gradient : zeros(), pass.adds ? ld : 0, gradient});
      if (link.at.bias >= 0) sum_rows<T, 1>(B, ld, ld, dZ, gradients + link.at.bias, pass.adds);
      if (l == 0) continue;
      alignas(kVectorBytes) T turned[kMost * kMost];
      transpose<T>(static_cast<int>(link.inputs), static_cast<int>(link.outputs), parameters + link.at.weight, ld,
                   turned, link.ld_in);
      multiply_chain<T>(B, link.outputs,
                        {dZ, ld, 1, turned, link.ld_in, zeros(), 0, activations + link.d_input + first * link.ld_in});
    }
  }

 private:
  static constexpr Offset kMost = 2 * kWidth<T>;  // units

  static const T* zeros() {
    alignas(kVectorBytes) static constexpr T kZeros[kMost] = {};
    return kZeros;
  }

  std::vector<Link> links_;
};

}  // namespace thetastar::TS_LEVEL
