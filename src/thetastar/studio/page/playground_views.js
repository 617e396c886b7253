// What the playground draws of a frame: the network, the large map, losses and curves, the chosen neuron. Methods of `Playground`.
import { draw } from "./charts/charts.js";
import { classColour, diverging } from "./colours.js";
import { button, h, number, whole } from "./elements.js";
import { ACTIVATIONS, layersOf } from "./settings.js";
import { fitOf, probabilityOf } from "./words.js";

export const GRID = 56; // places a side of a map

export const views = {
  momentText(i) {
    const m = this.frame?.curve?.[i];
    return m ? `epoch ${whole(m.epoch)}${m.row ? ` + ${m.row} rows` : ""}` : "";
  },
  drawColumns() {
    const layers = layersOf(this.state);
    this.layersText.textContent = `${layers.length} hidden layer${layers.length === 1 ? "" : "s"} · ${whole(this.layout.reduce((sum, a) => sum + (a.learned ? a.size : 0), 0))} parameters`;
    const head = (i) => {
      const change = (by) =>
        this.setLayers(layers.map((l, k) => (k === i ? { ...l, units: Math.max(1, Math.min(512, l.units + by)) } : l)));
      const frozen = this.frozenColumns().includes(i + 1);
      return [
        h(
          "div.units",
          { "data-control": "neurons" },
          button("−", () => change(-1), { hint: "One neuron fewer" }),
          h("input", {
            type: "number",
            min: "1",
            max: "512",
            value: String(layers[i].units),
            "aria-label": `neurons in layer ${i + 1}`,
            onchange: (e) =>
              this.setLayers(
                layers.map((l, k) =>
                  k === i ? { ...l, units: Math.max(1, Math.min(512, Number(e.target.value) || 1)) } : l,
                ),
              ),
          }),
          button("+", () => change(1), { hint: "One neuron more" }),
        ),
        h(
          "select",
          {
            "aria-label": `activation of layer ${i + 1}`,
            "data-control": "activation",
            value: layers[i].activation,
            onchange: (e) => this.setLayers(layers.map((l, k) => (k === i ? { ...l, activation: e.target.value } : l))),
          },
          ACTIVATIONS.map((a) =>
            h("option", { value: a, selected: a === layers[i].activation }, a.replaceAll("_", " ")),
          ),
        ),
        button(frozen ? "❄ frozen" : "freeze", () => this.freeze(i + 1), {
          kind: "small",
          name: "freeze",
          pressed: frozen,
          hint: "A frozen layer keeps its numbers while the others learn",
        }),
      ];
    };
    const { link } = this.loss;
    const columns = [
      {
        title: "inputs",
        units: this.prepared.inputs.length,
        names: this.prepared.inputs.map((i) => i.label),
        head: [h("span.head-title", {}, "inputs")],
      },
      ...layers.map((l, i) => ({ title: `layer ${i + 1}`, units: l.units, activation: l.activation, head: head(i) })),
      {
        title: "output",
        units: this.columns.at(-1).units,
        output: true,
        names: this.set_.kind === "classes" && this.columns.at(-1).units > 1 ? this.set_.target.classes : null,
        head: [
          h("span.head-title", {}, "output"),
          h("span.note", {}, link === "identity" ? "identity" : link),
          button(
            this.frozenColumns().includes(layers.length + 1) ? "❄ frozen" : "freeze",
            () => this.freeze(layers.length + 1),
            { kind: "small", name: "freeze", pressed: this.frozenColumns().includes(layers.length + 1) },
          ),
        ],
      },
    ];
    this.drawn_ = columns;
    this.view.build(columns);
    if (
      this.selected &&
      (this.selected.column >= columns.length || this.selected.unit >= columns[this.selected.column].units)
    )
      this.select(null);
  },
  drawNetwork() {
    const { frame } = this;
    if (!frame?.grid || !this.drawn_) return;
    const numbers = this.gradient ?? frame.parameters;
    const size = this.gradient ? 1 / (Math.max(...this.gradient.map(Math.abs)) || 1) : 1;
    const scales = this.columns.map((c) => layerScale(frame.grid[c.values], c.activation));
    const N = GRID * GRID;
    this.view.update({
      n: GRID,
      running: this.running,
      weights: (c) => {
        const { weight, bias } = this.arrays(c);
        const part = (a) =>
          size === 1 ? numbers.subarray(a.at, a.at + a.size) : numbers.slice(a.at, a.at + a.size).map((v) => v * size);
        return { weight: part(weight), columns: weight.columns, bias: bias && part(bias) };
      },
      maps: (c, u) => {
        if (c === 0) {
          const inputs = this.prepared.features;
          const scale = this.inputScale(u);
          return (i) => this.gridX[i * inputs + u] / scale;
        }
        const values = frame.grid[this.columns[c - 1].values];
        const scale = scales[c - 1];
        if (this.state.sign && c === this.columns.length) return (i) => Math.sign(values[u * N + i]);
        return (i) => values[u * N + i] / scale;
      },
    });
    this.view.refreshTip();
    this.view.mark(this.selected?.column, this.selected?.unit);
  },
  inputScale(u) {
    if (this.scalesOf !== this.gridX) {
      const inputs = this.prepared.features;
      this.scalesOf = this.gridX;
      this.inputScales = Array.from({ length: inputs }, (_, j) => {
        let most = 1e-6;
        for (let i = j; i < this.gridX.length; i += inputs) most = Math.max(most, Math.abs(this.gridX[i]));
        return most;
      });
    }
    return this.inputScales[u];
  },
  drawMap() {
    const { frame, state, set_: data } = this;
    if (!frame?.grid) return;
    const N = GRID * GRID;
    const looking = this.hovered ?? null;
    const many = this.columns.at(-1).units > 1;
    let colour;
    let scale = 1;
    let title;
    if (looking && !(looking.column === this.columns.length && !many)) {
      const { column, unit } = looking;
      const c = this.columns[column - 1];
      const values = column === 0 ? null : frame.grid[c.values];
      scale = column === 0 ? this.inputScale(unit) : layerScale(values, c.activation);
      colour =
        column === 0
          ? (i) => diverging(this.gridX[i * this.prepared.features + unit] / scale)
          : (i) => diverging(values[unit * N + i] / scale);
      title =
        column === 0
          ? `Input ${this.prepared.inputs[unit].label}`
          : column === this.columns.length
            ? `Score of ${data.target.classes[unit]}`
            : `Layer ${column}, neuron ${unit + 1}`;
    } else if (many) {
      const values = frame.grid[this.columns.at(-1).values];
      const k = this.columns.at(-1).units;
      colour = (i) => blend(values, i, N, k, this.loss.link, state.sign);
      title = "Output: the likeliest class";
    } else {
      const values = frame.grid[this.columns.at(-1).values];
      scale = data.kind === "classes" ? 1 : this.targetScale();
      const at = (i) => probabilityOf(values[i], this.loss, data) / (data.kind === "classes" ? 1 : scale);
      colour = state.sign ? (i) => diverging(at(i) >= 0 ? 0.75 : -0.75) : (i) => diverging(0.85 * at(i));
      title = data.kind === "classes" ? "Output: class" : `Output: ${data.target.name}`;
    }
    this.mapTitle.textContent = title;
    this.map.show({
      n: GRID,
      colour,
      axes: this.prepared.axes,
      points: this.pointsOnMap(),
      kind: data.kind,
      scale: data.kind === "classes" ? 1 : this.targetScale(),
      title,
      editable: state.data === "points",
    });
    this.drawLegend(scale, title);
  },
  targetScale() {
    if (this.scaleOf === this.set_) return this.scaleValue;
    const values = this.prepared.y;
    let most = 1e-6;
    for (const v of values) most = Math.max(most, Math.abs(v));
    this.scaleOf = this.set_;
    return (this.scaleValue = Math.min(most, 4));
  },
  pointsOnMap() {
    const { prepared: p, set_: data, state } = this;
    if (this.pointsFor === p && this.pointsTest === state.showtest && !this.batchRows && !this.pointsStale)
      return this.pointsList;
    const a = data.columns.find((c) => c.name === p.axes[0].name)?.values;
    const b = data.columns.find((c) => c.name === p.axes[1].name)?.values;
    const jitter = (axis, i) => (axis.categories ? ((i * 7919) % 97) / 97 / 2 - 0.25 : 0);
    const part = (rows, which) =>
      rows.map((i) => ({
        a: a[i] + jitter(p.axes[0], i),
        b: b[i] + jitter(p.axes[1], i),
        label: data.kind === "classes" ? data.target.values[i] : p.y[i],
        part: which,
        strong: this.batchRows?.has(i),
        row: i,
      }));
    this.pointsList = [
      ...part(p.rows.training, 0),
      ...(state.showtest ? [...part(p.rows.validation, 1), ...part(p.rows.test, 2)] : []),
    ];
    this.pointsFor = p;
    this.pointsTest = state.showtest;
    this.pointsStale = Boolean(this.batchRows);
    return this.pointsList;
  },
  drawLegend(scale, title) {
    const { set_: data } = this;
    const key = `${title}|${scale.toPrecision(2)}|${document.documentElement.dataset.theme}`;
    if (key === this.legendKey) return;
    this.legendKey = key;
    const several = data.kind === "classes" && data.target.classes.length > 2 && !this.hovered;
    this.map.legend.replaceChildren(
      ...(several
        ? data.target.classes.map((name, k) =>
            h("span.key", {}, h("i.swatch", { style: `background: rgb(${classColour(k).join(" ")})` }), name),
          )
        : [
            h(
              "span",
              {},
              data.kind === "classes" && !this.hovered
                ? data.target.classes[0]
                : number(-scale * (this.unit() ?? 1), 3),
            ),
            h("span.ramp"),
            h(
              "span",
              {},
              data.kind === "classes" && !this.hovered ? data.target.classes[1] : number(scale * (this.unit() ?? 1), 3),
            ),
          ]),
      h("span.note", {}, this.state.showtest ? "filled: training, hollow: validation and test" : ""),
    );
  },
  unit() {
    return this.prepared.scale && !this.hovered ? this.prepared.scale.deviation : 1;
  },
  thumbnailOfOutput() {
    return { grid: this.frame.grid[this.columns.at(-1).values].slice(), n: GRID };
  },
  drawLosses() {
    const { losses } = this.frame;
    const { rows } = this.prepared;
    const fit = fitOf(this.frame.predictions, this.prepared, this.set_, this.loss);
    this.fit = fit;
    const tile = (name, value, extra, kind) =>
      h(
        `div.tile.${kind}`,
        { "data-control": kind === "training" ? undefined : `loss${kind}` },
        h("dt", {}, name),
        h("dd", {}, number(value, 4), extra ? h("span", {}, extra) : null),
      );
    this.losses.replaceChildren(
      tile("training loss", losses[0], fit.training, "training"),
      rows.validation.length ? tile("validation loss", losses[1], fit.validation, "validation") : "",
      rows.test.length ? tile("test loss", losses[2], fit.test, "testing") : "",
    );
  },
  drawCurve() {
    const { frame } = this;
    if (!frame?.curve) return;
    const perEpoch = Math.max(this.prepared.rows.training.length, 1);
    const x = frame.curve.map((m) => m.epoch + m.row / perEpoch);
    const series = [
      { name: "training", x, y: frame.curve.map((m) => m.losses[0]), color: "blue" },
      ...(this.prepared.rows.validation.length
        ? [{ name: "validation", x, y: frame.curve.map((m) => m.losses[1]), color: "orange" }]
        : []),
      ...(this.prepared.rows.test.length
        ? [{ name: "test", x, y: frame.curve.map((m) => m.losses[2]), color: "green", dash: "dotted" }]
        : []),
      ...this.runs.series(perEpoch),
    ];
    for (const one of series) one.y = one.y.map((v) => (Number.isFinite(v) ? v : null));
    const marks = [
      ...this.events.slice(-8).map((e) => ({ x: e.epoch, dash: "dotted" })),
      ...(this.moment !== undefined ? [{ x: x[this.moment] ?? 0, label: "here" }] : []),
      ...(this.state.stop !== "" ? [{ y: Number(this.state.stop), dash: "dashed" }] : []),
    ];
    const spec = {
      kind: "lines",
      label: "Loss by epoch",
      height: 170,
      x: { title: "epoch", min: 0 },
      y: { title: "loss", possible: [0, null] },
      series,
      marks,
    };
    if (!this.chart) this.chart = draw(this.curve, spec);
    else this.chart.update(spec);
  },
  // How long until the target, if the loss goes on falling as it did over the last quarter.
  drawEta() {
    const { curve, rate } = this.frame;
    this.eta.textContent = "";
    if (this.state.stop === "" || !curve || curve.length < 8 || !this.running) return;
    const which = this.prepared.rows.validation.length ? 1 : 0;
    const late = curve.at(-1);
    const early = curve[Math.floor(curve.length * 0.75)];
    const slope = (Math.log(late.losses[which]) - Math.log(early.losses[which])) / (late.step - early.step);
    const left = (Math.log(Math.max(Number(this.state.stop), 1e-12)) - Math.log(late.losses[which])) / slope;
    this.eta.textContent =
      slope < 0 && left > 0
        ? `about ${whole(left)} more steps${rate ? `, ${number(left / rate, 2)} s` : ""} at this pace`
        : "at this pace the target is not reached";
  },
  hover(column, unit) {
    this.hovered =
      column === null || column === undefined
        ? this.selected && this.state.view === "neuron"
          ? this.selected
          : null
        : { column, unit };
    this.drawMap();
  },
  select(column, unit, from = null) {
    this.selected = column === null || column === undefined || column === 0 ? null : { column, unit, from };
    this.view.mark(this.selected?.column, this.selected?.unit);
    this.card.open(this.cardContent());
  },
  cardContent() {
    if (!this.selected || !this.frame) return null;
    const { column, unit } = this.selected;
    const { weight, bias } = this.arrays(column);
    const names =
      column === 1
        ? this.prepared.inputs.map((i) => i.label)
        : Array.from({ length: weight.rows }, (_, i) => `h${column - 1}.${i + 1}`);
    const probe = this.probeValues;
    const before = probe
      ? column === 1
        ? probe.inputs
        : Array.from({ length: weight.rows }, (_, i) => probe.layers[this.columns[column - 2].values][i])
      : null;
    return {
      title:
        column === this.columns.length
          ? `Output${this.columns.at(-1).units > 1 ? `: ${this.set_.target.classes[unit]}` : ""}`
          : `Layer ${column}, neuron ${unit + 1}`,
      column,
      unit,
      from: this.selected.from,
      names,
      activation:
        this.state.norm !== "none" && column < this.columns.length
          ? `${this.columns[column - 1].activation} of ${this.state.norm} norm`
          : this.columns[column - 1].activation,
      parameters: this.frame.parameters,
      weight,
      bias,
      before,
      answer: probe ? probe.layers[this.columns[column - 1].values][unit] : null,
      plain: this.state.norm === "none" || column === this.columns.length,
      link: column === this.columns.length ? this.loss.link : null,
      frozen: this.frozenColumns().includes(column),
      off: this.pins?.cut.has(`${column}.${unit}`),
      canCut: column < this.columns.length,
      gradientNote: null,
    };
  },
  probeAt(at) {
    this.probed = at;
    if (!at) {
      this.probeValues = null;
      this.reading.textContent = "";
      return this.card.live(this.cardContent());
    }
    this.readProbe();
  },
  async readProbe() {
    if (this.reading_ || !this.probed) return;
    this.reading_ = true;
    const [a, b] = this.probed;
    const x = this.inputsAt(a, b);
    const layers = await this.remote.ask("outputs", { x, count: 1 }).catch(() => null);
    this.reading_ = false;
    if (!layers || !this.probed || this.closed) return;
    this.probeValues = { inputs: Array.from(x), layers };
    const { axes } = this.prepared;
    const name = (axis, v) => `${axis.name} = ${axis.categories ? axis.categories[Math.round(v)] : number(v, 3)}`;
    this.reading.textContent = `At ${name(axes[0], a)}, ${name(axes[1], b)}: ${this.answerText(layers.at(-1))}`;
    this.card.live(this.cardContent());
  },
  answerText(out) {
    const { set_: data, loss, prepared: p } = this;
    if (data.kind === "numbers")
      return `${data.target.name} = ${number(p.scale ? out[0] * p.scale.deviation + p.scale.mean : out[0])}`;
    if (out.length > 1) {
      const e = Array.from(out, (v) => Math.exp(v - Math.max(...out)));
      const total = e.reduce((s, v) => s + v, 0);
      const best = out.indexOf(Math.max(...out));
      return loss.link === "softmax"
        ? `${data.target.classes[best]} with probability ${number(e[best] / total, 3)}`
        : data.target.classes[best];
    }
    if (loss.link === "sigmoid")
      return `score ${number(out[0], 3)}, so class ${data.target.classes[1]} with probability ${number(1 / (1 + Math.exp(-out[0])), 3)}`;
    return `${number(out[0], 3)}, so class ${data.target.classes[out[0] > 0 ? 1 : 0]}`;
  },
  // The network's inputs at a place of the map: one row.
  inputsAt(a, b) {
    const { axes } = this.prepared;
    const n = 1;
    const here = { ...this.prepared, axes };
    const grid = this.pointGrid(a, b);
    return grid ?? here.grid(n);
  },
  pointGrid(a, b) {
    const { axes, inputs } = this.prepared;
    const data = this.set_;
    this.held ??= new Map();
    if (!this.held.has(data))
      this.held.set(
        data,
        Object.fromEntries(data.columns.map((c) => [c.name, c.role === "category" ? modeOf(c) : medianOf(c.values)])),
      );
    const at = {
      ...this.held.get(data),
      [axes[1].name]: axes[1].categories ? Math.round(b) : b,
      [axes[0].name]: axes[0].categories ? Math.round(a) : a,
    };
    return Float32Array.from(inputs, (input) => input.of((name) => at[name]));
  },
};

