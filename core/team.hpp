// Threads that share the steps of one training: a task runs on every member at once, and the one who called goes on when
// all have done it. A step of a small network takes some tens of microseconds, so members wait awake for a while before
// they sleep. Who waited so long in vain most likely occupies the processor that another member needs, because another
// program has taken that one's: from then on it sleeps soon, so that the system can let that member run here, and tries
// staying awake again now and then, and as soon as a member has found a processor of its own.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "seats.hpp"
#include "simd/vec.hpp"

namespace thetastar::TS_LEVEL {

class Team {
 public:
  explicit Team(int members) : seats_(members) {
    for (int member = 1; member < members; ++member) threads_.emplace_back([this, member] { serve(member); });
  }
  ~Team() {
    call_ = nullptr;
    publish();
    for (std::thread& thread : threads_) thread.join();
  }
  Team(const Team&) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }

  // task(member) for every member; number 0 is the caller. The task must not throw.
  template <class Task>
  void run(const Task& task) {
    if (threads_.empty()) return task(0);
    task_ = &task;
    call_ = [](const void* t, int member) { (*static_cast<const Task*>(t))(member); };
    working_.store(static_cast<int>(threads_.size()), std::memory_order_relaxed);
    seats_.take(0, true);
    publish();
    task(0);
    for (int left = working_; left != 0; left = working_) wait_while(working_, left, 0);
  }

  // Within a task: this member goes on when all have come here.
  void meet(int member) {
    const int seen = meetings_.load(std::memory_order_acquire);
    if (came_.fetch_add(1, std::memory_order_acq_rel) + 1 < size()) return wait_while(meetings_, seen, member);
    came_.store(0, std::memory_order_relaxed);
    meetings_.fetch_add(1, std::memory_order_release);
    meetings_.notify_all();
  }

 private:
  void publish() {
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }

  void serve(int member) {
    const FlushSubnormals flush;
    for (int seen = 0;; ++seen) {
      wait_while(round_, seen, member);
      if (call_ == nullptr) return;
      take_seat(member);
      call_(task_, member);
      if (working_.fetch_sub(1, std::memory_order_acq_rel) == 1) working_.notify_one();
    }
  }

  void wait_while(const std::atomic<int>& value, int old, int member) {
    static thread_local int awake = kAwake, slept = 0, moves = 0;
    if (const int now = moves_.load(std::memory_order_relaxed); now != moves) moves = now, awake = kAwake;
    for (int i = 0; i < awake; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
#if defined(__x86_64__)
      _mm_pause();
#endif
    }
    awake = ++slept % kTry == 0 ? kAwake : kSoon;
    value.wait(old, std::memory_order_acquire);
    take_seat(member);  // the system wakes it where the one runs who woke it
  }
  void take_seat(int member) {
    if (seats_.take(member)) moves_.fetch_add(1, std::memory_order_relaxed);
  }

  // How often a value is looked at: for up to a millisecond, because waking costs more than the waits in a step of some
  // milliseconds; soon, for some microseconds, but for one in so many.
  static constexpr int kAwake = 20'000, kSoon = 100, kTry = 32;
  Seats seats_;
  std::vector<std::thread> threads_;
  const void* task_ = nullptr;
  void (*call_)(const void*, int) = nullptr;
  std::atomic<int> round_{0}, working_{0}, came_{0}, meetings_{0}, moves_{0};
};

}  // namespace thetastar::TS_LEVEL
