// A trained network as a function of rows.
#pragma once

#include <exception>

#include "team.hpp"
#include "workspace.hpp"

namespace thetastar::TS_LEVEL {

// Holds the parameters in the block's layout. Any number of threads may call it. It keeps one workspace, because making one takes
// longer than a single row; the workspace belongs to one call at a time, and other calls make their own.
template <class T>
class Predictor {
 public:
  Predictor(const NetworkSpec& network, const T* plain)
      : plan_(network, rows_predicted_together(network.layers)), one_(network, 1),
        parameters_(plan_.parameters_size()) {
    import_parameters(plan_, plain, parameters_.data());
  }
  int inputs() const { return plan_.inputs(); }
  int outputs() const { return plan_.outputs(); }

  // out (count, O) = f(x (count, I)). A row's result depends neither on its neighbours nor on threads. Threads take turns of rows,
  // because no two processors are equally fast for long.
  void run(const T* x, std::int64_t count, T* out, int threads) const {
    const std::int64_t parts = (count + plan_.batch() - 1) / plan_.batch();
    const int workers = static_cast<int>(std::min<std::int64_t>(std::max(1, threads), parts));
    if (workers <= 1) return count > 0 ? span(x, count, out) : void();
    const std::int64_t turn = std::max<std::int64_t>(parts / (kPredictionTurns * workers), 1) * plan_.batch();
    Team team(workers);
    std::atomic<std::int64_t> next{0};
    std::vector<std::exception_ptr> failures(static_cast<std::size_t>(team.size()));  // no exception may leave a thread
    team.run([&](int member) {
      try {
        const FlushSubnormals flush;
        Workspace<T> work(plan_, Workspace<T>::kPredict);
        for (std::int64_t at = next.fetch_add(turn); at < count; at = next.fetch_add(turn))
          through(work, x + at * inputs(), std::min(turn, count - at), out + at * outputs());
      } catch (...) { failures[static_cast<std::size_t>(member)] = std::current_exception(); }
    });
    for (const std::exception_ptr& failure : failures)
      if (failure) std::rethrow_exception(failure);
  }

 private:
  void span(const T* x, std::int64_t count, T* out) const {
    const FlushSubnormals flush;
    if (count > 1 || kept_taken_.test_and_set(std::memory_order_acquire)) {
      Workspace<T> work(count == 1 ? one_ : plan_, Workspace<T>::kPredict);
      return through(work, x, count, out);
    }
    const GivesBack given{kept_taken_};  // also where there is no memory for it
    if (!kept_) kept_ = std::make_unique<Workspace<T>>(one_, Workspace<T>::kPredict);
    through(*kept_, x, count, out);
  }
  struct GivesBack {
    std::atomic_flag& taken;
    ~GivesBack() { taken.clear(std::memory_order_release); }
  };

  void through(Workspace<T>& work, const T* x, std::int64_t count, T* out) const {
    const std::ptrdiff_t ld = padded<T>(outputs());
    for (std::int64_t at = 0; at < count; at += plan_.batch()) {
      const int batch = static_cast<int>(std::min<std::int64_t>(plan_.batch(), count - at));
      work.copy_in(x + at * inputs(), batch);
      work.forward(whole(batch), Workspace<T>::kPredictMode, {}, parameters_.data());
      for (int b = 0; b < batch; ++b)
        std::copy(work.output() + b * ld, work.output() + b * ld + outputs(), out + (at + b) * outputs());
    }
  }

  Plan<T> plan_, one_;
  Block<T> parameters_;
  mutable std::unique_ptr<Workspace<T>> kept_;
  mutable std::atomic_flag kept_taken_;
};

}  // namespace thetastar::TS_LEVEL
