// Conv2D with a window of 3 × 3 and many channels, by Winograd's minimal filtering: 16 multiplications where the sum over the
// taps takes 36 (Winograd 1980; Lavin and Gray 2016).
//
// The output is cut into tiles of 2 × 2 pixels. Each comes from 4 × 4 pixels of the image, which overlap by two:
//
//   V = Bᵀ x B      16 points of a tile, each with I channels      B = [1 0 0 0; 0 1 -1 1; -1 1 1 0; 0 0 0 -1]
//   U = G W Gᵀ      16 points of the weight, each (I, O)           G = [1 0 0; ½ ½ ½; ½ -½ ½; 0 0 1]
//   M = V · U       a product (tiles, I) · (I, O) at every point
//   Z = b + Aᵀ M A                                                 A = [1 0; 1 1; 1 -1; 0 -1]
//
// and the way back is the same in reverse: dM = A dZ Aᵀ, dU = Vᵀ dM, dV = dM Uᵀ, dX = Σ over tiles B dV Bᵀ, dW = Gᵀ dU G.
// All of it takes a few lines of tiles at a time, whose points stay in the second cache. V is made again on the way back,
// which takes less time than fetching it. dU is summed for kSome samples and kept, and dW adds up what is kept, so its bits
// depend neither on the parts of a batch nor on who has which samples.
//
// Outputs of an odd height or width end in tiles of which half is left out.
#pragma once

