// The arithmetic by itself: functions, losses side by side, minimising, and products on tiles.
#pragma once

#include "check.hpp"
#include "minimize.hpp"
#include "train.hpp"

using namespace thetastar::TS_LEVEL;

// Within so many units in the last place of the C library's double, for x and -x on a fine logarithmic scale; the ends.
void functions_are_accurate() {
  const FlushSubnormals flush;
  const auto worst = [](auto function, auto exact, float from, float to) {
    double units = 0;
    for (float size = from; size < to; size *= 1.00003F)
      for (const float x : {size, -size}) {
        const double expected = exact(static_cast<double>(x));
        if (!std::isfinite(expected) || std::abs(expected) < 1e-30) continue;
        const float near = std::abs(static_cast<float>(expected)), unit = std::nextafter(near, 1e38F) - near;
        units = std::max(units, std::abs(static_cast<double>(function(splat(x))[0]) - expected) / unit);
      }
    return units;
  };
  CHECK(worst([](Vec<float> x) { return exp(x); }, [](double x) { return std::exp(x); }, 1e-6F, 86) < 2);
  CHECK(worst([](Vec<float> x) { return tanh(x); }, [](double x) { return std::tanh(x); }, 1e-20F, 30) < 2);
  CHECK(worst([](Vec<float> x) { return logistic(x); }, [](double x) { return 1 / (1 + std::exp(-x)); }, 1e-6F, 86) <
        3);
  CHECK(worst([](Vec<float> x) { return log(abs(x)); }, [](double x) { return std::log(std::abs(x)); }, 1e-30F, 1e30F) <
        2);
  CHECK(worst([](Vec<float> x) { return root(abs(x)); }, [](double x) { return std::sqrt(std::abs(x)); }, 1e-30F,
              1e38F) < 2);
  const auto scaled = [](Vec<float> x) { return root_times(abs(x), 0.03F, 1e-8F); };
  CHECK(worst(scaled, [](double x) { return std::sqrt(std::abs(x)) * 0.03F + 1e-8F; }, 1e-30F, 1e38F) < 3);
  CHECK(worst([](Vec<float> x) { return inverse(x); }, [](double x) { return 1 / x; }, 1e-30F, 1e30F) < 2);
  const auto wave = [](double x, double (*f)(double)) { return f(6.28318530717958647692 * x); };
  for (int k = -40'000; k <= 40'000; ++k) {  // turns around the circle, whose cosine and sine are near 0 at some
    const float turns = static_cast<float>(k) * 1e-4F;
    const Circle<float> point = circle(splat(turns));
    CHECK(std::abs(static_cast<double>(point.cosine[0]) - wave(turns, std::cos)) < 4e-7);
    CHECK(std::abs(static_cast<double>(point.sine[0]) - wave(turns, std::sin)) < 4e-7);
  }
  CHECK(std::isnan(circle(splat(std::numeric_limits<float>::quiet_NaN())).cosine[0]));
  constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  for (const float far : {100.0F, 1e30F, kInfinity}) {
    CHECK(tanh(splat(far))[0] == 1 && tanh(splat(-far))[0] == -1);
    CHECK(logistic(splat(far))[0] == 1 && logistic(splat(-far))[0] < 1e-37F && logistic(splat(-far))[0] >= 0);
    CHECK(exp(splat(far))[0] > 1e38F && exp(splat(-far))[0] == 0);
  }
  CHECK(std::isnan(exp(splat(kNan))[0]) && std::isnan(tanh(splat(kNan))[0]) && std::isnan(logistic(splat(kNan))[0]) &&
        std::isnan(log(splat(kNan))[0]));
}

// Two vectors that share a division move as far as each does with its own, within two roundings; a third one is left alone.
// Without any gradient a parameter stays where it is, whatever its neighbour does.
template <class T, bool kAmsgrad>
void vectors_share_divisions() {
  constexpr int W = kWidth<T>, kCount = 3 * W, kStates = Adam<T, kAmsgrad>::kStates;
  constexpr T kStill = 7;
  const auto at = [](Block<T>& block, int i) -> T& { return block.data()[i]; };
  for (const double epsilon : {1e-8, 0.0})
    for (const Pull<T> pull : {Pull<T>{}, Pull<T>{T(0.1), T(0), T(1)}, Pull<T>{T(0), T(0.2), T(0.9)}}) {
      OptimizerSpec spec;
      spec.kind = "adam";
      spec.epsilon = epsilon;
      Block<T> parameters(kCount), gradients(kCount), states(kStates * kCount), own_parameters(kCount),
          own_states(kStates * kCount);
      for (int i = 0; i < kCount; ++i) at(parameters, i) = at(own_parameters, i) = i % 5 == 0 ? kStill : T(0);
      const Stream stream(1);
      Moment moment;
      moment.rate = 0.01;
      for (moment.step = 1; moment.step <= 20; ++moment.step) {
        moment.powers.advance(spec, moment.step);
        const Adam<T, kAmsgrad> rule(spec, moment);
        // Of all sizes from 1e-9 to 1e9 side by side, and none at all.
        for (int i = 0; i < kCount; ++i) {
          const double drawn = stream.uniform(static_cast<std::uint64_t>(moment.step * kCount + i)) - 0.5;
          at(gradients, i) = i % 5 == 0 ? T(0) : static_cast<T>(drawn * std::pow(10, i * 7 % 19 - 9));
          at(own_parameters, i) = at(parameters, i);
        }
        const double squares =
            apply<T>(rule, pull, parameters.data(), gradients.data(), states.data(), kCount, kCount, true);
        const double own_squares =
            apply<T>(rule, pull, own_parameters.data(), gradients.data(), own_states.data(), kCount, kCount);
        CHECK(squares == own_squares);
        for (int i = 0; i < kStates * kCount; ++i) CHECK(at(states, i) == at(own_states, i));
        for (int i = 0; i < kCount; ++i) {
          CHECK(std::abs(at(parameters, i) - at(own_parameters, i)) <=
                4 * std::numeric_limits<T>::epsilon() * (std::abs(at(own_parameters, i)) + T(0.1)));
          CHECK(i < 2 * W || at(parameters, i) == at(own_parameters, i));
          CHECK(i % 5 != 0 || pull.penalty != 0 || pull.decay != 0 || at(parameters, i) == kStill);
        }
      }
    }
}

