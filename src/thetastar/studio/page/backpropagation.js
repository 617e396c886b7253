// Room 2: back-propagation, from a line tuned blind to the network's own step with its numbers in the formulas.
import { draw } from "./charts/charts.js";
import { parseTable, tableFrom } from "./data.js";
import { announce, button, choice, h, number, numeric, s, slider } from "./elements.js";
import { Remote } from "./remote.js";
import { readLink, writeLink } from "./settings.js";

const DEFAULTS = {
  part: "blind",
  lr: 0.01,
  rate: 0.03,
  net: "",
  act: "tanh",
  x: "2.1",
  y: "4",
  seed: 1,
  at: 0,
  hide: "",
  w: 1,
  b: 0,
};
const POINTS = [
  [-2, -3.1],
  [-1.2, -1.9],
  [-0.3, 0.4],
  [0.6, 1.2],
  [1.4, 3.4],
  [2.2, 4.3],
]; // near y = 1.8 x + 0.8
const LEAST = (() => {
  const n = POINTS.length;
  const [mx, my] = [0, 1].map((k) => POINTS.reduce((sum, p) => sum + p[k], 0) / n);
  const w =
    POINTS.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / POINTS.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return POINTS.reduce((sum, [x, y]) => sum + (w * (x - mx) + my - y) ** 2, 0) / n;
})();
const SLOPES = {
  identity: () => 1,
  relu: (z) => (z > 0 ? 1 : 0),
  tanh: (z) => 1 - Math.tanh(z) ** 2,
  sigmoid: (z) => Math.exp(-z) / (1 + Math.exp(-z)) ** 2,
};
const SLOPE_WORDS = { identity: "1", relu: "1 where z > 0, else 0", tanh: "1 − tanh²(z)", sigmoid: "σ(z)(1 − σ(z))" };

export class Backpropagation {
  constructor(root, link, page) {
    this.root = root;
    this.page = page;
    this.state = readLink(link, DEFAULTS);
    this.remote = new Remote();
    this.build();
    this.ready = this.open(this.state.part);
  }
  close() {
    clearInterval(this.timer);
    this.remote.end();
  }
  redraw() {
    this.open(this.state.part);
  }
  link() {
    this.page.setLink(writeLink(this.state, DEFAULTS));
  }
  build() {
    const tabs = [
      ["blind", "1 · By loss alone"],
      ["line", "2 · Down the slope"],
      ["step", "3 · One step, every number"],
    ];
    this.tabs = tabs.map(([id, title]) =>
      button(title, () => this.open(id), { name: `part-${id}`, pressed: this.state.part === id }),
    );
    this.body = h("div");
    this.root.replaceChildren(
      h(
        "section.room",
        { "aria-label": "Back-propagation" },
        h("div.bar", { "data-control": "parts" }, this.tabs),
        this.body,
      ),
    );
    this.page.hide(this.root, this.state.hide);
  }
  async open(part) {
    clearInterval(this.timer);
    this.state.part = part;
    this.tabs.forEach((t) => t.setAttribute("aria-pressed", String(t.dataset.control === `part-${part}`)));
    this.link();
    await { blind: () => this.blind(), line: () => this.line(), step: () => this.step() }[part]();
    this.page.hide(this.root, this.state.hide);
  }

