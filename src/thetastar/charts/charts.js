// Accessible SVG charts from plain JSON: draw(element, spec). The format is described in docs/reference/charts.md.
//
// One file on purpose (longer than others): pages put it inside themselves as it stands, without a build step. In order:
// numbers and dates, colours, scales and axes, one function a kind, and the Chart that shows, updates and speaks.
// A kind's function gives {height, svg, counts, item, hit, table, …}: the picture as text, how many values each series
// has, what to say about one, which one lies under the pointer, and the numbers behind it all.

const LINE = ["blue", "orange", "red", "green", "purple", "teal", "pink", "brown"], DAY = 864e5;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const finite = v => typeof v === "number" && isFinite(v);
const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
const esc = text => String(text).replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
const range = n => Array.from({ length: n }, (_, i) => i);
const fail = text => { throw new Error(`charts: ${text}`); };
const tag = (name, given, inside = "") => {
  let text = `<${name}`;
  for (const key in given) {
    const v = given[key];
    if (v != null && v !== false) text += ` ${key.replace("_", "-")}="${typeof v === "number" ? +v.toFixed(2) : esc(v)}"`;
  }
  return `${text}>${inside}</${name}>`;
};
const words = (x, y, text, given) => tag("text", { x, y, ...given }, esc(text));
const line = (x1, y1, x2, y2, given) => tag("line", { x1, y1, x2, y2, ...given });

// ---------------------------------------------------------------------------------------------- numbers and dates

const commas = text => text.replace(/^(-?\d+)/, whole => whole.replace(/\B(?=(\d{3})+$)/g, ",")).replace("-", "−");
const tidy = v => { const [mantissa, power] = v.toPrecision(4).split("e"), short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa; return power ? `${short}e${+power}`.replace(/-/g, "−") : short; };

/** A number as the reports write it; `step` (between ticks) decides the decimals where it is given. */
export function format(v, how = "number", step = 0) {
  if (typeof v === "string") return v;
  if (!finite(v)) return "–";
  if (how === "percent") return `${commas((100 * v).toFixed(step ? decimals(100 * step) : 1))} %`;
  if (how === "seconds") return v < 0.095 && v > 0 ? `${Math.round(1e3 * v)} ms` : v < 60 ? `${+v.toFixed(v < 10 ? 1 : 0)} s` : `${Math.floor(v / 60)} min ${String(Math.round(v % 60)).padStart(2, "0")} s`;
  if (how === "plain") return String(v).replace("-", "−");
  if (step) return Math.abs(v) >= 1e9 || step < 1e-5 ? tidy(+v.toPrecision(12)) : commas(v.toFixed(decimals(step))).replace(/^−(0(\.0+)?)$/, "$1");
  if (how === "integer" && Number.isInteger(v)) return commas(String(v));
  if (how === "score" && Math.abs(v) < 10) return commas(v.toFixed(3)).replace(/^−(0\.0+)$/, "$1");
  if (v === 0) return "0";
  return Math.abs(v) >= 1e3 && Math.abs(v) < 1e9 ? commas(v.toFixed(0)) : Number.isInteger(v) && Math.abs(v) < 1e3 ? commas(String(v)) : tidy(v).replace("-", "−");
}
const decimals = step => { for (let d = 0; d < 12; d++) if (Math.abs(step * 10 ** d - Math.round(step * 10 ** d)) < 1e-6 * step * 10 ** d) return d; return 12; };

const time = v => typeof v !== "string" ? v : Date.parse(/T.*(Z|[+-]\d\d:?\d\d)$/.test(v) || !v.includes("T") ? v : v + "Z");
const two = n => String(n).padStart(2, "0");
const day = d => `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}`;
const clock = d => `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${d.getUTCSeconds() ? ":" + two(d.getUTCSeconds()) : ""}`;
const dated = v => { const d = new Date(v); return `${day(d)} ${d.getUTCFullYear()}${v % DAY ? ", " + clock(d) : ""}`; };

/** Whole seconds, hours, days, months or years between two moments; the larger unit stands below where it changes. */
function timeTicks(low, high, wanted) {
  const steps = [1, 5, 10, 50, 100, 500, 1e3, 5e3, 15e3, 3e4, 6e4, 3e5, 9e5, 18e5, 36e5, 108e5, 216e5, 432e5, DAY, 2 * DAY, 7 * DAY, 14 * DAY];
  const rough = (high - low) / wanted, step = steps.find(s => s >= rough), found = [];
  if (step) {
    const shift = step >= 7 * DAY ? 4 * DAY : 0;  // weeks begin on a Monday
    for (let t = Math.ceil((low - shift) / step) * step + shift; t <= high; t += step) found.push(t);
  } else {
    const months = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200].find(m => m * 30.44 * DAY >= rough) ?? 6000;
    const start = new Date(low);
    for (let m = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / months) * months; ; m += months) {
      const at = Date.UTC(2000, m - 24000);
      if (at > high) break;
      if (at >= low) found.push(at);
    }
    if (months >= 12) return found.map(v => ({ v, text: String(new Date(v).getUTCFullYear()) }));
    return outer(found, d => MONTHS[d.getUTCMonth()], d => String(d.getUTCFullYear()));
  }
  if (step >= DAY) return outer(found, day, d => String(d.getUTCFullYear()));
  return outer(found, d => step < 1e3 ? `${clock(d)}.${String(d.getUTCMilliseconds()).padStart(3, "0")}` : clock(d), d => `${day(d)} ${d.getUTCFullYear()}`);
}
function outer(moments, inner, context) {
  let before = null;
  return moments.map(v => {
    const d = new Date(v), now = context(d), sub = now === before ? null : now;
    before = now;
    return { v, text: inner(d), sub };
  });
}

// -------------------------------------------------------------------------------------------------------- colours

const SEQUENTIAL = "#f4f7fb #d3e3f2 #a9cbe6 #76aed7 #4389c0 #1f649f #0b3d6e", DIVERGING = "#0b4f8a #4a90c6 #a8cbe3 #f3f2f0 #f2c595 #d9822b #8a3f00";
let pen;
const brush = () => pen ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgb = text => {
  const b = brush();
  b.fillStyle = "#888";
  b.fillStyle = text.trim();
  const hex = b.fillStyle;
  return hex[0] === "#" ? [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16)) : hex.match(/[\d.]+/g).slice(0, 3).map(Number);
};
const css = (chart, name, otherwise) => chart.styles.getPropertyValue(name).trim() || otherwise;
const mix = (a, b, t) => a.map((v, i) => Math.round(v + (b[i] - v) * t));
const hexed = c => `rgb(${c.join(",")})`;
const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const inkOn = c => light(c) > 0.2 ? "#14181d" : "#ffffff";

/** From a value to a colour: {at(v) → [r, g, b], low, high, stops}. */
function shade(chart, given = {}, values) {
  const { kind = "sequential", log } = given, diverging = kind === "diverging";
  let [low, high] = span([values], log), middle = given.middle ?? 0;
  low = given.min ?? low; high = given.max ?? high;
  if (diverging) { const far = Math.max(Math.abs(high - middle), Math.abs(low - middle)) || 1; low = given.min ?? middle - far; high = given.max ?? middle + far; }
  const stops = css(chart, `--chart-${kind}`, diverging ? DIVERGING : SEQUENTIAL).split(/\s+/).map(rgb);
  const f = log ? Math.log : v => v, a = f(low), b = f(high);
  const part = v => {
    if (!diverging) return b > a ? clamp((f(v) - a) / (b - a), 0, 1) : 0.5;
    return clamp(v < middle ? 0.5 - 0.5 * (middle - v) / (middle - low || 1) : 0.5 + 0.5 * (v - middle) / (high - middle || 1), 0, 1);
  };
  const colour = t => { const place = t * (stops.length - 1), k = Math.min(Math.floor(place), stops.length - 2); return mix(stops[k], stops[k + 1], place - k); };
  return { low, high, part, colour, at: v => colour(part(v)), title: given.title, how: given.format, log, bar: given.bar };
}
/** The scale itself, at the top right: low end, colours, high end. */
function shadeBar(chart, s, right, y) {
  if (s.bar === false || !(s.high > s.low)) return "";
  const id = `${chart.id}-bar`, low = format(s.low, s.how), high = format(s.high, s.how), wide = 96, end = right - chart.width(high) - 6;
  const stops = range(9).map(i => tag("stop", { offset: i / 8, stop_color: hexed(s.colour(i / 8)) })).join("");
  return tag("linearGradient", { id }, stops) + tag("rect", { x: end - wide, y: y - 9, width: wide, height: 9, rx: 2, fill: `url(#${id})` })
    + words(right, y, high, { class: "tick", text_anchor: "end" })
    + words(end - wide - 6, y, (s.title ? s.title + "  " : "") + low, { class: "tick", text_anchor: "end" });
}

// ----------------------------------------------------------------------------------------------- scales and axes

function span(lists, positive = false) {
  let low = Infinity, high = -Infinity;
  for (const list of lists) if (list) for (const v of list) if (finite(v) && (!positive || v > 0)) { if (v < low) low = v; if (v > high) high = v; }
  return low <= high ? [low, high] : positive ? [0.1, 1] : [0, 1];
}

/** An axis of the spec with its range; `pixels(from, to)` gives it a place. Never beyond what is possible. */
function scale(given = {}, lists = [], margin = 0.04) {
  const kind = given.scale ?? (given.categories ? "category" : "linear"), log = kind === "log";
  const [least, most] = (given.possible ?? []).map(time), own = { ...given, kind, log };
  if (kind === "category") {
    const n = given.categories.length;
    Object.assign(own, { low: -0.5, high: n - 0.5 });
  } else {
    let [low, high] = span([...lists, given.data ?? [], given.zero && !log ? [0] : []], log);
    if (log) [low, high] = [Math.log10(low), Math.log10(high)];
    const wide = high - low || (log ? 1 : Math.abs(low) * 0.2 || 1), touches = v => !log && finite(v);
    low -= wide * (high > low ? margin : 0.5); high += wide * (high - low > wide * 0.9 ? margin : 0.5);
    if (log) [low, high] = [10 ** low, 10 ** high];
    if (given.zero && touches(0)) { const [a, b] = span([...lists, [0]]); if (a === 0) low = 0; if (b === 0) high = 0; }
    if (finite(least)) low = Math.max(low, least);
    if (finite(most)) high = Math.min(high, most);
    own.low = time(given.min) ?? low; own.high = time(given.max) ?? high;
    if (!(own.high > own.low)) own.high = log ? own.low * 10 : own.low + 1;
  }
  const f = log ? v => Math.log10(v) : v => v, a = f(own.low), b = f(own.high);
  own.pixels = (from, to) => {
    if (given.reverse) [from, to] = [to, from];
    own.from = from; own.to = to;
    own.px = v => log && !(v > 0) ? NaN : from + (f(v) - a) / (b - a) * (to - from);
    own.value = px => { const v = a + (px - from) / (to - from) * (b - a); return log ? 10 ** v : v; };
    return own;
  };
  own.text = v => kind === "time" ? dated(time(v)) : kind === "category" ? String(given.categories[Math.round(v)] ?? "") : format(v, given.format);
  own.marks = wanted => ticks(own, Math.max(wanted, 2));
  return own;
}

