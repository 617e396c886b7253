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
  bool one_table = true;        // all lanes look at the same arrays
};

template <class T>
class PackedRows {
 public:
  static constexpr int W = kWidth<T>;
  using Index = std::int32_t;

  PackedRows(std::int64_t count, bool shuffled)
      : count_(count), rows_(count * W), order_(shuffled ? count * W : 0) {}

  void set(int lane, const std::int64_t* rows) {  // lane after lane
    for (std::int64_t i = 0; i < count_; ++i) {
      rows_.data()[i * W + lane] = static_cast<Index>(rows[i]);
      one_order_ &= rows_.data()[i * W] == rows_.data()[i * W + lane];
    }
  }
  bool one_order() const { return one_order_ && order_.size() == 0; }  // all lanes see the same row at a time

  // Every lane in the order that its own stream gives it: Stream::shuffle, with the draws of all lanes at once.
  void shuffle(const std::vector<Stream>& streams) {
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
    for (std::int64_t pair = (count_ - 1) / 2; pair >= 0 && count_ > 1; --pair) {
      const PairOf<Words<T>> draws = threefry(keys, {Words<T>{} + static_cast<std::uint32_t>(pair), Words<T>{}});
      if (2 * pair + 1 < count_) exchange_row(2 * pair + 1, draws.second);
      if (pair > 0) exchange_row(2 * pair, draws.first);
    }
  }

  const Index* at(std::int64_t i) const { return (order_.size() == 0 ? rows_.data() : order_.data()) + i * W; }
  std::int64_t bytes() const { return static_cast<std::int64_t>((rows_.size() + order_.size()) * sizeof(Index)); }

 private:
  const std::int64_t count_;
  Block<Index> rows_, order_;
  bool one_order_ = true;
};

// Rows of tables, one a lane: out (width, lanes). one_row: it is the same of the same table everywhere.
template <class T>
inline void pick_rows(const T* const* tables, bool one_table, bool one_row, const std::int32_t* rows, int width, T* out) {
  constexpr int W = kWidth<T>;
  if (one_row) {
    const T* row = tables[0] + static_cast<std::int64_t>(rows[0]) * width;
    for (int j = 0; j < width; ++j) store(out + j * W, splat(row[j]));
    return;
  }
  if (one_table) {
    Places<T> at = *reinterpret_cast<const Places<T>*>(rows) * width;
    for (int j = 0; j < width; ++j, at += 1) store(out + j * W, picked(tables[0], at));
    return;
  }
  for (int l = 0; l < W; ++l) {
    const T* row = tables[l] + static_cast<std::int64_t>(rows[l]) * width;
    for (int j = 0; j < width; ++j) out[j * W + l] = row[j];
  }
}

}  // namespace thetastar::TS_LEVEL
