// The drawing of a network: one column a layer, links between neighbours, what they are underneath.

import { clamp, closest, finite, format, range, span } from "./numbers.js";
import { line, tag, words } from "./svg.js";
import { shade } from "./colors.js";
import { pixels } from "./fields.js";

const AS_WORDS = ["dropout", "activation", "batchnorm", "layernorm", "flatten"]; // said under the layer before
const RECURRENT = ["simplernn", "lstm", "gru"];
const kindOf = (layer) =>
  String(layer.type ?? layer.name)
    .toLowerCase()
    .replace(/_?\d+$/, "")
    .replace(/_/g, "");

export function network(chart, width) {
  const { spec } = chart;
  const columns = columnsOf(spec);
  const plan = layout(chart, columns, width);
  const places = columns.map((column, i) => [
    ...column.neurons.map((neuron) => ({ neuron })),
    ...linksOf(spec, columns, i),
  ]);
  const bodies = columns.map((column) => drawBody(chart, plan, column)).join(""); // says how far each column reaches
  const links = columns.map((column, i) => drawLinks(plan, columns[i - 1], column, places[i])).join("");
  return {
    height: plan.height,
    wide: plan.wide,
    svg: links + bodies + captions(chart, plan, columns),
    counts: places.map((list) => Math.max(list.length, 1)),
    swap: true,
    hit: (px, py) => find(plan, columns, places, px, py),
    item: (i, k) => neuronItem(spec, plan, columns, i, places[i][k]),
    table: () => ({
      head: ["layer", "kind", "output", "activation and more", "parameters"],
      rows: columns.map((c) => [c.name, c.kind, c.shape.join(" × "), c.words.join(", "), c.parameters ?? 0]),
    }),
  };
}

/** Layers as columns; dropout, normalisation and the like become words under the column before. */
function columnsOf(spec) {
  const columns = [];
  const add = (name, kind, shape, rest) =>
    columns.push({ name, kind, shape, units: shape.at(-1) ?? 1, words: [], ...rest });
  if (spec.input) add("input", "input", spec.input.shape, { names: spec.input.names });
  for (const layer of spec.layers ?? []) {
    const kind = kindOf(layer),
      shape = layer.output ?? [],
      before = columns.at(-1);
    const activation = layer.activation && !["identity", "linear"].includes(layer.activation) ? [layer.activation] : [];
    if (before && AS_WORDS.includes(kind)) before.words.push(...(activation.length ? activation : [kind]));
    else add(layer.name, kind, shape, { words: activation, parameters: layer.parameters });
  }
  const last = columns.at(-1);
  if (last && columns.length > 1) {
    last.role = "output";
    last.names ??= spec.output?.names;
  }
  return columns;
}

function layout(chart, columns, width) {
  const { spec, size } = chart,
    most = spec.most ?? 10,
    pictures = Object.keys(spec.maps ?? {}).length > 0;
  const gutter = (names) =>
    names && names.length <= most ? Math.min(Math.max(...names.map((n) => chart.width(String(n)))), 120) : 0;
  for (const c of columns)
    c.texts = [
      [c.shape.length > 1 ? c.shape.join(" × ") : format(c.units, "integer"), "units"],
      [c.role ?? c.kind, "kind"],
      ...c.words.map((text) => [text, "kind soft"]),
      ...(c.parameters ? [[`${format(c.parameters, "integer")} param.`, "tick"]] : []),
    ];
  const least = Math.max(
    60,
    ...columns.flatMap((c) => c.texts.map(([text, look]) => chart.width(text) * (look === "units" ? 1.1 : 1) + 14)),
  );
  const sides = [gutter(columns[0]?.names), columns.length > 1 ? gutter(columns.at(-1).names) : 0];
  const wide = Math.max(width, Math.ceil(sides[0] + sides[1] + least * columns.length));
  const step = Math.min((wide - sides[0] - sides[1]) / columns.length, 230);
  const start = sides[0] + Math.max(0, (wide - sides[0] - sides[1] - step * columns.length) / 2);
  const tallest = Math.max(1, ...columns.map((c) => (c.shape.length > 1 ? 6 : Math.min(c.units, most))));
  const foot = (Math.max(...columns.map((c) => c.texts.length), 1) + 0.5) * (size + 5);
  const gap = spec.height
    ? clamp((spec.height - foot - 24) / tallest, 12, 64)
    : pictures
      ? 46
      : clamp(250 / tallest, 24, 34);
  const radius = Math.min(gap * 0.38, pictures || spec.values ? 20 : 9),
    middle = 12 + (tallest * gap) / 2;
  columns.forEach((c, i) => {
    c.x = start + (i + 0.5) * step;
    c.reach = radius;
    c.look = c.kind === "input" ? "input" : (c.role ?? "hidden");
    c.neurons =
      c.shape.length > 1
        ? []
        : neuronsOf(c, most).map(([unit, k, n]) => ({ unit, y: middle + (k - (n - 1) / 2) * gap }));
    c.hole = c.shape.length > 1 || c.units <= most ? null : middle + (Math.floor(most / 2) - (most - 1) / 2) * gap;
  });
  return {
    start,
    step,
    wide,
    gap,
    radius,
    middle,
    room: tallest * gap,
    foot: 12 + tallest * gap + 14,
    height: 26 + tallest * gap + foot,
  };
}

