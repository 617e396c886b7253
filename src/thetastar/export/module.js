// This model: its members, and what they say together.

const description = DESCRIPTION;
const members = description.members.map(({ count, network, parameters, fitted, pieces }) => {
  const preparation = { blocks: description.blocks, pieces };
  if (fitted) return { count, model: (fitted.parts ? readParts : (fitted.formula ?? fitted).tree ? readFormula : readFitted)(fitted, preparation) };
  return { count, model: read({ format: 1, network, parameters, preparation, target: description.target }) };
});

/** The numbers of an array in base64. */
function arrayOf({ type, data }) {
  const view = bytesOf(data);
  const [size, at] = { "<f8": [8, (i) => view.getFloat64(i, true)], "<f4": [4, (i) => view.getFloat32(i, true)], "<i4": [4, (i) => view.getInt32(i, true)] }[type];
  return Array.from({ length: view.byteLength / size }, (_, i) => at(i * size));
}

/** A constant, a linear model or trees, with the arrays that the description has: {predict(row)}. */
function readFitted({ kind, classes, link, arrays }, preparation, names = description.target.classes) {
  const prepare = preparer(preparation);
  const p = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, arrayOf(array)]));
  const scoresOf = {
    constant: () => p.answer,
    linear: (x) => p.bias.map((bias, o) => x.reduce((sum, v, i) => sum + v * p.weight[i * p.bias.length + o], bias)),
    trees: (x) => {
      const scores = [...p.start];
      const width = arrays.value.shape[1];
      p.root.forEach((root, t) => {
        let node = root;
        for (let below; ; node = below) {
          below = p.left[node] + (x[p.feature[node]] > p.threshold[node] ? 1 : 0);
          if (below === node) break;
        }
        for (let k = 0; k < width; k++) scores[p.column[t] + k] += p.value[node * width + k];
      });
      return scores;
    },
  }[kind];
  const predict = (row) => {
    let scores = scoresOf(prepare(row));
    if (!classes) return { value: scores[0] };
    if (link === "sigmoid") scores = [1 - sigmoid(scores[0]), sigmoid(scores[0])];
    else if (link === "softmax") scores = shares(scores);
    const probabilities = new Array(classes).fill(0);
    scores.forEach((score, k) => (probabilities[p.present ? p.present[k] : k] = score));
    return { value: names[probabilities.indexOf(Math.max(...probabilities))], probabilities };
  };
  return { predict };
}

/** The target: {name, task, classes}. */
export const target = description.target;
/** The columns of a row, in order. */
export const columns = description.blocks.map((block) => block.name);

/** {value} of a row {column: value}; where there are classes also their probabilities, in the order of target.classes. */
export function predict(row) {
  const total = members.reduce((sum, { count }) => sum + count, 0);
  if (target.quantiles) return quantiles(row, total);
  if (target.targets) return severalTargets(row, total);
  const found = members.map(({ count, model }) => ({ share: count / total, ...model.predict(row) }));
  if (!target.classes) {
    const { low, high } = description.calibration ?? {}; // the user's bounds
    const together = found.reduce((sum, { share, value }) => sum + share * value, 0);
    return { value: Math.min(Math.max(together, low ?? -Infinity), high ?? Infinity) };
  }
  const together = target.classes.map((_, k) => found.reduce((sum, one) => sum + one.share * one.probabilities[k], 0));
  const probabilities = calibrated(together, description.calibration);
  const plain = found.length === 1 && !description.calibration && description.threshold === undefined;
  const value = plain ? found[0].value : target.classes[placeOf(probabilities, description.threshold)];
  return { value, probabilities };
}

export default predict;
