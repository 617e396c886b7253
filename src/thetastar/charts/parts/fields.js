// Heat maps, contours, and paths over them.

import { fail } from "./errors.js";
import { clamp, finite, format, range, sum } from "./numbers.js";
import { LINE, line, tag, words } from "./svg.js";
import { hexed, inkOn, shade } from "./colors.js";
import { frame, marksOf, scale } from "./axes.js";
import { drawSeries, seriesOf } from "./series.js";

export function field(chart, width) {
  const { spec, size } = chart,
    [rows, columns] = spec.shape ?? fail(`${spec.kind}: shape is missing. Give [rows, columns].`),
    values = spec.values ?? [];
  if (values.length !== rows * columns)
    fail(`${spec.kind}: ${values.length} values for shape ${rows} × ${columns}. Give ${rows * columns}, row by row.`);
  const named = spec.x?.categories && spec.y?.categories,
    contoured = spec.kind === "contours";
  const [x0, x1, y0, y1] = named ? [0, columns - 1, 0, rows - 1] : (spec.extent ?? [0, columns - 1, 0, rows - 1]),
    dx = columns > 1 ? (x1 - x0) / (columns - 1) : 1,
    dy = rows > 1 ? (y1 - y0) / (rows - 1) : 1;
  const edge = contoured ? 0 : 0.5,
    sides = (a, b, d) => [a - edge * d, b + edge * d].sort((p, q) => p - q);
  const [xl, xh] = sides(x0, x1, dx),
    [yl, yh] = sides(y0, y1, dy);
  const x = scale(
      { ...spec.x, min: named ? null : (spec.x?.min ?? xl), max: named ? null : (spec.x?.max ?? xh) },
      [],
      0,
    ),
    y = scale(
      { ...spec.y, ...(named ? { reverse: true } : { min: spec.y?.min ?? yl, max: spec.y?.max ?? yh }) },
      [],
      0,
    );
  const s = shade(chart, spec.scale, values),
    height = spec.height ?? (named ? rows * 34 + size * 5 : spec.equal ? Math.min(width, 420) : 320);
  const box = frame(chart, width, height, x, y, { bar: spec.bare || spec.numbers ? null : s, grids: "" }),
    clip = `url(#${chart.id}-clip)`,
    px = (c) => x.px(x0 + c * dx),
    py = (r) => y.px(y0 + r * dy);
  let svg = `<clipPath id="${chart.id}-clip">${tag("rect", { x: Math.min(x.from, x.to), y: Math.min(y.from, y.to), width: Math.abs(x.to - x.from), height: Math.abs(y.to - y.from) })}</clipPath>`;
  const wide = Math.abs(px(1) - px(0)),
    tall = Math.abs(py(1) - py(0)),
    gap = named ? 1 : 0;
  if (contoured && spec.filled === false) svg += "";
  else if (contoured || spec.smooth || rows * columns > 900) {
    if (!contoured || !spec.flat)
      svg += tag("image", {
        href: pixels(s, values, rows, columns, x.to < x.from !== dx < 0, y.to > y.from !== dy < 0),
        x: Math.min(px(0), px(columns - 1)) - wide / 2,
        y: Math.min(py(0), py(rows - 1)) - tall / 2,
        width: wide * columns,
        height: tall * rows,
        preserveAspectRatio: "none",
        clip_path: clip,
        class: contoured || spec.smooth ? "smooth" : "cells",
      });
  } else
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const v = values[r * columns + c],
          fill = finite(v) ? s.at(v) : null;
        svg += tag("rect", {
          x: px(c) - wide / 2 + gap,
          y: py(r) - tall / 2 + gap,
          width: wide - 2 * gap + (gap ? 0 : 0.4),
          height: tall - 2 * gap + (gap ? 0 : 0.4),
          rx: named ? 3 : 0,
          fill: fill && hexed(fill),
          class: fill ? null : "nothing",
        });
        if (spec.numbers)
          svg += words(px(c), py(r) + size * 0.35, format(v, spec.scale?.format), {
            class: "inside",
            fill: fill && inkOn(fill),
            text_anchor: "middle",
          });
      }
  if (spec.levels || contoured) svg += contourLines(chart, s, values, rows, columns, px, py, clip, spec.levels ?? 10);
  const series = seriesOf(chart, "points"),
    drawn = drawSeries(chart, series, x, y, clip, true),
    marks = marksOf(chart, box, x, y, clip);
  const paths = spec.paths ?? (spec.path ? [{ points: spec.path }] : []);
  let over = "";
  paths.forEach((p, k) => {
    if (chart.off.has(p.name)) return;
    const c = p.color ?? (paths.length > 1 ? LINE[k % 8] : "ink"),
      at = p.points.map(([a, b]) => [x.px(a), y.px(b)]).filter(([a, b]) => finite(a) && finite(b)),
      d = "M" + at.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L"),
      last = at.at(-1);
    if (!last) return;
    over +=
      tag("path", { d, class: "line halo", stroke_width: 5, clip_path: clip }) +
      tag("path", { d, class: `line c-${c}`, stroke_width: 2, clip_path: clip });
    if (at.length <= 60)
      over += tag("path", {
        d: at.map(([a, b]) => `M${a.toFixed(1)} ${b.toFixed(1)}h0`).join(""),
        class: `dots c-${c}`,
        stroke_width: 5,
        clip_path: clip,
      });
    over +=
      tag("circle", { cx: at[0][0], cy: at[0][1], r: 5, class: `ring c-${c}` }) +
      tag("circle", { cx: last[0], cy: last[1], r: 5.5, class: `disc c-${c}` });
  });
  const where = (r, c) => (named ? `${spec.y.categories[r]}, ${spec.x.categories[c]}` : null),
    legend = [
      ...series
        .filter((t) => t.name)
        .map((t) => ({
          key: t.key,
          name: t.name,
          color: t.color,
          look: t.type === "line" ? "line" : (t.shape ?? "dot"),
        })),
      ...paths
        .filter((p) => p.name)
        .map((p, k) => ({ key: p.name, name: p.name, color: p.color ?? LINE[k % 8], look: "line" })),
    ];
  return {
    height,
    svg: svg + box.svg + marks.under + drawn.svg + over + marks.over,
    counts: Array(rows).fill(columns),
    flip: !named && dy * (y.reverse ? -1 : 1) > 0,
    x,
    y,
    box,
    legend,
    series,
    cells: true,
    hit: (a, b) => {
      const c = Math.round((x.value(a) - x0) / dx),
        r = Math.round((y.value(b) - y0) / dy);
      return c >= 0 && c < columns && r >= 0 && r < rows ? [r, c] : null;
    },
    item: (r, c) => ({
      x: px(c),
      y: py(r),
      rect: { x: px(c) - wide / 2, y: py(r) - tall / 2, width: wide, height: tall },
      head: where(r, c),
      rows: [
        ...(named
          ? []
          : [
              { name: x.title ?? "x", value: x.text(x0 + c * dx) },
              { name: y.title ?? "y", value: y.text(y0 + r * dy) },
            ]),
        { name: s.title ?? "value", value: format(values[r * columns + c], s.how) },
      ],
      detail: { row: r, column: c, x: x0 + c * dx, y: y0 + r * dy, value: values[r * columns + c] },
    }),
    table: () => ({
      head: ["", ...range(columns).map((c) => x.text(x0 + c * dx))],
      rows: range(rows).map((r) => [y.text(y0 + r * dy), ...values.slice(r * columns, (r + 1) * columns)]),
    }),
  };
}

