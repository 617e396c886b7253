// The engine for a page: the core behind plain C functions, compiled to WebAssembly. What a page trains with is what Python
// trains with; this file converts, calls and hands back, and nothing else.
//
// Numbers cross in the module's memory: the page asks for room (`ts_take`), writes there, calls, and reads. Descriptions cross
// as JSON text. Answers of changing length lie in one place that the next call writes anew (`ts_answer`, `ts_answer_size`). A
// thrown exception leaves its words there and ends the call with a trap, after which the page makes a new instance.
#include <cstring>
#include <exception>
#include <typeinfo>

#include "inspect.hpp"
#include "json_specs.hpp"
#include "minimize.hpp"
#include "session.hpp"

#define EXPORT(name) extern "C" __attribute__((export_name(#name), used))
#define IMPORT(name) extern "C" __attribute__((import_module("page"), import_name(#name)))

using namespace thetastar;
using namespace thetastar::TS_LEVEL;

namespace {

std::vector<char> answer;  // of the last call

void say(std::string_view text) { answer.assign(text.begin(), text.end()); }
template <class V>
void give(const std::vector<V>& values) {
  answer.resize(values.size() * sizeof(V));
  if (!values.empty()) std::memcpy(answer.data(), values.data(), answer.size());
}

template <class Spec>
Spec described(const char* text, int size) {
  return read_as<Spec>(Json::parse({text, static_cast<std::size_t>(size)}));
}

using Float = float;
using Rows = std::vector<std::int64_t>;
Rows rows_from(const std::int32_t* rows, int count) { return {rows, rows + count}; }

// A session, what it reads, and the places in time that it can go back to.
struct Trainer {
  std::vector<Float> x, y, start;
  std::unique_ptr<Session<Float>> session;
  std::map<int, Session<Float>::Snapshot> snapshots;
  int next_snapshot = 1;

  Data<Float> data(int members) const {
    return {x.data(), y.data(), nullptr, static_cast<std::int64_t>(row_count), features, targets, members};
  }
  int row_count = 0, features = 0, targets = 0;
};

struct Descent {
  Minimizer minimizer;
  std::vector<double> gradient;
};

std::string layout_text(const Plan<Float>& plan) {
  std::string text = "[";
  for (const ParameterArray& s : plan.arrays()) {
    if (text.size() > 1) text += ",";
    text += "{\"name\":\"" + s.name + "\",\"layer\":" + std::to_string(s.layer) +
            ",\"rows\":" + std::to_string(s.rows) + ",\"columns\":" + std::to_string(s.columns) +
            ",\"vector\":" + (s.is_vector ? "true" : "false") + ",\"weight\":" + (s.is_weight ? "true" : "false") +
            ",\"learned\":" + (s.is_learned ? "true" : "false") + "}";
  }
  return text + "]";
}

}  // namespace

// ---- exceptions: there is no unwinding, so the words are kept and the call ends ----
extern "C" void* __cxa_allocate_exception(std::size_t size) { return std::malloc(size); }
extern "C" void __cxa_throw(void* thrown, std::type_info*, void (*)(void*)) {
  say(static_cast<std::exception*>(thrown)->what());  // the core throws nothing else
  __builtin_trap();
}

// ---- memory ----
EXPORT(ts_take) void* ts_take(std::size_t bytes) { return std::aligned_alloc(64, (bytes + 63) / 64 * 64); }
EXPORT(ts_give) void ts_give(void* room) { std::free(room); }
EXPORT(ts_answer) const char* ts_answer() { return answer.data(); }
EXPORT(ts_answer_size) std::size_t ts_answer_size() { return answer.size(); }

// ---- networks ----
// Parameter arrays of a described network, as JSON: [{name, layer, rows, columns, vector, weight, learned}, ...]
EXPORT(ts_layout) void ts_layout(const char* network, int size) {
  say(layout_text(Plan<Float>(described<NetworkSpec>(network, size), 1)));
}
// How many numbers a sample is before the first layer and after each.
EXPORT(ts_sizes) void ts_sizes(const char* network, int size) {
  const Plan<Float> plan(described<NetworkSpec>(network, size), 1);
  std::vector<std::int32_t> sizes;
  for (std::size_t l = 0; l <= plan.layers().size(); ++l) sizes.push_back(plan.form(l).shape.size());
  give(sizes);
}
// Initial parameters from a seed.
EXPORT(ts_initialize) void ts_initialize(const char* network, int size, double seed) {
  const Plan<Float> plan(described<NetworkSpec>(network, size), 1);
  Block<Float> block(plan.parameters_size());
  plan.initialize(static_cast<std::uint64_t>(seed), block.data());
  std::vector<Float> plain;
  export_parameters(plan, block.data(), plain);
  give(plain);
}

