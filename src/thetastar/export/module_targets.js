
// Answers of several targets, behind module.js where the model has them: predict(row) gives {heat: 20.5, rain: 1.25} of
// numbers, and of labels {values: {wet: "yes"}, probabilities: {wet: 0.75}}.

/** What the members say on average of each target. */
function severalTargets(row, total) {
  const { targets, classes, scale, mean } = target;
  const decoded = (y, k) => (classes ? sigmoid(y) : y * scale[k] + mean[k]);
  const said = ({ probabilities, value }) => probabilities?.[1] ?? value;
  const found = members.map(
    ({ model }) => model.each?.(row).map(said) ?? Array.from(model.run(model.prepare(row)).outputs, decoded),
  );
  const together = targets.map((_, k) => members.reduce((sum, { count }, m) => sum + (count / total) * found[m][k], 0));
  const byName = (values) => Object.fromEntries(targets.map((name, k) => [name, values[k]]));
  if (!classes) return byName(together);
  return { values: byName(together.map((p, k) => classes[k][p > 0.5 ? 1 : 0])), probabilities: byName(together) };
}
