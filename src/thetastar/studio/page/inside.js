// Below the playground: what is right and wrong, the space as a layer bends it, weights and gradients along time, what the optimiser
// remembers, single rows. One view is open at a time, and only that one is computed.
import { draw } from "./charts/charts.js";
import { button, choice, h, number, opened, whole } from "./elements.js";
import { accuracyOf, confusionOf } from "./words.js";

const VIEWS = [
  ["fit", "Right and wrong"],
  ["warp", "Bent space"],
  ["weights", "Weights in time"],
  ["states", "The optimiser's memory"],
  ["changes", "What was changed"],
];
const MOST_ROWS = 260;

export class Inside {
  // room: the playground
  constructor(room) {
    this.room = room;
    this.view = "fit";
    this.body = h("div.inside-body");
    this.tabs = VIEWS.map(([id, title]) =>
      button(title, () => this.open(id), { pressed: id === this.view, name: `view-${id}` }),
    );
    this.element = h(
      "div.panel.details",
      { "data-control": "details" },
      h(
        "div.bar",
        { role: "group", "aria-label": "Views" },
        this.tabs,
        button("Rows…", () => this.rows(), {
          name: "rows",
          hint: "Single rows with what is said of them, the worst first",
        }),
      ),
      this.body,
    );
  }
  open(id) {
    this.view = id;
    this.tabs.forEach((t) => t.setAttribute("aria-pressed", String(t.dataset.control === `view-${id}`)));
    this.chart?.destroy();
    this.chart = this.second = null;
    this.key = null;
    this.body.replaceChildren();
    this.update();
  }
  update() {
    if (!this.room.frame) return;
    ({
      fit: () => this.fit(),
      warp: () => this.warp(),
      weights: () => this.weights(),
      states: () => this.states(),
      changes: () => this.changes(),
    })[this.view]();
  }
  // A chart of one kind in the open view, updated while the kind stays.
  put(spec, key = spec.kind, select = null) {
    if (this.key !== key) {
      this.chart?.destroy();
      const place = h("div");
      this.chartPlace?.remove();
      this.chartPlace = place;
      this.body.append(place);
      this.chart = draw(place, spec);
      this.key = key;
      if (select) place.addEventListener("chart-select", ({ detail }) => select(detail));
    } else this.chart.update(spec);
  }

