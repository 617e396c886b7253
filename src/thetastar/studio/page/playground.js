// Room 1, the playground: data, a network, and everything about its training that can be seen or turned.
//
// `state` is what the link carries. A change that needs no new weights goes to the running training; every other one makes a
// new network from its seed. What is kept of a run is in runs.js, what explains itself in words in words.js.
import { draw } from "./charts/charts.js";
import { classColour, diverging } from "./colours.js";
import { DERIVED, DRAWN, drawn, fromPoints, parseTable, prepared, seriesFrom, tableFrom, withTarget } from "./data.js";
import { announce, button, check, choice, h, line, number, numeric, opened, save, slider, whole } from "./elements.js";
import { parse } from "./expression.js";
import { Inside } from "./inside.js";
import { NetworkView } from "./network_view.js";
import { NeuronCard } from "./neuron_card.js";
import { OutputMap } from "./output_map.js";
import { pythonOf, safetensorsOf } from "./python.js";
import { Remote } from "./remote.js";
import { Runs } from "./runs.js";
import { ACTIVATIONS, DEFAULTS, INITIALIZERS, LOSSES, OPTIMIZERS, RATES, STRENGTHS, layersOf, layersText, limited, lossOf, needsNewWeights, networkOf, parameterCount, question, readLink, settingsOf, writeLink } from "./settings.js";
import { fitOf, probabilityOf, whyNotFinite, whyQuiet } from "./words.js";

const GRID = 56;
const EXACT_UP_TO = 4000; // parameters: smaller networks are trained to the bits of the package's baseline level, larger ones faster
const SPEEDS = [["slow", "slow motion"], ["0.02", "a batch now and then"], ["0.25", "a batch a frame"], ["1", "an epoch a frame"], ["5", "5 epochs a frame"], ["max", "as fast as it goes"]];

export class Playground {
  constructor(root, link, page) {
    this.root = root;
    this.page = page; // {setLink(text), own: {name, text} or null}
    this.state = limited(readLink(link, DEFAULTS));
    this.points = [];
    this.selected = null;
    this.events = []; // what was changed by hand or while it ran: then a script cannot repeat the run from its seed
    this.remote = new Remote((frame) => this.show(frame));
    this.build();
    this.ready = this.rebuild();
  }
  close() {
    this.closed = true;
    this.remote.end();
  }

  // ---- the room ----
  build() {
    const { state } = this;
    this.controls = {};
    const add = (control) => (this.controls[control.dataset.control] = control);
    const set = (name) => (value) => this.set(name, value);
    this.runButton = button("▶ Run", () => this.toggle(), { kind: "primary", name: "run", hint: "Start or pause (space)" });
    this.epochText = h("output.epoch", { "aria-label": "epoch" });
    this.rateText = h("span.rate");
    const bar = h("div.bar", { role: "toolbar", "aria-label": "Training" },
      this.runButton,
      h("div.group", { "data-control": "steps" }, h("span.lead", {}, "one"), ["sample", "batch", "epoch"].map((kind) => button(kind, () => this.step(kind), { hint: `One update: ${{ sample: "on a single row", batch: "on one batch", epoch: "on every batch once" }[kind]}` }))),
      button("⟲ Same start", () => this.again(), { name: "again", hint: "Back to the very same initial weights" }),
      button("New start", () => this.set("seed", state.seed + 1), { name: "newstart", hint: "Other initial weights (next seed)" }),
      add(choice("speed", "speed", SPEEDS, state.speed, set("speed"))),
      h("div.epochbox", {}, h("span", {}, "epoch"), this.epochText, this.rateText),
    );
    const top = h("div.settings", {},
      add(numeric("lr", "learning rate", state.lr, { min: 1e-8, max: 100, suggestions: RATES }, set("lr"), "How far each step goes. May change while it trains.")),
      add(choice("opt", "optimiser", Object.entries(OPTIMIZERS).map(([k, o]) => [k, o.title]), state.opt, set("opt"), "How a step is made of gradients. May change while it trains.")),
      add(numeric("batch", "batch size", state.batch, { min: 1, max: 100000, integer: true, suggestions: [1, 4, 10, 16, 32, 64, 128] }, set("batch"), "Rows per update; 1 is per sample, all rows or more the whole batch.")),
      add(choice("loss", "loss", [], state.loss, set("loss"), "What is made small.")),
      add(choice("l1l2", "", [], "", () => {})),
      add(numeric("l1", "L1", state.l1, { min: 0, max: 100, suggestions: STRENGTHS }, set("l1"), "+ λ Σ|w| in the cost, over weights and not biases.")),
      add(numeric("l2", "L2", state.l2, { min: 0, max: 100, suggestions: STRENGTHS }, set("l2"), "+ λ Σ w² in the cost, over weights and not biases.")),
      add(numeric("dropout", "dropout", state.dropout, { min: 0, max: 0.9, suggestions: [0, 0.1, 0.2, 0.5] }, set("dropout"), "Share of hidden neurons that each step leaves out.")),
      add(choice("norm", "normalisation", [["none", "none"], ["batch", "batch"], ["layer", "layer"]], state.norm, set("norm"), "Between the weighted sums and their activations.")),
      add(choice("init", "initial weights", INITIALIZERS.map((n) => [n, n.replaceAll("_", " ")]), state.init, set("init"))),
      add(numeric("seed", "seed", state.seed, { min: 0, max: 2 ** 31, integer: true }, set("seed"), "Of initial weights, order of rows and dropout: the same seed, the same run.")),
      add(numeric("clip", "clip gradient", state.clip, { min: 0, max: 1e6, suggestions: [0, 1, 5] }, set("clip"), "Longest gradient allowed (norm); 0 is off.")),
    );
    this.controls.l1l2.remove();
    delete this.controls.l1l2;
    top.querySelector('[data-control="l1l2"]')?.remove();
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
    this.scrub = slider("scrub", "time", 0, { min: 0, max: 1, step: 1, as: (i) => this.momentText(i) }, (i) => this.goTo(i), "Back to any moment of this run; Run goes on from there.");
    add(this.scrub);
    this.card = new NeuronCard({
      edit: (place, value, words) => this.edit(place, value, words), pin: () => this.applyPins(), close: () => this.select(null),
      freeze: (column) => this.freeze(column), cut: (column, unit) => this.cut(column, unit),
    });
    this.runs = new Runs({
      keep: () => this.keep(), open: (run) => this.openRun(run), changed: () => this.drawCurve(), python: () => this.exportPython(), model: () => this.exportModel(),
    });
    this.inside = new Inside(this);
    const columnsBar = h("div.layersbar", { "data-control": "layers" },
      button("−", () => this.setLayers(layersOf(state).slice(0, -1)), { hint: "One hidden layer fewer" }),
      (this.layersText = h("span")),
      button("+", () => this.setLayers([...layersOf(state), { units: 2, activation: layersOf(state).at(-1)?.activation ?? "tanh" }]), { hint: "One hidden layer more" }),
    );
    this.root.replaceChildren(
      h("section.room.playground", { "aria-label": "Playground" },
        bar, top, this.message,
        h("div.stage", {}, this.data, h("div.panel.middle", {}, h("div.middle-head", {}, columnsBar, check("gradients", "lines show gradients", false, (on) => ((this.showsGradients = on), on ? this.askGradient() : ((this.gradient = null), this.drawNetwork())), "The gradient of the training loss instead of the weights")), this.caption, this.networkBox, h("p.note.legend", {}, "Lines are weights: ", h("i.swatch.pos"), " positive, ", h("i.swatch.neg"), " negative, the wider the larger. Squares are biases. Maps show what each neuron answers over the same plane; point to one to see it large, choose it to read and change its numbers.")), this.result),
        h("div.timeline", {}, this.scrub, h("div.goals", {},
          add(numeric("stop", "stop at loss", state.stop === "" ? "" : Number(state.stop), { min: 0 }, (v) => this.set("stop", String(v)), "Stop when the validation loss (the training loss where nobody validates) is at or below this.")),
          add(numeric("until", "stop at epoch", state.until, { min: 0, max: 1e9, integer: true }, set("until"), "0: no end.")),
          (this.eta = h("span.note")))),
        this.card.element, this.runs.element, this.inside.element,
      ),
    );
    this.root.onkeydown = (event) => {
      if (event.target.closest("input, select, textarea, button, canvas, dialog, .chart")) return;
      if (event.key === " ") event.preventDefault(), this.toggle();
      if (event.key === "e") this.step("epoch");
      if (event.key === "b") this.step("batch");
      if (event.key === "s") this.step("sample");
      if (event.key === "r") this.again();
    };
    this.page.hide(this.root, state.hide);
  }

