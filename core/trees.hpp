// Grown trees as a function of rows: every tree adds its leaf's values, in the order of the trees.
#pragma once

#include <atomic>
#include <cstdint>

#include "team.hpp"

namespace thetastar::TS_LEVEL {

// All nodes of all trees, one array a property; nothing is owned. The children of a node stand side by side, so a step down adds
// 0 or 1 to `left`. A leaf leads to itself: its `left` is its own place and its threshold infinite, which no number exceeds. So
// several rows go down together without a branch until none of them moves.
struct Trees {
  const std::int32_t* feature;  // (nodes), 0 at leaves
  const float* threshold;       // (nodes), a row goes left if its number is not above it
  const std::int32_t* left;     // (nodes)
  const double* value;          // (nodes, width)
  int width;
  const std::int32_t* root;    // (trees)
  const std::int32_t* column;  // (trees), where in a row of `out` a tree adds its values
  std::int64_t trees;
};

// Rows that go down together: their loads do not wait for one another. Measured on 300 trees of 31 leaves: 8 rows take 0.35 of
// the time of one after the other, 16 no less.
inline constexpr int kDownTogether = 8;
inline constexpr std::int64_t kTreeRows = 256;  // rows that stay in the cache while all trees pass

// out (rows, outputs) += the values of each tree's leaf. A row's sum depends neither on its neighbours nor on threads.
inline void add_trees(const Trees& f, const float* x, std::int64_t rows, std::int64_t features, double* out,
                      std::int64_t outputs, int threads) {
  const auto block = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = 0; t < f.trees; ++t)
      for (std::int64_t at = begin; at < end; at += kDownTogether) {
        const int count = static_cast<int>(std::min<std::int64_t>(kDownTogether, end - at));
        std::int32_t node[kDownTogether];
        for (int k = 0; k < kDownTogether; ++k) node[k] = f.root[t];
        const float* row[kDownTogether];  // where there are fewer rows the last one goes down several times
        for (int k = 0; k < kDownTogether; ++k) row[k] = x + (at + std::min(k, count - 1)) * features;
        for (bool moved = true; moved;) {
          moved = false;
          for (int k = 0; k < kDownTogether; ++k) {
            const std::int32_t here = node[k];
            node[k] = f.left[here] + static_cast<std::int32_t>(row[k][f.feature[here]] > f.threshold[here]);
            moved |= node[k] != here;
          }
        }
        for (int k = 0; k < count; ++k) {
          double* sum = out + (at + k) * outputs + f.column[t];
          const double* values = f.value + static_cast<std::int64_t>(node[k]) * f.width;
          for (int c = 0; c < f.width; ++c) sum[c] += values[c];
        }
      }
  };
  const std::int64_t parts = (rows + kTreeRows - 1) / kTreeRows;
  Team team(static_cast<int>(std::max<std::int64_t>(std::min<std::int64_t>(threads, parts), 1)));
  std::atomic<std::int64_t> next{0};
  team.run([&](int) {
    for (std::int64_t at = kTreeRows * next.fetch_add(1); at < rows; at = kTreeRows * next.fetch_add(1))
      block(at, std::min(at + kTreeRows, rows));
  });
}

}  // namespace thetastar::TS_LEVEL
