// What a pass and a loss write, and what is seen inside a network: the loss at places, slopes at the inputs, one update.
#pragma once

#include <limits>

#include "check.hpp"
#include "input_gradients.hpp"
#include "inspect.hpp"
#include "jobs.hpp"
#include "landscape.hpp"
#include "predict.hpp"

// Not-a-number in every number of a network's outputs and gradients; the padding stays zero.
template <class T>
void poison(const Plan<T>& plan, Workspace<T>& work, int batch) {
  const T nothing = std::numeric_limits<T>::quiet_NaN();
  for (const ParameterArray& s : plan.arrays())
    each_gate(s, [&](std::int64_t at, int count) { std::fill_n(work.gradients() + at, count, nothing); });
  const auto fill = [&](T* block, const Form& form) {
    for (Offset sample = 0; sample < (batch + form.lanes - 1) / form.lanes * form.lanes; ++sample)
      for (Offset position = 0; position < form.shape.positions(); ++position)
        for (Offset c = 0; c < form.shape.channels; ++c) block[form.row(sample, position) + c * form.lanes] = nothing;
  };
  for (std::size_t l = 0; l <= plan.layers().size(); ++l) {
    fill(work.at(l), plan.form(l));
    fill(work.gradient_at(l), gradient_form<T>(plan.form(l)));
  }
}

// Of a batch there and back, layer by layer: the gradients of all parameters, and those of the inputs behind them.
template <class T>
std::vector<T> gradients_of(const Job<T>& job, const Plan<T>& plan, Workspace<T>& work, const Data<T>& data) {
  const int batch = static_cast<int>(plan.batch());
  const std::int64_t rows[] = {3, 1, 4, 1, 5};
  const Part all = whole(batch);
  work.gather(data, rows, all);
  work.draw_from(Stream(7));
  work.forward(all, Workspace<T>::kTrainMode);
  work.loss(Loss<T>(job.settings.loss, plan.outputs(), data.targets), data, rows, all, 0.2);
  for (std::size_t l = plan.layers().size(); l-- > 0;) {
    work.backward(all, l, false);
    for (const ParameterArray& array : plan.arrays_of(l)) work.gradient(all, array, 0, array.rows);
  }
  std::vector<T> found;
  export_parameters(plan, work.gradients(), found);
  const Form form = gradient_form<T>(plan.form(0));
  for (Offset sample = 0; sample < batch; ++sample)
    for (Offset position = 0; position < form.shape.positions(); ++position)
      for (Offset c = 0; c < form.shape.channels; ++c)
        found.push_back(work.gradient_at(0)[form.row(sample, position) + c * form.lanes]);
  return found;
}

// Whatever lay in a network's memory before, a pass comes out to the same bits: not-a-number in all outputs and gradients, and
// whatever a pass over rows of not-a-number leaves behind there and in the scratch.
template <class T>
void passes_write_everything(const Job<T>& job) {
  const Plan<T> plan(job.network, 5);
  const std::vector<T> nothing(static_cast<std::size_t>(job.data.rows * job.data.features),
                               std::numeric_limits<T>::quiet_NaN());
  Data<T> no_numbers = job.data;
  no_numbers.x = nothing.data();
  std::vector<T> expected;
  for (const bool poisoned : {false, true})
    for (const bool used : {false, true}) {
      Workspace<T> work(plan, Workspace<T>::kTrain);
      plan.initialize(1, work.parameters());
      if (used) gradients_of(job, plan, work, no_numbers);
      plan.initialize(1, work.parameters());  // running statistics have seen those rows
      if (poisoned) poison(plan, work, 5);
      const std::vector<T> found = gradients_of(job, plan, work, job.data);
      for (std::int64_t i = 0; i < plan.parameters_size(); ++i) CHECK(std::isfinite(work.gradients()[i]));
      if (expected.empty()) expected = found;
      CHECK(found == expected);
    }
}

// A loss writes every number of its gradient, whatever lay there before.
template <class T>
void writes_everything(const Job<T>& job) {
  const int outputs = Plan<T>(job.network, 1).outputs(), rows = job.settings.loss.members;
  const Loss<T> loss(job.settings.loss, outputs, job.data.targets);
  const std::ptrdiff_t ld = padded<T>(outputs);
  Block<T> prediction(rows * ld), gradient(rows * ld);
  for (std::ptrdiff_t i = 0; i < rows * ld; ++i)
    prediction.data()[i] = static_cast<T>(0.1 + 0.05 * static_cast<double>(i % 7));
  std::fill_n(gradient.data(), rows * ld, std::numeric_limits<T>::quiet_NaN());
  CHECK(std::isfinite(loss(prediction.data(), job.data.y, gradient.data())));
  for (int m = 0; m < rows; ++m)
    for (int j = 0; j < outputs; ++j) CHECK(std::isfinite(gradient.data()[m * ld + j]));
}