function ticks(axis, wanted) {
  const { low, high } = axis;
  if (axis.ticks) return axis.ticks.map(t => Array.isArray(t) ? { v: time(t[0]), text: String(t[1]) } : { v: time(t), text: axis.text(t) });
  if (axis.kind === "category") return axis.categories.map((text, v) => ({ v, text: String(text) }));
  if (axis.kind === "time") return timeTicks(low, high, wanted);
  if (axis.log && high / low >= 8) {
    const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9), every = Math.ceil((last - first + 1) / wanted);
    const parts = (last - first + 1) * 3 <= wanted + 1 ? [1, 2, 5] : (last - first + 1) * 2 <= wanted + 1 ? [1, 3] : [1], found = [];
    for (let p = first - 1; p <= last; p++) for (const m of parts) {
      const v = m * 10 ** p;
      if (v >= low * 0.9999 && v <= high * 1.0001 && (parts.length > 1 || (p - first) % every === 0)) found.push({ v, text: axis.format === "percent" ? format(v, "percent", v) : format(+v.toPrecision(6)) });
    }
    return found;
  }
  const rough = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 2.5, 5, 10].map(m => m * power).find(s => s >= rough * 0.999);
  if (axis.format === "integer") step = Math.max(1, step === 2.5 ? 5 : step);
  const found = [], slack = step * 1e-6;
  for (let k = Math.ceil((low - slack) / step); k * step <= high + slack; k++) { const v = +(k * step).toPrecision(12); found.push({ v, text: format(v, axis.format, step) }); }
  return found;
}

/** Axes around a plot: places both scales and gives {left, right, top, bottom, svg}. */
function frame(chart, width, height, x, y, { bar = null, grids = "y", top = 0 } = {}) {
  if (chart.spec.bare) {
    x.pixels(1, width - 1); y.pixels(height - 1, 1);
    return { left: 0, right: width, top: 0, bottom: height, svg: "" };
  }
  const size = chart.size, rise = size + 10;
  const above = Math.max(y.title || bar ? rise + 4 : size * 0.75, top);
  let below = size + 12 + (x.title ? rise : 0);
  const yTicks = y.marks(Math.floor((height - above - below) / (y.kind === "category" ? 1 : 4 * size)));
  const most = Math.max(64, width * 0.36), wide = Math.max(0, ...yTicks.map(t => t.wide = Math.min(chart.width(t.text), most)));
  const left = Math.ceil(wide) + (yTicks.length ? 10 : 4);
  let right = width - 8, xTicks, turned = 0;
  x.pixels(left, right);
  if (x.kind === "category") {
    xTicks = x.marks();
    const room = (right - left) / xTicks.length - 6, widest = Math.max(0, ...xTicks.map(t => chart.width(t.text)));
    if (widest > room) {
      turned = Math.min(widest, 104);
      below += turned - size + 2;
      const every = Math.ceil((size + 2) / (room + 6));
      xTicks = xTicks.filter((_, i) => i % every === 0);
    }
  } else {
    for (let n = Math.max(2, Math.floor((right - left) / (5.5 * size))); n > 0; n--) {
      xTicks = x.marks(n);
      let end = -Infinity, clash = false;
      for (const t of xTicks) { const half = Math.max(chart.width(t.text), chart.width(t.sub ?? "")) / 2; if (x.px(t.v) - half < end + 8) clash = true; end = x.px(t.v) + half; }
      if (!clash || n < 2 || x.ticks) { if (clash && !x.ticks) xTicks = xTicks.slice(0, 1); break; }
    }
    const last = xTicks.at(-1);
    if (last && !x.reverse) right -= Math.max(0, x.px(last.v) + chart.width(last.text) / 2 - width + 1);
  }
  if (xTicks.some(t => t.sub)) below += size + 2;
  const bottom = height - below;
  x.pixels(left, right); y.pixels(bottom, above);
  let svg = "";
  for (const t of yTicks) {
    const at = y.px(t.v);
    if (at < above - 1 || at > bottom + 1) continue;
    if (grids.includes("y") && y.grid !== false && y.kind !== "category") svg += line(left, at, right, at, { class: "grid" });
    svg += words(left - 8, at + size * 0.35, chart.cut(t.text, most), { class: "tick", text_anchor: "end" });
  }
  for (const t of xTicks) {
    const at = x.px(t.v);
    if (at < left - 1 || at > right + 1) continue;
    if (grids.includes("x") && x.grid !== false && x.kind !== "category") svg += line(at, above, at, bottom, { class: "grid" });
    if (turned) { svg += words(0, 0, chart.cut(t.text, 104), { class: "tick", text_anchor: "end", transform: `translate(${(at + size * 0.35).toFixed(1)} ${(bottom + 8).toFixed(1)}) rotate(-90)` }); continue; }
    const half = chart.width(t.text) / 2, place = clamp(at, half, width - half);
    svg += words(place, bottom + size + 6, t.text, { class: "tick", text_anchor: "middle" });
    if (t.sub) svg += words(clamp(at, chart.width(t.sub) / 2, width - chart.width(t.sub) / 2), bottom + 2 * size + 9, t.sub, { class: "tick", text_anchor: "middle" });
  }
  svg += line(left, bottom, right, bottom, { class: "base" });
  const barWidth = bar && bar.bar !== false ? 120 + chart.width(format(bar.low, bar.how) + format(bar.high, bar.how) + (bar.title ?? "")) : 0;
  if (y.title) svg += words(0, size, chart.cut(y.title, width - barWidth, 1), { class: "name" });
  if (x.title) svg += words((left + right) / 2, height - 4, chart.cut(x.title, width, 1), { class: "name", text_anchor: "middle" });
  if (bar) svg += shadeBar(chart, bar, right, size);
  return { left, right, top: above, bottom, svg };
}

function marksOf(chart, box, x, y, clip) {
  let under = "", over = "";
  for (const m of chart.spec.marks ?? []) {
    const given = { class: `mark c-${m.color ?? "gray"} ${m.dash ?? "dashed"}`, clip_path: clip };
    const ends = v => (Array.isArray(v) ? v : [v]).map(time);
    let at = null;
    if (m.line) over += tag("polyline", { ...given, points: m.line.map(([a, b]) => `${x.px(time(a)).toFixed(1)},${y.px(time(b)).toFixed(1)}`).join(" ") });
    else if (m.point) {
      const [a, b] = [x.px(time(m.point[0])), y.px(time(m.point[1]))];
      over += tag("circle", { cx: a, cy: b, r: 5, class: `ring c-${m.color ?? "ink"}` });
      at = [a, b - 10];
    } else if (m.x != null) {
      const [a, b] = ends(m.x).map(x.px);
      if (b != null) under += tag("rect", { x: Math.min(a, b), y: box.top, width: Math.abs(b - a), height: box.bottom - box.top, class: `span c-${m.color ?? "gray"}`, clip_path: clip });
      else over += line(a, box.top, a, box.bottom, given);
      at = [b == null ? a : (a + b) / 2, box.top + chart.size];
    } else if (m.y != null) {
      const [a, b] = ends(m.y).map(y.px);
      if (b != null) under += tag("rect", { x: box.left, y: Math.min(a, b), width: box.right - box.left, height: Math.abs(b - a), class: `span c-${m.color ?? "gray"}`, clip_path: clip });
      else over += line(box.left, a, box.right, a, given);
      at = [box.right, (b == null ? a : Math.min(a, b)) - 6, "end"];
    }
    if (m.label && at && finite(at[0])) {
      const wide = chart.width(m.label), side = at[2] ?? (at[0] + wide + 8 > box.right ? "end" : m.point || Array.isArray(m.x) ? "middle" : "start");
      const shift = { start: 6, end: m.y != null ? 0 : -6, middle: 0 }[side];
      over += words(clamp(at[0] + shift, side === "middle" ? wide / 2 : 0, chart.wide), at[1], m.label, { class: "label", text_anchor: side });
    }
  }
  return { under, over };
}

// ------------------------------------------------------------------------------------------------ lines and points

/** Series as they are drawn: times as numbers, colours by group, those switched off marked. */
function seriesOf(chart, kind) {
  const colours = new Map();
  return (chart.spec.series ?? []).map((s, k) => {
    const key = s.group ?? s.name ?? `series ${k + 1}`, y = (s.y ?? []).map(time), x = s.x ? s.x.map(time) : y.map((_, i) => i + 1);
    if (x.length !== y.length) fail(`series[${k}]${s.name ? ` (${s.name})` : ""}: x has ${x.length} numbers, y has ${y.length}. Give as many of each.`);
    if (!colours.has(key)) colours.set(key, LINE[colours.size % LINE.length]);
    return { ...s, k, key, x, y, color: s.color ?? colours.get(key), type: s.type ?? (kind === "points" ? "dots" : "line"), off: chart.off.has(key) };
  });
}
const shown = (list, chart) => list.filter(s => !s.off);
const bandLists = s => (s.bands ?? []).flatMap(b => [b.low, b.high]).concat([s.low, s.high]);
const climbing = x => { for (let i = 1; i < x.length; i++) if (x[i] < x[i - 1]) return false; return true; };

function xyRange(spec, series) {
  const live = shown(series), stretch = (spec.marks ?? []).filter(m => m.stretch);
  const x = live.map(s => s.x), y = live.flatMap(s => [s.y, ...bandLists(s), s.fill ? [0] : []]);
  for (const m of stretch) { x.push([].concat(m.x ?? [], m.point?.[0] ?? [], m.line?.map(p => p[0]) ?? []).map(time)); y.push([].concat(m.y ?? [], m.point?.[1] ?? [], m.line?.map(p => p[1]) ?? []).map(time)); }
  return { x, y };
}

/** The points of a line as a path: gaps where numbers are missing; of many points in one pixel only first, ends and last. */
function pathOf(xs, ys, x, y, step, dense) {
  let d = "", open = false, before = 0, column = null, low, high, last;
  const put = (a, b) => { d += open ? (step ? `H${a.toFixed(1)}V${b.toFixed(1)}` : `L${a.toFixed(1)} ${b.toFixed(1)}`) : `M${a.toFixed(1)} ${b.toFixed(1)}`; open = true; before = b; };
  const flush = () => { if (column === null) return; for (const b of low === high ? [low] : last === low ? [high, low] : [low, high]) put(column, b); if (last !== low && last !== high) put(column, last); column = null; };
  for (let i = 0; i < ys.length; i++) {
    const a = x.px(xs[i]), b = y.px(ys[i]);
    if (!finite(ys[i]) || !finite(a) || !finite(b)) { flush(); open = false; continue; }
    if (!dense) { put(a, b); continue; }
    const at = Math.round(2 * a) / 2;
    if (at !== column) { flush(); column = at; low = high = b; } else { low = Math.min(low, b); high = Math.max(high, b); }
    last = b;
  }
  flush();
  return d;
}
function bandPath(xs, low, high, x, y) {
  let d = "", run = [];
  const close = () => { if (run.length > 1) d += "M" + run.map(i => `${x.px(xs[i]).toFixed(1)} ${y.px(low[i]).toFixed(1)}`).join("L") + "L" + run.reverse().map(i => `${x.px(xs[i]).toFixed(1)} ${y.px(high[i]).toFixed(1)}`).join("L") + "Z"; run = []; };
  xs.forEach((v, i) => finite(v) && finite(low[i]) && finite(high[i]) && finite(y.px(low[i])) ? run.push(i) : close());
  close();
  return d;
}

