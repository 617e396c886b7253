// The memory of one network in training (or prediction), and the pass of a batch through it.
#pragma once

#include <algorithm>
#include <atomic>

#include "augment.hpp"
#include "block.hpp"
#include "job.hpp"
#include "kernels/transpose.hpp"
#include "layers/dense_registers.hpp"
#include "losses.hpp"
#include "plan.hpp"

namespace thetastar::TS_LEVEL {

// Some of the samples that a workspace holds, which member of the team works on them, and how many all members have.
struct Part {
  int first = 0, count = 0, member = 0, all = 0;
};
inline Part whole(int count, int member = 0) { return {0, count, member, count}; }
// A member's samples, of which `least` must stay together.
inline Part part_of(int samples, int least, int member, int members) {
  const int together = std::max(samples_of_a_member(samples, members), least),
            all = (samples + together - 1) / together;
  const int from = std::min(samples, all * member / members * together),
            to = std::min(samples, all * (member + 1) / members * together);
  return {from, to - from, member, samples};
}

template <class T>
class Workspace {
 public:
  // kPredict: the parameters lie elsewhere, and there is no backward; kTrainPassing: gradients are always told where to lie.
  enum Use { kPredict, kTrain, kTrainPassing };
  Workspace(const Plan<T>& plan, Use use, int members = 1)
      : plan_(plan), parameters_(use == kPredict ? 0 : plan.parameters_size()),
        gradients_(use == kTrain ? plan.parameters_size() : 0), activations_(plan.activations_size()),
        scratch_(plan.scratch_size()), room_(plan.room_size() * members), passes_(static_cast<std::size_t>(members)),
        values_(static_cast<std::size_t>(plan.batch())), sample_(plan.input().sample()),
        stride_(without_padding() ? sample_ : plan.input().ld),
        copied_(without_padding() ? sample_ : plan.input().shape.channels) {
    if (use == kTrain && members == 1 && plan.in_registers())
      registers_ = DenseRegisters<T>(plan.chain().links(), plan.usual_batch());
  }

  // The signal is read between layers too, because a large batch takes longer than anyone who pressed Ctrl-C should wait. What a
  // cancelled pass leaves behind is of no use.
  void watch(const std::atomic<bool>* cancel) { cancel_ = cancel; }
  void draw_from(Stream stream) { stream_ = stream; }  // what dropout draws, step by step

  std::int64_t bytes() const {
    return (parameters_.size() + gradients_.size() + activations_.size() + scratch_.size() + room_.size()) *
               static_cast<std::int64_t>(sizeof(T)) +
           registers_.bytes();
  }
  T* parameters() { return parameters_.data(); }
  T* gradients() { return gradients_.data(); }
  T* at(std::size_t boundary) { return activations_.data() + plan_.output_at(boundary); }
  T* output() { return at(plan_.layers().size()); }
  T* gradient_at(std::size_t boundary) { return activations_.data() + plan_.gradient_at(boundary); }

  // input = the rows of X that belong to these samples, rows[first ...], as `augment` shows them
  void gather(const Data<T>& data, const std::int64_t* rows, const Part& part, Augmenter<T>* augment = nullptr) {
    const int members = data.members, end = part.first + part.count;
    int b = part.first;
    if (members == 1 && augment == nullptr) {
      const auto row = [&](int b) { return data.x + rows[b] * data.features; };
      turn_groups(b, end, row);
      if (plan_.input().lanes == 1 && stride_ == sample_) return copy_rows(data, rows, b, end);
    }
    for (; b < end; ++b)
      for (int m = 0; m < members; ++m) {
        const std::int64_t row = rows[b] * members + m;
        const T* sample = data.x + row * data.features;
        copy_row(augment ? (*augment)(sample, row, part.member) : sample, b * members + m);
      }
    fill_lanes(end * members);
  }
  // input (B, F) = the first rows of x
  void copy_in(const T* x, int batch) {
    const auto row = [&](int b) { return x + static_cast<std::int64_t>(b) * plan_.inputs(); };
    int b = 0;
    turn_groups(b, batch, row);
    for (; b < batch; ++b) copy_row(row(b), b);
    fill_lanes(batch);
  }

