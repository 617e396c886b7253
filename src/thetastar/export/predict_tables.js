// Layers for tables, behind predict_layers.js where a network has one of them.

/** Behind x, for each of some columns: numbers that are weighted sums of cosines of it. */
function periodicEmbedding({ columns, units, frequencies: K }, { frequency, phase, weight, bias }, x) {
  const C = x.shape.at(-1),
    width = C + columns.length * units,
    rows = x.values.length / C;
  const out = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < C; c++) out[row * width + c] = x.values[row * C + c];
    columns.forEach((column, n) => {
      const waves = Array.from({ length: K }, (_, k) =>
        Math.cos(2 * Math.PI * frequency[n * K + k] * x.values[row * C + column] + phase[n * K + k]),
      );
      for (let d = n * units; d < (n + 1) * units; d++)
        out[row * width + C + d] = waves.reduce((sum, wave, k) => sum + wave * weight[d * K + k], bias[d]);
    });
  }
  return { values: out, shape: [...x.shape.slice(0, -1), width] };
}

function parametricActivation({ activation }, { alpha }, x) {
  const values = activate(Float64Array.from(x.values), activation);
  return like(
    x,
    values.map((v, i) => x.values[i] + alpha[i % alpha.length] * (v - x.values[i])),
  );
}

/** Members with one weight between them, each scaled by vectors of its own. */
function batchEnsemble({ members, units }, { weight, input_scale, output_scale, bias }, x) {
  const I = weight.length / units,
    out = new Float64Array(members * units);
  for (let m = 0; m < members; m++)
    for (let o = 0; o < units; o++) {
      let sum = 0;
      for (let i = 0; i < I; i++)
        sum += x.values[(x.shape.length > 1 ? m * I : 0) + i] * input_scale[m * I + i] * weight[i * units + o];
      out[m * units + o] = sum * output_scale[m * units + o] + bias[m * units + o];
    }
  return { values: out, shape: [members, units] };
}

Object.assign(LAYERS, {
  periodic_embedding: periodicEmbedding,
  parametric_activation: parametricActivation,
  batch_ensemble: batchEnsemble,
  scale: (layer, { scale }, x) =>
    like(
      x,
      Float64Array.from(x.values, (v, i) => v * scale[i % scale.length]),
    ),
});