  buildData() {
    const { state } = this;
    const names = [...Object.entries(DRAWN).map(([k, d]) => [k, d.title]), ["formula", "Typed function"], ["points", "Own points"]];
    this.thumbs = names.map(([name, title]) => {
      const canvas = h("canvas", { width: 96, height: 96 });
      const pick = h("button.thumb", { type: "button", "aria-pressed": String(state.data === name), onclick: () => this.set("data", name) }, canvas, h("span", {}, title));
      if (name in DRAWN) thumbnail(canvas, name);
      else symbol(canvas, name === "formula" ? "ƒ" : "✎");
      return { name, pick };
    });
    const add = (control) => (this.controls[control.dataset.control] = control);
    const set = (name) => (value) => this.set(name, value);
    const file = h("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv", hidden: true, onchange: () => file.files[0] && this.readFile(file.files[0]) });
    this.formula = add(line("formula", "y = f(x1, x2), or a comparison for classes", state.formula, (text) => this.set("formula", text), "For example sin(x1) + x2^2/10, or x2 > x1^2 - 3"));
    this.tableBox = h("div.table-choice", { hidden: true });
    this.pointsBox = h("div.note", { hidden: true }, "Click the map to place a point, shift-click for the other class, drag to move, alt-click to remove.");
    this.inputs = h("div.inputs", { "data-control": "inputs", role: "group", "aria-label": "Inputs" });
    this.data.replaceChildren(
      h("h2", {}, "Data"),
      h("div.thumbs", { "data-control": "data", role: "group", "aria-label": "Data sets" }, this.thumbs.map((t) => t.pick)),
      h("div.own", { "data-control": "own" }, button("Own table (CSV)…", () => file.click(), { hint: "Nothing leaves this page." }), file),
      this.tableBox, this.formula, this.pointsBox,
      add(slider("noise", "noise", state.noise, { min: 0, max: 0.8, step: 0.05, as: (v) => `${Math.round(v * 100)} %` }, (v, done) => done && this.set("noise", v))),
      add(numeric("n", "points", state.n, { min: 20, max: 5000, integer: true }, set("n"))),
      add(slider("validation", "validation", state.validation, { min: 0, max: 0.8, step: 0.05, as: (v) => `${Math.round(v * 100)} %` }, (v, done) => done && this.set("validation", v))),
      add(slider("test", "test", state.test, { min: 0, max: 0.8, step: 0.05, as: (v) => `${Math.round(v * 100)} %` }, (v, done) => done && this.set("test", v))),
      button("Regenerate", () => this.set("dseed", state.dseed + 1), { name: "regenerate", hint: "New points of the same kind; the weights stay" }),
      h("h2", {}, "Inputs"), this.inputs,
    );
    this.data.ondragover = (event) => event.preventDefault();
    this.data.ondrop = (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) this.readFile(event.dataTransfer.files[0]);
    };
  }

  buildResult() {
    const { state } = this;
    const add = (control) => (this.controls[control.dataset.control] = control);
    this.losses = h("dl.losses");
    this.curve = h("div.curve");
    const mapBox = h("div");
    this.mapTitle = h("h2", {}, "Output");
    this.reading = h("p.reading", { "aria-live": "polite" });
    this.result.replaceChildren(
      this.losses, this.curve, this.mapTitle, mapBox, this.reading,
      h("div.checks", {},
        add(check("sign", "threshold", state.sign === 1, (v) => this.set("sign", v ? 1 : 0), "Show the decision only, not how sure it is")),
        add(check("showtest", "show validation and test rows", state.showtest === 1, (v) => this.set("showtest", v ? 1 : 0)))),
    );
    this.map = new OutputMap(mapBox, {
      probe: (at, spoken) => this.probeAt(at, spoken),
      click: (at, event, near) => this.clickMap(at, event, near),
      drag: (i, at, done) => this.dragPoint(i, at, done),
    });
  }

  // ---- what is trained ----
  dataset() {
    const { state } = this;
    if (state.data === "table") {
      if (!this.table) this.loadOwn();
      return this.series ? seriesFrom(this.series, state.window) : withTarget(this.table, state.target);
    }
    if (state.data === "points") return fromPoints(this.points.length >= 4 ? this.points : STARTING_POINTS.slice(), "classes", 2);
    const key = [state.data, state.n, state.noise, state.dseed, state.formula].join("|");
    if (this.drawnKey !== key) (this.drawnSet = drawn(state.data, { count: state.n, noise: state.noise, seed: state.dseed, formula: state.formula })), (this.drawnKey = key);
    return this.drawnSet;
  }
  loadOwn() {
    const { own } = this.page;
    if (!own) throw new Error("The link asks for a table, and this page has none. Drop the CSV file here, or choose other data.");
    this.takeTable(own.text, own.name, own.target);
  }
  prepare() {
    const { state } = this;
    this.set_ = this.dataset();
    const data = this.set_;
    const loss = lossOf(state, data);
    let features = state.inputs.split(",").filter(Boolean);
    let axes = state.axes.split(",");
    if (data.table) {
      const names = data.columns.map((c) => c.name);
      features = features.filter((f) => names.includes(f));
      if (features.length === 0) features = names.slice(0, 64);
      axes = axes.filter((a) => names.includes(a));
      const numeric_ = data.columns.filter((c) => c.role === "number").map((c) => c.name);
      for (const name of [...numeric_, ...names]) if (axes.length < 2 && !axes.includes(name)) axes.push(name);
      if (axes.length < 2) axes.push(axes[0]);
    } else axes = ["x1", "x2"];
    this.prepared = prepared(data, { features, axes, parts: [state.validation, state.test], seed: state.dseed, targetForm: loss.form });
    this.loss = loss;
    const outputs = data.kind === "classes" && (question(data) === "many") ? data.target.classes.length : 1;
    Object.assign(this, networkOf(state, this.prepared.features, outputs));
    this.job = { network: this.network, settings: settingsOf(state, data), seed: state.seed };
    this.exact = state.exact === 1 || parameterCount(this.network) <= EXACT_UP_TO;
    this.gridX = this.prepared.grid(GRID);
    this.wanted = { grid: this.gridX, gridCount: GRID * GRID, moments: true, predictions: true };
  }

  async rebuild({ start = null, keep = false } = {}) {
    try {
      this.prepare();
    } catch (error) {
      return this.say(error.message, "problem");
    }
    this.say("");
    this.fillChoices();
    this.events = [];
    this.pins ??= { cut: new Set() };
    if (!keep) this.pins = { cut: new Set() };
    const made = await this.remote.ask("create", { job: this.job, data: { x: this.prepared.x, y: this.prepared.y, count: this.prepared.count, features: this.prepared.features, targets: this.prepared.targets }, rows: this.prepared.rows, start, exact: this.exact });
    if (this.closed) return;
    this.layout = made.layout;
    this.startParameters = made.frame.parameters;
    this.drawColumns();
    this.runs.begin(this.describe());
    await this.remote.ask("show", { what: this.wanted }).then((frame) => this.show(frame, true));
    if (this.frozenColumns().length) this.applyPins();
    this.writeLink();
  }
  set(name, value) {
    const { state } = this;
    if (state[name] === value) return;
    if (name === "formula") parse(value.split(/>=|<=|>|<|=/)[0] || "0", ["x1", "x2"]);
    const before = state[name];
    state[name] = value;
    if (name === "opt" && state.lr === OPTIMIZERS[before].rate) state.lr = OPTIMIZERS[value].rate;
    if (name === "opt" && ["lbfgs", "rprop"].includes(value)) this.say(value === "lbfgs" ? "L-BFGS takes all rows at every step: a step is an epoch." : "Rprop looks at signs only, so it wants the whole batch: set the batch size to all rows.");
    if (name === "data" && value !== "table") Object.assign(state, { inputs: "x1,x2", axes: "x1,x2", loss: "" });
    limited(state);
    this.syncControls();
    if (name === "dseed" || name === "noise" || name === "n" || name === "validation" || name === "test" || (name === "formula" && state.data === "formula")) return this.newRows(name);
    if (name === "speed") return this.running && this.run(), this.writeLink();
    if (["sign", "showtest", "view"].includes(name)) return this.drawMap(), this.writeLink();
    if (["stop", "until"].includes(name)) return this.running && this.run(), this.writeLink();
    if (name === "axes") return this.newAxes();
    if (name === "frozen") return this.applyPins(), this.writeLink();
    if (name === "formula") return this.writeLink();
    if (!needsNewWeights(name) || (name === "dropout" && before > 0 && value > 0) || (name === "loss")) return this.changeLive(name, before, value);
    return this.pauseThen(() => this.rebuild());
  }
  // Settings that need no new weights go on with the ones there are.
  async changeLive(name, before, value) {
    const data = this.set_;
    const loss = lossOf(this.state, data);
    if (loss.form !== this.loss.form) return this.pauseThen(() => this.rebuild());
    this.loss = loss;
    Object.assign(this, networkOf(this.state, this.prepared.features, this.columns.at(-1).units));
    this.job = { network: this.network, settings: settingsOf(this.state, data), seed: this.state.seed };
    const { fits, frame } = await this.remote.ask("change", { job: this.job });
    if (!fits) return this.rebuild();
    if (this.frame?.standing.step > 0) this.events.push({ step: this.frame.standing.step, epoch: this.frame.standing.epoch, what: `${name}: ${before} → ${value}` });
    this.runs.describe(this.describe());
    this.show(frame, true);
    this.writeLink();
  }
  // Other rows, the same network: as at first, nothing of the weights changes.
  async newRows(name) {
    const columns = this.columns;
    try {
      this.prepare();
    } catch (error) {
      return this.say(error.message, "problem");
    }
    if (name === "formula" || !this.layout || columns.at(-1).units !== this.columns.at(-1).units) return this.pauseThen(() => this.rebuild());
    this.say("");
    this.columns = columns;
    if (this.frame?.standing.step > 0) this.events.push({ step: this.frame.standing.step, epoch: this.frame.standing.epoch, what: "other rows" });
    const { x, y, count, features, targets, rows } = this.prepared;
    await this.remote.ask("show", { what: { ...this.wanted } });
    const frame = await this.remote.ask("replace", { data: { x, y, count, features, targets }, rows });
    this.show(frame, true);
    this.writeLink();
  }
  async newAxes() {
    this.prepare();
    this.show(await this.remote.ask("show", { what: this.wanted }), true);
    this.writeLink();
  }
  setLayers(layers) {
    if (layers.length > 12) return this.say("Twelve hidden layers are the most that fit on this page.");
    this.set("layers", layersText(layers));
  }
  async pauseThen(next) {
    const was = this.running;
    if (was) await this.pause();
    await next();
    if (was && !this.closed) this.run();
  }

  // ---- training ----
  toggle() {
    return this.running || this.slow ? this.pause() : this.run();
  }
  async run() {
    this.say("");
    await this.forgetLater();
    this.setRunning(true);
    if (this.state.speed === "slow") return this.slowMotion();
    const target = this.state.stop === "" ? null : { which: this.prepared.rows.validation.length ? 1 : 0, value: Number(this.state.stop) };
    this.remote.ask("run", { speed: this.state.speed === "max" ? Infinity : Number(this.state.speed), target, until: this.state.until || null });
  }
  async pause() {
    this.slow = null;
    this.setRunning(false);
    this.caption.hidden = true;
    const frame = await this.remote.ask("pause");
    if (frame) this.show(frame, true);
  }
  setRunning(running) {
    this.running = running;
    this.runButton.textContent = running ? "❚❚ Pause" : "▶ Run";
    this.runButton.setAttribute("aria-pressed", String(running));
    this.root.classList.toggle("is-running", running);
  }
  async step(kind) {
    if (this.running) await this.pause();
    await this.forgetLater();
    if (kind === "sample" && this.state.batch !== 1) this.events.push({ step: this.frame.standing.step, epoch: this.frame.standing.epoch, what: "a step on one row" });
    this.show(await this.remote.ask("step", { kind }), true);
    announce(`Epoch ${this.frame.standing.epoch}, training loss ${number(this.frame.losses[0])}`);
  }
  async again() {
    await this.pause();
    this.events = [];
    this.runs.begin(this.describe());
    const frame = await this.remote.ask("restart");
    if (this.pins.cut.size || this.frozenColumns().length) this.applyPins();
    this.show(frame, true);
  }
  // Going on from an earlier moment forgets what came after it.
  async forgetLater() {
    if (this.moment === undefined) return;
    await this.remote.ask("cut", { moment: this.moment });
    this.moment = undefined;
  }
  async goTo(i) {
    if (this.running) await this.pause();
    this.moment = i;
    this.show(await this.remote.ask("goTo", { moment: i }), true, true);
  }
  momentText(i) {
    const m = this.frame?.curve?.[i];
    return m ? `epoch ${whole(m.epoch)}${m.row ? ` + ${m.row} rows` : ""}` : "";
  }
  // A step in five captions: what goes in, what comes out, how wrong it is, who is to blame, and what moves.
  async slowMotion() {
    const token = (this.slow = {});
    const wait = (ms) => new Promise((done) => setTimeout(done, ms));
    const tell = async (words, kind) => {
      if (this.slow !== token) return;
      this.caption.hidden = false;
      this.caption.textContent = words;
      this.networkBox.dataset.phase = kind;
      await wait(1500);
    };
    while (this.slow === token && !this.closed) {
      const rows = await this.remote.ask("nextRows");
      const seen = await this.remote.ask("inspect", { rows });
      this.batchRows = new Set(rows);
      this.drawMap();
      await tell(`1 · Input: ${rows.length} row${rows.length > 1 ? "s go" : " goes"} in (ringed on the map).`, "input");
      await tell("2 · Forward: layer by layer every neuron takes its weighted sum, adds its bias and applies its activation.", "forward");
      await tell(`3 · Loss: the mean over this batch is ${number(seen.loss)}.`, "loss");
      if (this.slow !== token) break;
      this.gradient = seen.gradient;
      this.drawNetwork();
      await tell("4 · Backward: the chain rule gives every weight its share of the blame. Lines show the gradients now.", "backward");
      this.gradient = null;
      if (this.slow !== token) break;
      const frame = await this.remote.ask("step", { kind: "batch" });
      this.show(frame, true);
      const [after] = await this.remote.ask("losses", { which: 0, list: [frame.parameters] });
      await tell(`5 · Update: ${OPTIMIZERS[this.state.opt].title} moves every weight against its gradient. Training loss: ${number(after)}.`, "update");
    }
    this.gradient = null;
    this.batchRows = null;
    delete this.networkBox.dataset.phase;
    this.caption.hidden = true;
    if (!this.closed) this.drawNetwork(), this.drawMap();
  }

  // ---- weights by hand ----
  async edit(place, value, words) {
    const numbers = this.frame.parameters.slice();
    const before = numbers[place];
    numbers[place] = value;
    this.events.push({ step: this.frame.standing.step, epoch: this.frame.standing.epoch, what: `${words}: ${number(before)} → ${number(value)}` });
    this.show(await this.remote.ask("parameters", { numbers }), true);
  }
  frozenColumns() {
    return this.state.frozen.split(",").filter(Boolean).map(Number);
  }
  freeze(column) {
    const frozen = new Set(this.frozenColumns());
    if (frozen.has(column)) frozen.delete(column);
    else frozen.add(column);
    this.set("frozen", [...frozen].sort((a, b) => a - b).join(","));
  }
  cut(column, unit) {
    const key = `${column}.${unit}`;
    if (this.pins.cut.has(key)) this.pins.cut.delete(key);
    else this.pins.cut.add(key);
    this.applyPins();
  }
  // Frozen layers keep their numbers; a neuron that is switched off has outgoing weights of 0.
  async applyPins() {
    const places = [];
    const values = [];
    const now = this.frame.parameters;
    for (const c of this.frozenColumns())
      for (const array of this.layout.filter((a) => a.layer === this.columns[c - 1]?.weights))
        for (let k = 0; k < array.size; ++k) places.push(array.at + k), values.push(now[array.at + k]);
    for (const key of this.pins.cut) {
      const [c, u] = key.split(".").map(Number);
      const next = this.arrays(c + 1)?.weight;
      if (next) for (let o = 0; o < next.columns; ++o) places.push(next.at + u * next.columns + o), values.push(0);
    }
    if (this.frame.standing.step > 0) this.events.push({ step: this.frame.standing.step, epoch: this.frame.standing.epoch, what: "frozen or switched off: changed" });
    this.show(await this.remote.ask("pin", { places, values }), true);
  }
  // Where column c's numbers lie among the parameters (columns count from the inputs, 0).
  arrays(c) {
    const column = this.columns[c - 1];
    if (!column || !this.layout) return null;
    const of = this.layout.filter((a) => a.layer === column.weights);
    return { weight: of.find((a) => a.name.endsWith(".weight")), bias: of.find((a) => a.name.endsWith(".bias")) };
  }

  // ---- seeing ----
  drawColumns() {
    const layers = layersOf(this.state);
    this.layersText.textContent = `${layers.length} hidden layer${layers.length === 1 ? "" : "s"} · ${whole(this.layout.reduce((sum, a) => sum + (a.learned ? a.size : 0), 0))} parameters`;
    const head = (i) => {
      const change = (by) => this.setLayers(layers.map((l, k) => (k === i ? { ...l, units: Math.max(1, Math.min(512, l.units + by)) } : l)));
      const frozen = this.frozenColumns().includes(i + 1);
      return [
        h("div.units", { "data-control": "neurons" }, button("−", () => change(-1), { hint: "One neuron fewer" }),
          h("input", { type: "number", min: "1", max: "512", value: String(layers[i].units), "aria-label": `neurons in layer ${i + 1}`, onchange: (e) => this.setLayers(layers.map((l, k) => (k === i ? { ...l, units: Math.max(1, Math.min(512, Number(e.target.value) || 1)) } : l))) }),
          button("+", () => change(1), { hint: "One neuron more" })),
        h("select", { "aria-label": `activation of layer ${i + 1}`, "data-control": "activation", value: layers[i].activation, onchange: (e) => this.setLayers(layers.map((l, k) => (k === i ? { ...l, activation: e.target.value } : l))) }, ACTIVATIONS.map((a) => h("option", { value: a, selected: a === layers[i].activation }, a.replaceAll("_", " ")))),
        button(frozen ? "❄ frozen" : "freeze", () => this.freeze(i + 1), { kind: "small", name: "freeze", pressed: frozen, hint: "A frozen layer keeps its numbers while the others learn" }),
      ];
    };
    const { link } = this.loss;
    const columns = [
      { title: "inputs", units: this.prepared.inputs.length, names: this.prepared.inputs.map((i) => i.label), head: [h("span.head-title", {}, "inputs")] },
      ...layers.map((l, i) => ({ title: `layer ${i + 1}`, units: l.units, activation: l.activation, head: head(i) })),
      { title: "output", units: this.columns.at(-1).units, output: true, names: this.set_.kind === "classes" && this.columns.at(-1).units > 1 ? this.set_.target.classes : null, head: [h("span.head-title", {}, "output"), h("span.note", {}, link === "identity" ? "identity" : link), button(this.frozenColumns().includes(layers.length + 1) ? "❄ frozen" : "freeze", () => this.freeze(layers.length + 1), { kind: "small", name: "freeze", pressed: this.frozenColumns().includes(layers.length + 1) })] },
    ];
    this.drawn_ = columns;
    this.view.build(columns);
    if (this.selected && (this.selected.column >= columns.length || this.selected.unit >= columns[this.selected.column].units)) this.select(null);
  }

  // A frame from the worker, or the answer to a question.
  show(frame, always = false, scrubbing = false) {
    if (this.closed) return;
    this.frame = frame;
    if (frame.running === false && this.running && frame.ended) this.setRunning(false);
    if (frame.ended === "diverged") this.say(whyNotFinite(this.state, frame, this.layout), "problem", [button("Back to the last good moment, with a tenth of the rate", () => this.recover())]);
    if (frame.ended === "target") this.say(`The target is reached: loss ${number(frame.losses[this.prepared.rows.validation.length ? 1 : 0])} after ${whole(frame.standing.epoch)} epochs.`);
    if (frame.ended === "epochs") this.say(`${whole(frame.standing.epoch)} epochs are done.`);
    const { standing } = frame;
    this.epochText.textContent = `${whole(standing.epoch)}${standing.row ? ` + ${whole(standing.row)} rows` : ""}`;
    this.rateText.textContent = frame.rate > 0 ? `${whole(frame.rate)} steps/s` : "";
    if (this.showsGradients) this.askGradient();
    this.drawNetwork();
    this.drawMap();
    if (frame.curve && !scrubbing) {
      this.scrub.range(0, Math.max(frame.curve.length - 1, 0));
      const here = frame.curve.findIndex((m) => m.step === standing.step);
      this.scrub.set(here >= 0 ? here : frame.curve.length - 1);
    }
    const now = performance.now();
    if (always || !this.lastSlow || now - this.lastSlow > 160) {
      this.lastSlow = now;
      this.drawLosses();
      this.drawCurve();
      this.inside.update();
      this.drawEta();
      this.card.update(this.cardContent());
    } else this.card.live(this.cardContent());
    this.runs.frame(frame, this.prepared, () => this.thumbnailOfOutput());
    const quiet = !frame.ended && always === false ? whyQuiet(this.state, frame, this.layout) : null;
    if (quiet && this.message.hidden) this.say(quiet);
    if (this.probed) this.readProbe();
    this.page.tell?.({ frame, state: this.state });
  }
  // The gradient of the mean loss over (at most 256 of) the training rows, in place of the weights.
  async askGradient() {
    if (this.gradientAsked || !this.showsGradients) return;
    this.gradientAsked = true;
    const seen = await this.remote.ask("inspect", { rows: this.prepared.rows.training.slice(0, 256) }).catch(() => null);
    this.gradientAsked = false;
    if (!seen || !this.showsGradients || this.closed) return;
    this.gradient = seen.gradient;
    this.drawNetwork();
  }
  async recover() {
    const last = this.frame.momentCount - 1;
    await this.goTo(Math.max(0, last - 1));
    this.set("lr", +(this.state.lr / 10).toPrecision(2));
    this.say("");
  }

  drawNetwork() {
    const { frame } = this;
    if (!frame?.grid || !this.drawn_) return;
    const numbers = this.gradient ?? frame.parameters;
    const size = this.gradient ? 1 / (Math.max(...this.gradient.map(Math.abs)) || 1) : 1;
    const scales = this.columns.map((c) => layerScale(frame.grid[c.values], c.activation));
    const N = GRID * GRID;
    this.view.update({
      n: GRID, running: this.running,
      weights: (c) => {
        const { weight, bias } = this.arrays(c);
        const part = (a) => (size === 1 ? numbers.subarray(a.at, a.at + a.size) : numbers.slice(a.at, a.at + a.size).map((v) => v * size));
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
  }
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
  }

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
      colour = column === 0 ? (i) => diverging(this.gridX[i * this.prepared.features + unit] / scale) : (i) => diverging(values[unit * N + i] / scale);
      title = column === 0 ? `Input ${this.prepared.inputs[unit].label}` : column === this.columns.length ? `Score of ${data.target.classes[unit]}` : `Layer ${column}, neuron ${unit + 1}`;
    } else if (many) {
      const values = frame.grid[this.columns.at(-1).values];
      const k = this.columns.at(-1).units;
      colour = (i) => blend(values, i, N, k, this.loss.link, state.sign);
      title = "Output: the likeliest class";
    } else {
      const values = frame.grid[this.columns.at(-1).values];
      scale = data.kind === "classes" ? 1 : this.targetScale();
      const at = (i) => probabilityOf(values[i], this.loss, data) / (data.kind === "classes" ? 1 : scale);
      colour = state.sign ? (i) => diverging(at(i) >= 0 ? 0.75 : -0.75) : (i) => diverging(at(i));
      title = data.kind === "classes" ? "Output: class" : `Output: ${data.target.name}`;
    }
    this.mapTitle.textContent = title;
    this.map.show({ n: GRID, colour, axes: this.prepared.axes, points: this.pointsOnMap(), kind: data.kind, scale: data.kind === "classes" ? 1 : this.targetScale(), title, editable: state.data === "points" });
    this.drawLegend(scale, title);
  }
  targetScale() {
    if (this.scaleOf === this.set_) return this.scaleValue;
    const values = this.prepared.y;
    let most = 1e-6;
    for (const v of values) most = Math.max(most, Math.abs(v));
    this.scaleOf = this.set_;
    return (this.scaleValue = Math.min(most, 4));
  }
  pointsOnMap() {
    const { prepared: p, set_: data, state } = this;
    if (this.pointsFor === p && this.pointsTest === state.showtest && !this.batchRows && !this.pointsStale) return this.pointsList;
    const a = data.columns.find((c) => c.name === p.axes[0].name)?.values;
    const b = data.columns.find((c) => c.name === p.axes[1].name)?.values;
    const jitter = (axis, i) => (axis.categories ? ((i * 7919) % 97) / 97 / 2 - 0.25 : 0);
    const part = (rows, which) => rows.map((i) => ({ a: a[i] + jitter(p.axes[0], i), b: b[i] + jitter(p.axes[1], i), label: data.kind === "classes" ? data.target.values[i] : p.y[i], part: which, strong: this.batchRows?.has(i), row: i }));
    this.pointsList = [...part(p.rows.training, 0), ...(state.showtest ? [...part(p.rows.validation, 1), ...part(p.rows.test, 2)] : [])];
    this.pointsFor = p;
    this.pointsTest = state.showtest;
    this.pointsStale = Boolean(this.batchRows);
    return this.pointsList;
  }
  drawLegend(scale, title) {
    const { set_: data } = this;
    const key = `${title}|${scale.toPrecision(2)}|${document.documentElement.dataset.theme}`;
    if (key === this.legendKey) return;
    this.legendKey = key;
    const several = data.kind === "classes" && data.target.classes.length > 2 && !this.hovered;
    this.map.legend.replaceChildren(
      ...(several
        ? data.target.classes.map((name, k) => h("span.key", {}, h("i.swatch", { style: `background: rgb(${classColour(k).join(" ")})` }), name))
        : [h("span", {}, data.kind === "classes" && !this.hovered ? data.target.classes[0] : number(-scale * (this.unit() ?? 1), 3)), h("span.ramp"), h("span", {}, data.kind === "classes" && !this.hovered ? data.target.classes[1] : number(scale * (this.unit() ?? 1), 3))]),
      h("span.note", {}, this.state.showtest ? "filled: training, hollow: validation and test" : ""),
    );
  }
  unit() {
    return this.prepared.scale && !this.hovered ? this.prepared.scale.deviation : 1;
  }
  thumbnailOfOutput() {
    return { grid: this.frame.grid[this.columns.at(-1).values].slice(), n: GRID };
  }

  drawLosses() {
    const { losses } = this.frame;
    const { rows } = this.prepared;
    const fit = fitOf(this.frame.predictions, this.prepared, this.set_, this.loss);
    this.fit = fit;
    const tile = (name, value, extra, kind) => h(`div.tile.${kind}`, { "data-control": kind === "training" ? undefined : `loss${kind}` }, h("dt", {}, name), h("dd", {}, number(value, 4), extra ? h("span", {}, extra) : null));
    this.losses.replaceChildren(
      tile("training loss", losses[0], fit.training, "training"),
      rows.validation.length ? tile("validation loss", losses[1], fit.validation, "validation") : "",
      rows.test.length ? tile("test loss", losses[2], fit.test, "testing") : "",
    );
  }
  drawCurve() {
    const { frame } = this;
    if (!frame?.curve) return;
    const perEpoch = Math.max(this.prepared.rows.training.length, 1);
    const x = frame.curve.map((m) => m.epoch + m.row / perEpoch);
    const series = [
      { name: "training", x, y: frame.curve.map((m) => m.losses[0]), color: "blue" },
      ...(this.prepared.rows.validation.length ? [{ name: "validation", x, y: frame.curve.map((m) => m.losses[1]), color: "orange" }] : []),
      ...(this.prepared.rows.test.length ? [{ name: "test", x, y: frame.curve.map((m) => m.losses[2]), color: "green", dash: "dotted" }] : []),
      ...this.runs.series(perEpoch),
    ];
    for (const one of series) one.y = one.y.map((v) => (Number.isFinite(v) ? v : null));
    const marks = [...this.events.slice(-8).map((e) => ({ x: e.epoch, dash: "dotted" })), ...(this.moment !== undefined ? [{ x: x[this.moment] ?? 0, label: "here" }] : []), ...(this.state.stop !== "" ? [{ y: Number(this.state.stop), dash: "dashed" }] : [])];
    const spec = { kind: "lines", label: "Loss by epoch", height: 170, x: { title: "epoch", min: 0 }, y: { title: "loss", possible: [0, null] }, series, marks };
    if (!this.chart) this.chart = draw(this.curve, spec);
    else this.chart.update(spec);
  }
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
    this.eta.textContent = slope < 0 && left > 0 ? `about ${whole(left)} more steps${rate ? `, ${number(left / rate, 2)} s` : ""} at this pace` : "at this pace the target is not reached";
  }
  // ---- looking closer ----
  hover(column, unit) {
    this.hovered = column === null || column === undefined ? (this.selected && this.state.view === "neuron" ? this.selected : null) : { column, unit };
    this.drawMap();
  }
  select(column, unit, from = null) {
    this.selected = column === null || column === undefined || column === 0 ? null : { column, unit, from };
    this.view.mark(this.selected?.column, this.selected?.unit);
    this.card.open(this.cardContent());
  }
  cardContent() {
    if (!this.selected || !this.frame) return null;
    const { column, unit } = this.selected;
    const { weight, bias } = this.arrays(column);
    const names = column === 1 ? this.prepared.inputs.map((i) => i.label) : Array.from({ length: weight.rows }, (_, i) => `h${column - 1}.${i + 1}`);
    const probe = this.probeValues;
    const before = probe ? (column === 1 ? probe.inputs : Array.from({ length: weight.rows }, (_, i) => probe.layers[this.columns[column - 2].values][i])) : null;
    return {
      title: column === this.columns.length ? `Output${this.columns.at(-1).units > 1 ? `: ${this.set_.target.classes[unit]}` : ""}` : `Layer ${column}, neuron ${unit + 1}`,
      column, unit, from: this.selected.from, names, activation: this.state.norm !== "none" && column < this.columns.length ? `${this.columns[column - 1].activation} of ${this.state.norm} norm` : this.columns[column - 1].activation, parameters: this.frame.parameters, weight, bias, before,
      answer: probe ? probe.layers[this.columns[column - 1].values][unit] : null, plain: this.state.norm === "none" || column === this.columns.length,
      link: column === this.columns.length ? this.loss.link : null,
      frozen: this.frozenColumns().includes(column), off: this.pins?.cut.has(`${column}.${unit}`), canCut: column < this.columns.length,
      gradientNote: null,
    };
  }
  probeAt(at) {
    this.probed = at;
    if (!at) {
      this.probeValues = null;
      this.reading.textContent = "";
      return this.card.live(this.cardContent());
    }
    this.readProbe();
  }
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
  }
  answerText(out) {
    const { set_: data, loss, prepared: p } = this;
    if (data.kind === "numbers") return `${data.target.name} = ${number(p.scale ? out[0] * p.scale.deviation + p.scale.mean : out[0])}`;
    if (out.length > 1) {
      const e = Array.from(out, (v) => Math.exp(v - Math.max(...out)));
      const total = e.reduce((s, v) => s + v, 0);
      const best = out.indexOf(Math.max(...out));
      return loss.link === "softmax" ? `${data.target.classes[best]} with probability ${number(e[best] / total, 3)}` : data.target.classes[best];
    }
    if (loss.link === "sigmoid") return `score ${number(out[0], 3)}, so class ${data.target.classes[1]} with probability ${number(1 / (1 + Math.exp(-out[0])), 3)}`;
    return `${number(out[0], 3)}, so class ${data.target.classes[out[0] > 0 ? 1 : 0]}`;
  }
  // The network's inputs at a place of the map: one row.
  inputsAt(a, b) {
    const { axes } = this.prepared;
    const n = 1;
    const here = { ...this.prepared, axes };
    const grid = this.pointGrid(a, b);
    return grid ?? here.grid(n);
  }
  pointGrid(a, b) {
    const { axes, inputs } = this.prepared;
    const data = this.set_;
    this.held ??= new Map();
    if (!this.held.has(data)) this.held.set(data, Object.fromEntries(data.columns.map((c) => [c.name, c.role === "category" ? modeOf(c) : medianOf(c.values)])));
    const at = { ...this.held.get(data), [axes[1].name]: axes[1].categories ? Math.round(b) : b, [axes[0].name]: axes[0].categories ? Math.round(a) : a };
    return Float32Array.from(inputs, (input) => input.of((name) => at[name]));
  }

  // ---- points by hand ----
  clickMap(at, event, near) {
    if (this.state.data !== "points") return;
    if (event.altKey && near >= 0) this.points.splice(this.map.content.points[near].row, 1);
    else this.points.push([...at, event.shiftKey ? 0 : 1]);
    this.pointsChanged();
  }
  dragPoint(i, at, done) {
    const { row } = this.map.content.points[i];
    if (this.points.length < 4) this.points = STARTING_POINTS.slice();
    this.points[row] = [...at, this.points[row][2]];
    if (done || !this.dragging) this.pointsChanged();
    this.dragging = !done;
  }
  pointsChanged() {
    if (this.points.length >= 4) this.newRows("points");
    else this.say(`${this.points.length} of at least 4 points. Click for class 1, shift-click for class 0.`);
  }

  // ---- own table ----
  async readFile(file) {
    if (file.size > 30e6) return this.say(`${file.name} has ${whole(file.size / 1e6)} MB; the page takes up to 30. Use thetastar fit for larger tables.`, "problem");
    this.openTable(await file.text(), file.name);
  }
  openTable(text, name, target) {
    try {
      this.takeTable(text, name, target);
    } catch (error) {
      return this.say(`${name}: ${error.message}`, "problem");
    }
    Object.assign(this.state, { data: "table", inputs: "", axes: "", loss: "" });
    this.syncControls();
    return this.pauseThen(() => this.rebuild());
  }
  takeTable(text, name, target) {
    this.table = tableFrom(parseTable(text));
    this.tableName = name;
    const numbers = this.table.columns.filter((c) => c.role === "number" && c.distinct > 1);
    const usable = this.table.columns.filter((c) => c.role !== "left out" && c.distinct > 1);
    if (usable.length === 0) throw new Error("no column has numbers or a few categories.");
    this.series = usable.length === 1 && numbers.length === 1 ? Array.from(numbers[0].values).filter(Number.isFinite) : null;
    if (!usable.some((c) => c.name === (target ?? this.state.target))) this.state.target = usable.at(-1).name;
    else this.state.target = target ?? this.state.target;
    this.ownText = text;
  }
  fillChoices() {
    const { state, set_: data } = this;
    this.controls.loss.options(Object.entries(LOSSES[question(data)]).map(([k, l]) => [k, l.title]));
    this.controls.loss.set(this.loss.name);
    this.formula.hidden = state.data !== "formula";
    this.pointsBox.hidden = state.data !== "points";
    for (const name of ["noise", "n"]) this.controls[name].hidden = ["table", "points"].includes(state.data);
    this.data.querySelector('[data-control="regenerate"]').textContent = ["table", "points"].includes(state.data) ? "Other split" : "Regenerate";
    for (const { name, pick } of this.thumbs) pick.setAttribute("aria-pressed", String(state.data === name));
    this.tableBox.hidden = !data.table;
    if (data.table) this.fillTable();
    this.inputs.replaceChildren(...(data.table ? this.tableInputs() : this.drawnInputs()));
  }
  fillTable() {
    const { state, set_: data } = this;
    const usable = this.table.columns.filter((c) => c.role !== "left out" && c.distinct > 1).map((c) => c.name);
    const axisNames = data.columns.map((c) => c.name);
    const [first, second] = this.prepared.axes;
    this.tableBox.replaceChildren(
      h("p.note", {}, `${this.tableName}: ${whole(data.target.values.length)} rows, ${data.columns.length} columns used.`),
      this.series
        ? numeric("window", "days looked back", state.window, { min: 1, max: 100, integer: true }, (v) => this.set("window", v))
        : choice("target", "target", usable, state.target, (v) => this.set("target", v)),
      choice("axis1", "across", axisNames, first.name, (v) => this.set("axes", `${v},${second.name}`)),
      choice("axis2", "up", axisNames, second.name, (v) => this.set("axes", `${first.name},${v}`)),
      h("p.note", {}, "The other columns are held at their median or most frequent value on the maps."),
    );
  }
  drawnInputs() {
    const chosen = this.state.inputs.split(",").filter(Boolean);
    const toggle = (name) => {
      const next = chosen.includes(name) ? chosen.filter((n) => n !== name) : [...chosen, name];
      if (next.length === 0) return this.say("One input at least must stay.");
      this.set("inputs", next.join(","));
    };
    const own = chosen.filter((n) => !(n in DERIVED));
    return [
      ...Object.entries(DERIVED).map(([name, d]) => button(d.label, () => toggle(name), { kind: "chip", pressed: chosen.includes(name) })),
      ...own.map((name) => button(name, () => toggle(name), { kind: "chip", pressed: true })),
      line("input", "own input", "", (text) => {
        if (!text.trim()) return;
        parse(text, ["x1", "x2"]);
        if (text.includes(",")) throw new Error("An input that is typed here has no comma.");
        this.set("inputs", [...chosen, text.replaceAll(" ", "")].join(","));
      }, "A formula of x1 and x2, for example cos(x1) or exp(-x2^2)"),
    ];
  }
  tableInputs() {
    const names = this.set_.columns.map((c) => c.name);
    const used = new Set(this.prepared.inputs.map((i) => i.column));
    return names.map((name) => button(name, () => {
      const next = names.filter((n) => (n === name ? !used.has(n) : used.has(n)));
      if (next.length) this.set("inputs", next.join(","));
      else this.say("One input at least must stay.");
    }, { kind: "chip", pressed: used.has(name) }));
  }
  syncControls() {
    for (const [name, control] of Object.entries(this.controls)) if (name in this.state && control.set) control.set(["sign", "showtest"].includes(name) ? this.state[name] === 1 : this.state[name]);
  }

  // ---- runs, files, words ----
  describe() {
    return { ...this.state, parameters: this.layout?.reduce((sum, a) => sum + (a.learned ? a.size : 0), 0) };
  }
  keep() {
    this.runs.add({ state: { ...this.state }, frame: this.frame, fit: this.fit, loss: this.loss, data: this.set_, tableText: this.ownText });
    announce("Run kept.");
  }
  async openRun(run) {
    await this.pause();
    Object.assign(this.state, run.state);
    this.syncControls();
    await this.rebuild();
    this.show(await this.remote.ask("parameters", { numbers: run.parameters }), true);
    this.events.push({ step: 0, epoch: 0, what: `weights of ${run.name}` });
  }
  exportPython() {
    const text = pythonOf(this);
    const dialog = opened("This run in Python", h("p.note", {}, this.events.length ? "Numbers were changed while it ran, so the script goes on from the weights that are on the page now." : "It trains the same network from the same seed on the same rows and compares the losses with the page's."), h("pre.code", { tabIndex: 0 }, text), h("div.bar", {}, button("Copy", () => navigator.clipboard.writeText(text)), button("Save as studio_run.py", () => save("studio_run.py", text, "text/x-python"), { kind: "primary" })));
    return dialog;
  }
  exportModel() {
    save("studio_network.safetensors", safetensorsOf(this), "application/octet-stream");
  }
  say(text, kind = "", actions = []) {
    this.message.hidden = text === "";
    this.message.className = `message ${kind}`;
    this.message.replaceChildren(text, ...actions, text ? button("✕", () => this.say(""), { kind: "quiet", hint: "Close" }) : "");
  }
  writeLink() {
    this.page.setLink(writeLink(this.state, DEFAULTS));
  }
}

const STARTING_POINTS = [[-3, -3, 0], [-3, 3, 1], [3, -3, 1], [3, 3, 0], [-3.6, -2.2, 0], [-2.2, 3.4, 1], [2.4, -3.4, 1], [3.6, 2.4, 0]];

const BOUNDED = new Set(["tanh", "sigmoid", "hard_sigmoid", "softsign", "gaussian", "step"]);
function layerScale(values, activation) {
  if (BOUNDED.has(activation)) return 1;
  let most = 1e-6;
  for (let i = 0; i < values.length; i += 3) if (Math.abs(values[i]) > most && Number.isFinite(values[i])) most = Math.abs(values[i]);
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
function modeOf(column) {
  const times = column.categories.map((_, k) => column.values.filter((v) => v === k).length);
  return times.indexOf(Math.max(...times));
}
function medianOf(values) {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