  // kTrain: dropout acts and running statistics move. kRepeat: once more without moving them. kInspect: as in prediction, but a
  // backward pass follows.
  enum Mode { kPredictMode, kInspectMode, kTrainMode, kRepeatMode };
  struct When {  // a step of the training, how many rows of its batch came before, and the share of dropout's rates
    std::uint64_t step = 0;
    int before = 0;
    double dropout = 1;
  };
  // Here a part counts the rows of passes: samples times their members.
  void forward(const Part& part, Mode mode, When when = {}, const T* parameters = nullptr) {
    begin(part, mode, when, parameters);
    if (!plan_.chain().empty()) return plan_.chain().forward(pass(part), activations_.data());
    for (std::size_t l = 0; l < plan_.layers().size(); ++l) forward(part, l);
  }
  // The same layer by layer, after `begin`. members: the part is all rows, of which the member computes its columns.
  void begin(const Part& part, Mode mode, When when = {}, const T* parameters = nullptr) {
    Pass<T>& pass = this->pass(part);
    pass.before = when.before;
    pass.keeps = mode != kPredictMode;
    pass.training = mode == kTrainMode || mode == kRepeatMode;
    pass.parameters = parameters ? parameters : parameters_.data();
    pass.running = mode == kTrainMode ? parameters_.data() : nullptr;
    pass.stream = stream_;
    pass.step = when.step;
    pass.dropout = when.dropout;
  }
  void forward(const Part& part, std::size_t l) {
    if (!cancelled()) plan_.layers()[l]->forward(pass(part), row(l, part), row(l + 1, part));
  }
  void forward(const Part& part, std::size_t l, int members) {
    if (!cancelled())
      plan_.layers()[l]->forward_columns(pass(part), row(l, part), row(l + 1, part), columns(l + 1, part, members));
  }

  // The rule of reduction, the only one: Σ scale · w_i · loss_i is the cost, and its gradient with respect to the outputs
  // is written. The caller's scale makes it a mean: 1 / (B · mean weight). The samples' costs wait for `total`.
  void loss(const Loss<T>& loss, const Data<T>& data, const std::int64_t* rows, const Part& part, double scale) {
    const std::ptrdiff_t ld = padded<T>(plan_.outputs()), at = part.first * loss.members() * ld;
    if (loss.own() != nullptr)
      return own_losses(*loss.own(), data, rows + part.first, part.count, scale, output() + at,
                        gradient_at(plan_.layers().size()) + at, &values_[static_cast<std::size_t>(part.first)]);
    losses(loss, data, rows + part.first, part.count, scale, output() + at, gradient_at(plan_.layers().size()) + at,
           &values_[static_cast<std::size_t>(part.first)]);
  }
  double total(int batch,
               double total = 0) const {  // in the order of the samples, whoever computed them; total: of those before
    for (int b = 0; b < batch; ++b) total += values_[static_cast<std::size_t>(b)];
    return total;
  }

  void backward(const Part& part, std::size_t l, bool skip_input) {
    if (cancelled()) return;
    plan_.layers()[l]->backward(this->pass(part), row(l, part), row(l + 1, part), gradient_row(l + 1, part),
                                skip_input ? nullptr : gradient_row(l, part));
  }
  void backward_output(const Part& part, std::size_t l, int members) {
    if (cancelled()) return;
    plan_.layers()[l]->backward_output(pass(part), row(l + 1, part), gradient_row(l + 1, part),
                                       columns(l + 1, part, members));
  }
  void backward_input(const Part& part, std::size_t l, int members) {
    if (!cancelled())
      plan_.layers()[l]->backward_input(pass(part), gradient_row(l + 1, part), gradient_row(l, part),
                                        columns(l, part, members));
  }
  // Rows from ... to of a parameter array's gradient, over all samples of the part, to d_rows or, where that is null, here.
  void gradient(const Part& part, const ParameterArray& array, Offset from, Offset to, bool adds = false,
                T* d_rows = nullptr) {
    if (cancelled()) return;
    const auto l = static_cast<std::size_t>(array.layer);
    Pass<T>& pass = this->pass(part);
    pass.adds = adds;
    plan_.layers()[l]->gradient(pass, at(l), gradient_at(l + 1), array, from, to,
                                d_rows ? d_rows : gradients_.data() + array.offset + from * array.ld);
  }

  // The cost and the gradients of a batch that goes forward and backward in registers.
  bool goes_in_registers(std::int64_t batch) const { return registers_.suits(batch); }
  double there_and_back(const Loss<T>& loss, const Data<T>& data, const std::int64_t* rows, double scale) {
    return registers_.pass(
        parameters_.data(), gradients_.data(), [&](int b) { return data.x + rows[b] * data.features; },
        [&](auto count, const T* predictions, T* slopes) {
          double costs[count], total = 0;
          losses(loss, data, rows, count, scale, predictions, slopes, costs);
          for (const double cost : costs) total += cost;
          return total;
        });
  }

