// How a team takes a part of a batch forward and backward. Most layers are cut by samples: each member takes its own samples
// through them without waiting. But then every member reads all weights, of which others have just moved half. So a large layer
// with more units than there are rows is cut by columns: each member computes some units of all rows from some columns of the
// weight, and the members wait for each other before and after it. Every number is summed in the same order either way.
#pragma once

#include "team.hpp"
#include "workspace.hpp"

namespace thetastar::TS_LEVEL {

template <class T>
class TeamPass {
 public:
  // least: weights of a layer that is cut by columns
  TeamPass(const Plan<T>& plan, Workspace<T>& work, Team& team, Offset least) : work_(work), team_(team) {
    for (const auto& layer : plan.layers())
      by_columns_.push_back(team.size() > 1 && layer->cuts_columns(team.size(), least));
    any_ = by_columns() > 0;
  }

  int by_columns() const {
    return static_cast<int>(std::count(by_columns_.begin(), by_columns_.end(), true));
  }  // how many layers

  // part: this member's rows. All members call it, each from its thread.
  void forward(const Part& part, typename Workspace<T>::When when) {
    if (!any_) return work_.forward(part, Workspace<T>::kTrainMode, when);
    work_.begin(part, Workspace<T>::kTrainMode, when);
    const Part all = whole(part.all, part.member);
    bool by_samples = true;  // what came before, as gathering and the loss do
    for (std::size_t l = 0; l < by_columns_.size(); ++l) {
      if (by_columns_[l] || !by_samples) team_.meet(part.member);
      by_samples = !by_columns_[l];
      by_samples ? work_.forward(part, l) : work_.forward(all, l, team_.size());
    }
    if (!by_samples) team_.meet(part.member);
  }
  void backward(const Part& part) {
    const Part all = whole(part.all, part.member);
    bool by_samples = true;
    for (std::size_t l = by_columns_.size(); l-- > 0;) {
      if (by_columns_[l] == by_samples) team_.meet(part.member);
      by_samples = !by_columns_[l];
      if (by_samples) {
        work_.backward(part, l, l == 0);
        continue;
      }
      work_.backward_output(all, l, team_.size());
      if (l == 0) continue;
      team_.meet(part.member);
      work_.backward_input(all, l, team_.size());
    }
  }

 private:
  Workspace<T>& work_;
  Team& team_;
  std::vector<bool> by_columns_;  // layer by layer
  bool any_ = false;
};

}  // namespace thetastar::TS_LEVEL
