// Room 4: a curve from pieces. By hand: a constant and a sum of sigmoids, each with slope, place and height. By training: the
// same sum, found. More neurons come closer; and the same number of parameters spent deep or fat.
import { draw } from "./charts/charts.js";
import { button, choice, h, line, number, numeric, slider } from "./elements.js";
import { evaluate, parse } from "./expression.js";
import { Remote } from "./remote.js";
import { readLink, writeLink } from "./settings.js";

const DEFAULTS = {
  part: "hand",
  curve: "steps",
  f: "sin(2x) + x/3",
  act: "sigmoid",
  n: 3,
  epochs: 1500,
  parameters: 150,
  seed: 1,
  c0: 0,
  pieces: "",
  hide: "",
};
const CURVES = {
  steps: {
    title: "piecewise linear (the lecture's)",
    points: [
      [-4, 0.4],
      [-2.4, 0.4],
      [-1, 2.2],
      [0.6, 2.2],
      [1.6, 0.8],
      [2.6, 0.8],
      [4, 2.6],
    ],
  },
  peak: {
    title: "one peak",
    points: [
      [-4, 0],
      [-1, 0],
      [0, 2],
      [1, 0],
      [4, 0],
    ],
  },
  wave: { title: "sine", f: "sin(1.6x)" },
  typed: { title: "typed", f: null },
};
const SHAPES = {
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  hard_sigmoid: (z) => Math.max(0, Math.min(1, z / 6 + 0.5)),
  relu: (z) => Math.max(0, z),
};
const [LOW, HIGH, N] = [-4, 4, 161];
const XS = Array.from({ length: N }, (_, i) => LOW + ((HIGH - LOW) * i) / (N - 1));
const STARTS = [
  [4, -1.7],
  [4, 1.1],
  [4, 3.3],
  [4, -3],
  [4, 0],
  [4, 2],
  [4, -2.4],
  [4, 2.8],
];

export class Pieces {
  constructor(root, link, page) {
    this.root = root;
    this.page = page;
    this.state = readLink(link, DEFAULTS);
    this.remote = new Remote();
    this.body = h("div");
    const tabs = [
      ["hand", "1 · By hand"],
      ["train", "2 · By training"],
      ["more", "3 · More neurons, closer"],
      ["deep", "4 · Deep or fat"],
    ];
    this.tabs = tabs.map(([id, title]) => button(title, () => this.open(id), { name: `part-${id}` }));
    root.replaceChildren(
      h("section.room", { "aria-label": "Pieces" }, h("div.bar", { "data-control": "parts" }, this.tabs), this.body),
    );
    this.ready = this.open(this.state.part);
  }
  close() {
    this.closed = true;
    this.remote.end();
  }
  redraw() {
    this.open(this.state.part);
  }
  async open(part) {
    this.turn = {};
    this.state.part = part;
    this.tabs.forEach((t) => t.setAttribute("aria-pressed", String(t.dataset.control === `part-${part}`)));
    this.link();
    await { hand: () => this.hand(), train: () => this.train(), more: () => this.more(), deep: () => this.deep() }[
      part
    ]();
    this.page.hide(this.root, this.state.hide);
  }
  link() {
    this.page.setLink(writeLink(this.state, DEFAULTS));
  }
  target() {
    const curve = CURVES[this.state.curve] ?? CURVES.steps;
    if (curve.points) return XS.map((x) => between(curve.points, x));
    const tree = parse(curve.f ?? this.state.f, ["x"]);
    return XS.map((x) => evaluate(tree, { x })).map((v) => (Number.isFinite(v) ? v : 0));
  }
  // The red curve, and the function that the blue one is made of, under its own title.
  chooser(title, again) {
    const typed = line("f", "f(x)", this.state.f, (text) => (parse(text, ["x"]), (this.state.f = text), again()));
    typed.hidden = this.state.curve !== "typed";
    return [
      choice(
        "curve",
        "red curve",
        Object.entries(CURVES).map(([k, c]) => [k, c.title]),
        this.state.curve,
        (v) => ((this.state.curve = v), again()),
      ),
      typed,
      choice(
        "act",
        title,
        Object.keys(SHAPES).map((a) => [a, a.replace("_", " ")]),
        this.state.act,
        (v) => ((this.state.act = v), again()),
      ),
    ];
  }