  // All of it, by one thread, without any step between: the gradients of the part's samples.
  void backward(const Part& part, bool adds = false) {
    pass(part).adds = adds;
    if (!plan_.chain().empty()) return plan_.chain().backward(pass(part), activations_.data());
    for (std::size_t l = plan_.layers().size(); l-- > 0;) {
      backward(part, l, l == 0);
      for (const ParameterArray& array : plan_.arrays_of(l)) gradient(part, array, 0, array.rows, adds);
    }
  }

 private:
  // Of `count` samples, which may be a constant; rows[0 ...] tells their rows of the data.
  template <class Count>
  [[gnu::always_inline]] void losses(const Loss<T>& loss, const Data<T>& data, const std::int64_t* rows, Count count,
                                     double scale, const T* predictions, T* gradients, double* costs) const {
    const int outputs = plan_.outputs(), members = loss.members();
    const std::ptrdiff_t ld = padded<T>(outputs);
    const auto weight = [&](int b) {
      return scale * (data.weights ? static_cast<double>(data.weights[rows[b]]) : 1.0);
    };
    const auto target = [&](int b) { return data.y + rows[b] * data.targets; };
    if (loss.suits_one_output(count))
      return loss.one_output(count, predictions, target, data.weights != nullptr, weight, gradients, costs);
    int b = 0;
    for (; loss.suits_lanes(count - b); b += kWidth<T>) {
      const int first = b;
      loss.side_by_side(
          std::min<int>(kWidth<T>, count - b), predictions + b * ld, [&](int i) { return target(first + i); },
          data.weights != nullptr, [&](int i) { return weight(first + i); }, gradients + b * ld, costs + b);
    }
    for (; b < count; ++b) {
      T* gradient = gradients + b * members * ld;
      for (int m = 0; m < members; ++m)
        store(gradient + (m + 1) * ld - kWidth<T>, Vec<T>{});  // its padding, because other layers use the buffer too
      costs[b] = weight(b) * loss(predictions + b * members * ld, target(b), gradient);
      const T factor = static_cast<T>(weight(b));
      for (int m = 0; m < members; ++m, gradient += ld)
        if (outputs <= kOneByOne)  // a vector is not there to be read until all numbers in it have been written
          for (int j = 0; j < outputs; ++j) gradient[j] *= factor;
        else
          for (std::ptrdiff_t j = 0; j < ld; j += kWidth<T>) store(gradient + j, load(gradient + j) * factor);
    }
  }

  // The same of a loss that is not the core's, which sees the samples together.
  [[gnu::noinline]] void own_losses(const OwnLoss<T>& loss, const Data<T>& data, const std::int64_t* rows, int count,
                                    double scale, const T* predictions, T* gradients, double* costs) const {
    const auto outputs = static_cast<std::size_t>(plan_.outputs()), targets = static_cast<std::size_t>(data.targets),
               ld = static_cast<std::size_t>(padded<T>(plan_.outputs())), n = static_cast<std::size_t>(count);
    std::vector<T> f(n * outputs), y(n * targets), slopes(n * outputs);
    for (std::size_t b = 0; b < n; ++b) {
      std::copy_n(predictions + b * ld, outputs, &f[b * outputs]);
      std::copy_n(data.y + static_cast<std::size_t>(rows[b]) * targets, targets, y.data() + b * targets);
    }
    loss(count, plan_.outputs(), f.data(), data.targets, y.data(), costs, slopes.data());
    for (std::size_t b = 0; b < n; ++b) {
      const double weight = scale * (data.weights ? static_cast<double>(data.weights[rows[b]]) : 1.0);
      costs[b] *= weight;
      std::fill_n(gradients + b * ld, ld, T(0));
      for (std::size_t j = 0; j < outputs; ++j)
        gradients[b * ld + j] = static_cast<T>(weight) * slopes[b * outputs + j];
    }
  }

