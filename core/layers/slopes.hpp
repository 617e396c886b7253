// An activation after a product, and what it keeps for the pass backward: its slopes, or for ReLU, where a slope is 0 or 1,
// a byte each. After a convolution these are as many numbers as its output, so most of what they cost is their way to the
// memory and back.
#pragma once

#include "affine.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Slopes {
 public:
  explicit Slopes(const std::string& name) : activate_(find_activation<T>(name)), bytes_(activate_ == activate<T, Relu>) {}

  // How much room n of them take, in numbers.
  Offset room(Offset n) const {
    constexpr Offset size = sizeof(T);
    return bytes_ ? (n + size - 1) / size : activate_ ? n : 0;
  }

  // values = f(values), n of them (whole vectors); their slopes are kept unless `kept` is null.
  void forward(Offset n, T* values, T* kept) const {
    if (!activate_) return;
    if (!bytes_ || kept == nullptr) return activate_(values, values, kept, n);
    auto* __restrict bytes = reinterpret_cast<signed char*>(kept);
    T* __restrict each = values;
    for (Offset i = 0; i < n; ++i) {  // as Relu has it; GCC makes better code of this than of vectors of bytes
      const T z = each[i];
      each[i] = z <= T(0) ? T(0) : z;
      bytes[i] = z > T(0);
    }
  }
  // d = d · f'
  void backward(Offset n, const T* kept, T* d) const {
    if (!activate_) return;
    if (!bytes_) return through_slope<T>(n, kept, d);
    const auto* __restrict bytes = reinterpret_cast<const signed char*>(kept);
    T* __restrict each = d;
    for (Offset i = 0; i < n; ++i) each[i] *= static_cast<T>(bytes[i]);
  }

 private:
  const Activate<T> activate_;
  const bool bytes_;
};

}  // namespace thetastar::TS_LEVEL