/** [unit, place, places] of the drawn neurons: of many the first and the last, with a place left free between. */
function neuronsOf(column, most) {
  const n = Math.min(column.units, most),
    hole = column.units > most ? Math.floor(most / 2) : -1;
  return range(n)
    .filter((k) => k !== hole)
    .map((k) => [hole < 0 || k < hole ? k : column.units - n + k, k, n]);
}

function linksOf(spec, columns, i) {
  const before = columns[i - 1],
    weights = spec.weights?.[columns[i].name];
  if (!before || !weights || !before.neurons.length) return [];
  return before.neurons.flatMap((from) =>
    columns[i].neurons.map((to) => ({ from, to, weight: weights[from.unit]?.[to.unit] })),
  );
}

function drawLinks({ radius, middle, room }, before, column, places) {
  if (!before) return "";
  const [left, right] = [before.x + before.reach + 2, column.x - column.reach - 2];
  const weighted = places.filter((place) => finite(place.weight));
  const strongest = Math.max(...span([weighted.map((place) => Math.abs(place.weight))])) || 1;
  let svg = "";
  if (weighted.length) {
    for (const { from, to, weight } of weighted) {
      const part = Math.abs(weight) / strongest;
      svg += line(left, from.y, right, to.y, {
        class: `link c-${weight < 0 ? "orange" : "blue"}`,
        stroke_width: 0.3 + 3.2 * part,
        opacity: 0.2 + 0.75 * part,
      });
    }
  } else {
    const ends = (c) =>
      c.neurons.length ? c.neurons.map((neuron) => neuron.y) : [middle - 0.22 * c.tall, middle + 0.22 * c.tall];
    for (const a of ends(before)) for (const b of ends(column)) svg += line(left, a, right, b, { class: "link" });
  }
  if (column.kind === "residual") {
    const top = middle - room / 2 + 6,
      bend = (column.x - before.x) * 0.3;
    svg += tag("path", {
      d: `M${before.x} ${top + 20}C${before.x + bend} ${top - 24} ${column.x - bend} ${top - 24} ${column.x} ${top + 20}`,
      class: "loop",
    });
  }
  return svg;
}

function drawBody(chart, plan, column) {
  const { spec } = chart,
    { radius: r, middle, gap } = plan;
  let svg = column.shape.length === 3 ? stack(column) : column.shape.length === 2 ? steps(column, plan) : "";
  for (const { unit, y } of column.neurons) {
    const value = spec.values?.[column.name]?.[unit],
      bias = spec.biases?.[column.name]?.[unit],
      map = spec.maps?.[column.name];
    if (map?.values?.[unit]) svg += picture(chart, map, unit, column, y, r);
    else svg += tag("circle", { cx: column.x, cy: y, r, class: `neuron ${column.look}` });
    if (finite(value))
      svg += words(column.x, y + 4, format(+value.toPrecision(2)), {
        class: `inside ${column.look === "output" ? "on" : ""}`,
        text_anchor: "middle",
      });
    if (finite(bias))
      svg += tag("rect", {
        x: column.x - r - 5,
        y: y + r - 3,
        width: 6,
        height: 6,
        class: `bias c-${bias < 0 ? "orange" : "blue"}`,
      });
    if (column.names && column.units <= column.neurons.length) {
      const first = column.kind === "input";
      svg += words(column.x + (first ? -1 : 1) * (r + 8), y + 4, chart.cut(String(column.names[unit] ?? ""), 120), {
        class: "tick",
        text_anchor: first ? "end" : "start",
      });
    }
  }
  if (column.hole !== null)
    for (const d of [-6, 0, 6]) svg += tag("circle", { cx: column.x, cy: column.hole + d, r: 1.6, class: "gap" });
  if (RECURRENT.includes(column.kind)) {
    // the arrow back to itself
    const x = column.x + column.reach + 4;
    svg += tag("path", {
      d: `M${x} ${middle - gap * 0.3}c${gap * 0.8} ${-gap * 0.7} ${gap * 0.8} ${gap * 1.3} 1 ${gap * 0.6}`,
      class: "loop",
    });
    svg += tag("path", { d: `M${x + 1} ${middle + gap * 0.3}l7 0.5m-7 -0.5l4 -6`, class: "loop" });
  }
  return svg;

  /** An image as sheets, one behind another, for its channels; a convolution shows its window. */
  function stack(c) {
    const [h, w, channels] = c.shape,
      sheets = clamp(channels, 1, 4),
      shift = 4;
    const side = (n) => clamp(10 + 11 * Math.log2(Math.max(n, 1)), 10, Math.min(plan.step - 24 - sheets * shift, 78));
    const [tall, wide] = [side(h), side(w)],
      at = (k) => ((sheets - 1) / 2 - k) * shift;
    c.reach = wide / 2 + ((sheets - 1) / 2) * shift;
    c.tall = tall;
    let text = "";
    for (let k = 0; k < sheets; k++)
      text += tag("rect", {
        x: c.x - wide / 2 + at(k),
        y: middle - tall / 2 - at(k),
        width: wide,
        height: tall,
        rx: 2,
        class: `neuron map ${c.look}`,
      });
    if (c.kind.startsWith("conv"))
      text += tag("rect", {
        x: c.x - wide / 2 + at(sheets - 1) + wide * 0.16,
        y: middle - tall / 2 - at(sheets - 1) + tall * 0.16,
        width: wide * 0.28,
        height: tall * 0.28,
        class: "window",
      });
    return text;
  }
}