// Samples side by side have the bits that each has by itself, and the gradient's padding is zero.
void losses_in_lanes() {
  constexpr int W = kWidth<float>;
  for (const char* name : {"mean_squared_error", "mean_absolute_error", "binary_cross_entropy", "cross_entropy"})
    for (const int outputs : {1, 2, 10, W - 1, W, W + 1, 32})
      for (int samples = 1; samples <= W; ++samples) {
        LossSpec spec;
        spec.kind = name;
        const bool classes = spec.kind == "cross_entropy";
        const Loss<float> loss(spec, outputs, classes ? 1 : outputs);
        CHECK(loss.suits_lanes(std::min(4, W / 2)) && !loss.suits_lanes(std::min(4, W / 2) - 1));
        const int ld = padded<float>(outputs), targets = classes ? 1 : outputs;
        Block<float> f(W * ld), y(W * targets), alone(W * ld), together(W * ld);
        for (int b = 0; b < samples; ++b) {
          for (int j = 0; j < outputs; ++j)
            f.data()[b * ld + j] = static_cast<float>(3 * std::sin(1.7 * b + 0.9 * j + outputs));
          for (int j = 0; j < targets; ++j)
            y.data()[b * targets + j] = static_cast<float>(classes ? (7 * b + 3) % outputs : (b + j) % 2);
        }
        const auto weight = [&](int b) { return (1 + b) / 7.0; };
        const auto target = [&](int b) { return y.data() + b * targets; };
        std::fill_n(together.data(), W * ld, std::numeric_limits<float>::quiet_NaN());
        double costs[W];
        loss.side_by_side(samples, f.data(), target, true, weight, together.data(), costs);
        for (int b = 0; b < samples; ++b) {
          const double cost = weight(b) * loss(f.data() + b * ld, target(b), alone.data() + b * ld);
          for (int j = 0; j < ld; ++j) alone.data()[b * ld + j] *= static_cast<float>(weight(b));
          CHECK(std::memcmp(&cost, &costs[b], sizeof cost) == 0);
          CHECK(std::memcmp(alone.data() + b * ld, together.data() + b * ld,
                            static_cast<std::size_t>(ld) * sizeof(float)) == 0);
        }
      }
}

void minimize() {
  for (const char* kind : {"sgd", "nadam", "ftrl", "rprop", "lbfgs", "sophia"}) {
    OptimizerSpec o;
    o.kind = kind;
    o.learning_rate = 0.1;
    const double start[] = {1, -2, 3};
    Minimizer minimizer(o, start, 3);
    for (int step = 0; step < 5; ++step) {
      const std::vector<double> theta = minimizer.theta();
      if (minimizer.wants_curvature()) minimizer.add_curvature(minimizer.signs(7).data());
      if (!minimizer.searches()) minimizer.step(theta.data());
      if (minimizer.searches())
        minimizer.descend([](const std::vector<double>& at, double* gradient) {
          std::copy(at.begin(), at.end(), gradient);
          return 0.5 * (at[0] * at[0] + at[1] * at[1] + at[2] * at[2]);
        });
    }
    CHECK(std::abs(minimizer.theta()[2]) < 3);
  }
}

