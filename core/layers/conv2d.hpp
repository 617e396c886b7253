// Conv2D: a small dense layer moved over an image, channels last. Y[p] = f(b + Σ_t X[p · stride + t · dilation] W[t])
// for every output pixel p and every tap t of the window.
//
// Image by image (several small images together), each product reads the image itself through offsets (kernels/window.hpp);
// patches are never copied:
//   Z  (pixels, O)     = b + windows (pixels, taps·I) · W (taps·I, O)
//   dW (taps·I, O)     = windowsᵀ · dZ (pixels, O)                           summed over the images
//   dX (pixels, I)     = windows of dZ (pixels, taps·O) · W' (taps·O, I)     W'[t] = W[last - t]ᵀ; a product for each
//                        kind of pixel, namely those that the same taps reach: inside, at a border, between two strides
// "same" padding copies the images into borders of zeros first. Groups: W is spread to all channels with zeros, which
// costs `groups` times the arithmetic and keeps one kernel.
//
// Windows of 3 × 3 over many channels take fewer multiplications in winograd.hpp.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "../kernels/window.hpp"
#include "affine.hpp"

namespace thetastar::TS_LEVEL {

// Where images lie inside borders that stay zero from the start: the image's form, and the place of its first pixel.
struct Bordered {
  Form image;
  Offset width, before_y, before_x, size;  // of the bordered image: pixels of a line; and its numbers
  // visit(where a line begins there, where in the image itself, its numbers)
  template <class F>
  void each_line(F visit) const {
    const Offset numbers = image.shape.width * image.ld;
    for (Offset y = 0; y < image.shape.height; ++y)
      visit(((y + before_y) * width + before_x) * image.ld, y * numbers, numbers);
  }
  template <class T>
  void copy_in(Offset batch, const T* images, T* copies) const {
    for (Offset b = 0; b < batch; ++b)
      each_line([&](Offset inside, Offset line, Offset numbers) {
        std::memcpy(copies + b * size + inside, images + b * image.sample() + line,
                    static_cast<std::size_t>(numbers) * sizeof(T));
      });
  }
  template <class T>
  void copy_out(const T* copy, T* to) const {  // of one image
    each_line([&](Offset inside, Offset line, Offset numbers) {
      std::memcpy(to + line, copy + inside, static_cast<std::size_t>(numbers) * sizeof(T));
    });
  }
};

template <class T>
class Conv2D final : public Layer<T> {
 public:
  struct Layout : AffineLayout {
    std::int64_t images = -1;                 // in the scratch: the images with their borders; -1: no border
    std::int64_t spread = -1, d_spread = -1;  // in a thread's own room: W and dW over all groups; -1: one group
    std::int64_t d_bias = 0;                  // in the scratch: db of each image
  };
  static bool has_border(const Shape& in, const LayerSpec& s) { return bordered(in, s) != in.positions(); }
  static Offset bordered(const Shape& in, const LayerSpec& s) {
    return static_cast<Offset>(rows_of(in, s).bordered) * columns_of(in, s).bordered;
  }

  Conv2D(Form in, const LayerSpec& s, Layout layout)
      : Layer<T>(in, window_shape(in.shape, s, s.units)), activate_(find_activation<T>(s.activation)), at_(layout),
        groups_(s.groups), y_(rows_of(in.shape, s)), x_(columns_of(in.shape, s)) {
    const Offset ld = in.ld, wide = x_.bordered;
    for (Offset b = 0; b < together_; ++b)
      for (Offset oy = 0; oy < y_.output; ++oy) {
        lines_.push_back(b * image_size() + oy * y_.stride * wide * ld);
        for (Offset ox = 0; ox < x_.output; ++ox) windows_.push_back(lines_.back() + ox * x_.stride * ld);
      }
    for (int ky = 0; ky < y_.window; ++ky)
      for (int kx = 0; kx < x_.window; ++kx) {
        const Offset tap = (ky * y_.dilation * wide + kx * x_.dilation) * ld;
        for (int c = 0; c < in.shape.channels; ++c) entries_.push_back(tap + c);
        if (kx == 0 || x_.dilation > 1 || ld > I()) starts_.push_back(tap);  // else it lies right behind the tap before
      }
    for (const auto& [ys, lines] : kinds(y_))
      for (const auto& [xs, line] : kinds(x_)) kinds_.push_back(kind(ys, lines, xs, line));
  }

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    const T* W = spread_weight(pass);
    const T* bias = at_.bias < 0 ? nullptr : pass.parameters + at_.bias;
    const T* images = with_borders(pass, input);
    each_some(pass, [&](Offset b, Offset some) {
      T* Z = output + b * this->out_.sample();
      multiply_windows<T>(
          some * pixels(), O(),
          {images + b * image_size(), windows_.data(), 1, K() / count(starts_), count(starts_), starts_.data(), W,
           ld_out(), Z, ld_out(), bias, bias ? Begin::kBias : Begin::kZero, activate_.is_relu});
      if (!activate_ || activate_.is_relu) return;
      T* kept = pass.keeps && activate_.keeps_slopes ? slopes(pass, b) : nullptr;
      activate_.forward(Z, Z, kept, some * this->out_.sample());
    });
  }