/** A sequence as a few of its steps, each leading to the next. */
function steps(column, { middle, gap, radius }) {
  const n = clamp(column.shape[0], 1, 5),
    pitch = Math.min(gap, 30);
  column.reach = radius + 6;
  column.tall = n * pitch;
  return range(n)
    .map((k) => {
      const y = middle + (k - (n - 1) / 2) * pitch;
      return (
        (k < n - 1 ? line(column.x, y + 8, column.x, y + pitch - 8, { class: "loop" }) : "") +
        tag("rect", {
          x: column.x - radius - 5,
          y: y - 7,
          width: 2 * radius + 10,
          height: 14,
          rx: 4,
          class: `neuron map ${column.look}`,
        })
      );
    })
    .join("");
}

/** What a neuron answers over a field, drawn in its place. */
function picture(chart, map, unit, column, y, r) {
  const values = map.values[unit],
    [rows, columns] = map.shape,
    place = { x: column.x - r, y: y - r, width: 2 * r, height: 2 * r };
  const colours = shade(chart, chart.spec.scale ?? { kind: "diverging" }, values);
  return (
    tag("image", {
      ...place,
      href: pixels(colours, values, rows, columns, false, false),
      preserveAspectRatio: "none",
    }) + tag("rect", { ...place, rx: 3, class: `neuron ${column.look} open` })
  );
}

function captions(chart, plan, columns) {
  return columns
    .map((c) =>
      c.texts
        .map(([text, look], k) =>
          words(c.x, plan.foot + (k + 0.8) * (chart.size + 5), text, { class: look, text_anchor: "middle" }),
        )
        .join(""),
    )
    .join("");
}

function find({ start, step, radius }, columns, places, px, py) {
  const i = clamp(Math.floor((px - start) / step), 0, columns.length - 1),
    c = columns[i];
  if (!c) return null;
  if (!c.neurons.length) return [i, 0];
  const k = closest(
    c.neurons.map((neuron) => neuron.y),
    py,
  );
  if (Math.hypot(c.x - px, c.neurons[k].y - py) < radius + 6) return [i, k];
  for (const j of [i, i + 1]) {
    // a link, where they have weights
    const [a, b] = [columns[j - 1], columns[j]];
    if (!a || !b || px < a.x || px > b.x) continue;
    const part = (px - a.x) / (b.x - a.x);
    const far = places[j].map((place) =>
      finite(place.weight) ? Math.abs(place.from.y + (place.to.y - place.from.y) * part - py) : Infinity,
    );
    const near = closest(far, 0);
    if (near >= 0 && far[near] < 5) return [j, near];
  }
  return null;
}

function neuronItem(spec, { middle, radius }, columns, i, place) {
  const c = columns[i],
    name = (column, unit) => column.names?.[unit] ?? `unit ${unit + 1}`;
  if (place?.from) {
    const { from, to, weight } = place,
      before = columns[i - 1];
    return {
      x: (before.x + c.x) / 2,
      y: (from.y + to.y) / 2,
      radius: 5,
      head: c.name,
      rows: [{ name: `weight from ${name(before, from.unit)} to ${name(c, to.unit)}`, value: format(weight) }],
      detail: { layer: c.name, from: from.unit, to: to.unit, value: weight },
    };
  }
  const neuron = place?.neuron,
    unit = neuron?.unit,
    of = (table) => table?.[c.name]?.[unit];
  const rows = [
    ["value", of(spec.values)],
    ["bias", of(spec.biases)],
    ["gradient", of(spec.gradients)],
  ]
    .filter(([, value]) => finite(value))
    .map(([words, value]) => ({ name: words, value: format(value) }));
  if (!rows.length)
    rows.push({
      name: c.words.join(", ") || c.kind,
      value: c.parameters ? `${format(c.parameters, "integer")} parameters` : c.shape.join(" × "),
    });
  return {
    x: c.x,
    y: neuron?.y ?? middle,
    radius: neuron ? radius + 3 : 0,
    rows,
    head: unit === undefined ? c.name : `${c.name}, ${name(c, unit)}`,
    detail: { layer: c.name, unit: unit ?? null, value: of(spec.values) },
  };
}
