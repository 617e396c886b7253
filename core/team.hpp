// Threads that share the steps of one training: a task runs on all members at the same time, and the caller goes on when all have
// done it. Waking a thread takes longer than the waits within a step, so a member that waits stays awake for a while before it
// sleeps. If that wait was in vain, the member probably occupies the processor that another member needs. From then on it goes to
// sleep after a short wait; it stays awake for longer at every kTry-th wait, and whenever a member has moved to another processor.
#pragma once

#if !defined(__wasm__)
#include <algorithm>
#include <atomic>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "pinning.hpp"
#include "simd/vec.hpp"
#endif

namespace thetastar::TS_LEVEL {

#if defined(__wasm__)  // a page's threads share no memory: every team has one member there
class Team {
 public:
  explicit Team(int) {}
  int size() const { return 1; }
  template <class Task>
  void run(const Task& task) {
    task(0);
  }
  void meet(int) {}
};
#else

// More threads than this only wait for each other.
inline int at_most(int threads) {
  return std::clamp(threads, 1, std::max(32, 4 * static_cast<int>(std::thread::hardware_concurrency())));
}

// Starts threads that do run(0), run(1), …, or as many of them as the system grants and has memory for. It throws nothing:
// threads that have started must not be left without anybody who waits for their end.
template <class Run>
void start_threads(std::vector<std::thread>& threads, int wanted, Run run) {
  try {
    threads.reserve(static_cast<std::size_t>(wanted));
    for (int i = 0; i < wanted; ++i) threads.emplace_back(run, i);
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {}
}

class Team {
 public:
  // Fewer members where the system has no more threads: it goes on with those that it got.
  explicit Team(int wanted) : pinning_(at_most(wanted)) {
    start_threads(threads_, at_most(wanted) - 1, [this](int i) { serve(i + 1); });
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
    pinning_.take(0, true);
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
    awake = ++slept % kTry == 0 ? kAwake : kShort;
    value.wait(old, std::memory_order_acquire);
    take_seat(member);  // the system wakes it where the one runs who woke it
  }
  void take_seat(int member) {
    if (pinning_.take(member)) moves_.fetch_add(1, std::memory_order_relaxed);
  }

  static constexpr int kAwake = 20'000, kShort = 100,
                       kTry = 32;  // how often a value is read: for a millisecond, for microseconds
  Pinning pinning_;
  std::vector<std::thread> threads_;
  const void* task_ = nullptr;
  void (*call_)(const void*, int) = nullptr;
  std::atomic<int> round_{0}, working_{0}, came_{0}, meetings_{0}, moves_{0};
};
#endif

}  // namespace thetastar::TS_LEVEL
