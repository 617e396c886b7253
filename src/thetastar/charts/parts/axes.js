// Scales, ticks, and the frame of axes around a plot.

import { clamp, finite, format, range, span } from "./numbers.js";
import { dated, time, timeTicks } from "./times.js";
import { line, tag, words } from "./svg.js";
import { shadeBar } from "./colors.js";

/** An axis of the spec with its range; `pixels(from, to)` gives it a place. Never beyond what is possible. */
export function scale(given = {}, lists = [], margin = 0.04) {
  const kind = given.scale ?? (given.categories ? "category" : "linear"),
    log = kind === "log";
  const [least, most] = (given.possible ?? []).map(time),
    own = { ...given, kind, log };
  if (kind === "category") {
    const n = given.categories.length;
    Object.assign(own, { low: -0.5, high: n - 0.5 });
  } else {
    let [low, high] = span([...lists, given.data ?? [], given.zero && !log ? [0] : []], log);
    if (log) [low, high] = [Math.log10(low), Math.log10(high)];
    const wide = high - low || (log ? 1 : Math.abs(low) * 0.2 || 1),
      touches = (v) => !log && finite(v);
    low -= wide * (high > low ? margin : 0.5);
    high += wide * (high - low > wide * 0.9 ? margin : 0.5);
    if (log) [low, high] = [10 ** low, 10 ** high];
    if (given.zero && touches(0)) {
      const [a, b] = span([...lists, [0]]);
      if (a === 0) low = 0;
      if (b === 0) high = 0;
    }
    if (finite(least)) low = Math.max(low, least);
    if (finite(most)) high = Math.min(high, most);
    own.low = time(given.min) ?? low;
    own.high = time(given.max) ?? high;
    if (!(own.high > own.low)) own.high = log ? own.low * 10 : own.low + 1;
  }
  const f = log ? (v) => Math.log10(v) : (v) => v,
    a = f(own.low),
    b = f(own.high);
  own.pixels = (from, to) => {
    if (given.reverse) [from, to] = [to, from];
    own.from = from;
    own.to = to;
    own.px = (v) => (log && !(v > 0) ? NaN : from + ((f(v) - a) / (b - a)) * (to - from));
    own.value = (px) => {
      const v = a + ((px - from) / (to - from)) * (b - a);
      return log ? 10 ** v : v;
    };
    return own;
  };
  own.text = (v) =>
    kind === "time"
      ? dated(time(v))
      : kind === "category"
        ? String(given.categories[Math.round(v)] ?? "")
        : format(v, given.format);
  own.marks = (wanted) => ticks(own, Math.max(wanted, 2));
  return own;
}

function ticks(axis, wanted) {
  const { low, high } = axis;
  if (axis.ticks) {
    const given = axis.ticks.map((t) => (Array.isArray(t) ? [time(t[0]), t[1]] : [time(t)]));
    const apart = Math.min(...given.slice(1).map(([v], i) => Math.abs(v - given[i][0])), Infinity);
    const step = axis.kind === "time" || !finite(apart) ? 0 : apart;
    return given.map(([v, text]) => ({ v, text: text ?? (step ? format(v, axis.format, step) : axis.text(v)) }));
  }
  if (axis.kind === "category") return axis.categories.map((text, v) => ({ v, text: String(text) }));
  if (axis.kind === "time") return timeTicks(low, high, wanted);
  if (axis.log && high / low >= 8) {
    const first = Math.ceil(Math.log10(low) - 1e-9),
      last = Math.floor(Math.log10(high) + 1e-9),
      every = Math.ceil((last - first + 1) / wanted);
    const parts =
        (last - first + 1) * 3 <= wanted + 1 ? [1, 2, 5] : (last - first + 1) * 2 <= wanted + 1 ? [1, 3] : [1],
      found = [];
    for (let p = first - 1; p <= last; p++)
      for (const m of parts) {
        const v = m * 10 ** p;
        if (v >= low * 0.9999 && v <= high * 1.0001 && (parts.length > 1 || (p - first) % every === 0))
          found.push({ v, text: axis.format === "percent" ? format(v, "percent", v) : format(+v.toPrecision(6)) });
      }
    return found;
  }
  const rough = (high - low) / wanted,
    power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  if (axis.format === "integer") step = Math.max(1, step === 2.5 ? 5 : step);
  const found = [],
    slack = step * 1e-6;
  for (let k = Math.ceil((low - slack) / step); k * step <= high + slack; k++) {
    const v = +(k * step).toPrecision(12);
    found.push({ v, text: format(v, axis.format, step) });
  }
  return found;
}

