// Layers for sequences, behind predict_layers.js where a network has one of them.

function embedding(layer, { weight }, x) {
  const D = layer.output_dim,
    out = new Float64Array(x.values.length * D);
  x.values.forEach((v, t) => {
    if (v >= 0 && v < layer.input_dim) out.set(weight.subarray(Math.floor(v) * D, (Math.floor(v) + 1) * D), t * D);
  });
  return { values: out, shape: [x.values.length, D] };
}
/** Affine sums of one row: b + x W, W (I, O) flat. */
function affine(x, weight, bias) {
  const out = Float64Array.from(bias),
    units = out.length;
  x.forEach((v, i) => {
    for (let o = 0; o < units; o++) out[o] += v * weight[i * units + o];
  });
  return out;
}
/** One step of each cell: (x, h, c, parameters) to [h, c]; gates in the order of the docs. */
const CELLS = {
  simple_rnn(x, h, c, p) {
    const a = affine(x, p.weight, p.bias),
      b = affine(h, p.recurrent_weight, new Float64Array(a.length));
    return [a.map((v, k) => Math.tanh(v + b[k])), c];
  },
  lstm(x, h, c, p) {
    const U = h.length,
      a = affine(x, p.weight, p.bias),
      b = affine(h, p.recurrent_weight, new Float64Array(4 * U));
    const gate = (k, u) => a[k * U + u] + b[k * U + u];
    const cell = c.map((v, u) => sigmoid(gate(1, u)) * v + sigmoid(gate(0, u)) * Math.tanh(gate(2, u)));
    return [cell.map((v, u) => sigmoid(gate(3, u)) * Math.tanh(v)), cell];
  },
  gru(x, h, c, p) {
    const U = h.length,
      a = affine(x, p.weight, p.bias),
      q = affine(h, p.recurrent_weight, p.recurrent_bias);
    return [
      h.map((v, u) => {
        const z = sigmoid(a[u] + q[u]),
          r = sigmoid(a[U + u] + q[U + u]),
          n = Math.tanh(a[2 * U + u] + r * q[2 * U + u]);
        return z * v + (1 - z) * n;
      }),
      c,
    ];
  },
};
function recurrent(layer, parameters, x) {
  const [steps, features] = x.shape,
    U = layer.units;
  const sides = layer.bidirectional
    ? [
        ["forward", false],
        ["backward", true],
      ]
    : [["", layer.go_backwards]];
  const width = U * sides.length,
    all = new Float64Array(steps * width),
    last = new Float64Array(width);
  sides.forEach(([name, back], side) => {
    const own = name ? under(parameters, name) : parameters;
    let h = new Float64Array(U),
      c = new Float64Array(U);
    for (let k = 0; k < steps; k++) {
      const t = back ? steps - 1 - k : k,
        row = x.values.subarray(t * features, (t + 1) * features);
      const skipped =
        layer.mask_value !== null && layer.mask_value !== undefined && row.every((v) => v === layer.mask_value);
      if (!skipped) [h, c] = CELLS[layer.kind](row, h, c, own);
      all.set(skipped ? new Float64Array(U).fill(layer.mask_value) : h, t * width + side * U);
    }
    last.set(h, side * U);
  });
  return layer.return_sequences ? { values: all, shape: [steps, width] } : { values: last, shape: [width] };
}
Object.assign(LAYERS, { embedding, simple_rnn: recurrent, lstm: recurrent, gru: recurrent });
