// The shapes of the dense layers that matter, and a clock of this thread's own time.
#pragma once

#include <ctime>

#include "kernels/gemm.hpp"

inline float kept = 0;  // what the ceiling's loop leaves; global, or the compiler would drop the loop

inline double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

struct Shapes {
  const char* name;
  thetastar::TS_LEVEL::Offset batch, inputs, outputs;
};
inline constexpr Shapes kShapes[] = {{"lecture 100 x 100", 32, 100, 100}, {"digits 64 x 32", 32, 64, 32},
                                     {"mnist 784 x 128", 128, 784, 128},  {"table 256 x 256", 256, 256, 256},
                                     {"wide 784 x 512", 128, 784, 512},   {"wide 512 x 512", 128, 512, 512}};
