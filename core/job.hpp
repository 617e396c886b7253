// What a training is given, and what it gives back.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "choose.hpp"
#include "layers/layer.hpp"
#include "losses/loss.hpp"

namespace thetastar::TS_LEVEL {

// The shared data: nobody writes to it, and no job copies it. Rows are picked by index when a batch is gathered.
template <class T>
struct Data {
  const T* x = nullptr;        // (rows · members, features): a sample's members one after another
  const T* y = nullptr;        // (rows, targets); class indices are whole numbers in one column
  const T* weights = nullptr;  // (rows), or null: every sample counts the same
  std::int64_t rows = 0;       // samples
  int features = 0, targets = 0, members = 1;

  double mean_weight(const std::int64_t* picked, std::int64_t count) const {  // of the rows that are picked
    if (weights == nullptr) return 1;
    double total = 0;
    for (std::int64_t i = 0; i < count; ++i) total += weights[picked[i]];
    return total / static_cast<double>(count);
  }
};

// Where a training stood at the end of an epoch, all that another one needs to go on to the same bits. Numbers of parameters
// are unpadded and in the order of the arrays.
template <class T>
struct Pause {
  std::int64_t steps = 0, best_epoch = 0;  // updates taken; the best epoch so far, counted from 1
  double lowest = 0;                       // the validation loss of that
  std::vector<T> parameters, best;         // best: none where they are not kept
  std::vector<std::vector<T>> states;      // the optimiser's
  std::vector<double> counts;              // what a line search counts
  std::vector<double> plateau;             // what the schedule has seen of the loss
};

// Where a job starts: what jobs that share everything else have of their own.
template <class T>
struct Start {
  std::uint64_t seed = 0;
  const T* parameters = nullptr;          // initial ones, unpadded, in the order of the arrays; null: from the seed
  std::shared_ptr<const Pause<T>> pause;  // where TrainSpec::from says that there was a training before
};

struct History {
  std::vector<double> loss, validation_loss, learning_rate, seconds;
  std::vector<double>
      gradient_norm;  // (epochs, layers with parameters): root of the mean over steps of the squared norm
};

// Told after every epoch what has been recorded, and the answer's parameters, unpadded. True ends the training.
template <class T>
using Watch = std::function<bool(const History& history, const std::vector<T>& parameters)>;

template <class T>
struct Job {
  NetworkSpec network;
  TrainSpec settings;
  Data<T> data, validation;            // validation may be the same arrays with other rows
  const std::int64_t* rows = nullptr;  // training rows
  const std::int64_t* validation_rows = nullptr;
  std::int64_t row_count = 0, validation_count = 0;
  Start<T> start;
  std::shared_ptr<const OwnLoss<T>> own;  // where the loss is of that kind
  std::shared_ptr<const Watch<T>> watch;  // or null; neither goes by the pack

  std::int64_t batch_size() const {  // 1 where a session (session.hpp) has no rows for a while
    return std::max<std::int64_t>(1, std::min(settings.batch_size, row_count));
  }
};

struct Signals {                                // how a running job and the world talk
  std::atomic<bool>* cancel = nullptr;          // read in every batch, between its layers
  std::atomic<std::int64_t>* epochs = nullptr;  // counts the epochs finished by all jobs
};

struct Resources {  // none of them shows in any bit of the result
  int threads = 1;  // the most that work on this network ...
  double worth_sharing =
      kWorthSharing;                 // ... if a step has more multiplications: below, waiting and fetching cost more
  std::int64_t cache = kCacheBytes;  // next to a core; a batch that needs much more passes in parts
  Offset worth_columns = kWorthColumns;  // weights of a layer that a team may cut by columns
  bool keeps_gradients = false;          // all of them are there after a step, for somebody to look at
};

template <class T>
struct Outcome {
  std::vector<T> parameters;  // unpadded, in the order of the arrays
  History history;
  std::string stopped;  // "epochs" | "early" | "threshold" | "diverged" | "interrupted" | "callback" | "paused"
  std::int64_t epochs = 0, best_epoch = 0;  // epochs finished; the best counts from 1
  double seconds = 0;
  Way way;
  std::vector<std::vector<T>>
      snapshots;  // parameters at the end of the epochs of TrainSpec::snapshots that were reached
  std::shared_ptr<const Pause<T>> pause;  // of one that has paused
  std::string error;                      // not empty: the job could not run at all (out of memory)
};

// What an optimiser is after some updates: its states, unpadded and in the order of the arrays, and what else it counts.
template <class T>
struct Past {
  std::int64_t steps = 0;
  std::vector<std::vector<T>> states;
  std::vector<double> counts;
};

// What one update leaves behind for somebody to look at. All vectors are unpadded, in the order of the arrays.
template <class T>
struct Update {
  double loss = 0;  // before it
  bool finite = true;
  std::vector<T> gradient;            // as the optimiser got it: with l1 and clipping, without l2 where that is a pull
  std::vector<T> parameters, answer;  // after it; the answer is their mean where the optimiser keeps one
  Past<T> past;
};

}  // namespace thetastar::TS_LEVEL