  // ---- 1: only the loss is seen ----
  blind() {
    let [w, b, tries] = [0, 0, 0];
    let seen = false;
    const loss = () => POINTS.reduce((sum, [x, y]) => sum + (w * x + b - y) ** 2, 0) / POINTS.length;
    const plot = h("div");
    const cover = h("div.blind", {}, plot);
    const shown = h("output.big");
    const best = h("p.note");
    let least = Infinity;
    const chart = draw(plot, this.linePicture(w, b));
    const update = () => {
      tries += 1;
      least = Math.min(least, loss());
      shown.textContent = number(loss(), 4);
      best.textContent = `Least so far: ${number(least, 4)} after ${tries - 1} moves. The least there is: ${number(LEAST, 4)}.`;
      chart.update(this.linePicture(w, b));
    };
    const reveal = button(
      "Reveal the curve",
      () => {
        seen = !seen;
        cover.classList.toggle("seen", seen);
        reveal.textContent = seen ? "Hide it again" : "Reveal the curve";
        announce(seen ? `The line is y = ${number(w, 3)} x + ${number(b, 3)}` : "Hidden");
      },
      { kind: "primary", name: "reveal" },
    );
    this.body.replaceChildren(
      h("h1", {}, "Find the line without seeing it"),
      h(
        "p.lead-text",
        {},
        "Turn the two numbers until the loss is as small as you can make it. The network has no more than this to go by: it never sees the picture, only how wrong it is.",
      ),
      h(
        "div.side",
        {},
        h(
          "div.panel.stack",
          {},
          h("h2", {}, "Loss: mean squared error"),
          shown,
          slider(
            "w",
            "weight w",
            0,
            { min: -4, max: 4, step: 0.01, as: (v) => number(v, 3) },
            (v) => ((w = v), update()),
          ),
          slider(
            "b",
            "bias b",
            0,
            { min: -4, max: 4, step: 0.01, as: (v) => number(v, 3) },
            (v) => ((b = v), update()),
          ),
          best,
          reveal,
          button("Next: let the gradient do it", () => this.open("line"), { name: "next" }),
        ),
        h("div.panel", {}, cover),
      ),
    );
    update();
  }
  linePicture(w, b, more = []) {
    const [x0, x1] = [-3, 3];
    return {
      kind: "points",
      label: "The rows and the line",
      height: 330,
      x: { title: "x", min: x0, max: x1 },
      y: { title: "y", min: -8, max: 8 },
      series: [
        { name: "rows", x: POINTS.map((p) => p[0]), y: POINTS.map((p) => p[1]), color: "ink", size: 5 },
        {
          name: `y = ${number(w, 3)} x + ${number(b, 3)}`,
          type: "line",
          x: [x0, x1],
          y: [w * x0 + b, w * x1 + b],
          color: "blue",
        },
        ...POINTS.map(([x, y]) => ({
          type: "line",
          x: [x, x],
          y: [y, w * x + b],
          color: "red",
          width: 1,
          quiet: true,
        })),
        ...more,
      ],
    };
  }