/** Dots as one path for each look: thousands of them cost one element. */
function dotsOf(s, x, y, colours, sizes) {
  const looks = new Map(), shape = s.shape ?? "dot";
  s.x.forEach((v, i) => {
    const a = x.px(v), b = y.px(s.y[i]);
    if (!finite(a) || !finite(b)) return;
    const r = sizes(i), fill = colours ? hexed(colours.colour(Math.round(24 * colours.part(s.values[i])) / 24)) : null, key = `${r}|${fill}`;
    const d = shape === "cross" ? `M${(a - r).toFixed(1)} ${(b - r).toFixed(1)}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}` : `M${a.toFixed(1)} ${b.toFixed(1)}h0`;
    looks.set(key, (looks.get(key) ?? "") + d);
  });
  let svg = "";
  for (const [key, d] of looks) {
    const [r, fill] = key.split("|"), stroke = fill === "null" ? null : fill, given = { d, stroke, class: `dots ${shape} c-${s.color}` };
    svg += tag("path", { ...given, stroke_width: shape === "cross" ? 2 : 2 * r, opacity: shape === "ring" || shape === "cross" ? null : s.opacity ?? (s.x.length > 300 ? 0.45 : s.x.length > 40 ? 0.7 : null) });
    if (shape === "ring" || colours) svg += tag("path", { d, class: shape === "ring" ? "dots hole" : "dots", stroke_width: shape === "ring" ? 2 * r - 4 : 0 });
  }
  return svg;
}

function drawSeries(chart, series, x, y, clip) {
  let bands = "", lines = "", dots = "", whiskers = "";
  const all = series.filter(s => s.values).flatMap(s => s.values), colours = all.length ? shade(chart, chart.spec.scale, all) : null;
  for (const s of shown(series)) {
    (s.bands ?? []).forEach((b, i) => { bands += tag("path", { d: bandPath(s.x, b.low, b.high, x, y), class: `band b${s.bands.length - i} c-${s.color}`, clip_path: clip }); });
    if (s.type === "line") {
      const dense = s.x.length > 2 * Math.abs(x.to - x.from) && climbing(s.x), d = pathOf(s.x, s.y, x, y, s.step, dense);
      const zero = y.px(clamp(0, y.low, y.high));
      if (s.fill) bands += tag("path", { d: bandPath(s.x, s.y.map(v => finite(v) ? clamp(0, y.low, y.high) : null), s.y, x, y), class: `band b1 c-${s.color}`, clip_path: clip, "data-zero": zero });
      lines += tag("path", { d, class: `line ${s.dash ?? ""} c-${s.color}`, stroke_width: s.width ?? 2, opacity: s.opacity, clip_path: clip });
      const at = s.dots === true ? s.x.map((_, i) => i) : s.dots ?? [];
      if (at.length) dots += dotsOf({ ...s, x: at.map(i => s.x[i]), y: at.map(i => s.y[i]), values: null, shape: s.shape ?? (s.dots === true ? "dot" : "ring"), opacity: 1 }, x, y, null, () => s.dots === true ? 3 : 5);
    } else {
      const r = s.x.length > 300 ? 3 : 4, sizes = Array.isArray(s.size) ? i => s.size[i] : () => s.size ?? (s.shape === "ring" ? r + 1 : r);
      if (s.low && s.high) s.x.forEach((v, i) => { if (finite(s.low[i]) && finite(s.high[i])) whiskers += line(x.px(v), y.px(s.low[i]), x.px(v), y.px(s.high[i]), { class: `whisker c-${s.color}` }); });
      dots += dotsOf(s, x, y, s.values ? colours : null, sizes);
    }
  }
  return { svg: bands + lines + whiskers + dots, colours };
}

function xy(chart, width) {
  const { spec } = chart, series = seriesOf(chart, spec.kind), live = shown(series), lists = xyRange(spec, series);
  const onlyLines = live.every(s => s.type === "line");
  if (spec.diagonal || spec.equal) { const both = [span([...lists.x, ...lists.y])]; lists.x = both; lists.y = both; }
  const x = scale(spec.x, lists.x, onlyLines ? 0.005 : 0.04), y = scale(spec.y, lists.y, 0.05);
  const across = (spec.hover ?? (onlyLines && series.every(s => climbing(s.x)) ? "x" : "nearest")) === "x";
  const height = spec.height ?? (spec.equal || spec.diagonal ? Math.min(width, 420) : 300), values = series.filter(s => s.values).flatMap(s => s.values);
  const bar = values.length ? shade(chart, spec.scale, values) : null;
  const box = frame(chart, width, height, x, y, { grids: onlyLines ? "y" : "xy", bar }), clip = `url(#${chart.id}-clip)`;
  const marks = marksOf(chart, box, x, y, clip), drawn = drawSeries(chart, series, x, y, clip);
  const diagonal = spec.diagonal ? (() => { const [a, b] = [Math.max(x.low, y.low), Math.min(x.high, y.high)]; return line(x.px(a), y.px(a), x.px(b), y.px(b), { class: "diagonal" }); })() : "";
  const near = series.map(s => ({ ...s, quiet: s.quiet || s.off }));
  const row = (s, i) => {
    const bands = (s.bands ?? []).map(b => `${b.name ?? "interval"} ${y.text(b.low[i])} to ${y.text(b.high[i])}`);
    if (s.low && finite(s.low[i])) bands.push(`${y.text(s.low[i])} to ${y.text(s.high[i])}`);
    return { color: s.color, name: s.name ?? "", value: y.text(s.y[i]), more: bands.join(", ") };
  };
  const item = (k, i) => {
    const s = near[k];
    if (s.quiet || !finite(s.y[i])) return null;
    const at = { x: x.px(s.x[i]), y: y.px(s.y[i]) };
    if (!finite(at.x) || !finite(at.y)) return null;
    let rows = [row(s, i)];
    if (across) {
      const others = near.filter(o => !o.quiet && o !== s).map(o => [o, closest(o.x, s.x[i])]).filter(([o, j]) => j >= 0 && finite(o.y[j]) && Math.abs(x.px(o.x[j]) - at.x) < 0.75);
      others.sort(([o, j], [p, l]) => Math.abs(y.px(o.y[j]) - at.y) - Math.abs(y.px(p.y[l]) - at.y));
      rows = [[s, i], ...others.slice(0, 7)].sort(([a], [b]) => a.k - b.k).map(([o, j]) => row(o, j));
    } else if (!spec.hoverless) rows.push(...(s.values ? [{ name: spec.scale?.title ?? "value", value: format(s.values[i], spec.scale?.format) }] : []));
    const head = s.labels?.[i] ?? (across ? `${x.title && x.kind !== "time" ? x.title + " " : ""}${x.text(s.x[i])}` : null);
    if (!across) rows.unshift({ name: x.title ?? "x", value: x.text(s.x[i]) }, { name: y.title ?? "y", value: rows.shift().value });
    if (!across && s.name) rows.unshift({ color: s.color, name: s.name, value: "" });
    return { ...at, head, rows, rule: across, color: s.color, detail: { series: s.name ?? s.k, index: i, x: s.x[i], y: s.y[i], label: s.labels?.[i] } };
  };
  const hit = (px, py) => {
    let best = null, least = across ? Infinity : 24 ** 2;
    near.forEach((s, k) => {
      if (s.quiet) return;
      for (let i = 0; i < s.x.length; i++) {
        const dx = x.px(s.x[i]) - px, dy = y.px(s.y[i]) - py, far = across ? dx * dx * 1e4 + dy * dy : dx * dx + dy * dy;
        if (far < least) { least = far; best = [k, i]; }
      }
    });
    return best;
  };
  const names = [...new Map(series.filter(s => s.name && !s.quiet).map(s => [s.key, s])).values()];
  return {
    height, counts: near.map(s => s.quiet ? 0 : s.x.length), item, hit, x, y, box, series,
    svg: `<clipPath id="${chart.id}-clip">${tag("rect", { x: box.left - 4, y: box.top - 4, width: box.right - box.left + 8, height: box.bottom - box.top + 8 })}</clipPath>${marks.under}${box.svg}${diagonal}${drawn.svg}${marks.over}`,
    legend: names.map(s => ({ key: s.key, name: s.group ?? s.name, color: s.color, look: s.type === "line" ? `line ${s.dash ?? ""}` : s.shape ?? "dot" })),
    table: () => {
      const named = series.some(s => s.name), bands = [...new Set(series.flatMap(s => (s.bands ?? []).map(b => b.name ?? "interval")))], whisk = series.some(s => s.low);
      const labelled = series.some(s => s.labels);
      return {
        head: [...named ? ["series"] : [], ...labelled ? ["label"] : [], x.title ?? (x.kind === "time" ? "time" : "x"), y.title ?? "y", ...whisk ? ["low", "high"] : [], ...bands.flatMap(b => [`${b} low`, `${b} high`])],
        rows: series.flatMap(s => s.x.map((v, i) => [...named ? [s.name ?? ""] : [], ...labelled ? [s.labels?.[i] ?? ""] : [], x.kind === "time" ? x.text(v) : v, s.y[i], ...whisk ? [s.low?.[i], s.high?.[i]] : [],
          ...bands.flatMap(name => { const b = (s.bands ?? []).find(b => (b.name ?? "interval") === name); return b ? [b.low[i], b.high[i]] : [null, null]; })])),
      };
    },
  };
}
function closest(list, v) {
  let best = -1, least = Infinity;
  for (let i = 0; i < list.length; i++) { const far = Math.abs(list[i] - v); if (far < least) { least = far; best = i; } }
  return best;
}

// ------------------------------------------------------------------------------------- strips, bars and histograms