  void backward(const Pass<T>& pass, const T*, const T* output, T* d_output, T* d_input) const override {
    T* turned = pass.own + at_.transposed;  // (taps · O, I)
    if (d_input != nullptr) {
      const T* W = spread_weight(pass);
      for (Offset t = 0; t < taps(); ++t)
        transpose<T>(static_cast<int>(I()), static_cast<int>(O()), W + t * I() * ld_out(), ld_out(),
                     turned + (taps() - 1 - t) * O() * this->d_ld(), this->d_ld());
    }
    each_some(pass, [&](Offset b, Offset some) {
      T* dZ = d_output + b * this->out_.sample();
      const T* kept = activate_.keeps_slopes ? slopes(pass, b) : output + b * this->out_.sample();
      for (Offset i = 0; i < some; ++i) {
        T* image = dZ + i * this->out_.sample();
        if (activate_) activate_.backward(kept + i * this->out_.sample(), image, image, this->out_.sample());
        if (at_.bias >= 0)
          sum_pixels<T>(pixels(), ld_out(), image, d_bias(pass) + (b + i) * ld_out());  // while dZ is in the cache
      }
      if (d_input == nullptr) return;
      T* dX = d_input + b * this->in_.shape.positions() * this->d_ld();
      for (const Kind& kind : kinds_)
        multiply_windows<T>(count(kind.to) / together_ * some, I(),
                            {dZ, kind.from.data(), 1, kind.length, count(kind.starts), kind.starts.data(), turned,
                             this->d_ld(), dX, 0, nullptr, Begin::kZero, false, kind.weights.data(), kind.to.data()});
    });
  }

  // dW: a few lines of an image at a time, so that they are in the nearest cache for all rows of W.
  Cut cut() const override { return groups_ == 1 ? Cut::kLargeBlocks : Cut::kWhole; }
  void gradient(const Pass<T>& pass, const T* input, const T* dZ, const ParameterArray& of, Offset from, Offset to,
                T* d_rows) const override {
    if (of.offset == at_.bias) return sum_rows<T>(pass.batch, O(), ld_out(), d_bias(pass), d_rows, pass.adds);
    T* dW = groups_ == 1 ? d_rows : pass.own + at_.d_spread;
    if (groups_ > 1) {
      from = 0, to = K();
      if (pass.adds) spread(d_rows, dW);
    }
    const T* images = at_.images < 0 ? input : this->kept(pass, at_.images, image_size());
    const Offset lines = lines_at_once();
    each_some(pass, [&](Offset b, Offset some) {
      for (Offset y = 0; y < some * y_.output; y += lines)
        multiply_windows<T>(to - from, O(),
                            {images + b * image_size(), entries_.data() + from, x_.stride * this->in_.ld, x_.output,
                             std::min<Offset>(lines, some * y_.output - y), lines_.data() + y,
                             dZ + b * this->out_.sample() + y * x_.output * ld_out(), ld_out(), dW, ld_out(), nullptr,
                             y > 0 || b > 0 || pass.adds ? Begin::kAdd : Begin::kZero});
    });
    if (groups_ > 1) gather(dW, d_rows);
  }

  double multiplications() const override {
    return static_cast<double>(pixels() * taps() * I()) * static_cast<double>(O()) / groups_;
  }

 private:
  // Some images at a time: one, or as many small ones as give a product enough rows.
  template <class F>
  void each_some(const Pass<T>& pass, F visit) const {
    for (Offset b = 0; b < pass.batch; b += together_) visit(b, std::min<Offset>(together_, pass.batch - b));
  }

