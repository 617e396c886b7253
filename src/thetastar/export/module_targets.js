
// Answers of several targets, behind module.js where the model has them: predict(row) gives {heat: 20.5, rain: 1.25} of
// numbers, and of labels {values: {wet: "yes"}, probabilities: {wet: 0.75}}.

/** A fitted function a target: {several(row)}. */
function readParts({ parts, arrays }, preparation) {
  const models = parts.map((part, k) => {
    const own = Object.entries(arrays).filter(([name]) => name.startsWith(`${k}/`));
    return readFitted(
      { ...part, arrays: Object.fromEntries(own.map(([name, array]) => [name.split("/")[1], array])) },
      preparation,
      description.target.classes?.[k],
    );
  });
  return { several: (row) => models.map(({ predict }) => predict(row)).map((one) => one.probabilities?.[1] ?? one.value) };
}

/** What the members say on average of each target. */
function severalTargets(row, total) {
  const { targets, classes, scale, mean } = target;
  const decoded = (y, k) => (classes ? sigmoid(y) : y * scale[k] + mean[k]);
  const found = members.map(
    ({ model }) => model.several?.(row) ?? Array.from(model.run(model.prepare(row)).outputs, decoded),
  );
  const together = targets.map((_, k) => members.reduce((sum, { count }, m) => sum + (count / total) * found[m][k], 0));
  const byName = (values) => Object.fromEntries(targets.map((name, k) => [name, values[k]]));
  if (!classes) return byName(together);
  return { values: byName(together.map((p, k) => classes[k][p > 0.5 ? 1 : 0])), probabilities: byName(together) };
}
