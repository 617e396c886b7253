// The slopes of a trained network's outputs with respect to its inputs, summed along the straight way from a baseline to each
// row: what integrated gradients are made of (Sundararajan et al. 2017). One place with weight 1 at the row's own end is the
// plain gradient.
#pragma once

#include "predict.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class InputGradients {
 public:
  InputGradients(const NetworkSpec& network, const T* plain)
      : plan_(network, kRows), parameters_(plan_.parameters_size()) {
    import_parameters(plan_, plain, parameters_.data());
  }
  int inputs() const { return plan_.inputs(); }
  int outputs() const { return plan_.outputs(); }

  // The way from the baseline (I): `places` of them from 0 to 1, each with a weight. of (O): Σ of_k output_k is what is
  // differentiated.
  struct Way {
    const T *baseline, *places, *weights, *of;
    std::int64_t count;
  };

  // slopes (count, I) = Σ over the places p of weight · d/dx at baseline + p (x - baseline). A row's result depends neither on
  // its neighbours nor on the threads.
  void run(const T* x, std::int64_t count, const Way& way, T* slopes, int threads) const {
    const std::int64_t parts = (count + kRows - 1) / kRows;
    Team team(static_cast<int>(std::max<std::int64_t>(std::min<std::int64_t>(threads, parts), 1)));
    std::atomic<std::int64_t> next{0};
    std::vector<std::exception_ptr> failures(static_cast<std::size_t>(team.size()));  // no exception may leave a thread
    team.run([&](int member) {
      try {
        const FlushSubnormals flush;
        Workspace<T> work(plan_, Workspace<T>::kTrain);
        std::vector<T> rows(static_cast<std::size_t>(kRows) * static_cast<std::size_t>(inputs()));
        for (std::int64_t at = next.fetch_add(kRows); at < count; at = next.fetch_add(kRows))
          along(work, x + at * inputs(), static_cast<int>(std::min<std::int64_t>(kRows, count - at)), way, rows.data(),
                slopes + at * inputs());
      } catch (...) { failures[static_cast<std::size_t>(member)] = std::current_exception(); }
    });
    for (const std::exception_ptr& failure : failures)
      if (failure) std::rethrow_exception(failure);
  }

 private:
  static constexpr int kRows = 64;  // as in Predictor: their activations stay in the caches, and registers are filled

  void along(Workspace<T>& work, const T* x, int batch, const Way& way, T* rows, T* slopes) const {
    const std::int64_t size = static_cast<std::int64_t>(batch) * inputs();
    const std::size_t last = plan_.layers().size();
    const std::ptrdiff_t ld = padded<T>(outputs());
    std::fill(slopes, slopes + size, T(0));
    for (std::int64_t p = 0; p < way.count; ++p) {
      for (std::int64_t i = 0; i < size; ++i) {
        const T from = way.baseline[i % inputs()];
        rows[i] = from + way.places[p] * (x[i] - from);
      }
      work.copy_in(rows, batch);
      work.forward(whole(batch), Workspace<T>::kInspectMode, {}, parameters_.data());
      for (int b = 0; b < batch; ++b) {
        T* gradient = work.gradient_at(last) + b * ld;
        std::fill(gradient, gradient + ld, T(0));
        std::copy(way.of, way.of + outputs(), gradient);
      }
      for (std::size_t l = last; l-- > 0;) work.backward(whole(batch), l, false);
      add(work, batch, way.weights[p], slopes);
    }
  }

  void add(Workspace<T>& work, int batch, T weight, T* slopes) const {
    const Form form = gradient_form<T>(plan_.form(0));
    const T* block = work.gradient_at(0);
    for (Offset sample = 0; sample < batch; ++sample)
      for (Offset position = 0; position < form.shape.positions(); ++position) {
        const T* row = block + form.row(sample, position);
        if (form.lanes == 1)
          for (Offset c = 0; c < form.shape.channels; ++c) slopes[c] += weight * row[c];
        else
          for (Offset c = 0; c < form.shape.channels; ++c) slopes[c] += weight * row[c * form.lanes];
        slopes += form.shape.channels;
      }
  }

  Plan<T> plan_;
  Block<T> parameters_;
};

}  // namespace thetastar::TS_LEVEL