function strips(chart, width) {
  const { spec, size } = chart, rows = spec.rows ?? [], tall = 2.4 * size;
  const x = scale(spec.x, [...rows.map(r => [r.value, r.low, r.high, ...r.dots ?? []]), finite(spec.reference) ? [spec.reference] : []], 0.05);
  const y = scale({ categories: rows.map(r => r.name ?? ""), reverse: true }), height = spec.height ?? rows.length * tall + size * 3 + (spec.x?.title ? size + 10 : 0);
  const most = Math.min(width * 0.42, Math.max(0, ...rows.map(r => chart.width(r.name ?? "")))), numbers = Math.max(0, ...rows.map(r => chart.width(x.text(r.value)))) + 10;
  const box = frame(chart, width - numbers, height, x, y, { grids: "x" });
  let svg = box.svg + (finite(spec.reference) ? line(x.px(spec.reference), box.top, x.px(spec.reference), box.bottom, { class: "mark c-gray dashed" }) : "");
  rows.forEach((r, i) => {
    const at = y.px(i), c = r.color ?? "blue", inside = r.value >= x.low && r.value <= x.high, px = v => clamp(x.px(v), box.left, box.right);
    if (!finite(r.value)) return;
    if (finite(r.low) && r.high > x.low && r.low < x.high) svg += tag("rect", { x: px(r.low), y: at - 4, width: Math.max(px(r.high) - px(r.low), 1), height: 8, rx: 4, class: `interval c-${c}` });
    for (const v of r.dots ?? []) if (v >= x.low && v <= x.high) svg += line(x.px(v), at - 4, x.px(v), at + 4, { class: `stroke c-${c}` });
    svg += inside ? tag("circle", { cx: x.px(r.value), cy: at, r: 5.5, class: `${r.shape === "ring" ? "ring" : "disc"} c-${c}` })
      : words(r.value < x.low ? box.left : box.right, at + 5, r.value < x.low ? "◂" : "▸", { class: `arrow c-${c}`, text_anchor: r.value < x.low ? "start" : "end" });
    svg += words(width, at + size * 0.35, x.text(r.value), { class: r.strong ? "value strong" : "value", text_anchor: "end" });
  });
  return {
    height, svg, counts: [rows.length], swap: true,
    hit: (px, py) => { const i = Math.round(y.value(py)); return i >= 0 && i < rows.length ? [0, i] : null; },
    item: (_, i) => ({ x: clamp(x.px(rows[i].value), box.left, box.right), y: y.px(i), head: rows[i].name, rows: [{ color: rows[i].color ?? "blue", name: x.title ?? rows[i].note ?? "", value: x.text(rows[i].value), more: finite(rows[i].low) ? `${x.text(rows[i].low)} to ${x.text(rows[i].high)}` : "" }],
      detail: { index: i, label: rows[i].name, value: rows[i].value } }),
    table: () => ({ head: ["", x.title ?? "value", "low", "high"], rows: rows.map(r => [r.name, r.value, r.low, r.high]) }),
  };
}

/** Bars and histograms: places = [from, to] of each bar along its axis. */
function barsIn(chart, width, height, along, values, series, places, { flat, stacked, overlap, names }) {
  const { spec, size } = chart, live = shown(series), n = places.length;
  const numbers = spec.numbers && live.length === 1 && !stacked, room = numbers && flat ? 16 + Math.max(...live[0].values.map(v => chart.width(values.text(v ?? 0)))) : 0;
  const [x, y] = flat ? [values, along] : [along, values], box = frame(chart, width - room, height, x, y, { grids: flat ? "x" : "y", top: numbers ? size + 8 : 0 });
  const base = values.px(clamp(0, values.low, values.high)), up = Array(n).fill(0), down = Array(n).fill(0), rects = [];
  let svg = box.svg, over = "";
  live.forEach((s, k) => {
    rects[s.k] = s.values.map((v, i) => {
      if (!finite(v)) return null;
      let [a, b] = places[i].map(along.px).sort((p, q) => p - q), from = base, to = values.px(v);
      if (names) { const gap = Math.min((b - a) * 0.14, 10), slot = (b - a - 2 * gap) / (stacked ? 1 : live.length); a += gap + (stacked ? 0 : k * slot); b = a + Math.min(slot - (live.length > 1 && !stacked ? 1 : 0), 64); if (live.length === 1 || stacked) { const spare = (slot - (b - a)) / 2; a += spare; b += spare; } } else if (b - a > 4) b -= 1;
      if (stacked) { const pile = v < 0 ? down : up; from = values.px(pile[i]); pile[i] += v; to = values.px(pile[i]); }
      const r = flat ? { x: Math.min(from, to), y: a, width: Math.abs(to - from), height: b - a } : { x: a, y: Math.min(from, to), width: b - a, height: Math.abs(to - from) };
      svg += tag("rect", { ...r, rx: names ? Math.min(2, r.width / 2) : 0, class: `bar c-${s.colors?.[i] ?? s.color}${overlap && live.length > 1 ? " over" : ""}` });
      const mid = (a + b) / 2;
      if (finite(s.low?.[i])) over += flat ? line(values.px(s.low[i]), mid, values.px(s.high[i]), mid, { class: "error" }) : line(mid, values.px(s.low[i]), mid, values.px(s.high[i]), { class: "error" });
      if (numbers) { const far = finite(s.high?.[i]) && v >= 0 ? values.px(s.high[i]) : to; over += flat ? words(v < 0 ? to - 6 : far + 6, mid + size * 0.35, values.text(v), { class: "value", text_anchor: v < 0 ? "end" : "start" }) : words(mid, (v < 0 ? to + size : far) - 5, values.text(v), { class: "value", text_anchor: "middle" }); }
      return r;
    });
  });
  if (values.low < 0) over += flat ? line(base, box.top, base, box.bottom, { class: "base" }) : line(box.left, base, box.right, base, { class: "base" });
  return { svg: svg + over, rects, box };
}

function bars(chart, width) {
  const { spec, size } = chart, categories = spec.categories ?? [], colours = LINE;
  const series = (spec.series ?? []).map((s, k) => {
    if (s.values?.length !== categories.length) fail(`bars: series[${k}] has ${s.values?.length ?? 0} values for ${categories.length} categories. Give one each.`);
    return { ...s, k, key: s.name ?? `series ${k + 1}`, color: s.color ?? colours[k % 8], off: chart.off.has(s.name ?? `series ${k + 1}`) };
  });
  const live = shown(series), longest = Math.max(0, ...categories.map(c => chart.width(String(c))));
  const flat = spec.orientation ? spec.orientation === "horizontal" : longest > width / (categories.length + 1) - 12 && categories.length <= 24, { stacked } = spec;
  const lists = stacked ? [categories.map((_, i) => live.reduce((sum, s) => sum + Math.max(s.values[i] ?? 0, 0), 0)), categories.map((_, i) => live.reduce((sum, s) => sum + Math.min(s.values[i] ?? 0, 0), 0))] : live.flatMap(s => [s.values, s.low, s.high]);
  const values = scale({ ...spec.value, zero: spec.value?.scale !== "log" }, lists, 0.05), along = scale({ ...spec.category, categories, reverse: flat });
  const height = spec.height ?? (flat ? categories.length * Math.max(2 * size, stacked ? 0 : live.length * 15 + 8) + size * 3 + (spec.value?.title ? size + 10 : 0) : 300);
  const { svg, rects, box } = barsIn(chart, width, height, along, values, series, categories.map((_, i) => [i - 0.5, i + 0.5]), { flat, stacked, names: true });
  return {
    height, svg, counts: series.map(s => s.off ? 0 : categories.length), swap: flat, box,
    hit: (px, py) => { const i = Math.round(along.value(flat ? py : px)); if (!(i in categories)) return null; const k = live.findIndex(s => { const r = rects[s.k][i]; return r && (flat ? py >= r.y && py <= r.y + r.height && (!stacked || px <= r.x + r.width) : px >= r.x && px <= r.x + r.width && (!stacked || py >= r.y)); }); return live.length ? [(live[k] ?? live[0]).k, i] : null; },
    item: (k, i) => { const r = rects[k]?.[i], s = series[k]; return r && { x: flat ? r.x + r.width : r.x + r.width / 2, y: flat ? r.y + r.height / 2 : r.y, rect: r, head: String(categories[i]), rows: (stacked ? live : [s]).map(o => ({ color: o.colors?.[i] ?? o.color, name: o.name ?? values.title ?? "", value: values.text(o.values[i]), more: finite(o.low?.[i]) ? `${values.text(o.low[i])} to ${values.text(o.high[i])}` : "" })), detail: { series: s.name ?? k, index: i, label: categories[i], value: s.values[i] } }; },
    legend: series.filter(s => s.name).map(s => ({ key: s.key, name: s.name, color: s.color, look: "square" })),
    table: () => ({ head: [spec.category?.title ?? "", ...series.flatMap(s => [s.name ?? values.title ?? "value", ...s.low ? ["low", "high"] : []])], rows: categories.map((c, i) => [c, ...series.flatMap(s => [s.values[i], ...s.low ? [s.low[i], s.high[i]] : []])]) }),
  };
}

function histogram(chart, width) {
  const { spec } = chart, flat = spec.orientation === "horizontal";
  let edges = spec.edges?.map(time);
  if (!edges) { const [a, b] = spec.x?.data ?? span((spec.series ?? []).map(s => s.values)), n = spec.bins ?? 30; edges = range(n + 1).map(i => a + (b > a ? b - a : 1) * i / n); }
  const n = edges.length - 1, series = (spec.series ?? []).map((s, k) => {
    let counts = s.counts;
    if (!counts) { counts = Array(n).fill(0); for (const v of s.values ?? []) if (finite(v)) { const i = Math.min(Math.floor((v - edges[0]) / (edges[n] - edges[0]) * n), n - 1); if (i >= 0) counts[i]++; } }
    if (counts.length !== n) fail(`histogram: series[${k}] has ${counts.length} counts for ${edges.length} edges. Give one fewer than edges.`);
    const total = spec.density ? counts.reduce((a, b) => a + b, 0) || 1 : 1, key = s.name ?? `series ${k + 1}`;
    return { ...s, k, key, values: counts.map(c => c / total), color: s.color ?? LINE[k % 8], off: chart.off.has(key) };
  });
  const along = scale({ ...spec.x, title: spec.x?.title }, [edges], 0), values = scale({ zero: true, format: spec.density ? "percent" : "integer", ...spec.y }, shown(series).map(s => s.values), 0.05);
  const height = spec.height ?? 280, places = range(n).map(i => [edges[i], edges[i + 1]]), { svg, rects, box } = barsIn(chart, width, height, along, values, series, places, { flat, overlap: true });
  const [x, y] = flat ? [values, along] : [along, values], marks = marksOf(chart, box, x, y);
  return {
    height, svg: marks.under + svg + marks.over, counts: series.map(s => s.off ? 0 : n), swap: flat, x, y, box,
    hit: (px, py) => { const v = along.value(flat ? py : px), i = edges.findIndex((e, j) => j < n && v >= e && v <= edges[j + 1]), s = shown(series)[0]; return i < 0 || !s ? null : [s.k, i]; },
    item: (k, i) => { const r = rects[k]?.[i]; return r && { x: r.x + r.width / 2, y: r.y, rect: r, head: `${along.text(edges[i])} to ${along.text(edges[i + 1])}`, rows: shown(series).map(s => ({ color: s.color, name: s.name ?? values.title ?? "count", value: values.text(s.values[i]) })), detail: { series: series[k].name ?? k, index: i, x: (edges[i] + edges[i + 1]) / 2, value: series[k].values[i] } }; },
    legend: series.filter(s => s.name).map(s => ({ key: s.key, name: s.name, color: s.color, look: "square" })),
    table: () => ({ head: ["from", "to", ...series.map(s => s.name ?? "count")], rows: places.map(([a, b], i) => [along.kind === "time" ? along.text(a) : a, along.kind === "time" ? along.text(b) : b, ...series.map(s => s.values[i])]) }),
  };
}

// ---------------------------------------------------------------------------- heat maps, contours and their lines

