
// Answers of quantiles, behind module.js where the model has them: predict(row) gives {"q_0.1": …} in rising order.

/** A fitted function a level: {quantiles(row)}. */
function readParts({ parts, arrays }, preparation) {
  const models = parts.map((part, k) => {
    const own = Object.entries(arrays).filter(([name]) => name.startsWith(`${k}/`));
    return readFitted(
      { ...part, arrays: Object.fromEntries(own.map(([name, array]) => [name.split("/")[1], array])) },
      preparation,
    );
  });
  return { quantiles: (row) => models.map(({ predict }) => predict(row).value) };
}

function rising(values) {
  return [...values].sort((a, b) => a - b);
}

/** What the members say on average, each in rising order, corrected, and put in order again. */
function quantiles(row, total) {
  const { scale, mean } = target;
  const found = members.map(({ model }) =>
    rising(model.quantiles?.(row) ?? Array.from(model.run(model.prepare(row)).outputs, (y) => y * scale + mean)),
  );
  const together = target.quantiles.map((_, k) =>
    members.reduce((sum, { count }, m) => sum + (count / total) * found[m][k], description.calibration?.shifts[k] ?? 0),
  );
  const last = rising(together);
  return Object.fromEntries(target.quantiles.map((name, k) => [name, last[k]]));
}
