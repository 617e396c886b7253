// How the members of a team share the parameters of a network: every array is cut into blocks of a few rows, and each member
// gets a run of blocks of every array. The blocks depend on the network alone, so sums over them are the same for any team.
// Some blocks' gradients are computed together and then moved: few enough that they are still near, enough that what the
// gradients are computed from, which the optimiser's states drive out of the nearest cache, is not fetched again too often.
#pragma once

#include "plan.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class Shares {
 public:
  explicit Shares(const Plan<T>& plan) : plan_(plan) {
    for (const ParameterSlice& slice : plan.slices()) {
      const Layer<T>& layer = *plan.layers()[static_cast<std::size_t>(slice.layer)];
      const Offset row_bytes = slice.ld * static_cast<Offset>(sizeof(T)), most = layer.cut() == Cut::kRows ? kBlockBytes : kShareBytes;
      const Offset rows = std::max(most / row_bytes / kTileRows * kTileRows, layer.rows_at_once()), blocks = (slice.rows + rows - 1) / rows;
      const Offset together = std::max<Offset>(1, kTogetherBytes / (rows * row_bytes));
      arrays_.push_back({rows, blocks, together, squares_.size()});
      squares_.resize(squares_.size() + static_cast<std::size_t>(blocks));
    }
  }

  // For a layer's arrays and this member's blocks of them: gradient(i, from, to, passing) for some of their rows, each time
  // followed by move(i, from, to, begun, passing) -> Σ g² for every block of those rows, which began at `begun`. i: which array
  // it is; passing: these rows are a few blocks, and nobody needs their gradients any more once they have moved.
  template <class Gradient, class Move>
  void each(std::size_t layer, int member, int members, const Gradient& gradient, const Move& move) {
    const Cut cut = plan_.layers()[layer]->cut();
    for (const ParameterSlice& slice : plan_.slices_of(layer)) {
      const auto i = static_cast<std::size_t>(&slice - plan_.slices().data());
      const auto [rows, blocks, together, first] = arrays_[i];
      Offset at = 0, end = blocks;
      if (members > 1) {
        const Offset turn = static_cast<Offset>(layer) % members;  // who has an only block changes from layer to layer
        at = (blocks * member + turn) / members, end = (blocks * (member + 1) + turn) / members;
      }
      if (members > 1 && cut == Cut::kWhole) at = member == 0 ? 0 : blocks, end = blocks;
      const bool passing = cut == Cut::kRows;
      while (at < end) {
        const Offset last = passing ? std::min(at + together, end) : end, begun = at * rows;
        gradient(i, begun, std::min<Offset>(last * rows, slice.rows), passing);
        for (; at < last; ++at)
          squares_[first + static_cast<std::size_t>(at)] = move(i, at * rows, std::min<Offset>((at + 1) * rows, slice.rows), begun, passing);
      }
    }
  }

  // The most numbers that are passing at once.
  std::int64_t largest() const {
    std::int64_t most = 0;
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      const ParameterSlice& slice = plan_.slices()[i];
      most = std::max(most, std::min<std::int64_t>(arrays_[i].rows * arrays_[i].together, slice.rows) * slice.ld);
    }
    return most;
  }

  // Whether every array is one block: then nobody needs `each`.
  bool blocks_are_arrays() const { return squares_.size() == arrays_.size(); }

  // sums[i] += Σ over array i's blocks, in their order
  void add_squares(double* sums) const {
    std::size_t b = 0;
    for (const Array& array : arrays_) {
      for (const std::size_t end = b + static_cast<std::size_t>(array.blocks); b < end; ++b) *sums += squares_[b];
      ++sums;
    }
  }

 private:
  struct Array {
    Offset rows, blocks;  // rows of a block, and how many there are
    Offset together;      // blocks whose gradients are computed together
    std::size_t first;    // the first one's place in squares_
  };
  static constexpr Offset kBlockBytes = 16 << 10, kTogetherBytes = 48 << 10;
  static constexpr Offset kShareBytes = 8 << 10;  // of a block where each member has one share, which looks at all samples again
  const Plan<T>& plan_;
  std::vector<Array> arrays_;
  std::vector<double> squares_;     // of every block in this step
};

}  // namespace thetastar::TS_LEVEL