function field(chart, width) {
  const { spec, size } = chart, [rows, columns] = spec.shape ?? fail(`${spec.kind}: shape is missing. Give [rows, columns].`), values = spec.values ?? [];
  if (values.length !== rows * columns) fail(`${spec.kind}: ${values.length} values for shape ${rows} × ${columns}. Give ${rows * columns}, row by row.`);
  const named = spec.x?.categories && spec.y?.categories, contoured = spec.kind === "contours";
  const [x0, x1, y0, y1] = named ? [0, columns - 1, 0, rows - 1] : spec.extent ?? [0, columns - 1, 0, rows - 1], dx = columns > 1 ? (x1 - x0) / (columns - 1) : 1, dy = rows > 1 ? (y1 - y0) / (rows - 1) : 1;
  const edge = contoured ? 0 : 0.5, sides = (a, b, d) => [a - edge * d, b + edge * d].sort((p, q) => p - q);
  const [xl, xh] = sides(x0, x1, dx), [yl, yh] = sides(y0, y1, dy);
  const x = scale({ ...spec.x, min: named ? null : spec.x?.min ?? xl, max: named ? null : spec.x?.max ?? xh }, [], 0), y = scale({ ...spec.y, ...named ? { reverse: true } : { min: spec.y?.min ?? yl, max: spec.y?.max ?? yh } }, [], 0);
  const s = shade(chart, spec.scale, values), height = spec.height ?? (named ? rows * 34 + size * 5 : spec.equal ? Math.min(width, 420) : 320);
  const box = frame(chart, width, height, x, y, { bar: spec.bare || spec.numbers ? null : s, grids: "" }), clip = `url(#${chart.id}-clip)`, px = c => x.px(x0 + c * dx), py = r => y.px(y0 + r * dy);
  let svg = `<clipPath id="${chart.id}-clip">${tag("rect", { x: Math.min(x.from, x.to), y: Math.min(y.from, y.to), width: Math.abs(x.to - x.from), height: Math.abs(y.to - y.from) })}</clipPath>`;
  const wide = Math.abs(px(1) - px(0)), tall = Math.abs(py(1) - py(0)), gap = named ? 1 : 0;
  if (contoured && spec.filled === false) svg += "";
  else if (contoured || spec.smooth || rows * columns > 900) {
    if (!contoured || !spec.flat) svg += tag("image", { href: pixels(s, values, rows, columns, x.to < x.from !== dx < 0, (y.to > y.from) !== (dy < 0)), x: Math.min(px(0), px(columns - 1)) - wide / 2, y: Math.min(py(0), py(rows - 1)) - tall / 2, width: wide * columns, height: tall * rows, preserveAspectRatio: "none", clip_path: clip, class: contoured || spec.smooth ? "smooth" : "cells" });
  } else for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    const v = values[r * columns + c], fill = finite(v) ? s.at(v) : null;
    svg += tag("rect", { x: px(c) - wide / 2 + gap, y: py(r) - tall / 2 + gap, width: wide - 2 * gap + (gap ? 0 : 0.4), height: tall - 2 * gap + (gap ? 0 : 0.4), rx: named ? 3 : 0, fill: fill && hexed(fill), class: fill ? null : "nothing" });
    if (spec.numbers) svg += words(px(c), py(r) + size * 0.35, format(v, spec.scale?.format), { class: "inside", fill: fill && inkOn(fill), text_anchor: "middle" });
  }
  if (spec.levels || contoured) svg += contourLines(chart, s, values, rows, columns, px, py, clip, spec.levels ?? 10);
  const series = seriesOf(chart, "points"), drawn = drawSeries(chart, series, x, y, clip), marks = marksOf(chart, box, x, y, clip);
  const paths = spec.paths ?? (spec.path ? [{ points: spec.path }] : []);
  let over = "";
  paths.forEach((p, k) => {
    if (chart.off.has(p.name)) return;
    const c = p.color ?? (paths.length > 1 ? LINE[k % 8] : "ink"), at = p.points.map(([a, b]) => [x.px(a), y.px(b)]).filter(([a, b]) => finite(a) && finite(b)), d = "M" + at.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L"), last = at.at(-1);
    if (!last) return;
    over += tag("path", { d, class: "line halo", stroke_width: 5, clip_path: clip }) + tag("path", { d, class: `line c-${c}`, stroke_width: 2, clip_path: clip });
    if (at.length <= 60) over += tag("path", { d: at.map(([a, b]) => `M${a.toFixed(1)} ${b.toFixed(1)}h0`).join(""), class: `dots c-${c}`, stroke_width: 5, clip_path: clip });
    over += tag("circle", { cx: at[0][0], cy: at[0][1], r: 5, class: `ring c-${c}` }) + tag("circle", { cx: last[0], cy: last[1], r: 5.5, class: `disc c-${c}` });
  });
  const where = (r, c) => named ? `${spec.y.categories[r]}, ${spec.x.categories[c]}` : null, legend = [...series.filter(t => t.name).map(t => ({ key: t.key, name: t.name, color: t.color, look: t.type === "line" ? "line" : t.shape ?? "dot" })), ...paths.filter(p => p.name).map((p, k) => ({ key: p.name, name: p.name, color: p.color ?? LINE[k % 8], look: "line" }))];
  return {
    height, svg: svg + box.svg + marks.under + drawn.svg + over + marks.over, counts: Array(rows).fill(columns), flip: !named && dy * (y.reverse ? -1 : 1) > 0, x, y, box, legend, series, cellFirst: true,
    hit: (a, b) => { const c = Math.round((x.value(a) - x0) / dx), r = Math.round((y.value(b) - y0) / dy); return c >= 0 && c < columns && r >= 0 && r < rows ? [r, c] : null; },
    item: (r, c) => ({ x: px(c), y: py(r), rect: { x: px(c) - wide / 2, y: py(r) - tall / 2, width: wide, height: tall }, head: where(r, c), rows: [...named ? [] : [{ name: x.title ?? "x", value: x.text(x0 + c * dx) }, { name: y.title ?? "y", value: y.text(y0 + r * dy) }], { name: s.title ?? "value", value: format(values[r * columns + c], s.how) }], detail: { row: r, column: c, x: x0 + c * dx, y: y0 + r * dy, value: values[r * columns + c] } }),
    table: () => ({ head: ["", ...range(columns).map(c => x.text(x0 + c * dx))], rows: range(rows).map(r => [y.text(y0 + r * dy), ...values.slice(r * columns, (r + 1) * columns)]) }),
  };
}

/** A grid as a picture of one pixel a cell. */
function pixels(s, values, rows, columns, mirrored, upside) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows }), context = canvas.getContext("2d"), data = context.createImageData(columns, rows);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    const v = values[r * columns + c], at = 4 * ((upside ? r : rows - 1 - r) * columns + (mirrored ? columns - 1 - c : c));
    if (finite(v)) data.data.set([...s.at(v), 255], at);
  }
  context.putImageData(data, 0, 0);
  return canvas.toDataURL();
}

/** Marching squares: for each level the polylines of [column, row] along which the grid passes it. */
export function isolines(values, rows, columns, level) {
  const v = (r, c) => values[r * columns + c] ?? Infinity, next = new Map(), starts = new Set(), at = new Map();
  const cross = (r, c, down) => {  // the point on the edge to the right of (r, c), or below it
    const id = 2 * (r * columns + c) + down;
    if (!at.has(id)) { const a = v(r, c), b = down ? v(r + 1, c) : v(r, c + 1), t = clamp((level - a) / (b - a), 0, 1) || 0; at.set(id, down ? [c, r + t] : [c + t, r]); }
    return id;
  };
  for (let r = 0; r < rows - 1; r++) for (let c = 0; c < columns - 1; c++) {
    const a = v(r, c), b = v(r, c + 1), d = v(r + 1, c + 1), e = v(r + 1, c), code = (a >= level) + 2 * (b >= level) + 4 * (d >= level) + 8 * (e >= level);
    if (code === 0 || code === 15) continue;
    const top = () => cross(r, c, 0), right = () => cross(r, c + 1, 1), bottom = () => cross(r + 1, c, 0), left = () => cross(r, c, 1), high = (a + b + d + e) / 4 >= level;
    const found = { 1: [[left, top]], 2: [[top, right]], 3: [[left, right]], 4: [[right, bottom]], 5: high ? [[left, bottom], [right, top]] : [[left, top], [right, bottom]], 6: [[top, bottom]], 7: [[left, bottom]], 8: [[bottom, left]], 9: [[bottom, top]], 10: high ? [[top, left], [bottom, right]] : [[top, right], [bottom, left]], 11: [[bottom, right]], 12: [[right, left]], 13: [[right, top]], 14: [[top, left]] }[code];
    for (const [from, to] of found) { const a = from(), b = to(); next.set(a, b); starts.add(b); }
  }
  const lines = [], walk = start => { const run = [at.get(start)]; let k = start; while (next.has(k)) { const to = next.get(k); next.delete(k); run.push(at.get(to)); k = to; } return run; };
  for (const k of [...next.keys()]) if (!starts.has(k)) lines.push(walk(k));  // open ones begin at the border
  for (const k of [...next.keys()]) if (next.has(k)) lines.push(walk(k));
  return lines;
}

function levelsOf(s, wanted) {
  if (Array.isArray(wanted)) return wanted;
  if (s.log) { const a = Math.log10(s.low), b = Math.log10(s.high); return range(wanted).map(i => +(10 ** (a + (b - a) * (i + 0.5) / wanted)).toPrecision(2)); }
  const rough = (s.high - s.low) / wanted, power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 2.5, 5, 10].map(m => m * power).find(m => m >= rough * 0.99), first = Math.ceil(s.low / step);
  return range(Math.max(0, Math.floor(s.high / step) - first + 1)).map(k => +((first + k) * step).toPrecision(12));
}

function contourLines(chart, s, values, rows, columns, px, py, clip, wanted) {
  let svg = "", texts = "";
  const taken = [];
  for (const level of levelsOf(s, wanted)) {
    const text = format(+level.toPrecision(4), s.how), wide = chart.width(text) + 8, ink = chart.spec.filled === false || !finite(level) ? null : inkOn(s.at(level));
    let d = "", best = null;
    for (const run of isolines(values, rows, columns, level)) {
      const at = run.map(([c, r]) => [px(c), py(r)]);
      d += "M" + at.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L");
      const total = at.reduce((sum, p, i) => i ? sum + Math.hypot(p[0] - at[i - 1][0], p[1] - at[i - 1][1]) : 0, 0);
      if (total < 3 * wide) continue;
      for (let i = 2; i < at.length - 2; i += Math.max(1, Math.floor(at.length / 24))) {  // where the line is straightest and free
        let j = i, long = 0;
        while (j < at.length - 1 && long < wide) { long += Math.hypot(at[j + 1][0] - at[j][0], at[j + 1][1] - at[j][1]); j++; }
        if (long < wide) break;
        const [a, b] = [at[i], at[j]], mid = at[(i + j) >> 1], straight = Math.hypot(b[0] - a[0], b[1] - a[1]) / long;
        if (straight > (best?.straight ?? 0.9) && taken.every(([p, q]) => Math.hypot(p - mid[0], q - mid[1]) > wide * 1.2)) best = { straight, mid, angle: Math.atan((b[1] - a[1]) / (b[0] - a[0] || 1e-9)) * 180 / Math.PI, half: wide / 2 };
      }
    }
    if (d) svg += tag("path", { d, class: "iso", stroke: ink, clip_path: clip });
    if (best && chart.spec.labels !== false && !chart.spec.bare) { taken.push(best.mid); texts += words(0, 3.5, text, { class: "isotext", fill: ink, stroke: ink && hexed(s.at(level)), text_anchor: "middle", transform: `translate(${best.mid[0].toFixed(1)} ${best.mid[1].toFixed(1)}) rotate(${best.angle.toFixed(1)})` }); }
  }
  return svg + texts;
}