  // The images themselves, or copies of them inside borders.
  const T* with_borders(const Pass<T>& pass, const T* input) const {
    if (at_.images < 0) return input;
    T* copies = this->kept(pass, at_.images, image_size());
    Bordered{this->in_, x_.bordered, y_.before, x_.before, image_size()}.copy_in(pass.batch, input, copies);
    return copies;
  }
  // Pixels of the input that the same taps reach. A product over these alone multiplies no zeros around dZ or between its pixels.
  struct Kind {
    std::vector<Offset> from, to;  // of every pixel: where the first pixel of dZ lies that looks at it, and its dX
    std::vector<Offset> starts, weights;  // of every run: how far from there it begins, and with which row of W'
    Offset length = 0;  // of a run: the numbers of one tap, or of all taps of a line where they lie side by side
  };
  // Along one axis: the taps that reach an input, each with its output counted from the first → those inputs, each with its
  // first output.
  using Reach = std::vector<std::pair<int, int>>;
  static std::map<Reach, Reach> kinds(const Axis& axis) {
    std::map<Reach, Reach> all;
    for (int i = 0; i < axis.input; ++i) {
      Reach reach;
      int first = 0;
      for (int k = axis.window - 1; k >= 0; --k) {
        const int place = i + axis.before - k * axis.dilation, output = place / axis.stride;
        if (place < 0 || place % axis.stride != 0 || output >= axis.output) continue;
        if (reach.empty()) first = output;
        reach.emplace_back(k, output - first);
      }
      all[reach].emplace_back(i, first);
    }
    return all;
  }
  Kind kind(const Reach& ys, const Reach& lines, const Reach& xs, const Reach& line) const {
    Kind kind;
    for (Offset b = 0; b < together_; ++b)
      for (const auto& [iy, oy] : lines)
        for (const auto& [ix, ox] : line) {
          kind.to.push_back(((b * y_.input + iy) * x_.input + ix) * this->d_ld());
          kind.from.push_back(((b * y_.output + oy) * x_.output + ox) * ld_out());
        }
    const bool joined = x_.stride == 1 && x_.dilation == 1 && ld_out() == O();  // taps that lie side by side
    kind.length = (joined ? static_cast<Offset>(xs.size()) : 1) * O();
    for (const auto& [ky, oy] : ys)
      for (const auto& [kx, ox] : xs) {
        if (joined && ox > 0) continue;
        kind.starts.push_back((oy * x_.output + ox) * ld_out());
        kind.weights.push_back((taps() - 1 - (ky * x_.window + kx)) * O());
      }
    return kind;
  }
  // With groups, channel c of the input meets only the outputs of its own group.
  const T* spread_weight(const Pass<T>& pass) const {
    const T* weight = pass.parameters + at_.weight;
    if (at_.spread < 0) return weight;
    T* wide = pass.own + at_.spread;
    spread(weight, wide);
    return wide;
  }
  void spread(const T* weight, T* wide) const {
    each_group_row([&](Offset narrow, Offset whole, Offset from, Offset count) {
      std::memcpy(wide + whole + from, weight + narrow + from, static_cast<std::size_t>(count) * sizeof(T));
    });
  }
  void gather(const T* wide, T* weight) const {
    each_group_row([&](Offset narrow, Offset whole, Offset from, Offset count) {
      std::memcpy(weight + narrow + from, wide + whole + from, static_cast<std::size_t>(count) * sizeof(T));
    });
  }
  template <class F>
  void each_group_row(F row) const {
    const Offset channels = I() / groups_, filters = O() / groups_;
    for (Offset t = 0; t < taps(); ++t)
      for (Offset c = 0; c < I(); ++c)
        row((t * channels + c % channels) * ld_out(), (t * I() + c) * ld_out(), c / channels * filters, filters);
  }

  // So many lines of dZ that a panel of them stays in the nearest cache for all rows of W.
  Offset lines_at_once() const {
    const Offset panel = std::min<Offset>(ld_out(), kWindowColumns * kWidth<T>) * static_cast<Offset>(sizeof(T));
    return std::max<Offset>(1, kNearBytes / (x_.output * panel));
  }
  T* d_bias(const Pass<T>& pass) const { return this->kept(pass, at_.d_bias, ld_out()); }
  T* slopes(const Pass<T>& pass, Offset b) const {
    return this->kept(pass, at_.slope, this->out_.sample()) + b * this->out_.sample();
  }
  Offset image_size() const { return static_cast<Offset>(y_.bordered) * x_.bordered * this->in_.ld; }
  Offset I() const { return this->in_.shape.channels; }
  Offset O() const { return this->out_.shape.channels; }
  Offset ld_out() const { return this->out_.ld; }
  Offset pixels() const { return this->out_.shape.positions(); }
  Offset taps() const { return static_cast<Offset>(y_.window) * x_.window; }
  Offset K() const { return static_cast<Offset>(entries_.size()); }
  static Offset count(const std::vector<Offset>& offsets) { return static_cast<Offset>(offsets.size()); }

  const Activated<T> activate_;
  const Layout at_;
  const int groups_;
  const Axis y_, x_;
  const Offset together_ =
      std::max<Offset>(1, kSmallImages / std::max(this->in_.shape.positions(), this->out_.shape.positions()));
  // Offsets: of every output pixel's window and of its lines, of a window's numbers and of its runs (taps side by side).
  std::vector<Offset> windows_, lines_, entries_, starts_;
  std::vector<Kind> kinds_;
};

}  // namespace thetastar::TS_LEVEL
