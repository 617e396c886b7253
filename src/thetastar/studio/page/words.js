// What numbers mean in words: how good a fit is, why a loss is not finite, when a penalty has drawn everything to zero.
import { number, whole } from "./elements.js";

// A score as the map shows it, from −1 to 1.
export function probabilityOf(score, loss, data) {
  if (data.kind !== "classes") return score;
  return loss.link === "sigmoid" ? 2 / (1 + Math.exp(-score)) - 1 : score;
}
export const accuracyOf = {
  said: (predictions, outputs, loss) => (i) => {
    if (outputs === 1) return predictions[i] > 0 ? 1 : 0;
    let best = 0;
    for (let c = 1; c < outputs; ++c) if (predictions[i * outputs + c] > predictions[i * outputs + best]) best = c;
    return best;
  },
};
// {training, validation, test}: "97.5 % right" or "R² 0.93".
export function fitOf(predictions, prepared, data, loss) {
  const outputs = predictions.length / prepared.count;
  const said = accuracyOf.said(predictions, outputs, loss);
  const of = (rows) => {
    if (rows.length === 0) return "";
    if (data.kind === "classes")
      return `${number((100 * rows.filter((i) => said(i) === data.target.values[i]).length) / rows.length, 3)} % right`;
    const mean = rows.reduce((s, i) => s + prepared.y[i], 0) / rows.length;
    const wrong = rows.reduce((s, i) => s + (predictions[i] - prepared.y[i]) ** 2, 0);
    const spread = rows.reduce((s, i) => s + (prepared.y[i] - mean) ** 2, 0);
    return `R² ${number(1 - wrong / (spread || 1), 3)}`;
  };
  return {
    training: of(prepared.rows.training),
    validation: of(prepared.rows.validation),
    test: of(prepared.rows.test),
  };
}
// Classes: the confusion matrix of the rows that did not train; numbers: real against said.
export function confusionOf(predictions, prepared, data, loss) {
  if (!predictions) return null;
  const rows = prepared.rows.validation.length ? prepared.rows.validation : prepared.rows.training;
  const where = prepared.rows.validation.length ? "validation rows" : "training rows";
  if (data.kind === "classes") {
    const { classes } = data.target;
    const outputs = predictions.length / prepared.count;
    const said = accuracyOf.said(predictions, outputs, loss);
    const values = classes.map(() => classes.map(() => 0));
    for (const i of rows) values[data.target.values[i]][said(i)] += 1;
    return {
      kind: "matrix",
      label: `Confusion on ${where}`,
      caption: `${whole(rows.length)} ${where}; choose a cell to see its rows.`,
      rows: classes,
      columns: classes,
      values,
      share: "row",
      titles: ["real", "said"],
      diagonal: true,
      selectable: true,
    };
  }
  const back = (v) => (prepared.scale ? v * prepared.scale.deviation + prepared.scale.mean : v);
  const some = rows.slice(0, 400);
  return {
    kind: "points",
    label: `Real against said, ${where}`,
    diagonal: true,
    equal: true,
    height: 260,
    x: { title: `real ${data.target.name}` },
    y: { title: "said" },
    series: [
      {
        x: some.map((i) => back(prepared.y[i])),
        y: some.map((i) => (Number.isFinite(predictions[i]) ? back(predictions[i]) : null)),
      },
    ],
  };
}

// Why the loss is no number any more, as far as the numbers tell.
export function whyNotFinite(state, frame, layout) {
  const last = frame.curve?.at(-1);
  const finite = Array.from(frame.parameters).filter(Number.isFinite);
  const largest = finite.length ? Math.max(...finite.map(Math.abs)) : Infinity;
  const reasons = [];
  if (state.lr >= 0.3 && state.opt !== "lbfgs" && state.opt !== "adadelta")
    reasons.push(
      `the learning rate ${number(state.lr)} is high: each step overshoots, and the next one overshoots further`,
    );
  if (largest > 1e3) reasons.push(`weights have grown to ${number(largest, 2)}`);
  if (state.l2 * state.lr * 2 > 1) reasons.push("learning rate times L2 is above ½, so the penalty itself overshoots");
  return `The loss is no longer a number since step ${whole(frame.standing.step + 1)}${last ? ` (it was ${number(last.losses[0])} at step ${whole(last.step)})` : ""}. ${reasons.length ? `Most likely because ${reasons.join(", and ")}.` : "A gradient became larger than numbers can be."} `;
}
// A network that says the same everywhere, and what has made it so.
export function whyQuiet(state, frame, layout) {
  if (frame.standing.step < 200) return null;
  const weights = layout.filter((a) => a.weight);
  const most = Math.max(
    ...weights.map((a) => Math.max(...frame.parameters.subarray(a.at, a.at + a.size).map(Math.abs))),
  );
  if (most < 0.02 && (state.l1 > 0 || state.l2 > 0))
    return `The penalty (${state.l1 > 0 ? `L1 ${state.l1}` : `L2 ${state.l2}`}) has drawn every weight to nearly 0: the network says the same everywhere. A tenth of it would let it learn.`;
  return null;
}