/** Axes around a plot: places both scales and gives {left, right, top, bottom, svg}. */
export function frame(chart, width, height, x, y, { bar = null, grids = "y", top = 0 } = {}) {
  if (chart.spec.bare || chart.spec.axes === false) {
    x.pixels(1, width - 1);
    y.pixels(height - 1, 1);
    return { left: 0, right: width, top: 0, bottom: height, svg: "" };
  }
  const size = chart.size,
    rise = size + 10;
  const above = Math.max(y.title || bar ? rise + 4 : size * 0.75, top);
  let below = size + 12 + (x.title ? rise : 0);
  const yTicks = y.marks(Math.floor((height - above - below) / (y.kind === "category" ? 1 : 3.6 * size)));
  const most = Math.max(64, width * 0.36),
    wide = Math.max(0, ...yTicks.map((t) => (t.wide = Math.min(chart.width(t.text), most))));
  const left = Math.ceil(wide) + (yTicks.length ? 10 : 4);
  let right = width - 8,
    xTicks,
    turned = 0;
  x.pixels(left, right);
  if (x.kind === "category") {
    xTicks = x.marks();
    const room = (right - left) / xTicks.length - 6,
      widest = Math.max(0, ...xTicks.map((t) => chart.width(t.text)));
    if (widest > room) {
      turned = Math.min(widest, 104);
      below += turned - size + 2;
      const every = Math.ceil((size + 2) / (room + 6));
      xTicks = xTicks.filter((_, i) => i % every === 0);
    }
  } else {
    for (let n = Math.max(2, Math.floor((right - left) / (5 * size))); n > 0; n--) {
      xTicks = x.marks(n);
      let end = -Infinity,
        clash = false;
      for (const t of xTicks) {
        const half = Math.max(chart.width(t.text), chart.width(t.sub ?? "")) / 2;
        if (x.px(t.v) - half < end + 8) clash = true;
        end = x.px(t.v) + half;
      }
      if (!clash || n < 2 || x.ticks) {
        if (clash && !x.ticks) xTicks = xTicks.slice(0, 1);
        break;
      }
    }
    const last = xTicks.at(-1);
    if (last && !x.reverse) right -= Math.max(0, x.px(last.v) + chart.width(last.text) / 2 - width + 1);
  }
  if (xTicks.some((t) => t.sub)) below += size + 2;
  const bottom = height - below;
  x.pixels(left, right);
  y.pixels(bottom, above);
  let svg = "";
  for (const t of yTicks) {
    const at = y.px(t.v);
    if (at < above - 1 || at > bottom + 1) continue;
    if (grids.includes("y") && y.grid !== false && y.kind !== "category")
      svg += line(left, at, right, at, { class: "grid" });
    svg += words(left - 8, at + size * 0.35, chart.cut(t.text, most), { class: "tick", text_anchor: "end" });
  }
  for (const t of xTicks) {
    const at = x.px(t.v);
    if (at < left - 1 || at > right + 1) continue;
    if (grids.includes("x") && x.grid !== false && x.kind !== "category")
      svg += line(at, above, at, bottom, { class: "grid" });
    if (turned) {
      svg += words(0, 0, chart.cut(t.text, 104), {
        class: "tick",
        text_anchor: "end",
        transform: `translate(${(at + size * 0.35).toFixed(1)} ${(bottom + 8).toFixed(1)}) rotate(-90)`,
      });
      continue;
    }
    const half = chart.width(t.text) / 2,
      place = clamp(at, half, width - half);
    svg += words(place, bottom + size + 6, t.text, { class: "tick", text_anchor: "middle" });
    if (t.sub)
      svg += words(clamp(at, chart.width(t.sub) / 2, width - chart.width(t.sub) / 2), bottom + 2 * size + 9, t.sub, {
        class: "tick",
        text_anchor: "middle",
      });
  }
  svg += line(left, bottom, right, bottom, { class: "base" });
  const barWidth =
    bar && bar.bar !== false
      ? 120 + chart.width(format(bar.low, bar.how) + format(bar.high, bar.how) + (bar.title ?? ""))
      : 0;
  if (y.title) svg += words(0, size, chart.cut(y.title, width - barWidth, 1), { class: "name" });
  if (x.title)
    svg += words((left + right) / 2, height - 4, chart.cut(x.title, width, 1), {
      class: "name",
      text_anchor: "middle",
    });
  if (bar) svg += shadeBar(chart, bar, right, size);
  return { left, right, top: above, bottom, svg };
}