// ----------------------------------------------------------------------------------------------------- matrices

function matrix(chart, width) {
  const { spec, size } = chart, rows = spec.rows ?? [], columns = spec.columns ?? rows, { values } = spec;
  if (!values || values.length !== rows.length || values.some(r => r.length !== columns.length)) fail(`matrix: values must be ${rows.length} rows of ${columns.length} numbers, as rows and columns have names.`);
  const total = { row: r => sum(values[r]), column: (_, c) => sum(values.map(v => v[c])), all: () => sum(values.map(sum)) }[spec.share ?? "row"];
  const most = Math.max(1, ...values.flat().map(Math.abs)), share = (r, c) => total ? values[r][c] / (total(r, c) || 1) : values[r][c] / most;
  const [down, across] = spec.titles ?? ["", ""], namesWide = Math.min(Math.max(0, ...rows.map(r => chart.width(String(r)))), width * 0.3, 180), left = namesWide + 10;
  const cell = Math.min((width - left) / columns.length, 84), widest = Math.max(0, ...columns.map(c => chart.width(String(c)))), turned = widest > cell - 6, headTall = turned ? Math.min(widest, 96) + 8 : size + 8;
  const tall = clamp(cell, 24, rows.length > 12 ? 27 : 44), top = headTall + (down || across ? size + 10 : 0), height = top + rows.length * tall + 2, small = cell < 46 || tall < 40 || !total;
  let svg = across ? words(left, size, `${across} →`, { class: "name" }) : "";
  if (down) svg += words(left - 10, size, `${down} ↓`, { class: "name", text_anchor: "end" });
  columns.forEach((name, c) => { const x = left + (c + 0.5) * cell; svg += turned ? words(0, 0, chart.cut(String(name), 96), { class: "tick", transform: `translate(${(x + size * 0.35).toFixed(1)} ${top - 6}) rotate(-90)` }) : words(x, top - 8, name, { class: "tick", text_anchor: "middle" }); });
  const surface = rgb(css(chart, "--chart-surface", "#fff")), tones = ["--chart-blue", "--chart-orange"].map((name, i) => rgb(css(chart, name, ["#0a62a8", "#b84e00"][i])));
  const place = (r, c) => ({ x: left + c * cell + 1, y: top + r * tall + 1, width: cell - 2, height: tall - 2 });
  rows.forEach((name, r) => {
    svg += words(left - 10, top + (r + 0.5) * tall + size * 0.35, chart.cut(String(name), namesWide), { class: "tick strong", text_anchor: "end" });
    columns.forEach((_, c) => {
      const v = values[r][c], box = place(r, c), part = clamp(Math.abs(share(r, c)), 0, 1), wrong = spec.diagonal && r !== c, fill = mix(surface, tones[+wrong], 0.05 + 0.92 * part), picked = spec.selected?.[0] === r && spec.selected[1] === c, x = box.x + box.width / 2, y = box.y + box.height / 2;
      svg += tag("rect", { ...box, rx: 4, fill: v ? hexed(fill) : null, class: `${v ? "" : "nothing"}${spec.selectable && v ? " pick" : ""}${picked ? " picked" : ""}` });
      const ink = v ? inkOn(fill) : null, given = { fill: ink, text_anchor: "middle", class: v ? "inside" : "inside zero" };
      svg += words(x, y + (small || !v ? size * 0.35 : -1), format(v, "integer"), given);
      if (!small && v) svg += words(x, y + size + 1, format(share(r, c), "percent", 0.01), { ...given, class: "inside small" });
    });
  });
  return {
    height, svg, counts: Array(rows.length).fill(columns.length), cellFirst: true,
    hit: (px, py) => { const c = Math.floor((px - left) / cell), r = Math.floor((py - top) / tall); return c >= 0 && c < columns.length && r >= 0 && r < rows.length ? [r, c] : null; },
    item: (r, c) => { const box = place(r, c); return { x: box.x + box.width / 2, y: box.y, rect: box, pick: spec.selectable && values[r][c], head: `${down ? down + " " : ""}${rows[r]}, ${across ? across + " " : ""}${columns[c]}`, rows: [{ name: "rows", value: format(values[r][c], "integer"), more: total ? `${format(share(r, c), "percent")} of the ${spec.share ?? "row"}` : "" }], detail: { row: r, column: c, value: values[r][c] } }; },
    table: () => ({ head: [`${down} ↓ ${across} →`.trim(), ...columns], rows: rows.map((name, r) => [name, ...values[r]]) }),
  };
}
const sum = list => list.reduce((a, b) => a + b, 0);

// --------------------------------------------------------------------------------------------- the network itself

const WORDS = ["dropout", "activation", "batchnorm", "layernorm", "flatten"], RECURRENT = ["simplernn", "lstm", "gru"];
const typeOf = l => String(l.type ?? l.name).toLowerCase().replace(/_?\d*$/, "").replace(/_/g, "").replace("rnn", "rnn");

/** One column a layer: vectors as neurons, images as stacks of maps, sequences as steps; layers without a shape of their own are words. */
function network(chart, width) {
  const { spec, size } = chart, most = spec.most ?? 10, columns = [];
  if (spec.input) columns.push({ name: "input", shape: spec.input.shape, title: "input", names: spec.input.names, lines: [], units: spec.input.shape.at(-1) });
  for (const l of spec.layers ?? []) {
    const type = typeOf(l), shape = l.output ?? [], before = columns.at(-1);
    if (before && WORDS.includes(type) && !(type === "flatten" && before.shape.length > 1 && false)) { before.lines.push(type === "activation" ? l.activation ?? type : type); before.after = shape; if (type === "flatten") before.flat = true; continue; }
    columns.push({ name: l.name, type, shape, title: type, lines: l.activation && !["identity", "linear"].includes(l.activation) ? [l.activation] : [], parameters: l.parameters, units: shape.at(-1) });
  }
  if (columns.length > 1) { columns.at(-1).title = "output"; columns.at(-1).names ??= spec.output?.names; }
  const gutter = names => names && names.length <= most ? Math.min(Math.max(...names.map(n => chart.width(String(n)))), 120) + 14 : 0;
  const left = gutter(columns[0]?.names), right = columns.length > 1 ? gutter(columns.at(-1).names) : 0;
  const least = Math.max(76, ...columns.map(c => chart.width(c.title) + 10)), wide = Math.max(width, left + right + least * columns.length), step = (wide - left - right) / columns.length;
  const tallest = Math.max(1, ...columns.map(c => c.shape.length === 1 ? Math.min(c.units, most) : 6)), maps = spec.maps ?? {}, gap = spec.height ? Math.min((spec.height - 90) / tallest, 60) : Object.keys(maps).length ? 46 : clamp(260 / tallest, 24, 34), r = Math.min(gap * 0.36, Object.keys(maps).length || spec.values ? 20 : 9);
  const middle = 12 + tallest * gap / 2, foot = 12 + tallest * gap + 14, lines = Math.max(1, ...columns.map(c => 1 + Math.ceil(c.lines.length / 1) + (c.parameters ? 1 : 0)));
  const height = foot + (lines + 1) * (size + 5);
  let links = "", nodes = "";
  columns.forEach((c, i) => {
    c.x = left + (i + 0.5) * step;
    c.vector = c.shape.length === 1 || c.flat === "all";
    const n = Math.min(c.units, most), cut = c.units > most;
    c.at = c.shape.length === 1 ? range(cut ? n - 1 : n).map(k => ({ unit: cut && k >= n / 2 - 1 ? c.units - (n - 1 - k) : k, y: middle + ((cut && k >= Math.floor(n / 2) - 0 ? k + 1 : k) - (n - 1) / 2) * gap })) : [];
    if (cut) { const holes = Math.floor(n / 2); c.at = range(n).filter(k => k !== holes).map(k => ({ unit: k < holes ? k : c.units - n + k, y: middle + (k - (n - 1) / 2) * gap })); c.hole = middle + (holes - (n - 1) / 2) * gap; }
    const kind = i === 0 && spec.input ? "input" : i === columns.length - 1 ? "output" : "hidden";
    if (c.shape.length === 3) nodes += stack(c, middle, tallest * gap);
    else if (c.shape.length === 2) nodes += steps(c, middle, gap, r);
    const values = spec.values?.[c.name], biases = spec.biases?.[c.name];
    for (const at of c.at) {
      const v = values?.[at.unit], picture = maps[c.name]?.values?.[at.unit], given = { class: `neuron ${kind}` };
      if (picture) {
        const s = shade(chart, spec.scale ?? { kind: "diverging" }, picture), [rows, cols] = maps[c.name].shape;
        nodes += tag("image", { href: pixels(s, picture, rows, cols, false, false), x: c.x - r, y: at.y - r, width: 2 * r, height: 2 * r, preserveAspectRatio: "none" }) + tag("rect", { x: c.x - r, y: at.y - r, width: 2 * r, height: 2 * r, rx: 3, class: `neuron ${kind} open` });
      } else nodes += tag("circle", { cx: c.x, cy: at.y, r, ...given });
      if (finite(v)) nodes += words(c.x, at.y + 4, format(+v.toPrecision(2)), { class: `inside${kind === "output" ? " on" : ""}`, text_anchor: "middle" });
      if (finite(biases?.[at.unit])) nodes += tag("rect", { x: c.x - r - 5, y: at.y + r - 3, width: 6, height: 6, class: biases[at.unit] < 0 ? "bias c-orange" : "bias c-blue" });
      if (c.names && c.units <= most) nodes += words(i === 0 ? c.x - r - 8 : c.x + r + 8, at.y + 4, chart.cut(String(c.names[at.unit] ?? ""), 120), { class: "tick", text_anchor: i === 0 ? "end" : "start" });
    }
    if (RECURRENT.includes(c.type)) nodes += tag("path", { d: `M${c.x + r + 3} ${middle - gap * 0.3}c24 -${gap * 0.8} 24 ${gap * 1.4} 0 ${gap * 0.6}`, class: "loop" }) + tag("path", { d: `M${c.x + r + 3} ${middle + gap * 0.3}l7 -1m-7 1l3 -6`, class: "loop" });
    if (c.hole) nodes += [-6, 0, 6].map(d => tag("circle", { cx: c.x, cy: c.hole + d, r: 1.6, class: "gap" })).join("");
    const b = columns[i - 1];
    if (b) {
      const w = spec.weights?.[c.name], strongest = w && Math.max(1e-12, ...w.flat().map(Math.abs));
      if (b.at.length && c.at.length) for (const p of b.at) for (const q of c.at) {
        const v = w?.[p.unit]?.[q.unit];
        links += line(b.x + r + 1, p.y, c.x - r - 1, q.y, finite(v) ? { class: `link c-${v < 0 ? "orange" : "blue"}`, stroke_width: 0.3 + 3.2 * Math.abs(v) / strongest, opacity: 0.25 + 0.7 * Math.abs(v) / strongest } : { class: "link" });
      } else {
        const from = b.reach ?? r, to = c.reach ?? r, ends = c.at.length ? c.at.map(q => q.y) : [middle], starts = b.at.length ? b.at.map(p => p.y) : [middle - 6, middle + 6];
        for (const p of starts) for (const q of ends) links += line(b.x + from + 2, p, c.x - to - 2, q, { class: "link" });
      }
      if (c.type === "residual") links += tag("path", { d: `M${b.x} ${middle - tallest * gap / 2 + 4}C${b.x + step * 0.3} -6 ${c.x - step * 0.3} -6 ${c.x} ${middle - tallest * gap / 2 + 4}`, class: "loop" });
    }
    const texts = [[c.shape.length === 1 ? format(c.units, "integer") : c.shape.join(" × "), "units"], [c.title, "kind"], ...c.lines.map(t => [t, "kind soft"]), ...c.parameters ? [[`${format(c.parameters, "integer")} param.`, "tick"]] : []];
    texts.forEach(([text, name], k) => { nodes += words(c.x, foot + (k + 0.8) * (size + 5), chart.cut(text, step), { class: name, text_anchor: "middle" }); });
  });
  const near = (c, at) => at.y;
  return {
    height, wide, svg: links + nodes, counts: columns.map(c => c.at.length || 1), swap: true,
    hit: (px, py) => {
      const i = clamp(Math.floor((px - left) / step), 0, columns.length - 1), c = columns[i];
      if (!c) return null;
      if (!c.at.length) return Math.abs(px - c.x) < step / 2 ? [i, 0] : null;
      const k = closest(c.at.map(at => near(c, at)), py);
      return Math.hypot(c.x - px, c.at[k].y - py) < r + 6 ? [i, k] : null;
    },
    item: (i, k) => {
      const c = columns[i], at = c.at[k] ?? { y: middle }, v = spec.values?.[c.name]?.[at.unit], rows = [];
      if (finite(v)) rows.push({ name: "value", value: format(v) });
      if (finite(spec.biases?.[c.name]?.[at.unit])) rows.push({ name: "bias", value: format(spec.biases[c.name][at.unit]) });
      (spec.weights?.[c.name] ?? []).slice(0, 6).forEach((w, j) => { if (finite(w[at.unit])) rows.push({ name: `weight from ${columns[i - 1]?.names?.[j] ?? j + 1}`, value: format(w[at.unit]) }); });
      if (!rows.length) rows.push({ name: c.lines.join(", ") || c.title, value: c.parameters ? `${format(c.parameters, "integer")} parameters` : c.shape.join(" × ") });
      return { x: c.x, y: at.y, radius: c.at.length ? r + 3 : 0, head: `${c.name}${at.unit == null ? "" : `, ${c.names?.[at.unit] ?? `unit ${at.unit + 1}`}`}`, rows, detail: { layer: c.name, unit: at.unit ?? null, value: v } };
    },
    table: () => ({ head: ["layer", "kind", "output", "activation and more", "parameters"], rows: columns.map(c => [c.name, c.type ?? "input", c.shape.join(" × "), c.lines.join(", "), c.parameters ?? 0]) }),
  };
}

