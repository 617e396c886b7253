// Many networks over a few threads: each thread takes the next job and trains it from start to end, alone, or with the
// threads that fewer jobs than threads leave over. Jobs share the data and nothing else, so how many threads there are,
// and which takes what, shows in no bit of the result.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "train.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Fleet {
 public:
  explicit Fleet(int threads) : threads_(std::max(1, threads)) {}
  ~Fleet() { stop(); }
  Fleet(const Fleet&) = delete;

  // Before start() only; returns the job's index.
  std::size_t add(Job<T> job) {
    jobs_.push_back(std::move(job));
    return jobs_.size() - 1;
  }

  void start() {
    outcomes_.resize(jobs_.size());
    const std::size_t count = std::min<std::size_t>(static_cast<std::size_t>(threads_), jobs_.size());
    running_ = count;
    const int team = jobs_.empty() ? 1 : threads_ / static_cast<int>(count);
    for (std::size_t i = 0; i < count; ++i) workers_.emplace_back([this, team] { work(team); });
  }

  // Waits at most so long for all to finish; true when they have.
  bool wait(double seconds) {
    std::unique_lock lock(mutex_);
    return idle_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return running_ == 0; });
  }

  // Asks every job to stop before its next batch and waits until they have. What is finished stays.
  void stop() {
    cancel_ = true;
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  // The indices of the jobs that have ended since the last call, in the order in which they ended.
  std::vector<std::size_t> take_ended() {
    std::lock_guard lock(mutex_);
    return std::exchange(ended_, {});
  }
  std::int64_t epochs() const { return epochs_; }
  const Outcome<T>& outcome(std::size_t job) const { return outcomes_.at(job); }
  Outcome<T> take(std::size_t job) { return std::move(outcomes_.at(job)); }  // of a job that has ended; nothing stays behind
  const Job<T>& job(std::size_t job) const { return jobs_.at(job); }

 private:
  void work(int team) {
    const FlushSubnormals flush;
    for (std::size_t i = next_++; i < jobs_.size() && !cancel_; i = next_++) {
      try {
        outcomes_[i] = Training<T>(jobs_[i], Signals{&cancel_, &epochs_}, Resources{team}).run();
      } catch (const std::exception& error) {
        outcomes_[i].error = error.what();
      }
      std::lock_guard lock(mutex_);
      ended_.push_back(i);
    }
    std::lock_guard lock(mutex_);
    if (--running_ == 0) idle_.notify_all();
  }

  const int threads_;
  std::vector<Job<T>> jobs_;
  std::vector<Outcome<T>> outcomes_;
  std::vector<std::thread> workers_;
  std::vector<std::size_t> ended_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::atomic<std::size_t> next_{0};
  std::size_t running_ = 0;
  std::atomic<bool> cancel_{false};
  std::atomic<std::int64_t> epochs_{0};
};

}  // namespace thetastar::TS_LEVEL
