// Everything that can be seen of one batch: its loss, gradients and a trace.
#pragma once

#include "workspace.hpp"

namespace thetastar::TS_LEVEL {

// What one batch leaves behind: the mean loss, its gradient with respect to the parameters, and, when asked for, every
// layer's output and the gradient with respect to it (each (B, O) without padding).
template <class T>
struct Inspection {
  double loss = 0;
  std::vector<T> gradient;
  std::vector<std::vector<T>> outputs, d_outputs;
};

template <class T>
Inspection<T> inspect(const NetworkSpec& network, const T* parameters, const Data<T>& data, const LossSpec& loss,
                      bool trace) {
  const FlushSubnormals flush;
  const int batch = static_cast<int>(data.rows), rows_in_pass = batch * data.members;
  const Plan<T> plan(network, rows_in_pass);
  Workspace<T> work(plan, Workspace<T>::kTrain);
  import_parameters(plan, parameters, work.parameters());
  std::vector<std::int64_t> rows(static_cast<std::size_t>(batch));
  for (std::int64_t i = 0; i < batch; ++i) rows[static_cast<std::size_t>(i)] = i;
  double scale = 1.0 / batch;
  if (data.weights) {
    double total = 0;
    for (std::int64_t i = 0; i < batch; ++i) total += data.weights[i];
    scale = 1 / total;
  }
  const auto plain = [&](const T* block, std::size_t boundary, bool gradient) {
    const Form form = gradient ? gradient_form<T>(plan.form(boundary)) : plan.form(boundary);
    std::vector<T> values;
    for (Offset sample = 0; sample < rows_in_pass; ++sample)
      for (Offset position = 0; position < form.shape.positions(); ++position)
        for (Offset c = 0; c < form.shape.channels; ++c)
          values.push_back(block[form.row(sample, position) + c * form.lanes]);
    return values;
  };

  Inspection<T> seen;
  const Part samples = whole(batch), all = whole(rows_in_pass);
  work.gather(data, rows.data(), samples);
  work.forward(all, Workspace<T>::kInspectMode);
  work.loss(Loss<T>(loss, plan.outputs(), data.targets), data, rows.data(), samples, scale);
  seen.loss = work.total(batch);
  const std::size_t count = plan.layers().size();
  for (std::size_t l = count; l-- > 0;) {
    if (trace) seen.d_outputs.insert(seen.d_outputs.begin(), plain(work.gradient_at(l + 1), l + 1, true));
    work.backward(all, l, false);
    for (const ParameterArray& array : plan.arrays_of(l)) work.gradient(all, array, 0, array.rows);
  }
  if (trace) {
    seen.d_outputs.insert(seen.d_outputs.begin(), plain(work.gradient_at(0), 0, true));
    for (std::size_t l = 0; l <= count; ++l) seen.outputs.push_back(plain(work.at(l), l, false));
  }
  export_parameters(plan, work.gradients(), seen.gradient);
  return seen;
}

}  // namespace thetastar::TS_LEVEL