  Pass<T>& pass(const Part& part) {
    Pass<T>& pass = passes_[static_cast<std::size_t>(part.member)];
    pass.batch = part.count;
    pass.first = part.first;
    pass.all = part.all;
    pass.gradients = gradients_.data();
    pass.scratch = scratch_.data();
    pass.own = room_.data() + part.member * plan_.room_size();
    return pass;
  }
  T* row(std::size_t boundary, const Part& part) { return at(boundary) + part.first * plan_.form(boundary).sample(); }
  T* gradient_row(std::size_t boundary, const Part& part) {
    return gradient_at(boundary) + part.first * gradient_form<T>(plan_.form(boundary)).sample();
  }

  Columns columns(std::size_t boundary, const Part& part, int members) const {
    const Offset vectors = gradient_form<T>(plan_.form(boundary)).ld / kWidth<T>;
    return {vectors * part.member / members * kWidth<T>, vectors * (part.member + 1) / members * kWidth<T>};
  }

  // Where samples lie side by side, whole groups from b on are turned by vectors.
  template <class Row>
  void turn_groups(int& b, int end, Row row) {
    for (; plan_.input().lanes > 1 && b % kWidth<T> == 0 && end - b >= kWidth<T>; b += kWidth<T>)
      turn_rows(b, [&](int i) { return row(b + i); });
  }
  template <class Row>
  void turn_rows(int b, Row row) {  // row(i): the group's sample i
    constexpr int W = kWidth<T>;
    T* group = at(0) + plan_.input().row(b, 0);
    int first = 0;
    for (; first + W <= plan_.inputs(); first += W) {
      Vec<T> block[W];
      for (int i = 0; i < W; ++i) block[i] = load_anywhere(row(i) + first);
      turn<T, W / 2>(block);
      for (int i = 0; i < W; ++i) store(group + (first + i) * W, block[i]);
    }
    for (int i = 0; i < W; ++i)
      for (int k = first; k < plan_.inputs(); ++k) group[k * W + i] = row(i)[k];
  }

  bool without_padding() const { return plan_.input().ld == plan_.input().shape.channels; }  // no padding
  void copy_row(const T* row, int b) {
    const Form& in = plan_.input();
    if (in.lanes > 1) {
      T* lane = at(0) + in.row(b, 0);
      for (int i = 0; i < plan_.inputs(); ++i) lane[static_cast<Offset>(i) * kWidth<T>] = row[i];
      return;
    }
    T* sample = at(0) + b * sample_;
    for (Offset at = 0; at < sample_; at += stride_, row += copied_) copy_numbers(row, copied_, sample + at);
  }

  void copy_rows(const Data<T>& data, const std::int64_t* rows, int b, int end) {
    const Offset features = data.features, sample = sample_,
                 copied = copied_;  // in registers: a store might change the members
    const T* x = data.x;
    for (T* to = at(0) + b * sample; b < end; ++b, to += sample) copy_numbers(x + rows[b] * features, copied, to);
  }
  static void copy_numbers(const T* from, Offset count, T* to) {  // by vectors: a call for every row would take as long
    Offset i = 0;
    for (; i + kWidth<T> <= count; i += kWidth<T>) store_anywhere(to + i, load_anywhere(from + i));
    switch (to += i, from += i, count - i) {
      case 0: return;
      case 4: to[3] = from[3]; [[fallthrough]];
      case 3: to[2] = from[2]; [[fallthrough]];
      case 2: to[1] = from[1]; [[fallthrough]];
      case 1: to[0] = from[0]; return;
      default: std::memcpy(to, from, static_cast<std::size_t>(count - i) * sizeof(T));
    }
  }

  void fill_lanes(int from) {  // of the last group
    const Form& in = plan_.input();
    if (in.lanes == 1) return;
    for (; from % in.lanes != 0; ++from)
      for (int i = 0; i < plan_.inputs(); ++i) at(0)[in.row(from, 0) + i * kWidth<T>] = 0;
  }

  bool cancelled() const { return cancel_ != nullptr && *cancel_; }

  const Plan<T>& plan_;
  const std::atomic<bool>* cancel_ = nullptr;
  Stream stream_{0};
  Block<T> parameters_, gradients_, activations_, scratch_, room_;
  std::vector<Pass<T>> passes_;  // one a member of the team
  DenseRegisters<T> registers_;  // what few samples go there and back by, where the network suits
  std::vector<double> values_;   // Σ of these is the cost
  // Of a sample in the activations: its numbers with their padding, from one row of them to the next, and what of it is copied.
  const Offset sample_, stride_, copied_;
};

}  // namespace thetastar::TS_LEVEL