function stack(c, middle, room) {
  const [h, w, channels] = c.shape, side = n => clamp(12 + 11 * Math.log2(Math.max(n, 1)), 8, room * 0.62), tall = side(h), wide = Math.min(side(w), 92), sheets = Math.min(Math.max(channels, 1), 5), shift = 5;
  c.reach = wide / 2 + shift * (sheets - 1) / 2;
  let svg = "";
  for (let k = sheets - 1; k >= 0; k--) svg += tag("rect", { x: c.x - wide / 2 + (k - (sheets - 1) / 2) * shift, y: middle - tall / 2 - (k - (sheets - 1) / 2) * shift, width: wide, height: tall, rx: 2, class: `neuron map ${c.name === "input" ? "input" : "hidden"}` });
  if (c.type?.startsWith("conv")) svg += tag("rect", { x: c.x - wide / 2 - (sheets - 1) / 2 * shift + wide * 0.16, y: middle - tall / 2 + (sheets - 1) / 2 * shift + tall * 0.16, width: Math.max(wide * 0.26, 5), height: Math.max(tall * 0.26, 5), class: "window" });
  return svg;
}
function steps(c, middle, gap, r) {
  const [t] = c.shape, n = Math.min(t, 5), pitch = Math.min(gap, 30);
  c.reach = r + 6;
  return range(n).map(k => { const y = middle + (k - (n - 1) / 2) * pitch; return (k < n - 1 ? line(c.x, y + 8, c.x, y + pitch - 8, { class: "loop" }) : "") + tag("rect", { x: c.x - r - 5, y: y - 7, width: 2 * r + 10, height: 14, rx: 4, class: `neuron map ${c.name === "input" ? "input" : "hidden"}` }); }).join("");
}

// ------------------------------------------------------------------------------------ showing, updating, speaking

const KINDS = { lines: xy, points: xy, strips, bars, histogram, heatmap: field, contours: field, matrix, network, multiples: null };
const charts = new Set();
let count = 0;

class Chart {
  constructor(element, spec) {
    this.element = element;
    this.id = `chart-${++count}`;
    this.off = new Set();
    this.element.classList.add("chart");
    this.place = null;
    this.check(spec);
    this.spec = spec;
    this.build();
    this.observer = new ResizeObserver(() => { if (Math.abs(this.box.clientWidth - this.seen) > 0.5) this.later(); });
    this.observer.observe(this.box);
    charts.add(this);
    this.render();
  }

  check(spec) {
    if (!spec || !(spec.kind in KINDS)) fail(`kind: ${JSON.stringify(spec?.kind)} is not known. The kinds are ${Object.keys(KINDS).join(", ")}.`);
  }

  make(name, className, parent = this.element) {
    const made = document.createElement(name);
    made.className = className;
    parent.append(made);
    return made;
  }

  build() {
    this.element.replaceChildren();
    const { spec } = this;
    this.title = this.make("p", "chart-title");
    this.legend = this.make("div", "chart-legend");
    this.box = this.make("div", "chart-box");
    if (spec.kind === "multiples") { this.children = []; this.box.classList.add("chart-grid"); }
    else {
      this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      this.over = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      this.svg.setAttribute("aria-hidden", "true"); this.over.setAttribute("aria-hidden", "true");
      this.over.classList.add("chart-over");
      this.box.append(this.svg, this.over);
      this.tip = this.make("div", "chart-tip", this.box);
      this.tip.hidden = true;
      Object.assign(this.box, { tabIndex: 0 });
      this.box.setAttribute("role", "application");
      this.box.setAttribute("aria-roledescription", "chart");
      this.live = this.make("p", "chart-live");
      this.live.setAttribute("aria-live", "polite");
      this.listen();
    }
    this.caption = this.make("p", "chart-caption");
    this.tools = this.make("div", "chart-tools");
    if (spec.kind !== "multiples") {
      this.button("Data", () => this.showTable());
      this.button("SVG", () => this.save());
      this.sheet = this.make("div", "chart-table");
      this.sheet.hidden = true;
    }
  }

  button(text, act) {
    const made = this.make("button", "chart-tool", this.tools);
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }

  /** New numbers: the whole spec, or with `part` only some of its fields. Drawn in the next frame. */
  update(spec, part = false) {
    const next = part ? { ...this.spec, ...spec } : spec;
    this.check(next);
    if ((next.kind === "multiples") !== (this.spec.kind === "multiples")) { this.spec = next; this.build(); this.observer.disconnect(); this.observer.observe(this.box); }
    this.spec = next;
    this.later();
    return this;
  }

  later() {
    this.waiting ??= requestAnimationFrame(() => { this.waiting = null; this.render(); });
  }

  width(text) {
    const b = brush(), font = `${this.size}px ${this.family}`;
    if (b.font !== font) b.font = font;
    return b.measureText(text).width;
  }

  cut(text, room) {
    if (this.width(text) <= room + 0.5) return text;
    let n = text.length;
    while (n > 1 && this.width(text.slice(0, n) + "…") > room) n--;
    return text.slice(0, n).trimEnd() + "…";
  }

  render() {
    const { spec } = this, width = this.box.clientWidth;
    this.seen = width;
    if (!width) return;  // hidden: drawn when it is seen
    this.styles = getComputedStyle(this.element);
    this.size = parseFloat(this.styles.getPropertyValue("--chart-size")) || 12;
    this.family = this.styles.fontFamily;
    for (const [part, text] of [[this.title, spec.title], [this.caption, spec.caption]]) { part.textContent = text ?? ""; part.hidden = !text || spec.bare; }
    this.tools.hidden = spec.tools === false || spec.bare || spec.kind === "multiples";
    this.wide = width;
    if (spec.kind === "multiples") return this.renderMany();
    const drawn = this.drawn = KINDS[spec.kind](this, width), wide = drawn.wide ?? width, size = `0 0 ${wide} ${Math.round(drawn.height)}`;
    for (const svg of [this.svg, this.over]) { svg.setAttribute("viewBox", size); svg.setAttribute("width", wide); svg.setAttribute("height", Math.round(drawn.height)); }
    this.svg.innerHTML = drawn.svg;
    this.box.setAttribute("aria-label", `${spec.title ?? spec.label ?? ""}. ${spec.description ?? this.describe()} Arrow keys move along the values.`);
    const names = spec.bare || spec.legend === false || !drawn.legend || (drawn.legend.length < 2 && spec.legend !== true) ? [] : drawn.legend, key = JSON.stringify([names, [...this.off]]);
    if (key !== this.named) { this.named = key; this.showLegend(names); }
    if (this.place) this.mark(this.item(...this.place), false);
    if (!this.sheet.hidden) this.fillTable();
  }

  renderMany() {
    const { spec } = this, list = spec.charts ?? [], shared = spec.shared ?? "none", least = spec.least ?? 220, columns = clamp(Math.floor((this.wide + 24) / (least + 24)), 1, Math.max(list.length, 1));
    this.box.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.box.setAttribute("role", "group");
    this.box.setAttribute("aria-label", spec.title ?? spec.label ?? "");
    const ranges = { x: [], y: [] };
    if (shared !== "none") for (const s of list) {
      const all = s.kind === "histogram" ? { x: [s.edges ?? [], ...(s.series ?? []).map(t => t.values ?? [])], y: [] } : xyRange(s, (s.series ?? []).map(t => ({ ...t, x: t.x ? t.x.map(time) : t.y.map((_, i) => i + 1) })));
      ranges.x.push(span(all.x, s.x?.scale === "log")); ranges.y.push(...all.y.length ? [span(all.y, s.y?.scale === "log")] : []);
    }
    const wanted = axis => (shared === axis || shared === "both") && ranges[axis].length ? { data: span(ranges[axis]) } : {};
    list.forEach((s, i) => {
      const own = { height: 190, tools: false, ...s, x: { ...s.x, ...wanted("x") }, y: { ...s.y, ...wanted("y") } };
      if (this.children[i]) this.children[i].update(own);
      else this.children[i] = new Chart(this.make("div", "", this.box), own);
    });
    for (const extra of this.children.splice(list.length)) { extra.destroy(); extra.element.remove(); }
  }

