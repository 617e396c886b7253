// An allocator that refuses the engine: engine_without_memory.py has it loaded before everything else.
//
// It counts operator new, aligned_alloc and pages from the system, where the caller is the engine or the C++ library that works
// for it. What Python and its other libraries take is theirs, and nobody refuses them.
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

std::atomic<bool> counts{false};
std::atomic<long> asked{0}, first_refused{0}, end_of_refused{0};

bool is_refused(void* caller) {
  if (!counts) return false;
  Dl_info about;
  if (dladdr(caller, &about) == 0 || about.dli_fname == nullptr) return false;
  if (std::strstr(about.dli_fname, "/_engine_") == nullptr && std::strstr(about.dli_fname, "libstdc++") == nullptr)
    return false;
  const long number = ++asked;
  return number >= first_refused && number < end_of_refused;
}

void* aligned(std::size_t alignment, std::size_t bytes) {
  void* first = nullptr;
  return posix_memalign(&first, alignment < sizeof(void*) ? sizeof(void*) : alignment, bytes) == 0 ? first : nullptr;
}

}  // namespace

// From here on the allocations first, first + 1, … end - 1 are refused, counted from 1.
extern "C" void refuse_allocations(long first, long end) {
  asked = 0;
  first_refused = first;
  end_of_refused = end;
  counts = true;
}
// Refuses nothing more, and says how many allocations there were.
extern "C" long refuse_no_more() {
  counts = false;
  return asked;
}

void* operator new(std::size_t bytes) {
  void* const first = is_refused(__builtin_return_address(0)) ? nullptr : std::malloc(bytes > 0 ? bytes : 1);
  if (first == nullptr) throw std::bad_alloc();
  return first;
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  void* const first =
      is_refused(__builtin_return_address(0)) ? nullptr : aligned(static_cast<std::size_t>(alignment), bytes);
  if (first == nullptr) throw std::bad_alloc();
  return first;
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return is_refused(__builtin_return_address(0)) ? nullptr : aligned(alignment, bytes);
}
extern "C" void* mmap(void* place, std::size_t bytes, int protection, int flags, int file, off_t at) {
  if (is_refused(__builtin_return_address(0))) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(syscall(SYS_mmap, place, bytes, protection, flags, file, at));
}
extern "C" void* mmap64(void* place, std::size_t bytes, int protection, int flags, int file, off64_t at)
    __attribute__((alias("mmap")));
