// The memory of everything: a block of zeros, aligned so that every row of whole vectors is.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "simd/vec.hpp"

namespace thetastar::TS_LEVEL {

// Zeros from the system, which cost nothing until they are touched: a prediction touches neither what backward needs nor
// the rows that it has not. Large blocks ask for large pages: a step streams through the optimiser's states, and finding
// small pages takes a sixth of that time. (The kernel gives large pages only to whole 2 MB.)
template <class T>
class Block {
 public:
  Block() = default;
  explicit Block(std::int64_t size) : size_(size) {
    if (size == 0) return;
    std::size_t alignment = 64, bytes = (static_cast<std::size_t>(size) * sizeof(T) + 63) / 64 * 64;
#ifdef __SANITIZE_ADDRESS__  // no slack behind the end, so that a step beyond it is seen
    piece_.reset(std::aligned_alloc(64, bytes));
    if (piece_) std::memset(piece_.get(), 0, bytes);
#else
    if (bytes >= kLargePage) alignment = kLargePage;
    piece_.reset(std::calloc(bytes + alignment - 1, 1));
#endif
    if (!piece_) throw std::bad_alloc();
    void* first = piece_.get();
    std::size_t space = bytes + alignment - 1;
    data_ = static_cast<T*>(std::align(alignment, bytes, first, space));
#ifdef MADV_HUGEPAGE
    if (alignment == kLargePage) madvise(first, bytes / kLargePage * kLargePage, MADV_HUGEPAGE);  // a wish: it may fail
#endif
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  static constexpr std::size_t kLargePage = std::size_t{1} << 21;
  std::unique_ptr<void, Free> piece_;
  T* data_ = nullptr;
  std::int64_t size_ = 0;
};

}  // namespace thetastar::TS_LEVEL