/** A grid as a picture of one pixel a cell. */
export function pixels(s, values, rows, columns, mirrored, upside) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows }),
    context = canvas.getContext("2d"),
    data = context.createImageData(columns, rows);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const v = values[r * columns + c],
        at = 4 * ((upside ? r : rows - 1 - r) * columns + (mirrored ? columns - 1 - c : c));
      if (finite(v)) data.data.set([...s.at(v), 255], at);
    }
  context.putImageData(data, 0, 0);
  return canvas.toDataURL();
}

/** Marching squares: for each level the polylines of [column, row] along which the grid passes it. */
export function isolines(values, rows, columns, level) {
  const v = (r, c) => values[r * columns + c] ?? Infinity,
    next = new Map(),
    starts = new Set(),
    at = new Map();
  const cross = (r, c, down) => {
    // the point on the edge to the right of (r, c), or below it
    const id = 2 * (r * columns + c) + down;
    if (!at.has(id)) {
      const a = v(r, c),
        b = down ? v(r + 1, c) : v(r, c + 1),
        t = clamp((level - a) / (b - a), 0, 1) || 0;
      at.set(id, down ? [c, r + t] : [c + t, r]);
    }
    return id;
  };
  for (let r = 0; r < rows - 1; r++)
    for (let c = 0; c < columns - 1; c++) {
      const a = v(r, c),
        b = v(r, c + 1),
        d = v(r + 1, c + 1),
        e = v(r + 1, c),
        code = (a >= level) + 2 * (b >= level) + 4 * (d >= level) + 8 * (e >= level);
      if (code === 0 || code === 15) continue;
      const top = () => cross(r, c, 0),
        right = () => cross(r, c + 1, 1),
        bottom = () => cross(r + 1, c, 0),
        left = () => cross(r, c, 1),
        high = (a + b + d + e) / 4 >= level;
      const found = {
        1: [[left, top]],
        2: [[top, right]],
        3: [[left, right]],
        4: [[right, bottom]],
        5: high
          ? [
              [left, bottom],
              [right, top],
            ]
          : [
              [left, top],
              [right, bottom],
            ],
        6: [[top, bottom]],
        7: [[left, bottom]],
        8: [[bottom, left]],
        9: [[bottom, top]],
        10: high
          ? [
              [top, left],
              [bottom, right],
            ]
          : [
              [top, right],
              [bottom, left],
            ],
        11: [[bottom, right]],
        12: [[right, left]],
        13: [[right, top]],
        14: [[top, left]],
      }[code];
      for (const [from, to] of found) {
        const a = from(),
          b = to();
        next.set(a, b);
        starts.add(b);
      }
    }
  const lines = [],
    walk = (start) => {
      const run = [at.get(start)];
      let k = start;
      while (next.has(k)) {
        const to = next.get(k);
        next.delete(k);
        run.push(at.get(to));
        k = to;
      }
      return run;
    };
  for (const k of [...next.keys()]) if (!starts.has(k)) lines.push(walk(k)); // open ones begin at the border
  for (const k of [...next.keys()]) if (next.has(k)) lines.push(walk(k));
  return lines;
}

