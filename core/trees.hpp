// Grown trees as a function of rows: every tree adds its leaf's values, in the order of the trees.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "team.hpp"

namespace thetastar::TS_LEVEL {

// All nodes of all trees, one array a property: so the loads of eight steps down become gathers, which is faster for many rows
// than a struct a node. The children of a node stand side by side, so a step down adds 0 or 1 to `left`. A leaf leads to itself:
// its `left` is its own place and its threshold infinite, which no number exceeds. So several go down together without a branch
// until none of them moves.
struct Trees {
  std::vector<std::int32_t> feature;  // (nodes), 0 at leaves
  std::vector<float> threshold;       // (nodes), a row goes left if its number is not above it
  std::vector<std::int32_t> left;     // (nodes), children stand behind their parents
  std::vector<double> value;          // (nodes, width)
  int width = 1;
  std::vector<std::int32_t> root;    // (trees)
  std::vector<std::int32_t> column;  // (trees), where in a row of `out` a tree adds its values

  std::int64_t count() const { return static_cast<std::int64_t>(root.size()); }
};

// As many go down together: several rows through one tree, or one row through several trees. Their loads do not wait for one
// another. Measured on 300 trees of 31 leaves: 8 rows take 0.35 of the time of one after the other, 16 no less.
inline constexpr int kDownTogether = 8;
inline constexpr std::int64_t kTreeRows = 256;  // rows that stay in the cache while all trees pass

// From the nodes given to their leaves, each by its own row. One text for both ways: many rows take 1.1 times as long as by a loop
// of their own in which the last rows of a block are repeated, one row a twelfth of what it took there.
[[gnu::always_inline]] inline void go_down(const Trees& f, const float* const (&row)[kDownTogether],
                                           std::int32_t (&node)[kDownTogether]) {
  const std::int32_t *feature = f.feature.data(), *left = f.left.data();
  const float* threshold = f.threshold.data();
  for (bool moved = true; moved;) {
    moved = false;
    for (int k = 0; k < kDownTogether; ++k) {
      const std::int32_t here = node[k];
      node[k] = left[here] + static_cast<std::int32_t>(row[k][feature[here]] > threshold[here]);
      moved |= node[k] != here;
    }
  }
}

inline void add_leaf(const Trees& f, std::int64_t tree, std::int32_t leaf, double* out_row) {
  double* sum = out_row + f.column[static_cast<std::size_t>(tree)];
  const double* values = f.value.data() + static_cast<std::int64_t>(leaf) * f.width;
  for (int c = 0; c < f.width; ++c) sum[c] += values[c];
}

// Eight rows through every tree.
inline void add_to_rows(const Trees& f, const float* x, std::int64_t features, double* out, std::int64_t outputs,
                        std::int64_t begin, std::int64_t end) {
  for (std::int64_t t = 0; t < f.count(); ++t)
    for (std::int64_t at = begin; at < end; at += kDownTogether) {
      std::int32_t node[kDownTogether];
      const float* row[kDownTogether];
      for (int k = 0; k < kDownTogether; ++k) {
        node[k] = f.root[static_cast<std::size_t>(t)];
        row[k] = x + (at + k) * features;
      }
      go_down(f, row, node);
      for (int k = 0; k < kDownTogether; ++k) add_leaf(f, t, node[k], out + (at + k) * outputs);
    }
}

// One row through eight trees at a time; where fewer are left, the last one is walked several times and counts once.
inline void add_to_row(const Trees& f, const float* x, double* out) {
  for (std::int64_t t = 0; t < f.count(); t += kDownTogether) {
    const int trees = static_cast<int>(std::min<std::int64_t>(kDownTogether, f.count() - t));
    std::int32_t node[kDownTogether];
    const float* row[kDownTogether];
    for (int k = 0; k < kDownTogether; ++k) {
      node[k] = f.root[static_cast<std::size_t>(t + std::min(k, trees - 1))];
      row[k] = x;
    }
    go_down(f, row, node);
    for (int k = 0; k < trees; ++k) add_leaf(f, t + k, node[k], out);
  }
}

// out (rows, outputs) += the values of each tree's leaf. A row's sum depends neither on its neighbours nor on threads.
inline void add_trees(const Trees& f, const float* x, std::int64_t rows, std::int64_t features, double* out,
                      std::int64_t outputs, int threads) {
  const auto block = [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t whole = begin + (end - begin) / kDownTogether * kDownTogether;
    add_to_rows(f, x, features, out, outputs, begin, whole);
    for (std::int64_t at = whole; at < end; ++at) add_to_row(f, x + at * features, out + at * outputs);
  };
  const std::int64_t parts = (rows + kTreeRows - 1) / kTreeRows;
  if (parts <= 1) return block(0, rows);  // a team takes longer to come together than a row to go down
  Team team(static_cast<int>(std::max<std::int64_t>(std::min<std::int64_t>(threads, parts), 1)));
  std::atomic<std::int64_t> next{0};
  team.run([&](int) {
    for (std::int64_t at = kTreeRows * next.fetch_add(1); at < rows; at = kTreeRows * next.fetch_add(1))
      block(at, std::min(at + kTreeRows, rows));
  });
}

}  // namespace thetastar::TS_LEVEL
