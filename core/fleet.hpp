// Many networks over a few threads: each thread takes the next job and trains it from start to end, alone, or with the
// threads that fewer jobs than threads leave over; tiny jobs that are alike are taken a pack at a time. Jobs share the data
// and nothing else, so how many threads there are, and which takes what, shows in no bit of the result.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "pack.hpp"
#include "seats.hpp"
#include "train.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Fleet {
 public:
  explicit Fleet(int threads) : threads_(std::max(1, threads)), seats_(threads_) {}
  ~Fleet() { stop(); }
  Fleet(const Fleet&) = delete;

  // Before start() only: one job, or one for each start that differs from the others in nothing else. Jobs are counted from 0.
  void add(Job<T> job) { add(job, {{job.settings.seed, job.parameters}}); }
  void add(Job<T> like, const std::vector<Start<T>>& starts) {
    for (const Start<T>& start : starts) {
      starts_.push_back(start);
      description_.push_back(descriptions_.size());
    }
    descriptions_.push_back(std::move(like));
  }

  void start() {
    outcomes_.resize(starts_.size());
    units_ = in_packs(descriptions_, description_, threads_);
    const std::size_t count = std::min<std::size_t>(static_cast<std::size_t>(threads_), units_.size());
    running_ = count;
    const int team = units_.empty() ? 1 : threads_ / static_cast<int>(count);
    for (std::size_t i = 0; i < count; ++i) workers_.emplace_back([this, i, team] { work(static_cast<int>(i), team); });
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

 private:
  Job<T> job(std::size_t i) const {
    Job<T> job = descriptions_[description_[i]];
    job.settings.seed = starts_[i].seed;
    job.parameters = starts_[i].parameters;
    return job;
  }

  void work(int worker, int team) {
    const FlushSubnormals flush;
    const KeptPages kept(units_.size() > static_cast<std::size_t>(threads_));
    for (std::size_t i = next_++; i < units_.size() && !cancel_; i = next_++) {
      seats_.take(worker);
      train(units_[i], Resources{team});
    }
    seats_.leave(worker);
    std::lock_guard lock(mutex_);
    if (--running_ == 0) idle_.notify_all();
  }

  void train(const std::vector<std::size_t>& unit, Resources resources) {
    const Signals signals{&cancel_, &epochs_};
    std::vector<bool> ended(unit.size());
    try {
      if (unit.size() == 1) return end(unit[0], Training<T>(job(unit[0]), signals, resources).run());
      std::vector<PackMember<T>> members;
      for (const std::size_t i : unit) members.push_back({&descriptions_[description_[i]], starts_[i]});
      Pack<T>(std::move(members), signals).run([&](std::size_t lane, Outcome<T> outcome) {
        ended[lane] = true;
        end(unit[lane], std::move(outcome));
      });
    } catch (const std::exception& error) {
      for (std::size_t lane = 0; lane < unit.size(); ++lane) {
        Outcome<T> outcome;
        outcome.error = error.what();
        if (!ended[lane]) end(unit[lane], std::move(outcome));
      }
    }
  }
  void end(std::size_t job, Outcome<T> outcome) {
    outcomes_[job] = std::move(outcome);
    std::lock_guard lock(mutex_);
    ended_.push_back(job);
  }

  const int threads_;
  std::vector<Job<T>> descriptions_;
  std::vector<Start<T>> starts_;                 // one a job
  std::vector<std::size_t> description_;         // one a job: which of them it has
  std::vector<std::vector<std::size_t>> units_;  // what a thread takes at a time: a job, or some for a pack
  std::vector<Outcome<T>> outcomes_;
  Seats seats_;                                  // of the workers
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