// ---- training ----
// described: {network, settings, seed}. x (count · members, features), y (count, targets). start: unpadded parameters, or null.
EXPORT(ts_train)
Trainer* ts_train(const char* described, int size, const Float* x, const Float* y, int count, int features, int targets,
                  const Float* start, int parameters) {
  const Json json = Json::parse({described, static_cast<std::size_t>(size)});
  auto trainer = std::make_unique<Trainer>();
  Job<Float> job;
  job.network = read_as<NetworkSpec>(json["network"]);
  job.settings = read_as<TrainSpec>(json["settings"]);
  job.start.seed = static_cast<std::uint64_t>(json["seed"].as<double>());
  const int members = job.settings.loss.members;
  trainer->x.assign(x, x + static_cast<std::size_t>(count) * members * features);
  trainer->y.assign(y, y + static_cast<std::size_t>(count) * targets);
  trainer->row_count = count, trainer->features = features, trainer->targets = targets;
  if (start != nullptr) trainer->start.assign(start, start + parameters);
  job.data = job.validation = trainer->data(members);
  job.start.parameters = start != nullptr ? trainer->start.data() : nullptr;
  Rows all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  job.rows = all.data();
  job.row_count = count;
  trainer->session = std::make_unique<Session<Float>>(job);
  return trainer.release();
}
EXPORT(ts_end) void ts_end(Trainer* t) { delete t; }
EXPORT(ts_restart) void ts_restart(Trainer* t) { t->session->restart(); }

// Other data or other rows; x null: the same data.
EXPORT(ts_data)
void ts_data(Trainer* t, const Float* x, const Float* y, int count, const std::int32_t* training, int training_count,
             const std::int32_t* validation, int validation_count, const std::int32_t* test, int test_count) {
  const int members = t->session->job().settings.loss.members;
  std::vector<Float> kept_x, kept_y;  // until the session reads the new ones
  if (x != nullptr) {
    kept_x.swap(t->x), kept_y.swap(t->y);
    t->x.assign(x, x + static_cast<std::size_t>(count) * members * t->features);
    t->y.assign(y, y + static_cast<std::size_t>(count) * t->targets);
    t->row_count = count;
  }
  t->session->change(t->data(members), rows_from(training, training_count), rows_from(validation, validation_count),
                     rows_from(test, test_count));
}
// Other settings, or a network of the same shapes. Returns whether the shapes fit.
EXPORT(ts_change) int ts_change(Trainer* t, const char* described, int size) {
  const Json json = Json::parse({described, static_cast<std::size_t>(size)});
  return t->session->change(read_as<NetworkSpec>(json["network"]), read_as<TrainSpec>(json["settings"]));
}

// At most so many steps; whole_epoch: no further than to the end of this epoch.
EXPORT(ts_steps) int ts_steps(Trainer* t, int steps, int whole_epoch) {
  return static_cast<int>(t->session->advance(steps, whole_epoch != 0));
}
// Where it stands: [epoch, step, row, loss so far, epoch's loss, finite, optimiser's steps]
EXPORT(ts_standing) void ts_standing(Trainer* t) {
  const auto& s = t->session->standing();
  give(std::vector<double>{static_cast<double>(s.epoch), static_cast<double>(s.step), static_cast<double>(s.row),
                           s.loss_so_far, s.epoch_loss, s.finite ? 1.0 : 0.0,
                           static_cast<double>(t->session->optimizer_steps())});
}
EXPORT(ts_next_rows) void ts_next_rows(Trainer* t) {
  const auto rows = t->session->next_rows();
  give(std::vector<std::int32_t>(rows.begin(), rows.end()));
}
EXPORT(ts_loss) double ts_loss(Trainer* t, int which, const Float* parameters) {
  return t->session->loss(static_cast<Session<Float>::Rows>(which), parameters);
}
EXPORT(ts_parameters) void ts_parameters(Trainer* t) { give(t->session->parameters()); }
EXPORT(ts_set_parameters) void ts_set_parameters(Trainer* t, const Float* plain) { t->session->set_parameters(plain); }
EXPORT(ts_states) void ts_states(Trainer* t) { give(t->session->optimizer_states()); }
EXPORT(ts_pin) void ts_pin(Trainer* t, const std::int32_t* places, const Float* values, int count) {
  std::vector<Session<Float>::Pin> pins;
  for (int i = 0; i < count; ++i) pins.push_back({places[i], values[i]});
  t->session->pin(std::move(pins));
}

