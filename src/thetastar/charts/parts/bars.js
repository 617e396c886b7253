// Strips, bars and histograms.

import { fail } from "./errors.js";
import { clamp, finite, range, span, sum } from "./numbers.js";
import { time } from "./times.js";
import { LINE, line, tag, words } from "./svg.js";
import { frame, marksOf, scale } from "./axes.js";
import { shown } from "./series.js";

export function strips(chart, width) {
  const { spec, size } = chart,
    rows = spec.rows ?? [],
    widest = Math.max(0, ...rows.map((r) => chart.width(r.name ?? ""))),
    above = widest > width * 0.42, // names that would be cut stand above their bars
    tall = (above ? 3.6 : 2.4) * size;
  const x = scale(
    spec.x,
    [...rows.map((r) => [r.value, r.low, r.high, ...(r.dots ?? [])]), finite(spec.reference) ? [spec.reference] : []],
    0.05,
  );
  const y = scale({ categories: rows.map((r) => (above ? "" : (r.name ?? ""))), reverse: true }),
    height = (!above && spec.height) || rows.length * tall + size * 3 + (spec.x?.title ? size + 10 : 0),
    numbers = Math.max(0, ...rows.map((r) => chart.width(x.text(r.value)))) + 10;
  const box = frame(chart, width - numbers, height, x, y, { grids: "x" });
  let svg =
    box.svg +
    (finite(spec.reference)
      ? line(x.px(spec.reference), box.top, x.px(spec.reference), box.bottom, { class: "mark c-gray dashed" })
      : "");
  rows.forEach((r, i) => {
    const at = y.px(i) + (above ? size * 0.8 : 0),
      c = r.color ?? "blue",
      inside = r.value >= x.low && r.value <= x.high,
      px = (v) => clamp(x.px(v), box.left, box.right);
    if (above) svg += words(0, at - size, chart.cut(r.name ?? "", width - numbers), { class: "tick" });
    if (!finite(r.value)) return;
    if (finite(r.low) && r.high > x.low && r.low < x.high)
      svg += tag("rect", {
        x: px(r.low),
        y: at - 4,
        width: Math.max(px(r.high) - px(r.low), 1),
        height: 8,
        rx: 4,
        class: `interval c-${c}`,
      });
    for (const v of r.dots ?? [])
      if (v >= x.low && v <= x.high) svg += line(x.px(v), at - 4, x.px(v), at + 4, { class: `stroke c-${c}` });
    svg += inside
      ? tag("circle", { cx: x.px(r.value), cy: at, r: 5.5, class: `${r.shape === "ring" ? "ring" : "disc"} c-${c}` })
      : words(r.value < x.low ? box.left : box.right, at + 5, r.value < x.low ? "◂" : "▸", {
          class: `arrow c-${c}`,
          text_anchor: r.value < x.low ? "start" : "end",
        });
    svg += words(width, at + size * 0.35, x.text(r.value), {
      class: r.strong ? "value strong" : "value",
      text_anchor: "end",
    });
  });
  return {
    height,
    svg,
    counts: [rows.length],
    swap: true,
    hit: (px, py) => {
      const i = Math.round(y.value(py));
      return i >= 0 && i < rows.length ? [0, i] : null;
    },
    item: (_, i) => ({
      x: clamp(x.px(rows[i].value), box.left, box.right),
      y: y.px(i) + (above ? size * 0.8 : 0),
      head: rows[i].name,
      rows: [
        {
          color: rows[i].color ?? "blue",
          name: x.title ?? rows[i].note ?? "",
          value: x.text(rows[i].value),
          more: finite(rows[i].low) ? `${x.text(rows[i].low)} to ${x.text(rows[i].high)}` : "",
        },
      ],
      detail: { index: i, label: rows[i].name, value: rows[i].value },
    }),
    table: () => ({
      head: ["", x.title ?? "value", "low", "high"],
      rows: rows.map((r) => [r.name, r.value, r.low, r.high]),
    }),
  };
}

