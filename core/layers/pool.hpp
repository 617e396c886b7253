// Pooling over windows of an image (largest or mean), over the whole image, and Flatten. Channels stay apart.
#pragma once

#include "conv2d.hpp"

namespace thetastar::TS_LEVEL {

// MaxPool2D and AveragePool2D. Padding never takes part: neither as a maximum nor in the count of a mean.
template <class T, bool Largest>
class Pool2D final : public Layer<T> {
 public:
  Pool2D(Form in, const LayerSpec& s, std::int64_t chosen)
      : Layer<T>(in, window_shape(in.shape, s, in.shape.channels)), chosen_(chosen), y_(rows_of(in.shape, s)),
        x_(columns_of(in.shape, s)) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const Offset ld = this->in_.ld, out_ld = this->out_.ld;  // members would be read again after every store
    T* const indices = Largest ? this->kept(pass, chosen_, this->out_.sample()) : nullptr;
    each_window(pass, [=](Offset out, const Window& window) {
      for (Offset c = 0; c < out_ld; c += kWidth<T>) {
        Vec<T> best{}, chosen{};
        window.each([&](Offset pixel, int index) {
          const Vec<T> value = load(input + pixel * ld + c);
          if (index == 0) {
            best = value;
          } else if constexpr (Largest) {
            const auto better =
                (!(value <= best)) & (best == best);  // the first of equals; one NaN makes the window NaN
            best = better ? value : best;
            chosen = better ? splat(static_cast<T>(index)) : chosen;
          } else {
            best += value;
          }
        });
        if constexpr (Largest)
          store(indices + out * out_ld + c, chosen);
        else
          best *= 1 / static_cast<T>(window.count());
        store(output + out * out_ld + c, best);
      }
    });
  }

  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    if (d_input == nullptr) return;
    const bool tiled = y_.tiles() && x_.tiles();  // each pixel lies in one window, so nothing is added up
    if (!tiled) std::memset(d_input, 0, static_cast<std::size_t>(this->rows_in(pass) * this->d_ld()) * sizeof(T));
    const Offset d_ld = this->d_ld(), out_ld = this->out_.ld;
    const T* const indices = Largest ? this->kept(pass, chosen_, this->out_.sample()) : nullptr;
    each_window(pass, [=](Offset out, const Window& window) {
      for (Offset c = 0; c < out_ld; c += kWidth<T>) {
        Vec<T> d = load(d_output + out * out_ld + c), chosen{};
        if constexpr (Largest)
          chosen = load(indices + out * out_ld + c);
        else
          d *= 1 / static_cast<T>(window.count());
        window.each([&](Offset pixel, int index) {
          T* at = d_input + pixel * d_ld + c;
          const Vec<T> part = Largest ? (chosen == static_cast<T>(index) ? d : Vec<T>{}) : d;
          store(at, tiled ? part : load(at) + part);
        });
      }
    });
  }

 private:
  struct Window {  // the pixels of the input under it, clipped to the image
    Offset first, wide;
    int top, bottom, left, right;
    int count() const { return (bottom - top) * (right - left); }
    template <class F>
    void each(F visit) const {                       // visit(pixel, which of the window's)
      if (bottom - top == 2 && right - left == 2) {  // the usual window: without loops it takes half of the time
        const Offset upper = first + top * wide + left;
        visit(upper, 0), visit(upper + 1, 1), visit(upper + wide, 2), visit(upper + wide + 1, 3);
        return;
      }
      for (int y = top, index = 0; y < bottom; ++y)
        for (int x = left; x < right; ++x) visit(first + y * wide + x, index++);
    }
  };
  template <class F>
  void each_window(const Pass<T>& pass, F visit) const {
    Offset out = 0;
    for (int b = 0; b < pass.batch; ++b)
      for (int oy = 0; oy < y_.output; ++oy)
        for (int ox = 0; ox < x_.output; ++ox, ++out) {
          const int top = oy * y_.stride - y_.before, left = ox * x_.stride - x_.before;
          visit(out,
                Window{static_cast<Offset>(b) * this->in_.shape.positions(), this->in_.shape.width, std::max(top, 0),
                       std::min(top + y_.window, y_.input), std::max(left, 0), std::min(left + x_.window, x_.input)});
        }
  }

  const std::int64_t chosen_;  // in the scratch: which pixel of its window each maximum came from
  const Axis y_, x_;
};

// The mean over all positions: (H, W, C) or (T, C) to (C).
template <class T>
class GlobalAverage final : public Layer<T> {
 public:
  explicit GlobalAverage(Form in) : Layer<T>(in, {1, 1, in.shape.channels}) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const Offset positions = this->in_.shape.positions();
    for (Offset b = 0; b < pass.batch; ++b)
      for (Offset c = 0; c < this->out_.ld; c += kWidth<T>) {
        Vec<T> total{};
        for (Offset p = 0; p < positions; ++p) total += load(input + (b * positions + p) * this->in_.ld + c);
        store(output + b * this->out_.ld + c, total / static_cast<T>(positions));
      }
  }
  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    if (d_input == nullptr) return;
    const Offset positions = this->in_.shape.positions();
    for (Offset b = 0; b < pass.batch; ++b)
      for (Offset p = 0; p < positions; ++p)
        for (Offset c = 0; c < this->out_.ld; c += kWidth<T>)
          store(d_input + (b * positions + p) * this->d_ld() + c,
                load(d_output + b * this->out_.ld + c) / static_cast<T>(positions));
  }
};

// (H, W, C) or (T, C) to one row without the padding between its positions.
template <class T>
class Flatten final : public Layer<T> {
 public:
  explicit Flatten(Form in) : Layer<T>(in, {1, 1, in.shape.size()}) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    each(
        pass,
        [&](Offset narrow, Offset padded, std::size_t bytes) { std::memcpy(output + narrow, input + padded, bytes); },
        this->in_.ld);
  }
  void backward(const Pass<T>& pass, const T*, const T*, T* d_output, T* d_input) const override {
    if (d_input == nullptr) return;
    if (this->d_ld() > this->in_.shape.channels)
      std::memset(d_input, 0, static_cast<std::size_t>(this->rows_in(pass) * this->d_ld()) * sizeof(T));
    each(
        pass,
        [&](Offset narrow, Offset padded, std::size_t bytes) {
          std::memcpy(d_input + padded, d_output + narrow, bytes);
        },
        this->d_ld());
  }

 private:
  template <class F>
  void each(const Pass<T>& pass, F row, Offset ld) const {
    const Offset positions = this->in_.shape.positions(), channels = this->in_.shape.channels;
    for (Offset b = 0; b < pass.batch; ++b)
      for (Offset p = 0; p < positions; ++p)
        row(b * this->out_.ld + p * channels, (b * positions + p) * ld, static_cast<std::size_t>(channels) * sizeof(T));
  }
};

}  // namespace thetastar::TS_LEVEL
