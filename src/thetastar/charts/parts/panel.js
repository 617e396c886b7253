// Around the picture: its legend, the table behind it, the picture as a file, and a sentence about it.

import { commas, finite, format, span } from "./numbers.js";
import { esc, line, tag } from "./svg.js";
import { css } from "./colors.js";

const TABLE_ROWS = 1000;
const SAVED =
  "fill fill-opacity stroke stroke-width stroke-opacity stroke-dasharray stroke-linecap stroke-linejoin opacity font-size font-weight font-family paint-order".split(
    " ",
  );
const SAID = {
  lines: "Lines",
  points: "Points",
  strips: "Values with intervals",
  bars: "Bars",
  histogram: "Histogram",
  heatmap: "Heat map",
  contours: "Contour lines",
  matrix: "Matrix",
  network: "Layers of a network",
};

/** Names that switch their series off and on. */
export function showLegend(chart, names) {
  const state = JSON.stringify([names, [...chart.off]]);
  if (chart.legendState === state && chart.legend.children.length === names.length) return;
  chart.legendState = state;
  const focused = [...chart.legend.children].indexOf(document.activeElement);
  chart.legend.replaceChildren();
  chart.legend.hidden = !names.length;
  for (const { key, name, color, look } of names) {
    const button = chart.make("button", "chart-key", chart.legend);
    button.type = "button";
    button.setAttribute("aria-pressed", String(!chart.off.has(key)));
    button.innerHTML = `<svg viewBox="0 0 20 12" width="20" height="12" aria-hidden="true">${swatch(look, color)}</svg>${esc(name)}`;
    button.addEventListener("click", () => chart.toggle(key));
  }
  chart.legend.children[focused]?.focus();
}

function swatch(look, color) {
  const c = `c-${color}`;
  if (look.startsWith("line")) return line(1, 6, 19, 6, { class: `${look} ${c}`, stroke_width: 2.5 });
  if (look === "square") return tag("rect", { x: 4, y: 1, width: 11, height: 11, rx: 2, class: `bar ${c}` });
  if (look === "cross") return tag("path", { d: "M6 2l8 8m0 -8l-8 8", class: `dots ${c}`, stroke_width: 2 });
  return tag("circle", { cx: 10, cy: 6, r: 4.5, class: `${look === "ring" ? "ring" : "disc"} ${c}` });
}

export function fillTable(chart) {
  const { head, rows } = chart.drawn.table();
  const cell = (v, i) => {
    if (typeof v === "number") return `<td class="num">${+v.toPrecision(7)}</td>`;
    return i ? `<td>${esc(v ?? "")}</td>` : `<th scope="row">${esc(v ?? "")}</th>`;
  };
  const body = rows
    .slice(0, TABLE_ROWS)
    .map((row) => `<tr>${row.map(cell).join("")}</tr>`)
    .join("");
  const rest =
    rows.length > TABLE_ROWS ? `<p>The first ${commas(`${TABLE_ROWS}`)} of ${commas(`${rows.length}`)} rows.</p>` : "";
  chart.sheet.innerHTML = `<table><thead><tr>${head.map((h) => `<th scope="col">${esc(h)}</th>`).join("")}</tr></thead><tbody>${body}</tbody></table>${rest}`;
}

/** The picture as a file of its own: what the style sheet says is written into it. */
export function saveSvg(chart) {
  const copy = chart.svg.cloneNode(true),
    from = chart.svg.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((part, i) => {
    const styles = getComputedStyle(from[i]);
    for (const name of SAVED) part.setAttribute(name, styles.getPropertyValue(name));
    part.removeAttribute("class");
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.insertAdjacentHTML(
    "afterbegin",
    tag("rect", { width: "100%", height: "100%", fill: css(chart, "--chart-surface", "#fff") }),
  );
  const text = new XMLSerializer().serializeToString(copy);
  const link = document.createElement("a"),
    name = chart.spec.title ?? chart.spec.label ?? "";
  link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  link.download = `${
    name
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 60) || "chart"
  }.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** What the picture shows, in one sentence, from the numbers behind it. */
export function describe(chart) {
  const { head, rows } = chart.drawn.table(),
    names = (chart.drawn.legend ?? []).map((entry) => entry.name).join(", ");
  const ranges = head.flatMap((name, i) => {
    const numbers = rows.map((row) => row[i]);
    if (!name || !numbers.some(finite)) return [];
    const [low, high] = span([numbers]);
    return [`${name} from ${format(low)} to ${format(high)}`];
  });
  const of = ranges.slice(0, 3).join(", ");
  return `${SAID[chart.spec.kind]}${names ? ` of ${names}` : ""}${of ? `: ${of}` : ""}.`;
}
