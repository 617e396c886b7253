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

inline void* zeros(std::size_t bytes) {  // on the heap
  void* first = std::aligned_alloc(64, bytes);
  return first ? std::memset(first, 0, bytes) : nullptr;
}

// Pages of zeros from the system, which cost nothing until they are touched. From 2 MB on they are large pages where the system
// has them, because a step streams through the optimiser's states and would spend much of that time on finding small pages.
class Pages {
 public:
  static constexpr std::size_t kLarge = std::size_t{1} << 21;

#if defined(MAP_ANON) && !defined(__SANITIZE_ADDRESS__)  // which sees a step beyond the end of its own blocks only
  static void* map(std::size_t bytes) {
    // Whole large pages begin where the block begins; its last, partial one stays small pages.
    const std::size_t alignment = bytes < kLarge ? whole(1) : kLarge, size = whole(bytes), more = alignment - whole(1);
    void* const got = mmap(nullptr, size + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (got == MAP_FAILED) return nullptr;
    const std::size_t before = (alignment - reinterpret_cast<std::uintptr_t>(got) % alignment) % alignment;
    char* const first = static_cast<char*>(got) + before;
    if (before > 0) munmap(got, before);
    if (more > before) munmap(first + size, more - before);
#ifdef MADV_HUGEPAGE
    if (bytes >= kLarge) madvise(first, bytes / kLarge * kLarge, MADV_HUGEPAGE);
#endif
    return first;
  }
  static void unmap(void* first, std::size_t bytes) { munmap(first, whole(bytes)); }

 private:
  static std::size_t whole(std::size_t bytes) {
    static const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (bytes + page - 1) / page * page;
  }
#else
  static void* map(std::size_t bytes) { return zeros(bytes); }
  static void unmap(void* first, std::size_t) { std::free(first); }
#endif
};

// While an object of this class lives, its thread keeps the pages of blocks that end for blocks of the same size that begin.
// Networks that train one after another are often alike, and the system takes as long to clear fresh pages as a step or two
// takes. A block of another size means that the networks have changed, so all pages go back to the system. many: many networks
// will come, so pages are kept for blocks of middle size too.
class KeptPages {
 public:
  explicit KeptPages(bool many) : many_(many) { of_thread() = this; }
  ~KeptPages() {
    of_thread() = nullptr;
    release();
  }
  KeptPages(const KeptPages&) = delete;

  static bool wants_middle() { return of_thread() != nullptr && of_thread()->many_; }
  static void* map(std::size_t bytes) {
    KeptPages* kept = of_thread();
    if (void* first = kept ? kept->take(bytes) : nullptr) return std::memset(first, 0, bytes);
    return Pages::map(bytes);
  }
  static void unmap(void* first, std::size_t bytes) {
    KeptPages* kept = of_thread();
    if (kept != nullptr && kept->count_ < kMost)
      kept->pages_[kept->count_++] = {first, bytes};
    else
      Pages::unmap(first, bytes);
  }

 private:
  static constexpr int kMost = 64;  // more than a network has blocks
  struct Run {
    void* first;
    std::size_t bytes;
  };
  static KeptPages*& of_thread() {
    static thread_local KeptPages* kept = nullptr;
    return kept;
  }
  void* take(std::size_t bytes) {
    for (Run* run = pages_; run < pages_ + count_; ++run)
      if (run->bytes == bytes) {
        void* const first = run->first;
        *run = pages_[--count_];
        return first;
      }
    release();
    return nullptr;
  }
  void release() {
    for (; count_ > 0; --count_) Pages::unmap(pages_[count_ - 1].first, pages_[count_ - 1].bytes);
  }

  const bool many_;
  Run pages_[kMost];  // not in a vector: a block that ends must not ask for memory
  int count_ = 0;
};

// A block of numbers, zeros at first. A large block lies in pages of its own, and pages that nobody touches cost nothing: a
// prediction never touches what the backward pass needs.
template <class T>
class Block {
 public:
  Block() = default;
  explicit Block(std::int64_t size) : size_(size) {
    if (size == 0) return;
    const std::size_t bytes = (static_cast<std::size_t>(size) * sizeof(T) + 63) / 64 * 64;
    const bool in_pages = bytes >= kSmall || (bytes >= kMiddle && KeptPages::wants_middle());
    data_ = Memory(static_cast<T*>(in_pages ? KeptPages::map(bytes) : zeros(bytes)), Free{bytes, in_pages});
    if (!data_) throw std::bad_alloc();
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::int64_t size() const { return size_; }
  // For zeros that will be read and written: a page that is read first is fetched twice, and the second time every other
  // processor that runs this program is interrupted.
  void fetch() {
    const std::size_t bytes = data_ && data_.get_deleter().in_pages ? data_.get_deleter().bytes : 0;
    for (std::size_t at = 0; at < bytes; at += 4096) reinterpret_cast<volatile char*>(data_.get())[at] = 0;
  }

 private:
  // Where many networks train, blocks of middle size lie in kept pages too, or they would leave holes of that size in the heap.
  static constexpr std::size_t kSmall = std::size_t{1} << 18, kMiddle = std::size_t{1} << 16;

  struct Free {
    std::size_t bytes = 0;
    bool in_pages = false;
    void operator()(T* first) const { in_pages ? KeptPages::unmap(first, bytes) : std::free(first); }
  };
  using Memory = std::unique_ptr<T, Free>;
  Memory data_;
  std::int64_t size_ = 0;
};

}  // namespace thetastar::TS_LEVEL