function levelsOf(s, wanted) {
  if (Array.isArray(wanted)) return wanted;
  if (s.log) {
    const a = Math.log10(s.low),
      b = Math.log10(s.high);
    return range(wanted).map((i) => +(10 ** (a + ((b - a) * (i + 0.5)) / wanted)).toPrecision(2));
  }
  const rough = (s.high - s.low) / wanted,
    power = 10 ** Math.floor(Math.log10(rough)),
    step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((m) => m >= rough * 0.99),
    first = Math.ceil(s.low / step);
  return range(Math.max(0, Math.floor(s.high / step) - first + 1)).map((k) => +((first + k) * step).toPrecision(12));
}

function contourLines(chart, s, values, rows, columns, px, py, clip, wanted) {
  let svg = "",
    texts = "";
  const taken = [];
  for (const level of levelsOf(s, wanted)) {
    const text = format(+level.toPrecision(4), s.how),
      wide = chart.width(text) + 8,
      ink = chart.spec.filled === false || !finite(level) ? null : inkOn(s.at(level));
    let d = "",
      best = null;
    for (const run of isolines(values, rows, columns, level)) {
      const at = run.map(([c, r]) => [px(c), py(r)]);
      d += "M" + at.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L");
      const total = at.reduce((sum, p, i) => (i ? sum + Math.hypot(p[0] - at[i - 1][0], p[1] - at[i - 1][1]) : 0), 0);
      if (total < 3 * wide) continue;
      for (let i = 2; i < at.length - 2; i += Math.max(1, Math.floor(at.length / 24))) {
        // where the line is straightest and free
        let j = i,
          long = 0;
        while (j < at.length - 1 && long < wide) {
          long += Math.hypot(at[j + 1][0] - at[j][0], at[j + 1][1] - at[j][1]);
          j++;
        }
        if (long < wide) break;
        const [a, b] = [at[i], at[j]],
          mid = at[(i + j) >> 1],
          straight = Math.hypot(b[0] - a[0], b[1] - a[1]) / long;
        if (
          straight > (best?.straight ?? 0.9) &&
          taken.every(([p, q]) => Math.hypot(p - mid[0], q - mid[1]) > wide * 1.2)
        )
          best = {
            straight,
            mid,
            angle: (Math.atan((b[1] - a[1]) / (b[0] - a[0] || 1e-9)) * 180) / Math.PI,
            half: wide / 2,
          };
      }
    }
    if (d) svg += tag("path", { d, class: "iso", stroke: ink, clip_path: clip });
    if (best && chart.spec.labels !== false && !chart.spec.bare) {
      taken.push(best.mid);
      texts += words(0, 3.5, text, {
        class: "isotext",
        fill: ink,
        stroke: ink && hexed(s.at(level)),
        text_anchor: "middle",
        transform: `translate(${best.mid[0].toFixed(1)} ${best.mid[1].toFixed(1)}) rotate(${best.angle.toFixed(1)})`,
      });
    }
  }
  return svg + texts;
}
