// How readers reach the values: pointer, touch and keys lead to the same items, which are shown, said and told.

import { clamp } from "./numbers.js";
import { esc, line, tag } from "./svg.js";

const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function listen(chart) {
  const { box } = chart;
  box.tabIndex = 0;
  box.setAttribute("role", "application"); // screen readers hand the arrow keys over
  box.setAttribute("aria-roledescription", "chart");
  const on = (name, act) => box.addEventListener(name, (event) => chart.drawn && act(event, position(chart, event)));
  on("pointermove", (event, at) => (chart.dragged ? drag(chart, at, false) : go(chart, chart.drawn.hit(...at), false)));
  on("pointerdown", (event, at) => {
    const found = chart.drawn.hit(...at);
    if (found && canDrag(chart, found)) {
      chart.dragged = found;
      box.setPointerCapture(event.pointerId);
      event.preventDefault();
    } else if (event.pointerType !== "mouse") go(chart, found, false);
  });
  on("pointerup", (event, at) => {
    if (chart.dragged) drag(chart, at, true);
    chart.dragged = null;
  });
  on("pointercancel", () => (chart.dragged = null));
  on("pointerleave", () => chart.dragged || leave(chart));
  on("click", (event, at) => {
    select(chart, chart.drawn.hit(...at));
    const { x, y, box: plot } = chart.drawn;
    if (!x || !plot || at[0] < plot.left || at[0] > plot.right || at[1] < plot.top || at[1] > plot.bottom) return;
    chart.tell("click", { x: x.value(at[0]), y: y.value(at[1]), shift: event.shiftKey, alt: event.altKey });
  });
  on("keydown", (event) => event.ctrlKey || event.metaKey || key(chart, event));
  on("focus", () => chart.say());
  on("blur", () => leave(chart));
}

/** Where the pointer is, in the picture's own units. */
function position(chart, event) {
  const place = chart.svg.getBoundingClientRect(),
    part = (chart.drawn.wide ?? chart.wide) / (place.width || 1);
  return [(event.clientX - place.left) * part, (event.clientY - place.top) * part];
}

const canDrag = (chart, [series]) => !chart.drawn.cells && Boolean(chart.drawn.series?.[series]?.draggable);

function drag(chart, [px, py], done) {
  const [k, i] = chart.dragged,
    { x, y } = chart.drawn,
    { spec } = chart,
    own = spec.series[k];
  const moved = { x: clamp(x.value(px), x.low, x.high), y: clamp(y.value(py), y.low, y.high) };
  const put = (list, v) => list.map((old, j) => (j === i ? v : old));
  const series = spec.series.map((s) => (s === own ? { ...s, x: put(s.x, moved.x), y: put(s.y, moved.y) } : s));
  const still = (axis, given) => ({ ...given, min: axis.low, max: axis.high }); // the range must not run from the pointer
  chart.spec = { ...spec, series, x: still(x, spec.x), y: still(y, spec.y) };
  chart.later();
  chart.tell("drag", { series: own.name ?? k, index: i, ...moved, done });
}

function select(chart, place) {
  const item = place && chart.item(...place);
  if (item) chart.tell("select", item.detail);
}

function key(chart, event) {
  const { counts, swap, flip } = chart.drawn,
    { place } = chart,
    step = STEPS[event.key];
  if (event.key === "Escape") return leave(chart);
  if (place && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    return select(chart, place);
  }
  const ends = { Home: 1, End: -1 }[event.key];
  if (!step && !(ends && place)) return;
  event.preventDefault();
  if (!place) return go(chart, first(chart), true);
  if (ends) return go(chart, along(chart, place[0], ends > 0 ? -1 : counts[place[0]], ends), true);
  if (event.shiftKey && canDrag(chart, place)) {
    const item = chart.item(...place);
    chart.dragged = place;
    drag(chart, [item.x + 6 * step[0], item.y + 6 * step[1]], true);
    chart.dragged = null;
    return;
  }
  let [forward, aside] = swap ? [step[1], step[0]] : step;
  if (flip) aside = -aside;
  if (counts.filter(Boolean).length < 2) [forward, aside] = [forward || aside, 0];
  go(chart, aside ? across(chart, place, aside) : along(chart, ...place, forward), true);
}

