// Grown trees beside a walk down each of them, and what the machine can do at best.
#pragma once

#include <limits>
#include <vector>

#include "ceiling.hpp"
#include "check.hpp"
#include "rng.hpp"
#include "trees.hpp"

using namespace thetastar::TS_LEVEL;

// Trees of random depth: every node either splits by a column or is a leaf, which leads to itself.
Trees grown_trees(int count, int features, int width, int outputs) {
  Trees forest;
  forest.width = width;
  const Stream stream(11);
  std::uint64_t drawn = 0;
  for (int t = 0; t < count; ++t) {
    forest.root.push_back(static_cast<std::int32_t>(forest.left.size()));
    forest.column.push_back(t % (outputs - width + 1));
    std::vector<int> depths = {0};  // of the nodes of this tree that have no place yet, in their order
    const auto first = forest.left.size();
    for (std::size_t at = 0; at < depths.size(); ++at) {
      const bool splits = depths[at] < 5 && stream.uniform(drawn++) < 0.8;
      const auto here = static_cast<std::int32_t>(first + at);
      forest.feature.push_back(splits ? static_cast<std::int32_t>(stream.bits(drawn++).first % features) : 0);
      forest.threshold.push_back(splits ? static_cast<float>(stream.normal(drawn++))
                                        : std::numeric_limits<float>::infinity());
      forest.left.push_back(splits ? static_cast<std::int32_t>(first + depths.size()) : here);
      if (splits) depths.insert(depths.end(), 2, depths[at] + 1);
      for (int c = 0; c < width; ++c) forest.value.push_back(stream.normal(drawn++));
    }
  }
  return forest;
}

// Every row's sum is that of a walk down each tree in turn, for any number of rows and of threads.
void trees_are_walked() {
  constexpr int kFeatures = 5, kOutputs = 3;
  const Stream stream(12);
  for (const int count : {1, 7, 8, 21})
    for (const int width : {1, 3}) {
      const Trees forest = grown_trees(count, kFeatures, width, kOutputs);
      for (const std::int64_t rows : {0, 1, 7, 8, 9, 256, 257, 700}) {
        std::vector<float> x;
        for (std::int64_t i = 0; i < rows * kFeatures; ++i)
          x.push_back(static_cast<float>(stream.normal(static_cast<std::uint64_t>(i))));
        std::vector<double> expected(static_cast<std::size_t>(rows * kOutputs), 0.5);
        for (std::int64_t row = 0; row < rows; ++row)
          for (std::size_t t = 0; t < forest.root.size(); ++t) {
            std::int32_t node = forest.root[t];
            while (forest.left[node] != node)
              node = forest.left[node] + (x[row * kFeatures + forest.feature[node]] > forest.threshold[node]);
            for (int c = 0; c < width; ++c)
              expected[row * kOutputs + forest.column[t] + c] += forest.value[node * width + c];
          }
        for (const int threads : {0, 1, 3}) {
          std::vector<double> found(expected.size(), 0.5);
          add_trees(forest, x.data(), rows, kFeatures, found.data(), kOutputs, threads);
          CHECK(found == expected);
        }
      }
    }
}

// Both ceilings are numbers above zero, of any number of threads.
void ceilings_are_measured() {
  for (const int threads : {0, 1, 2}) {
    CHECK(multiply_add_ceiling(0.001, threads) > 0);
    CHECK(memory_bandwidth(0.001, threads, 1e5) > 0 && memory_bandwidth(0.001, threads, 0) > 0);
  }
}
