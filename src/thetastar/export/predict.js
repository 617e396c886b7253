// A trained model in plain JavaScript: read(description) gives an object that prepares rows and predicts.
//
// The description is JSON that thetastar.export.describe(model) makes from the model's own state. Rows are
// {column: value} with numbers, texts or null (missing), or a flat list for an image or a sequence. What comes out
// agrees with Model.predict: inputs are rounded to float32 as there; sums are taken in double precision.

/** From a row {column: value} to features, with the numbers that a member wants in pieces behind them. */
function preparer(preparation) {
  const pieces = (preparation.pieces ?? []).map(([column, data]) => [column, floats(data)]);
  return (row) => {
    const features = Float32Array.from(
      preparation.blocks.flatMap((block) => BLOCKS[block.block](block, row[block.name])),
    );
    return pieces.length ? piecewise(features, pieces) : features;
  };
}

/** Scores to probabilities; the largest is taken off first, so that no power overflows. */
function shares(scores) {
  const top = Math.max(...scores),
    powers = scores.map((s) => Math.exp(s - top)),
    sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

/** Probabilities that come true as often as they say; of two classes by a beta, of more by a temperature or by a scale and a shift of each. */
export function calibrated(probabilities, calibration) {
  if (!calibration) return probabilities;
  const logs = probabilities.map((p) => Math.log(Math.max(p, 1e-12)));
  if (calibration.kind === "beta") {
    const odds = calibration.a * logs[1] - calibration.b * logs[0] + calibration.c;
    return [1 / (1 + Math.exp(odds)), 1 / (1 + Math.exp(-odds))];
  }
  const { scale, shift, temperature } = calibration;
  return shares(logs.map((l, k) => (scale ? l * scale[k] + shift[k] : l / temperature)));
}

/** The place of the class that is named: the likeliest, or of two the second from the threshold on. */
export const placeOf = (probabilities, threshold) =>
  threshold === undefined ? probabilities.indexOf(Math.max(...probabilities)) : Number(probabilities[1] >= threshold);

/** The model of a description: {columns, prepare(row), run(inputs), predict(row)}. */
export function read(description) {
  const { network, preparation, target, calibration, threshold } = description;
  const { low, high } = calibration?.kind === "bounds" ? calibration : {};
  const plain = !calibration && threshold === undefined;
  if (description.format !== 1)
    throw new Error(`description: format ${description.format} is not known (1 is). Use a newer predict.js.`);
  const parameters = parametersOf(description.parameters);
  const prepare = preparer(preparation);
  const run = (inputs) => {
    const seen = [],
      x = { values: Float64Array.from(inputs), shape: network.input_shape };
    return { outputs: runLayers(network.layers, parameters, x, seen).values, layers: seen };
  };
  const predict = (row) => {
    const inputs = prepare(row),
      { outputs, layers } = run(inputs),
      found = { inputs, outputs, layers };
    if (target.task === "regression") return { ...found, value: Math.min(Math.max(outputs[0] * target.scale + target.mean, low ?? -Infinity), high ?? Infinity) };
    const scores = outputs.length === 1 ? [0, outputs[0]] : [...outputs],
      probabilities = calibrated(shares(scores), calibration),
      place = placeOf(plain ? scores : probabilities, threshold); // scores tell apart what probabilities round together
    return { ...found, value: target.classes[place], probabilities };
  };
  return { columns: preparation.blocks, target, network, prepare, run, predict };
}
