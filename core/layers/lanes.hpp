// Images with few channels, with a sample in every lane: memory is (groups of kWidth samples, pixels, channels, lanes). Networks
// whose convolutions would leave most lanes empty (one grey channel, six filters) begin in this form and leave it at Flatten or
// GlobalAverage. Lanes beyond the batch hold zeros at the input, and zeros where gradients come in.
#pragma once

#include "../kernels/lanes.hpp"
#include "pool.hpp"
#include "winograd.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
Form lane_form(Shape shape) {
  return {shape, shape.channels, kWidth<T>};
}
// The same memory as an image with kWidth times as many channels, one image a group: what acts on channels alone needs no other form.
template <class T>
Form widened(Form form) {
  form.shape.channels *= kWidth<T>;
  form.ld = form.shape.channels;
  form.lanes = 1;
  return form;
}
template <class T>
Pass<T> of_groups(Pass<T> pass) {
  pass.batch = (pass.batch + kWidth<T> - 1) / kWidth<T>;
  pass.first /= kWidth<T>;
  return pass;
}

// Pooling and activations: the layer itself, on groups.
template <class T>
class InLanes final : public Layer<T> {
 public:
  InLanes(Form in, std::unique_ptr<Layer<T>> layer)
      : Layer<T>(in, {layer->out().shape.height, layer->out().shape.width, in.shape.channels}, in.lanes),
        layer_(std::move(layer)) {}
  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    layer_->forward(of_groups(pass), input, output);
  }
  void backward(const Pass<T>& pass, const T* input, const T* output, T* d_output, T* d_input) const override {
    layer_->backward(of_groups(pass), input, output, d_output, d_input);
  }

 private:
  const std::unique_ptr<Layer<T>> layer_;
};

template <class T>
class LaneConv2D final : public Layer<T> {
 public:
  struct Layout {
    std::int64_t weight = 0, bias = -1;   // in the parameters
    std::int64_t slope = 0, images = -1;  // in the scratch: f'(Z); the images with their borders, or -1
    std::int64_t sums = 0,
                 d_image = 0;  // in a thread's own room: dW before its lanes are summed; dX of a group with its border
  };
  LaneConv2D(Form in, const LayerSpec& s, Layout layout)
      : Layer<T>(in, window_shape(in.shape, s, s.units), in.lanes), activate_(find_activation<T>(s.activation)),
        at_(layout), groups_(s.groups), ld_(padded<T>(s.units)), y_(rows_of(in.shape, s)), x_(columns_of(in.shape, s)) {
    const Offset pixel = I() * W;
    for (Offset oy = 0; oy < y_.output; ++oy)
      for (Offset ox = 0; ox < x_.output; ++ox) {
        rows_.push_back((oy * y_.stride * x_.bordered + ox * x_.stride) * pixel);
        d_rows_.push_back((oy * x_.output + ox) * O() * W);
      }
    for (Offset ky = 0; ky < y_.window; ++ky)
      for (Offset kx = 0; kx < x_.window; ++kx)
        for (Offset c = 0; c < I() / groups_; ++c)
          entries_.push_back((ky * y_.dilation * x_.bordered + kx * x_.dilation) * pixel + c * W);
    for (Offset f = 0; f < O() / groups_; ++f) d_columns_.push_back(f * W);
  }

  void forward(const Pass<T>& samples, const T* input, T* output) const override {
    const Pass<T> pass = of_groups(samples);
    const T *images = with_borders(pass, input), *weight = pass.parameters + at_.weight;
    const T* bias = at_.bias < 0 ? nullptr : pass.parameters + at_.bias;
    for (Offset b = 0; b < pass.batch; ++b)
      for (Offset g = 0; g < groups_; ++g)
        multiply_lanes<T>(pixels(), O() / groups_,
                          {images + b * image() + g * (I() / groups_) * W, rows_.data(), entries_.data(), K(),
                           weight + g * (O() / groups_), ld_, 1, output + b * out() + g * (O() / groups_) * W, nullptr,
                           O() * W, bias ? bias + g * (O() / groups_) : nullptr, bias ? Begin::kBias : Begin::kZero});
    if (activate_)
      activate_.forward(output, output, pass.keeps && activate_.keeps_slopes ? slope(pass) : nullptr,
                        pass.batch * out());
  }

