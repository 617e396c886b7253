// Room 5: the lectures' forecaster, seen from inside: tomorrow's number from the days before. Red is what came, blue what was
// said, on days that nothing was trained on.
import { draw } from "./charts/charts.js";
import { parseTable, seriesOf } from "./data.js";
import { button, choice, h, number, numeric, slider, whole } from "./elements.js";
import { Remote } from "./remote.js";
import { readLink, writeLink } from "./settings.js";

const DEFAULTS = {
  days: 7,
  model: "linear",
  units: 16,
  epochs: 60,
  lr: 0.003,
  unseen: 0.2,
  seed: 0,
  target: "",
  at: 0,
  hide: "",
};
const MODELS = {
  linear: { title: "linear", layers: 0 },
  one: { title: "1 hidden layer, 100 ReLU", layers: 1 },
  two: { title: "2 hidden layers", layers: 2 },
  three: { title: "3 hidden layers", layers: 3 },
  four: { title: "4 hidden layers", layers: 4 },
  simple_rnn: { title: "simple recurrent", cell: "simple_rnn" },
  gru: { title: "GRU", cell: "gru" },
  lstm: { title: "LSTM", cell: "lstm" },
};
const GATES = {
  lstm: ["input gate i", "forget gate f", "candidate g", "output gate o"],
  gru: ["update gate z", "reset gate r", "candidate n"],
  simple_rnn: ["state h"],
};

export class Views {
  along = along;

