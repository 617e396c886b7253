
// Answers of quantiles, behind module.js where the model has them: predict(row) gives {"q_0.1": …} in rising order.

function rising(values) {
  return [...values].sort((a, b) => a - b);
}

/** What the members say on average, each in rising order, corrected, and put in order again. */
function quantiles(row, total) {
  const { scale, mean } = target;
  const found = members.map(({ model }) =>
    rising(model.each?.(row).map(({ value }) => value) ?? Array.from(model.run(model.prepare(row)).outputs, (y) => y * scale + mean)),
  );
  const together = target.quantiles.map((_, k) =>
    members.reduce((sum, { count }, m) => sum + (count / total) * found[m][k], description.calibration?.shifts[k] ?? 0),
  );
  const last = rising(together);
  return Object.fromEntries(target.quantiles.map((name, k) => [name, last[k]]));
}
