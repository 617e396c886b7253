// A training that stands still between its steps (session.hpp): the same bits as the loop's, and what may change in between.
#pragma once

#include <cmath>

#include "check.hpp"
#include "predict.hpp"
#include "session.hpp"
#include "stops.hpp"

// Step by step, or epoch by epoch, to the bits of the loop.
void sessions_are_trainings(const Sample<float>& sample) {
  for (const char* optimizer : {"sgd", "adam", "asgd", "lbfgs", "sophia", "muon"}) {
    Job<float> job = small_job(sample, optimizer);
    job.settings.optimizer.every = 2;
    job.settings.schedule.kind = "reduce_on_plateau";
    job.settings.schedule.factor = 0.5;
    const Outcome<float> whole = trained(job);
    const bool searches = std::strcmp(optimizer, "lbfgs") == 0;
    const std::int64_t of_epoch = searches ? 1 : (job.row_count + 7) / 8;
    Session<float> session(job);
    for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
      CHECK(session.advance(1000, true) == of_epoch && session.standing().row == 0);
      const double loss = session.standing().epoch_loss, expected = whole.history.loss[static_cast<std::size_t>(epoch)];
      CHECK(session.standing().epoch == epoch + 1 && std::abs(loss - expected) <= (searches ? 1e-12 : 0.0));
    }
    for (std::int64_t step = 0; step < 3 * of_epoch; ++step) {
      const auto next = session.next_rows();
      CHECK(std::find(sample.rows.begin(), sample.rows.end(), next.front()) != sample.rows.end());
      CHECK(session.advance(1) == 1);
    }
    CHECK(session.parameters() == whole.parameters && session.optimizer_steps() == (searches ? 0 : 6 * of_epoch));
    CHECK(searches || session.optimizer_states().size() % session.parameters().size() == 0);
    session.restart();
    CHECK(session.standing().step == 0 && session.advance(6 * of_epoch) == 6 * of_epoch);
    CHECK(session.parameters() == whole.parameters);
  }
}

// Whoever goes back takes the same steps again, from the middle of an epoch too. What another rule kept is left alone.
void sessions_go_back(const Sample<float>& sample) {
  Job<float> job = small_job(sample);
  Session<float> session(job);
  for (const std::int64_t steps : {3, 5, 6}) {
    session.advance(steps);
    const auto saved = session.save();
    session.advance(9);
    const std::vector<float> there = session.parameters();
    session.restore(saved);
    CHECK(session.parameters() != there && session.advance(9) == 9 && session.parameters() == there);
  }
  const auto saved = session.save();
  TrainSpec other = job.settings;
  other.optimizer.kind = "sgd";
  CHECK(session.change(job.network, other));
  session.restore(saved);
  CHECK(session.advance(4) == 4);
}

// Settings change between two steps: the optimiser's states stay where its rule does, and shapes that differ are not taken.
void sessions_change(const Sample<float>& sample) {
  Job<float> job = small_job(sample);
  Session<float> session(job), other(job);
  session.advance(4), other.advance(4);
  TrainSpec settings = job.settings;
  CHECK(session.change(job.network, settings));  // nothing is another
  session.advance(3), other.advance(3);
  CHECK(session.parameters() == other.parameters());
  settings.optimizer.learning_rate = 0.1;
  const std::vector<float> states = session.optimizer_states();
  CHECK(session.change(job.network, settings) && session.optimizer_states() == states);
  settings.optimizer.kind = "rmsprop";
  CHECK(session.change(job.network, settings) && session.optimizer_states() != states);
  CHECK(session.advance(2) == 2);
  for (const char* average : {"exponential", "equal"}) {  // whose mean is the answer
    settings.optimizer.average = average;
    CHECK(session.change(job.network, settings) && session.advance(3) == 3);
    std::vector<float> zeros(session.parameters().size(), 0.0F);
    session.set_parameters(zeros.data());
    CHECK(session.parameters() == zeros && session.loss(Session<float>::kTraining, zeros.data()) > 0);
  }
  NetworkSpec wider = job.network;
  wider.layers[0].units = 4;
  const std::vector<float> before = session.parameters();
  CHECK(!session.change(wider, settings) && session.parameters() == before);
  NetworkSpec longer = job.network;
  longer.layers.push_back(dense("c", 1, "identity"));
  CHECK(!session.change(longer, settings) && session.parameters() == before);
  CHECK(session.job().network == job.network);
}