  hand() {
    const { state } = this;
    const shape = SHAPES[state.act] ?? SHAPES.sigmoid;
    const again = () => this.open("hand");
    // Each piece is c f(b + w x); on the sliders where it stands (−b / w) instead of b, because that is what the eye sees.
    const pieces = (this.pieces ??= readPieces(state.pieces) ?? []);
    while (pieces.length < state.n)
      pieces.push({ w: STARTS[pieces.length % 8][0], at: STARTS[pieces.length % 8][1], c: pieces.length % 2 ? -1 : 1 });
    pieces.length = state.n;
    const target = this.target();
    const plot = h("div");
    const loss = h("output.big");
    const formula = h("div.formula");
    let chart = null;
    const show = () => {
      const each = pieces.map(({ w, at, c }) => XS.map((x) => c * shape(w * (x - at))));
      const sum = XS.map((_, i) => state.c0 + each.reduce((s, y) => s + y[i], 0));
      const error = target.reduce((s, y, i) => s + (y - sum[i]) ** 2, 0) / N;
      loss.textContent = number(error, 3);
      formula.replaceChildren(
        h(
          "code",
          {},
          `y = ${number(state.c0, 3)}${pieces.map(({ w, at, c }) => ` ${c < 0 ? "−" : "+"} ${number(Math.abs(c), 3)} · ${state.act}(${number(-w * at, 3)} ${w < 0 ? "−" : "+"} ${number(Math.abs(w), 3)} x)`).join("")}`,
        ),
      );
      const spec = {
        kind: "lines",
        label: "The red curve and the sum",
        height: 340,
        x: { title: "x" },
        y: { title: "y" },
        series: [
          { name: "wanted", x: XS, y: target, color: "red" },
          { name: "sum", x: XS, y: sum, color: "blue", width: 3 },
          ...each.map((y, k) => ({
            name: `piece ${k + 1}`,
            x: XS,
            y,
            color: ["green", "purple", "teal", "pink", "brown", "orange", "gray", "ink"][k % 8],
            dash: "dashed",
            width: 1.3,
          })),
        ],
      };
      chart ? chart.update(spec) : (chart = draw(plot, spec));
      state.pieces = pieces.map((p) => [p.w, p.at, p.c].map((v) => +v.toFixed(2)).join("_")).join(",");
      this.link();
    };
    const piece = (p, k) =>
      h(
        "fieldset.piece",
        {},
        h("legend", {}, `piece ${k + 1}`),
        slider(
          `piece-w${k}`,
          "slope w",
          p.w,
          { min: -12, max: 12, step: 0.1, as: (v) => number(v, 3) },
          (v) => ((p.w = v), show()),
        ),
        slider(
          `piece-b${k}`,
          "place −b/w",
          p.at,
          { min: -4, max: 4, step: 0.05, as: (v) => number(v, 3) },
          (v) => ((p.at = v), show()),
        ),
        slider(
          `piece-c${k}`,
          "height c",
          p.c,
          { min: -4, max: 4, step: 0.05, as: (v) => number(v, 3) },
          (v) => ((p.c = v), show()),
        ),
      );
    this.body.replaceChildren(
      h("h1", {}, "Any curve is a constant and a sum of steps"),
      h(
        "p.lead-text",
        {},
        "w changes a piece's slope, b shifts it, c changes its height. Lay the blue sum over the red curve. (Two ReLUs make one hard step.)",
      ),
      h(
        "div.side",
        {},
        h(
          "div.panel.stack",
          {},
          ...this.chooser("pieces", again),
          numeric("n", "how many", state.n, { min: 1, max: 8, integer: true }, (v) => ((state.n = v), again())),
          slider(
            "c0",
            "constant",
            state.c0,
            { min: -4, max: 4, step: 0.05, as: (v) => number(v, 3) },
            (v) => ((state.c0 = v), show()),
          ),
          h("h2", {}, "Mean squared error"),
          loss,
          button("Let training find them", () => this.open("train"), { kind: "primary", name: "next" }),
        ),
        h("div.stack", {}, h("div.panel", {}, plot), formula, h("div.pieces", {}, pieces.map(piece))),
      ),
    );
    show();
  }

  data() {
    const target = this.target();
    return { x: Float32Array.from(XS), y: Float32Array.from(target), count: N, features: 1, targets: 1 };
  }
  job(widths, activation, lr = 0.03) {
    const layer = (units, k, a) => ({
      kind: "dense",
      name: `dense_${k + 1}`,
      units,
      activation: a,
      use_bias: true,
      kernel: { kind: k === 0 ? "uniform" : "glorot_uniform", value: 3 },
      bias: k === 0 && widths.length ? { kind: "uniform", value: 3 } : { kind: "zeros" },
    });
    return {
      network: {
        input: [1],
        layers: [...widths.map((u, k) => layer(u, k, activation)), layer(1, widths.length, "identity")],
      },
      settings: {
        loss: { kind: "mean_squared_error", members: 1 },
        optimizer: { kind: "adam", learning_rate: lr },
        epochs: 100000,
        batch_size: 32,
      },
      seed: this.state.seed,
    };
  }
  rows() {
    return { training: XS.map((_, i) => i) };
  }

