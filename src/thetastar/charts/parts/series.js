// Lines and points.

import { fail } from "./errors.js";
import { clamp, closest, finite, format, span } from "./numbers.js";
import { time } from "./times.js";
import { LINE, line, tag } from "./svg.js";
import { hexed, shade } from "./colors.js";
import { frame, marksOf, scale } from "./axes.js";

/** Series as they are drawn: times as numbers, colours by group, those switched off marked. */
export function seriesOf(chart, kind) {
  const colours = new Map();
  return (chart.spec.series ?? []).map((s, k) => {
    const key = s.group ?? s.name ?? `series ${k + 1}`,
      y = (s.y ?? []).map(time),
      x = s.x ? s.x.map(time) : y.map((_, i) => i + 1);
    if (x.length !== y.length)
      fail(
        `series[${k}]${s.name ? ` (${s.name})` : ""}: x has ${x.length} numbers, y has ${y.length}. Give as many of each.`,
      );
    if (!colours.has(key)) colours.set(key, LINE[colours.size % LINE.length]);
    return {
      ...s,
      k,
      key,
      x,
      y,
      color: s.color ?? colours.get(key),
      type: s.type ?? (kind === "points" ? "dots" : "line"),
      off: chart.off.has(key),
    };
  });
}
export const shown = (list, chart) => list.filter((s) => !s.off);
const bandLists = (s) => (s.bands ?? []).flatMap((b) => [b.low, b.high]).concat([s.low, s.high]);
const climbing = (x) => {
  for (let i = 1; i < x.length; i++) if (x[i] < x[i - 1]) return false;
  return true;
};

export function xyRange(spec, series) {
  const live = shown(series),
    stretch = (spec.marks ?? []).filter((m) => m.stretch);
  const x = live.map((s) => s.x),
    y = live.flatMap((s) => [s.y, ...bandLists(s), s.fill ? [0] : []]);
  for (const m of stretch) {
    x.push([].concat(m.x ?? [], m.point?.[0] ?? [], m.line?.map((p) => p[0]) ?? []).map(time));
    y.push([].concat(m.y ?? [], m.point?.[1] ?? [], m.line?.map((p) => p[1]) ?? []).map(time));
  }
  return { x, y };
}

/** The points of a line as a path: gaps where numbers are missing; of many points in one pixel only first, ends and last. */
function pathOf(xs, ys, x, y, step, dense) {
  let d = "",
    open = false,
    before = 0,
    column = null,
    low,
    high,
    last;
  const put = (a, b) => {
    d += open
      ? step
        ? `H${a.toFixed(1)}V${b.toFixed(1)}`
        : `L${a.toFixed(1)} ${b.toFixed(1)}`
      : `M${a.toFixed(1)} ${b.toFixed(1)}`;
    open = true;
    before = b;
  };
  const flush = () => {
    if (column === null) return;
    for (const b of low === high ? [low] : last === low ? [high, low] : [low, high]) put(column, b);
    if (last !== low && last !== high) put(column, last);
    column = null;
  };
  for (let i = 0; i < ys.length; i++) {
    const a = x.px(xs[i]),
      b = y.px(ys[i]);
    if (!finite(ys[i]) || !finite(a) || !finite(b)) {
      flush();
      open = false;
      continue;
    }
    if (!dense) {
      put(a, b);
      continue;
    }
    const at = Math.round(2 * a) / 2;
    if (at !== column) {
      flush();
      column = at;
      low = high = b;
    } else {
      low = Math.min(low, b);
      high = Math.max(high, b);
    }
    last = b;
  }
  flush();
  return d;
}
function bandPath(xs, low, high, x, y) {
  let d = "",
    run = [];
  const close = () => {
    if (run.length > 1)
      d +=
        "M" +
        run.map((i) => `${x.px(xs[i]).toFixed(1)} ${y.px(low[i]).toFixed(1)}`).join("L") +
        "L" +
        run
          .reverse()
          .map((i) => `${x.px(xs[i]).toFixed(1)} ${y.px(high[i]).toFixed(1)}`)
          .join("L") +
        "Z";
    run = [];
  };
  xs.forEach((v, i) =>
    finite(v) && finite(low[i]) && finite(high[i]) && finite(y.px(low[i])) ? run.push(i) : close(),
  );
  close();
  return d;
}

