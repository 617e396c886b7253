// Layers: each takes (layer, parameters of the layer, {values, shape}) and gives {values, shape}; shapes are one sample's.
// Those of images, sequences and tables stand in files of their own, which a module has where its networks need them.

const like = (x, values) => ({ values, shape: x.shape });

function activate(values, name) {
  const f = ACTIVATIONS[name ?? "identity"];
  if (name && name !== "identity") for (let i = 0; i < values.length; i++) values[i] = f(values[i]);
  return values;
}
function dense(layer, { weight, bias }, x) {
  const units = layer.units,
    inputs = x.shape.at(-1),
    rows = x.values.length / inputs,
    out = new Float64Array(rows * units);
  for (let r = 0; r < rows; r++) {
    if (bias) out.set(bias, r * units);
    for (let i = 0; i < inputs; i++) {
      const v = x.values[r * inputs + i];
      if (v) for (let o = 0; o < units; o++) out[r * units + o] += v * weight[i * units + o];
    }
  }
  return { values: activate(out, layer.activation), shape: [...x.shape.slice(0, -1), units] };
}
function batchNorm({ epsilon }, { gamma, beta, running_mean, running_variance }, x) {
  const C = gamma.length;
  return like(
    x,
    x.values.map(
      (v, i) => (gamma[i % C] * (v - running_mean[i % C])) / Math.sqrt(running_variance[i % C] + epsilon) + beta[i % C],
    ),
  );
}
function softmax(layer, parameters, x) {
  const width = x.shape.at(-1);
  const values = Float64Array.from(x.values);
  for (let row = 0; row < values.length; row += width) {
    let highest = -Infinity;
    let total = 0;
    for (let c = row; c < row + width; c++) if (values[c] > highest) highest = values[c];
    for (let c = row; c < row + width; c++) total += values[c] = Math.exp(values[c] - highest);
    for (let c = row; c < row + width; c++) values[c] /= total;
  }
  return like(x, values);
}
function prelu(layer, { alpha }, x) {
  const width = alpha.length; // one for all, or one a channel
  return like(
    x,
    Float64Array.from(x.values, (v, i) => (v > 0 ? v : v * alpha[i % width])),
  );
}
function layerNorm({ epsilon }, { gamma, beta }, x) {
  const C = gamma.length,
    out = new Float64Array(x.values.length);
  for (let at = 0; at < out.length; at += C) {
    const row = x.values.slice(at, at + C),
      mean = row.reduce((a, b) => a + b, 0) / C;
    const root = Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / C + epsilon);
    for (let i = 0; i < C; i++) out[at + i] = (gamma[i] * (row[i] - mean)) / root + beta[i];
  }
  return like(x, out);
}
function residual(layer, parameters, x) {
  const y = runLayers(layer.layers, parameters, x),
    { weight } = under(parameters, "projection");
  let side = x;
  if (weight) {
    const images = x.shape.length === 3 && (x.shape[0] !== y.shape[0] || x.shape[1] !== y.shape[1]);
    const strides = images ? [0, 1].map((k) => Math.ceil(x.shape[k] / y.shape[k])) : null,
      filters = y.shape.at(-1);
    side = images
      ? conv2d({ filters, kernel_size: [1, 1], strides, dilation_rate: [1, 1], padding: "valid" }, { weight }, x)
      : dense({ units: filters }, { weight }, x);
  }
  return like(
    y,
    y.values.map((v, i) => v + side.values[i]),
  );
}
const LAYERS = {
  dense,
  residual,
  batch_norm: batchNorm,
  layer_norm: layerNorm,
  softmax,
  prelu,
  activation: (layer, p, x) => like(x, activate(Float64Array.from(x.values), layer.activation ?? layer.name)),
  dropout: (layer, p, x) => x,
  flatten: (layer, p, x) => ({ values: x.values, shape: [x.values.length] }),
};

/** The parameters of one layer or side: {"weight": …} of {"dense_1.weight": …}. */
function under(parameters, name) {
  const found = {};
  for (const key in parameters) if (key.startsWith(`${name}.`)) found[key.slice(name.length + 1)] = parameters[key];
  return found;
}
/** Through layers that are numbered by their kind; `seen` collects every layer's output. */
function runLayers(layers, parameters, x, seen) {
  const counts = {};
  for (const layer of layers) {
    const name = `${layer.kind}_${(counts[layer.kind] = (counts[layer.kind] ?? 0) + 1)}`;
    x = LAYERS[layer.kind](layer, under(parameters, name), x);
    seen?.push({ name, kind: layer.kind, values: x.values, shape: x.shape });
  }
  return x;
}
