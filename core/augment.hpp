// Augmentation: in training, every image is moved by one random affine map, sometimes mirrored, with Gaussian noise on top.
// What an image becomes depends on (seed, epoch, its row of X) alone.
//
// The map goes backwards: the pixel (x, y) of the result is read at (x', y') of the image, between four pixels. With
// u, v the distances from the centre, negated where the image is mirrored, and zoom, angle, shear, move drawn evenly:
//
//   u' = u + tan(shear) v;  x' = centre + move_x + (cos u' - sin v) / zoom;  y' = centre + move_y + (sin u' + cos v) / zoom
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

#include "rng.hpp"
#include "spec.hpp"

namespace thetastar::TS_LEVEL {

// Two normal numbers of two words of 32 bits, by Box and Muller: r = √(-2 ln u), then r cos and r sin of an even angle.
// float32 has its own logarithm, sine and cosine, free of branches, so that the compiler turns the loop into vectors.
inline void two_normals(Pair bits, double& first, double& second) {
  const double u = (bits.first + 0.5) * 0x1p-32,
               angle = static_cast<std::int32_t>(bits.second) * 0x1p-31 * 3.14159265358979323846;
  const double r = std::sqrt(-2 * std::log(u));
  first = r * std::cos(angle);
  second = r * std::sin(angle);
}
[[gnu::always_inline]] inline void two_normals(Pair bits, float& first, float& second) {
  // u = 2^e m with m from √½ to √2; ln m = 2 artanh(s), whose series ends after s⁹ with an error below 1e-8
  const float u = (static_cast<float>(static_cast<std::int32_t>(bits.first >> 1)) + 0.25f) * 0x1p-31f;
  const std::int32_t word = std::bit_cast<std::int32_t>(u), e = (word - 0x3f3504f3) >> 23;
  const float m = std::bit_cast<float>(word - (e << 23)), s = (m - 1) / (m + 1), s2 = s * s;
  const float ln = static_cast<float>(e) * 0.693147181f +
                   2 * s * (1 + s2 * (1 / 3.0f + s2 * (1 / 5.0f + s2 * (1 / 7.0f + s2 * (1 / 9.0f)))));
  const float r = std::sqrt(-2 * ln);  // ln <= 0, because u <= 1
  // Taylor on half the angle, |a| <= π/2 (error below 1e-7), then the double angle
  const float a = static_cast<float>(static_cast<std::int32_t>(bits.second)) * (0x1p-31f * 1.57079633f), a2 = a * a;
  const float sin = a * (1 - a2 / 6 * (1 - a2 / 20 * (1 - a2 / 42 * (1 - a2 / 72 * (1 - a2 / 110 * (1 - a2 / 156))))));
  const float cos = 1 - a2 / 2 * (1 - a2 / 12 * (1 - a2 / 30 * (1 - a2 / 56 * (1 - a2 / 90 * (1 - a2 / 132)))));
  first = r * (1 - 2 * sin * sin);
  second = r * 2 * sin * cos;
}

template <class T>
class Augmenter {
 public:
  // members: how many threads call it at the same time.
  Augmenter(const AugmentSpec& spec, Shape shape, std::uint64_t seed, int members)
      : spec_(spec), shape_(shape), seed_(seed), rooms_(spec.on ? static_cast<std::size_t>(members) : 0) {
    for (Room& room : rooms_) {
      room.bordered.resize(static_cast<std::size_t>((shape.height + 2) * (shape.width + 2) * shape.channels));
      room.noise.resize(static_cast<std::size_t>(shape.size() + 1));
      room.image.resize(static_cast<std::size_t>(shape.size()));
      room.at.resize(static_cast<std::size_t>(padded<T>(shape.width)));
      room.right.resize(room.at.size());
      room.down.resize(room.at.size());
    }
  }

  std::int64_t bytes() const {
    if (rooms_.empty()) return 0;
    const Room& r = rooms_.front();
    const std::size_t each =
        (r.bordered.size() + r.noise.size() + r.image.size() + r.right.size() + r.down.size()) * sizeof(T) +
        r.at.size() * sizeof(Whole);
    return static_cast<std::int64_t>(rooms_.size() * each);
  }

  void begin(std::uint64_t epoch) { stream_ = Stream(seed_, Purpose::kAugment, epoch); }

  // What the image (H, W, C) of a row of X is in this epoch; valid until the member asks for the next one.
  const T* operator()(const T* image, std::int64_t row, int member) {
    if (!spec_.on) return image;
    const Stream stream = stream_.fold(static_cast<std::uint64_t>(row));
    Room& room = rooms_[static_cast<std::size_t>(member)];
    if (moves())
      move(image, draw(stream), room);
    else
      std::copy_n(image, shape_.size(), room.image.data());
    if (spec_.noise > 0) disturb(stream, room);
    return room.image.data();
  }

 private:
  using Whole = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef Whole Wholes __attribute__((vector_size(kVectorBytes)));
  struct Room {  // one a thread
    std::vector<T> bordered, noise, image, right, down;
    std::vector<Whole> at;
  };
  struct Map {  // x' = x0 + xx x + xy y, y' = y0 + yx x + yy y
    double x0, xx, xy, y0, yx, yy;
  };

  bool moves() const {
    return spec_.shift > 0 || spec_.scale > 0 || spec_.rotate > 0 || spec_.shear > 0 || spec_.mirrors || spec_.upends;
  }

