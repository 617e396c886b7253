// Room 7: a study of the local engine, started and watched from here (served only); and any of its networks in the playground.
import { draw } from "./charts/charts.js";
import { parseTable, tableFrom } from "./data.js";
import { button, choice, h, number, numeric, whole } from "./elements.js";

export class Study {
  constructor(root, link, page) {
    this.root = root;
    this.page = page;
    this.given = page.given;
    this.build();
    this.ready = this.given.study ? Promise.resolve(this.record(this.given.study)) : this.poll();
  }
  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }
  redraw() {
    if (this.last) this.record(this.last);
  }
  async ask(name, body) {
    const answer = await fetch(
      `study/${name}`,
      body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {},
    );
    const told = await answer.json();
    if (told.error) throw new Error(told.error);
    return told;
  }
  build() {
    const { own } = this.page;
    this.status = h("p.note", { role: "status" });
    this.board = h("div.scroll");
    this.depth = h("div");
    this.search = h("div");
    this.words = h("div");
    const form = [];
    if (this.given.served) {
      const usable = own
        ? tableFrom(parseTable(own.text))
            .columns.filter((c) => c.distinct > 1)
            .map((c) => c.name)
        : [];
      this.choices = { target: own?.target ?? usable.at(-1), effort: 20, seed: 0 };
      form.push(
        own
          ? h("p.note", {}, `${own.name}`)
          : h("p.note", {}, "Open the studio with a table, “thetastar studio houses.csv”, or choose one here."),
        (this.file = h("input", {
          type: "file",
          accept: ".csv,.tsv,.txt",
          "aria-label": "table",
          onchange: async () => {
            const [one] = this.file.files;
            if (!one) return;
            this.page.own = { name: one.name, text: await one.text(), target: null };
            this.build();
          },
        })),
        own ? choice("target", "target", usable, this.choices.target, (v) => (this.choices.target = v)) : "",
        own
          ? numeric("effort", "effort, core-seconds", 20, { min: 1, max: 3600 }, (v) => (this.choices.effort = v))
          : "",
        own ? numeric("seed", "seed", 0, { min: 0, max: 1e9, integer: true }, (v) => (this.choices.seed = v)) : "",
        own
          ? h(
              "div.bar",
              {},
              button("▶ Start the study", () => this.start(), { kind: "primary", name: "run" }),
              button("Stop", () => this.ask("stop", {}).catch((e) => (this.status.textContent = e.message))),
            )
          : "",
      );
    }
    this.root.replaceChildren(
      h(
        "section.room",
        { "aria-label": "Study" },
        h("h1", {}, "A study: many networks, one honest choice"),
        h(
          "p.lead-text",
          {},
          "The engine on this machine trains candidates on folds of the table, chooses by validation and tests once. Every finished network is a point below.",
        ),
        h(
          "div.side",
          {},
          h(
            "div.panel.stack",
            {},
            form.length ? form : h("p.note", {}, "Studies run where “thetastar studio” serves this page."),
            this.status,
          ),
          h(
            "div.stack",
            {},
            h("div.panel", {}, h("h2", {}, "The search"), this.search),
            h(
              "div.two",
              {},
              h("div.panel", {}, h("h2", {}, "Leaderboard"), this.board),
              h("div.panel", {}, h("h2", {}, "Overfitting by depth"), this.depth),
            ),
            h("div.panel", {}, this.words),
          ),
        ),
      ),
    );
    this.charts = {};
  }
  async start() {
    try {
      await this.ask("start", { text: this.page.own.text, ...this.choices });
      this.status.textContent = "Reading the table …";
      this.poll();
    } catch (error) {
      this.status.textContent = error.message;
    }
  }
  async poll() {
    if (!this.given.served || this.closed) return;
    let state;
    try {
      state = await this.ask("state");
    } catch (error) {
      this.status.textContent = error.message;
      return;
    }
    if (!state.started || this.closed) return;
    this.status.textContent =
      state.error ||
      (state.running
        ? `${whole(state.networks.length)} networks are done …`
        : `${whole(state.networks.length)} networks were trained.`);
    this.showSearch(state.networks);
    if (state.done && !state.running) return this.record((await this.ask("record")).record);
    if (state.running) this.timer = setTimeout(() => this.poll(), 700);
  }
  put(name, place, spec) {
    if (this.charts[name]) this.charts[name].update(spec);
    else this.charts[name] = draw(place, spec);
  }
  showSearch(networks) {
    if (networks.length === 0) return;
    const metric = Object.keys(networks[0].scores ?? {})[0] ?? "score";
    const names = [...new Set(networks.map((n) => n.candidate))];
    const of = (name) => networks.map((n, i) => [n, i + 1]).filter(([n]) => n.candidate === name);
    const series = names.slice(0, 16).map((name) => ({
      name,
      x: of(name).map(([, i]) => i),
      y: of(name).map(([n]) => n.scores?.[metric] ?? null),
      labels: of(name).map(([n]) => `${name}, fold ${n.fold + 1}, ${n.epochs} epochs, ${n.stopped}`),
    }));
    this.put("search", this.search, {
      kind: "points",
      label: "Finished networks and their scores on the rows that choose",
      height: 260,
      x: { title: "networks, in the order in which they ended" },
      y: { title: `validation ${metric}` },
      legend: names.length < 10,
      series,
    });
  }
  record(record) {
    this.last = record;
    const rows = (record.leaderboard ?? []).slice().sort((a, b) => (a.rank ?? 1e9) - (b.rank ?? 1e9));
    const metric = record.metric?.name ?? "score";
    this.status.textContent = `Finished: ${rows.length} rows on the leaderboard, by ${metric}.`;
    this.board.replaceChildren(
      h(
        "table.kept",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["", "model", `validation ${metric}`, "spread", "parameters", ""].map((t) => h("th", { scope: "col" }, t)),
          ),
        ),
        h(
          "tbody",
          {},
          rows
            .slice(0, 30)
            .map((r, i) =>
              h(
                "tr",
                {},
                h("td", {}, String(r.rank ?? i + 1)),
                h("td", {}, r.name),
                h("td", {}, number(r.validation_mean, 4)),
                h("td", {}, number(r.validation_std, 2)),
                h("td", {}, r.parameters ? whole(r.parameters) : "–"),
                h(
                  "td",
                  {},
                  denseOf(r) ? button("open", () => this.open(r), { kind: "small", hint: "In the playground" }) : "",
                ),
              ),
            ),
        ),
      ),
    );
    const byDepth = new Map();
    for (const r of rows) {
      if (Number.isInteger(r.depth)) byDepth.set(r.depth, [...(byDepth.get(r.depth) ?? []), r]);
    }
    const depths = [...byDepth.keys()].sort((a, b) => a - b);
    const low = record.metric?.direction !== "max";
    const best = (list, of) =>
      list
        .map(of)
        .filter(Number.isFinite)
        .reduce((a, b) => (low === a < b ? a : b), low ? Infinity : -Infinity);
    if (depths.length > 1)
      this.put("depth", this.depth, {
        kind: "lines",
        label: "Best score by depth",
        height: 240,
        x: { title: "hidden layers", ticks: depths },
        y: { title: metric },
        series: [
          {
            name: "training rows",
            x: depths,
            y: depths.map((d) => finiteOr(best(byDepth.get(d), (r) => r.training_mean ?? NaN))),
            color: "blue",
            dots: true,
          },
          {
            name: "validation rows",
            x: depths,
            y: depths.map((d) => finiteOr(best(byDepth.get(d), (r) => r.validation_mean))),
            color: "orange",
            dots: true,
          },
        ],
      });
    else this.depth.replaceChildren(h("p.note", {}, "The candidates do not differ in depth."));
    const verdict = Array.isArray(record.verdict) ? record.verdict : [record.verdict ?? ""];
    this.words.replaceChildren(
      h("h2", {}, record.headline ?? "What came of it"),
      ...verdict.map((t) => h("p", {}, typeof t === "string" ? t : (t.text ?? ""))),
    );
  }
  open(row) {
    const { widths, activation, dropout } = denseOf(row);
    if (!this.page.own) {
      this.status.textContent = "The table is not on this page. Open the studio with it: thetastar studio TABLE.";
      return;
    }
    const link = new URLSearchParams({
      data: "table",
      layers: widths.map((u) => `${u}-${activation}`).join(","),
      opt: "adamw",
      lr: "0.01",
    });
    if (dropout) link.set("dropout", String(dropout));
    this.page.go(`#playground?${link.toString().replaceAll("%2C", ",")}`);
  }
}
const finiteOr = (v) => (Number.isFinite(v) ? v : null);
// The widths and the activation of a dense candidate whose inputs are the plain columns, from its name: "64-64 relu, dropout 0.2".
export function denseOf(row) {
  if (row.kind !== "network" || /pieces|conv|gru|lstm|rnn|realmlp/i.test(row.name)) return null;
  if (row.name.startsWith("linear")) return { widths: [], activation: "relu", dropout: 0 };
  const named = /^(\d+(?:-\d+)*) (\w+)/.exec(row.name);
  return named
    ? {
        widths: named[1].split("-").map(Number),
        activation: named[2],
        dropout: Number(/dropout ([\d.]+)/.exec(row.name)?.[1] ?? 0),
      }
    : null;
}
