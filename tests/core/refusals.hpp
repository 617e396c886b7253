// Names that are in the lists, names that are not, and memory that there is not.
#pragma once

#include "check.hpp"
#include "jobs.hpp"

// The lists of names hold nothing that the core cannot make.
void names_are_known() {
  each_loss<float>(LossSpec{}, [](const char* name, LossFunction<float> function, int, Asks) {
    LossSpec spec;
    spec.kind = name;
    CHECK(function != nullptr && find_loss<float>(spec) == function);
  });
  for (const auto& [name, traits] : kOptimizers) {
    OptimizerSpec spec;
    spec.kind = name;
    if (!traits.searches_lines) CHECK(with_rule<float>(spec, Moment{}, [](const auto&) { return 1.0; }) == 1);
  }
  Plan<float>::each_layer_kind([](const char* kind) { CHECK(*kind != 0); });
}

// Names that the core does not have are refused, each in its own words.
void other_names_are_refused() {
  const Sample<float> sample;
  refused("activation: no 'magic' in the core", [] { find_activation<float>("magic"); });
  LossSpec loss;
  loss.kind = "magic";
  refused("loss: no 'magic' in the core", [&] { find_loss<double>(loss); });
  OptimizerSpec optimizer;
  optimizer.kind = "magic";
  refused("optimizer: no 'magic' in the core", [&] { traits_of(optimizer); });
  optimizer.kind = "lbfgs";  // which is no rule that moves a number by its own gradient
  refused("optimizer: no 'lbfgs' in the core",
          [&] { with_rule<float>(optimizer, Moment{}, [](const auto&) { return 1.0; }); });
  ScheduleSpec schedule;
  schedule.kind = "magic";
  refused("schedule: no 'magic' in the core", [&] { schedule_factor(schedule, Clock{0, 1, 1}); });
  double values[4];
  refused("initializer: no 'magic' in the core", [&] {
    InitializerSpec spec{"magic", 0};
    initialize(spec, Stream(1), 2, 2, 2, 2, values);
  });
  const NetworkSpec unknown{{1, 1, 3}, {plain("magic", "m", 2)}};
  refused("layer: no 'magic' in the core", [&] { Plan<float>(unknown, 1); });
  const NetworkSpec uneven{{5, 5, 2}, {residual("r", {conv("c", 3, 2, 2, 1, false)})}};  // 4 × 4 pixels are left
  refused("Residual: the inner layers' output does not fit a projection", [&] { Plan<float>(uneven, 1); });

  // A fleet says it of the job whose name it is, and goes on with the others.
  Fleet<float> fleet(2);
  Job<float> job = every_kind(sample)[3];
  fleet.add(job);
  job.settings.schedule.kind = "magic";
  fleet.add(job);
  fleet.start();
  while (!fleet.wait(0.01)) {}
  CHECK(fleet.outcome(0).error.empty() && fleet.outcome(0).stopped != "");
  CHECK(fleet.outcome(1).error == "schedule: no 'magic' in the core" && fleet.outcome(1).parameters.empty());
}

// Pages that are kept come back as zeros, and those of other sizes go back to the system; a block that is too large is refused.
void blocks_are_zeros() {
  const auto filled = [](std::int64_t size) {
    Block<float> block(size);
    for (std::int64_t i = 0; i < size; i += 511) CHECK(block.data()[i] == 0);
    std::fill_n(block.data(), size, 1.0F);
    block.fetch();
  };
  const std::int64_t small = 100, middle = 20'000, large = 200'000, huge = 600'000;
  for (const bool many : {false, true}) {
    const KeptPages kept(many);
    CHECK(KeptPages::wants_middle() == many);
    for (const std::int64_t size : {large, large, middle, middle, small, huge, large}) filled(size);
    std::vector<Block<float>> more_than_are_kept;
    for (int i = 0; i < 70; ++i) more_than_are_kept.emplace_back(70'000);
    more_than_are_kept.clear();
    filled(70'000);
  }
  filled(huge);
  CHECK(!KeptPages::wants_middle() && Block<float>(0).data() == nullptr);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose allocators end the program instead
  bool thrown = false;
  try {
    const Block<double> block(std::int64_t{1} << 56);
  } catch (const std::bad_alloc&) { thrown = true; }
  CHECK(thrown);
#endif
}