  constructor(root, link, page) {
    this.root = root;
    this.page = page;
    this.state = readLink(link, DEFAULTS);
    if (!(this.state.model in MODELS)) this.state.model = "linear";
    this.remote = new Remote();
    this.results = [];
    this.charts = {};
    this.build();
    this.take();
    this.ready = this.reset();
  }
  close() {
    this.closed = true;
    this.remote.end();
  }
  redraw() {
    this.reset();
  }
  take() {
    const { own } = this.page;
    const { views } = this.page.given;
    this.series = views ? seriesOf(parseTable(views), "views") : { name: "", values: new Float64Array(0), times: null };
    if (!own) return;
    try {
      this.series = seriesOf(parseTable(own.text), this.state.target || own.target);
      this.series.own = own.name;
    } catch (error) {
      this.note.textContent = `${own.name}: ${error.message} The package's own series stands here.`;
    }
  }
  build() {
    const { state } = this;
    const set = (name) => (v) => ((state[name] = v), this.reset());
    const file = h("input", {
      type: "file",
      accept: ".csv,.tsv,.txt",
      hidden: true,
      onchange: async () => {
        const [one] = file.files;
        if (!one) return;
        this.page.own = { name: one.name, text: await one.text() };
        state.target = "";
        this.take();
        this.results = [];
        this.reset();
      },
    });
    this.columns = choice(
      "target",
      "column",
      [],
      "",
      (v) => ((state.target = v), this.take(), (this.results = []), this.reset()),
    );
    this.train = button("▶ Train", () => this.run(), { kind: "primary", name: "run" });
    this.note = h("p.note", { role: "status" });
    this.about = h("p.note");
    this.curve = h("div");
    this.loss = h("div");
    this.table = h("div.scroll");
    this.inside = h("div.stack");
    this.units = numeric("units", "units of the cell", state.units, { min: 1, max: 64, integer: true }, set("units"));
    this.root.replaceChildren(
      h(
        "section.room",
        { "aria-label": "Views" },
        h("h1", {}, "Tomorrow, from the days before"),
        h(
          "p.lead-text",
          {},
          "The lectures' question: how many views will the channel have tomorrow? Choose how far back the model looks and what it is, train it here, and compare on days that none has seen.",
        ),
        h(
          "div.side",
          {},
          h(
            "div.panel.stack",
            {},
            h(
              "div.bar",
              { "data-control": "own" },
              button("Own series (CSV)…", () => file.click(), {
                hint: "A column of numbers, with dates if there are any. Nothing leaves this page.",
              }),
              file,
            ),
            this.columns,
            this.about,
            choice(
              "days",
              "days looked back",
              [
                ["1", "1 day"],
                ["7", "7 days"],
                ["28", "28 days"],
                ["56", "56 days"],
              ],
              String(state.days),
              (v) => set("days")(Number(v)),
            ),
            choice(
              "model",
              "model",
              Object.entries(MODELS).map(([k, m]) => [k, m.title]),
              state.model,
              set("model"),
            ),
            this.units,
            numeric("epochs", "epochs", state.epochs, { min: 1, max: 5000, integer: true }, set("epochs")),
            numeric(
              "lr",
              "learning rate (Adam)",
              state.lr,
              { min: 1e-6, max: 1, suggestions: [0.001, 0.003, 0.01] },
              set("lr"),
            ),
            numeric("seed", "seed", state.seed, { min: 0, max: 1e9, integer: true }, set("seed")),
            this.train,
            this.note,
          ),
          h(
            "div.stack",
            {},
            h(
              "div.panel",
              {},
              h("h2", {}, "Red: what came. Blue: what was said the day before. Unseen days only."),
              this.curve,
            ),
            h(
              "div.two",
              {},
              h("div.panel", {}, h("h2", {}, "Mean absolute errors"), this.table),
              h("div.panel", {}, this.loss),
            ),
            h("div.panel", {}, h("h2", {}, "Inside"), this.inside),
          ),
        ),
      ),
    );
    this.page.hide(this.root, state.hide);
  }
  job() {
    const { state } = this;
    const model = MODELS[state.model];
    const dense = (units, k, activation) => ({
      kind: "dense",
      name: `dense_${k}`,
      units,
      activation,
      use_bias: true,
      kernel: { kind: "glorot_uniform" },
      bias: { kind: "zeros" },
    });
    const layers = model.cell
      ? [
          {
            kind: model.cell,
            name: `${model.cell}_1`,
            units: state.units,
            kernel: { kind: "glorot_uniform" },
            recurrent: { kind: "orthogonal", value: 1 },
            bias: { kind: "zeros" },
          },
          dense(1, 1, "identity"),
        ]
      : [
          ...Array.from({ length: model.layers }, (_, k) => dense(100, k + 1, "relu")),
          dense(1, model.layers + 1, "identity"),
        ];
    return {
      network: { input: model.cell ? [state.days, 1] : [state.days], layers },
      settings: {
        loss: { kind: "mean_absolute_error", members: 1 },
        optimizer: { kind: "adam", learning_rate: state.lr },
        epochs: 100000,
        batch_size: 32,
      },
      seed: state.seed,
    };
  }
  // Windows of days, oldest first, in units of the training days' deviation from their mean.
  async reset() {
    const { state, series } = this;
    this.turn = {};
    this.columns.hidden = !series.candidates || series.candidates.length < 2;
    if (series.candidates) (this.columns.options(series.candidates), this.columns.set(series.name));
    this.about.textContent = series.own
      ? `${series.own}: ${whole(series.values.length)} days of ${series.name}.`
      : `A channel that does not exist: ${whole(series.values.length)} days with growth, a weekly cycle, uploads and chance (ts.datasets.load("views")).`;
    this.units.hidden = !MODELS[state.model].cell;
    const count = series.values.length - state.days;
    if (count < 40) {
      this.note.textContent = `The series has ${series.values.length} days, too few for windows of ${state.days}.`;
      return;
    }
    const unseen = Math.max(5, Math.round(series.values.length * state.unseen));
    const known = series.values.subarray(0, series.values.length - unseen);
    const mean = known.reduce((a, b) => a + b, 0) / known.length;
    const deviation = Math.sqrt(known.reduce((a, b) => a + (b - mean) ** 2, 0) / known.length) || 1;
    const scaled = Float32Array.from(series.values, (v) => (v - mean) / deviation);
    const x = new Float32Array(count * state.days);
    const y = new Float32Array(count);
    for (let i = 0; i < count; ++i) {
      x.set(scaled.subarray(i, i + state.days), i * state.days);
      y[i] = scaled[i + state.days];
    }
    const all = Array.from({ length: count }, (_, i) => i);
    this.data = {
      x,
      y,
      count,
      mean,
      deviation,
      unseen,
      rows: { training: all.slice(0, count - unseen), test: all.slice(count - unseen) },
    };
    const mine = this.turn;
    const made = await this.remote.ask("create", {
      job: this.job(),
      data: { x, y, count, features: state.days, targets: 1 },
      rows: this.data.rows,
    });
    if (this.turn !== mine || this.closed) return;
    this.layout = made.layout;
    this.start = made.frame.parameters;
    this.history = [{ epoch: 0, losses: made.frame.losses }];
    this.path = [Array.from(made.frame.parameters)];
    await this.show(made.frame);
    this.page.setLink(writeLink(state, DEFAULTS));
  }
  async run() {
    if (this.running) return (this.running = false);
    this.running = true;
    this.train.textContent = "❚❚ Pause";
    const mine = this.turn;
    const from = this.history.at(-1).epoch;
    for (let e = 1; e <= this.state.epochs && this.running && this.turn === mine && !this.closed; ++e) {
      const frame = await this.remote.ask("step", { kind: "epoch" });
      this.history.push({ epoch: from + e, losses: frame.losses });
      if (this.state.days === 1 && this.state.model === "linear") this.path.push(Array.from(frame.parameters));
      if (e % Math.max(1, Math.round(this.state.epochs / 60)) === 0 || e === this.state.epochs) await this.show(frame);
    }
    this.running = false;
    this.train.textContent = "▶ Train";
    if (this.turn !== mine || this.closed) return;
    const [training, , unseen] = this.history.at(-1).losses;
    const { deviation } = this.data;
    this.results.push({
      days: this.state.days,
      model: MODELS[this.state.model].title + (MODELS[this.state.model].cell ? `, ${this.state.units} units` : ""),
      epochs: this.history.at(-1).epoch,
      training: training * deviation,
      unseen: unseen * deviation,
    });
    this.tell();
  }
  async show(frame) {
    const { series, data, state } = this;
    const said = await this.remote.ask("predict", { x: data.x, count: data.count });
    if (this.closed) return;
    const from = data.count - data.unseen;
    const label = (i) => (series.times ? series.times[i + state.days] : i + state.days);
    const days = data.rows.test;
    const back = (v) => (Number.isFinite(v) ? v * data.deviation + data.mean : null);
    this.put("curve", this.curve, {
      kind: "lines",
      label: "Unseen days: what came and what was said",
      height: 300,
      x: { scale: series.times ? "time" : "linear", title: series.times ? "" : "day" },
      y: { title: series.name },
      series: [
        { name: "came", x: days.map(label), y: days.map((i) => series.values[i + state.days]), color: "red" },
        { name: "said", x: days.map(label), y: days.map((i) => back(said[i])), color: "blue" },
      ],
    });
    const scale = data.deviation;
    this.put("loss", this.loss, {
      kind: "lines",
      label: "Error by epoch",
      height: 220,
      x: { title: "epoch" },
      y: { title: "mean absolute error", possible: [0, null] },
      series: [
        {
          name: "training days",
          x: this.history.map((p) => p.epoch),
          y: this.history.map((p) => p.losses[0] * scale),
          color: "blue",
        },
        {
          name: "unseen days",
          x: this.history.map((p) => p.epoch),
          y: this.history.map((p) => p.losses[2] * scale),
          color: "orange",
        },
      ],
    });
    this.naive =
      days.reduce((sum, i) => sum + Math.abs(series.values[i + state.days] - series.values[i + state.days - 1]), 0) /
      days.length;
    this.weekly =
      days.reduce(
        (sum, i) => sum + Math.abs(series.values[i + state.days] - series.values[Math.max(0, i + state.days - 7)]),
        0,
      ) / days.length;
    this.now = [frame.losses[0] * scale, frame.losses[2] * scale];
    this.parameters = frame.parameters;
    this.tell();
    await this.look(frame, from);
  }
  put(name, place, spec) {
    if (this.charts[name]?.element === place) this.charts[name].chart.update(spec);
    else this.charts[name] = { element: place, chart: draw(place, spec) };
  }
  tell() {
    const row = (name, a, b, kind = "") =>
      h(
        "tr",
        { class: kind },
        h("td", {}, name),
        h("td", {}, a === null ? "–" : number(a, 4)),
        h("td", {}, number(b, 4)),
      );
    this.table.replaceChildren(
      h(
        "table.kept",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["model", "training days", "unseen days"].map((t) => h("th", { scope: "col" }, t)),
          ),
        ),
        h(
          "tbody",
          {},
          row("as yesterday", null, this.naive),
          row("as a week ago", null, this.weekly),
          ...this.results
            .slice(-10)
            .map((r) => row(`${r.model}, ${r.days} day${r.days > 1 ? "s" : ""}`, r.training, r.unseen)),
          row("the one on this page now", ...this.now, "now"),
        ),
      ),
    );
  }

  // What this model has inside: weights by day, its loss over weight and bias, or its gates along time.
  async look(frame, from) {
    const { state } = this;
    const model = MODELS[state.model];
    const key = `${state.model}|${state.days}|${state.units}`;
    if (this.insideKey !== key) {
      this.insideKey = key;
      this.places = [h("div"), h("div")];
      this.inside.replaceChildren(...this.places);
    }
    const [first, second] = this.places;
    if (model.cell) return this.lookRecurrent(frame, from, first);
    const weight = this.layout[0];
    const w = frame.parameters.subarray(weight.at, weight.at + weight.size);
    const days = Array.from({ length: state.days }, (_, k) =>
      state.days - k === 1 ? "yesterday" : `${state.days - k} days before`,
    );
    if (model.layers === 0 && state.days > 1)
      this.put("inside", first, {
        kind: "bars",
        label: "Weight of each day before",
        caption: `b = ${number(frame.parameters.at(-1), 3)}. The bars are what the model has learned of the days' rhythm.`,
        orientation: "vertical",
        categories: days.map((d) => d.replace(" days before", "")),
        value: { title: "weight" },
        series: [{ name: "weight", values: Array.from(w) }],
      });
    else if (model.layers === 0) await this.lookSurface(first);
    else
      this.put("inside", first, {
        kind: "heatmap",
        label: "Weights of the first layer: days by neurons",
        height: 260,
        x: { title: "neuron" },
        y: { title: "day, oldest first" },
        shape: [state.days, 100],
        extent: [1, 100, 1, state.days],
        values: Array.from(w),
        scale: { kind: "diverging", title: "weight" },
      });
    second.replaceChildren();
  }
  async lookSurface(place) {
    const n = 33;
    const [w, b] = this.parameters;
    const reach = Math.max(1.2, ...this.path.map(([a, c]) => Math.max(Math.abs(a - w), Math.abs(c - b)) * 1.15));
    const ws = Array.from({ length: n }, (_, i) => w - reach + (2 * reach * i) / (n - 1));
    const bs = Array.from({ length: n }, (_, i) => b - reach + (2 * reach * i) / (n - 1));
    if (!this.surface || this.surface.turn !== this.turn || Math.abs(this.surface.w - w) > reach * 0.4)
      this.surface = {
        turn: this.turn,
        w,
        ws,
        bs,
        values: Array.from(
          await this.remote.ask("surface", {
            origin: new Float32Array(2),
            first: Float32Array.of(1, 0),
            second: Float32Array.of(0, 1),
            as: ws,
            bs,
          }),
        ),
      };
    const s = this.surface;
    this.put("inside", place, {
      kind: "contours",
      label: "Training loss over weight and bias",
      height: 340,
      caption: "The path of training over the map of its own loss, in units of the series' deviation.",
      x: { title: "weight of yesterday" },
      y: { title: "bias" },
      shape: [n, n],
      extent: [s.ws[0], s.ws.at(-1), s.bs[0], s.bs.at(-1)],
      values: s.values,
      scale: { kind: "sequential", title: "loss" },
      path: this.path,
    });
  }
  lookRecurrent(frame, from, place) {
    const { state } = this;
    const cell = MODELS[state.model].cell;
    if (!this.place_ || this.place_.key !== this.insideKey) {
      this.place_ = {
        key: this.insideKey,
        slider: slider(
          "at",
          "day of the unseen ones",
          state.at,
          {
            min: 0,
            max: this.data.unseen - 1,
            step: 1,
            as: (v) => this.series.times?.[from + v + state.days] ?? String(v + 1),
          },
          (v) => ((state.at = v), this.drawGates(from, cell)),
        ),
        box: h("div"),
      };
      place.replaceChildren(this.place_.slider, this.place_.box);
    }
    this.drawGates(from, cell);
  }
  drawGates(from, cell) {
    const { state, data } = this;
    const row = from + Math.min(state.at, data.unseen - 1);
    const window = data.x.subarray(row * state.days, (row + 1) * state.days);
    const told = along(cell, window, this.layout, this.parameters, state.units);
    const charts = [
      ...GATES[cell].map((name, g) => ({ name, values: told.map((t) => t.gates[g]) })),
      { name: cell === "simple_rnn" ? "" : "state h", values: told.map((t) => t.h) },
    ].filter((c) => c.name);
    const spec = {
      kind: "multiples",
      label: "Gates along the window",
      shared: "both",
      least: 250,
      charts: charts.map((c) => ({
        kind: "heatmap",
        title: c.name,
        height: 200,
        x: { title: "step of the window" },
        y: { title: "unit" },
        shape: [state.units, state.days],
        extent: [1, state.days, 1, state.units],
        values: Array.from(
          { length: state.units * state.days },
          (_, i) => c.values[i % state.days][Math.floor(i / state.days)],
        ),
        scale: c.name.includes("gate")
          ? { kind: "sequential", min: 0, max: 1 }
          : { kind: "diverging", min: -1, max: 1 },
      })),
    };
    this.put("gates", this.place_.box, spec);
  }
}

