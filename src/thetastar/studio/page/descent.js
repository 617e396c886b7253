// Room 3: gradient descent on a function of the reader's own, in one variable with its tangent, in two on its contours, where
// optimisers race from the same place. The whole path is computed anew at every change, so sliders may be dragged.
import { draw } from "./charts/charts.js";
import { button, check, choice, h, line, number, numeric, slider } from "./elements.js";
import { derivative, evaluate, parse, write } from "./expression.js";
import { Remote } from "./remote.js";
import { OPTIMIZERS, readLink, writeLink } from "./settings.js";

const DEFAULTS = { f: "x^2 + x", x: 5, y: 2, lr: 0.25, opts: "sgd", steps: 40, at: 0, follow: "sgd", hide: "" };
const EXAMPLES = [
  ["x^2 + x", 5, 0, 0.25],
  ["x^3", 1.6, 0, 0.1],
  ["sin(x)", 2.2, 0, 0.4],
  ["1/x", 0.6, 0, 0.3],
  ["x^4 - 3x^2 + x", 2.1, 0, 0.04],
  ["0.1x^2 + sin(3x)", 4, 0, 0.08],
  ["x^2 + 8y^2", -4, 1.6, 0.05],
  ["(1 - x)^2 + 5(y - x^2)^2", -1.6, 2, 0.01],
  ["x^2 - y^2", 2.4, 0.05, 0.08],
  ["sin(x) cos(y) + 0.05(x^2 + y^2)", 2.5, 2.2, 0.2],
];
const RACERS = [
  "sgd",
  "momentum",
  "nesterov",
  "adagrad",
  "rmsprop",
  "adam",
  "adamw",
  "lion",
  "rprop",
  "lbfgs",
  "sophia",
];
const COLOURS = {
  sgd: "blue",
  momentum: "orange",
  nesterov: "brown",
  adagrad: "green",
  rmsprop: "purple",
  adam: "red",
  adamw: "pink",
  lion: "teal",
  rprop: "gray",
  lbfgs: "ink",
  sophia: "teal",
};
const STATES = {
  momentum: ["momentum m"],
  nesterov: ["momentum m"],
  adagrad: ["Σ g²"],
  rmsprop: ["mean of g²"],
  adam: ["mean of g (m)", "mean of g² (v)"],
  adamw: ["mean of g (m)", "mean of g² (v)"],
  lion: ["mean of g (m)"],
  rprop: ["last g", "step size"],
  sophia: ["mean of g (m)", "curvature h"],
};
const SENTENCES = {
  sgd: "Goes against the gradient, as far as the learning rate says.",
  momentum: "Keeps 0.9 of its last step and adds the new gradient: it rolls on.",
  nesterov: "As momentum, but looks where the roll would take it.",
  adagrad: "Divides by the root of all squared gradients so far: steps only get shorter.",
  rmsprop: "Divides by the root of the recent squared gradients.",
  adam: "Momentum, divided by the root of the recent squared gradients, both corrected for their start at 0.",
  adamw: "Adam, with weights drawn towards 0 apart from the gradient.",
  lion: "Only the sign of the momentum counts: every step is as long as the rate.",
  rprop: "Each variable has a step of its own: longer while the sign stays, half when it turns.",
  lbfgs: "Guesses the curvature from past gradients and searches along a line.",
  sophia: "Divides by a measured curvature, and never goes further than the rate.",
};