/** What is marked in a plot: {under, over} the data, as text. */
export function marksOf(chart, box, x, y, clip) {
  const taken = []; // the boxes of labels so far, to keep them apart
  let under = "",
    over = "";
  for (const mark of chart.spec.marks ?? []) {
    const drawn = mark.line
      ? lineMark(mark, x, y, clip)
      : mark.point
        ? ringMark(mark, x, y)
        : acrossMark(mark, box, x, y, clip);
    under += drawn.under ?? "";
    over += drawn.over ?? "";
    if (mark.label && drawn.at?.every(finite)) over += labelOf(chart, mark.label, drawn, box, taken);
  }
  return { under, over };
}

const lookOf = (mark, clip) => ({ class: `mark c-${mark.color ?? "gray"} ${mark.dash ?? "dashed"}`, clip_path: clip });

function lineMark(mark, x, y, clip) {
  const points = mark.line.map(([a, b]) => `${x.px(time(a)).toFixed(1)},${y.px(time(b)).toFixed(1)}`).join(" ");
  return { over: tag("polyline", { ...lookOf(mark, clip), points }) };
}

function ringMark({ point, color }, x, y) {
  const [a, b] = [x.px(time(point[0])), y.px(time(point[1]))];
  return {
    over: tag("circle", { cx: a, cy: b, r: 5, class: `ring c-${color ?? "ink"}` }),
    at: [a, b - 10],
    side: "middle",
  };
}

/** A line or a shaded span across the plot, at places of one axis. */
function acrossMark(mark, box, x, y, clip) {
  const upright = mark.x != null;
  const [a, b] = [].concat(upright ? mark.x : mark.y).map((v) => (upright ? x : y).px(time(v)));
  const [from, to] = [Math.min(a, b ?? a), Math.max(a, b ?? a)];
  const at = upright ? [(from + to) / 2, box.top] : [box.right, from - 6],
    side = upright ? (b == null ? "start" : "middle") : "end";
  if (b == null) {
    const ends = upright ? [a, box.top, a, box.bottom] : [box.left, a, box.right, a];
    return { over: line(...ends, lookOf(mark, clip)), at, side, upright };
  }
  const place = upright
    ? { x: from, y: box.top, width: to - from, height: box.bottom - box.top }
    : { x: box.left, y: from, width: box.right - box.left, height: to - from };
  return {
    under: tag("rect", { ...place, class: `span c-${mark.color ?? "gray"}`, clip_path: clip }),
    at,
    side,
    upright,
  };
}

/** A mark's words: turned to the other side of a line at the right edge, a row lower where others stand already. */
function labelOf(chart, text, { at: [x, y], side, upright }, box, taken) {
  const wide = chart.width(text),
    row = chart.size + 4;
  if (side === "start" && x + wide + 8 > box.right) side = "end";
  const anchor = x + { start: 6, end: upright ? -6 : 0, middle: 0 }[side];
  const left = clamp(anchor - { start: 0, end: wide, middle: wide / 2 }[side], 0, Math.max(0, chart.wide - wide));
  let top = upright ? y + chart.size : y;
  while (
    taken.some((other) => left < other.right + 6 && other.left < left + wide + 6 && Math.abs(other.top - top) < row)
  )
    top += row;
  taken.push({ left, right: left + wide, top });
  return words(left, top, text, { class: "label" });
}
