// Which rows of the data the lanes of a pack see in this epoch, and the samples themselves, a lane each.
#pragma once

#include <algorithm>
#include <vector>

#include "../rng.hpp"
#include "../workspace.hpp"

namespace thetastar::TS_LEVEL {

// The samples of some lanes: (sample, number, lane).
template <class T>
struct PackedData {
  const T* x[kWidth<T>];
  const T* y[kWidth<T>];
  const T* weights[kWidth<T>];  // of all lanes or of none
  int features = 0, targets = 0;
  bool one_table = true;  // all lanes read the same arrays
};

template <class T>
class PackedRows {
 public:
  static constexpr int W = kWidth<T>;
  using Index = std::int32_t;

  PackedRows(std::int64_t count, bool shuffled) : count_(count), rows_(count * W), order_(shuffled ? count * W : 0) {}

  void set(int lane, const std::int64_t* rows) {  // lane after lane
    for (std::int64_t i = 0; i < count_; ++i) {
      rows_.data()[i * W + lane] = static_cast<Index>(rows[i]);
      one_order_ &= rows_.data()[i * W] == rows_.data()[i * W + lane];
    }
  }
  bool one_order() const { return one_order_ && order_.size() == 0; }  // all lanes see the same row at a time

  // Every lane in the order that its own stream gives it: Stream::shuffle, with the draws of all lanes together.
  [[gnu::noinline]] void shuffle(const std::vector<Stream>& streams) {
    std::copy_n(rows_.data(), count_ * W, order_.data());
    PairOf<Words<T>> keys;
    Places<T> lane;
    for (int l = 0; l < W; ++l) {
      const Pair key = streams[static_cast<std::size_t>(l)].key();
      keys.first[l] = key.first;
      keys.second[l] = key.second;
      lane[l] = l;
    }
    const auto exchange_row = [&](std::int64_t i, Words<T> draws) {
      const Places<T> with = (Places<T>)high_product<T>(draws, static_cast<std::uint32_t>(i + 1)) * W + lane;
      exchange<T>(order_.data() + i * W, order_.data(), with);
    };
    constexpr int kInStep = 4;
    for (std::int64_t last = count_ > 1 ? (count_ - 1) / 2 : -1; last >= 0; last -= kInStep) {
      Words<T> first[kInStep], second[kInStep] = {};  // two rows share a draw
      for (int n = 0; n < kInStep; ++n) first[n] = Words<T>{} + static_cast<std::uint32_t>(last - n);
      threefry<kInStep>(keys, first, second);
      for (int n = 0; n < kInStep && n <= last; ++n) {
        const std::int64_t pair = last - n;
        if (2 * pair + 1 < count_) exchange_row(2 * pair + 1, second[n]);
        if (pair > 0) exchange_row(2 * pair, first[n]);
      }
    }
  }

  const Index* at(std::int64_t i) const { return (order_.size() == 0 ? rows_.data() : order_.data()) + i * W; }

 private:
  const std::int64_t count_;
  Block<Index> rows_, order_;
  bool one_order_ = true;
};

// out (lanes) = number j of some rows, a row a lane
template <class T, std::size_t... Lane>
inline void pick_numbers(const T* const* rows, int j, T* out, std::index_sequence<Lane...>) {
  store(out, Vec<T>{rows[Lane][j]...});
}
// out (2, lanes) = numbers j and j + 1, which lie side by side and are one load a row
template <std::size_t... Pair>
inline void pick_pairs(const float* const* rows, int j, float* out, std::index_sequence<Pair...>) {
  constexpr int W = kWidth<float>;
  const auto pair = [&](std::size_t row) {
    double both;
    std::memcpy(&both, rows[row] + j, sizeof both);
    return both;
  };
  // Rows 0 1 4 5 … and 2 3 6 7 …: then no number leaves its quarter of a vector.
  const auto a = (Vec<float>)Vec<double>{pair(Pair / 2 * 4 + Pair % 2)...},
             b = (Vec<float>)Vec<double>{pair(Pair / 2 * 4 + Pair % 2 + 2)...};
  const auto every_second = [&]<std::size_t... Lane>(auto first, std::index_sequence<Lane...>) {
    return __builtin_shufflevector(a, b, static_cast<int>(Lane / 4 * 4 + Lane % 2 * 2 + Lane % 4 / 2 * W + first)...);
  };
  constexpr auto lanes = std::make_index_sequence<W>{};
  store(out, every_second(std::integral_constant<int, 0>(), lanes));
  store(out + W, every_second(std::integral_constant<int, 1>(), lanes));
}

// Samples of tables, a row a lane: out (samples, width, lanes). one_row: all lanes have the same row of the same table.
template <class T>
inline void pick_samples(const T* const* tables, bool one_table, bool one_row, const std::int32_t* rows, int samples,
                         int width, T* out) {
  constexpr int W = kWidth<T>;
  const std::int32_t* end = rows + samples * W;
  if (one_row) {
    for (; rows != end; rows += W) {
      const T* row = tables[0] + static_cast<std::int64_t>(rows[0]) * width;
      for (const T* last = row + width; row != last; ++row, out += W) store(out, splat(*row));
    }
    return;
  }
  if constexpr (kPicks)
    if (one_table) {
      for (; rows != end; rows += W) {
        Places<T> at = *reinterpret_cast<const Places<T>*>(rows) * width;
        for (int j = 0; j < width; ++j, at += 1, out += W) store(out, picked(tables[0], at));
      }
      return;
    }
  for (; rows != end; rows += W, out += width * W) {
    const T* row[W];
    for (int l = 0; l < W; ++l) row[l] = tables[l] + static_cast<std::int64_t>(rows[l]) * width;
    int j = 0;
    if constexpr (sizeof(T) == sizeof(float))
      for (; j + 2 <= width; j += 2) pick_pairs(row, j, out + j * W, std::make_index_sequence<W / 2>{});
    for (; j < width; ++j) pick_numbers(row, j, out + j * W, std::make_index_sequence<W>{});
  }
}

}  // namespace thetastar::TS_LEVEL
