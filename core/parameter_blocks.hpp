// How the members of a team divide the parameters of a network: every array is cut into blocks of a few rows, and each member has
// consecutive blocks of every array. The blocks depend on the network alone, so sums over them are the same for any team.
// The gradients of some blocks are computed together, then these blocks move: they are few enough to stay in the second cache, and
// enough that the samples, which the optimiser's states drive out of it, are not fetched for every block.
#pragma once

#include "plan.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class ParameterBlocks {
 public:
  explicit ParameterBlocks(const Plan<T>& plan) : plan_(plan) {
    for (const ParameterArray& array : plan.arrays()) {
      const Layer<T>& layer = *plan.layers()[static_cast<std::size_t>(array.layer)];
      const Offset row_bytes = array.ld * static_cast<Offset>(sizeof(T)),
                   most = layer.cut() == Cut::kRows ? kBlockBytes : kLargeBlockBytes;
      const Offset rows = std::max(most / row_bytes / kTileRows * kTileRows, layer.rows_at_once()),
                   blocks = (array.rows + rows - 1) / rows;
      const Offset together = std::max<Offset>(1, kBlocksBytes / (rows * row_bytes));
      in_blocks_.push_back({rows, blocks, together, squares_.size()});
      squares_.resize(squares_.size() + static_cast<std::size_t>(blocks));
    }
  }

  // For this member's blocks of a layer's arrays: gradient(i, from, to, passing) for the rows of some blocks, and then, for each of
  // these blocks, move(i, from, to, begun, passing) -> Σ g², where `begun` is the first of those rows. i: which array; passing:
  // nobody needs these gradients once their rows have moved.
  template <class Gradient, class Move>
  void each(std::size_t layer, int member, int members, const Gradient& gradient, const Move& move) {
    const Cut cut = plan_.layers()[layer]->cut();
    for (const ParameterArray& array : plan_.arrays_of(layer)) {
      const auto i = static_cast<std::size_t>(&array - plan_.arrays().data());
      const auto [rows, blocks, together, first] = in_blocks_[i];
      Offset at = 0, end = blocks;
      if (members > 1) {
        const Offset turn = static_cast<Offset>(layer) % members;  // who has an only block changes from layer to layer
        at = (blocks * member + turn) / members, end = (blocks * (member + 1) + turn) / members;
      }
      if (members > 1 && cut == Cut::kWhole) at = member == 0 ? 0 : blocks, end = blocks;
      const bool passing = cut == Cut::kRows;
      while (at < end) {
        const Offset last = passing ? std::min(at + together, end) : end, begun = at * rows;
        gradient(i, begun, std::min<Offset>(last * rows, array.rows), passing);
        for (; at < last; ++at)
          squares_[first + static_cast<std::size_t>(at)] =
              move(i, at * rows, std::min<Offset>((at + 1) * rows, array.rows), begun, passing);
      }
    }
  }

  // The most numbers that are passing at a time.
  std::int64_t largest() const {
    std::int64_t most = 0;
    for (std::size_t i = 0; i < in_blocks_.size(); ++i) {
      const ParameterArray& array = plan_.arrays()[i];
      most = std::max(most, std::min<std::int64_t>(in_blocks_[i].rows * in_blocks_[i].together, array.rows) * array.ld);
    }
    return most;
  }

  // Whether every array is one block: then nobody needs `each`.
  bool blocks_are_arrays() const { return squares_.size() == in_blocks_.size(); }

  // sums[i] += Σ over array i's blocks, in their order
  void add_squares(double* sums) const {
    std::size_t b = 0;
    for (const Blocks& array : in_blocks_) {
      for (const std::size_t end = b + static_cast<std::size_t>(array.blocks); b < end; ++b) *sums += squares_[b];
      ++sums;
    }
  }

 private:
  struct Blocks {
    Offset rows, blocks;  // rows of a block, and how many there are
    Offset together;      // blocks whose gradients are computed together
    std::size_t first;    // the first one's place in squares_
  };
  const Plan<T>& plan_;
  std::vector<Blocks> in_blocks_;
  std::vector<double> squares_;  // of every block in this step
};

}  // namespace thetastar::TS_LEVEL
