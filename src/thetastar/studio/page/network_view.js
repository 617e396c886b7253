// The network as a drawing that is alive: a map in every neuron, weights as lines (colour: sign, width: size), biases as squares.
//
// Neurons are buttons, so that keys and screen readers reach them; lines are on one canvas behind them.
import { css, diverging, paint, sharp } from "./colours.js";
import { h, number, within } from "./elements.js";

const MOST = 10; // neurons of a column that are drawn
const MAP = 28; // pixels a side of a neuron's map, before it is scaled

export class NetworkView {
  // on: {select(column, unit), hover(column, unit) or hover(null), link(link), more(column, by), layer(column), activation(column, name)}
  constructor(container, on) {
    this.container = container;
    this.on = on;
    this.canvas = h("canvas.links", { role: "img", "aria-hidden": "true" });
    this.tip = h("div.tip", { hidden: true });
    this.body = h("div.columns");
    container.replaceChildren(this.canvas, this.body, this.tip);
    this.canvas.style.pointerEvents = "none";
    container.addEventListener("pointermove", (event) => this.point(event));
    container.addEventListener("pointerleave", () => this.leave());
    container.addEventListener("click", (event) => {
      if (this.near && !event.target.closest("button, select")) this.on.link(this.near);
    });
    const again = new ResizeObserver(() => ((this.places = null), this.drawLinks()));
    again.observe(container);
    again.observe(this.body);
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
  }

  // columns: [{title, names or null, units, activation, head (elements), output}] from the inputs to the output
  build(columns) {
    this.columns = columns;
    this.cells = columns.map((column, c) => {
      const shown = Math.min(column.units, MOST);
      const neurons = Array.from({ length: shown }, (_, u) => {
        const map = h("canvas");
        const bias = c === 0 ? null : h("span.bias", { title: "bias" });
        const text = column.names?.[u];
        const cell = h(
          "button.neuron",
          {
            type: "button",
            onclick: () => this.on.select(c, u),
            onpointerenter: () => this.on.hover(c, u),
            onpointerleave: () => this.on.hover(null),
            onfocus: () => this.on.hover(c, u),
            onblur: () => this.on.hover(null),
          },
          map,
          bias,
          text ? h("span.name", {}, text) : null,
        );
        return { cell, map, bias, text };
      });
      const left = column.units - shown;
      return {
        neurons,
        element: h(
          "div.column",
          {},
          h("div.column-head", {}, column.head),
          h(
            "div.neurons",
            {},
            neurons.map((n) => n.cell),
            left > 0 ? h("span.left", {}, `and ${left} more`) : null,
          ),
        ),
      };
    });
    this.body.replaceChildren(...this.cells.map((c) => c.element));
    this.links = [];
    this.near = null;
    this.places = null;
    requestAnimationFrame(() => this.drawLinks());
  }
  mark(column, unit) {
    this.cells?.forEach((c, i) =>
      c.neurons.forEach((n, u) => n.cell.classList.toggle("chosen", i === column && u === unit)),
    );
  }

  // weights(c) -> {weight (Float32Array I × O), bias, frozen} for columns from 1 on; maps(c, u) -> i -> value from −1 to 1; n: places a side
  update({ weights, maps, n, running, values }) {
    this.state = { weights, maps, n, running };
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const now = performance.now();
    const labels = !running || !this.labelled || now - this.labelled > 160; // colours and spoken words need no frame rate
    if (labels) this.labelled = now;
    this.cells.forEach((column, c) => {
      const of = c > 0 ? weights(c) : null;
      column.neurons.forEach(({ cell, map, bias }, u) => {
        if (map.width !== MAP * ratio * 1.5) map.width = map.height = MAP * ratio * 1.5;
        const value = maps(c, u);
        if (value) paint(map, n / 2, (i) => diverging(value((i % (n / 2)) * 2 + Math.floor(i / (n / 2)) * 2 * n)));
        if (!labels) return;
        if (bias) {
          const b = of.bias ? of.bias[u] : 0;
          bias.style.background = css(diverging(Math.max(-1, Math.min(1, b * 0.9))));
          cell.setAttribute(
            "aria-label",
            `${this.columns[c].title}, neuron ${u + 1}: bias ${number(b, 3)}${values ? `, now ${number(values(c, u), 3)}` : ""}. Show and edit.`,
          );
        } else cell.setAttribute("aria-label", `input ${this.columns[c].names[u]}`);
      });
    });
    this.drawLinks();
  }