#include "conv2d.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class WinogradConv2D final : public Layer<T> {
 public:
  static constexpr Offset kSome = 4;  // samples whose dU is one sum; a team's members have whole groups of them
  static constexpr int kPoints = 16, kTaps = 9;

  struct Layout : AffineLayout {
    std::int64_t images = -1;               // in the scratch: the images with their borders; -1: no border
    std::int64_t d_points = 0, d_bias = 0;  // in the scratch: dU of every kSome samples, and db of each
    std::int64_t points = 0;                // in a thread's own room: U, or that of the turned weight
    std::int64_t inputs = 0, outputs = 0;   // V (or dV) and M (or dM) of some tiles
    std::int64_t d_images = 0;              // dX of kSome images inside their borders
  };

  // So many lines of tiles are transformed at a time.
  static Offset lines_at_once(const Tiling& tiling) {
    return std::clamp<Offset>(kTilesAtOnce / tiling.tiles_in_line, 1, kSome * tiling.lines);
  }
  // From one point's (rows, ld) to the next one's. Sixteen that are a multiple of 4 KB apart would meet in one place of the
  // nearest cache.
  static Offset point_size(Offset rows, Offset ld) { return rows * ld + kLine / static_cast<Offset>(sizeof(T)); }
  static Offset some(Offset samples) { return (samples + kSome - 1) / kSome; }

  WinogradConv2D(Form in, const LayerSpec& s, Layout layout)
      : Layer<T>(in, window_shape(in.shape, s, s.units)), activate_(find_activation<T>(s.activation)), at_(layout),
        tiling_(in.shape, s) {}

  void forward(const Pass<T>& pass, const T* input, T* output) const override {
    T *U = pass.own + at_.points, *V = pass.own + at_.inputs, *M = pass.own + at_.outputs;
    weight_to_points(pass.parameters + at_.weight, I(), ld_out(), U);
    const T* images = with_borders(pass, input);
    const T* bias = at_.bias < 0 ? nullptr : pass.parameters + at_.bias;
    each_group(pass, [&](Offset first, Offset count) {
      each_lines(count, [&](Offset from, Offset to) {
        each_line(from, to, [&](Offset i, Offset line, Offset tile) {
          image_to_points(images + (first + i) * image_size(), line, V + tile * ld_in());
        });
        for (int p = 0; p < kPoints; ++p)
          multiply<T>((to - from) * tiling_.tiles_in_line, O(),
                      {{V + p * size_in(), ld_in(), 1, I()},
                       U + p * point_size(I(), ld_out()),
                       ld_out(),
                       M + p * size_out(),
                       ld_out()});
        each_line(from, to, [&](Offset i, Offset line, Offset tile) {
          points_to_output(M + tile * ld_out(), bias, output + (first + i) * this->out_.sample(), line);
        });
      });
      if (!activate_ || activate_.is_relu) return;
      T* Z = output + first * this->out_.sample();
      activate_.forward(Z, Z, pass.keeps && activate_.keeps_slopes ? slopes(pass, first) : nullptr,
                        count * this->out_.sample());
    });
  }

  void backward(const Pass<T>& pass, const T* input, const T* output, T* d_output, T* d_input) const override {
    T *U = pass.own + at_.points, *V = pass.own + at_.inputs, *M = pass.own + at_.outputs,
      *turned = pass.own + at_.transposed;
    if (d_input != nullptr) {
      for (int t = 0; t < kTaps; ++t)
        transpose<T>(static_cast<int>(I()), static_cast<int>(O()), pass.parameters + at_.weight + t * I() * ld_out(),
                     ld_out(), turned + t * O() * ld_in(), ld_in());
      weight_to_points(turned, O(), ld_in(), U);
    }
    const T* images = at_.images < 0 ? input : this->kept(pass, at_.images, image_size());
    each_group(pass, [&](Offset first, Offset count) {
      for (Offset b = first; b < first + count; ++b) {
        T* dZ = d_output + b * this->out_.sample();
        const T* kept = activate_.keeps_slopes ? slopes(pass, b) : output + b * this->out_.sample();
        if (activate_) activate_.backward(kept, dZ, dZ, this->out_.sample());
        if (at_.bias >= 0) sum_pixels<T>(this->out_.shape.positions(), ld_out(), dZ, d_bias(pass) + b * ld_out());
      }
      T* dU = d_points(pass, first);
      T* dX = d_input == nullptr || at_.images >= 0 ? pass.own + at_.d_images : d_input + first * image_size();
      each_lines(count, [&](Offset from, Offset to) {
        const Offset tiles = (to - from) * tiling_.tiles_in_line;
        each_line(from, to, [&](Offset i, Offset line, Offset tile) {
          image_to_points(images + (first + i) * image_size(), line, V + tile * ld_in());
          output_to_points(d_output + (first + i) * this->out_.sample(), line, M + tile * ld_out());
        });
        for (int p = 0; p < kPoints; ++p) {
          multiply<T>(I(), O(),
                      {{V + p * size_in(), 1, ld_in(), tiles},
                       M + p * size_out(),
                       ld_out(),
                       dU + p * point_size(I(), ld_out()),
                       ld_out(),
                       nullptr,
                       from > 0 ? Begin::kAdd : Begin::kZero});
          if (d_input != nullptr)
            multiply<T>(tiles, I(),
                        {{M + p * size_out(), ld_out(), 1, O()},
                         U + p * point_size(O(), ld_in()),
                         ld_in(),
                         V + p * size_in(),
                         ld_in()});
        }
        if (d_input != nullptr)
          each_line(from, to, [&](Offset i, Offset line, Offset tile) {
            points_to_image(V + tile * ld_in(), line, dX + i * image_size());
          });
      });
      if (d_input != nullptr && at_.images >= 0)
        for (Offset i = 0; i < count; ++i)
          bordered().copy_out(dX + i * image_size(), d_input + (first + i) * this->in_.sample());
    });
  }

  Cut cut() const override { return Cut::kLargeBlocks; }
  Offset rows_at_once() const override { return 3 * I(); }
  void gradient(const Pass<T>& pass, const T*, const T*, const ParameterArray& of, Offset from, Offset to,
                T* d_rows) const override {
    if (of.offset == at_.bias) return sum_rows<T>(pass.batch, O(), ld_out(), d_bias(pass), d_rows, pass.adds);
    T* dW = d_rows;
    for (Offset row = from; row < to; ++row, dW += ld_out()) {
      if (!pass.adds) std::fill(dW, dW + ld_out(), T(0));
      const Offset tap = row / I(), channel = row % I();
      for (Offset first = 0; first < pass.batch; first += kSome)
        for (int p = 0; p < kPoints; ++p) {
          const T factor = T(kWeightPoint[p / 4][tap / 3] * kWeightPoint[p % 4][tap % 3]);
          if (factor == T(0)) continue;
          const T* dU = d_points(pass, first) + p * point_size(I(), ld_out()) + channel * ld_out();
          for (Offset j = 0; j < ld_out(); j += kWidth<T>) store(dW + j, load(dW + j) + factor * load(dU + j));
        }
    }
  }

  double multiplications() const override {
    return static_cast<double>(tiling_.tiles() * kPoints * I()) * static_cast<double>(O());
  }

 private:
  static constexpr double kWeightPoint[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};  // G
  using V4 = Vec<T>[4];

  // visit(its first sample, how many): groups of kSome samples
  template <class F>
  void each_group(const Pass<T>& pass, F visit) const {
    for (Offset first = 0; first < pass.batch; first += kSome)
      visit(first, std::min<Offset>(kSome, pass.batch - first));
  }
  // visit(from, to): some lines of tiles of these images
  template <class F>
  void each_lines(Offset images, F visit) const {
    const Offset all = images * tiling_.lines, at_once = lines_at_once(tiling_);
    for (Offset from = 0; from < all; from += at_once) visit(from, std::min(from + at_once, all));
  }
  // visit(which image, its line of tiles, the first tile's place among those at hand)
  template <class F>
  void each_line(Offset from, Offset to, F visit) const {
    for (Offset n = from; n < to; ++n) visit(n / tiling_.lines, n % tiling_.lines, (n - from) * tiling_.tiles_in_line);
  }
  Bordered bordered() const {
    return {this->in_, tiling_.bordered_width, tiling_.before_y, tiling_.before_x, image_size()};
  }
  const T* with_borders(const Pass<T>& pass, const T* input) const {
    if (at_.images < 0) return input;
    T* copies = this->kept(pass, at_.images, image_size());
    bordered().copy_in(pass.batch, input, copies);
    return copies;
  }

  // U (16, rows, ld) of a weight (9, rows, ld)
  static void weight_to_points(const T* weight, Offset rows, Offset ld, T* U) {
    const Offset size = rows * ld, point = point_size(rows, ld);
    const auto along = [](Vec<T> a, Vec<T> b, Vec<T> c, V4& out) {
      const Vec<T> ends = T(0.5) * (a + c), middle = T(0.5) * b;
      out[0] = a, out[1] = ends + middle, out[2] = ends - middle, out[3] = c;
    };
    for (Offset at = 0; at < size; at += kWidth<T>) {
      const auto tap = [&](int y, int x) { return load(weight + (3 * y + x) * size + at); };
      V4 columns[3];
      TS_UNROLLED for (int x = 0; x < 3; ++x) along(tap(0, x), tap(1, x), tap(2, x), columns[x]);
      TS_UNROLLED for (int y = 0; y < 4; ++y) {
        V4 row;
        along(columns[0][y], columns[1][y], columns[2][y], row);
        TS_UNROLLED for (int x = 0; x < 4; ++x) store(U + (4 * y + x) * point + at, row[x]);
      }
    }
  }

  // V of a line of tiles. The left half of a tile is the right half of the one before.
  void image_to_points(const T* image, Offset line, T* V) const {
    const Offset ld = ld_in(), wide = tiling_.bordered_width * ld, point = size_in(), tiles = tiling_.tiles_in_line;
    const auto along = [](Vec<T> a, Vec<T> b, Vec<T> c, Vec<T> d, V4& out) {
      out[0] = a - c, out[1] = b + c, out[2] = c - b, out[3] = b - d;
    };
    for (Offset j = 0; j < ld; j += kWidth<T>) {
      const T* pixel = image + 2 * line * wide + j;
      T* to = V + j;
      V4 columns[4];
      const auto column = [&](V4& out) {
        along(load(pixel), load(pixel + wide), load(pixel + 2 * wide), load(pixel + 3 * wide), out);
        pixel += ld;
      };
      column(columns[0]);
      column(columns[1]);
      for (Offset tile = 0; tile < tiles; ++tile, to += ld) {
        column(columns[2]);
        column(columns[3]);
        TS_UNROLLED for (int y = 0; y < 4; ++y) {
          V4 row;
          along(columns[0][y], columns[1][y], columns[2][y], columns[3][y], row);
          TS_UNROLLED for (int x = 0; x < 4; ++x) store(to + (4 * y + x) * point, row[x]);
          columns[0][y] = columns[2][y];
          columns[1][y] = columns[3][y];
        }
      }
    }
  }
  // dX of what a line of tiles sees, from dV: the line before has left its part in the upper two rows of pixels.
  void points_to_image(const T* dV, Offset line, T* image) const {
    const Offset ld = ld_in(), wide = tiling_.bordered_width * ld, point = size_in(), tiles = tiling_.tiles_in_line;
    const auto along = [](Vec<T> a, Vec<T> b, Vec<T> c, Vec<T> d, V4& out) {
      out[0] = a, out[1] = b - c + d, out[2] = b + c - a, out[3] = -d;
    };
    for (Offset j = 0; j < ld; j += kWidth<T>) {
      T* pixel = image + 2 * line * wide + j;
      const T* from = dV + j;
      V4 before[2] = {};  // columns that the tile before has left
      const auto put = [&](V4& column) {
        TS_UNROLLED for (int y = 0; y < 4; ++y)
            store(pixel + y * wide, y < 2 && line > 0 ? load(pixel + y * wide) + column[y] : column[y]);
        pixel += ld;
      };
      for (Offset tile = 0; tile < tiles; ++tile, from += ld) {
        V4 rows[4], columns[4];
        const auto load_point = [&](int y, int x) { return load(from + (4 * y + x) * point); };
        TS_UNROLLED for (int y = 0; y < 4; ++y)
            along(load_point(y, 0), load_point(y, 1), load_point(y, 2), load_point(y, 3), rows[y]);
        TS_UNROLLED for (int x = 0; x < 4; ++x) along(rows[0][x], rows[1][x], rows[2][x], rows[3][x], columns[x]);
        TS_UNROLLED for (int y = 0; y < 4; ++y) {
          columns[0][y] += before[0][y];
          columns[1][y] += before[1][y];
          before[0][y] = columns[2][y];
          before[1][y] = columns[3][y];
        }
        put(columns[0]);
        put(columns[1]);
      }
      put(before[0]);
      put(before[1]);
    }
  }

  // Z of a line of tiles, with the bias and the rectifier.
  void points_to_output(const T* M, const T* bias, T* Z, Offset line) const {
    const Offset ld = ld_out(), wide = tiling_.width * ld, point = size_out(), tiles = tiling_.tiles_in_line;
    const bool below = 2 * line + 1 < tiling_.height, rectifies = activate_.is_relu;
    for (Offset j = 0; j < ld; j += kWidth<T>) {
      const Vec<T> start = bias ? load(bias + j) : Vec<T>{};
      T* pixel = Z + 2 * line * wide + j;
      const auto put = [&](T* to, Vec<T> z) { store(to, rectifies ? max(Vec<T>{}, z) : z); };
      for (Offset tile = 0; tile < tiles; ++tile, pixel += 2 * ld) {
        const auto load_point = [&](int y, int x) { return load(M + (4 * y + x) * point + tile * ld + j); };
        V4 upper, lower;
        TS_UNROLLED for (int x = 0; x < 4; ++x) {
          const Vec<T> b = load_point(1, x), c = load_point(2, x);
          upper[x] = load_point(0, x) + b + c;
          lower[x] = b - c - load_point(3, x);
        }
        const bool right = 2 * tile + 1 < tiling_.width;
        put(pixel, start + upper[0] + upper[1] + upper[2]);
        if (right) put(pixel + ld, start + upper[1] - upper[2] - upper[3]);
        if (below) put(pixel + wide, start + lower[0] + lower[1] + lower[2]);
        if (below && right) put(pixel + wide + ld, start + lower[1] - lower[2] - lower[3]);
      }
    }
  }
  // dM of a line of tiles
  void output_to_points(const T* dZ, Offset line, T* dM) const {
    const Offset ld = ld_out(), wide = tiling_.width * ld, point = size_out(), tiles = tiling_.tiles_in_line;
    const bool below = 2 * line + 1 < tiling_.height;
    for (Offset j = 0; j < ld; j += kWidth<T>) {
      const T* pixel = dZ + 2 * line * wide + j;
      T* to = dM + j;
      for (Offset tile = 0; tile < tiles; ++tile, pixel += 2 * ld, to += ld) {
        const bool right = 2 * tile + 1 < tiling_.width;
        const Vec<T> zero{}, upper[2] = {load(pixel), right ? load(pixel + ld) : zero};
        const Vec<T> lower[2] = {below ? load(pixel + wide) : zero, below && right ? load(pixel + wide + ld) : zero};
        const auto put = [&](int y, Vec<T> a, Vec<T> b) {
          T* row = to + 4 * y * point;
          store(row, a);
          store(row + point, a + b);
          store(row + 2 * point, a - b);
          store(row + 3 * point, -b);
        };
        put(0, upper[0], upper[1]);
        put(1, upper[0] + lower[0], upper[1] + lower[1]);
        put(2, upper[0] - lower[0], upper[1] - lower[1]);
        put(3, -lower[0], -lower[1]);
      }
    }
  }

  Offset image_size() const { return tiling_.bordered() * ld_in(); }
  Offset size_in() const { return point_size(lines_at_once(tiling_) * tiling_.tiles_in_line, ld_in()); }
  Offset size_out() const { return point_size(lines_at_once(tiling_) * tiling_.tiles_in_line, ld_out()); }
  T* d_points(const Pass<T>& pass, Offset sample) const {
    return pass.scratch + at_.d_points + (pass.first + sample) / kSome * kPoints * point_size(I(), ld_out());
  }
  T* d_bias(const Pass<T>& pass) const { return this->kept(pass, at_.d_bias, ld_out()); }
  T* slopes(const Pass<T>& pass, Offset b) const {
    return this->kept(pass, at_.slope, this->out_.sample()) + b * this->out_.sample();
  }
  Offset I() const { return this->in_.shape.channels; }
  Offset O() const { return this->out_.shape.channels; }
  Offset ld_in() const { return this->in_.ld; }
  Offset ld_out() const { return this->out_.ld; }

  const Activated<T> activate_;
  const Layout at_;
  const Tiling tiling_;
};

}  // namespace thetastar::TS_LEVEL
