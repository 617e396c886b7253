// What this machine can do at best: fused multiply-adds a second from registers alone, and bytes a second from memory. The
// benchmark measures both beside its cases, because both change with the clock and with other programs on the processor.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "block.hpp"
#include "team.hpp"

namespace thetastar::TS_LEVEL {

// Floating-point operations of one call: enough independent sums to hide the latency (4 cycles × 2 units = 8 at least),
// few enough to stay in registers. `keep` sees the result, or the compiler would drop the loop.
inline double multiply_adds(float* keep) {
  constexpr int kSums = kRegisters * 3 / 4, kRounds = 20000;
  Vec<float> sums[kSums];
  TS_UNROLLED for (int i = 0; i < kSums; ++i) sums[i] = splat(1.0f + static_cast<float>(i));
  Vec<float> factor = splat(0.999f), term = splat(0.001f);
  asm volatile("" : "+m"(factor), "+m"(term));  // not known when compiling
  const Vec<float> f = factor, t = term;
  for (int round = 0; round < kRounds; ++round) TS_UNROLLED for (int i = 0; i < kSums; ++i) sums[i] = sums[i] * f + t;
  Vec<float> total{};
  TS_UNROLLED for (int i = 0; i < kSums; ++i) total += sums[i];
  *keep += sum<float>(total);
  return 2.0 * kWidth<float> * kSums * kRounds;
}

// Bytes moved by one call of a = b + s · c over `size` numbers each: two reads and a write.
inline double triad(float* a, const float* b, const float* c, std::int64_t size) {
  const Vec<float> s = splat(0.5f);
  for (std::int64_t i = 0; i < size; i += kWidth<float>) store(a + i, load(b + i) + s * load(c + i));
  return 3.0 * sizeof(float) * static_cast<double>(size);
}

// Amount per second of all threads together: each repeats work(thread) for that time after a common start.
template <class Work>
double rate(double seconds, int threads, const Work& work) {
  Team team(threads);
  std::vector<double> rates(static_cast<std::size_t>(team.size()));
  team.run([&](int member) {
    using Clock = std::chrono::steady_clock;
    const auto begun = Clock::now();
    double amount = 0, passed = 0;
    while (passed < seconds) {
      amount += work(static_cast<std::size_t>(member));
      passed = std::chrono::duration<double>(Clock::now() - begun).count();
    }
    rates[static_cast<std::size_t>(member)] = amount / passed;
  });
  double all = 0;
  for (double one : rates) all += one;
  return all;
}

// GFLOP/s in float32, all threads together.
inline double multiply_add_ceiling(double seconds, int threads) {
  std::vector<float> kept(static_cast<std::size_t>(std::max(1, threads)) * 64);  // a cache line or more for each
  return rate(seconds, std::max(1, threads), [&](std::size_t thread) { return multiply_adds(&kept[thread * 64]); }) /
         1e9;
}

// GB/s of a = b + s · c over blocks of `bytes` in all, divided among the threads.
inline double memory_bandwidth(double seconds, int threads, double bytes) {
  threads = std::max(1, threads);
  const std::int64_t size = std::max<std::int64_t>(1, static_cast<std::int64_t>(bytes / 12 / threads) / 64) * 64;
  std::vector<Block<float>> blocks;
  for (int i = 0; i < 3 * threads; ++i) {
    blocks.emplace_back(size);
    std::fill_n(blocks.back().data(), size, 1.0f);  // a page that was never written costs nothing to read
  }
  return rate(seconds, threads,
              [&](std::size_t thread) {
                Block<float>* b = &blocks[3 * thread];
                return triad(b[0].data(), b[1].data(), b[2].data(), size);
              }) /
         1e9;
}

}  // namespace thetastar::TS_LEVEL