/** Bars and histograms: places = [from, to] of each bar along its axis. */
function barsIn(chart, width, height, along, values, series, places, { flat, stacked, overlap, names }) {
  const { spec, size } = chart,
    live = shown(series),
    n = places.length;
  const numbers = spec.numbers && live.length === 1 && !stacked,
    room = numbers && flat ? 16 + Math.max(...live[0].values.map((v) => chart.width(values.text(v ?? 0)))) : 0;
  const [x, y] = flat ? [values, along] : [along, values],
    box = frame(chart, width - room, height, x, y, { grids: flat ? "x" : "y", top: numbers ? size + 8 : 0 });
  const base = values.px(clamp(0, values.low, values.high)),
    up = Array(n).fill(0),
    down = Array(n).fill(0),
    rects = [];
  let svg = box.svg,
    over = "";
  live.forEach((s, k) => {
    rects[s.k] = s.values.map((v, i) => {
      if (!finite(v)) return null;
      let [a, b] = places[i].map(along.px).sort((p, q) => p - q),
        from = base,
        to = values.px(v);
      if (names) {
        const gap = Math.min((b - a) * 0.14, 10),
          slot = (b - a - 2 * gap) / (stacked ? 1 : live.length);
        a += gap + (stacked ? 0 : k * slot);
        b = a + Math.min(slot - (live.length > 1 && !stacked ? 1 : 0), 64);
        if (live.length === 1 || stacked) {
          const spare = (slot - (b - a)) / 2;
          a += spare;
          b += spare;
        }
      } else if (b - a > 4) b -= 1;
      if (stacked) {
        const pile = v < 0 ? down : up;
        from = values.px(pile[i]);
        pile[i] += v;
        to = values.px(pile[i]);
      }
      const r = flat
        ? { x: Math.min(from, to), y: a, width: Math.abs(to - from), height: b - a }
        : { x: a, y: Math.min(from, to), width: b - a, height: Math.abs(to - from) };
      svg += tag("rect", {
        ...r,
        rx: names ? Math.min(2, r.width / 2) : 0,
        class: `bar c-${s.colors?.[i] ?? s.color}${overlap && live.length > 1 ? " over" : ""}`,
      });
      const mid = (a + b) / 2;
      if (finite(s.low?.[i]))
        over += flat
          ? line(values.px(s.low[i]), mid, values.px(s.high[i]), mid, { class: "error" })
          : line(mid, values.px(s.low[i]), mid, values.px(s.high[i]), { class: "error" });
      if (numbers) {
        const end = Math.max(base, to, finite(s.high?.[i]) ? values.px(s.high[i]) : base);
        const top = Math.min(base, to, finite(s.high?.[i]) ? values.px(s.high[i]) : base);
        over += flat
          ? words(end + 6, mid + size * 0.35, values.text(v), { class: "value" })
          : words(mid, top - 5, values.text(v), { class: "value", text_anchor: "middle" });
      }
      return r;
    });
  });
  if (values.low < 0)
    over += flat
      ? line(base, box.top, base, box.bottom, { class: "base" })
      : line(box.left, base, box.right, base, { class: "base" });
  return { svg: svg + over, rects, box };
}

export function bars(chart, width) {
  const { spec, size } = chart,
    categories = spec.categories ?? [],
    colours = LINE;
  const series = (spec.series ?? []).map((s, k) => {
    if (s.values?.length !== categories.length)
      fail(
        `bars: series[${k}] has ${s.values?.length ?? 0} values for ${categories.length} categories. Give one each.`,
      );
    return {
      ...s,
      k,
      key: s.name ?? `series ${k + 1}`,
      color: s.color ?? colours[k % 8],
      off: chart.off.has(s.name ?? `series ${k + 1}`),
    };
  });
  const live = shown(series),
    longest = Math.max(0, ...categories.map((c) => chart.width(String(c))));
  const flat = spec.orientation
      ? spec.orientation === "horizontal"
      : longest > width / (categories.length + 1) - 12 && categories.length <= 24,
    { stacked } = spec;
  const lists = stacked
    ? [
        categories.map((_, i) => live.reduce((sum, s) => sum + Math.max(s.values[i] ?? 0, 0), 0)),
        categories.map((_, i) => live.reduce((sum, s) => sum + Math.min(s.values[i] ?? 0, 0), 0)),
      ]
    : live.flatMap((s) => [s.values, s.low, s.high]);
  const values = scale({ ...spec.value, zero: spec.value?.scale !== "log" }, lists, 0.05),
    along = scale({ ...spec.category, categories, reverse: flat });
  const height =
    spec.height ??
    (flat
      ? categories.length * Math.max(2 * size, stacked ? 0 : live.length * 15 + 8) +
        size * 3 +
        (spec.value?.title ? size + 10 : 0)
      : 300);
  const { svg, rects, box } = barsIn(
    chart,
    width,
    height,
    along,
    values,
    series,
    categories.map((_, i) => [i - 0.5, i + 0.5]),
    { flat, stacked, names: true },
  );
  return {
    height,
    svg,
    counts: series.map((s) => (s.off ? 0 : categories.length)),
    swap: flat,
    box,
    hit: (px, py) => {
      const i = Math.round(along.value(flat ? py : px));
      if (!(i in categories)) return null;
      const k = live.findIndex((s) => {
        const r = rects[s.k][i];
        return (
          r &&
          (flat
            ? py >= r.y && py <= r.y + r.height && (!stacked || px <= r.x + r.width)
            : px >= r.x && px <= r.x + r.width && (!stacked || py >= r.y))
        );
      });
      return live.length ? [(live[k] ?? live[0]).k, i] : null;
    },
    item: (k, i) => {
      const r = rects[k]?.[i],
        s = series[k];
      return (
        r && {
          x: flat ? r.x + r.width : r.x + r.width / 2,
          y: flat ? r.y + r.height / 2 : r.y,
          rect: r,
          head: String(categories[i]),
          rows: (stacked ? live : [s]).map((o) => ({
            color: o.colors?.[i] ?? o.color,
            name: o.name ?? values.title ?? "",
            value: values.text(o.values[i]),
            more: finite(o.low?.[i]) ? `${values.text(o.low[i])} to ${values.text(o.high[i])}` : "",
          })),
          detail: { series: s.name ?? k, index: i, label: categories[i], value: s.values[i] },
        }
      );
    },
    legend: series.filter((s) => s.name).map((s) => ({ key: s.key, name: s.name, color: s.color, look: "square" })),
    table: () => ({
      head: [
        spec.category?.title ?? "",
        ...series.flatMap((s) => [s.name ?? values.title ?? "value", ...(s.low ? ["low", "high"] : [])]),
      ],
      rows: categories.map((c, i) => [
        c,
        ...series.flatMap((s) => [s.values[i], ...(s.low ? [s.low[i], s.high[i]] : [])]),
      ]),
    }),
  };
}

