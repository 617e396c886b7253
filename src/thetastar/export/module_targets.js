
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
  const { calibration, threshold } = description;
  const betas = calibration?.parts ?? [];
  const likely = together.map((p, k) => (betas[k] ? calibrated([1 - p, p], { kind: "beta", ...betas[k] })[1] : p));
  const named = likely.map((p, k) => (threshold ? p >= threshold[k] : p > 0.5));
  return { values: byName(named.map((yes, k) => classes[k][yes ? 1 : 0])), probabilities: byName(likely) };
}