  // ---- 2: the same line, its loss as a map, and descent on it ----
  async line() {
    const { state } = this;
    const job = () => ({
      network: {
        input: [1],
        layers: [
          {
            kind: "dense",
            name: "dense_1",
            units: 1,
            activation: "identity",
            use_bias: true,
            kernel: { kind: "zeros" },
            bias: { kind: "zeros" },
          },
        ],
      },
      settings: {
        loss: { kind: "mean_squared_error", members: 1 },
        optimizer: { kind: "sgd", learning_rate: state.rate },
        epochs: 1000000,
        batch_size: 64,
        shuffle: false,
      },
      seed: 0,
    });
    const data = {
      x: Float32Array.from(POINTS, (p) => p[0]),
      y: Float32Array.from(POINTS, (p) => p[1]),
      count: POINTS.length,
      features: 1,
      targets: 1,
    };
    const rows = { training: POINTS.map((_, i) => i) };
    let start = [-1.5, -2.5];
    const n = 41;
    const ws = Array.from({ length: n }, (_, i) => -2 + (6 * i) / (n - 1));
    const bs = Array.from({ length: n }, (_, i) => -3.5 + (7 * i) / (n - 1));
    await this.remote.ask("create", { job: job(), data, rows, start: Float32Array.from(start) });
    const surface = await this.remote.ask("surface", {
      origin: new Float32Array(2),
      first: Float32Array.of(1, 0),
      second: Float32Array.of(0, 1),
      as: ws,
      bs,
    });
    let path = [start];
    let frame;
    const [map, plot, words] = [h("div"), h("div"), h("div.formula")];
    const contour = () => ({
      kind: "contours",
      label: "The loss for every weight and bias",
      height: 340,
      x: { title: "weight w" },
      y: { title: "bias b" },
      shape: [n, n],
      extent: [ws[0], ws.at(-1), bs[0], bs.at(-1)],
      values: Array.from(surface),
      scale: { kind: "sequential", log: true, title: "loss" },
      path,
      marks: [{ point: path.at(-1), label: "here" }],
    });
    this.body.replaceChildren();
    const maps = {};
    const show = () => {
      const [w, b] = path.at(-1);
      const n_ = POINTS.length;
      const errors = POINTS.map(([x, y]) => w * x + b - y);
      const dw = (2 / n_) * errors.reduce((sum, e, i) => sum + e * POINTS[i][0], 0);
      const db = (2 / n_) * errors.reduce((sum, e) => sum + e, 0);
      const loss = errors.reduce((sum, e) => sum + e * e, 0) / n_;
      maps.map ? maps.map.update(contour()) : (maps.map = draw(map, contour()));
      maps.plot ? maps.plot.update(this.linePicture(w, b)) : (maps.plot = draw(plot, this.linePicture(w, b)));
      words.replaceChildren(
        ...[
          `step ${path.length - 1}:  J = (1/${n_}) Σ (w x + b − y)² = ${number(loss, 5)}`,
          `∂J/∂w = (2/${n_}) Σ (w x + b − y) x = ${number(dw, 4)}        ∂J/∂b = (2/${n_}) Σ (w x + b − y) = ${number(db, 4)}`,
          `w ← w − η ∂J/∂w = ${number(w, 4)} − ${number(state.rate)} · ${number(dw, 4)} = ${number(w - state.rate * dw, 4)}        b ← ${number(b, 4)} − ${number(state.rate)} · ${number(db, 4)} = ${number(b - state.rate * db, 4)}`,
        ].map((line) => h("div", {}, h("code", {}, line))),
      );
    };
    const step = async () => {
      frame = await this.remote.ask("step", { kind: "epoch" });
      const [w, b] = frame.parameters;
      if (!Number.isFinite(w) || Math.abs(w) > 1e4)
        return (
          stop(),
          (note.textContent =
            "It runs away: with this learning rate each step overshoots the valley by more than the last one. Take a smaller one.")
        );
      path = [...path.slice(-400), [w, b]];
      show();
    };
    const note = h("p.note", { role: "status" });
    const play = button("▶ Play", () => (this.timer ? stop() : go()), { kind: "primary", name: "run" });
    const go = () => ((play.textContent = "❚❚ Pause"), (this.timer = setInterval(step, 130)));
    const stop = () => (clearInterval(this.timer), (this.timer = null), (play.textContent = "▶ Play"));
    const restart = async (from) => {
      stop();
      note.textContent = "";
      start = from;
      path = [start];
      await this.remote.ask("create", { job: job(), data, rows, start: Float32Array.from(start) });
      show();
    };
    this.body.replaceChildren(
      h("h1", {}, "The loss is a landscape, the gradient its slope"),
      h(
        "p.lead-text",
        {},
        "Every place on the map is one line: a weight and a bias. Descent begins anywhere (click) and always steps where it falls steepest.",
      ),
      h(
        "div.bar",
        {},
        play,
        button("Next step", () => (stop(), step()), { name: "step" }),
        button("Back to the start", () => restart(start), { name: "again" }),
        numeric(
          "rate",
          "learning rate η",
          state.rate,
          { min: 1e-5, max: 2, suggestions: [0.001, 0.01, 0.03, 0.1, 0.3, 0.5] },
          async (v) => {
            state.rate = v;
            this.link();
            await this.remote.ask("change", { job: job() });
            show();
          },
        ),
        note,
      ),
      h("div.two", { style: "margin-top:12px" }, h("div.panel", {}, map), h("div.panel", {}, plot)),
      words,
    );
    map.addEventListener("chart-click", ({ detail }) => restart([detail.x, detail.y]));
    show();
  }