// A recurrent cell step by step over one window of numbers: its gates and state at every step, from its own parameters. The
// order of the gates is the core's: i f g o (LSTM), z r n (GRU).
export function along(cell, window, layout, parameters, units) {
  const part = (name) => {
    const a = layout.find((one) => one.name.endsWith(`_1.${name}`) && one.layer === 0);
    return a ? parameters.subarray(a.at, a.at + a.size) : null;
  };
  const [W, R, b, s] = ["weight", "recurrent_weight", "bias", "recurrent_bias"].map(part);
  const G = { lstm: 4, gru: 3, simple_rnn: 1 }[cell];
  const wide = G * units;
  const sigmoid = (v) => 1 / (1 + Math.exp(-v));
  let h_ = new Float64Array(units);
  let c = new Float64Array(units);
  return Array.from(window, (x) => {
    const z = Float64Array.from({ length: wide }, (_, k) => b[k] + x * W[k]);
    const q = Float64Array.from({ length: wide }, (_, k) => {
      let sum = s ? s[k] : 0;
      for (let u = 0; u < units; ++u) sum += h_[u] * R[u * wide + k];
      return sum;
    });
    const gate = (g, f, of = (u) => z[g * units + u] + q[g * units + u]) =>
      Array.from({ length: units }, (_, u) => f(of(u)));
    let gates;
    if (cell === "lstm") {
      gates = [gate(0, sigmoid), gate(1, sigmoid), gate(2, Math.tanh), gate(3, sigmoid)];
      c = c.map((v, u) => gates[1][u] * v + gates[0][u] * gates[2][u]);
      h_ = Float64Array.from(c, (v, u) => gates[3][u] * Math.tanh(v));
    } else if (cell === "gru") {
      const [up, re] = [gate(0, sigmoid), gate(1, sigmoid)];
      const n = gate(2, Math.tanh, (u) => z[2 * units + u] + re[u] * q[2 * units + u]);
      gates = [up, re, n];
      h_ = h_.map((v, u) => up[u] * v + (1 - up[u]) * n[u]);
    } else {
      gates = [gate(0, Math.tanh)];
      h_ = Float64Array.from(gates[0]);
    }
    return { gates, h: Array.from(h_) };
  });
}
