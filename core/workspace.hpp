// The memory of one network in training (or prediction), and the pass of a batch through it.
#pragma once

#include <algorithm>
#include <atomic>

#include "block.hpp"
#include "losses.hpp"
#include "plan.hpp"

namespace thetastar::TS_LEVEL {

// The shared data: nobody writes to it, and no job copies it. Rows are picked by index when a batch is gathered.
template <class T>
struct Data {
  const T* x = nullptr;        // (rows · members, features): a sample's members one after another
  const T* y = nullptr;        // (rows, targets); class indices are whole numbers in one column
  const T* weights = nullptr;  // (rows), or null: every sample counts the same
  std::int64_t rows = 0;       // samples
  int features = 0, targets = 0, members = 1;
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
  void draw_from(Stream stream) { pass_.stream = stream; }  // what dropout draws, step by step

  T* parameters() { return parameters_.data(); }
  T* gradients() { return gradients_.data(); }
  T* input() { return at(0); }
  T* at(std::size_t boundary) { return activations_.data() + plan_.output_at(boundary); }
  T* output() { return at(plan_.layers().size()); }
  T* gradient_at(std::size_t boundary) { return activations_.data() + plan_.gradient_at(boundary); }

  // input (B · members, F) = the rows of X that belong to B samples
  void gather(const Data<T>& data, const std::int64_t* rows, int batch) {
    const int members = data.members;
    for (int b = 0; b < batch; ++b)
      for (int m = 0; m < members; ++m) copy_row(data.x + (rows[b] * members + m) * data.features, b * members + m);
  }
  // input (B, F) = the first rows of x
  void copy_in(const T* x, int batch) {
    for (int b = 0; b < batch; ++b) copy_row(x + static_cast<std::int64_t>(b) * plan_.inputs(), b);
  }

  // kTrain: dropout acts and running statistics move. kRepeat: once more without moving them. kInspect: as in prediction,
  // but a backward pass follows. Every backward pass needs a forward pass of its own.
  enum Mode { kPredictMode, kInspectMode, kTrainMode, kRepeatMode };
  void forward(int batch, Mode mode, std::uint64_t step = 0, const T* parameters = nullptr) {
    pass_.batch = batch;
    pass_.keeps = mode != kPredictMode;
    pass_.training = mode == kTrainMode || mode == kRepeatMode;
    pass_.parameters = parameters ? parameters : parameters_.data();
    pass_.running = mode == kTrainMode ? parameters_.data() : nullptr;
    pass_.gradients = gradients_.data();
    pass_.scratch = scratch_.data();
    pass_.step = step;
    for (std::size_t l = 0; l < plan_.layers().size() && !cancelled(); ++l) plan_.layers()[l]->forward(pass_, at(l), at(l + 1));
  }

  // The rule of reduction, the only one: Σ scale · w_i · loss_i is returned, and its gradient with respect to the
  // outputs is written. The caller's scale makes it a mean: 1 / (B · mean weight).
  double loss(const Loss<T>& loss, const Data<T>& data, const std::int64_t* rows, int batch, double scale) {
    const int outputs = plan_.outputs(), members = loss.members();
    const std::ptrdiff_t ld = padded<T>(outputs);
    const std::size_t last = plan_.layers().size();
    double total = 0;
    for (int b = 0; b < batch; ++b) {
      T* gradient = gradient_at(last) + b * members * ld;
      for (int m = 0; m < members; ++m)
        for (std::ptrdiff_t j = outputs; j < ld; ++j) gradient[m * ld + j] = 0;  // the buffer is shared with other layers
      const double weight = scale * (data.weights ? static_cast<double>(data.weights[rows[b]]) : 1.0);
      total += weight * loss(output() + b * members * ld, data.y + rows[b] * data.targets, gradient);
      const T factor = static_cast<T>(weight);
      for (int m = 0; m < members; ++m)
        for (int j = 0; j < outputs; ++j) gradient[m * ld + j] *= factor;
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