  fit() {
    const { room } = this;
    const spec = confusionOf(room.frame.predictions, room.prepared, room.set_, room.loss);
    if (spec)
      this.put(spec, JSON.stringify([spec.kind, spec.rows]), (detail) => detail.row !== undefined && this.cell(detail));
  }
  // The rows behind a cell of the confusion matrix.
  cell({ row, column }) {
    const { set_: data, prepared: p, frame, columns, loss } = this.room;
    const part = p.rows.validation.length ? p.rows.validation : p.rows.training;
    const said = accuracyOf.said(frame.predictions, columns.at(-1).units, loss);
    this.list(
      `Real ${data.target.classes[row]}, said ${data.target.classes[column]}`,
      part.filter((i) => data.target.values[i] === row && said(i) === column),
    );
  }
  rows() {
    const { prepared: p, frame, set_: data } = this.room;
    const part = p.rows.validation.length ? p.rows.validation : p.rows.training;
    const outputs = frame.predictions.length / p.count;
    const wrong = (i) => {
      if (data.kind === "numbers") return Math.abs(frame.predictions[i] - p.y[i]);
      const scores = frame.predictions.subarray(i * outputs, (i + 1) * outputs);
      return outputs === 1
        ? data.target.values[i]
          ? -scores[0]
          : scores[0]
        : Math.max(...scores) - scores[data.target.values[i]];
    };
    this.list(
      p.rows.validation.length ? "Validation rows, the worst first" : "Training rows, the worst first",
      part.slice().sort((a, b) => wrong(b) - wrong(a)),
    );
  }
  list(title, rows) {
    const { set_: data, prepared: p, frame } = this.room;
    const outputs = frame.predictions.length / p.count;
    const said = (i) =>
      data.kind === "numbers"
        ? number(p.scale ? frame.predictions[i] * p.scale.deviation + p.scale.mean : frame.predictions[i])
        : data.target.classes[accuracyOf.said(frame.predictions, outputs, this.room.loss)(i)];
    const real = (i) =>
      data.kind === "numbers" ? number(data.target.values[i]) : data.target.classes[data.target.values[i]];
    opened(
      `${title}: ${whole(rows.length)}`,
      h(
        "div.scroll.tall",
        {},
        h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ["row", "real", "said", ...data.columns.map((c) => c.name)].map((t) => h("th", { scope: "col" }, t)),
            ),
          ),
          h(
            "tbody",
            {},
            rows.slice(0, 200).map((i) =>
              h(
                "tr",
                { class: real(i) !== said(i) && data.kind === "classes" ? "wrong" : "" },
                h("td", {}, String(i + 1)),
                h("td", {}, real(i)),
                h("td", {}, said(i)),
                data.columns.map((c) =>
                  h("td", {}, c.categories ? (c.categories[c.values[i]] ?? "–") : number(c.values[i])),
                ),
              ),
            ),
          ),
        ),
      ),
    );
  }

  // Every row, and the lines of the plane, in the coordinates of two neurons of one layer: why it separates, or does not.
  async warp() {
    const { room } = this;
    const hidden = room.columns.slice(0, -1);
    if (hidden.length === 0)
      return this.body.replaceChildren(h("p.note", {}, "Without a hidden layer the space stays as it is."));
    const layer = Math.min(this.warpLayer ?? hidden.length - 1, hidden.length - 1);
    const { units, values } = hidden[layer];
    const [a, b] = [Math.min(this.warpA ?? 0, units - 1), Math.min(this.warpB ?? 1, units - 1)];
    const shape = `${hidden.length}|${layer}|${units}`;
    if (this.warpKey !== shape || !this.warpBar?.isConnected) {
      this.warpKey = shape;
      const set = (name) => (v) => ((this[name] = Number(v)), this.open("warp"));
      const neurons = Array.from({ length: units }, (_, k) => [String(k), `neuron ${k + 1}`]);
      this.warpBar = h(
        "div.settings",
        {},
        choice(
          "warp-layer",
          "layer",
          hidden.map((_, k) => [String(k), `layer ${k + 1}`]),
          String(layer),
          set("warpLayer"),
        ),
        choice("warp-a", "across", neurons, String(a), set("warpA")),
        choice("warp-b", "up", neurons, String(b), set("warpB")),
      );
      this.body.replaceChildren(
        this.warpBar,
        h(
          "p.note",
          {},
          "Each row stands where the two neurons put it; grey are the lines of the plane, bent by the layers before. What a straight cut can part here, the next layer can part.",
        ),
      );
      this.key = null;
    }
    if (this.warping) return;
    this.warping = true;
    const p = room.prepared;
    const rows = [...p.rows.training, ...p.rows.validation].filter(
      (_, i, all) => i % Math.ceil(all.length / MOST_ROWS) === 0,
    );
    const lines = 11;
    const fine = 25;
    const place = (i, j) => [
      p.axes[0].low + ((p.axes[0].high - p.axes[0].low) * i) / (fine - 1),
      p.axes[1].low + ((p.axes[1].high - p.axes[1].low) * j) / (lines - 1),
    ];
    const grid = [];
    for (let j = 0; j < lines; ++j) for (let i = 0; i < fine; ++i) grid.push(room.pointGrid(...place(i, j)));
    for (let j = 0; j < lines; ++j)
      for (let i = 0; i < fine; ++i)
        grid.push(
          room.pointGrid(
            p.axes[0].low + ((p.axes[0].high - p.axes[0].low) * j) / (lines - 1),
            p.axes[1].low + ((p.axes[1].high - p.axes[1].low) * i) / (fine - 1),
          ),
        );
    const width = p.features;
    const x = new Float32Array((rows.length + grid.length) * width);
    rows.forEach((row, i) => x.set(p.x.subarray(row * width, (row + 1) * width), i * width));
    grid.forEach((row, i) => x.set(row, (rows.length + i) * width));
    const count = rows.length + grid.length;
    const layers = await room.remote.ask("outputs", { x, count }).catch(() => null);
    this.warping = false;
    if (!layers || this.view !== "warp" || room.closed || !layers[values] || layers[values].length !== units * count)
      return;
    const at = (i) => [layers[values][a * count + i], layers[values][b * count + i]];
    const classes = room.set_.target.classes;
    const lineOf = (start) => ({
      type: "line",
      quiet: true,
      color: "gray",
      width: 0.7,
      opacity: 0.6,
      x: Array.from({ length: fine }, (_, i) => at(start + i)[0]),
      y: Array.from({ length: fine }, (_, i) => at(start + i)[1]),
    });
    const series = Array.from({ length: 2 * lines }, (_, j) => lineOf(rows.length + j * fine));
    const groups = classes
      ? classes.map((name, k) => ({
          name,
          members: rows.map((row, i) => [row, i]).filter(([row]) => room.set_.target.values[row] === k),
          color: ["orange", "blue", "green", "purple", "teal", "pink", "brown", "gray", "red", "ink"][k % 10],
          shape: k % 2 ? "dot" : "square",
        }))
      : [{ name: room.set_.target.name, members: rows.map((row, i) => [row, i]), values: true }];
    for (const g of groups)
      series.push({
        name: g.name,
        type: "dots",
        size: 3.4,
        shape: g.shape,
        color: g.color,
        x: g.members.map(([, i]) => at(i)[0]),
        y: g.members.map(([, i]) => at(i)[1]),
        ...(g.values ? { values: g.members.map(([row]) => room.prepared.y[row]) } : {}),
      });
    this.put(
      {
        kind: "points",
        label: "The rows as two neurons see them",
        height: 360,
        x: { title: `neuron ${a + 1}` },
        y: { title: `neuron ${b + 1}` },
        series,
        ...(classes ? {} : { scale: { kind: "diverging", title: "target" } }),
      },
      `warp${classes ? classes.length : 0}`,
    );
  }

  // Of every layer's weights the middle half and nearly all, at each remembered moment; and the length of each layer's gradient now.
  weights() {
    const { frame, columns, prepared } = this.room;
    const curve = frame.curve ?? [];
    const per = Math.max(prepared.rows.training.length, 1);
    const x = curve.map((m) => m.epoch + m.row / per);
    const charts = columns.map((c, k) => {
      const of = (q) => curve.map((m) => m.spread?.[c.weights]?.[q] ?? null);
      return {
        kind: "lines",
        title: c.output ? "output" : `layer ${k + 1}`,
        height: 190,
        x: { title: "epoch" },
        y: { title: k === 0 ? "weight" : "" },
        legend: false,
        tools: false,
        series: [
          {
            name: "median weight",
            x,
            y: of(2),
            color: "blue",
            bands: [
              { name: "5 to 95 %", low: of(0), high: of(4) },
              { name: "25 to 75 %", low: of(1), high: of(3) },
            ],
          },
        ],
      };
    });
    this.put(
      { kind: "multiples", label: "Weights of every layer in time", shared: "both", least: 210, charts },
      `weights${columns.length}`,
    );
  }
  async states() {
    const { room } = this;
    if (this.asking) return;
    this.asking = true;
    const states = await room.remote.ask("states").catch(() => []);
    this.asking = false;
    if (this.view !== "states" || room.closed) return;
    const names = STATE_NAMES[room.state.opt] ?? [];
    if (states.length === 0)
      return this.body.replaceChildren(
        h("p.note", {}, "This optimiser remembers nothing between two steps but how many there were."),
      );
    const charts = states.map((s, k) => ({
      kind: "histogram",
      title: names[k] ?? `state ${k + 1}`,
      height: 190,
      x: { title: "" },
      bins: 24,
      series: [{ name: "parameters", values: Array.from(s).filter(Number.isFinite) }],
      tools: false,
    }));
    this.put(
      {
        kind: "multiples",
        label: "What the optimiser remembers of every parameter",
        shared: "none",
        least: 240,
        charts,
      },
      `states${states.length}${room.state.opt}`,
    );
  }
  changes() {
    const { events } = this.room;
    this.key = null;
    this.body.replaceChildren(
      events.length
        ? h(
            "ol.events",
            {},
            events.slice(-60).map((e) => h("li", {}, `epoch ${whole(e.epoch)}, step ${whole(e.step)}: ${e.what}`)),
          )
        : h("p.note", {}, "Nothing: this run can be repeated from its seed alone."),
    );
  }
}
const STATE_NAMES = {
  momentum: ["momentum"],
  nesterov: ["momentum"],
  adam: ["m: mean of gradients", "v: mean of their squares"],
  adamw: ["m: mean of gradients", "v: mean of their squares"],
  adamax: ["m: mean of gradients", "u: largest recent gradient"],
  nadam: ["m: mean of gradients", "v: mean of their squares"],
  radam: ["m: mean of gradients", "v: mean of their squares"],
  rmsprop: ["mean of squared gradients"],
  adagrad: ["sum of squared gradients"],
  adadelta: ["mean of squared gradients", "mean of squared steps"],
  lion: ["mean of gradients"],
  sophia: ["mean of gradients", "curvature"],
  rprop: ["last gradient", "step size"],
  ftrl: ["sum of squares", "z"],
  asgd: ["averaged parameters"],
};
