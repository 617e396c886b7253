// The memory of everything: a block of zeros, aligned so that every row of whole vectors is.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "simd/vec.hpp"

namespace thetastar::TS_LEVEL {

// A block of zeros aligned to a cache line. From calloc, because the system hands out large pieces of zeros that cost
// nothing until they are touched, and a prediction touches neither what backward needs nor the rows that it has not.
template <class T>
class Block {
 public:
  Block() = default;
  explicit Block(std::int64_t size) : size_(size) {
    if (size == 0) return;
    const std::size_t bytes = (static_cast<std::size_t>(size) * sizeof(T) + 63) / 64 * 64;
#ifdef __SANITIZE_ADDRESS__  // no slack behind the end, so that a step beyond it is seen
    piece_.reset(std::aligned_alloc(64, bytes));
    if (piece_) std::memset(piece_.get(), 0, bytes);
#else
    piece_.reset(std::calloc(bytes + 63, 1));
#endif
    if (!piece_) throw std::bad_alloc();
    void* first = piece_.get();
    std::size_t space = bytes + 63;
    data_ = static_cast<T*>(std::align(64, bytes, first, space));
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> piece_;
  T* data_ = nullptr;
  std::int64_t size_ = 0;
};

}  // namespace thetastar::TS_LEVEL
