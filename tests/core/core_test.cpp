// The core's own test, for the sanitizers: every layer, loss, optimiser and stop in fleets of several threads, with odd
// sizes, weights, augmentation, max-norm, validation, packs, cancelling in the middle, and prediction from many threads; and
// the arithmetic below them. A file a topic; what is trained is in jobs.hpp. Exits with 0 when all holds.
#include "arithmetic.hpp"
#include "fields.hpp"
#include "filtering.hpp"
#include "fleets.hpp"
#include "inside.hpp"
#include "machine.hpp"
#include "packs.hpp"
#include "refusals.hpp"
#include "standing.hpp"
#include "stops.hpp"
#include "ways.hpp"

using namespace thetastar::TS_LEVEL;

// Every struct of spec.hpp lists all of its fields.
struct AnyField {  // stands for a field of any type, where fields are counted
  template <class Field>
  constexpr operator Field() const;
};
template <class Spec, class... Some>
consteval int fields_of() {
  if constexpr (requires { Spec{Some()..., AnyField()}; })
    return fields_of<Spec, Some..., AnyField>();
  else
    return sizeof...(Some);
}
template <class... Specs>
consteval bool lists_all_fields() {
  const auto listed = []<class Spec>(Spec spec) {
    int count = 0;
    Spec::fields(spec, [&](const char*, auto&) { ++count; });
    return count == fields_of<Spec>();
  };
  return (listed(Specs()) && ...);
}
static_assert(lists_all_fields<InitializerSpec, LayerSpec, NetworkSpec, LossSpec, OptimizerSpec, ScheduleSpec,
                               AugmentSpec, WaySpec, TrainSpec>());

template <class T>
void run(const Sample<T>& sample) {
  std::vector<Job<T>> jobs = every_kind(sample);
  const Catalogue<T> catalogue(sample);
  for (Job<T>& job : catalogue.jobs(sample)) jobs.push_back(job);
  for (Job<T>& job : filtered(sample)) jobs.push_back(job);
  std::vector<std::vector<T>> first;
  for (int threads : {1, 3}) {
    Fleet<T> fleet(threads);
    for (const Job<T>& job : jobs) fleet.add(job);
    fleet.start();
    while (!fleet.wait(0.01)) fleet.take_ended();
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      CHECK(fleet.outcome(i).error.empty());
      CHECK(fleet.outcome(i).stopped == "epochs" || fleet.outcome(i).stopped == "early");
      if (threads == 1)
        first.push_back(fleet.outcome(i).parameters);
      else
        CHECK(first[i] == fleet.outcome(i).parameters);  // the same bits on any number of threads
    }
  }
  std::vector<T> x;
  for (int i = 0; i < 2000 * Sample<T>::kFeatures; ++i) x.push_back(static_cast<T>(i % 11) - 5);
  for (std::size_t i = 0; i < jobs.size(); i += i == 0 ? 64 : 1) {  // one dense network, and every other kind
    const std::int64_t count = i == 0 ? 2000 : jobs[i].network.input.size() > Sample<T>::kFeatures ? 70 : 300;
    const Predictor<T> predictor(jobs[i].network, first[i].data());
    std::vector<T> alone(static_cast<std::size_t>(count * predictor.outputs())), shared = alone;
    predictor.run(x.data(), count, alone.data(), 1);
    predictor.run(x.data(), count, shared.data(), 3);
    CHECK(alone == shared);
  }
  for (const Job<T>& job : jobs) {
    writes_everything(job);
    if (job.settings.loss.members == 1) passes_write_everything(job);
    Data<T> data = job.data;
    const Plan<T> plan(job.network, 1);
    std::vector<T> parameters(static_cast<std::size_t>(plan.parameters_size()));
    std::vector<T> plain;
    plan.initialize(1, parameters.data());
    export_parameters(plan, parameters.data(), plain);
    CHECK(inspect<T>(job.network, plain.data(), data, job.settings.loss, true).gradient.size() == plain.size());
  }
}

int main() {
  every_field_of<InitializerSpec, LayerSpec, LossSpec, OptimizerSpec, ScheduleSpec, AugmentSpec, WaySpec, TrainSpec>();
  products_on_tiles();
  three_parts_are_float32();
  run(Sample<double>());
  const Sample<float> sample;
  run(sample);
  landscapes_are_losses(Sample<double>());
  landscapes_are_losses(sample);
  slopes_at_the_inputs(Sample<double>());
  an_update_is_an_epoch(Sample<double>());
  an_update_is_an_epoch(sample);
  chains_are_their_layers(Sample<double>());
  chains_are_their_layers(sample);
  few_are_their_layers(Sample<double>());
  few_are_their_layers(sample);
  panels_change_nothing(Sample<double>());
  panels_change_nothing(sample);
  filtering_is_the_sum_over_taps<double>();
  filtering_is_the_sum_over_taps<float>();
  any_team_and_any_pieces(Sample<double>());
  any_team_and_any_pieces(sample);
  every_way_is_the_same(Sample<double>());
  every_way_is_the_same(sample);
  snapshots_are_shorter_trainings(Sample<double>());
  snapshots_are_shorter_trainings(sample);
  names_are_known();
  packs_are_their_networks(Sample<double>());
  packs_are_their_networks(sample);
  small_packs_are_their_networks(Sample<double>());
  small_packs_are_their_networks(sample);
  trainings_end_by_their_rules(Sample<double>());
  trainings_end_by_their_rules(sample);
  trainings_end_where_numbers_do(Sample<double>());
  trainings_end_where_numbers_do(sample);
  watchers_are_told(Sample<double>());
  watchers_are_told(sample);
  an_own_loss_is_descended(Sample<double>());
  an_own_loss_is_descended(sample);
  pauses_change_nothing(Sample<double>());
  pauses_change_nothing(sample);
  other_pauses_are_refused(Sample<double>());
  other_pauses_are_refused(sample);
  directions_are_kept(Sample<double>());
  directions_are_kept(sample);
  sessions_are_trainings(sample);
  sessions_go_back(sample);
  sessions_change(sample);
  sessions_change_their_rows(sample);
  sessions_hold_numbers(sample);
  sessions_stop_where_numbers_do(sample);
  sessions_answer(sample);
  trees_are_walked();
  ceilings_are_measured();
  other_names_are_refused();
  blocks_are_zeros();
  nothing_moves_at_once(sample);
  fleet_of_packs(sample);
  members_find_processors();
  cancel(sample);
  functions_are_accurate();
  vectors_share_divisions<double, false>();
  vectors_share_divisions<float, false>();
  vectors_share_divisions<float, true>();
  losses_in_lanes();
  minimize();
  std::puts("core: all holds");
}