  async train() {
    const { state } = this;
    const turn = this.turn;
    const again = () => this.open("train");
    const target = this.target();
    const data = this.data();
    const [plot, loss, words] = [h("div"), h("output.big"), h("div.formula")];
    let chart = null;
    let epoch = 0;
    await this.remote.ask("create", { job: this.job([state.n], state.act), data, rows: this.rows() });
    const show = async () => {
      const out = await this.remote.ask("outputs", { x: data.x, count: N });
      const frame = await this.remote.ask("parameters", {});
      if (this.turn !== turn || this.closed) return;
      const c = frame.parameters.subarray(2 * state.n, 3 * state.n);
      const each = Array.from({ length: state.n }, (_, k) =>
        Array.from(out[0].subarray(k * N, (k + 1) * N), (v) => v * c[k]),
      );
      loss.textContent = number(frame.losses[0], 3);
      words.replaceChildren(
        h(
          "code",
          {},
          `epoch ${frame.standing.epoch}:  y = ${number(frame.parameters[3 * state.n], 3)}${Array.from(c)
            .slice(0, 6)
            .map(
              (v, k) =>
                ` ${v < 0 ? "−" : "+"} ${number(Math.abs(v), 3)} · ${state.act}(${number(frame.parameters[state.n + k], 3)} + ${number(frame.parameters[k], 3)} x)`,
            )
            .join("")}${state.n > 6 ? " …" : ""}`,
        ),
      );
      const spec = {
        kind: "lines",
        label: "The red curve and what was found",
        height: 360,
        x: { title: "x" },
        y: { title: "y" },
        series: [
          { name: "wanted", x: XS, y: target, color: "red" },
          { name: "found", x: XS, y: Array.from(out[1]), color: "blue", width: 3 },
          ...(state.n <= 16
            ? each.map((y, k) => ({
                name: `piece ${k + 1}`,
                x: XS,
                y,
                quiet: true,
                color: "gray",
                dash: "dashed",
                width: 1,
              }))
            : []),
        ],
      };
      chart ? chart.update(spec) : (chart = draw(plot, spec));
    };
    const run = button(
      "▶ Train",
      async () => {
        if (this.training) return (this.training = false);
        this.training = true;
        run.textContent = "❚❚ Pause";
        const from = epoch;
        while (this.training && epoch < from + state.epochs && this.turn === turn && !this.closed) {
          await this.remote.ask("steps", { count: 60 });
          epoch += 10;
          await show();
          await new Promise((done) => requestAnimationFrame(done));
        }
        this.training = false;
        run.textContent = "▶ Train";
      },
      { kind: "primary", name: "run" },
    );
    this.training = false;
    this.body.replaceChildren(
      h("h1", {}, "The same sum, found by descent"),
      h(
        "p.lead-text",
        {},
        "y = b + Σ c f(b + w x) is a network with one hidden layer. Training moves every w, b and c at the same time; the dashed lines are the pieces it makes.",
      ),
      h(
        "div.side",
        {},
        h(
          "div.panel.stack",
          {},
          ...this.chooser("pieces", again),
          numeric("n", "neurons", state.n, { min: 1, max: 200, integer: true }, (v) => ((state.n = v), again())),
          numeric("seed", "seed", state.seed, { min: 0, max: 1e9, integer: true }, (v) => ((state.seed = v), again())),
          run,
          button("Same start", again, { name: "again" }),
          h("h2", {}, "Mean squared error"),
          loss,
        ),
        h("div.stack", {}, h("div.panel", {}, plot), words),
      ),
    );
    await show();
  }

