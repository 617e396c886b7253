// The product's speed by shape, from buffers that stay in the cache: dense layers forward (X W), backward (dZ Wᵀ), and
// the weights' gradients (Xᵀ dZ) by blocks of rows as a training asks for them. openblas.py prints the same shapes.
//
//   g++ -std=c++20 -O3 -ffp-contract=fast -fno-math-errno -Wno-psabi -Wno-maybe-uninitialized -march=x86-64-v4 -mprefer-vector-width=512
//       -DTS_LEVEL=v4 -I../../core products.cpp -o products -pthread                                     (one line)
#include <cstdio>

#include "block.hpp"
#include "ceiling.hpp"
#include "shapes.hpp"

using namespace thetastar::TS_LEVEL;

int main() {
  const FlushSubnormals flush;
  std::printf("%-22s%26s%26s%26s\n", "", "forward", "backward", "gradient, 16 rows a block");
  for (const Shapes& s : kShapes) {
    const Offset I = s.inputs, O = s.outputs, B = s.batch, ldi = padded<float>(static_cast<int>(I)),
                 ldo = padded<float>(static_cast<int>(O));
    Block<float> x(B * ldi), w(I * ldo), z(B * ldo), d(B * ldi), dw(I * ldo);
    for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i % 7);
    for (std::int64_t i = 0; i < w.size(); ++i) w.data()[i] = static_cast<float>(i % 5);
    const auto forward = [&] { multiply<float>(B, O, {{x.data(), ldi, 1, I}, w.data(), ldo, z.data(), ldo}); };
    const auto backward = [&] {
      Product<float> p{{z.data(), ldo, 1, O}, w.data(), ldo, d.data(), ldi};
      p.turned = true;
      multiply<float>(B, I, p);
    };
    const auto gradient = [&] {
      for (Offset from = 0; from < I; from += 16)
        multiply<float>(std::min<Offset>(16, I - from), O,
                        {{x.data() + from, 1, ldi, B}, z.data(), ldo, dw.data() + from * ldo, ldo});
    };
    std::printf("%-22s", s.name);
    const double operations = 2.0 * static_cast<double>(B * I * O);
    const auto print = [&](auto product) {
      const int repeats = std::max(3, static_cast<int>(2e8 / operations));
      double best = 1e9, ceiling = 0;
      for (int turn = 0; turn < 9; ++turn) {
        double begun = now(), done = 0;
        for (int i = 0; i < 5; ++i) done += multiply_adds(&kept);
        ceiling = std::max(ceiling, done / (now() - begun));
        begun = now();
        for (int i = 0; i < repeats; ++i) product();
        best = std::min(best, (now() - begun) / repeats);
      }
      std::printf("%10.1f us %4.0f GF %3.0f %%", best * 1e6, operations / best / 1e9,
                  100 * operations / best / ceiling);
    };
    print(forward);
    print(backward);
    print(gradient);
    std::printf("\n");
  }
}