// Products on tiles of all kinds of sizes, from and into blocks that end where they must. All numbers are whole and all sums
// exact: small numbers, which one part holds, or large ones of three parts or of two.
void products_on_tiles() {
  if (!has_bfloat16<float>()) return;
  struct Numbers {
    int parts;
    Offset largest;
    float left, right;  // these times whole numbers up to the largest
  };
  const Offset sizes[] = {1, 7, 16, 17, 32, 40, 67};
  for (const Numbers& numbers :
       {Numbers{1, 8, 1, 1}, {3, 8, 1, 1}, {3, 1, 131329, 1}, {3, 1, 1, 131329}, {3, 1, 257, 257}}) {
    const auto small = [&](Offset i) {
      return static_cast<float>((i * 7919) % (2 * numbers.largest + 1) - numbers.largest);
    };
    for (const Offset M : sizes)
      for (const Offset N : sizes)
        for (const Offset K : sizes)
          for (int kind = 0; kind < 12; ++kind) {
            const bool left_turned = kind % 2, right_turned = kind / 2 % 2;
            const auto begin = static_cast<Begin>(kind / 4);
            const Offset lda = padded<float>(static_cast<int>(left_turned ? M : K)),
                         ldc = padded<float>(static_cast<int>(N));
            const Offset ldb = padded<float>(static_cast<int>(right_turned ? K : N));
            Block<float> a((left_turned ? K : M) * lda), b((right_turned ? N : K) * ldb), c(M * ldc), bias(ldc);
            Block<float> room(bfloat16_room(M, K, numbers.parts));
            const auto at_a = [&](Offset i, Offset k) -> float& {
              return a.data()[left_turned ? k * lda + i : i * lda + k];
            };
            const auto at_b = [&](Offset k, Offset j) -> float& {
              return b.data()[right_turned ? j * ldb + k : k * ldb + j];
            };
            for (Offset k = 0; k < K; ++k) {
              for (Offset i = 0; i < M; ++i) at_a(i, k) = numbers.left * small(i * K + k);
              for (Offset j = 0; j < N; ++j) at_b(k, j) = numbers.right * small(k * N + j + 5);
            }
            for (Offset j = 0; j < N; ++j) bias.data()[j] = small(j);
            for (Offset i = 0; i < M * ldc; ++i) c.data()[i] = begin == Begin::kAdd && i % ldc < N ? small(i) : 0;
            const Left<float> left = left_turned ? Left<float>{a.data(), 1, lda, K} : Left<float>{a.data(), lda, 1, K};
            const Product<float> p{left, b.data(), ldb, c.data(), ldc, bias.data(), begin, false, right_turned};
            if (!right_turned && kind / 4 != 1) {  // laid out before, in pieces, with room for more
              const PackedRight packed(K + 40, N, numbers.parts);
              Block<float> tiles(packed.size());
              const Offset half = K / 2 / kTileDepth * kTileDepth, middle = N / 2 / kTileSide * kTileSide;
              for (const auto& [from, to] : {std::pair(Offset(0), middle), std::pair(middle, ldc)}) {
                pack_right<float>(b.data(), ldb, 0, half, from, to, packed, tiles.data());
                pack_right<float>(b.data() + half * ldb, ldb, half, K - half, from, to, packed, tiles.data());
              }
              multiply_bfloat16<float>(M, N, p, numbers.parts, room.data(), tiles.data(), packed.depth);
            } else {
              multiply_bfloat16<float>(M, N, p, numbers.parts, room.data());
            }
            for (Offset i = 0; i < M; ++i)
              for (Offset j = 0; j < ldc; ++j) {
                double sum = j >= N || begin == Begin::kZero ? 0
                             : begin == Begin::kBias         ? bias.data()[j]
                                                             : small(i * ldc + j);
                for (Offset k = 0; k < K && j < N; ++k) sum += static_cast<double>(at_a(i, k)) * at_b(k, j);
                CHECK(c.data()[i * ldc + j] == sum);
              }
          }
  }
}

// Numbers in three parts lose nothing against vectors: for numbers of one size and of very different ones, of both signs and
// of one, the mean error of sums is below that of a sum by vectors.
void three_parts_are_float32() {
  if (!has_bfloat16<float>()) return;
  const Stream stream(11);
  std::uint64_t drawn = 0;
  const auto normal = [&] { return stream.normal(drawn++); };
  for (const int kind : {0, 1, 2})
    for (const Offset K : {32, 100, 784}) {
      constexpr Offset M = 48, N = 48;
      Block<float> a(M * K), b(K * N), room(bfloat16_room(M, K, 3)), vectors(M * N), tiles(M * N);
      const auto number = [&] {
        return static_cast<float>(kind == 0   ? normal()
                                  : kind == 1 ? std::abs(normal())
                                              : normal() * std::exp(3 * normal()));
      };
      for (Offset i = 0; i < M * K; ++i) a.data()[i] = number();
      for (Offset i = 0; i < K * N; ++i) b.data()[i] = number();
      const auto product = [&](float* c) { return Product<float>{{a.data(), K, 1, K}, b.data(), N, c, N}; };
      multiply<float>(M, N, product(vectors.data()));
      multiply_bfloat16<float>(M, N, product(tiles.data()), 3, room.data());
      double by_vectors = 0, by_tiles = 0;
      for (Offset i = 0; i < M; ++i)
        for (Offset j = 0; j < N; ++j) {
          double sum = 0, size = 0;
          for (Offset k = 0; k < K; ++k) {
            const double term = static_cast<double>(a.data()[i * K + k]) * b.data()[k * N + j];
            sum += term;
            size += std::abs(term);
          }
          const auto square = [&](const Block<float>& c) { return std::pow((c.data()[i * N + j] - sum) / size, 2); };
          by_vectors += square(vectors);
          by_tiles += square(tiles);
        }
      CHECK(by_tiles < by_vectors);
    }
}