EXPORT(ts_save) int ts_save(Trainer* t) {
  t->snapshots[t->next_snapshot] = t->session->save();
  return t->next_snapshot++;
}
EXPORT(ts_restore) int ts_restore(Trainer* t, int snapshot) {
  const auto found = t->snapshots.find(snapshot);
  if (found == t->snapshots.end()) return 0;
  t->session->restore(found->second);
  return 1;
}
EXPORT(ts_forget) void ts_forget(Trainer* t, int snapshot) { t->snapshots.erase(snapshot); }

// What every layer answers to count rows: layer by layer, number by number, row by row.
EXPORT(ts_outputs) void ts_outputs(Trainer* t, const Float* x, int count, Float* out) {
  t->session->outputs(x, count, out);
}
EXPORT(ts_predict) void ts_predict(Trainer* t, const Float* x, int count, Float* out) {
  t->session->predict(x, count, out);
}

// One batch there and back with the parameters that count, without a step: [loss, gradient of every parameter, then for the input
// and each layer its outputs (count, numbers), then for each the gradients with respect to them]
EXPORT(ts_inspect) void ts_inspect(Trainer* t, const std::int32_t* rows, int count) {
  const Job<Float>& job = t->session->job();
  const int members = job.settings.loss.members;
  std::vector<Float> x, y;
  for (int i = 0; i < count; ++i) {
    const Float *from_x = t->x.data() + static_cast<std::size_t>(rows[i]) * members * t->features,
                *from_y = t->y.data() + static_cast<std::size_t>(rows[i]) * t->targets;
    x.insert(x.end(), from_x, from_x + members * t->features);
    y.insert(y.end(), from_y, from_y + t->targets);
  }
  const std::vector<Float> parameters = t->session->parameters();
  const Data<Float> data{x.data(), y.data(), nullptr, count, t->features, t->targets, members};
  const Inspection<Float> seen = inspect<Float>(job.network, parameters.data(), data, job.settings.loss, true);
  std::vector<Float> all{static_cast<Float>(seen.loss)};
  all.insert(all.end(), seen.gradient.begin(), seen.gradient.end());
  for (const auto* values : {&seen.outputs, &seen.d_outputs})
    for (const std::vector<Float>& of_layer : *values) all.insert(all.end(), of_layer.begin(), of_layer.end());
  give(all);
}

// ---- one optimiser on a function of the page's ----
IMPORT(evaluate) double page_evaluate(const double* theta, double* gradient);  // for line searches

EXPORT(ts_descent) Descent* ts_descent(const char* optimizer, int size, const double* theta, int count) {
  return new Descent{Minimizer(described<OptimizerSpec>(optimizer, size), theta, count), {}};
}
EXPORT(ts_descent_end) void ts_descent_end(Descent* d) { delete d; }
// One step; the page tells value and gradient when it is asked. Afterwards: theta, and then the optimiser's states.
EXPORT(ts_descent_step) double ts_descent_step(Descent* d, double seed) {
  Minimizer& m = d->minimizer;
  std::vector<double> theta = m.theta(), gradient(theta.size());
  double value = 0;
  if (m.searches()) {
    value = m.descend([&](const std::vector<double>& at, double* slope) { return page_evaluate(at.data(), slope); });
  } else {
    value = page_evaluate(theta.data(), gradient.data());
    if (m.wants_curvature()) {  // Hutchinson: u ⊙ H u, from gradients on both sides
      const std::vector<double> signs = m.signs(static_cast<std::uint64_t>(seed));
      const double far = m.curvature_step();
      std::vector<double> ahead = theta, back = theta, there(theta.size()), here(theta.size()), diagonal(theta.size());
      for (std::size_t i = 0; i < theta.size(); ++i) ahead[i] += far * signs[i], back[i] -= far * signs[i];
      page_evaluate(ahead.data(), there.data());
      page_evaluate(back.data(), here.data());
      for (std::size_t i = 0; i < theta.size(); ++i) diagonal[i] = signs[i] * (there[i] - here[i]) / (2 * far);
      m.add_curvature(diagonal.data());
    }
    m.step(gradient.data());
  }
  std::vector<double> all = m.theta();
  for (const std::vector<double>& state : m.states()) all.insert(all.end(), state.begin(), state.end());
  give(all);
  return value;
}

int main() {}
