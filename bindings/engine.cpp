// The door between Python and the core: converts arguments, releases the GIL, calls, wraps. Nothing else. What Python
// describes by dictionaries is read in specs.hpp.
//
// One module per instruction-set level (THETASTAR_MODULE), each with the whole engine. src/thetastar/_native.py picks
// one at import and is the only importer. Arrays come in C order and are used in place, never converted; the objects that use
// them keep them alive. Shapes are checked against the descriptions; the numbers inside an array are the package's to check.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <limits>

#include "boundaries.hpp"
#include "ceiling.hpp"
#include "checked_trees.hpp"
#include "fleet.hpp"
#include "input_gradients.hpp"
#include "minimize.hpp"
#include "inspect.hpp"
#include "landscape.hpp"
#include "predict.hpp"
#include "specs.hpp"

namespace thetastar::TS_LEVEL {

// In the level's namespace, because Python has several of these modules and tells their classes apart by name.
template <class T>
struct StartedOnce : Fleet<T> {
  using Fleet<T>::Fleet;
  bool started = false;
};

}  // namespace thetastar::TS_LEVEL

using namespace nb::literals;
using namespace thetastar::TS_LEVEL;

namespace {

template <class T>
using In1 = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using In2 = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using Filled2 = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;  // made by Python, which is faster at it
template <class T>
using Out = nb::ndarray<nb::numpy, T>;
using Rows = In1<std::int64_t>;

// A NumPy array that owns the vector's numbers.
template <class T>
Out<T> to_array(std::vector<T> values, std::vector<std::size_t> shape) {
  auto* kept = new std::vector<T>(std::move(values));
  nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return Out<T>(kept->data(), shape.size(), shape.data(), owner);
}
template <class T>
Out<T> to_array(std::vector<T> values) {
  const std::size_t size = values.size();
  return to_array(std::move(values), {size});
}

template <class Number>
std::vector<Number> numbers_of(const char* where, nb::handle given) {
  std::vector<Number> numbers;
  if (!taken_from(given, numbers))
    throw std::invalid_argument(std::string(where) + " must be a list of numbers. Got " + in_words(given) + ".");
  return numbers;
}

template <class T>
std::size_t parameter_count(const NetworkSpec& network) {
  const Plan<T> plan(network, 1);
  std::size_t count = 0;
  for (const ParameterArray& s : plan.arrays())
    count += static_cast<std::size_t>(s.rows) * static_cast<std::size_t>(s.columns);
  return count;
}

template <class Array>
bool is_aligned(const Array& array) {
  return reinterpret_cast<std::uintptr_t>(array.data()) % sizeof(*array.data()) == 0;
}

template <class T>
Data<T> shared_data(const NetworkSpec& network, const In2<T>& x, const In2<T>& y, const std::optional<In1<T>>& weights,
                    int members) {
  must(x.shape(0) == y.shape(0) * static_cast<std::size_t>(members) && (!weights || weights->shape(0) == y.shape(0)),
       "X, y and sample_weight must have the same number of samples");
  must(static_cast<std::int64_t>(x.shape(1)) == network.input.size(),
       "X must have as many columns as the network has inputs");
  must(is_aligned(x) && is_aligned(y), "X and y must be aligned, as numpy.require(array, requirements='A') makes them");
  return {x.data(),
          y.data(),
          weights ? weights->data() : nullptr,
          static_cast<std::int64_t>(y.shape(0)),
          static_cast<int>(x.shape(1)),
          static_cast<int>(y.shape(1)),
          members};
}
// The core trusts its indices, so nobody may change them later: the array must be read-only.
Rows checked_rows(const nb::object& array, std::int64_t count) {
  Rows rows;
  must(nb::try_cast(array, rows, false) && nb::hasattr(array, "flags") &&
           !nb::cast<bool>(array.attr("flags").attr("writeable")),
       "rows: a read-only NumPy array of int64");
  for (std::size_t i = 0; i < rows.shape(0); ++i)
    if (rows.data()[i] < 0 || rows.data()[i] >= count)
      throw std::invalid_argument("rows: an index lies outside the data");
  return rows;
}

// Its arrays are views that keep it alive.
template <class T>
nb::dict outcome_dict(nb::handle self) {
  auto& o = nb::cast<Outcome<T>&>(self);
  const auto view = [&](auto& values) {
    using Number = typename std::decay_t<decltype(values)>::value_type;
    const std::size_t size = values.size();
    return Out<Number>(values.data(), 1, &size, self);
  };
  nb::dict d;
  d["parameters"] = view(o.parameters);
  d["loss"] = view(o.history.loss);
  d["validation_loss"] = view(o.history.validation_loss);
  d["learning_rate"] = view(o.history.learning_rate);
  d["epoch_seconds"] = view(o.history.seconds);
  d["gradient_norm"] = view(o.history.gradient_norm);
  d["stopped"] = o.stopped;
  d["epochs"] = o.epochs;
  d["best_epoch"] = o.best_epoch;
  d["seconds"] = o.seconds;
  nb::list snapshots;
  for (std::vector<T>& parameters : o.snapshots) snapshots.append(view(parameters));
  d["snapshots"] = snapshots;
  return d;
}

inline nb::dict way_dict(const Way& way) {
  nb::dict d;
  d["lane"] = way.lane;
  d["factors"] = way.factors;
  d["registers"] = way.registers;
  d["filtered"] = way.filtered;
  d["by_blocks"] = way.by_blocks;
  d["networks"] = way.networks;
  d["threads"] = way.members;
  d["by_columns"] = way.by_columns;
  d["samples"] = way.samples;
  return d;
}

// A Python function as a loss: f(predictions (n, O), targets (n, K)) -> (values (n,), slopes (n, O)). Where it gives anything
// else the values are no numbers, which ends the training; the caller knows why. It may run on any thread.
template <class T>
std::shared_ptr<const OwnLoss<T>> own_loss(const nb::object& function) {
  if (function.is_none()) return nullptr;
  return std::make_shared<const OwnLoss<T>>(
      [function](std::int64_t count, int outputs, const T* f, int targets, const T* y, double* values, T* slopes) {
        const auto n = static_cast<std::size_t>(count), O = static_cast<std::size_t>(outputs),
                   K = static_cast<std::size_t>(targets);
        std::fill_n(values, n, std::nan(""));
        std::fill_n(slopes, n * O, T(0));
        const nb::gil_scoped_acquire held;
        try {
          const nb::tuple given = nb::cast<nb::tuple>(
              function(to_array(std::vector<T>(f, f + n * O), {n, O}), to_array(std::vector<T>(y, y + n * K), {n, K})));
          const auto found = nb::cast<In1<double>>(given[0]);
          const auto steep = nb::cast<In2<T>>(given[1]);
          if (found.shape(0) != n || steep.shape(0) != n || steep.shape(1) != O) return;
          std::copy_n(found.data(), n, values);
          std::copy_n(steep.data(), n * O, slopes);
        } catch (const std::exception&) {}
      });
}
// A Python function that is told of every epoch: f(loss, validation loss or NaN, rate, seconds, parameters) -> enough.
template <class T>
std::shared_ptr<const Watch<T>> watcher(const nb::object& function) {
  if (function.is_none()) return nullptr;
  return std::make_shared<const Watch<T>>([function](const History& h, const std::vector<T>& parameters) {
    const nb::gil_scoped_acquire held;
    try {
      const double validation = h.validation_loss.empty() ? std::nan("") : h.validation_loss.back();
      return nb::cast<bool>(
          function(h.loss.back(), validation, h.learning_rate.back(), h.seconds.back(), to_array(parameters)));
    } catch (const std::exception&) { return true; }
  });
}

// Where a training paused: (steps, best epoch, lowest loss, parameters, best, states, counts, plateau), or None.
template <class T>
nb::object pause_tuple(const Pause<T>* p) {
  if (p == nullptr) return nb::none();
  std::vector<T> all;
  for (const std::vector<T>& state : p->states) all.insert(all.end(), state.begin(), state.end());
  return nb::make_tuple(p->steps, p->best_epoch, p->lowest, to_array(std::vector<T>(p->parameters)),
                        to_array(std::vector<T>(p->best)),
                        to_array(std::move(all), {p->states.size(), p->parameters.size()}), p->counts, p->plateau);
}
template <class T>
std::shared_ptr<const Pause<T>> pause_of(const Job<T>& like, const nb::tuple& given) {
  must(given.size() == 8, "pause: eight parts");
  auto p = std::make_shared<Pause<T>>();
  const auto numbers = [&](std::size_t i) {
    const auto array = nb::cast<In1<T>>(given[i]);
    return std::vector<T>(array.data(), array.data() + array.size());
  };
  p->steps = nb::cast<std::int64_t>(given[0]), p->best_epoch = nb::cast<std::int64_t>(given[1]);
  p->lowest = nb::cast<double>(given[2]);
  p->parameters = numbers(3), p->best = numbers(4);
  const auto states = nb::cast<In2<T>>(given[5]);
  p->counts = numbers_of<double>("counts", given[6]), p->plateau = numbers_of<double>("plateau", given[7]);
  const std::size_t size = parameter_count<T>(like.network);
  must(p->parameters.size() == size && (p->best.empty() || p->best.size() == size) && states.shape(1) == size &&
           p->plateau.size() == 3 && p->steps > 0 && p->best_epoch >= 0 && p->best_epoch <= like.settings.from,
       "pause: it is of another network");
  for (std::size_t k = 0; k < states.shape(0); ++k)
    p->states.emplace_back(states.data() + k * size, states.data() + (k + 1) * size);
  return p;
}

// Everything that depends on the precision, under names that end in 32 or 64.
template <class T>
void bind_precision(nb::module_& m, const std::string& bits) {
  using JobT = Job<T>;  // without a seed and parameters, which are what jobs that are alike do not share
  nb::class_<JobT>(m, ("Job" + bits).c_str())
      .def(
          "__init__",
          [](JobT* self, const NetworkSpec& network, const TrainSpec& settings, In2<T> x, In2<T> y,
             std::optional<In1<T>> weights, const nb::object& row_array, In2<T> validation_x, In2<T> validation_y,
             std::optional<In1<T>> validation_weights, const nb::object& validation_row_array, const nb::object& own,
             const nb::object& watch) {
            JobT job;
            job.network = network;
            job.settings = settings;
            must(own.is_none() == (settings.loss.kind != kOwnLoss), "loss: an own one, and no other, has a function");
            must((own.is_none() || PyCallable_Check(own.ptr())) && (watch.is_none() || PyCallable_Check(watch.ptr())),
                 "own, watch: functions");
            job.own = own_loss<T>(own);
            job.watch = watcher<T>(watch);
            job.data = shared_data<T>(network, x, y, weights, job.settings.loss.members);
            job.validation =
                shared_data<T>(network, validation_x, validation_y, validation_weights, job.settings.loss.members);
            const std::int64_t outputs = output_count(network);
            for (const Data<T>& data : {job.data, job.validation})
              if (own.is_none()) check_targets(settings.loss, outputs, data.y, data.rows, data.targets);
            must(settings.groups.empty() || settings.groups.size() == Plan<T>(network, 1).arrays().size(),
                 "groups: one a parameter array, or none");
            const Rows rows = checked_rows(row_array, job.data.rows),
                       validation_rows = checked_rows(validation_row_array, job.validation.rows);
            must(rows.shape(0) > 0, "rows: there must be one at least");
            job.rows = rows.data();
            job.row_count = static_cast<std::int64_t>(rows.shape(0));
            job.validation_rows = validation_rows.data();
            job.validation_count = static_cast<std::int64_t>(validation_rows.shape(0));
            new (self) JobT(std::move(job));
          },
          "network"_a, "settings"_a, "x"_a.noconvert(), "y"_a.noconvert(), "weights"_a.noconvert().none(), "rows"_a,
          "validation_x"_a.noconvert(), "validation_y"_a.noconvert(), "validation_weights"_a.noconvert().none(),
          "validation_rows"_a, "own"_a = nb::none(), "watch"_a = nb::none(), nb::keep_alive<1, 4>(),
          nb::keep_alive<1, 5>(), nb::keep_alive<1, 6>(), nb::keep_alive<1, 7>(), nb::keep_alive<1, 8>(),
          nb::keep_alive<1, 9>(), nb::keep_alive<1, 10>(), nb::keep_alive<1, 11>());

  // One update by all of the job's rows: (loss, finite, gradient, parameters, answer, steps, states, counts).
  m.def(
      ("update" + bits).c_str(),
      [](const JobT& like, std::uint64_t seed, In1<T> parameters, std::int64_t steps, In2<T> states,
         const nb::object& counts) {
        must(
            parameters.size() == parameter_count<T>(like.network) && states.shape(1) == parameters.size() && steps >= 0,
            "update: parameters and states have all numbers of the network, and steps are 0 or more");
        JobT job = like;
        job.start = {seed, parameters.data(), nullptr};
        Past<T> past{steps, {}, numbers_of<double>("counts", counts)};
        for (std::size_t k = 0; k < states.shape(0); ++k)
          past.states.emplace_back(states.data() + k * parameters.size(), states.data() + (k + 1) * parameters.size());
        Update<T> seen;
        {
          nb::gil_scoped_release released;
          const FlushSubnormals flush;
          std::atomic<bool> cancel{false};
          std::atomic<std::int64_t> epochs{0};
          Resources alone;
          alone.keeps_gradients = true;
          seen = Training<T>(job, Signals{&cancel, &epochs}, alone).update(past);
        }
        std::vector<T> left;
        for (const std::vector<T>& state : seen.past.states) left.insert(left.end(), state.begin(), state.end());
        return nb::make_tuple(seen.loss, seen.finite, to_array(std::move(seen.gradient)),
                              to_array(std::move(seen.parameters)), to_array(std::move(seen.answer)), seen.past.steps,
                              to_array(std::move(left), {seen.past.states.size(), parameters.size()}),
                              seen.past.counts);
      },
      "like"_a, "seed"_a, "parameters"_a, "steps"_a, "states"_a, "counts"_a);

  using OutcomeT = Outcome<T>;
  nb::class_<OutcomeT>(m, ("Outcome" + bits).c_str())
      .def_ro("error", &OutcomeT::error)
      .def_prop_ro("loss",
                   [](const OutcomeT& o) { return o.history.loss.empty() ? std::nan("") : o.history.loss.back(); })
      .def_prop_ro("way", [](const OutcomeT& o) { return way_dict(o.way); })
      .def_prop_ro("pause", [](const OutcomeT& o) { return pause_tuple(o.pause.get()); })
      .def("read", &outcome_dict<T>);

  using FleetT = StartedOnce<T>;
  nb::class_<FleetT>(m, ("Fleet" + bits).c_str())
      .def(nb::init<int>(), "threads"_a)
      .def(
          "add",
          [](FleetT& fleet, const JobT& like, const nb::object& given, std::optional<In2<T>> parameters,
             const nb::list& pauses) {
            must(!fleet.started, "fleet: jobs are added before it starts");
            const auto seeds = numbers_of<std::uint64_t>("seeds", given);
            must(!parameters ||
                     (parameters->shape(0) == seeds.size() && parameters->shape(1) == parameter_count<T>(like.network)),
                 "parameters: one row a seed, with all numbers of the network");
            must(like.settings.from == 0 ? pauses.size() == 0 : pauses.size() == seeds.size(),
                 "pauses: one a seed where a training goes on, otherwise none");
            std::vector<Start<T>> starts;
            for (const std::uint64_t seed : seeds)
              starts.push_back(
                  {seed, parameters ? parameters->data() + starts.size() * parameters->shape(1) : nullptr, nullptr});
            for (std::size_t i = 0; i < pauses.size(); ++i) {
              starts[i].pause = pause_of<T>(like, nb::cast<nb::tuple>(pauses[i]));
              starts[i].parameters = starts[i].pause->parameters.data();
            }
            fleet.add(like, starts);
          },
          "like"_a, "seeds"_a, "parameters"_a.noconvert().none(), "pauses"_a = nb::list(), nb::keep_alive<1, 2>(),
          nb::keep_alive<1, 4>())
      .def("start",
           [](FleetT& fleet) {
             must(!fleet.started, "fleet: it starts once");
             fleet.started = true;
             fleet.start();
           })
      .def("wait", &FleetT::wait, "seconds"_a, nb::call_guard<nb::gil_scoped_release>())
      .def("stop", &FleetT::stop, nb::call_guard<nb::gil_scoped_release>())
      .def("take_ended",
           [](FleetT& fleet) {
             nb::list places, outcomes;
             for (const std::size_t job : fleet.take_ended()) {
               places.append(job);
               outcomes.append(fleet.take(job));
             }
             return nb::make_tuple(places, outcomes);
           })
      .def("epochs", &FleetT::epochs);

  m.def(("training_bytes" + bits).c_str(),
        [](const NetworkSpec& network, const TrainSpec& settings, std::int64_t row_count, std::int64_t validation_count,
           int threads) {
          must(row_count > 0 && validation_count >= 0 && row_count < std::int64_t{1} << 40 &&
                   validation_count < std::int64_t{1} << 40,
               "rows: there must be one at least, and fewer than 2^40");
          // Rows beyond a batch add to nothing but their order, so they need not be there.
          const std::int64_t some = std::min(row_count, settings.batch_size);
          std::vector<std::int64_t> rows(static_cast<std::size_t>(some));
          std::atomic<bool> cancel{false};
          std::atomic<std::int64_t> epochs{0};
          Job<T> job;
          job.network = network;
          job.settings = settings;
          job.data.targets = job.data.members = 1;
          job.rows = rows.data();
          job.row_count = some;
          job.validation_count = validation_count;
          return Training<T>(job, Signals{&cancel, &epochs}, Resources{threads}).bytes() +
                 (row_count - some) * static_cast<std::int64_t>(sizeof(std::int64_t));
        },
        "network"_a, "settings"_a, "rows"_a, "validation_rows"_a, "threads"_a);

  using PredictorT = Predictor<T>;
  nb::class_<PredictorT>(m, ("Predictor" + bits).c_str())
      .def(
          "__init__",
          [](PredictorT* self, const NetworkSpec& network, In1<T> parameters) {
            must(parameters.size() == parameter_count<T>(network), "parameters: all numbers of the network");
            new (self) PredictorT(network, parameters.data());
          },
          "network"_a, "parameters"_a.noconvert())
      .def(
          "__call__",
          [](const PredictorT& predictor, In2<T> x, Filled2<T> out, int threads) {
            must(static_cast<std::int64_t>(x.shape(1)) == predictor.inputs() &&
                     static_cast<std::int64_t>(out.shape(1)) == predictor.outputs() && x.shape(0) == out.shape(0),
                 "X or the predictions have another number of rows or columns");
            must(is_aligned(x) && is_aligned(out), "X and the predictions must be aligned");
            must(x.data() + x.size() <= out.data() || out.data() + out.size() <= x.data(),
                 "X and the predictions must not share their numbers");
            nb::gil_scoped_release released;
            predictor.run(x.data(), static_cast<std::int64_t>(x.shape(0)), out.data(), threads);
          },
          "x"_a.noconvert(), "out"_a.noconvert(), "threads"_a);

  using InputGradientsT = InputGradients<T>;
  nb::class_<InputGradientsT>(m, ("InputGradients" + bits).c_str())
      .def("__init__",
           [](InputGradientsT* self, const NetworkSpec& network, In1<T> parameters) {
             must(parameters.size() == parameter_count<T>(network), "parameters: all numbers of the network");
             new (self) InputGradientsT(network, parameters.data());
           })
      .def(
          "__call__",
          [](const InputGradientsT& gradients, In2<T> x, In1<T> baseline, In1<T> places, In1<T> weights, In1<T> of,
             Filled2<T> out, int threads) {
            const auto inputs = static_cast<std::size_t>(gradients.inputs()),
                       outputs = static_cast<std::size_t>(gradients.outputs());
            if (x.shape(1) != inputs || out.shape(1) != inputs || x.shape(0) != out.shape(0) ||
                baseline.size() != inputs || of.size() != outputs || places.size() != weights.size())
              throw std::invalid_argument("X, the baseline, the places or the outputs have another size");
            nb::gil_scoped_release released;
            gradients.run(
                x.data(), static_cast<std::int64_t>(x.shape(0)),
                {baseline.data(), places.data(), weights.data(), of.data(), static_cast<std::int64_t>(places.size())},
                out.data(), threads);
          },
          "x"_a, "baseline"_a, "places"_a, "weights"_a, "of"_a, "out"_a, "threads"_a);

  m.def(("inspect" + bits).c_str(),
        [](const NetworkSpec& network, In1<T> parameters, In2<T> x, In2<T> y, std::optional<In1<T>> weights,
           const nb::dict& loss, bool trace) {
          const LossSpec loss_settings = read_as<LossSpec>("loss", loss);
          const Data<T> data = shared_data<T>(network, x, y, weights, loss_settings.members);
          must(data.rows > 0 && parameters.size() == parameter_count<T>(network),
               "parameters: all numbers of the network; rows: one at least");
          check_targets(loss_settings, output_count(network), data.y, data.rows, data.targets);
          Inspection<T> seen;
          {
            nb::gil_scoped_release released;
            seen = inspect<T>(network, parameters.data(), data, loss_settings, trace);
          }
          const auto arrays = [&](std::vector<std::vector<T>>& all) {
            nb::list list;
            for (std::vector<T>& values : all) {
              const std::size_t width = values.size() / x.shape(0);
              list.append(to_array(std::move(values), {x.shape(0), width}));
            }
            return list;
          };
          return nb::make_tuple(seen.loss, to_array(std::move(seen.gradient)), arrays(seen.outputs),
                                arrays(seen.d_outputs));
        },
        "network"_a, "parameters"_a, "x"_a, "y"_a, "weights"_a.none(), "loss"_a, "trace"_a);

  // (P) mean losses with the parameters origin (N) + places (P, D) @ directions (D, N).
  m.def(("landscape" + bits).c_str(),
        [](const NetworkSpec& network, In1<double> origin, In2<double> directions, In2<double> places, In2<T> x,
           In2<T> y, std::optional<In1<T>> weights, const nb::dict& loss, int threads) {
          const LossSpec settings = read_as<LossSpec>("loss", loss);
          const Data<T> data = shared_data<T>(network, x, y, weights, settings.members);
          must(data.rows > 0 && origin.size() == parameter_count<T>(network) && directions.shape(1) == origin.size() &&
                   places.shape(1) == directions.shape(0),
               "origin and directions: all numbers of the network; places: one number a direction; rows: one at least");
          std::vector<double> losses(places.shape(0));
          const typename Landscape<T>::Places all{origin.data(),
                                                  directions.data(),
                                                  places.data(),
                                                  static_cast<std::int64_t>(places.shape(0)),
                                                  static_cast<std::int64_t>(places.shape(1)),
                                                  static_cast<std::int64_t>(origin.size())};
          {
            nb::gil_scoped_release released;
            Landscape<T>(network, settings, data).run(all, losses.data(), threads);
          }
          return to_array(std::move(losses));
        },
        "network"_a, "origin"_a.noconvert(), "directions"_a.noconvert(), "places"_a.noconvert(), "x"_a.noconvert(),
        "y"_a.noconvert(), "weights"_a.noconvert().none(), "loss"_a, "threads"_a);

  m.def(("augment" + bits).c_str(),
        [](const nb::dict& settings, const nb::tuple& shape, In2<T> x, std::uint64_t seed, std::uint64_t epoch) {
          const auto image = read_as<Shape>("shape", shape);
          must(static_cast<std::int64_t>(x.shape(1)) == image.size(),
               "X must have as many columns as an image has numbers");
          Augmenter<T> augment(read_as<AugmentSpec>("augment", settings), image, seed, 1);
          augment.begin(epoch);
          const std::size_t count = x.shape(0), size = x.shape(1);
          std::vector<T> out(count * size);
          for (std::size_t i = 0; i < count; ++i)
            std::copy_n(augment(x.data() + i * size, static_cast<std::int64_t>(i), 0), size, &out[i * size]);
          return to_array(std::move(out), {count, size});
        },
        "settings"_a, "shape"_a, "x"_a, "seed"_a, "epoch"_a);

  m.def(("loss" + bits).c_str(),
        [](const nb::dict& settings, In2<T> prediction, In2<T> target) {
          const LossSpec spec = read_as<LossSpec>("loss", settings);
          const std::size_t outputs = prediction.shape(1), members = static_cast<std::size_t>(spec.members);
          const std::size_t count = target.shape(0), ld = padded<T>(static_cast<int>(outputs));
          must(prediction.shape(0) == count * members && outputs > 0, "prediction and target differ in samples");
          must(prediction.size() < kLargest, "prediction: fewer than 2^30 numbers");
          check_targets(spec, static_cast<std::int64_t>(outputs), target.data(), static_cast<std::int64_t>(count),
                        static_cast<std::int64_t>(target.shape(1)));
          const Loss<T> loss(spec, static_cast<int>(outputs), static_cast<int>(target.shape(1)));
          std::vector<double> values(count);
          std::vector<T> gradients(count * members * outputs);
          Block<T> rows(static_cast<std::int64_t>(ld * members)), d_rows(static_cast<std::int64_t>(ld * members));
          for (std::size_t b = 0; b < count; ++b) {
            for (std::size_t m = 0; m < members; ++m)
              std::copy_n(prediction.data() + (b * members + m) * outputs, outputs, rows.data() + m * ld);
            values[b] = loss(rows.data(), target.data() + b * target.shape(1), d_rows.data());
            for (std::size_t m = 0; m < members; ++m)
              std::copy_n(d_rows.data() + m * ld, outputs, &gradients[(b * members + m) * outputs]);
          }
          return nb::make_tuple(to_array(std::move(values)),
                                to_array(std::move(gradients), {count * members, outputs}));
        },
        "settings"_a, "prediction"_a, "target"_a);

  m.def(("activation" + bits).c_str(),
        [](const char* name, In1<T> z) {
          must(z.size() < kLargest, "z: fewer than 2^30 numbers");
          Block<T> values(padded<T>(static_cast<int>(z.size()))), slopes(values.size());
          std::copy_n(z.data(), z.size(), values.data());
          const Activated<T> f = find_activation<T>(name);
          if (f)
            f.forward(values.data(), values.data(), slopes.data(), values.size());
          else
            std::fill_n(slopes.data(), z.size(), T(1));
          return nb::make_tuple(to_array(std::vector<T>(values.data(), values.data() + z.size())),
                                to_array(std::vector<T>(slopes.data(), slopes.data() + z.size())));
        },
        "name"_a, "z"_a);
}

}  // namespace