  void backward(const Pass<T>& samples, const T*, const T* output, T* d_output, T* d_input) const override {
    const Pass<T> pass = of_groups(samples);
    if (activate_)
      activate_.backward(activate_.keeps_slopes ? slope(pass) : output, d_output, d_output, pass.batch * out());
    if (d_input == nullptr) return;
    const Offset channels = I() / groups_, filters = O() / groups_, size = this->in_.shape.size() * W;
    for (Offset b = 0; b < pass.batch; ++b) {
      T *d_inside = d_input + b * size, *d_image = at_.images < 0 ? d_inside : pass.own + at_.d_image;
      std::memset(d_image, 0, static_cast<std::size_t>(image()) * sizeof(T));
      for (Offset t = 0; t < taps(); ++t)
        for (Offset g = 0; g < groups_; ++g)
          multiply_lanes<T>(pixels(), channels,
                            {d_output + b * out() + g * filters * W, d_rows_.data(), d_columns_.data(), filters,
                             pass.parameters + at_.weight + t * channels * ld_ + g * filters, 1, ld_,
                             d_image + entries_[static_cast<std::size_t>(t * channels)] + g * channels * W,
                             rows_.data(), 0, nullptr, Begin::kAdd});
      if (at_.images < 0) continue;
      bordered().copy_out(d_image, d_inside);
    }
  }

  // Group by group the lanes are summed, so the order does not depend on how many groups pass together.
  void gradient(const Pass<T>& samples, const T* input, const T* dZ, const ParameterArray& of, Offset from, Offset to,
                T* d_rows) const override {
    const Pass<T> pass = of_groups(samples);
    if (of.offset == at_.bias) return bias_gradient(pass, dZ, d_rows);
    const T* images = at_.images < 0 ? input : this->kept(pass, at_.images, image());
    T* sums = pass.own + at_.sums;
    const Offset filters = O() / groups_, lines = lines_at_once();
    for (Offset b = 0; b < pass.batch; ++b)
      for (Offset g = 0; g < groups_; ++g) {
        for (Offset y = 0; y < y_.output; y += lines) {
          const Offset first = y * x_.output, count = std::min<Offset>(lines, y_.output - y) * x_.output;
          correlate_lanes<T>(
              to - from, filters,
              {images + b * image() + g * (I() / groups_) * W, rows_.data() + first, entries_.data() + from, count,
               dZ + b * out() + first * O() * W + g * filters * W, O() * W, sums, filters * W, y > 0});
        }
        const bool adds = b > 0 || pass.adds;
        for (Offset k = from; k < to; ++k) {
          const T* of_row = sums + (k - from) * filters * W;
          T* numbers = d_rows + (k - from) * ld_ + g * filters;
          if (filters % W == 0)
            for (Offset f = 0; f < filters; f += W)
              store(numbers + f, add_to(adds, load(numbers + f), sums_of_lanes<T>(of_row + f * W)));
          else
            for (Offset f = 0; f < filters; ++f) numbers[f] = add_to(adds, numbers[f], sum<T>(load(of_row + f * W)));
        }
      }
  }

  double multiplications() const override { return static_cast<double>(pixels() * K()) * static_cast<double>(O()); }

 private:
  static constexpr Offset W = kWidth<T>;

  template <class V>
  static V add_to(bool adds, V number, V total) {
    return adds ? number + total : total;
  }
  void bias_gradient(const Pass<T>& pass, const T* dZ, T* gradient) const {
    for (Offset f = 0; f < O(); ++f) {
      T total = pass.adds ? gradient[f] : T(0);
      for (Offset b = 0; b < pass.batch; ++b) {
        Vec<T> lanes{};
        for (Offset p = 0; p < pixels(); ++p) lanes += load(dZ + b * out() + (p * O() + f) * W);
        total += sum<T>(lanes);
      }
      gradient[f] = total;
    }
  }
  // So many lines of dZ that they stay in the nearest cache for all entries of the window.
  Offset lines_at_once() const {
    return std::max<Offset>(1, kNearBytes / (x_.output * std::min<Offset>(O(), kCorrelationColumns) * kVectorBytes));
  }

