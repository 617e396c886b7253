// Fleets of several threads: packs beside jobs of other kinds, processors for each, and an end in the middle.
#pragma once

#include "check.hpp"
#include "jobs.hpp"

// Packs on several threads beside jobs of other kinds, and stopped in the middle.
void fleet_of_packs(const Sample<float>& sample) {
  const std::vector<Job<float>> kinds = every_kind(sample);
  for (const bool stops : {false, true}) {
    Job<float> tiny = kinds[3];
    tiny.network.layers = {dense("a", 3, "tanh"), dense("b", 3, "identity")};
    tiny.settings.clip_norm = tiny.settings.max_norm = 0;
    if (stops) tiny.settings.epochs = 1000000, tiny.settings.early_stopping = false;
    Fleet<float> fleet(3);
    for (std::size_t other = 0; other < 60; other += 10) {
      fleet.add(kinds[other]);
      std::vector<Start<float>> starts(9);
      for (std::size_t i = 0; i < starts.size(); ++i) starts[i].seed = other + i;
      if (other % 20) {
        fleet.add(tiny, starts);
      } else {
        for (const Start<float>& start : starts) fleet.add(tiny, {start});
      }
    }
    fleet.start();
    std::size_t ended = 0;
    for (bool idle = false; !idle && !stops;) {
      idle = fleet.wait(0.01);
      ended += fleet.take_ended().size();
    }
    if (stops) CHECK(!fleet.wait(0.05));
    fleet.stop();
    CHECK(stops || ended == 60);
    const std::string& stopped = fleet.outcome(1).stopped;
    CHECK(stops ? stopped == "interrupted" : stopped == "epochs" || stopped == "early");
  }
}

// Who begins where another member is moves to a processor that none has, if there is one, and may run as widely as before.
void members_find_processors() {
#if defined(__linux__)
  cpu_set_t allowed, both, one, after;
  CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
  const int first = sched_getcpu();
  int second = -1;
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (i != first && CPU_ISSET(i, &allowed)) second = i;
  if (first < 0 || second < 0) return;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  both = one;
  CPU_SET(second, &both);
  int moved = 0;
  for (int i = 0; i < 100; ++i) {
    Pinning seats(2);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(!seats.take(0, true));
    std::thread([&] {
      CHECK(!seats.take(1));  // nowhere else to go
      CHECK(sched_getaffinity(0, sizeof after, &after) == 0 && CPU_EQUAL(&after, &one));
      CHECK(sched_setaffinity(0, sizeof both, &both) == 0);
      moved += seats.take(1);  // unless the system was faster
      CHECK(sched_getaffinity(0, sizeof after, &after) == 0 && CPU_EQUAL(&after, &both));
    }).join();
    seats.leave(0);
    CHECK(!seats.take(1, true));
  }
  CHECK(moved > 0);
  CHECK(sched_setaffinity(0, sizeof allowed, &allowed) == 0);
#endif
}

void cancel(const Sample<float>& sample) {
  Fleet<float> fleet(2);
  for (Job<float> job : every_kind(sample)) {
    job.settings.epochs = 1000000;
    job.settings.early_stopping = false;
    fleet.add(job);
  }
  fleet.start();
  CHECK(!fleet.wait(0.05));
  fleet.stop();
  CHECK(fleet.outcome(0).stopped == "interrupted");
  CHECK(fleet.outcome(60).stopped.empty());  // never started
}