  describe() {
    const { spec, drawn } = this, { head, rows } = drawn.table(), named = (drawn.legend ?? []).map(l => l.name).join(", ");
    const of = head.map((name, i) => { const [a, b] = span([rows.map(r => r[i])]), any = rows.some(r => finite(r[i])); return any && name ? `${name} from ${format(a)} to ${format(b)}` : ""; }).filter(Boolean).slice(0, 3).join(", ");
    return `${{ lines: "Lines", points: "Points", strips: "Values with intervals", bars: "Bars", heatmap: "Heat map", contours: "Contour lines", matrix: "Matrix", network: "Layers of a network" }[spec.kind] ?? spec.kind}${named ? ` of ${named}` : ""}${of ? `: ${of}` : ""}.`;
  }

  showLegend(names) {
    this.legend.replaceChildren();
    this.legend.hidden = !names.length;
    for (const { key, name, color, look } of names) {
      const button = this.make("button", "chart-key", this.legend);
      button.type = "button";
      button.setAttribute("aria-pressed", String(!this.off.has(key)));
      button.innerHTML = `<svg viewBox="0 0 20 12" width="20" height="12" aria-hidden="true">${look.startsWith("line") ? line(1, 6, 19, 6, { class: `${look} c-${color}`, stroke_width: 2.5 }) : look === "square" ? tag("rect", { x: 4, y: 1, width: 11, height: 11, rx: 2, class: `bar c-${color}` }) : tag("circle", { cx: 10, cy: 6, r: 4.5, class: `${look === "ring" ? "ring" : "disc"} c-${color}` })}</svg>${esc(name)}`;
      button.addEventListener("click", () => { const on = this.off.delete(key); if (!on) this.off.add(key); this.place = null; this.leave(); this.render(); this.tell("toggle", { series: key, shown: on }); });
    }
  }

  // Pointer and keys reach the same items.
  listen() {
    const { box } = this;
    const at = event => { const r = this.svg.getBoundingClientRect(), k = (this.drawn.wide ?? this.wide) / r.width; return [(event.clientX - r.left) * k, (event.clientY - r.top) * k]; };
    const inside = ([px, py]) => { const b = this.drawn.box; return b && this.drawn.x && px >= b.left && px <= b.right && py >= b.top && py <= b.bottom; };
    box.addEventListener("pointermove", event => {
      if (!this.drawn) return;
      const point = at(event);
      if (this.dragged) return this.drag(point, false);
      this.go(this.drawn.hit(...point), false, point);
    });
    box.addEventListener("pointerleave", () => { if (!this.dragged && document.activeElement !== box) this.leave(); });
    box.addEventListener("pointerdown", event => {
      if (!this.drawn) return;
      const point = at(event), found = this.drawn.hit(...point), s = found && this.drawn.series?.[found[0]];
      if (s?.draggable && !this.drawn.cellFirst) { this.dragged = found; box.setPointerCapture(event.pointerId); event.preventDefault(); }
      else if (event.pointerType !== "mouse") this.go(found, false, point);
    });
    box.addEventListener("pointerup", event => { if (this.dragged) { this.drag(at(event), true); this.dragged = null; } });
    box.addEventListener("pointercancel", () => { this.dragged = null; });
    box.addEventListener("click", event => {
      if (!this.drawn) return;
      const point = at(event), found = this.drawn.hit(...point), item = found && this.item(...found);
      if (item) this.tell("select", item.detail);
      if (inside(point)) this.tell("click", { x: this.drawn.x.value(point[0]), y: this.drawn.y.value(point[1]), shift: event.shiftKey, alt: event.altKey });
    });
    box.addEventListener("keydown", event => this.key(event));
    box.addEventListener("blur", () => this.leave());
  }

  drag([px, py], done) {
    const [k, i] = this.dragged, { x, y } = this.drawn, s = this.spec.series[k], moved = { x: clamp(x.value(px), x.low, x.high), y: clamp(y.value(py), y.low, y.high) };
    const xs = [...s.x], ys = [...s.y];
    xs[i] = moved.x; ys[i] = moved.y;
    this.spec = { ...this.spec, series: this.spec.series.map((o, j) => j === k ? { ...s, x: xs, y: ys } : o), x: { ...this.spec.x, min: x.low, max: x.high }, y: { ...this.spec.y, min: y.low, max: y.high } };
    this.later();
    this.tell("drag", { series: s.name ?? k, index: i, ...moved, done });
  }

  item(k, i) { return i >= 0 && i < (this.drawn.counts[k] ?? 0) ? this.drawn.item(k, i) : null; }

  key(event) {
    if (!this.drawn || event.ctrlKey || event.metaKey) return;
    const { counts, swap, flip } = this.drawn, step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Escape") { this.leave(); return; }
    const first = () => { for (let k = 0; k < counts.length; k++) for (let i = 0; i < counts[k]; i++) if (this.item(k, i)) return [k, i]; return null; };
    let place = this.place ?? null;
    if (step) {
      event.preventDefault();
      if (!place) { this.go(first(), true); return; }
      if (event.shiftKey && this.drawn.series?.[place[0]]?.draggable) { const item = this.item(...place); this.dragged = place; this.drag([item.x + 6 * step[0], item.y + 6 * step[1]], true); this.dragged = null; return; }
      let [along, across] = swap ? [step[1], step[0]] : step;
      if (flip) across = -across;
      let [k, i] = place;
      if (across && counts.filter(Boolean).length > 1) { do k += across; while (k in counts && !counts[k]); if (!(k in counts)) return; i = Math.min(i, counts[k] - 1); if (!this.item(k, i)) across = 0, along = 1; }
      else along ||= across;
      if (along) do i += along; while (i >= 0 && i < counts[k] && !this.item(k, i));
      if (this.item(k, i)) this.go([k, i], true);
    } else if (place && (event.key === "Home" || event.key === "End")) {
      event.preventDefault();
      const up = event.key === "Home" ? 1 : -1;
      let i = up > 0 ? 0 : counts[place[0]] - 1;
      while (i >= 0 && i < counts[place[0]] && !this.item(place[0], i)) i += up;
      if (this.item(place[0], i)) this.go([place[0], i], true);
    } else if (place && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); const item = this.item(...place); if (item) this.tell("select", item.detail); }
  }

  go(place, speak, point) {
    const item = place && this.item(...place);
    if (!item) { if (!speak) this.leave(); return; }
    const moved = !this.place || place[0] !== this.place[0] || place[1] !== this.place[1];
    this.place = place;
    if (!moved) return;
    this.mark(item, true);
    if (speak) this.live.textContent = [item.head, ...item.rows.map(r => [r.name, r.value, r.more].filter(Boolean).join(" "))].filter(Boolean).join(". ");
    this.tell("hover", item.detail);
  }

  /** The ring, the rule and the words at one item. */
  mark(item, fresh) {
    if (!item) return this.leave();
    const { box } = this.drawn, c = `c-${item.color ?? "ink"}`;
    this.over.innerHTML = (item.rule && box ? line(item.x, box.top, item.x, box.bottom, { class: "rule" }) : "")
      + (item.rect ? tag("rect", { ...item.rect, rx: 3, class: "cursor" }) : item.radius === 0 ? "" : tag("circle", { cx: item.x, cy: item.y, r: item.radius ?? 6, class: `cursor ${c}` }));
    this.box.classList.toggle("chart-pick", Boolean(item.pick));
    this.tip.innerHTML = (item.head ? `<b>${esc(item.head)}</b>` : "") + item.rows.map(r => `<span class="chart-row">${r.color ? `<svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">${tag("circle", { cx: 5, cy: 5, r: 4, class: `disc c-${r.color}` })}</svg>` : ""}<span>${esc(r.name)}</span><span>${esc(r.value)}</span></span>${r.more ? `<small>${esc(r.more)}</small>` : ""}`).join("");
    this.tip.hidden = false;
    const k = this.svg.clientWidth ? this.svg.clientWidth / (this.drawn.wide ?? this.wide) : 1, w = this.tip.offsetWidth, h = this.tip.offsetHeight, x = item.x * k - this.box.scrollLeft, y = item.y * k, room = this.box.clientWidth;
    const left = x + 14 + w <= room ? x + 14 : x - 14 - w >= 0 ? x - 14 - w : clamp(x - w / 2, 0, room - w);
    this.tip.style.transform = `translate(${Math.round(left + this.box.scrollLeft)}px, ${Math.round(item.rule ? box.top : clamp(y - h - 10, -h, Math.max(0, this.drawn.height - h)))}px)`;
  }

  leave() {
    if (!this.tip || (this.tip.hidden && !this.place)) return;
    this.tip.hidden = true;
    this.over.innerHTML = "";
    this.place = null;
    this.box.classList.remove("chart-pick");
    this.tell("leave", {});
  }

  tell(name, detail) { this.element.dispatchEvent(new CustomEvent(`chart-${name}`, { bubbles: true, detail })); }

  showTable() {
    const open = this.sheet.hidden;
    this.sheet.hidden = !open;
    this.tools.firstChild.setAttribute("aria-expanded", String(open));
    if (open) this.fillTable();
  }

  fillTable() {
    const { head, rows } = this.drawn.table(), most = 1000, cell = v => v == null ? "" : typeof v === "number" ? +v.toPrecision(7) : v;
    this.sheet.innerHTML = `<table><thead><tr>${head.map(h => `<th scope="col">${esc(h)}</th>`).join("")}</tr></thead><tbody>${rows.slice(0, most).map(r => `<tr>${r.map((v, i) => typeof v === "number" ? `<td class="num">${cell(v)}</td>` : i ? `<td>${esc(cell(v))}</td>` : `<th scope="row">${esc(cell(v))}</th>`).join("")}</tr>`).join("")}</tbody></table>${rows.length > most ? `<p>The first ${commas(String(most))} of ${commas(String(rows.length))} rows.</p>` : ""}`;
  }

  /** The picture as a file of its own: what the style sheet says is written into it. */
  save() {
    const copy = this.svg.cloneNode(true), from = this.svg.querySelectorAll("*"), surface = css(this, "--chart-surface", "#fff");
    copy.querySelectorAll("*").forEach((part, i) => {
      const styles = getComputedStyle(from[i]);
      for (const name of ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "font-size", "font-weight", "font-family", "paint-order"]) part.setAttribute(name, styles.getPropertyValue(name));
      part.removeAttribute("class");
    });
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.insertAdjacentHTML("afterbegin", tag("rect", { width: "100%", height: "100%", fill: surface }));
    const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" })), link = document.createElement("a");
    link.href = address;
    link.download = `${(this.spec.title ?? this.spec.label ?? "chart").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "chart"}.svg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1e3);
  }

  destroy() {
    charts.delete(this);
    this.observer.disconnect();
    cancelAnimationFrame(this.waiting);
    for (const child of this.children ?? []) child.destroy();
    this.element.replaceChildren();
  }
}

/** Draw a chart into an element; what it gives has `update`, `spec` and `destroy`. */
export function draw(element, spec) { return new Chart(element, spec); }

// Colours that are computed here follow the theme: the reader's system, the page's data-theme, and paper.
const again = () => { for (const chart of charts) chart.render(); };
if (typeof matchMedia === "function") {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
  addEventListener("beforeprint", again);
  addEventListener("afterprint", again);
}
