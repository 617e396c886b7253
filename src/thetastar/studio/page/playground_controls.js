// What stands on the playground's page: its controls, and how they follow the data and the state. Methods of `Playground`.
import { classColour, diverging } from "./colours.js";
import { DERIVED, DRAWN, drawn } from "./data.js";
import { button, check, choice, h, line, numeric, slider, whole } from "./elements.js";
import { parse } from "./expression.js";
import { Inside } from "./inside.js";
import { NetworkView } from "./network_view.js";
import { NeuronCard } from "./neuron_card.js";
import { OutputMap } from "./output_map.js";
import { Runs } from "./runs.js";
import { INITIALIZERS, LOSSES, OPTIMIZERS, RATES, STRENGTHS, layersOf, question } from "./settings.js";

const SPEEDS = [
  ["slow", "slow motion"],
  ["0.02", "a batch now and then"],
  ["0.25", "a batch a frame"],
  ["1", "an epoch a frame"],
  ["5", "5 epochs a frame"],
  ["max", "as fast as it goes"],
];

export const controls = {
  build() {
    const { state } = this;
    this.controls = {};
    const add = (control) => (this.controls[control.dataset.control] = control);
    const set = (name) => (value) => this.set(name, value);
    this.runButton = button("▶ Run", () => this.toggle(), {
      kind: "primary",
      name: "run",
      hint: "Start or pause (space)",
    });
    this.epochText = h("output.epoch", { "aria-label": "epoch" });
    this.rateText = h("span.rate");
    const bar = h(
      "div.bar",
      { role: "toolbar", "aria-label": "Training" },
      this.runButton,
      h(
        "div.group",
        { "data-control": "steps" },
        h("span.lead", {}, "one"),
        ["sample", "batch", "epoch"].map((kind) =>
          button(kind, () => this.step(kind), {
            hint: `One update: ${{ sample: "on a single row", batch: "on one batch", epoch: "on every batch once" }[kind]}`,
          }),
        ),
      ),
      button("⟲ Same start", () => this.again(), { name: "again", hint: "Back to the very same initial weights" }),
      button("New start", () => this.set("seed", state.seed + 1), {
        name: "newstart",
        hint: "Other initial weights (next seed)",
      }),
      add(choice("speed", "speed", SPEEDS, state.speed, set("speed"))),
      h("div.epochbox", {}, h("span", {}, "epoch"), this.epochText, this.rateText),
    );
    const top = h(
      "div.settings",
      {},
      add(
        numeric(
          "lr",
          "learning rate",
          state.lr,
          { min: 1e-8, max: 100, suggestions: RATES },
          set("lr"),
          "How far each step goes. May change while it trains.",
        ),
      ),
      add(
        choice(
          "opt",
          "optimiser",
          Object.entries(OPTIMIZERS).map(([k, o]) => [k, o.title]),
          state.opt,
          set("opt"),
          "How a step is made of gradients. May change while it trains.",
        ),
      ),
      add(
        numeric(
          "batch",
          "batch size",
          state.batch,
          { min: 1, max: 100000, integer: true, suggestions: [1, 4, 10, 16, 32, 64, 128] },
          set("batch"),
          "Rows per update; 1 is per sample, all rows or more the whole batch.",
        ),
      ),
      add(choice("loss", "loss", [], state.loss, set("loss"), "What is made small.")),
      add(
        numeric(
          "l1",
          "L1",
          state.l1,
          { min: 0, max: 100, suggestions: STRENGTHS },
          set("l1"),
          "+ λ Σ|w| in the cost, over weights and not biases.",
        ),
      ),
      add(
        numeric(
          "l2",
          "L2",
          state.l2,
          { min: 0, max: 100, suggestions: STRENGTHS },
          set("l2"),
          "+ λ Σ w² in the cost, over weights and not biases.",
        ),
      ),
      add(
        numeric(
          "dropout",
          "dropout",
          state.dropout,
          { min: 0, max: 0.9, suggestions: [0, 0.1, 0.2, 0.5] },
          set("dropout"),
          "Share of hidden neurons that each step leaves out.",
        ),
      ),
      add(
        choice(
          "norm",
          "normalisation",
          [
            ["none", "none"],
            ["batch", "batch"],
            ["layer", "layer"],
          ],
          state.norm,
          set("norm"),
          "Between the weighted sums and their activations.",
        ),
      ),
      add(
        choice(
          "init",
          "initial weights",
          INITIALIZERS.map((n) => [n, n.replaceAll("_", " ")]),
          state.init,
          set("init"),
        ),
      ),
      add(
        numeric(
          "seed",
          "seed",
          state.seed,
          { min: 0, max: 2 ** 31, integer: true },
          set("seed"),
          "Of initial weights, order of rows and dropout: the same seed, the same run.",
        ),
      ),
      add(
        numeric(
          "clip",
          "clip gradient",
          state.clip,
          { min: 0, max: 1e6, suggestions: [0, 1, 5] },
          set("clip"),
          "Longest gradient allowed (norm); 0 is off.",
        ),
      ),
    );
    this.data = h("div.panel.data");
    this.networkBox = h("div.network", { tabIndex: -1 });
    this.result = h("div.panel.result");
    this.message = h("div.message", { role: "status", hidden: true });
    this.caption = h("div.caption", { role: "status", hidden: true });
    this.view = new NetworkView(this.networkBox, {
      select: (column, unit) => this.select(column, unit),
      hover: (column, unit) => this.hover(column, unit),
      link: (l) => this.select(l.column, l.to, l.from),
    });
    this.buildData();
    this.buildResult();
    this.scrub = slider(
      "scrub",
      "time",
      0,
      { min: 0, max: 1, step: 1, as: (i) => this.momentText(i) },
      (i) => this.goTo(i),
      "Back to any moment of this run; Run goes on from there.",
    );
    add(this.scrub);
    this.card = new NeuronCard({
      edit: (place, value, words) => this.edit(place, value, words),
      pin: () => this.applyPins(),
      close: () => this.select(null),
      freeze: (column) => this.freeze(column),
      cut: (column, unit) => this.cut(column, unit),
    });
    this.runs = new Runs({
      keep: () => this.keep(),
      open: (run) => this.openRun(run),
      changed: () => this.drawCurve(),
      python: () => this.exportPython(),
      model: () => this.exportModel(),
    });
    this.inside = new Inside(this);
    const columnsBar = h(
      "div.layersbar",
      { "data-control": "layers" },
      button("−", () => this.setLayers(layersOf(state).slice(0, -1)), { hint: "One hidden layer fewer" }),
      (this.layersText = h("span")),
      button(
        "+",
        () =>
          this.setLayers([...layersOf(state), { units: 2, activation: layersOf(state).at(-1)?.activation ?? "tanh" }]),
        { hint: "One hidden layer more" },
      ),
    );
    this.root.replaceChildren(
      h(
        "section.room.playground",
        { "aria-label": "Playground" },
        bar,
        top,
        this.message,
        h(
          "div.stage",
          {},
          this.data,
          h(
            "div.stack.centre",
            {},
            h(
              "div.panel.middle",
              {},
              h(
                "div.middle-head",
                {},
                columnsBar,
                check(
                  "gradients",
                  "lines show gradients",
                  false,
                  (on) => (
                    (this.showsGradients = on),
                    on ? this.askGradient() : ((this.gradient = null), this.drawNetwork())
                  ),
                  "The gradient of the training loss instead of the weights",
                ),
              ),
              this.caption,
              this.networkBox,
              h(
                "p.note.legend",
                {},
                "Lines are weights: ",
                h("i.swatch.pos"),
                " positive, ",
                h("i.swatch.neg"),
                " negative, the wider the larger. Squares are biases. Maps show what each neuron answers over the same plane; point to one to see it large, choose it to read and change its numbers.",
              ),
            ),
            h(
              "div.timeline",
              {},
              this.scrub,
              h(
                "div.goals",
                {},
                add(
                  numeric(
                    "stop",
                    "stop at loss",
                    state.stop === "" ? "" : Number(state.stop),
                    { min: 0 },
                    (v) => this.set("stop", String(v)),
                    "Stop when the validation loss (the training loss where nobody validates) is at or below this.",
                  ),
                ),
                add(
                  numeric(
                    "until",
                    "stop at epoch",
                    state.until,
                    { min: 0, max: 1e9, integer: true },
                    set("until"),
                    "0: no end.",
                  ),
                ),
                (this.eta = h("span.note")),
              ),
            ),
            this.card.element,
          ),
          this.result,
        ),
        this.runs.element,
        this.inside.element,
      ),
    );
    this.root.onkeydown = (event) => {
      if (event.target.closest("input, select, textarea, button, canvas, dialog, .chart")) return;
      if (event.key === " ") (event.preventDefault(), this.toggle());
      if (event.key === "e") this.step("epoch");
      if (event.key === "b") this.step("batch");
      if (event.key === "s") this.step("sample");
      if (event.key === "r") this.again();
    };
    this.page.hide(this.root, state.hide);
  },
  buildData() {
    const { state } = this;
    const names = [
      ...Object.entries(DRAWN).map(([k, d]) => [k, d.title]),
      ["formula", "Typed function"],
      ["points", "Own points"],
    ];
    this.thumbs = names.map(([name, title]) => {
      const canvas = h("canvas", { width: 96, height: 96 });
      const pick = h(
        "button.thumb",
        { type: "button", "aria-pressed": String(state.data === name), onclick: () => this.set("data", name) },
        canvas,
        h("span", {}, title),
      );
      if (name in DRAWN) thumbnail(canvas, name);
      else symbol(canvas, name === "formula" ? "ƒ" : "✎");
      return { name, pick };
    });
    const add = (control) => (this.controls[control.dataset.control] = control);
    const set = (name) => (value) => this.set(name, value);
    const file = h("input", {
      type: "file",
      accept: ".csv,.tsv,.txt,text/csv",
      hidden: true,
      onchange: () => file.files[0] && this.readFile(file.files[0]),
    });
    this.formula = add(
      line(
        "formula",
        "y = f(x1, x2), or a comparison for classes",
        state.formula,
        (text) => this.set("formula", text),
        "For example sin(x1) + x2^2/10, or x2 > x1^2 - 3",
      ),
    );
    this.tableBox = h("div.table-choice", { hidden: true });
    this.pointsBox = h(
      "div.note",
      { hidden: true },
      "Click the map to place a point, shift-click for the other class, drag to move, alt-click to remove.",
    );
    this.inputs = h("div.inputs", { "data-control": "inputs", role: "group", "aria-label": "Inputs" });
    this.data.replaceChildren(
      h("h2", {}, "Data"),
      h(
        "div.thumbs",
        { "data-control": "data", role: "group", "aria-label": "Data sets" },
        this.thumbs.map((t) => t.pick),
      ),
      h(
        "div.own",
        { "data-control": "own" },
        button("Own table (CSV)…", () => file.click(), { hint: "Nothing leaves this page." }),
        file,
      ),
      this.tableBox,
      this.formula,
      this.pointsBox,
      add(
        slider(
          "noise",
          "noise",
          state.noise,
          { min: 0, max: 0.8, step: 0.05, as: (v) => `${Math.round(v * 100)} %` },
          (v, done) => done && this.set("noise", v),
        ),
      ),
      add(numeric("n", "points", state.n, { min: 20, max: 5000, integer: true }, set("n"))),
      add(
        slider(
          "validation",
          "validation",
          state.validation,
          { min: 0, max: 0.8, step: 0.05, as: (v) => `${Math.round(v * 100)} %` },
          (v, done) => done && this.set("validation", v),
        ),
      ),
      add(
        slider(
          "test",
          "test",
          state.test,
          { min: 0, max: 0.8, step: 0.05, as: (v) => `${Math.round(v * 100)} %` },
          (v, done) => done && this.set("test", v),
        ),
      ),
      button("Regenerate", () => this.set("dseed", state.dseed + 1), {
        name: "regenerate",
        hint: "New points of the same kind; the weights stay",
      }),
      h("h2", {}, "Inputs"),
      this.inputs,
    );
    this.data.ondragover = (event) => event.preventDefault();
    this.data.ondrop = (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) this.readFile(event.dataTransfer.files[0]);
    };
  },
  buildResult() {
    const { state } = this;
    const add = (control) => (this.controls[control.dataset.control] = control);
    this.losses = h("dl.losses");
    this.curve = h("div.curve");
    const mapBox = h("div");
    this.mapTitle = h("h2", {}, "Output");
    this.reading = h("p.reading", { "aria-live": "polite" });
    this.result.replaceChildren(
      this.losses,
      this.curve,
      this.mapTitle,
      mapBox,
      this.reading,
      h(
        "div.checks",
        {},
        add(
          check(
            "sign",
            "threshold",
            state.sign === 1,
            (v) => this.set("sign", v ? 1 : 0),
            "Show the decision only, not how sure it is",
          ),
        ),
        add(
          check("showtest", "show validation and test rows", state.showtest === 1, (v) =>
            this.set("showtest", v ? 1 : 0),
          ),
        ),
      ),
    );
    this.map = new OutputMap(mapBox, {
      probe: (at, spoken) => this.probeAt(at, spoken),
      click: (at, event, near) => this.clickMap(at, event, near),
      drag: (i, at, done) => this.dragPoint(i, at, done),
    });
  },
  fillChoices() {
    const { state, set_: data } = this;
    this.controls.loss.options(Object.entries(LOSSES[question(data)]).map(([k, l]) => [k, l.title]));
    this.controls.loss.set(this.loss.name);
    this.formula.hidden = state.data !== "formula";
    this.pointsBox.hidden = state.data !== "points";
    for (const name of ["noise", "n"]) this.controls[name].hidden = ["table", "points"].includes(state.data);
    this.data.querySelector('[data-control="regenerate"]').textContent = ["table", "points"].includes(state.data)
      ? "Other split"
      : "Regenerate";
    for (const { name, pick } of this.thumbs) pick.setAttribute("aria-pressed", String(state.data === name));
    this.tableBox.hidden = !data.table;
    if (data.table) this.fillTable();
    this.inputs.replaceChildren(...(data.table ? this.tableInputs() : this.drawnInputs()));
  },
  fillTable() {
    const { state, set_: data } = this;
    const usable = this.table.columns.filter((c) => c.role !== "left out" && c.distinct > 1).map((c) => c.name);
    const axisNames = data.columns.map((c) => c.name);
    const [first, second] = this.prepared.axes;
    this.tableBox.replaceChildren(
      h(
        "p.note",
        {},
        `${this.tableName}: ${whole(data.target.values.length)} rows, ${data.columns.length} columns used.`,
      ),
      this.series
        ? numeric("window", "days looked back", state.window, { min: 1, max: 100, integer: true }, (v) =>
            this.set("window", v),
          )
        : choice("target", "target", usable, state.target, (v) => this.set("target", v)),
      choice("axis1", "across", axisNames, first.name, (v) => this.set("axes", `${v},${second.name}`)),
      choice("axis2", "up", axisNames, second.name, (v) => this.set("axes", `${first.name},${v}`)),
      h("p.note", {}, "The other columns are held at their median or most frequent value on the maps."),
    );
  },
  drawnInputs() {
    const chosen = this.state.inputs.split(",").filter(Boolean);
    const toggle = (name) => {
      const next = chosen.includes(name) ? chosen.filter((n) => n !== name) : [...chosen, name];
      if (next.length === 0) return this.say("One input at least must stay.");
      this.set("inputs", next.join(","));
    };
    const own = chosen.filter((n) => !(n in DERIVED));
    return [
      ...Object.entries(DERIVED).map(([name, d]) =>
        button(d.label, () => toggle(name), { kind: "chip", pressed: chosen.includes(name) }),
      ),
      ...own.map((name) => button(name, () => toggle(name), { kind: "chip", pressed: true })),
      line(
        "input",
        "own input",
        "",
        (text) => {
          if (!text.trim()) return;
          parse(text, ["x1", "x2"]);
          if (text.includes(",")) throw new Error("An input that is typed here has no comma.");
          this.set("inputs", [...chosen, text.replaceAll(" ", "")].join(","));
        },
        "A formula of x1 and x2, for example cos(x1) or exp(-x2^2)",
      ),
    ];
  },
  tableInputs() {
    const names = this.set_.columns.map((c) => c.name);
    const used = new Set(this.prepared.inputs.map((i) => i.column));
    return names.map((name) =>
      button(
        name,
        () => {
          const next = names.filter((n) => (n === name ? !used.has(n) : used.has(n)));
          if (next.length) this.set("inputs", next.join(","));
          else this.say("One input at least must stay.");
        },
        { kind: "chip", pressed: used.has(name) },
      ),
    );
  },
  syncControls() {
    for (const [name, control] of Object.entries(this.controls))
      if (name in this.state && control.set)
        control.set(["sign", "showtest"].includes(name) ? this.state[name] === 1 : this.state[name]);
  },
};

function thumbnail(canvas, name) {
  const pen = canvas.getContext("2d");
  const set = drawn(name, { count: 160, noise: 0, seed: 1 });
  const [a, b] = set.columns.map((c) => c.values);
  set.target.values.forEach((v, i) => {
    const [r, g, blue] = set.kind === "classes" ? classColour(v, "light") : diverging(v, "light");
    pen.fillStyle = `rgb(${r} ${g} ${blue})`;
    pen.beginPath();
    pen.arc(48 + a[i] * 7.4, 48 - b[i] * 7.4, 3.4, 0, 7);
    pen.fill();
  });
}
function symbol(canvas, text) {
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#6a727d";
  pen.font = "italic 46px Georgia, serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, 48, 50);
}