/** Dots as one path for each look: thousands of them cost one element. */
function dotsOf(s, x, y, colours, sizes, halo = false) {
  const looks = new Map(),
    shape = s.shape ?? "dot";
  s.x.forEach((v, i) => {
    const a = x.px(v),
      b = y.px(s.y[i]);
    if (!finite(a) || !finite(b)) return;
    const r = sizes(i),
      fill = colours ? hexed(colours.colour(Math.round(24 * colours.part(s.values[i])) / 24)) : null,
      key = `${r}|${fill}`;
    const d =
      shape === "cross"
        ? `M${(a - r).toFixed(1)} ${(b - r).toFixed(1)}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`
        : `M${a.toFixed(1)} ${b.toFixed(1)}h0`;
    looks.set(key, (looks.get(key) ?? "") + d);
  });
  let svg = "";
  if (halo)
    for (const [key, d] of looks)
      svg += tag("path", { d, class: "dots halo", stroke_width: 2 * +key.split("|")[0] + 3 });
  for (const [key, d] of looks) {
    const [r, fill] = key.split("|"),
      stroke = fill === "null" ? null : fill,
      given = { d, stroke, class: `dots dots-${shape} c-${s.color}` };
    svg += tag("path", {
      ...given,
      stroke_width: shape === "cross" ? 2 : 2 * r,
      opacity:
        shape === "ring" || shape === "cross"
          ? null
          : (s.opacity ?? (s.x.length > 300 ? 0.45 : s.x.length > 40 ? 0.7 : null)),
    });
    if (shape === "ring" || colours)
      svg += tag("path", {
        d,
        class: "dots hole",
        stroke_width: shape === "ring" ? 2 * r - 4 : 0,
      });
  }
  return svg;
}

export function drawSeries(chart, series, x, y, clip, halo = false) {
  let bands = "",
    lines = "",
    dots = "",
    whiskers = "";
  const all = series.filter((s) => s.values).flatMap((s) => s.values),
    colours = all.length ? shade(chart, chart.spec.scale, all) : null;
  for (const s of shown(series)) {
    (s.bands ?? []).forEach((b, i) => {
      bands += tag("path", {
        d: bandPath(s.x, b.low, b.high, x, y),
        class: `band b${s.bands.length - i} c-${s.color}`,
        clip_path: clip,
      });
    });
    if (s.type === "line") {
      const dense = s.x.length > 2 * Math.abs(x.to - x.from) && climbing(s.x),
        d = pathOf(s.x, s.y, x, y, s.step, dense);
      const zero = y.px(clamp(0, y.low, y.high));
      if (s.fill)
        bands += tag("path", {
          d: bandPath(
            s.x,
            s.y.map((v) => (finite(v) ? clamp(0, y.low, y.high) : null)),
            s.y,
            x,
            y,
          ),
          class: `band b1 c-${s.color}`,
          clip_path: clip,
          "data-zero": zero,
        });
      lines += tag("path", {
        d,
        class: `line ${s.dash ?? ""} c-${s.color}`,
        stroke_width: s.width ?? 2,
        opacity: s.opacity,
        clip_path: clip,
      });
      const at = s.dots === true ? s.x.map((_, i) => i) : (s.dots ?? []);
      if (at.length)
        dots += dotsOf(
          {
            ...s,
            x: at.map((i) => s.x[i]),
            y: at.map((i) => s.y[i]),
            values: null,
            shape: s.shape ?? (s.dots === true ? "dot" : "ring"),
            opacity: 1,
          },
          x,
          y,
          null,
          () => (s.dots === true ? 3 : 5),
        );
    } else {
      const r = s.x.length > 300 ? 3 : 4,
        sizes = Array.isArray(s.size) ? (i) => s.size[i] : () => s.size ?? (s.shape === "ring" ? r + 1 : r);
      if (s.low && s.high)
        s.x.forEach((v, i) => {
          if (finite(s.low[i]) && finite(s.high[i]))
            whiskers += line(x.px(v), y.px(s.low[i]), x.px(v), y.px(s.high[i]), { class: `whisker c-${s.color}` });
        });
      dots += dotsOf(s, x, y, s.values ? colours : null, sizes, halo);
    }
  }
  return { svg: bands + lines + whiskers + (halo ? tag("g", { clip_path: clip }, dots) : dots), colours };
}

