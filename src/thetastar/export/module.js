// ------------------------------------------------------------------------------------------------ this model

const description = DESCRIPTION;
const members = description.members.map(({ count, network, parameters, pieces }) => ({
  count,
  model: read({ format: 1, network, parameters, preparation: { blocks: description.blocks, pieces }, target: description.target }),
}));

/** The target: {name, task, classes}. */
export const target = description.target;
/** The columns of a row, in order. */
export const columns = description.blocks.map((block) => block.name);

/** {value} of a row {column: value}; where there are classes also their probabilities, in the order of target.classes. */
export function predict(row) {
  const total = members.reduce((sum, { count }) => sum + count, 0);
  const found = members.map(({ count, model }) => ({ share: count / total, ...model.predict(row) }));
  if (!target.classes) return { value: found.reduce((sum, { share, value }) => sum + share * value, 0) };
  const together = target.classes.map((_, k) => found.reduce((sum, one) => sum + one.share * one.probabilities[k], 0));
  const probabilities = calibrated(together, description.calibration);
  const plain = found.length === 1 && !description.calibration && description.threshold === undefined;
  const value = plain ? found[0].value : target.classes[placeOf(probabilities, description.threshold)];
  return { value, probabilities };
}

export default predict;