export class DescentRoom {
  constructor(root, link, page) {
    this.root = root;
    this.page = page;
    this.state = readLink(link, DEFAULTS);
    this.remote = new Remote();
    this.build();
    this.ready = this.compute();
  }
  close() {
    clearInterval(this.timer);
    this.remote.end();
  }
  redraw() {
    this.show(this.state.at);
  }
  build() {
    const { state } = this;
    const set = (name) => (value) => ((state[name] = value), this.compute());
    this.formula = line(
      "f",
      "f(x), or f(x, y)",
      state.f,
      (text) => {
        parse(text, ["x", "y"]);
        state.f = text;
        state.at = 0;
        this.compute();
      },
      "For example x^2 + x, sin(x), x^2 + 8y^2",
    );
    this.controls = {
      x: numeric("x", "start x", state.x, {}, set("x")),
      y: numeric("y", "start y", state.y, {}, set("y")),
      lr: numeric(
        "lr",
        "learning rate η",
        state.lr,
        { min: 1e-6, max: 100, suggestions: [0.01, 0.05, 0.1, 0.25, 0.5, 0.9, 1, 1.1] },
        set("lr"),
      ),
      steps: numeric("steps", "steps", state.steps, { min: 1, max: 500, integer: true }, set("steps")),
    };
    this.racers = h("div.inputs", { "data-control": "opts", role: "group", "aria-label": "Optimisers" });
    this.follow = choice(
      "follow",
      "followed in words",
      [],
      state.follow,
      (v) => ((state.follow = v), this.show(state.at)),
    );
    this.play = button("▶ Play", () => (this.timer ? this.stop() : this.go()), { kind: "primary", name: "run" });
    this.bar = slider("at", "step", 0, { min: 0, max: state.steps, step: 1, as: String }, (v) => this.show(v));
    this.rate = slider(
      "rate",
      "learning rate",
      Math.log10(state.lr),
      { min: -3, max: 0.6, step: 0.01, as: (v) => number(10 ** v, 3) },
      (v) => ((state.lr = +(10 ** v).toPrecision(3)), this.controls.lr.set(state.lr), this.compute()),
    );
    this.picture = h("div");
    this.second = h("div");
    this.words = h("div.formula");
    this.table = h("div.scroll");
    this.note = h("p.note", { role: "status" });
    this.root.replaceChildren(
      h(
        "section.room",
        { "aria-label": "Descent" },
        h("h1", {}, "Downhill on a function of your own"),
        h(
          "p.lead-text",
          {},
          "Type a function, choose where to begin, and step. The derivative is found by rule, not by difference. With y in the formula it becomes a landscape, and optimisers race on it from the same place.",
        ),
        h(
          "div.inputs",
          { "data-control": "examples" },
          EXAMPLES.map(([f, x, y, lr]) => button(f, () => this.example(f, x, y, lr), { kind: "chip" })),
        ),
        h(
          "div.side",
          { style: "margin-top:12px" },
          h(
            "div.panel.stack",
            {},
            this.formula,
            h("div.two", {}, this.controls.x, this.controls.y),
            this.controls.lr,
            this.rate,
            this.controls.steps,
            h("h3", {}, "Optimisers"),
            this.racers,
            this.follow,
          ),
          h(
            "div.stack",
            {},
            h(
              "div.bar",
              {},
              this.play,
              button("Next iteration", () => (this.stop(), this.show(this.state.at + 1)), { name: "step" }),
              button("← Back", () => (this.stop(), this.show(this.state.at - 1)), { name: "back" }),
              button("To the start", () => (this.stop(), this.show(0)), { name: "again" }),
            ),
            this.bar,
            h("div.two", {}, h("div.panel", {}, this.picture), h("div.panel", {}, this.second)),
            this.words,
            this.note,
            h("div.panel", {}, this.table),
          ),
        ),
      ),
    );
    this.page.hide(this.root, state.hide);
  }
  example(f, x, y, lr) {
    Object.assign(this.state, { f, x, y, lr, at: 0 });
    this.formula.set(f);
    for (const name of ["x", "y", "lr"]) this.controls[name].set(this.state[name]);
    this.rate.set(Math.log10(lr));
    this.compute();
  }
  go() {
    this.play.textContent = "❚❚ Pause";
    if (this.state.at >= this.longest) this.show(0);
    this.timer = setInterval(() => (this.state.at >= this.longest ? this.stop() : this.show(this.state.at + 1)), 350);
  }
  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "▶ Play";
  }

  async compute() {
    const { state } = this;
    let tree;
    try {
      tree = parse(state.f, ["x", "y"]);
    } catch (error) {
      this.note.textContent = error.message;
      return;
    }
    const two = JSON.stringify(tree).includes('"y"');
    this.variables = two ? ["x", "y"] : ["x"];
    this.tree = tree;
    this.slopes = this.variables.map((v) => derivative(tree, v));
    this.controls.y.hidden = !two;
    const names = state.opts.split(",").filter((n) => RACERS.includes(n));
    if (names.length === 0) names.push("sgd");
    this.names = names;
    if (!names.includes(state.follow)) state.follow = names[0];
    this.follow.options(names.map((n) => [n, OPTIMIZERS[n].title]));
    this.follow.set(state.follow);
    this.racers.replaceChildren(
      ...RACERS.map((n) =>
        check(
          `opt-${n}`,
          OPTIMIZERS[n].title,
          names.includes(n),
          (on) => {
            state.opts = RACERS.filter((m) => (m === n ? on : names.includes(m))).join(",") || "sgd";
            this.compute();
          },
          SENTENCES[n],
        ),
      ),
    );
    const mine = (this.asked = {});
    const start = two ? [state.x, state.y] : [state.x];
    const optimizers = names.map((n) => ({
      ...OPTIMIZERS[n].spec,
      ...(n === "adadelta" ? {} : { learning_rate: state.lr }),
    }));
    const paths = await this.remote
      .ask("descend", { formula: state.f, variables: this.variables, start, optimizers, steps: state.steps })
      .catch((error) => ((this.note.textContent = error.message), null));
    if (!paths || this.asked !== mine) return;
    this.paths = paths;
    this.longest = Math.max(...paths.map((p) => p.length - 1));
    this.bar.range(0, this.longest);
    this.field = null;
    this.show(Math.min(state.at, this.longest));
    this.page.setLink(writeLink(state, DEFAULTS));
  }

  show(at) {
    if (!this.paths) return;
    const { state } = this;
    state.at = Math.max(0, Math.min(this.longest, at));
    this.bar.set(state.at);
    const kind = this.variables.length;
    if (this.kind !== kind) {
      this.chart?.destroy();
      this.other?.destroy();
      this.chart = this.other = null;
      this.picture.replaceChildren();
      this.second.replaceChildren();
      this.kind = kind;
    }
    const spec = kind === 1 ? this.curve() : this.contours();
    this.chart ? this.chart.update(spec) : (this.chart = draw(this.picture, spec));
    const race = {
      kind: "lines",
      label: "The value, step by step",
      height: 300,
      x: { title: "step", min: 0 },
      y: { title: "f" },
      series: this.names.map((n, i) => ({
        name: OPTIMIZERS[n].title,
        x: this.paths[i].map((_, k) => k),
        y: this.paths[i].map((p) => (Number.isFinite(p.value) ? p.value : null)),
        color: COLOURS[n],
      })),
      marks: [{ x: state.at }],
    };
    this.other ? this.other.update(race) : (this.other = draw(this.second, race));
    this.tell();
  }
  value(values) {
    const v = evaluate(this.tree, values);
    return Number.isFinite(v) && Math.abs(v) < 1e9 ? v : null;
  }
  curve() {
    const { at } = this.state;
    const places = this.paths
      .flat()
      .map((p) => p.theta[0])
      .filter((v) => Math.abs(v) < 1e3);
    const low = Math.min(...places, -1);
    const high = Math.max(...places, 1);
    const more = Math.max(1, (high - low) * 0.25);
    const n = 240;
    const xs = Array.from({ length: n + 1 }, (_, i) => low - more + ((high - low + 2 * more) * i) / n);
    const ys = xs.map((x) => this.value({ x }));
    const seen = ys.filter((v) => v !== null).sort((a, b) => a - b);
    const pick = (q) => seen[Math.round(q * (seen.length - 1))];
    const [bottom, top] = [
      Math.min(
        pick(0.02),
        ...this.paths
          .flat()
          .map((p) => p.value)
          .filter((v) => Number.isFinite(v) && Math.abs(v) < 1e6),
      ),
      Math.max(pick(0.93), ...this.paths.map((p) => p[0].value).filter(Number.isFinite)),
    ];
    const margin = (top - bottom || 1) * 0.12;
    const inside = (v) => (v !== null && v > bottom - 4 * margin && v < top + 4 * margin ? v : null);
    const series = [{ name: `f(x) = ${write(this.tree)}`, x: xs, y: ys.map(inside), color: "ink", type: "line" }];
    this.names.forEach((n, i) => {
      const path = this.paths[i].slice(0, at + 1).filter((p) => Number.isFinite(p.value));
      series.push({
        name: OPTIMIZERS[n].title,
        type: "dots",
        x: path.map((p) => p.theta[0]),
        y: path.map((p) => inside(p.value)),
        color: COLOURS[n],
        size: path.map((_, k) => (k === path.length - 1 ? 6 : 3)),
      });
      series.push({
        type: "line",
        quiet: true,
        x: path.map((p) => p.theta[0]),
        y: path.map((p) => inside(p.value)),
        color: COLOURS[n],
        width: 1,
        opacity: 0.5,
      });
    });
    const here = this.paths[this.names.indexOf(this.state.follow)]?.[Math.min(at, this.paths[0].length - 1)];
    if (here && Number.isFinite(here.gradient[0])) {
      const half = (xs.at(-1) - xs[0]) * 0.16;
      series.push({
        name: "tangent",
        type: "line",
        x: [here.theta[0] - half, here.theta[0] + half],
        y: [here.value - half * here.gradient[0], here.value + half * here.gradient[0]],
        color: "red",
        dash: "dashed",
        width: 1.5,
      });
    }
    return {
      kind: "lines",
      label: "The function, its tangent and the places visited",
      height: 340,
      hover: "nearest",
      x: { title: "x", min: xs[0], max: xs.at(-1) },
      y: { title: "f(x)", min: bottom - margin, max: top + margin },
      series,
    };
  }
  contours() {
    if (!this.field) {
      const places = this.paths
        .flat()
        .map((p) => p.theta)
        .filter((t) => t.every((v) => Math.abs(v) < 50));
      const range = (k) => {
        const list = places.map((t) => t[k]);
        const [low, high] = [Math.min(...list), Math.max(...list)];
        const middle = (low + high) / 2;
        const half = Math.max((high - low) / 2, 1) * 1.5;
        return [middle - half, middle + half];
      };
      const [[x0, x1], [y0, y1]] = [range(0), range(1)];
      const n = 61;
      const values = [];
      for (let r = 0; r < n; ++r)
        for (let c = 0; c < n; ++c)
          values.push(this.value({ x: x0 + ((x1 - x0) * c) / (n - 1), y: y0 + ((y1 - y0) * r) / (n - 1) }));
      const known = values.filter((v) => v !== null);
      const least = Math.min(...known);
      // Distances of lines grow with height, so that a valley's floor is seen too.
      this.field = {
        n,
        extent: [x0, x1, y0, y1],
        values,
        levels: Array.from({ length: 14 }, (_, i) => least + (Math.max(...known) - least) * ((i + 0.35) / 14) ** 2.2),
      };
    }
    const { n, extent, values, levels } = this.field;
    const { at } = this.state;
    return {
      kind: "contours",
      label: "The landscape and the paths",
      height: 360,
      x: { title: "x" },
      y: { title: "y" },
      shape: [n, n],
      extent,
      values,
      levels,
      scale: { kind: "sequential", title: "f" },
      paths: this.names.map((name, i) => ({
        name: OPTIMIZERS[name].title,
        color: COLOURS[name],
        points: this.paths[i]
          .slice(0, at + 1)
          .map((p) => p.theta)
          .filter((t) => t.every((v) => Number.isFinite(v) && Math.abs(v) < 1e3)),
      })),
    };
  }
  tell() {
    const { state, variables } = this;
    const { at } = state;
    const index = this.names.indexOf(state.follow);
    const path = this.paths[index];
    const here = path[Math.min(at, path.length - 1)];
    const next = path[at + 1];
    const lines = variables.map((v, k) =>
      `∂f/∂${v} = ${write(this.slopes[k])} = ${number(here.gradient[k], 4)}`.replace(
        variables.length === 1 ? "∂f/∂x" : "\0",
        "f′(x)",
      ),
    );
    const value = `${variables.map((v, k) => `${v} = ${number(here.theta[k], 5)}`).join(", ")}:   f = ${number(here.value, 5)}`;
    const moved = next
      ? variables.map((v, k) =>
          state.follow === "sgd"
            ? `${v} ← ${number(here.theta[k], 4)} − ${number(state.lr)} · ${number(here.gradient[k], 4)} = ${number(next.theta[k], 5)}`
            : `${v} ← ${number(next.theta[k], 5)}   (a step of ${number(next.theta[k] - here.theta[k], 4)})`,
        )
      : [];
    this.words.replaceChildren(
      h("div", {}, h("code", {}, `step ${at}:   ${value}`)),
      ...lines.map((l) => h("div", {}, h("code", {}, l))),
      ...moved.map((l) => h("div", {}, h("code", {}, l))),
      h("span.note", {}, SENTENCES[state.follow]),
    );
    const last = path.at(-1);
    this.note.textContent =
      !Number.isFinite(last.value) || Math.abs(last.value) > 1e12
        ? `${OPTIMIZERS[state.follow].title} leaves for infinity after ${path.length - 1} steps: ${state.follow === "sgd" ? "the learning rate is too high for how steep the function is, or the function has no bottom." : "try a lower rate."}`
        : path.length > 2 && Math.hypot(...last.gradient) < 1e-4
          ? `${OPTIMIZERS[state.follow].title} has come to rest: the slope is nearly 0 there. A minimum nearby need not be the lowest of all.`
          : "";
    const rows = this.names.map((n, i) => {
      const p = this.paths[i][Math.min(at, this.paths[i].length - 1)];
      return h(
        "tr",
        {},
        h("td", {}, h("i.swatch", { "data-colour": COLOURS[n] }), OPTIMIZERS[n].title),
        h("td", {}, p.theta.map((v) => number(v, 4)).join(", ")),
        h("td", {}, number(p.value, 4)),
        h("td", {}, p.gradient.map((v) => number(v, 3)).join(", ")),
        h(
          "td.glyphs",
          {},
          (STATES[n] ?? []).map((title, k) =>
            p.states[k]
              ? h(
                  "span.state",
                  {},
                  h("span.note", {}, title),
                  p.states[k].map((v) => glyph(v, title)),
                )
              : "",
          ),
        ),
      );
    });
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
            ["optimiser", variables.join(", "), "f", "gradient", "what it remembers"].map((t) =>
              h("th", { scope: "col" }, t),
            ),
          ),
        ),
        h("tbody", {}, rows),
      ),
    );
  }
}
// A state as a shape: squares for squares, bars with a sign for means of gradients; and its number.
function glyph(v, title) {
  const square = title.includes("²") || title.includes("size") || title.includes("curvature");
  const size = Math.max(2, Math.min(26, Math.sqrt(Math.abs(v)) * 8));
  return h(
    "span.glyph",
    {},
    h("i", {
      class: square ? "square" : `arrow ${v < 0 ? "neg" : "pos"}`,
      style: square ? `width:${size}px;height:${size}px` : `width:${Math.max(2, Math.min(44, Math.abs(v) * 9))}px`,
    }),
    number(v, 3),
  );
}