  // Where the neurons lie: measured once, because to ask in every frame makes the browser lay out the page each time.
  measure() {
    if (this.body.offsetWidth === 0) return;
    const cells = this.cells.map((column) =>
      column.neurons.map(({ cell }) => {
        const r = cell.getBoundingClientRect();
        const [left, middle] = within(this.body, [r.left, (r.top + r.bottom) / 2]);
        return [left, within(this.body, [r.right, r.top])[0], middle];
      }),
    );
    this.places = { width: this.body.scrollWidth, height: this.body.scrollHeight, cells };
  }
  drawLinks() {
    if (!this.state || !this.cells) return;
    if (!this.places) this.measure();
    if (!this.places) return;
    const { width, height } = this.places;
    const ratio = sharp(this.canvas, width, height);
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    this.links = [];
    if (this.state.running && !this.still.matches) this.flow = (this.flow ?? 0) - 0.6;
    for (let c = 1; c < this.cells.length; ++c) {
      const { weight, columns: O } = this.state.weights(c);
      let largest = 0.6;
      for (const w of weight) largest = Math.max(largest, Math.abs(w));
      this.cells[c - 1].neurons.forEach((_, i) => {
        const [, x0, y0] = this.places.cells[c - 1][i];
        this.cells[c].neurons.forEach((__, o) => {
          const [x1, , y1] = this.places.cells[c][o];
          const w = weight[i * O + o];
          const link = { column: c, from: i, to: o, x0, y0, x1, y1, w };
          this.links.push(link);
          const chosen = this.near && this.near.column === c && this.near.from === i && this.near.to === o;
          pen.beginPath();
          pen.moveTo(x0, y0);
          const bend = (x1 - x0) * 0.45;
          pen.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1, y1);
          pen.lineWidth = chosen ? 5 : Number.isFinite(w) ? 0.4 + 5 * Math.min(1, Math.abs(w) / largest) ** 0.9 : 1;
          const strong = Math.sign(w) * (0.45 + 0.4 * Math.min(1, Math.abs(w)));
          pen.strokeStyle = w === 0 ? "rgb(128 128 128 / 25%)" : css(diverging(strong));
          pen.setLineDash(w === 0 ? [2, 4] : this.state.running ? [10, 2] : []);
          pen.lineDashOffset = this.flow ?? 0;
          pen.stroke();
        });
      });
    }
  }

  point(event) {
    if (!this.links?.length) return;
    const [x, y] = within(this.body, [event.clientX, event.clientY]);
    let best = 9;
    let near = null;
    if (!event.target.closest?.("button, select"))
      for (const link of this.links) {
        if (x < link.x0 || x > link.x1) continue;
        const bend = 0.45;
        const t = solve((x - link.x0) / (link.x1 - link.x0 || 1), bend);
        const at = link.y0 + (link.y1 - link.y0) * (3 * t * t - 2 * t * t * t);
        const d = Math.abs(at - y);
        if (d < best) ((best = d), (near = link));
      }
    const changed = near?.column !== this.near?.column || near?.from !== this.near?.from || near?.to !== this.near?.to;
    this.near = near;
    this.container.classList.toggle("on-link", near !== null);
    if (near) {
      this.tip.hidden = false;
      this.tip.textContent = `weight ${number(near.w, 4)} · click to edit`;
      this.tip.style.left = `${Math.min(x + 14, this.body.scrollWidth - 150)}px`;
      this.tip.style.top = `${y + 12}px`;
    } else this.tip.hidden = true;
    if (changed) this.drawLinks();
  }
  leave() {
    this.near = null;
    this.tip.hidden = true;
    this.drawLinks();
  }
  // What is told of a link while the mouse rests on it keeps up with training.
  refreshTip() {
    if (!this.near) return;
    const now = this.links.find(
      (l) => l.column === this.near.column && l.from === this.near.from && l.to === this.near.to,
    );
    if (now) ((this.near = now), (this.tip.textContent = `weight ${number(now.w, 4)} · click to edit`));
  }
}
// The curve's parameter where it has come so far to the right (x of a cubic with handles at `bend` and 1 − bend).
function solve(x, bend) {
  let t = x;
  for (let i = 0; i < 6; ++i) {
    const f = 3 * (1 - t) * (1 - t) * t * bend + 3 * (1 - t) * t * t * (1 - bend) + t * t * t - x;
    const d = 3 * (1 - t) * (1 - t) * bend + 6 * (1 - t) * t * (1 - 2 * bend) + 3 * t * t * bend;
    t -= f / (d || 1);
  }
  return Math.max(0, Math.min(1, t));
}