  Map draw(const Stream& stream) const {
    const auto even = [&](std::uint64_t i, double range) { return range * (2 * stream.uniform(i) - 1); };
    constexpr double kDegree = 3.14159265358979323846 / 180;
    const double angle = even(0, spec_.rotate) * kDegree, shear = std::tan(even(1, spec_.shear) * kDegree),
                 zoom = 1 + even(2, spec_.scale);
    const double move_x = even(3, spec_.shift), move_y = even(4, spec_.shift);
    const double along = spec_.mirrors && stream.uniform(5) < 0.5 ? -1 : 1,
                 across = spec_.upends && stream.uniform(6) < 0.5 ? -1 : 1;
    const double cos = std::cos(angle) / zoom, sin = std::sin(angle) / zoom;
    Map map{0, along * cos, across * (cos * shear - sin), 0, along * sin, across * (sin * shear + cos)};
    const double centre_x = 0.5 * (shape_.width - 1), centre_y = 0.5 * (shape_.height - 1);
    map.x0 = centre_x - map.xx * centre_x - map.xy * centre_y + move_x;
    map.y0 = centre_y - map.yx * centre_x - map.yy * centre_y + move_y;
    return map;
  }

  // A border of one pixel and coordinates that end in it, so that nothing outside needs a question of its own.
  void border(const T* image, T* bordered) const {
    const int width = shape_.width, channels = shape_.channels, ld = (width + 2) * channels;
    for (int y = -1; y <= shape_.height; ++y) {
      T* row = bordered + (y + 1) * ld;
      const bool inside = y >= 0 && y < shape_.height;
      if (!spec_.edge && !inside) {
        std::fill_n(row, ld, static_cast<T>(spec_.fill));
        continue;
      }
      const T* from = image + std::clamp(y, 0, shape_.height - 1) * width * channels;
      std::copy_n(from, width * channels, row + channels);
      for (int c = 0; c < channels; ++c) {
        row[c] = spec_.edge ? from[c] : static_cast<T>(spec_.fill);
        row[ld - channels + c] = spec_.edge ? from[(width - 1) * channels + c] : static_cast<T>(spec_.fill);
      }
    }
  }

  void move(const T* image, const Map& map, Room& room) const {
    const int width = shape_.width, height = shape_.height, channels = shape_.channels, ld = (width + 2) * channels;
    border(image, room.bordered.data());
    const T *pixels = room.bordered.data(), *below = pixels + ld, *right = room.right.data(), *down = room.down.data();
    const Whole* at = room.at.data();
    T* __restrict out = room.image.data();
    for (int y = 0; y < height; ++y, out += width * channels) {
      find_row(map, y, room);
      if (channels == 1)
        for (int x = 0; x < width; ++x) out[x] = between(pixels, below, at[x], 1, right[x], down[x]);
      else
        for (int x = 0; x < width; ++x)
          for (int c = 0; c < channels; ++c)
            out[x * channels + c] = between(pixels, below, at[x] + c, channels, right[x], down[x]);
    }
  }
  // Where each pixel of row y is read in the bordered image: which four pixels, and how far right and down between them.
  void find_row(const Map& map, int y, Room& room) const {
    const Vec<T> zero{}, last_x = zero + static_cast<T>(shape_.width + 1),
                         last_y = zero + static_cast<T>(shape_.height + 1);
    const Wholes most_x = Wholes{} + shape_.width, most_y = Wholes{} + shape_.height;
    const Whole step = shape_.channels, ld = (shape_.width + 2) * shape_.channels;
    Vec<T> x;
    for (int lane = 0; lane < kWidth<T>; ++lane) x[lane] = static_cast<T>(lane);
    for (int i = 0; i < shape_.width; i += kWidth<T>, x += static_cast<T>(kWidth<T>)) {
      const Vec<T> across =
          min(max(static_cast<T>(map.x0 + map.xy * y + 1) + static_cast<T>(map.xx) * x, zero), last_x);
      const Vec<T> along = min(max(static_cast<T>(map.y0 + map.yy * y + 1) + static_cast<T>(map.yx) * x, zero), last_y);
      const Wholes column = min(__builtin_convertvector(across, Wholes), most_x),
                   row = min(__builtin_convertvector(along, Wholes), most_y);
      put(&room.at[static_cast<std::size_t>(i)], row * ld + column * step);
      put(&room.right[static_cast<std::size_t>(i)], across - __builtin_convertvector(column, Vec<T>));
      put(&room.down[static_cast<std::size_t>(i)], along - __builtin_convertvector(row, Vec<T>));
    }
  }
  template <class N, class V>
  static void put(N* to, const V& numbers) {
    std::memcpy(to, &numbers, sizeof numbers);
  }
  static T between(const T* pixels, const T* below, Whole at, int next, T right, T down) {
    const T high = pixels[at] + right * (pixels[at + next] - pixels[at]),
            low = below[at] + right * (below[at + next] - below[at]);
    return high + down * (low - high);
  }

  // Number i of the first half and number i of the second half share a draw.
  void disturb(const Stream stream, Room& room) const {
    const int size = shape_.size(), half = (size + 1) / 2;
    T* __restrict noise = room.noise.data(), * __restrict second = noise + half, * __restrict image = room.image.data();
    for (int i = 0; i < half; ++i) two_normals(stream.bits(static_cast<std::uint32_t>(i), 1), noise[i], second[i]);
    for (int i = 0; i < size; ++i) image[i] += static_cast<T>(spec_.noise) * noise[i];
  }

  AugmentSpec spec_;
  Shape shape_;
  std::uint64_t seed_;
  Stream stream_{0};
  std::vector<Room> rooms_;
};

}  // namespace thetastar::TS_LEVEL
