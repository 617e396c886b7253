// Accessible SVG charts from plain JSON: draw(element, spec). The format is described in docs/reference/charts.md.
//
// Here is the Chart, which draws and redraws; parts/ has one function a kind. It takes (chart, width) and gives
// {height, svg, counts, item, hit, table, …}: the picture as text, how many values each series has, what to say about
// one, which one lies under the pointer, and the numbers behind it all. Files on disk import one another; a page that
// holds everything in itself gets them joined by thetastar.charts.assets(), so top-level names are used once only.

import { fail } from "./parts/errors.js";
import { format } from "./parts/numbers.js";
import { brush } from "./parts/colors.js";
import { xy } from "./parts/series.js";
import { bars, histogram, strips } from "./parts/bars.js";
import { field } from "./parts/fields.js";
import { matrix } from "./parts/matrix.js";
import { network } from "./parts/network.js";
import { drawMultiples } from "./parts/multiples.js";
import { leave, listen, point } from "./parts/reach.js";
import { describe, fillTable, saveSvg, showLegend } from "./parts/panel.js";

const KINDS = {
  lines: xy,
  points: xy,
  strips,
  bars,
  histogram,
  heatmap: field,
  contours: field,
  matrix,
  network,
  multiples: null, // charts in a grid, no picture of its own
};
const drawnCharts = new Set();
let chartCount = 0;

class Chart {
  constructor(element, spec) {
    check(spec);
    Object.assign(this, { element, spec, id: `chart-${++chartCount}`, off: new Set(), place: null });
    element.classList.add("chart");
    this.build();
    this.observer = new ResizeObserver(() => {
      if (Math.abs(this.box.clientWidth - this.seen) > 0.5) this.later();
    });
    this.observer.observe(this.box);
    drawnCharts.add(this);
    this.render();
  }

  /** Title, legend, picture, caption, tools and table, empty. */
  build() {
    this.element.replaceChildren();
    this.title = this.make("p", "chart-title");
    this.legend = this.make("div", "chart-legend");
    this.box = this.make("div", "chart-box");
    this.children = [];
    if (this.spec.kind === "multiples") this.box.classList.add("chart-grid");
    else {
      for (const part of ["svg", "over"]) {
        this[part] = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        this[part].setAttribute("aria-hidden", "true");
        this.box.append(this[part]);
      }
      this.over.classList.add("chart-over");
      this.tip = this.make("div", "chart-tip", this.box);
      this.tip.hidden = true;
      this.live = this.make("p", "chart-live");
      this.live.setAttribute("aria-live", "polite");
      listen(this);
    }
    this.caption = this.make("p", "chart-caption");
    this.tools = this.make("div", "chart-tools");
    this.sheet = this.make("div", "chart-table");
    this.sheet.hidden = true;
    this.button("Data", (button) => {
      this.sheet.hidden = !this.sheet.hidden;
      button.setAttribute("aria-expanded", String(!this.sheet.hidden));
      if (!this.sheet.hidden) fillTable(this);
    });
    this.button("SVG", () => saveSvg(this));
  }

  make(name, className, parent = this.element) {
    const made = document.createElement(name);
    made.className = className;
    parent.append(made);
    return made;
  }

  button(text, act) {
    const made = this.make("button", "chart-tool", this.tools);
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", () => act(made));
  }

  /** New numbers: the whole spec, or with `part` only the fields given. Drawn in the next frame. */
  update(spec, part = false) {
    const next = part ? { ...this.spec, ...spec } : spec;
    check(next);
    const rebuilt = (next.kind === "multiples") !== (this.spec.kind === "multiples");
    this.spec = next;
    if (rebuilt) {
      this.observer.disconnect();
      this.build();
      this.observer.observe(this.box);
    }
    this.later();
    return this;
  }

  later() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.render();
    });
  }

  render() {
    const { spec } = this;
    this.seen = this.wide = this.box.clientWidth;
    if (!this.wide) return; // hidden: drawn when it is seen
    this.styles = getComputedStyle(this.element);
    this.size = parseFloat(this.styles.getPropertyValue("--chart-size")) || 12;
    this.family = this.styles.fontFamily;
    this.words(this.title, spec.title);
    this.words(this.caption, spec.caption);
    this.tools.hidden = spec.tools === false || Boolean(spec.bare) || spec.kind === "multiples";
    if (spec.kind === "multiples") return drawMultiples(this, (element, own) => new Chart(element, own));
    this.drawn = KINDS[spec.kind](this, this.wide);
    const wide = this.drawn.wide ?? this.wide;
    const tall = Math.round(this.drawn.height);
    for (const svg of [this.svg, this.over]) {
      svg.setAttribute("viewBox", `0 0 ${wide} ${tall}`);
      svg.setAttribute("width", wide);
      svg.setAttribute("height", tall);
    }
    this.svg.innerHTML = this.drawn.svg;
    if (!this.box.hasAttribute("aria-label")) this.say();
    const names = this.drawn.legend ?? [];
    showLegend(this, spec.bare || spec.legend === false || (names.length < 2 && !spec.legend) ? [] : names);
    if (this.place) point(this, this.item(...this.place));
    if (!this.sheet.hidden) fillTable(this);
  }

  words(part, text) {
    part.textContent = text ?? "";
    part.hidden = !text || Boolean(this.spec.bare);
  }

  /** What a screen reader hears of the whole. */
  say() {
    const { title, label, description } = this.spec;
    const keys = "Arrow keys move along the values.";
    this.box.setAttribute("aria-label", `${title ?? label ?? ""}. ${description ?? describe(this)} ${keys}`);
  }

  item(series, index) {
    return index >= 0 && index < (this.drawn.counts[series] ?? 0) ? this.drawn.item(series, index) : null;
  }

  tell(name, detail) {
    this.element.dispatchEvent(new CustomEvent(`chart-${name}`, { bubbles: true, detail }));
  }

  /** Switch a name of the legend off or on, in all charts that share it. */
  toggle(key) {
    const on = this.off.delete(key);
    if (!on) this.off.add(key);
    if (this.tip) leave(this);
    this.render();
    this.tell("toggle", { series: key, shown: on });
  }

  /** The width of a text in pixels. */
  width(text) {
    const pen = brush();
    const font = `${this.size}px ${this.family}`;
    if (pen.asked !== font) pen.font = pen.asked = font;
    return pen.measureText(text).width;
  }

  /** A text that fits into `room` pixels, with an ellipsis where it had to be cut. */
  cut(text, room) {
    if (this.width(text) <= room + 0.5) return text;
    let n = text.length;
    while (n > 1 && this.width(text.slice(0, n) + "…") > room) n--;
    return text.slice(0, n).trimEnd() + "…";
  }

  destroy() {
    drawnCharts.delete(this);
    this.observer.disconnect();
    cancelAnimationFrame(this.waiting);
    for (const child of this.children) child.destroy();
    this.element.replaceChildren();
  }
}

function check(spec) {
  if (spec && Object.hasOwn(KINDS, spec.kind)) return;
  fail(`kind: ${JSON.stringify(spec?.kind)} is not known. The kinds are ${Object.keys(KINDS).join(", ")}.`);
}

/** Draw a chart into an element; what it gives has `update`, `spec` and `destroy`. */
export function draw(element, spec) {
  return new Chart(element, spec);
}

export { format };

// Colours that are computed here follow the theme: the reader's system, the page's data-theme, and paper.
if (typeof matchMedia === "function") {
  const again = () => {
    for (const chart of drawnCharts) chart.render();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
  addEventListener("beforeprint", again);
  addEventListener("afterprint", again);
}
