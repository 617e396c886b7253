// Runs that are kept: their curves beside the present one, what differs between them, and the way back into each.
import { classColour, diverging, paint, sharp } from "./colours.js";
import { button, h, number, save, whole } from "./elements.js";

const COLOURS = ["purple", "teal", "pink", "brown", "gray"];
const MOST_PICTURES = 60;

export class Runs {
  // on: {keep(), open(run), changed(), python(), model()}
  constructor(on) {
    this.on = on;
    this.kept = [];
    this.pictures = [];
    this.table = h("div.scroll");
    this.beside = h("div.beside");
    this.element = h(
      "div.panel.runs",
      { "data-control": "runs" },
      h(
        "div.card-head",
        {},
        h("h2", {}, "Runs"),
        button("Keep this run", on.keep, { kind: "primary" }),
        button("Python…", on.python, { hint: "A script that repeats this run", name: "python" }),
        button("Save network", on.model, { hint: "The weights as a safetensors file", name: "model" }),
      ),
      h(
        "p.note",
        {},
        "Keep a run, press “Same start”, change one thing, and run: both curves share the axes, and the maps stand beside each other at the same epoch.",
      ),
      this.beside,
      this.table,
    );
  }
  begin(described) {
    this.described = described;
    this.pictures = [];
    this.began = performance.now();
    this.spent = 0;
  }
  describe(described) {
    this.described = described;
  }
  // While it trains: small pictures of the output from time to time, to lay beside a later run.
  frame(frame, prepared, picture) {
    const { epoch, step } = frame.standing;
    const last = this.pictures.at(-1);
    if (last && step <= last.step) this.pictures = this.pictures.filter((p) => p.step < step);
    if (!last || step >= last.step + (this.gap ?? 0)) {
      this.pictures.push({ step, epoch, ...picture() });
      if (this.pictures.length > MOST_PICTURES) {
        this.pictures = this.pictures.filter((_, i) => i % 2 === 0);
        this.gap = (step - this.pictures[0].step) / this.pictures.length;
      }
    }
    this.now = { epoch, frame, prepared };
    this.drawBeside();
  }
  add({ state, frame, fit, loss, data }) {
    const name = `run ${(this.count = (this.count ?? 0) + 1)}`;
    this.kept.push({
      name,
      state,
      fit,
      loss,
      kind: data.kind,
      curve: frame.curve.slice(),
      losses: frame.losses,
      standing: frame.standing,
      parameters: frame.parameters.slice(),
      count: this.described.parameters,
      rate: frame.rate,
      pictures: this.pictures.slice(),
      colour: COLOURS[(this.count - 1) % COLOURS.length],
      shown: true,
    });
    if (this.kept.length > 40) this.kept.shift();
    this.draw();
    this.on.changed();
  }
  series(perEpoch) {
    return this.kept
      .filter((run) => run.shown)
      .slice(-5)
      .map((run) => {
        const which = Number.isFinite(run.losses[1]) ? 1 : 0;
        return {
          name: `${run.name}${which ? ", validation" : ""}`,
          x: run.curve.map((m) => m.epoch + m.row / perEpoch),
          y: run.curve.map((m) => m.losses[which]),
          color: run.colour,
          dash: "dashed",
          width: 1.5,
        };
      });
  }
  draw() {
    const differs = this.differences();
    const column = (title, of) => ({ title, of });
    const columns = [
      column("run", (r) => h("span", {}, h("i.swatch", { "data-colour": r.colour }), r.name)),
      column("what differs", (r) => differs.map((k) => `${k} ${r.state[k]}`).join(" · ") || "–"),
      column("epochs", (r) => whole(r.standing.epoch)),
      column("parameters", (r) => whole(r.count)),
      column("training", (r) => number(r.losses[0])),
      column("validation", (r) => number(r.losses[1])),
      column("test", (r) => number(r.losses[2])),
      column("fit", (r) => r.fit?.validation || r.fit?.training || ""),
    ];
    this.table.replaceChildren(
      this.kept.length
        ? h(
            "table.kept",
            {},
            h(
              "thead",
              {},
              h(
                "tr",
                {},
                columns.map((c) => h("th", { scope: "col" }, c.title)),
                h("th", {}, ""),
              ),
            ),
            h(
              "tbody",
              {},
              this.kept.map((run) =>
                h(
                  "tr",
                  {},
                  columns.map((c) => h("td", {}, c.of(run))),
                  h(
                    "td.actions",
                    {},
                    button(
                      run.shown ? "hide" : "show",
                      () => ((run.shown = !run.shown), this.draw(), this.on.changed()),
                      { kind: "small" },
                    ),
                    button("open", () => this.on.open(run), { kind: "small", hint: "Its settings and weights" }),
                    button(
                      "delete",
                      () => ((this.kept = this.kept.filter((r) => r !== run)), this.draw(), this.on.changed()),
                      { kind: "small" },
                    ),
                  ),
                ),
              ),
            ),
          )
        : "",
      this.kept.length ? button("Save the table (CSV)", () => this.saveTable(columns), { kind: "small" }) : "",
    );
  }
  differences() {
    const skip = new Set(["speed", "sign", "showtest", "view", "hide"]);
    const all = this.kept.map((r) => r.state);
    return all.length < 2
      ? ["layers", "opt", "lr"]
      : Object.keys(all[0]).filter((k) => !skip.has(k) && all.some((s) => s[k] !== all[0][k]));
  }
  saveTable(columns) {
    const text = (v) => (v instanceof Node ? v.textContent : String(v)).replaceAll('"', '""');
    save(
      "runs.csv",
      [columns.map((c) => c.title), ...this.kept.map((r) => columns.map((c) => `"${text(c.of(r))}"`))]
        .map((row) => row.join(","))
        .join("\n"),
      "text/csv",
    );
  }
  // The last kept run's output at the epoch where the present one is.
  drawBeside() {
    const run = this.kept.filter((r) => r.shown).at(-1);
    if (!run || !this.now || run.pictures.length === 0) return this.beside.replaceChildren();
    const at = run.pictures.reduce((best, p) =>
      Math.abs(p.epoch - this.now.epoch) < Math.abs(best.epoch - this.now.epoch) ? p : best,
    );
    const mine = this.pictures.at(-1);
    const key = `${run.name}|${at.step}|${mine?.step}`;
    if (key === this.besideKey) return;
    this.besideKey = key;
    const one = (title, picture) => {
      const canvas = h("canvas");
      sharp(canvas, 150);
      const N = picture.n * picture.n;
      const k = picture.grid.length / N;
      paint(
        canvas,
        picture.n,
        k > 1
          ? (i) =>
              classColour(
                Array.from({ length: k }, (_, c) => picture.grid[c * N + i]).reduce(
                  (b, v, c, l) => (v > l[b] ? c : b),
                  0,
                ),
              )
          : (i) => diverging(Math.tanh(picture.grid[i])),
      );
      return h("figure", {}, canvas, h("figcaption", {}, title));
    };
    this.beside.replaceChildren(
      one(`${run.name}, epoch ${whole(at.epoch)}`, at),
      ...(mine ? [one(`now, epoch ${whole(mine.epoch)}`, mine)] : []),
    );
  }
}
