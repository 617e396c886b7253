// The memory of everything: a block of zeros, aligned so that every row of whole vectors is.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "simd/vec.hpp"

namespace thetastar::TS_LEVEL {

// Zeros from the system, which cost nothing until they are touched: a prediction touches neither what backward needs nor
// the rows that it has not. Blocks that are not small are pages of their own, which go back to the system with the block.
// From 2 MB on they ask for large ones: a step streams through the optimiser's states, and finding small pages takes a
// sixth of that time.
template <class T>
class Block {
 public:
  Block() = default;
  explicit Block(std::int64_t size) : size_(size) {
    if (size == 0) return;
    const std::size_t bytes = (static_cast<std::size_t>(size) * sizeof(T) + 63) / 64 * 64;
    data_ = Memory(static_cast<T*>(bytes < kSmall ? zeros(bytes) : pages(bytes)), Free{bytes});
    if (!data_) throw std::bad_alloc();
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::int64_t size() const { return size_; }
  // For zeros that will be read and written: a page that is read first is fetched twice, and the second time every other
  // processor that runs this program is interrupted.
  void fetch() {
    const std::size_t bytes = data_ ? data_.get_deleter().bytes : 0;
    for (std::size_t at = 0; bytes >= kSmall && at < bytes; at += 4096) reinterpret_cast<volatile char*>(data_.get())[at] = 0;
  }

 private:
  static constexpr std::size_t kSmall = std::size_t{1} << 18, kLargePage = std::size_t{1} << 21;

  static void* zeros(std::size_t bytes) {
    void* first = std::aligned_alloc(64, bytes);
    if (first) std::memset(first, 0, bytes);
    return first;
  }
#if defined(MAP_ANON) && !defined(__SANITIZE_ADDRESS__)  // which sees a step beyond the end of its own blocks only
  // Whole large pages begin where the block begins; its last, partial one stays small pages.
  static void* pages(std::size_t bytes) {
    const std::size_t unit = bytes < kLargePage ? in_pages(1) : kLargePage, whole = in_pages(bytes), more = unit - in_pages(1);
    void* const got = mmap(nullptr, whole + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (got == MAP_FAILED) return nullptr;
    const std::size_t before = (unit - reinterpret_cast<std::uintptr_t>(got) % unit) % unit;
    char* const first = static_cast<char*>(got) + before;
    if (before > 0) munmap(got, before);
    if (more > before) munmap(first + whole, more - before);
#ifdef MADV_HUGEPAGE
    if (bytes >= kLargePage) madvise(first, bytes / kLargePage * kLargePage, MADV_HUGEPAGE);  // a wish: it may fail
#endif
    return first;
  }
  static void unmap(void* first, std::size_t bytes) { munmap(first, in_pages(bytes)); }
  static std::size_t in_pages(std::size_t bytes) {
    static const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (bytes + page - 1) / page * page;
  }
#else
  static void* pages(std::size_t bytes) { return zeros(bytes); }
  static void unmap(void* first, std::size_t) { std::free(first); }
#endif

  struct Free {
    std::size_t bytes = 0;
    void operator()(T* first) const { bytes < kSmall ? std::free(first) : unmap(first, bytes); }
  };
  using Memory = std::unique_ptr<T, Free>;
  Memory data_;
  std::int64_t size_ = 0;
};

}  // namespace thetastar::TS_LEVEL