  // ---- 3: a network's own step on one row ----
  async step() {
    const { state } = this;
    const own = this.ownRows();
    const x = state.x.split(",").map(Number).filter(Number.isFinite);
    const y = Number(state.y) || 0;
    const hidden = state.net === "" ? [] : state.net.split(",").map((u) => Math.max(1, Math.min(5, Number(u) || 1)));
    const widths = [x.length, ...hidden, 1];
    const layers = widths
      .slice(1)
      .map((units, l) => ({
        kind: "dense",
        name: `dense_${l + 1}`,
        units,
        activation: l < hidden.length ? state.act : "identity",
        use_bias: true,
        kernel: { kind: "glorot_uniform" },
        bias: { kind: "zeros" },
      }));
    const job = {
      network: { input: [x.length], layers },
      settings: {
        loss: { kind: "mean_squared_error", members: 1 },
        optimizer: { kind: "sgd", learning_rate: state.lr },
        epochs: 1000000,
        batch_size: 1,
        shuffle: false,
      },
      seed: state.seed,
    };
    const single = hidden.length === 0 && x.length === 1;
    const start = single ? Float32Array.of(state.w, state.b) : null;
    const made = await this.remote.ask("create", {
      job,
      data: { x: Float32Array.from(x), y: Float32Array.of(y), count: 1, features: x.length, targets: 1 },
      rows: { training: [0] },
      start,
    });
    const seen = await this.remote.ask("inspect", { rows: [0] });
    const before = made.frame.parameters;
    const after = (await this.remote.ask("step", { kind: "batch" })).parameters;
    const next = await this.remote.ask("inspect", { rows: [0] });
    this.told = { x, y, widths, layers, layout: made.layout, before, after, seen, next };
    const scenes = this.scenes();
    this.sceneCount = scenes.length;
    const picture = h("div.step-network");
    const words = h("div.step-words", { "aria-live": "polite" });
    const where = h("span.note");
    const show = (at) => {
      state.at = Math.max(0, Math.min(scenes.length - 1, at));
      const scene = scenes[state.at];
      where.textContent = `${state.at + 1} of ${scenes.length}`;
      words.replaceChildren(
        h("h2", {}, scene.title),
        ...scene.lines.map((line) => h("div.formula", {}, h("code", {}, line))),
        scene.note ? h("p.note", {}, scene.note) : "",
      );
      picture.replaceChildren(this.picture(scene));
      bar.set(state.at);
      this.link();
      if (state.at === scenes.length - 1) stop();
    };
    const play = button("▶ Play", () => (this.timer ? stop() : go()), { kind: "primary", name: "run" });
    const stop = () => (clearInterval(this.timer), (this.timer = null), (play.textContent = "▶ Play"));
    const go = () => (
      (play.textContent = "❚❚ Pause"),
      state.at === scenes.length - 1 && show(0),
      (this.timer = setInterval(() => show(state.at + 1), 2200))
    );
    const bar = slider("at", "scene", 0, { min: 0, max: scenes.length - 1, step: 1, as: (v) => String(v + 1) }, (v) =>
      show(v),
    );
    const again = (name) => (v) => ((state[name] = v), (state.at = 0), this.step());
    const text = (name, label, hint) => {
      const input = h("input", {
        type: "text",
        value: state[name],
        title: hint,
        id: `bp-${name}`,
        onchange: () => again(name)(input.value),
      });
      return h("div.control", { "data-control": name }, h("label", { htmlFor: `bp-${name}` }, label), input);
    };
    const presets = [
      ["", "one neuron, no hidden layer"],
      ["2", "2 hidden"],
      ["3", "3 hidden"],
      ["2,2", "2, then 2"],
      ["3,2", "3, then 2"],
    ];
    this.body.replaceChildren(
      h("h1", {}, "One step of training, with every number in it"),
      h(
        "p.lead-text",
        {},
        "These are not drawn for show: the engine takes this very step on this row, and what it computed stands in the formulas.",
      ),
      h(
        "div.settings",
        {},
        text("x", "inputs x (up to 4, by commas)"),
        text("y", "target y"),
        choice("net", "network", presets, state.net, again("net")),
        choice(
          "act",
          "activation",
          Object.keys(SLOPES).map((a) => [a, a]),
          state.act,
          again("act"),
        ),
        numeric(
          "lr",
          "learning rate η",
          state.lr,
          { min: 1e-6, max: 5, suggestions: [0.001, 0.01, 0.1, 0.5] },
          again("lr"),
        ),
        single
          ? numeric("w", "weight w", state.w, {}, again("w"))
          : numeric("seed", "seed of weights", state.seed, { min: 0, max: 1e9, integer: true }, again("seed")),
        single ? numeric("b", "bias b", state.b, {}, again("b")) : "",
        own
          ? numeric(
              "row",
              `row of ${own.name}`,
              1,
              { min: 1, max: own.rows.length, integer: true },
              (v) => (
                (state.x = own.rows[v - 1].x.map((u) => number(u, 4).replace("−", "-")).join(",")),
                (state.y = number(own.rows[v - 1].y, 4).replace("−", "-")),
                (state.at = 0),
                this.step()
              ),
              own.words,
            )
          : "",
      ),
      h(
        "div.bar",
        {},
        play,
        button("← Back", () => (stop(), show(state.at - 1)), { name: "back" }),
        button("Next →", () => (stop(), show(state.at + 1)), { name: "step" }),
        where,
      ),
      bar,
      h("div.two", { style: "margin-top:12px" }, h("div.panel", {}, picture), h("div.panel", {}, words)),
    );
    show(state.at);
  }
  // Rows of the reader's own table: up to four numeric columns, standardised, and the target.
  ownRows() {
    const { own } = this.page;
    if (!own) return null;
    try {
      const table = tableFrom(parseTable(own.text));
      const numbers = table.columns.filter((c) => c.role === "number" && c.distinct > 1);
      const target = numbers.find((c) => c.name === own.target) ?? numbers.at(-1);
      const inputs = numbers.filter((c) => c !== target).slice(0, 4);
      if (!target || inputs.length === 0) return null;
      const standard = (c) => {
        const known = Array.from(c.values).filter(Number.isFinite);
        const mean = known.reduce((a, b) => a + b, 0) / known.length;
        const deviation = Math.sqrt(known.reduce((a, b) => a + (b - mean) ** 2, 0) / known.length) || 1;
        return (i) => (Number.isFinite(c.values[i]) ? (c.values[i] - mean) / deviation : 0);
      };
      const [xs, y] = [inputs.map(standard), standard(target)];
      return {
        name: own.name,
        words: `${inputs.map((c) => c.name).join(", ")} → ${target.name}, each less its mean and divided by its deviation`,
        rows: Array.from({ length: Math.min(table.count, 10000) }, (_, i) => ({ x: xs.map((f) => f(i)), y: y(i) })),
      };
    } catch {
      return null;
    }
  }

