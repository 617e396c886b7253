// Many networks over a few threads. Each thread takes the next task and trains it from start to end; a task is one job, or a
// pack of tiny jobs that are alike. Where there are fewer tasks than threads, several threads share a job's steps. Jobs share
// the data and nothing else, so no bit of a result depends on the threads.
#pragma once

#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>
#include <typeinfo>

#include "pack.hpp"
#include "pinning.hpp"
#include "train.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Fleet {
 public:
  explicit Fleet(int threads) : threads_(at_most(threads)), pinning_(threads_) {}
  ~Fleet() { stop(); }
  Fleet(const Fleet&) = delete;

  // Before start() only: one job, or one for each start that differs from the others in nothing else. Jobs are counted from 0.
  void add(Job<T> job) { add(job, {job.start}); }
  void add(Job<T> like, const std::vector<Start<T>>& starts) {
    for (const Start<T>& start : starts) {
      starts_.push_back(start);
      description_.push_back(descriptions_.size());
    }
    descriptions_.push_back(std::move(like));
  }

  void start() {
    outcomes_.resize(starts_.size());
    has_ended_.resize(starts_.size());
    ended_.reserve(starts_.size());  // so that no job's end needs memory
    tasks_ = in_packs(descriptions_, description_, threads_);
    const std::size_t count = std::min<std::size_t>(static_cast<std::size_t>(threads_), tasks_.size());
    running_ = count;
    const int team = tasks_.empty() ? 1 : threads_ / static_cast<int>(count);
    start_threads(workers_, static_cast<int>(count), [this, team](int i) { work(i, team); });
    if (workers_.size() == count) return;
    {
      std::lock_guard lock(mutex_);
      running_ -= count - std::max<std::size_t>(workers_.size(), 1);
    }
    if (workers_.empty()) work(0, team);  // without any thread, whoever calls does the work
  }

  // Waits at most so long for all to finish; true when they have.
  bool wait(double seconds) {
    std::unique_lock lock(mutex_);
    return idle_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return running_ == 0; });
  }

  // Asks every job to stop before its next batch and waits until they have. What is finished stays.
  void stop() {
    cancel_ = true;
    std::lock_guard lock(stopping_);  // whoever else asks waits too
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  // The indices of the jobs that have ended since the last call, in the order in which they ended.
  std::vector<std::size_t> take_ended() {
    std::lock_guard lock(mutex_);
    std::vector<std::size_t> taken = ended_;  // a copy: `ended_` keeps its room
    ended_.clear();
    return taken;
  }
  std::int64_t epochs() const { return epochs_; }
  const Outcome<T>& outcome(std::size_t job) const { return outcomes_.at(job); }
  Outcome<T> take(std::size_t job) {
    return std::move(outcomes_.at(job));
  }  // of a job that has ended; nothing stays behind

 private:
  Job<T> job(std::size_t i) const {
    Job<T> job = descriptions_[description_[i]];
    job.start = starts_[i];
    return job;
  }

  void work(int worker, int team) {
    const FlushSubnormals flush;
    const KeptPages kept(tasks_.size() > static_cast<std::size_t>(threads_));
    for (std::size_t i = next_++; i < tasks_.size() && !cancel_; i = next_++) {
      pinning_.take(worker);
      train(tasks_[i], Resources{team});
    }
    pinning_.leave(worker);
    std::lock_guard lock(mutex_);
    if (--running_ == 0) idle_.notify_all();
  }

  void train(const std::vector<std::size_t>& task, Resources resources) {
    const Signals signals{&cancel_, &epochs_};
    try {
      if (task.size() == 1) return end(task[0], Training<T>(job(task[0]), signals, resources).run());
      std::vector<PackMember<T>> members;
      for (const std::size_t i : task) members.push_back({&descriptions_[description_[i]], starts_[i]});
      Pack<T>(std::move(members), signals).run([&](std::size_t lane, Outcome<T> outcome) {
        end(task[lane], std::move(outcome));
      });
    } catch (const std::exception& error) {
      for (const std::size_t job : task)
        if (!has_ended_[job]) end(job, failed(error));
    }
  }
  void end(std::size_t job, Outcome<T> outcome) noexcept {
    outcomes_[job] = std::move(outcome);
    has_ended_[job] = true;
    std::lock_guard lock(mutex_);
    ended_.push_back(job);
  }
  static Outcome<T> failed(const std::exception& error) noexcept {
    Outcome<T> outcome;
    outcome.error = "out of memory";  // so short that it needs none
    if (typeid(error) != typeid(std::bad_alloc)) outcome.error = error.what();
    return outcome;
  }

  const int threads_;
  std::vector<Job<T>> descriptions_;
  std::vector<Start<T>> starts_;                 // one a job
  std::vector<std::size_t> description_;         // one a job: which of them it has
  std::vector<std::vector<std::size_t>> tasks_;  // what a thread takes at a time: a job, or some for a pack
  std::vector<Outcome<T>> outcomes_;
  std::vector<char> has_ended_;  // one a job; a byte each, as threads write neighbours at the same time
  Pinning pinning_;              // of the workers
  std::vector<std::thread> workers_;
  std::vector<std::size_t> ended_;
  std::mutex mutex_, stopping_;
  std::condition_variable idle_;
  std::atomic<std::size_t> next_{0};
  std::size_t running_ = 0;
  std::atomic<bool> cancel_{false};
  std::atomic<std::int64_t> epochs_{0};
};

}  // namespace thetastar::TS_LEVEL