const BOUNDED = new Set(["tanh", "sigmoid", "hard_sigmoid", "softsign", "gaussian", "step"]);
function layerScale(values, activation) {
  if (BOUNDED.has(activation)) return 1;
  let most = 1e-6;
  for (let i = 0; i < values.length; i += 3)
    if (Math.abs(values[i]) > most && Number.isFinite(values[i])) most = Math.abs(values[i]);
  return most;
}
// The likeliest class's colour, the paler the less sure.
function blend(values, i, N, k, link, sharpOnly) {
  let best = 0;
  for (let c = 1; c < k; ++c) if (values[c * N + i] > values[best * N + i]) best = c;
  const colour = classColour(best);
  let total = 0;
  for (let c = 0; c < k; ++c) total += Math.exp(values[c * N + i] - values[best * N + i]);
  const sure = sharpOnly || link !== "softmax" ? 0.75 : Math.max(0, (1 / total - 1 / k) / (1 - 1 / k)) * 0.8;
  const paper = diverging(0);
  return colour.map((v, j) => Math.round(paper[j] + (v - paper[j]) * sure));
}
function modeOf(column) {
  const times = column.categories.map((_, k) => column.values.filter((v) => v === k).length);
  return times.indexOf(Math.max(...times));
}
function medianOf(values) {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
