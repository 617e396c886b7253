// One neuron, read and edited: its formula with the numbers in it, every weight that leads into it, and its bias.
import { button, h, number } from "./elements.js";

export class NeuronCard {
  // on: {edit(place, value, words), freeze(column), cut(column, unit), close()}
  constructor(on) {
    this.on = on;
    this.element = h("aside.panel.card", { hidden: true, "aria-label": "The chosen neuron" });
  }
  open(content) {
    this.element.hidden = content === null;
    this.rows = null;
    if (!content) return;
    const { weight, bias, names } = content;
    const place = (i) => weight.at + i * weight.columns + content.unit;
    const field = (at, words, label) => {
      const input = h("input", {
        type: "number",
        step: "0.1",
        "aria-label": `${label}`,
        onchange: () =>
          Number.isFinite(Number(input.value)) && input.value !== "" && this.on.edit(at, Number(input.value), words),
      });
      const range = h("input", {
        type: "range",
        min: "-4",
        max: "4",
        step: "0.01",
        "aria-label": `${label}, slider`,
        oninput: () => ((input.value = range.value), this.on.edit(at, Number(range.value), words)),
      });
      return { at, input, range, box: h("div.weight", {}, h("span.weight-name", {}, label), range, input) };
    };
    const shown = Math.min(weight.rows, 60);
    this.fields = [
      ...Array.from({ length: shown }, (_, i) =>
        field(place(i), `weight ${names[i]} → ${content.title}`, `weight of ${names[i]}`),
      ),
      ...(bias ? [field(bias.at + content.unit, `bias of ${content.title}`, "bias")] : []),
    ];
    this.formula = h("p.formula", { "aria-live": "off" });
    this.element.replaceChildren(
      h(
        "div.card-head",
        {},
        h("h2", {}, content.title),
        button(content.frozen ? "❄ frozen: thaw" : "Freeze this layer", () => this.on.freeze(content.column), {
          name: "freeze",
          pressed: content.frozen,
        }),
        content.canCut
          ? button(content.off ? "Switch it on" : "Switch it off", () => this.on.cut(content.column, content.unit), {
              pressed: content.off,
              hint: "Its outgoing weights stay 0",
            })
          : null,
        button("Close", () => this.on.close(), { kind: "quiet" }),
      ),
      this.formula,
      h(
        "div.weights",
        {},
        this.fields.map((f) => f.box),
        weight.rows > shown ? h("p.note", {}, `and ${weight.rows - shown} more`) : null,
      ),
    );
    this.update(content);
    const chosen = content.from === null || content.from === undefined ? null : this.fields[content.from];
    if (chosen) {
      chosen.input.focus();
      chosen.input.select();
    }
  }
  // The numbers move while it trains, but not under someone's fingers.
  update(content) {
    if (!content || this.element.hidden) return;
    for (const { at, input, range } of this.fields) {
      const v = content.parameters[at];
      if (document.activeElement !== input && document.activeElement !== range) {
        input.value = String(+v.toPrecision(5));
        range.value = String(v);
      }
    }
    this.live(content);
  }
  live(content) {
    if (!content || this.element.hidden || !this.formula) return;
    const { weight, bias, names, before, answer, activation, parameters } = content;
    const w = (i) => parameters[weight.at + i * weight.columns + content.unit];
    const b = bias ? parameters[bias.at + content.unit] : 0;
    const most = 6;
    const count = Math.min(weight.rows, most);
    const terms = Array.from({ length: count }, (_, i) =>
      before ? `${number(w(i), 3)} · ${bracket(before[i])}` : `${number(w(i), 3)} · ${names[i]}`,
    );
    if (weight.rows > most) terms.push(`… ${weight.rows - most} more`);
    let sum = b;
    if (before) for (let i = 0; i < weight.rows; ++i) sum += w(i) * before[i];
    const inside = `${terms.join(" + ")} + ${bracket(b)}`;
    const wrap = activation === "identity" ? inside : `${activation}( ${inside} )`;
    this.formula.replaceChildren(
      h(
        "code",
        {},
        before
          ? `${wrap}${content.plain && activation !== "identity" ? ` = ${activation}(${number(sum, 4)})` : ""} = ${number(answer, 4)}`
          : wrap,
      ),
      before ? "" : h("span.note", {}, "Move over the large map, and the numbers of that place stand here."),
    );
  }
}
const bracket = (v) => (v < 0 ? `(${number(v, 3)})` : number(v, 3));
