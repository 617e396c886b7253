// Grown trees as Python describes them, an array a property, to the core's: checked once, when they are made, and copied, so
// that nobody can change them later. A call then checks no more than the sizes of its rows.
#pragma once

#include <cstdint>
#include <limits>
#include <utility>

#include "boundaries.hpp"
#include "trees.hpp"

namespace thetastar::TS_LEVEL {

// The arrays as they come; nothing is owned.
struct TreeArrays {
  const std::int32_t* feature;  // (nodes), 0 at leaves
  const float* threshold;       // (nodes)
  const std::int32_t* left;     // (nodes)
  const double* value;          // (nodes, width)
  std::int64_t nodes, width;
  const std::int32_t* root;    // (trees)
  const std::int32_t* column;  // (trees)
  std::int64_t trees;
};

struct CheckedTrees {
  Trees trees;
  std::int64_t features = 0, outputs = 0;  // what rows and answers must have at least

  // The core trusts the nodes: every way down stays in its tree and ends, because children stand behind their parents.
  explicit CheckedTrees(const TreeArrays& f) {
    must(f.width >= 1 && f.width <= kWidest && f.nodes <= std::numeric_limits<std::int32_t>::max(),
         "trees: there are too many numbers");
    for (std::int64_t n = 0; n < f.nodes; ++n) {
      const bool leaf = f.left[n] == n;
      must(f.feature[n] >= 0, "trees: a node asks for a column that there is not");
      must(leaf ? f.threshold[n] == std::numeric_limits<float>::infinity() : f.left[n] > n && f.left[n] + 1 < f.nodes,
           "trees: a child must stand behind its parent, and a leaf lead to itself at an infinite threshold");
      features = std::max<std::int64_t>(features, f.feature[n] + std::int64_t{1});
    }
    for (std::int64_t t = 0; t < f.trees; ++t) {
      must(f.root[t] >= 0 && f.root[t] < f.nodes && f.column[t] >= 0, "trees: a root or a column lies outside");
      outputs = std::max(outputs, f.column[t] + f.width);
    }
    trees.feature.assign(f.feature, f.feature + f.nodes);
    trees.threshold.assign(f.threshold, f.threshold + f.nodes);
    trees.left.assign(f.left, f.left + f.nodes);
    trees.value.assign(f.value, f.value + f.nodes * f.width);
    trees.width = static_cast<int>(f.width);
    trees.root.assign(f.root, f.root + f.trees);
    trees.column.assign(f.column, f.column + f.trees);
  }

  void add(const float* x, std::int64_t rows, std::int64_t columns, double* out, std::int64_t width,
           int threads) const {
    must(columns >= features, "trees: a node asks for a column that there is not");
    must(width >= outputs, "trees: a root or a column lies outside");
    add_trees(trees, x, rows, columns, out, width, threads);
  }
};

}  // namespace thetastar::TS_LEVEL