  const T* with_borders(const Pass<T>& pass, const T* input) const {
    if (at_.images < 0) return input;
    T* copies = this->kept(pass, at_.images, image());
    bordered().copy_in(pass.batch, input, copies);
    return copies;
  }
  Bordered bordered() const { return {widened<T>(this->in_), x_.bordered, y_.before, x_.before, image()}; }
  T* slope(const Pass<T>& pass) const { return this->kept(pass, at_.slope, out()); }
  Offset image() const { return static_cast<Offset>(y_.bordered) * x_.bordered * I() * W; }  // numbers of a group
  Offset out() const { return this->out_.shape.size() * W; }
  Offset I() const { return this->in_.shape.channels; }
  Offset O() const { return this->out_.shape.channels; }
  Offset K() const { return static_cast<Offset>(entries_.size()); }
  Offset taps() const { return static_cast<Offset>(y_.window) * x_.window; }
  Offset pixels() const { return static_cast<Offset>(rows_.size()); }

  const Activated<T> activate_;
  const Layout at_;
  const Offset groups_, ld_;  // ld_: from one row of the weight to the next
  const Axis y_, x_;
  // Offsets: of every output pixel's window, and in dZ; of a window's numbers; of a pixel's filters.
  std::vector<Offset> rows_, d_rows_, entries_, d_columns_;
};

// Out of the lanes: a row a sample, as Flatten has it.
template <class T>
class FlattenLanes final : public Layer<T> {
 public:
  explicit FlattenLanes(Form in) : Layer<T>(in, {1, 1, in.shape.size()}) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    each_group(pass, [&](int first, int count) {
      transpose<T>(numbers(), count, input + first * numbers(), W, output + first * this->out_.ld, this->out_.ld);
    });
  }
  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    if (d_input == nullptr) return;
    each_group(pass, [&](int first, int count) {
      transpose<T>(count, numbers(), d_output + first * this->out_.ld, this->out_.ld, d_input + first * numbers(), W);
    });
  }

 private:
  static constexpr int W = kWidth<T>;
  int numbers() const { return this->in_.shape.size(); }
  template <class F>
  void each_group(const Pass<T>& pass, F visit) const {
    for (int first = 0; first < pass.batch; first += W) visit(first, std::min(W, pass.batch - first));
  }
};

// The mean over all pixels, and out of the lanes.
template <class T>
class GlobalAverageLanes final : public Layer<T> {
 public:
  explicit GlobalAverageLanes(Form in) : Layer<T>(in, {1, 1, in.shape.channels}) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    each(pass, [&](Offset first, Offset count, Offset c) {
      Vec<T> total{};
      for (Offset p = 0; p < positions(); ++p)
        total += load(input + first * this->in_.shape.size() + (p * C() + c) * W);
      total /= static_cast<T>(positions());
      for (Offset i = 0; i < count; ++i) output[(first + i) * this->out_.ld + c] = total[i];
    });
  }
  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    if (d_input == nullptr) return;
    each(pass, [&](Offset first, Offset count, Offset c) {
      Vec<T> d{};
      for (Offset i = 0; i < count; ++i) d[i] = d_output[(first + i) * this->out_.ld + c] / static_cast<T>(positions());
      for (Offset p = 0; p < positions(); ++p) store(d_input + first * this->in_.shape.size() + (p * C() + c) * W, d);
    });
  }

 private:
  static constexpr Offset W = kWidth<T>;
  Offset C() const { return this->in_.shape.channels; }
  Offset positions() const { return this->in_.shape.positions(); }
  template <class F>
  void each(const Pass<T>& pass, F visit) const {
    for (Offset first = 0; first < pass.batch; first += W)
      for (Offset c = 0; c < C(); ++c) visit(first, std::min<Offset>(W, pass.batch - first), c);
  }
};

}  // namespace thetastar::TS_LEVEL
