// The large map: what the network (or one neuron) answers at every place of two columns, with the data on it.
import { classColour, css, diverging, paint, sharp, theme } from "./colours.js";
import { h, number, within } from "./elements.js";

const EDGE = 34; // room for the axes' numbers

export class OutputMap {
  // on: {probe([a, b]) or probe(null), click([a, b], event), drag(index, [a, b], done)}
  constructor(container, on = {}) {
    this.on = on;
    this.canvas = h("canvas", { tabIndex: 0, role: "application", "aria-roledescription": "map" });
    this.legend = h("div.map-legend");
    container.append(h("div.map", {}, this.canvas), this.legend);
    this.container = container;
    this.probe = null;
    this.dragged = null;
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerleave", () => this.dragged === null && this.setProbe(null));
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointerup", (event) => this.up(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(container);
  }
  // content: {n, colour(i), axes, points: [{a, b, label (class or value), part: 0|1|2, wrong}], kind, scale, title, marks, label}
  show(content) {
    this.content = content;
    this.draw();
  }
  draw() {
    const { content } = this;
    if (!content) return;
    const size = Math.max(180, Math.min(this.container.clientWidth, 520));
    const ratio = sharp(this.canvas, size, size);
    this.size = size;
    const pen = this.canvas.getContext("2d");
    const inner = size - EDGE;
    this.field ??= document.createElement("canvas");
    const field = this.field;
    const pixels = Math.round(inner * ratio);
    if (field.width !== pixels) field.width = field.height = pixels;
    if (content.colour) paint(field, content.n, content.colour);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (content.colour) pen.drawImage(field, Math.round(EDGE * ratio), 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawAxes(pen, size);
    const mode = theme();
    const paper = mode === "dark" ? "#0f1216" : "#ffffff";
    const small = content.points.length > 800 ? 2.2 : 3.2;
    for (const point of content.points) this.drawPoint(pen, point, small, paper, mode);
    if (content.overlay) content.overlay(pen, (a, b) => this.place(a, b), inner, EDGE);
    if (this.probe) {
      const [x, y] = this.place(...this.probe);
      pen.strokeStyle = mode === "dark" ? "#fff" : "#191c20";
      pen.setLineDash([3, 3]);
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(EDGE, y);
      pen.lineTo(size, y);
      pen.moveTo(x, 0);
      pen.lineTo(x, inner);
      pen.stroke();
      pen.setLineDash([]);
    }
    this.canvas.setAttribute(
      "aria-label",
      `${content.title}. Arrow keys move a cross over it and read what the network answers there.`,
    );
  }
  drawPoint(pen, { a, b, label, part, wrong, strong }, radius, paper, mode) {
    const [x, y] = this.place(a, b);
    if (x < EDGE - 2 || x > this.size + 2 || y < -2 || y > this.size - EDGE + 2) return;
    const { kind, scale } = this.content;
    const colour = kind === "classes" ? classColour(label, mode) : diverging(label / (scale || 1), mode);
    const r = strong ? radius * 2 : radius;
    pen.beginPath();
    if (kind === "classes" && label % 2 === 0) pen.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
    else pen.arc(x, y, r, 0, 2 * Math.PI);
    pen.fillStyle = part === 0 ? css(colour) : paper;
    pen.fill();
    pen.lineWidth = part === 0 ? 1 : 1.6;
    pen.strokeStyle = part === 0 ? paper : css(colour);
    pen.stroke();
    if (wrong || strong) {
      pen.beginPath();
      pen.arc(x, y, r + 3, 0, 2 * Math.PI);
      pen.lineWidth = 1.4;
      pen.strokeStyle = mode === "dark" ? "#fff" : "#191c20";
      pen.stroke();
    }
  }
  drawAxes(pen, size) {
    const { axes } = this.content;
    const style = getComputedStyle(document.documentElement);
    pen.fillStyle = style.getPropertyValue("--muted");
    pen.strokeStyle = style.getPropertyValue("--line");
    pen.font = `11px ${style.getPropertyValue("--sans")}`;
    const inner = size - EDGE;
    pen.strokeRect(EDGE + 0.5, 0.5, inner - 1, inner - 1);
    axes.forEach((axis, which) => {
      if (!axis) return;
      for (const [value, text] of ticks(axis)) {
        const [x, y] = which === 0 ? this.place(value, axes[1]?.low ?? 0) : this.place(axes[0].low, value);
        pen.textAlign = which === 0 ? "center" : "right";
        pen.textBaseline = which === 0 ? "top" : "middle";
        if (which === 0) pen.fillText(text, Math.min(Math.max(x, EDGE + 8), size - 10), inner + 5);
        else pen.fillText(text, EDGE - 5, Math.min(Math.max(y, 7), inner - 4));
      }
      pen.textAlign = "center";
      pen.textBaseline = "alphabetic";
      if (which === 0) pen.fillText(shortened(axis.title ?? axis.name), EDGE + inner / 2, size - 3);
      else {
        pen.save();
        pen.translate(10, inner / 2);
        pen.rotate(-Math.PI / 2);
        pen.fillText(shortened(axis.title ?? axis.name), 0, 0);
        pen.restore();
      }
    });
  }
  place(a, b) {
    const [first, second] = this.content.axes;
    const inner = this.size - EDGE;
    return [
      EDGE + ((a - first.low) / (first.high - first.low)) * inner,
      inner - ((b - second.low) / (second.high - second.low)) * inner,
    ];
  }
  where(event) {
    const [x, y] = within(this.canvas, [event.clientX, event.clientY]);
    const [first, second] = this.content.axes;
    const inner = this.size - EDGE;
    const a = first.low + ((x - EDGE) / inner) * (first.high - first.low);
    const b = second.high - (y / inner) * (second.high - second.low);
    return [Math.max(first.low, Math.min(first.high, a)), Math.max(second.low, Math.min(second.high, b))];
  }
  nearest(event, reach = 10) {
    const [pointedX, pointedY] = within(this.canvas, [event.clientX, event.clientY]);
    let best = reach;
    let found = -1;
    this.content.points.forEach((p, i) => {
      const [x, y] = this.place(p.a, p.b);
      const d = Math.hypot(x - pointedX, y - pointedY);
      if (d < best) ((best = d), (found = i));
    });
    return found;
  }
  down(event) {
    if (!this.content) return;
    if (this.content.editable) {
      this.dragged = this.nearest(event);
      if (this.dragged >= 0) this.canvas.setPointerCapture(event.pointerId);
      this.from = [event.clientX, event.clientY];
      this.moved = false;
    }
  }
  move(event) {
    if (!this.content) return;
    if (this.content.editable && this.dragged !== null && this.dragged >= 0) {
      if (Math.hypot(event.clientX - this.from[0], event.clientY - this.from[1]) > 3) this.moved = true;
      if (this.moved) this.on.drag?.(this.dragged, this.where(event), false);
    }
    this.setProbe(this.where(event));
  }
  up(event) {
    if (!this.content) return;
    const at = this.where(event);
    if (this.content.editable && this.dragged !== null && this.dragged >= 0 && this.moved)
      this.on.drag?.(this.dragged, at, true);
    else this.on.click?.(at, event, this.nearest(event));
    this.dragged = null;
  }
  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.key in steps) {
      event.preventDefault();
      const [first, second] = this.content.axes;
      const [a, b] = this.probe ?? [(first.low + first.high) / 2, (second.low + second.high) / 2];
      const size = event.shiftKey ? 0.1 : 0.025;
      const [da, db] = steps[event.key];
      this.setProbe(
        [
          Math.max(first.low, Math.min(first.high, a + da * size * (first.high - first.low))),
          Math.max(second.low, Math.min(second.high, b + db * size * (second.high - second.low))),
        ],
        true,
      );
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (this.probe) this.on.click?.(this.probe, event, -1);
    } else if (event.key === "Escape") this.setProbe(null);
  }
  setProbe(at, spoken = false) {
    this.probe = at;
    this.on.probe?.(at, spoken);
    this.draw();
  }
}

export function ticks(axis) {
  if (axis.categories) return axis.categories.map((word, i) => [i, shortened(word, 8)]);
  const span = axis.high - axis.low;
  const raw = span / 5;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * unit).find((v) => v >= raw);
  const list = [];
  for (let v = Math.ceil(axis.low / step) * step; v <= axis.high + 1e-9; v += step)
    list.push([v, number(Math.abs(v) < step / 1e6 ? 0 : v, 3)]);
  return list;
}
const shortened = (text, most = 26) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
