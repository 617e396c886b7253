// A batch of a few samples, forward and backward through dense layers of one vector (layers/dense_chain.hpp). Such a step waits for
// latencies, not for arithmetic. So every sample's row of a layer is one register: the activation takes it from there, the first
// layer reads the samples where they lie in the data, and a batch leaves nothing behind but its gradients and its cost. Every
// sum runs in the order of `multiply`: the bits are those of Dense, which stays the specification.
#pragma once

#include "../block.hpp"
#include "dense_chain.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class DenseRegisters {
 public:
  DenseRegisters() = default;
  DenseRegisters(const std::vector<typename DenseChain<T>::Link>& links, Offset samples) {
    if constexpr (std::is_same_v<T, float>) with_count(samples, [&](auto count) { make<count>(links); });
  }
  bool suits(Offset samples) const { return samples == samples_; }
  std::int64_t bytes() const { return room_.size() * static_cast<std::int64_t>(sizeof(T)); }

  // A batch there and back: returns its cost, and leaves its gradients. sample(b): where the numbers of sample b lie.
  // loss(count, predictions, slopes): the cost of all samples, of which each has a vector; `count` is a constant.
  template <class Sample, class Loss>
  double pass(const T* parameters, T* gradients, const Sample& sample, const Loss& loss) const {
    double cost = 0;
    with_count(samples_, [&](auto count) TS_INLINED { cost = pass<count>(parameters, gradients, sample, loss); });
    return cost;
  }

 private:
  static constexpr Offset W = kWidth<T>;

  // use(count): with a power of two as a constant.
  template <int Most = kRegisterSamples, class Use>
  [[gnu::always_inline]] static inline void with_count(Offset count, Use use) {
    if (count == Most)
      use(std::integral_constant<int, Most>());
    else if constexpr (Most > 1)
      with_count<Most / 2>(count, use);
  }

  struct Link {
    Offset inputs, outputs;
    std::int64_t weight, bias;  // in the parameters; bias -1: none
    T *values, *kept,
        *slopes;  // of every sample a row: what the layer gives, what else its activation keeps, the gradients
    T* turned;    // the weight
    const T* rows[kRegisterSamples];  // of the values
    void (*forward)(const Link& link, const T* const* inputs, const T* parameters);
    void (*backward)(const Link& link, const T* const* inputs, T* d_inputs, T* gradients);  // d_inputs: or null
  };

  template <int N>
  void make(const std::vector<typename DenseChain<T>::Link>& links) {
    constexpr Offset kRows = N * W, kRoom = 3 * kRows + W * W;
    samples_ = N;
    room_ = Block<T>(static_cast<std::int64_t>(links.size()) * kRoom);
    T* room = room_.data();
    for (const auto& of : links) {
      Link link{of.inputs,        of.outputs,       of.at.weight, of.at.bias, room,   room + kRows,
                room + 2 * kRows, room + 3 * kRows, {},           nullptr,    nullptr};
      for (int b = 0; b < N; ++b) link.rows[b] = link.values + b * W;
      with_activation(of.activation, [&]<class F>(F) { link.forward = forward<F, N>, link.backward = backward<F, N>; });
      links_.push_back(link);
      room += kRoom;
    }
  }

  template <int N, class Sample, class Loss>
  [[gnu::always_inline]] inline double pass(const T* parameters, T* gradients, const Sample& sample,
                                            const Loss& loss) const {
    const T* samples[N];
    TS_UNROLLED for (int b = 0; b < N; ++b) samples[b] = sample(b);
    const Link *const first = links_.data(), *const last = &links_.back(), *link = first;
    for (link = first; link != last; ++link)
      transpose<T>(static_cast<int>(link[1].inputs), static_cast<int>(link[1].outputs), parameters + link[1].weight, W,
                   link[1].turned, W);
    first->forward(*first, samples, parameters);
    for (link = first; link != last; ++link) link[1].forward(link[1], link->rows, parameters);
    const double cost = loss(std::integral_constant<int, N>(), last->values, last->slopes);
    for (; link != first; --link) link->backward(*link, link[-1].rows, link[-1].slopes, gradients);
    first->backward(*first, samples, nullptr, gradients);
    return cost;
  }

  // Y (N, O) = f(b + X (N, I) · W (I, O)), and what f keeps
  template <class F, int N>
  static void forward(const Link& link, const T* const* inputs, const T* parameters) {
    const T* x[N];
    TS_UNROLLED for (int b = 0; b < N; ++b) x[b] = inputs[b];  // one by one, as they were written
    Vec<T> z[N];
    const Vec<T> start = link.bias < 0 ? Vec<T>{} : load(parameters + link.bias);
    TS_UNROLLED for (int b = 0; b < N; ++b) z[b] = start;
    const T* weight = parameters + link.weight;
    for (Offset k = 0, count = link.inputs; k < count; ++k, weight += W) {
      const Vec<T> row = load(weight);
      TS_UNROLLED for (int b = 0; b < N; ++b) z[b] += splat(x[b][k]) * row;
    }
    T *values = link.values, *kept = link.kept;
    TS_UNROLLED for (int b = 0; b < N; ++b) {
      const Point<T> point = F::template at<T>(z[b]);
      store(values + b * W, point.value);
      if (!kSlopeOfValue<F, T>) store(kept + b * W, point.slope);
    }
  }

  // dZ = dY · f'(Z); dX (N, I) = dZ · Wᵀ, dW (I, O) = Xᵀ · dZ, db (O) = Σ dZ
  template <class F, int N>
  static void backward(const Link& link, const T* const* inputs, T* d_inputs, T* gradients) {
    const T* x[N];
    TS_UNROLLED for (int b = 0; b < N; ++b) x[b] = inputs[b];  // one by one, as they were written
    T *slopes = link.slopes, *kept = kSlopeOfValue<F, T> ? link.values : link.kept;
    Vec<T> d[N];
    TS_UNROLLED for (int b = 0; b < N; ++b) {
      d[b] = load(slopes + b * W);
      if constexpr (std::is_same_v<F, Identity>) continue;
      if constexpr (kSlopeOfValue<F, T>)
        d[b] = apart(d[b] * F::template slope_of<T>(load(kept + b * W)));
      else
        d[b] = apart(d[b] * load(kept + b * W));
      if (d_inputs) store(slopes + b * W, d[b]);
    }
    if (d_inputs) {
      Vec<T> sums[N] = {};
      const T* turned = link.turned;
      for (Offset k = 0, count = link.outputs; k < count; ++k, turned += W) {
        const Vec<T> row = load(turned);
        TS_UNROLLED for (int b = 0; b < N; ++b) sums[b] += splat(slopes[b * W + k]) * row;
      }
      TS_UNROLLED for (int b = 0; b < N; ++b) store(d_inputs + b * W, sums[b]);
    }
    T* gradient = gradients + link.weight;
    for (Offset k = 0, count = link.inputs; k < count; ++k, gradient += W) {
      Vec<T> sum{};
      TS_UNROLLED for (int b = 0; b < N; ++b) sum += splat(x[b][k]) * d[b];
      store(gradient, sum);
    }
    if (link.bias < 0) return;
    Vec<T> sum{};
    TS_UNROLLED for (int b = 0; b < N; ++b) sum += d[b];
    store(gradients + link.bias, sum);
  }

  int samples_ = 0;
  std::vector<Link> links_;
  Block<T> room_;
};

}  // namespace thetastar::TS_LEVEL