NB_MODULE(THETASTAR_MODULE, m) {
  m.doc() = "The native engine of thetastar, compiled for one instruction-set level.";
  nb::set_leak_warnings(false);  // networks that live until Python ends are no leak
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
      PyErr_SetString(PyExc_MemoryError,
                      "there is not enough memory for this. Use fewer rows, smaller networks or fewer threads.");
    }
  });
  // Read once, however many networks and jobs are described by them.
  nb::class_<NetworkSpec>(m, "NetworkSpec")
      .def(
          "__init__",
          [](NetworkSpec* self, const nb::dict& network) {
            new (self) NetworkSpec(read_as<NetworkSpec>("network", network));
          },
          "network"_a);
  nb::class_<TrainSpec>(m, "TrainSpec")
      .def(
          "__init__",
          [](TrainSpec* self, const nb::dict& settings) {
            new (self) TrainSpec(read_as<TrainSpec>("settings", settings));
          },
          "settings"_a);

  bind_precision<float>(m, "32");
  bind_precision<double>(m, "64");

  m.def(
      "parameter_layout",
      [](const NetworkSpec& network) {
        const Plan<double> plan(network, 1);
        nb::list layout;
        for (const ParameterArray& s : plan.arrays())
          layout.append(nb::make_tuple(s.name, s.layer, s.rows, s.columns, s.is_vector, s.is_weight));
        return layout;
      },
      "network"_a);
  m.def(
      "multiplications", [](const NetworkSpec& network) { return Plan<double>(network, 1).multiplications(); },
      "network"_a);
  m.def(
      "initialize",
      [](const NetworkSpec& network, std::uint64_t seed) {
        const Plan<double> plan(network, 1);
        Block<double> block(plan.parameters_size());
        plan.initialize(seed, block.data());
        std::vector<double> plain;
        export_parameters(plan, block.data(), plain);
        return to_array(std::move(plain));
      },
      "network"_a, "seed"_a);
  nb::class_<CheckedTrees>(m, "Trees")
      .def(
          "__init__",
          [](CheckedTrees* self, In1<std::int32_t> feature, In1<float> threshold, In1<std::int32_t> left,
             In2<double> value, In1<std::int32_t> root, In1<std::int32_t> column) {
            must(threshold.size() == feature.size() && left.size() == feature.size() &&
                     value.shape(0) == feature.size() && column.size() == root.size(),
                 "trees: the arrays of nodes and of trees must each have one length");
            new (self)
                CheckedTrees({feature.data(), threshold.data(), left.data(), value.data(),
                              static_cast<std::int64_t>(feature.size()), static_cast<std::int64_t>(value.shape(1)),
                              root.data(), column.data(), static_cast<std::int64_t>(root.size())});
          },
          "feature"_a, "threshold"_a, "left"_a, "value"_a, "root"_a, "column"_a)
      .def(
          "add",
          [](const CheckedTrees& self, In2<float> x, Filled2<double> out, int threads) {
            must(x.shape(0) == out.shape(0), "trees: rows and answers must be as many");
            const nb::gil_scoped_release released;
            self.add(x.data(), static_cast<std::int64_t>(x.shape(0)), static_cast<std::int64_t>(x.shape(1)), out.data(),
                     static_cast<std::int64_t>(out.shape(1)), threads);
          },
          "x"_a, "out"_a, "threads"_a);
  nb::class_<Minimizer>(m, "Minimizer")
      .def("__init__",
           [](Minimizer* self, const nb::dict& optimizer, In1<double> theta) {
             must(theta.size() > 0 && theta.size() < 1u << 30, "theta: one number at least, fewer than 2^30");
             new (self) Minimizer(read_as<OptimizerSpec>("optimizer", optimizer), theta.data(),
                                  static_cast<std::int64_t>(theta.size()));
           })
      .def("theta", [](const Minimizer& self) { return to_array(self.theta()); })
      .def(
          "step",
          [](Minimizer& self, In1<double> gradient) {
            must(!self.searches(), "step: this optimiser searches along lines; use descend");
            must(gradient.size() == self.theta().size(), "gradient: one number a parameter");
            self.step(gradient.data());
          },
          "gradient"_a)
      .def(
          "descend",
          [](Minimizer& self, const nb::callable& f) {
            must(self.searches(), "descend: this optimiser takes steps; use step");
            return self.descend([&](const std::vector<double>& theta, double* gradient) {
              const nb::object result = f(to_array(theta));
              In1<double> slope;
              double value = 0;
              must(nb::isinstance<nb::tuple>(result) && nb::len(result) == 2 && nb::try_cast(result[0], value) &&
                       nb::try_cast(result[1], slope) && slope.size() == theta.size(),
                   "f: it must give a value and an array of float64, one number a parameter");
              std::copy_n(slope.data(), theta.size(), gradient);
              return value;
            });
          },
          "f"_a)
      .def("states",
           [](Minimizer& self) {
             nb::list all;
             for (std::vector<double>& state : self.states()) all.append(to_array(std::move(state)));
             return all;
           })
      .def("searches", &Minimizer::searches)
      .def("wants_curvature", &Minimizer::wants_curvature)
      .def(
          "signs", [](const Minimizer& self, std::uint64_t seed) { return to_array(self.signs(seed)); }, "seed"_a)
      .def("curvature_step", &Minimizer::curvature_step)
      .def(
          "add_curvature",
          [](Minimizer& self, In1<double> diagonal) {
            must(self.wants_curvature(), "add_curvature: this optimiser measures none");
            must(diagonal.size() == self.theta().size(), "diagonal: one number a parameter");
            self.add_curvature(diagonal.data());
          },
          "diagonal"_a);
  m.def(
      "schedule_factors",
      [](const nb::dict& schedule, std::int64_t steps_per_epoch, std::int64_t epochs) {
        const ScheduleSpec spec = read_as<ScheduleSpec>("schedule", schedule);
        must(steps_per_epoch > 0 && epochs > 0 && steps_per_epoch < (1 << 30) / epochs,
             "steps: above 0, and fewer than 2^30 in all");
        std::vector<double> factors;
        for (std::int64_t t = 0; t < steps_per_epoch * epochs; ++t)
          factors.push_back(schedule_factor(spec, {t, steps_per_epoch, epochs}));
        return to_array(std::move(factors));
      },
      "schedule"_a, "steps_per_epoch"_a, "epochs"_a);
  m.def("threefry", [](std::uint32_t k0, std::uint32_t k1, std::uint32_t c0, std::uint32_t c1) {
    const Pair p = threefry({k0, k1}, {c0, c1});
    return nb::make_tuple(p.first, p.second);
  });
  m.attr("vector_bytes") = kVectorBytes;
  // What the core knows by name; the package's catalogues are checked against it.
  nb::list losses, optimizers, layers;
  each_loss<float>(LossSpec{}, [&](const char* name, LossFunction<float>, int, Asks) { losses.append(name); });
  for (const auto& optimizer : kOptimizers) optimizers.append(optimizer.name);
  Plan<float>::each_layer_kind([&](const char* kind) { layers.append(kind); });
  m.attr("losses") = losses;
  m.attr("optimizers") = optimizers;
  m.attr("layers") = layers;
  m.def("has_bfloat16", &has_bfloat16<float>);
  const auto timed = [](double seconds, double bytes) {
    must(seconds > 0 && seconds <= 60 && bytes >= 0 && bytes <= 1e12, "seconds: above 0, up to 60; bytes: up to 10^12");
  };
  m.def(
      "multiply_add_ceiling",
      [timed](double seconds, int threads) {
        timed(seconds, 0);
        return multiply_add_ceiling(seconds, at_most(threads));
      },
      "seconds"_a, "threads"_a, nb::call_guard<nb::gil_scoped_release>());
  m.def(
      "memory_bandwidth",
      [timed](double seconds, int threads, double bytes) {
        timed(seconds, bytes);
        return memory_bandwidth(seconds, at_most(threads), bytes);
      },
      "seconds"_a, "threads"_a, "bytes"_a, nb::call_guard<nb::gil_scoped_release>());
  // The highest level that this processor can run; asked of the baseline module before another one is imported.
  m.def("processor_level", []() -> std::string {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
      return has_tiles() ? "amx" : "v4";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return "v3";
#endif
    return "baseline";
  });
}