// Other rows begin another epoch; where there are none, nothing is taken and nothing is measured.
void sessions_change_their_rows(const Sample<float>& sample) {
  Session<float> session(small_job(sample));
  CHECK(std::isnan(session.loss(Session<float>::kValidation)));
  session.advance(2);
  session.change(session.job().data, {0, 1, 2, 3}, {4, 5}, {6});
  CHECK(session.standing().epoch == 1 && session.standing().row == 0 && session.advance(9, true) == 1);
  session.change(session.job().data, {0, 1, 2, 3}, {4, 5}, {6});  // at the end of an epoch none ends early
  CHECK(session.standing().epoch == 2 && session.rows(Session<float>::kTest).size() == 1);
  const std::vector<float> now = session.parameters();
  for (const auto which : {Session<float>::kTraining, Session<float>::kValidation, Session<float>::kTest}) {
    const double loss = session.loss(which);
    CHECK(std::isfinite(loss) && loss == session.loss(which, now.data()));
  }
  session.change(session.job().data, {}, {}, {});
  CHECK(session.advance(3) == 0 && session.standing().finite && session.next_rows().empty());
}

// A number that is pinned stays, whatever the optimiser does, and after a restart too.
void sessions_hold_numbers(const Sample<float>& sample) {
  Session<float> session(small_job(sample));
  const std::size_t last = session.parameters().size() - 1;  // the output's bias, whose gradient is never zero
  session.pin({{static_cast<std::int64_t>(last), 0.25F}, {0, -2.0F}});
  for (int time = 0; time < 2; ++time) {
    session.advance(40);  // often enough for subnormal numbers to be cleared
    CHECK(session.parameters()[last] == 0.25F && session.parameters()[0] == -2.0F);
    session.restart();
    CHECK(session.parameters()[last] == 0.25F);
  }
  session.pin({});
  session.advance(1);
  CHECK(session.parameters()[last] != 0.25F);
}

// Where a number is no longer finite a session stands still until it is given others.
void sessions_stop_where_numbers_do(const Sample<float>& sample) {
  Session<float> session(small_job(sample));
  const std::vector<float> sound = session.parameters();
  const std::vector<float> large(sound.size(), 1e37F);
  session.set_parameters(large.data());
  CHECK(session.advance(5) == 0 && !session.standing().finite && session.advance(5) == 0);
  session.set_parameters(sound.data());
  CHECK(session.advance(5) == 5);
}

// What layers answer and what is predicted are a predictor's numbers, for any number of rows.
void sessions_answer(const Sample<float>& sample) {
  Job<float> job = small_job(sample);
  Session<float> session(job);
  session.advance(3);
  const std::vector<float> parameters = session.parameters();
  const Predictor<float> predictor(job.network, parameters.data());
  for (const std::int64_t count : {1, 7, 50}) {
    std::vector<float> expected(static_cast<std::size_t>(count)), found = expected;
    std::vector<float> of_layers(static_cast<std::size_t>(4 * count));
    predictor.run(sample.x.data(), count, expected.data(), 1);
    session.predict(sample.x.data(), count, found.data());
    session.outputs(sample.x.data(), count, of_layers.data());
    for (std::int64_t i = 0; i < count; ++i) {
      CHECK(std::abs(found[i] - expected[i]) <= 1e-6F * (1 + std::abs(expected[i])));
      CHECK(of_layers[3 * count + i] == found[i] && of_layers[i] >= 0);
    }
  }
}
