// Room 1, the playground: data, a network, and everything about its training that can be seen or turned.
//
// `state` is what the link carries. A change that needs no new weights goes to the running training; every other one makes a
// new network from its seed. The room is one class in three files: here what is trained and how it runs, in playground_controls.js
// what stands on the page, in playground_views.js what is drawn of a frame.
import { drawn, fromPoints, parseTable, prepared, seriesFrom, tableFrom, withTarget } from "./data.js";
import { announce, button, h, number, opened, save, whole } from "./elements.js";
import { parse } from "./expression.js";
import { controls } from "./playground_controls.js";
import { GRID, views } from "./playground_views.js";
import { pythonOf, safetensorsOf } from "./python.js";
import { Remote } from "./remote.js";
import {
  DEFAULTS,
  OPTIMIZERS,
  layersText,
  limited,
  lossOf,
  needsNewWeights,
  networkOf,
  parameterCount,
  question,
  readLink,
  settingsOf,
  writeLink,
} from "./settings.js";
import { whyNotFinite, whyQuiet } from "./words.js";

const EXACT_UP_TO = 4000; // parameters: smaller networks are trained to the bits of the package's baseline level, larger ones faster
const STARTING_POINTS = [
  [-3, -3, 0],
  [-3, 3, 1],
  [3, -3, 1],
  [3, 3, 0],
  [-3.6, -2.2, 0],
  [-2.2, 3.4, 1],
  [2.4, -3.4, 1],
  [3.6, 2.4, 0],
];

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
  // ---- what is trained ----
  dataset() {
    const { state } = this;
    if (state.data === "table") {
      if (!this.table) this.loadOwn();
      return this.series ? seriesFrom(this.series, state.window) : withTarget(this.table, state.target);
    }
    if (state.data === "points")
      return fromPoints(this.points.length >= 4 ? this.points : STARTING_POINTS.slice(), "classes", 2);
    const key = [state.data, state.n, state.noise, state.dseed, state.formula].join("|");
    if (this.drawnKey !== key)
      ((this.drawnSet = drawn(state.data, {
        count: state.n,
        noise: state.noise,
        seed: state.dseed,
        formula: state.formula,
      })),
        (this.drawnKey = key));
    return this.drawnSet;
  }
  loadOwn() {
    const { own } = this.page;
    if (!own)
      throw new Error(
        "The link asks for a table, and this page has none. Drop the CSV file here, or choose other data.",
      );
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
    this.prepared = prepared(data, {
      features,
      axes,
      parts: [state.validation, state.test],
      seed: state.dseed,
      targetForm: loss.form,
    });
    this.loss = loss;
    const outputs = data.kind === "classes" && question(data) === "many" ? data.target.classes.length : 1;
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
    const made = await this.remote.ask("create", {
      job: this.job,
      data: {
        x: this.prepared.x,
        y: this.prepared.y,
        count: this.prepared.count,
        features: this.prepared.features,
        targets: this.prepared.targets,
      },
      rows: this.prepared.rows,
      start,
      exact: this.exact,
    });
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
    if (name === "opt" && ["lbfgs", "rprop"].includes(value))
      this.say(
        value === "lbfgs"
          ? "L-BFGS takes all rows at every step: a step is an epoch."
          : "Rprop looks at signs only, so it wants the whole batch: set the batch size to all rows.",
      );
    if (name === "data" && value !== "table") Object.assign(state, { inputs: "x1,x2", axes: "x1,x2", loss: "" });
    limited(state);
    this.syncControls();
    if (
      name === "dseed" ||
      name === "noise" ||
      name === "n" ||
      name === "validation" ||
      name === "test" ||
      (name === "formula" && state.data === "formula")
    )
      return this.newRows(name);
    if (name === "speed") return (this.running && this.run(), this.writeLink());
    if (["sign", "showtest", "view"].includes(name)) return (this.drawMap(), this.writeLink());
    if (["stop", "until"].includes(name)) return (this.running && this.run(), this.writeLink());
    if (name === "axes") return this.newAxes();
    if (name === "frozen") return (this.applyPins(), this.writeLink());
    if (name === "formula") return this.writeLink();
    if (!needsNewWeights(name) || (name === "dropout" && before > 0 && value > 0) || name === "loss")
      return this.changeLive(name, before, value);
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
    if (this.frame?.standing.step > 0)
      this.events.push({
        step: this.frame.standing.step,
        epoch: this.frame.standing.epoch,
        what: `${name}: ${before} → ${value}`,
      });
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
    if (name === "formula" || !this.layout || columns.at(-1).units !== this.columns.at(-1).units)
      return this.pauseThen(() => this.rebuild());
    this.say("");
    this.columns = columns;
    if (this.frame?.standing.step > 0)
      this.events.push({ step: this.frame.standing.step, epoch: this.frame.standing.epoch, what: "other rows" });
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
    const target =
      this.state.stop === ""
        ? null
        : { which: this.prepared.rows.validation.length ? 1 : 0, value: Number(this.state.stop) };
    this.remote.ask("run", {
      speed: this.state.speed === "max" ? Infinity : Number(this.state.speed),
      target,
      until: this.state.until || null,
    });
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
    if (kind === "sample" && this.state.batch !== 1)
      this.events.push({ step: this.frame.standing.step, epoch: this.frame.standing.epoch, what: "a step on one row" });
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
      await tell(
        "2 · Forward: layer by layer every neuron takes its weighted sum, adds its bias and applies its activation.",
        "forward",
      );
      await tell(`3 · Loss: the mean over this batch is ${number(seen.loss)}.`, "loss");
      if (this.slow !== token) break;
      this.gradient = seen.gradient;
      this.drawNetwork();
      await tell(
        "4 · Backward: the chain rule gives every weight its share of the blame. Lines show the gradients now.",
        "backward",
      );
      this.gradient = null;
      if (this.slow !== token) break;
      const frame = await this.remote.ask("step", { kind: "batch" });
      this.show(frame, true);
      const [after] = await this.remote.ask("losses", { which: 0, list: [frame.parameters] });
      await tell(
        `5 · Update: ${OPTIMIZERS[this.state.opt].title} moves every weight against its gradient. Training loss: ${number(after)}.`,
        "update",
      );
    }
    this.gradient = null;
    this.batchRows = null;
    delete this.networkBox.dataset.phase;
    this.caption.hidden = true;
    if (!this.closed) (this.drawNetwork(), this.drawMap());
  }
  // ---- weights by hand ----
  async edit(place, value, words) {
    const numbers = this.frame.parameters.slice();
    const before = numbers[place];
    numbers[place] = value;
    this.events.push({
      step: this.frame.standing.step,
      epoch: this.frame.standing.epoch,
      what: `${words}: ${number(before)} → ${number(value)}`,
    });
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
        for (let k = 0; k < array.size; ++k) (places.push(array.at + k), values.push(now[array.at + k]));
    for (const key of this.pins.cut) {
      const [c, u] = key.split(".").map(Number);
      const next = this.arrays(c + 1)?.weight;
      if (next) for (let o = 0; o < next.columns; ++o) (places.push(next.at + u * next.columns + o), values.push(0));
    }
    if (this.frame.standing.step > 0)
      this.events.push({
        step: this.frame.standing.step,
        epoch: this.frame.standing.epoch,
        what: "frozen or switched off: changed",
      });
    this.show(await this.remote.ask("pin", { places, values }), true);
  }
  // Where column c's numbers lie among the parameters (columns count from the inputs, 0).
  arrays(c) {
    const column = this.columns[c - 1];
    if (!column || !this.layout) return null;
    const of = this.layout.filter((a) => a.layer === column.weights);
    return { weight: of.find((a) => a.name.endsWith(".weight")), bias: of.find((a) => a.name.endsWith(".bias")) };
  }
  // A frame from the worker, or the answer to a question.
  show(frame, always = false, scrubbing = false) {
    if (this.closed) return;
    frame.grid ??= this.frame?.grid; // maps that take long come with some of the frames only
    this.frame = frame;
    if (frame.running === false && this.running && frame.ended) this.setRunning(false);
    if (frame.ended === "diverged")
      this.say(whyNotFinite(this.state, frame, this.layout), "problem", [
        button("Back to the last good moment, with a tenth of the rate", () => this.recover()),
      ]);
    if (frame.ended === "target")
      this.say(
        `The target is reached: loss ${number(frame.losses[this.prepared.rows.validation.length ? 1 : 0])} after ${whole(frame.standing.epoch)} epochs.`,
      );
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
    const seen = await this.remote
      .ask("inspect", { rows: this.prepared.rows.training.slice(0, 256) })
      .catch(() => null);
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
    if (file.size > 30e6)
      return this.say(
        `${file.name} has ${whole(file.size / 1e6)} MB; the page takes up to 30. Use thetastar fit for larger tables.`,
        "problem",
      );
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
    this.series =
      usable.length === 1 && numbers.length === 1 ? Array.from(numbers[0].values).filter(Number.isFinite) : null;
    if (!usable.some((c) => c.name === (target ?? this.state.target))) this.state.target = usable.at(-1).name;
    else this.state.target = target ?? this.state.target;
    this.ownText = text;
  }
  // ---- runs, files, words ----
  describe() {
    return { ...this.state, parameters: this.layout?.reduce((sum, a) => sum + (a.learned ? a.size : 0), 0) };
  }
  keep() {
    this.runs.add({
      state: { ...this.state },
      frame: this.frame,
      fit: this.fit,
      loss: this.loss,
      data: this.set_,
      tableText: this.ownText,
    });
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
    const dialog = opened(
      "This run in Python",
      h(
        "p.note",
        {},
        this.events.length
          ? "Numbers were changed while it ran, so the script goes on from the weights that are on the page now."
          : "It trains the same network from the same seed on the same rows and compares the losses with the page's.",
      ),
      h("pre.code", { tabIndex: 0 }, text),
      h(
        "div.bar",
        {},
        button("Copy", () => navigator.clipboard.writeText(text)),
        button("Save as studio_run.py", () => save("studio_run.py", text, "text/x-python"), { kind: "primary" }),
      ),
    );
    return dialog;
  }
  exportModel() {
    save("studio_network.safetensors", safetensorsOf(this), "application/octet-stream");
  }
  say(text, kind = "", actions = []) {
    this.message.hidden = text === "";
    this.message.className = `message ${kind}`;
    this.message.replaceChildren(
      text,
      ...actions,
      text ? button("✕", () => this.say(""), { kind: "quiet", hint: "Close" }) : "",
    );
  }
  writeLink() {
    this.page.setLink(writeLink(this.state, DEFAULTS));
  }
}
Object.assign(Playground.prototype, controls, views);