  at(l, i, j) {
    const array = this.told.layout.find((a) => a.name === `dense_${l}.weight`);
    return array.at + i * array.columns + j;
  }
  bias(l, j) {
    return this.told.layout.find((a) => a.name === `dense_${l}.bias`).at + j;
  }
  // What is told, one scene after another.
  scenes() {
    const { x, y, widths, layers, before, after, seen, next } = this.told;
    const eta = this.state.lr;
    const value = (l, j) => seen.outputs[l][j];
    const sums = layers.map((layer, l) =>
      Array.from(
        { length: layer.units },
        (_, j) =>
          before[this.bias(l + 1, j)] +
          Array.from({ length: widths[l] }, (__, i) => before[this.at(l + 1, i, j)] * value(l, i)).reduce(
            (a, b) => a + b,
            0,
          ),
      ),
    );
    const n = (v) => number(v, 4);
    const p = (v) => (v < 0 ? `(${n(v)})` : n(v));
    const name = (l, j) =>
      l === 0
        ? widths[0] > 1
          ? `x${j + 1}`
          : "x"
        : l === layers.length
          ? "ŷ"
          : `h${layers.length > 2 ? l : ""}${sub(j + 1)}`;
    const w = (l, i, j) =>
      layers.length === 1 && widths[0] === 1
        ? "w"
        : `w${sub(i + 1)}${sub(j + 1)}${layers.length > 1 ? `⁽${sup(l)}⁾` : ""}`;
    const scenes = [
      {
        title: "The row",
        kind: "input",
        lines: [`${x.map((v, i) => `${name(0, i)} = ${n(v)}`).join(",  ")}        wanted: y = ${n(y)}`],
      },
    ];
    layers.forEach((layer, k) => {
      const l = k + 1;
      scenes.push({
        title: `Forward: layer ${l}`,
        kind: "forward",
        layer: l,
        note: layer.activation === "identity" ? "The output has no activation: ŷ = z." : `f is ${layer.activation}.`,
        lines: Array.from({ length: layer.units }, (_, j) => {
          const terms = Array.from(
            { length: widths[k] },
            (__, i) => `${n(before[this.at(l, i, j)])} · ${p(value(k, i))}`,
          ).join(" + ");
          const z = `z = b + Σ w·in = ${p(before[this.bias(l, j)])} + ${terms} = ${n(sums[k][j])}`;
          return `${name(l, j)}:  ${z}${layer.activation === "identity" ? "" : `;  ${layer.activation}(z) = ${n(value(l, j))}`}`;
        }),
      });
    });
    const out = value(layers.length, 0);
    scenes.push({
      title: "Loss",
      kind: "loss",
      layer: layers.length,
      lines: [
        `L = (ŷ − y)² = (${n(out)} − ${p(y)})² = ${n(seen.loss)}`,
        `∂L/∂ŷ = 2 (ŷ − y) = ${n(seen.slopes[layers.length][0])}`,
      ],
    });
    for (let l = layers.length; l >= 1; --l) {
      const layer = layers[l - 1];
      const lines = [];
      for (let j = 0; j < layer.units; ++j) {
        const d = seen.slopes[l][j];
        const slope = SLOPES[layer.activation](sums[l - 1][j]);
        const dz = d * slope;
        if (layer.activation !== "identity")
          lines.push(`δ of ${name(l, j)} = ∂L/∂${name(l, j)} · f′(z) = ${p(d)} · ${p(slope)} = ${n(dz)}`);
        for (let i = 0; i < widths[l - 1]; ++i)
          lines.push(
            `∂L/∂${w(l, i, j)} = δ · ${name(l - 1, i)} = ${p(dz)} · ${p(value(l - 1, i))} = ${n(seen.gradient[this.at(l, i, j)])}`,
          );
        lines.push(
          `∂L/∂b${layers.length > 1 ? `⁽${sup(l)}⁾` : ""}${layer.units > 1 ? sub(j + 1) : ""} = δ = ${n(seen.gradient[this.bias(l, j)])}`,
        );
      }
      if (l > 1)
        for (let i = 0; i < widths[l - 1]; ++i)
          lines.push(`∂L/∂${name(l - 1, i)} = Σ w·δ = ${n(seen.slopes[l - 1][i])}   (goes on to the layer before)`);
      scenes.push({
        title: `Backward: layer ${l}`,
        kind: "backward",
        layer: l,
        lines,
        note: layer.activation === "identity" ? "" : `f′(z) = ${SLOPE_WORDS[layer.activation]}`,
      });
    }
    const updates = [];
    layers.forEach((layer, k) => {
      const l = k + 1;
      for (let j = 0; j < layer.units; ++j) {
        for (let i = 0; i < widths[k]; ++i)
          updates.push(
            `${w(l, i, j)} ← ${n(before[this.at(l, i, j)])} − ${n(eta)} · ${p(seen.gradient[this.at(l, i, j)])} = ${number(after[this.at(l, i, j)], 5)}`,
          );
        updates.push(
          `b${layers.length > 1 ? `⁽${sup(l)}⁾` : ""}${layer.units > 1 ? sub(j + 1) : ""} ← ${n(before[this.bias(l, j)])} − ${n(eta)} · ${p(seen.gradient[this.bias(l, j)])} = ${number(after[this.bias(l, j)], 5)}`,
        );
      }
    });
    scenes.push({ title: "Update: every number goes a little against its gradient", kind: "update", lines: updates });
    scenes.push({
      title: "And now",
      kind: "after",
      lines: [
        `ŷ = ${number(next.outputs[layers.length][0], 5)}  (was ${number(out, 5)}, wanted ${n(y)})`,
        `L = ${number(next.loss, 4)}  (was ${number(seen.loss, 4)}): ${next.loss < seen.loss ? `less by ${number(seen.loss - next.loss, 3)}` : "more! The step was too long"}`,
      ],
    });
    return scenes;
  }
  picture(scene) {
    const { widths, before, after, seen, next, y } = this.told;
    const [W, H] = [560, Math.max(220, Math.max(...widths) * 74 + 60)];
    const svg = s("svg", { viewBox: `0 0 ${W} ${H}`, class: "step-svg", role: "img", "aria-label": scene.title });
    const place = (l, j) => [60 + (l * (W - 140)) / (widths.length - 1), H / 2 + (j - (widths[l] - 1) / 2) * 74];
    const numbers = scene.kind === "update" || scene.kind === "after" ? after : before;
    const late = scene.kind === "after" ? next : seen;
    for (let l = 1; l < widths.length; ++l)
      for (let i = 0; i < widths[l - 1]; ++i)
        for (let j = 0; j < widths[l]; ++j) {
          const [x0, y0] = place(l - 1, i);
          const [x1, y1] = place(l, j);
          const back = scene.kind === "backward" && scene.layer === l;
          const value = back ? seen.gradient[this.at(l, i, j)] : numbers[this.at(l, i, j)];
          const active = scene.layer === l || scene.kind === "update";
          svg.append(
            s("line", {
              x1: x0 + 24,
              y1: y0,
              x2: x1 - 24,
              y2: y1,
              class: `wire ${value < 0 ? "neg" : "pos"} ${active ? "on" : ""} ${back ? "back" : ""}`,
              "stroke-width": Math.min(7, 1 + Math.abs(value) * 2.4),
            }),
          );
          const t = 0.36 + 0.28 * ((i + j) % 2);
          svg.append(
            s(
              "text",
              { x: x0 + (x1 - x0) * t, y: y0 + (y1 - y0) * t - 5, class: `wire-text ${active ? "on" : ""}` },
              `${back ? "∂ " : ""}${number(value, 3)}`,
            ),
          );
        }
    widths.forEach((count, l) => {
      for (let j = 0; j < count; ++j) {
        const [cx, cy] = place(l, j);
        const known = scene.kind === "input" ? l === 0 : scene.kind === "forward" ? l <= scene.layer : true;
        const on = (scene.layer === l && scene.kind !== "update") || (scene.kind === "input" && l === 0);
        svg.append(
          s("circle", {
            cx,
            cy,
            r: 24,
            class: `node ${on ? "on" : ""} ${scene.kind === "backward" && on ? "back" : ""}`,
          }),
        );
        if (known) svg.append(s("text", { x: cx, y: cy + 4, class: "node-text" }, number(late.outputs[l][j], 3)));
        if (scene.kind === "backward" && l >= scene.layer - 1 && l > 0)
          svg.append(s("text", { x: cx, y: cy + 39, class: "slope-text" }, `∂ ${number(seen.slopes[l][j], 3)}`));
        else if (l > 0)
          svg.append(s("text", { x: cx, y: cy + 39, class: "bias-text" }, `b ${number(numbers[this.bias(l, j)], 3)}`));
      }
    });
    const [cx, cy] = place(widths.length - 1, 0);
    svg.append(s("text", { x: cx + 32, y: cy - 6, class: "goal-text" }, `y = ${number(y, 3)}`));
    if (["loss", "backward", "update"].includes(scene.kind))
      svg.append(s("text", { x: cx + 32, y: cy + 14, class: "goal-text" }, `L = ${number(seen.loss, 3)}`));
    if (scene.kind === "after")
      svg.append(s("text", { x: cx + 32, y: cy + 14, class: "goal-text" }, `L = ${number(next.loss, 3)}`));
    return svg;
  }
}
const sub = (k) => String(k).replace(/\d/g, (d) => "₀₁₂₃₄₅₆₇₈₉"[d]);
const sup = (k) => String(k).replace(/\d/g, (d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]);