function first(chart) {
  for (let k = 0; k < chart.drawn.counts.length; k++) {
    const found = along(chart, k, -1, 1);
    if (found) return found;
  }
  return null;
}

/** The next item of a series from index i on; gaps are passed over. */
function along(chart, k, i, step) {
  for (i += step; i >= 0 && i < (chart.drawn.counts[k] ?? 0); i += step) if (chart.item(k, i)) return [k, i];
  return null;
}

/** The item of the next series that lies nearest. */
function across(chart, [k, i], step) {
  const { counts } = chart.drawn,
    here = chart.item(k, i);
  do k += step;
  while (k in counts && !counts[k]);
  if (!(k in counts)) return null;
  let best = null,
    least = Infinity;
  for (let j = 0; j < counts[k]; j++) {
    const item = chart.item(k, j),
      far = item ? Math.hypot(item.x - here.x, 0.01 * (item.y - here.y)) : Infinity;
    if (far < least) [best, least] = [[k, j], far];
  }
  return best;
}

function go(chart, place, spoken) {
  const item = place && chart.item(...place);
  if (!item) return spoken || leave(chart);
  const { place: before } = chart;
  if (before && place[0] === before[0] && place[1] === before[1]) return;
  chart.place = place;
  point(chart, item);
  const said = [item.head, ...item.rows.map((row) => [row.name, row.value, row.more].filter(Boolean).join(" "))];
  if (spoken) chart.live.textContent = said.filter(Boolean).join(". ");
  chart.tell("hover", item.detail);
}

/** The ring, the rule and the words at one item. */
export function point(chart, item) {
  if (!item) return leave(chart);
  const { over, tip, drawn, box } = chart,
    plot = drawn.box;
  const rule = item.rule && plot ? line(item.x, plot.top, item.x, plot.bottom, { class: "rule" }) : "";
  const ring = item.rect
    ? tag("rect", { ...item.rect, rx: 3, class: "cursor" })
    : item.radius === 0
      ? ""
      : tag("circle", { cx: item.x, cy: item.y, r: item.radius ?? 6, class: "cursor" });
  over.innerHTML = rule + ring;
  box.classList.toggle("chart-pick", Boolean(item.pick));
  tip.innerHTML = (item.head ? `<b>${esc(item.head)}</b>` : "") + item.rows.map(rowOf).join("");
  tip.hidden = false;
  const part = chart.svg.clientWidth / (drawn.wide ?? chart.wide) || 1,
    [w, h] = [tip.offsetWidth, tip.offsetHeight];
  const x = item.x * part,
    y = item.y * part,
    [from, to] = [box.scrollLeft, box.scrollLeft + box.clientWidth];
  const left = x + 14 + w <= to ? x + 14 : x - 14 - w >= from ? x - 14 - w : clamp(x - w / 2, from, to - w);
  const top = item.rule && plot ? plot.top : clamp(y - h - 10, -h, Math.max(0, drawn.height - h));
  tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}

function rowOf({ color, name, value, more }) {
  const disc = color
    ? `<svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">${tag("circle", { cx: 5, cy: 5, r: 4, class: `disc c-${color}` })}</svg>`
    : "";
  return `<span class="chart-row">${disc}<span>${esc(name)}</span><span>${esc(value)}</span></span>${more ? `<small>${esc(more)}</small>` : ""}`;
}

export function leave(chart) {
  if (chart.tip.hidden && !chart.place) return;
  chart.tip.hidden = true;
  chart.over.innerHTML = "";
  chart.place = null;
  chart.box.classList.remove("chart-pick");
  chart.tell("leave", {});
}
