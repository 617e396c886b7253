// Convolutions by minimal filtering (layers/winograd.hpp) beside the plain sums that define them.
#pragma once

#include <array>

#include "check.hpp"
#include "jobs.hpp"

// A layer by minimal filtering gives what the sum over the taps gives, there and back, for any part of a group of samples.
template <class T>
void filtering_is_the_sum_over_taps() {
  for (const bool same : {false, true})
    for (const bool has_bias : {false, true})
      for (const auto [height, width, I, O] :
           std::vector<std::array<int, 4>>{{12, 11, 16, 64}, {9, 14, 48, 19}, {13, 13, 32, 33}, {40, 10, 32, 16}}) {
        const int batch = 1 + height % 7;
        LayerSpec spec = conv("c", O, 3, 3, 1, same);
        spec.activation = "identity";
        spec.use_bias = has_bias;
        spec.bias.kind = "normal";
        spec.bias.value = 1;
        const NetworkSpec network{{height, width, I},
                                  {spec, pointwise("dropout", "", 0)}};  // which keeps it from lanes
        const Plan<T> plan(network, batch);
        const auto& layer = *plan.layers()[0];
        CHECK(dynamic_cast<const WinogradConv2D<T>*>(&layer) != nullptr);
        Workspace<T> work(plan, Workspace<T>::kTrain);
        plan.initialize(3, work.parameters());
        const Stream stream(5);
        std::uint64_t drawn = 0;
        const Form in = plan.form(0), out = plan.form(1);
        for (Offset i = 0; i < batch * in.sample(); ++i) work.at(0)[i] = static_cast<T>(stream.normal(drawn++));
        for (Offset i = 0; i < batch * out.shape.positions(); ++i)
          for (int o = 0; o < O; ++o) work.gradient_at(1)[i * out.ld + o] = static_cast<T>(stream.normal(drawn++));
        const Part all = whole(batch);
        work.begin(all, Workspace<T>::kTrainMode);
        work.forward(all, 0);
        work.backward(all, 0, false);
        for (const ParameterArray& array : plan.arrays()) work.gradient(all, array, 0, array.rows);

        const ParameterArray& weight = plan.arrays()[0];
        const Offset size = weight.size();
        const T *W = work.parameters() + weight.offset,
                *b = has_bias ? work.parameters() + plan.arrays()[1].offset : nullptr;
        std::vector<double> dW(static_cast<std::size_t>(size)), dX(static_cast<std::size_t>(batch * in.sample())),
            db(static_cast<std::size_t>(O));
        const double error = sizeof(T) == 8 ? 1e-12 : 1e-4;  // of sums of up to some thousand products of about 1
        const int before = same ? 1 : 0;
        for (int n = 0; n < batch; ++n)
          for (int y = 0; y < out.shape.height; ++y)
            for (int x = 0; x < out.shape.width; ++x)
              for (int o = 0; o < O; ++o) {
                const Offset at = ((n * out.shape.height + y) * out.shape.width + x) * out.ld + o;
                const double dZ = work.gradient_at(1)[at];
                double z = b ? b[o] : 0.0;
                db[static_cast<std::size_t>(o)] += dZ;
                for (int ky = 0; ky < 3; ++ky)
                  for (int kx = 0; kx < 3; ++kx) {
                    const int iy = y + ky - before, ix = x + kx - before;
                    if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
                    for (int c = 0; c < I; ++c) {
                      const Offset w = ((ky * 3 + kx) * I + c) * weight.ld + o,
                                   pixel = ((n * height + iy) * width + ix) * in.ld + c;
                      z += static_cast<double>(W[w]) * work.at(0)[pixel];
                      dW[static_cast<std::size_t>(w)] += dZ * work.at(0)[pixel];
                      dX[static_cast<std::size_t>(pixel)] += dZ * W[w];
                    }
                  }
                CHECK(std::abs(work.at(1)[at] - z) < error);
              }
        for (Offset i = 0; i < size; ++i)
          CHECK(std::abs(work.gradients()[weight.offset + i] - dW[static_cast<std::size_t>(i)]) < 10 * error);
        for (Offset i = 0; i < batch * in.sample(); ++i)
          CHECK(std::abs(work.gradient_at(0)[i] - dX[static_cast<std::size_t>(i)]) < error);
        for (int o = 0; has_bias && o < O; ++o)
          CHECK(std::abs(work.gradients()[plan.arrays()[1].offset + o] - db[static_cast<std::size_t>(o)]) < 10 * error);
      }
}
