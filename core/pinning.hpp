// Gives each of the threads that work together a processor of its own. The system often starts two of them on one processor, or
// wakes one where another is at work, and does not notice for longer than a short training takes. So a thread that finds another
// member on its processor moves to one that no member has: it allows itself that processor alone, and immediately afterwards all
// that it was allowed before, so that the system may move it again.
#pragma once

#include <atomic>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

namespace thetastar::TS_LEVEL {

class Pinning {
 public:
  explicit Pinning(int members) : taken_(static_cast<std::size_t>(members)) {
    for (std::atomic<int>& seat : taken_) seat.store(kNone, std::memory_order_relaxed);
  }

  // A member calls this whenever it begins to work; it takes nanoseconds where the member need not move. stays: this member never
  // moves, the others do. Returns whether it has moved.
  bool take([[maybe_unused]] int member, [[maybe_unused]] bool stays = false) {
#if defined(__linux__)
    std::atomic<int>& mine = taken_[static_cast<std::size_t>(member)];
    const int found = sched_getcpu(),
              here = found >= 0 && !stays && is_taken(found, &mine) ? move_from(found, &mine) : found;
    if (mine.load(std::memory_order_relaxed) != here) mine.store(here, std::memory_order_relaxed);
    return here != found;
#else
    return false;
#endif
  }
  void leave(int member) { taken_[static_cast<std::size_t>(member)].store(kNone, std::memory_order_relaxed); }

 private:
  static constexpr int kNone = -1;

  bool is_taken(int processor, const std::atomic<int>* mine) const {
    for (const std::atomic<int>& seat : taken_)
      if (&seat != mine && seat.load(std::memory_order_relaxed) == processor) return true;
    return false;
  }
#if defined(__linux__)
  // Where the thread runs then: as before, if no other processor is allowed and free.
  int move_from(int here, const std::atomic<int>* mine) const {
    cpu_set_t allowed, wanted;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return here;
    for (int next = 1; next < CPU_SETSIZE; ++next) {
      const int processor = (here + next) % CPU_SETSIZE;
      if (!CPU_ISSET(processor, &allowed) || is_taken(processor, mine)) continue;
      CPU_ZERO(&wanted);
      CPU_SET(processor, &wanted);
      if (sched_setaffinity(0, sizeof wanted, &wanted) != 0) return here;
      sched_setaffinity(0, sizeof allowed, &allowed);
      return processor;
    }
    return here;
  }
#endif

  std::vector<std::atomic<int>> taken_;  // by each member: which processor
};

}  // namespace thetastar::TS_LEVEL
