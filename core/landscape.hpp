// The mean loss of a network at many places of its parameters: what a map of the loss is made of.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <numeric>

#include "job.hpp"
#include "losses.hpp"
#include "team.hpp"
#include "workspace.hpp"

namespace thetastar::TS_LEVEL {

// Rows, targets and weights lie with the caller. Threads share the places, and each goes through all rows at one place by itself.
template <class T>
class Landscape {
 public:
  Landscape(const NetworkSpec& network, const LossSpec& loss, const Data<T>& data)
      : plan_(network, rows_predicted_together(network.layers) * data.members), loss_(loss), data_(data),
        rows_(static_cast<std::size_t>(data.rows)) {
    std::iota(rows_.begin(), rows_.end(), std::int64_t{0});
    scale_ = 1 / (static_cast<double>(data.rows) * data.mean_weight(rows_.data(), data.rows));
  }

  // The parameters at place p: origin + Σ_d places[p, d] · directions[d], in double precision, then rounded.
  struct Places {
    const double *origin, *directions, *places;  // (parameters), (dimensions, parameters), (count, dimensions)
    std::int64_t count, dimensions, parameters;

    void write(std::int64_t p, std::vector<double>& sum, std::vector<T>& out) const {
      std::copy_n(origin, parameters, sum.data());
      for (std::int64_t d = 0; d < dimensions; ++d) {
        const double* direction = directions + d * parameters;
        const double at = places[p * dimensions + d];
        for (std::int64_t i = 0; i < parameters; ++i) sum[static_cast<std::size_t>(i)] += at * direction[i];
      }
      std::transform(sum.begin(), sum.end(), out.begin(), [](double value) { return static_cast<T>(value); });
    }
  };

  // losses[p] = the mean loss at place p
  void run(const Places& places, double* losses, int threads) const {
    const std::int64_t count = places.count;
    Team team(static_cast<int>(std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(count, 1))));
    std::atomic<std::int64_t> next{0};
    std::vector<std::exception_ptr> failures(static_cast<std::size_t>(team.size()));  // no exception may leave a thread
    team.run([&](int member) {
      try {
        const FlushSubnormals flush;
        Workspace<T> work(plan_, Workspace<T>::kPredict);
        const Loss<T> loss(loss_, plan_.outputs(), data_.targets);
        Block<T> there(plan_.parameters_size());
        std::vector<double> sum(static_cast<std::size_t>(places.parameters));
        std::vector<T> plain(sum.size());
        for (std::int64_t p = next++; p < count; p = next++) {
          places.write(p, sum, plain);
          import_parameters(plan_, plain.data(), there.data());
          losses[p] = mean(work, loss, there.data());
        }
      } catch (...) { failures[static_cast<std::size_t>(member)] = std::current_exception(); }
    });
    for (const std::exception_ptr& failure : failures)
      if (failure) std::rethrow_exception(failure);
  }

 private:
  double mean(Workspace<T>& work, const Loss<T>& loss, const T* parameters) const {
    const std::int64_t most = plan_.batch() / data_.members;
    double total = 0;
    for (std::int64_t at = 0; at < data_.rows; at += most) {
      const int batch = static_cast<int>(std::min(most, data_.rows - at)), passed = batch * data_.members;
      work.copy_in(data_.x + at * data_.members * data_.features, passed);
      work.forward(whole(passed), Workspace<T>::kPredictMode, {}, parameters);
      work.loss(loss, data_, rows_.data() + at, whole(batch), scale_);
      total = work.total(batch, total);
    }
    return total;
  }

  Plan<T> plan_;
  LossSpec loss_;
  Data<T> data_;
  std::vector<std::int64_t> rows_;
  double scale_;
};

}  // namespace thetastar::TS_LEVEL
