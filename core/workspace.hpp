// The memory of one network in training (or prediction), and the pass of a batch through it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>

#include "losses.hpp"
#include "plan.hpp"

namespace thetastar::TS_LEVEL {

// A block of zeros aligned to a cache line. From calloc, because the system hands out large pieces of zeros that cost
// nothing until they are touched, and a prediction touches neither what backward needs nor the rows that it has not.
template <class T>
class Block {
 public:
  Block() = default;
  explicit Block(std::int64_t size) : size_(size) {
    if (size == 0) return;
    const std::size_t bytes = (static_cast<std::size_t>(size) * sizeof(T) + 63) / 64 * 64;
#ifdef __SANITIZE_ADDRESS__  // no slack behind the end, so that a step beyond it is seen
    piece_.reset(std::aligned_alloc(64, bytes));
    if (piece_) std::memset(piece_.get(), 0, bytes);
#else
    piece_.reset(std::calloc(bytes + 63, 1));
#endif
    if (!piece_) throw std::bad_alloc();
    void* first = piece_.get();
    std::size_t space = bytes + 63;
    data_ = static_cast<T*>(std::align(64, bytes, first, space));
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> piece_;
  T* data_ = nullptr;
  std::int64_t size_ = 0;
};

// The shared data: nobody writes to it, and no job copies it. Rows are picked by index when a batch is gathered.
template <class T>
struct Data {
  const T* x = nullptr;        // (rows, features)
  const T* y = nullptr;        // (rows, targets); class indices are whole numbers in one column
  const T* weights = nullptr;  // (rows), or null: every sample counts the same
  std::int64_t rows = 0;
  int features = 0, targets = 0;
};

template <class T>
class Workspace {
 public:
  enum Use { kPredict, kTrain };  // kPredict: the parameters lie elsewhere, and there is no backward
  Workspace(const Plan<T>& plan, Use use)
      : plan_(plan),
        parameters_(use == kTrain ? plan.parameters_size() : 0),
        gradients_(use == kTrain ? plan.parameters_size() : 0),
        activations_(plan.activations_size()),
        scratch_(plan.scratch_size()) {}

  // A whole batch of a large table takes longer than anyone who pressed Ctrl-C should wait, so the signal is looked at
  // between layers too. What a cancelled pass leaves behind is of no use.
  void watch(const std::atomic<bool>* cancel) { cancel_ = cancel; }

  T* parameters() { return parameters_.data(); }
  T* gradients() { return gradients_.data(); }
  T* input() { return at(0); }
  T* at(std::size_t boundary) { return activations_.data() + plan_.output_at(boundary); }
  T* output() { return at(plan_.layers().size()); }
  T* gradient_at(std::size_t boundary) { return activations_.data() + plan_.gradient_at(boundary); }

  // input (B, F) = rows of X
  void gather(const Data<T>& data, const std::int64_t* rows, int batch) {
    for (int b = 0; b < batch; ++b) copy_row(data.x + rows[b] * data.features, b);
  }
  // input (B, F) = the first rows of x
  void copy_in(const T* x, int batch) {
    for (int b = 0; b < batch; ++b) copy_row(x + static_cast<std::int64_t>(b) * plan_.inputs(), b);
  }

  // kTrain: dropout acts and running statistics move. kInspect: as in prediction, but a backward pass follows.
  enum Mode { kPredictMode, kInspectMode, kTrainMode };
  void forward(int batch, Mode mode, Stream stream = Stream(0), const T* parameters = nullptr) {
    pass_.batch = batch;
    pass_.keeps = mode != kPredictMode;
    pass_.training = mode == kTrainMode;
    pass_.parameters = parameters ? parameters : parameters_.data();
    pass_.running = mode == kTrainMode ? parameters_.data() : nullptr;
    pass_.gradients = gradients_.data();
    pass_.scratch = scratch_.data();
    pass_.stream = stream;
    for (std::size_t l = 0; l < plan_.layers().size() && !cancelled(); ++l) plan_.layers()[l]->forward(pass_, at(l), at(l + 1));
  }

  // The rule of reduction, the only one: Σ scale · w_i · loss_i is returned, and its gradient with respect to the
  // outputs is written. The caller's scale makes it a mean: 1 / (B · mean weight).
  double loss(Loss<T> loss, const Data<T>& data, const std::int64_t* rows, int batch, double scale) {
    const int outputs = plan_.outputs();
    const std::ptrdiff_t ld = padded<T>(outputs);
    const std::size_t last = plan_.layers().size();
    double total = 0;
    for (int b = 0; b < batch; ++b) {
      T* gradient = gradient_at(last) + b * ld;
      for (std::ptrdiff_t j = outputs; j < ld; ++j) gradient[j] = 0;  // the buffer is shared with other layers
      const double weight = scale * (data.weights ? static_cast<double>(data.weights[rows[b]]) : 1.0);
      total += weight * loss(output() + b * ld, data.y + rows[b] * data.targets, outputs, gradient);
      const T factor = static_cast<T>(weight);
      for (int j = 0; j < outputs; ++j) gradient[j] *= factor;
    }
    return total;
  }

  void backward() {
    for (std::size_t l = plan_.layers().size(); l-- > 0 && !cancelled();) backward_layer(l, l == 0);
  }
  void backward_layer(std::size_t l, bool skip_input) {
    plan_.layers()[l]->backward(pass_, at(l), gradient_at(l + 1), skip_input ? nullptr : gradient_at(l));
  }

 private:
  void copy_row(const T* row, int b) {
    const Form& in = plan_.input();
    T* sample = input() + b * in.sample();
    const bool whole = in.ld == in.shape.channels;  // no padding: one piece
    const Offset count = whole ? in.sample() : in.shape.channels, stride = whole ? in.sample() : in.ld;
    for (Offset at = 0; at < in.sample(); at += stride, row += count)
      std::memcpy(sample + at, row, static_cast<std::size_t>(count) * sizeof(T));
  }

  bool cancelled() const { return cancel_ != nullptr && *cancel_; }

  const Plan<T>& plan_;
  const std::atomic<bool>* cancel_ = nullptr;
  Block<T> parameters_, gradients_, activations_, scratch_;
  Pass<T> pass_;
};

}  // namespace thetastar::TS_LEVEL