export function xy(chart, width) {
  const { spec } = chart,
    series = seriesOf(chart, spec.kind),
    live = shown(series),
    lists = xyRange(spec, series);
  const onlyLines = live.every((s) => s.type === "line");
  if (spec.diagonal || spec.equal) {
    const both = [span([...lists.x, ...lists.y])];
    lists.x = both;
    lists.y = both;
  }
  const x = scale(spec.x, lists.x, onlyLines ? 0.005 : 0.04),
    y = scale(spec.y, lists.y, 0.05);
  const across = (spec.hover ?? (onlyLines && series.every((s) => climbing(s.x)) ? "x" : "nearest")) === "x";
  const height = spec.height ?? (spec.equal || spec.diagonal ? Math.min(width, 420) : 300),
    values = series.filter((s) => s.values).flatMap((s) => s.values);
  const bar = values.length ? shade(chart, spec.scale, values) : null;
  const box = frame(chart, width, height, x, y, { grids: onlyLines ? "y" : "xy", bar }),
    clip = `url(#${chart.id}-clip)`;
  const marks = marksOf(chart, box, x, y, clip),
    drawn = drawSeries(chart, series, x, y, clip);
  const diagonal = spec.diagonal
    ? (() => {
        const [a, b] = [Math.max(x.low, y.low), Math.min(x.high, y.high)];
        return line(x.px(a), y.px(a), x.px(b), y.px(b), { class: "diagonal" });
      })()
    : "";
  const near = series.map((s) => ({ ...s, quiet: s.quiet || s.off }));
  const row = (s, i) => {
    const bands = (s.bands ?? []).map((b) => `${b.name ?? "interval"} ${y.text(b.low[i])} to ${y.text(b.high[i])}`);
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
      const others = near
        .filter((o) => !o.quiet && o !== s)
        .map((o) => [o, closest(o.x, s.x[i])])
        .filter(([o, j]) => j >= 0 && finite(o.y[j]) && Math.abs(x.px(o.x[j]) - at.x) < 0.75);
      others.sort(([o, j], [p, l]) => Math.abs(y.px(o.y[j]) - at.y) - Math.abs(y.px(p.y[l]) - at.y));
      rows = [[s, i], ...others.slice(0, 7)].sort(([a], [b]) => a.k - b.k).map(([o, j]) => row(o, j));
    } else if (!spec.hoverless)
      rows.push(
        ...(s.values ? [{ name: spec.scale?.title ?? "value", value: format(s.values[i], spec.scale?.format) }] : []),
      );
    const head =
      s.labels?.[i] ?? (across ? `${x.title && x.kind !== "time" ? x.title + " " : ""}${x.text(s.x[i])}` : null);
    if (!across)
      rows.unshift(
        { name: x.title ?? "x", value: x.text(s.x[i]) },
        { name: y.title ?? "y", value: rows.shift().value },
      );
    if (!across && s.name) rows.unshift({ color: s.color, name: s.name, value: "" });
    return {
      ...at,
      head,
      rows,
      rule: across,
      color: s.color,
      detail: { series: s.name ?? s.k, index: i, x: s.x[i], y: s.y[i], label: s.labels?.[i] },
    };
  };
  const hit = (px, py) => {
    let best = null,
      least = across ? Infinity : 24 ** 2;
    near.forEach((s, k) => {
      if (s.quiet) return;
      for (let i = 0; i < s.x.length; i++) {
        const dx = x.px(s.x[i]) - px,
          dy = y.px(s.y[i]) - py,
          far = across ? dx * dx * 1e4 + dy * dy : dx * dx + dy * dy;
        if (far < least) {
          least = far;
          best = [k, i];
        }
      }
    });
    return best;
  };
  const names = [...new Map(series.filter((s) => s.name && !s.quiet).map((s) => [s.key, s])).values()];
  return {
    height,
    counts: near.map((s) => (s.quiet ? 0 : s.x.length)),
    item,
    hit,
    x,
    y,
    box,
    series,
    svg: `<clipPath id="${chart.id}-clip">${tag("rect", { x: box.left - 4, y: box.top - 4, width: box.right - box.left + 8, height: box.bottom - box.top + 8 })}</clipPath>${marks.under}${box.svg}${diagonal}${drawn.svg}${marks.over}`,
    legend: names.map((s) => ({
      key: s.key,
      name: s.group ?? s.name,
      color: s.color,
      look: s.type === "line" ? `line ${s.dash ?? ""}` : (s.shape ?? "dot"),
    })),
    table: () => {
      const named = series.some((s) => s.name),
        bands = [...new Set(series.flatMap((s) => (s.bands ?? []).map((b) => b.name ?? "interval")))],
        whisk = series.some((s) => s.low);
      const labelled = series.some((s) => s.labels);
      return {
        head: [
          ...(named ? ["series"] : []),
          ...(labelled ? ["label"] : []),
          x.title ?? (x.kind === "time" ? "time" : "x"),
          y.title ?? "y",
          ...(whisk ? ["low", "high"] : []),
          ...bands.flatMap((b) => [`${b} low`, `${b} high`]),
        ],
        rows: series.flatMap((s) =>
          s.x.map((v, i) => [
            ...(named ? [s.name ?? ""] : []),
            ...(labelled ? [s.labels?.[i] ?? ""] : []),
            x.kind === "time" ? x.text(v) : v,
            s.y[i],
            ...(whisk ? [s.low?.[i], s.high?.[i]] : []),
            ...bands.flatMap((name) => {
              const b = (s.bands ?? []).find((b) => (b.name ?? "interval") === name);
              return b ? [b.low[i], b.high[i]] : [null, null];
            }),
          ]),
        ),
      };
    },
  };
}
