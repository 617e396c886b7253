// Descriptions, from JSON text to the structs of core/spec.hpp, name by name. A key that is
// absent leaves the default.
#pragma once

#include "json.hpp"
#include "spec.hpp"

namespace thetastar::TS_LEVEL {

template <class V>
void read(const Json& d, const char* key, V& field) {
  if (d.contains(key)) field = d[key].template as<V>();
}
inline Json child(const Json& d, const char* key) { return d.contains(key) ? d[key] : Json(); }

inline InitializerSpec initializer_spec(const Json& d) {
  InitializerSpec s;
  read(d, "kind", s.kind);
  read(d, "value", s.value);
  return s;
}
inline LayerSpec layer_spec(const Json& d) {
  LayerSpec s;
  read(d, "kind", s.kind);
  read(d, "name", s.name);
  read(d, "units", s.units);
  read(d, "activation", s.activation);
  read(d, "use_bias", s.use_bias);
  read(d, "rate", s.rate);
  read(d, "window_height", s.window_height);
  read(d, "window_width", s.window_width);
  read(d, "stride_height", s.stride_height);
  read(d, "stride_width", s.stride_width);
  read(d, "dilation_height", s.dilation_height);
  read(d, "dilation_width", s.dilation_width);
  read(d, "groups", s.groups);
  read(d, "same", s.same);
  read(d, "categories", s.categories);
  read(d, "momentum", s.momentum);
  read(d, "epsilon", s.epsilon);
  read(d, "return_sequences", s.return_sequences);
  read(d, "reverse", s.reverse);
  read(d, "bidirectional", s.bidirectional);
  read(d, "has_mask", s.has_mask);
  read(d, "mask", s.mask);
  s.kernel = initializer_spec(child(d, "kernel"));
  s.bias = initializer_spec(child(d, "bias"));
  s.recurrent = initializer_spec(child(d, "recurrent"));
  if (d.contains("inner"))
    for (const Json& inner : d["inner"].items()) s.inner.push_back(layer_spec(inner));
  return s;
}
inline Shape shape_of(const Json& numbers) {  // (F), (T, F) or (H, W, C)
  const auto shape = numbers.as<std::vector<int>>();
  const std::size_t rank = shape.size();
  return {rank == 3 ? shape[0] : 1, rank == 3 ? shape[1] : rank == 2 ? shape[0] : 1, shape.back()};
}
inline NetworkSpec network_spec(const Json& d) {
  NetworkSpec network;
  network.input = shape_of(d["shape"]);
  for (const Json& layer : d["layers"].items()) network.layers.push_back(layer_spec(layer));
  return network;
}
inline LossSpec loss_spec(const Json& d) {
  LossSpec s;
  read(d, "kind", s.kind);
  read(d, "members", s.members);
  read(d, "prediction", s.prediction);
  read(d, "label_smoothing", s.label_smoothing);
  read(d, "class_weights", s.class_weights);
  read(d, "delta", s.delta);
  read(d, "quantile", s.quantile);
  read(d, "margin", s.margin);
  read(d, "epsilon", s.epsilon);
  read(d, "power", s.power);
  read(d, "distance", s.distance);
  read(d, "swap", s.swap);
  read(d, "full", s.full);
  read(d, "log_input", s.log_input);
  read(d, "log_variance", s.log_variance);
  read(d, "classes", s.classes);
  read(d, "blank", s.blank);
  return s;
}
inline OptimizerSpec optimizer_spec(const Json& d) {
  OptimizerSpec s;
  read(d, "kind", s.kind);
  read(d, "learning_rate", s.learning_rate);
  read(d, "weight_decay", s.weight_decay);
  read(d, "decoupled", s.decoupled);
  read(d, "decay_all", s.decay_all);
  read(d, "momentum", s.momentum);
  read(d, "dampening", s.dampening);
  read(d, "nesterov", s.nesterov);
  read(d, "amsgrad", s.amsgrad);
  read(d, "centred", s.centred);
  read(d, "beta_1", s.beta_1);
  read(d, "beta_2", s.beta_2);
  read(d, "epsilon", s.epsilon);
  read(d, "rho", s.rho);
  read(d, "rate_decay", s.rate_decay);
  read(d, "accumulator", s.accumulator);
  read(d, "momentum_decay", s.momentum_decay);
  read(d, "lambda", s.lambda);
  read(d, "alpha", s.alpha);
  read(d, "start", s.start);
  read(d, "shorter", s.shorter);
  read(d, "longer", s.longer);
  read(d, "least", s.least);
  read(d, "most", s.most);
  read(d, "power", s.power);
  read(d, "l1", s.l1);
  read(d, "l2", s.l2);
  read(d, "l2_shrinkage", s.l2_shrinkage);
  read(d, "beta", s.beta);
  read(d, "gamma", s.gamma);
  read(d, "every", s.every);
  read(d, "curvature", s.curvature);
  read(d, "history", s.history);
  read(d, "line_search", s.line_search);
  read(d, "tolerance_gradient", s.tolerance_gradient);
  read(d, "tolerance_change", s.tolerance_change);
  return s;
}
inline ScheduleSpec schedule_spec(const Json& d) {
  ScheduleSpec s;
  read(d, "kind", s.kind);
  read(d, "factor", s.factor);
  read(d, "minimum", s.minimum);
  read(d, "warmup", s.warmup);
  read(d, "multiplier", s.multiplier);
  read(d, "start", s.start);
  read(d, "end", s.end);
  read(d, "peak", s.peak);
  read(d, "every", s.every);
  read(d, "patience", s.patience);
  return s;
}
inline AugmentSpec augment_spec(const Json& d) {
  AugmentSpec s;
  s.on = d.size() > 0;
  read(d, "shift", s.shift);
  read(d, "scale", s.scale);
  read(d, "rotate", s.rotate);
  read(d, "shear", s.shear);
  read(d, "mirrors", s.mirrors);
  read(d, "upends", s.upends);
  read(d, "edge", s.edge);
  read(d, "fill", s.fill);
  read(d, "noise", s.noise);
  return s;
}
inline TrainSpec train_spec(const Json& d) {
  TrainSpec s;
  s.loss = loss_spec(child(d, "loss"));
  s.optimizer = optimizer_spec(child(d, "optimizer"));
  if (d.contains("groups"))
    for (const Json& group : d["groups"].items()) s.groups.push_back(optimizer_spec(group));
  s.schedule = schedule_spec(child(d, "schedule"));
  read(d, "epochs", s.epochs);
  read(d, "batch_size", s.batch_size);
  read(d, "shuffle", s.shuffle);
  read(d, "tile_parts", s.tile_parts);
  read(d, "l1", s.l1);
  read(d, "l2", s.l2);
  read(d, "clip_value", s.clip_value);
  read(d, "clip_norm", s.clip_norm);
  read(d, "max_norm", s.max_norm);
  s.augment = augment_spec(child(d, "augment"));
  read(d, "early_stopping", s.early_stopping);
  read(d, "patience", s.patience);
  read(d, "min_delta", s.min_delta);
  read(d, "restore_best", s.restore_best);
  read(d, "has_threshold", s.has_threshold);
  read(d, "threshold", s.threshold);
  return s;
}

}  // namespace thetastar::TS_LEVEL
