// Colour scales, resolved from the style sheet, so that pictures follow the theme.

import { clamp, format, range, span } from "./numbers.js";
import { tag, words } from "./svg.js";

const SEQUENTIAL = "#f4f7fb #d3e3f2 #a9cbe6 #76aed7 #4389c0 #1f649f #0b3d6e",
  DIVERGING = "#8a3f00 #d9822b #f2c595 #f3f2f0 #a8cbe3 #4a90c6 #0b4f8a";
let pen;
export const brush = () => (pen ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true }));
export const rgb = (text) => {
  const b = brush();
  b.fillStyle = "#888";
  b.fillStyle = text.trim();
  const hex = b.fillStyle;
  return hex[0] === "#"
    ? [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16))
    : hex
        .match(/[\d.]+/g)
        .slice(0, 3)
        .map(Number);
};
export const css = (chart, name, otherwise) => chart.styles.getPropertyValue(name).trim() || otherwise;
export const mix = (a, b, t) => a.map((v, i) => Math.round(v + (b[i] - v) * t));
export const hexed = (c) => `rgb(${c.join(",")})`;
const light = (c) => {
  const [r, g, b] = c.map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
export const inkOn = (c) => (light(c) > 0.2 ? "#14181d" : "#ffffff");

/** From a value to a colour: {at(v) → [r, g, b], low, high, stops}. */
export function shade(chart, given = {}, values) {
  const { kind = "sequential", log } = given,
    diverging = kind === "diverging";
  let [low, high] = span([values], log),
    middle = given.middle ?? 0;
  low = given.min ?? low;
  high = given.max ?? high;
  if (diverging) {
    const far = Math.max(Math.abs(high - middle), Math.abs(low - middle)) || 1;
    low = given.min ?? middle - far;
    high = given.max ?? middle + far;
  }
  const stops = css(chart, `--chart-${kind}`, diverging ? DIVERGING : SEQUENTIAL)
    .split(/\s+/)
    .map(rgb);
  const f = log ? Math.log : (v) => v,
    a = f(low),
    b = f(high);
  const part = (v) => {
    if (!diverging) return b > a ? clamp((f(v) - a) / (b - a), 0, 1) : 0.5;
    return clamp(
      v < middle ? 0.5 - (0.5 * (middle - v)) / (middle - low || 1) : 0.5 + (0.5 * (v - middle)) / (high - middle || 1),
      0,
      1,
    );
  };
  const colour = (t) => {
    const place = t * (stops.length - 1),
      k = Math.min(Math.floor(place), stops.length - 2);
    return mix(stops[k], stops[k + 1], place - k);
  };
  return {
    low,
    high,
    part,
    colour,
    at: (v) => colour(part(v)),
    title: given.title,
    how: given.format,
    log,
    bar: given.bar,
  };
}
/** The scale itself, at the top right: low end, colours, high end. */
export function shadeBar(chart, s, right, y) {
  if (s.bar === false || !(s.high > s.low)) return "";
  const id = `${chart.id}-bar`,
    low = format(s.low, s.how),
    high = format(s.high, s.how),
    wide = 96,
    end = right - chart.width(high) - 6;
  const stops = range(9)
    .map((i) => tag("stop", { offset: i / 8, stop_color: hexed(s.colour(i / 8)) }))
    .join("");
  return (
    tag("linearGradient", { id }, stops) +
    tag("rect", { x: end - wide, y: y - 9, width: wide, height: 9, rx: 2, fill: `url(#${id})` }) +
    words(right, y, high, { class: "tick", text_anchor: "end" }) +
    words(end - wide - 6, y, (s.title ? s.title + "  " : "") + low, { class: "tick", text_anchor: "end" })
  );
}