export function histogram(chart, width) {
  const { spec } = chart,
    flat = spec.orientation === "horizontal";
  let edges = spec.edges?.map(time);
  if (!edges) {
    const [a, b] = spec.x?.data ?? span((spec.series ?? []).map((s) => s.values)),
      n = spec.bins ?? 30;
    edges = range(n + 1).map((i) => a + ((b > a ? b - a : 1) * i) / n);
  }
  const n = edges.length - 1,
    series = (spec.series ?? []).map((s, k) => {
      let counts = s.counts;
      if (!counts) {
        counts = Array(n).fill(0);
        for (const v of s.values ?? [])
          if (finite(v)) {
            const i = Math.min(Math.floor(((v - edges[0]) / (edges[n] - edges[0])) * n), n - 1);
            if (i >= 0) counts[i]++;
          }
      }
      if (counts.length !== n)
        fail(
          `histogram: series[${k}] has ${counts.length} counts for ${edges.length} edges. Give one fewer than edges.`,
        );
      const total = spec.density ? counts.reduce((a, b) => a + b, 0) || 1 : 1,
        key = s.name ?? `series ${k + 1}`;
      return {
        ...s,
        k,
        key,
        values: counts.map((c) => c / total),
        color: s.color ?? LINE[k % 8],
        off: chart.off.has(key),
      };
    });
  const along = scale({ ...spec.x, title: spec.x?.title }, [edges], 0),
    values = scale(
      { zero: true, format: spec.density ? "percent" : "integer", ...spec.y },
      shown(series).map((s) => s.values),
      0.05,
    );
  const height = spec.height ?? 280,
    places = range(n).map((i) => [edges[i], edges[i + 1]]),
    { svg, rects, box } = barsIn(chart, width, height, along, values, series, places, { flat, overlap: true });
  const [x, y] = flat ? [values, along] : [along, values],
    marks = marksOf(chart, box, x, y);
  return {
    height,
    svg: marks.under + svg + marks.over,
    counts: series.map((s) => (s.off ? 0 : n)),
    swap: flat,
    x,
    y,
    box,
    hit: (px, py) => {
      const v = along.value(flat ? py : px),
        i = edges.findIndex((e, j) => j < n && v >= e && v <= edges[j + 1]),
        s = shown(series)[0];
      return i < 0 || !s ? null : [s.k, i];
    },
    item: (k, i) => {
      const r = rects[k]?.[i];
      return (
        r && {
          x: r.x + r.width / 2,
          y: r.y,
          rect: r,
          head: `${along.text(edges[i])} to ${along.text(edges[i + 1])}`,
          rows: shown(series).map((s) => ({
            color: s.color,
            name: s.name ?? values.title ?? "count",
            value: values.text(s.values[i]),
          })),
          detail: {
            series: series[k].name ?? k,
            index: i,
            x: (edges[i] + edges[i + 1]) / 2,
            value: series[k].values[i],
          },
        }
      );
    },
    legend: series.filter((s) => s.name).map((s) => ({ key: s.key, name: s.name, color: s.color, look: "square" })),
    table: () => ({
      head: ["from", "to", ...series.map((s) => s.name ?? "count")],
      rows: places.map(([a, b], i) => [
        along.kind === "time" ? along.text(a) : a,
        along.kind === "time" ? along.text(b) : b,
        ...series.map((s) => s.values[i]),
      ]),
    }),
  };
}