  // Trains one network after another; tell(result) as each is done.
  async compare(networks, tell) {
    const turn = this.turn;
    const data = this.data();
    for (const one of networks) {
      const made = await this.remote.ask("create", {
        job: this.job(one.widths, one.activation ?? this.state.act, 0.02),
        data,
        rows: this.rows(),
      });
      const began = performance.now();
      for (let done = 0; done < this.state.epochs; done += 50) {
        await this.remote.ask("steps", { count: 6 * 50 });
        if (this.turn !== turn || this.closed) return;
      }
      const out = await this.remote.ask("outputs", { x: data.x, count: N });
      const frame = await this.remote.ask("parameters", {});
      if (this.turn !== turn || this.closed) return;
      tell({
        ...one,
        loss: frame.losses[0],
        curve: Array.from(out.at(-1)),
        parameters: made.layout.reduce((s, a) => s + a.size, 0),
        seconds: (performance.now() - began) / 1000,
      });
    }
  }
  async comparison(title, text, networks, extra) {
    const { state } = this;
    const target = this.target();
    const [pictures, bars] = [h("div"), h("div")];
    const results = [];
    let [many, chart] = [null, null];
    const again = () => this.open(state.part);
    const status = h("p.note", { role: "status" }, "Training …");
    this.body.replaceChildren(
      h("h1", {}, title),
      h("p.lead-text", {}, text),
      h(
        "div.settings",
        {},
        ...this.chooser("activation", again),
        numeric(
          "epochs",
          "epochs",
          state.epochs,
          { min: 50, max: 20000, integer: true },
          (v) => ((state.epochs = v), again()),
        ),
        numeric("seed", "seed", state.seed, { min: 0, max: 1e9, integer: true }, (v) => ((state.seed = v), again())),
        ...extra(again),
      ),
      status,
      h("div.panel", {}, pictures),
      h("div.panel", { style: "margin-top:12px" }, bars),
    );
    await this.compare(networks, (result) => {
      results.push(result);
      status.textContent =
        results.length < networks.length
          ? `${results.length} of ${networks.length} trained …`
          : `All trained, ${state.epochs} epochs each, from one seed. Another seed gives other figures.`;
      const spec = {
        kind: "multiples",
        label: title,
        shared: "both",
        least: 210,
        charts: results.map((r) => ({
          kind: "lines",
          height: 170,
          title: `${r.name}: ${number(r.loss, 2)}`,
          x: { title: "" },
          y: { title: "" },
          series: [
            { name: "wanted", x: XS, y: target, color: "red", width: 1.5 },
            { name: "found", x: XS, y: r.curve, color: "blue" },
          ],
          legend: false,
          tools: false,
        })),
      };
      many ? many.update(spec) : (many = draw(pictures, spec));
      const bar = {
        kind: "bars",
        label: "Mean squared error",
        orientation: "horizontal",
        numbers: true,
        categories: results.map((r) => `${r.name}, ${r.parameters} parameters`),
        value: { title: "mean squared error", possible: [0, null] },
        series: [{ name: "error", values: results.map((r) => r.loss) }],
      };
      chart ? chart.update(bar) : (chart = draw(bars, bar));
    });
  }
  more() {
    const list = [1, 2, 4, 8, 16, 64];
    return this.comparison(
      "More neurons, closer",
      "One hidden layer with enough neurons comes as close to a continuous curve as one likes. Each network is trained as long as the others.",
      list.map((n) => ({ name: `${n} neuron${n > 1 ? "s" : ""}`, widths: [n] })),
      () => [],
    );
  }
  deep() {
    const budget = this.state.parameters;
    const networks = [1, 2, 3, 4]
      .map((depth) => ({ depth, widths: Array(depth).fill(width(budget, depth)) }))
      .map((n) => ({
        ...n,
        name: n.widths.length === 1 ? `fat: 1 × ${n.widths[0]}` : `${n.depth} layers × ${n.widths[0]}`,
      }));
    return this.comparison(
      "Deep or fat?",
      "As many parameters each, spent on one wide layer or on several narrow ones.",
      networks,
      (again) => [
        numeric(
          "parameters",
          "parameters",
          this.state.parameters,
          { min: 20, max: 3000, integer: true },
          (v) => ((this.state.parameters = v), again()),
        ),
      ],
    );
  }
}
// The width with which so many hidden layers have about so many parameters in all.
export function width(budget, depth) {
  const count = (w) => 2 * w + (depth - 1) * (w * w + w) + w + 1;
  let w = 1;
  while (Math.abs(count(w + 1) - budget) <= Math.abs(count(w) - budget)) w += 1;
  return w;
}
function between(points, x) {
  const i = points.findIndex(([at]) => at >= x);
  if (i <= 0) return i === 0 ? points[0][1] : points.at(-1)[1];
  const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
function readPieces(text) {
  const list = text
    .split(",")
    .filter(Boolean)
    .map((p) => p.split("_").map(Number))
    .filter((p) => p.length === 3 && p.every(Number.isFinite));
  return list.length ? list.map(([w, at, c]) => ({ w, at, c })) : null;
}