// The loss at places of the parameters is the loss of that network on all rows, and any number of threads finds the same bits.
template <class T>
void landscapes_are_losses(const Sample<T>& sample) {
  std::vector<Job<T>> jobs = every_kind(sample);
  const Catalogue<T> catalogue(sample);
  for (Job<T>& job : catalogue.jobs(sample)) jobs.push_back(job);
  for (std::size_t i = 0; i < jobs.size(); i += 3) {
    const Job<T>& job = jobs[i];
    const Plan<T> plan(job.network, 1);
    std::vector<T> parameters(static_cast<std::size_t>(plan.parameters_size())), plain;
    plan.initialize(1, parameters.data());
    export_parameters(plan, parameters.data(), plain);
    std::vector<double> origin(plain.begin(), plain.end()), direction(plain.size(), 0.125), alone(3), shared(3);
    const double steps[3] = {0, 1, -0.5};
    const typename Landscape<T>::Places places{
        origin.data(), direction.data(), steps, 3, 1, static_cast<std::int64_t>(plain.size())};
    const Landscape<T> landscape(job.network, job.settings.loss, job.data);
    landscape.run(places, alone.data(), 1);
    landscape.run(places, shared.data(), 3);
    for (int p = 0; p < 3; ++p) {
      CHECK(std::memcmp(&alone[p], &shared[p], sizeof(double)) == 0);
      std::vector<T> there;
      for (const T value : plain) there.push_back(static_cast<T>(static_cast<double>(value) + steps[p] * 0.125));
      const double expected = inspect<T>(job.network, there.data(), job.data, job.settings.loss, false).loss;
      CHECK(std::isfinite(expected) ? std::abs(alone[p] - expected) <= 1e-5 * (1 + std::abs(expected))
                                    : !std::isfinite(alone[p]));
    }
  }
}

// The slopes at a smooth network's inputs are its differences, and a constant slope is the same along any way.
void slopes_at_the_inputs(const Sample<double>& sample) {
  const Job<double> job = every_kind(sample).front();
  NetworkSpec network = job.network;
  for (LayerSpec& layer : network.layers)
    if (layer.kind == "dense") layer.activation = "tanh";
  const Plan<double> plan(network, 1);
  std::vector<double> parameters(static_cast<std::size_t>(plan.parameters_size())), plain;
  plan.initialize(1, parameters.data());
  export_parameters(plan, parameters.data(), plain);
  const Predictor<double> predictor(network, plain.data());
  const InputGradients<double> gradients(network, plain.data());
  const int inputs = predictor.inputs(), outputs = predictor.outputs();
  const std::vector<double> baseline(static_cast<std::size_t>(inputs), 0.0);
  std::vector<double> of(static_cast<std::size_t>(outputs), 0.0), x, slopes(static_cast<std::size_t>(70 * inputs));
  of.back() = 1;
  for (int i = 0; i < 70 * inputs; ++i) x.push_back(0.1 * (i % 17) - 0.8);
  const double end = 1, whole_weight = 1;
  for (int threads : {1, 3}) {
    gradients.run(x.data(), 70, {baseline.data(), &end, &whole_weight, of.data(), 1}, slopes.data(), threads);
    for (int row : {0, 31, 69})
      for (int i = 0; i < inputs; ++i) {
        std::vector<double> up(x.begin() + row * inputs, x.begin() + (row + 1) * inputs), down = up;
        up[static_cast<std::size_t>(i)] += 1e-5;
        down[static_cast<std::size_t>(i)] -= 1e-5;
        std::vector<double> high(static_cast<std::size_t>(outputs)), low = high;
        predictor.run(up.data(), 1, high.data(), 1);
        predictor.run(down.data(), 1, low.data(), 1);
        const double expected = (high.back() - low.back()) / 2e-5;
        CHECK(std::abs(slopes[static_cast<std::size_t>(row * inputs + i)] - expected) <=
              1e-6 * (1 + std::abs(expected)));
      }
  }
}

// One update to look at is the first epoch of a training whose only batch is all rows.
template <class T>
void an_update_is_an_epoch(const Sample<T>& sample) {
  std::atomic<bool> never{false};
  std::atomic<std::int64_t> epochs{0};
  const Catalogue<T> catalogue(sample);
  std::vector<Job<T>> jobs = catalogue.jobs(sample);
  for (std::size_t i = 0; i < jobs.size(); i += 4) {
    Job<T>& job = jobs[i];
    job.settings.epochs = 1;
    job.settings.batch_size = static_cast<int>(job.row_count);
    job.settings.shuffle = false;
    job.validation_count = 0;
    Resources alone;
    alone.keeps_gradients = true;
    const Update<T> seen = Training<T>(job, Signals{&never, &epochs}, alone).update({});
    const Outcome<T> trained = Training<T>(job, Signals{&never, &epochs}).run();
    if (!seen.finite || trained.parameters.empty()) continue;
    CHECK(trained.parameters == seen.answer);
  }
}
