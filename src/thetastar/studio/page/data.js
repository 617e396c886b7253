// Data for the playground: drawn, typed, clicked, or a table of one's own; and what a network is fed with of it.
//
// A data set is {kind: "classes" | "numbers", columns: [{name, values, role, categories?}], target: {name, values, classes?}}.
// `prepared` makes of it what the engine takes: rows of float32, and who trains, validates and tests.
import { evaluate, parse } from "./expression.js";

// Counted random numbers, the same everywhere for the same seed (mulberry32).
export function random(seed) {
  let state = (seed * 2654435761 + 1013904223) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const order = (n) => {
    const list = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; --i) {
      const j = Math.floor(uniform() * (i + 1));
      [list[i], list[j]] = [list[j], list[i]];
    }
    return list;
  };
  return { uniform, normal, order };
}

// ---- drawn ----
// name -> {title, kind, make(count, noise, rng) -> rows of [x1, x2, y]}; noise from 0 to 0.8
const between = (rng, low, high) => low + (high - low) * rng.uniform();
const gate = (truth) => (count, noise, rng) =>
  Array.from({ length: count }, (_, i) => {
    const [a, b] = [(i >> 1) & 1, i & 1];
    const spread = 0.35 + 2.6 * noise;
    return [a * 6 - 3 + spread * rng.normal(), b * 6 - 3 + spread * rng.normal(), truth(a, b)];
  });
const hills = [
  [-4, 2.5, 1],
  [0, 2.5, -1],
  [4, 2.5, 1],
  [-4, -2.5, -1],
  [0, -2.5, 1],
  [4, -2.5, -1],
];
const hill = (x, y) =>
  hills.reduce((best, [cx, cy, sign]) => {
    const v = sign * Math.max(0, 1 - Math.hypot(x - cx, y - cy) / 2.4);
    return Math.abs(v) > Math.abs(best) ? v : best;
  }, 0);

export const DRAWN = {
  circle: {
    title: "Circle",
    kind: "classes",
    make: (count, noise, rng) =>
      Array.from({ length: count }, (_, i) => {
        const inside = i % 2 === 1;
        const r = inside ? between(rng, 0, 2.5) : between(rng, 3.5, 5);
        const angle = between(rng, 0, 2 * Math.PI);
        return [
          r * Math.sin(angle) + 5 * noise * between(rng, -1, 1),
          r * Math.cos(angle) + 5 * noise * between(rng, -1, 1),
          inside ? 1 : 0,
        ];
      }),
  },
  xor: { title: "XOR gate", kind: "classes", make: gate((a, b) => a ^ b) },
  and: { title: "AND gate", kind: "classes", make: gate((a, b) => a & b) },
  or: { title: "OR gate", kind: "classes", make: gate((a, b) => a | b) },
  gaussians: {
    title: "Gaussians",
    kind: "classes",
    make: (count, noise, rng) =>
      Array.from({ length: count }, (_, i) => {
        const side = i % 2 ? 2 : -2;
        const spread = 0.7 + 3.5 * noise;
        return [side + spread * rng.normal(), side + spread * rng.normal(), i % 2];
      }),
  },
  spiral: {
    title: "Spiral",
    kind: "classes",
    make: (count, noise, rng) =>
      Array.from({ length: count }, (_, i) => {
        const arm = i % 2;
        const t = (i / count) * 1.0;
        const r = 5 * t;
        const angle = 1.75 * t * 2 * Math.PI + arm * Math.PI;
        return [
          r * Math.sin(angle) + 2 * noise * between(rng, -1, 1),
          r * Math.cos(angle) + 2 * noise * between(rng, -1, 1),
          arm,
        ];
      }),
  },
  moons: {
    title: "Moons",
    kind: "classes",
    make: (count, noise, rng) =>
      Array.from({ length: count }, (_, i) => {
        const upper = i % 2;
        const angle = between(rng, 0, Math.PI);
        const [x, y] = upper
          ? [Math.cos(angle) - 0.5, Math.sin(angle) - 0.25]
          : [0.5 - Math.cos(angle), 0.25 - Math.sin(angle)];
        return [3 * x + (0.3 + 2 * noise) * rng.normal(), 3 * y + (0.3 + 2 * noise) * rng.normal(), upper];
      }),
  },
  three: {
    title: "Three classes",
    kind: "classes",
    classes: 3,
    make: (count, noise, rng) =>
      Array.from({ length: count }, (_, i) => {
        const k = i % 3;
        const angle = Math.PI / 2 + (k * 2 * Math.PI) / 3;
        const spread = 0.8 + 3 * noise;
        return [2.6 * Math.cos(angle) + spread * rng.normal(), 2.6 * Math.sin(angle) + spread * rng.normal(), k];
      }),
  },
  plane: {
    title: "Plane",
    kind: "numbers",
    make: (count, noise, rng) =>
      Array.from({ length: count }, () => {
        const [x, y] = [between(rng, -6, 6), between(rng, -6, 6)];
        return [x, y, (x + y) / 10 + noise * rng.normal()];
      }),
  },
  hills: {
    title: "Hills",
    kind: "numbers",
    make: (count, noise, rng) =>
      Array.from({ length: count }, () => {
        const [x, y] = [between(rng, -6, 6), between(rng, -6, 6)];
        return [x, y, hill(x, y) + noise * rng.normal()];
      }),
  },
};

export function drawn(name, { count, noise, seed, formula }) {
  const rng = random(seed);
  if (name === "formula") return typed(formula, { count, noise, rng });
  const { kind, make, classes = 2 } = DRAWN[name];
  return fromPoints(make(count, noise, rng), kind, classes);
}
// y = f(x1, x2), or classes where the formula compares: "y > …" is f > 0.
function typed(formula, { count, noise, rng }) {
  const compared = /^(.*?)(>=|<=|>|<)(.*)$/s.exec(formula);
  const tree = parse(compared ? `(${compared[1]})-(${compared[3]})` : formula, ["x1", "x2"]);
  const sign = compared && compared[2].startsWith("<") ? -1 : 1;
  const rows = Array.from({ length: count }, () => {
    const [x1, x2] = [between(rng, -6, 6), between(rng, -6, 6)];
    const value = evaluate(tree, { x1, x2 });
    return [x1, x2, compared ? (sign * value + 3 * noise * rng.normal() > 0 ? 1 : 0) : value + noise * rng.normal()];
  }).filter((row) => Number.isFinite(row[2]));
  if (rows.length < 10) throw new Error("The formula has no value at nearly all places between −6 and 6.");
  return fromPoints(rows, compared ? "classes" : "numbers", 2);
}
export function fromPoints(rows, kind, classes = 2) {
  const column = (i) => Float64Array.from(rows, (row) => row[i]);
  const names = Array.from({ length: classes }, (_, k) => String(k));
  return {
    kind,
    columns: [
      { name: "x1", values: column(0), role: "number" },
      { name: "x2", values: column(1), role: "number" },
    ],
    target: { name: "y", values: column(2), classes: kind === "classes" ? names : null },
  };
}

// ---- a table of one's own ----
// text -> {names, cells}; the separator is the one that most lines have equally often
export function parseTable(text) {
  const clean = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const lines = splitLines(clean).filter((line) => line.trim() !== "");
  if (lines.length < 2) throw new Error("The table has no rows below its header.");
  const sample = lines.slice(0, 20);
  const score = (s) => {
    const counts = sample.map((line) => cells(line, s).length);
    return counts[0] > 1 ? counts.filter((c) => c === counts[0]).length * 100 + counts[0] : 0;
  };
  const separator = [",", ";", "\t", "|"].reduce((best, s) => (score(s) > score(best) ? s : best));
  const rows = lines.map((line) => cells(line, separator).map((cell) => cell.trim()));
  const allNumbers = rows[0].every((cell) => cell !== "" && Number.isFinite(toNumber(cell, separator)));
  const names = allNumbers ? rows[0].map((_, i) => `column_${i + 1}`) : unique(rows[0]);
  const body = allNumbers ? rows : rows.slice(1);
  const width = names.length;
  return {
    names,
    separator,
    cells: body.filter((row) => row.length === width),
    skipped: body.filter((row) => row.length !== width).length,
  };
}
function splitLines(text) {
  const lines = [];
  let line = "";
  let quoted = false;
  for (const c of text) {
    if (c === '"') quoted = !quoted;
    if (c === "\n" && !quoted) (lines.push(line), (line = ""));
    else line += c;
  }
  if (line) lines.push(line);
  return lines;
}
function cells(line, separator) {
  const out = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < line.length; ++i) {
    const c = line[i];
    if (c === '"' && quoted && line[i + 1] === '"') ((cell += c), (i += 1));
    else if (c === '"') quoted = !quoted;
    else if (c === separator && !quoted) (out.push(cell), (cell = ""));
    else cell += c;
  }
  out.push(cell);
  return out;
}
function unique(names) {
  const seen = new Map();
  return names.map((name, i) => {
    const plain = name || `column_${i + 1}`;
    const times = seen.get(plain) ?? 0;
    seen.set(plain, times + 1);
    return times ? `${plain}_${times + 1}` : plain;
  });
}
const MISSING = new Set(["", "na", "n/a", "nan", "null", "none", "?", "-"]);
function toNumber(cell, separator) {
  const grouped = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(cell); // 2,146
  const plain = grouped
    ? cell.replaceAll(",", "")
    : separator === ","
      ? cell
      : cell.replace(/^(-?\d+),(\d+)$/, "$1.$2");
  return plain === "" ? NaN : Number(plain);
}

// What each column is: a number where nearly all its cells are, a category where it has few values, else left out.
export function tableFrom({ names, cells: body, separator }) {
  const columns = names.map((name, i) => {
    const given = body.map((row) => row[i]);
    const known = given.filter((cell) => !MISSING.has(cell.toLowerCase()));
    const numbers = given.map((cell) => (MISSING.has(cell.toLowerCase()) ? NaN : toNumber(cell, separator)));
    const values = new Set(known);
    const numeric = known.length > 0 && numbers.filter(Number.isFinite).length >= 0.95 * known.length;
    if (numeric)
      return {
        name,
        role: "number",
        values: Float64Array.from(numbers),
        distinct: values.size,
        missing: given.length - known.length,
      };
    const categories = [...values].sort();
    const role = categories.length <= 20 && categories.length > 1 ? "category" : "left out";
    return {
      name,
      role,
      values: Float64Array.from(given, (cell) => categories.indexOf(cell)),
      categories,
      distinct: values.size,
      missing: given.length - known.length,
    };
  });
  return { columns, count: body.length };
}
// The table as a data set, with one of its columns as the target.
export function withTarget(table, targetName) {
  const target = table.columns.find((column) => column.name === targetName);
  if (!target) throw new Error(`There is no column “${targetName}”.`);
  const isClass =
    target.role !== "number" ||
    target.distinct === 2 ||
    (target.distinct <= 10 && target.values.every((v) => !Number.isFinite(v) || Number.isInteger(v)));
  const levels = isClass
    ? [
        ...new Set(
          Array.from(target.values).filter((v) => Number.isFinite(v) && v >= (target.categories ? 0 : -Infinity)),
        ),
      ].sort((a, b) => a - b)
    : null;
  const keep = [];
  target.values.forEach((v, i) => {
    if (isClass ? levels.includes(v) : Number.isFinite(v)) keep.push(i);
  });
  const pick = (values) => Float64Array.from(keep, (i) => values[i]);
  const columns = table.columns
    .filter((column) => column !== target && column.role !== "left out" && column.distinct > 1)
    .map((column) => ({ ...column, values: pick(column.values) }));
  if (columns.length === 0) throw new Error("No column is left that the target could be found from.");
  return {
    kind: isClass ? "classes" : "numbers",
    columns,
    table: true,
    target: {
      name: target.name,
      values: isClass ? pick(target.values).map((v) => levels.indexOf(v)) : pick(target.values),
      classes: isClass ? levels.map((v) => (target.categories ? target.categories[v] : String(v))) : null,
    },
  };
}

// ---- what the network is fed with ----
// Inputs made of two columns, as the playground offers them.
export const DERIVED = {
  x1: { label: "x₁", f: (a) => a, python: "x1" },
  x2: { label: "x₂", f: (a, b) => b, python: "x2" },
  "x1^2": { label: "x₁²", f: (a) => a * a, python: "x1**2" },
  "x2^2": { label: "x₂²", f: (a, b) => b * b, python: "x2**2" },
  "x1*x2": { label: "x₁x₂", f: (a, b) => a * b, python: "x1 * x2" },
  "sin(x1)": { label: "sin x₁", f: (a) => Math.sin(a), python: "np.sin(x1)" },
  "sin(x2)": { label: "sin x₂", f: (a, b) => Math.sin(b), python: "np.sin(x2)" },
};

// parts: [validation share, test share]; features: names of DERIVED or formulas (drawn data), or column names (a table);
// targetForm: "index" | "sign" | "onehot" | "number".
export function prepared(data, { features, axes, parts, seed, targetForm }) {
  const count = data.target.values.length;
  const order = data.ordered
    ? Array.from({ length: count }, (_, i) => count - 1 - i)
    : random(seed * 7 + 3).order(count);
  const testCount = Math.round(count * parts[1]);
  const validationCount = Math.round(count * parts[0]);
  const rows = {
    test: order.slice(0, testCount).sort((a, b) => a - b),
    validation: order.slice(testCount, testCount + validationCount).sort((a, b) => a - b),
    training: order.slice(testCount + validationCount).sort((a, b) => a - b),
  };
  const inputs = data.table ? tableInputs(data, features, rows.training) : drawnInputs(features);
  const width = inputs.length;
  const x = new Float32Array(count * width);
  inputs.forEach((input, j) => {
    for (let i = 0; i < count; ++i) x[i * width + j] = input.of((name) => column(data, name)[i]);
  });
  const target = targets(data, targetForm, rows.training);
  return {
    x,
    ...target,
    count,
    features: width,
    rows,
    inputs,
    axes: axesOf(data, axes, rows.training),
    grid: (n) => gridOf(data, inputs, axesOf(data, axes, rows.training), n),
  };
}
const column = (data, name) => data.columns.find((c) => c.name === name).values;
const finite = (values, rows) => rows.map((i) => values[i]).filter(Number.isFinite);
export function median(list) {
  const sorted = Float64Array.from(list).sort();
  const n = sorted.length;
  return n === 0 ? 0 : n % 2 ? sorted[(n - 1) / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}
export function spread(list) {
  const mean = list.reduce((a, b) => a + b, 0) / (list.length || 1);
  const variance = list.reduce((a, b) => a + (b - mean) ** 2, 0) / (list.length || 1);
  return [mean, Math.sqrt(variance) || 1];
}

function drawnInputs(features) {
  return features.map((name) => {
    const known = DERIVED[name];
    if (known)
      return { name, label: known.label, python: known.python, of: (value) => known.f(value("x1"), value("x2")) };
    const tree = parse(name, ["x1", "x2"]);
    return {
      name,
      label: name,
      python: name.replaceAll("^", "**"),
      of: (value) => evaluate(tree, { x1: value("x1"), x2: value("x2") }),
    };
  });
}
function tableInputs(data, features, training) {
  return data.columns
    .filter((c) => features.includes(c.name))
    .flatMap((c) => {
      if (c.role === "category")
        return c.categories.map((word, k) => ({
          name: `${c.name}=${word}`,
          label: `${c.name} = ${word}`,
          column: c.name,
          of: (value) => (value(c.name) === k ? 1 : 0),
        }));
      const known = finite(c.values, training);
      const middle = median(known);
      const [mean, deviation] = spread(known);
      return [
        {
          name: c.name,
          label: c.name,
          column: c.name,
          mean,
          deviation,
          of: (value) => ((Number.isFinite(value(c.name)) ? value(c.name) : middle) - mean) / deviation,
        },
      ];
    });
}
function targets(data, form, training) {
  const values = data.target.values;
  if (form === "onehot") {
    const k = data.target.classes.length;
    const y = new Float32Array(values.length * k);
    values.forEach((v, i) => (y[i * k + v] = 1));
    return { y, targets: k, scale: null };
  }
  if (form === "sign") return { y: Float32Array.from(values, (v) => (v > 0 ? 1 : -1)), targets: 1, scale: null };
  if (form === "number" && data.table) {
    const [mean, deviation] = spread(finite(values, training));
    return { y: Float32Array.from(values, (v) => (v - mean) / deviation), targets: 1, scale: { mean, deviation } };
  }
  return { y: Float32Array.from(values), targets: 1, scale: null };
}

// The two columns of the map, each with the range that its training values have and a little more.
function axesOf(data, axes, training) {
  return axes.map((name) => {
    if (!data.table) return { name, low: -6, high: 6 };
    const c = data.columns.find((one) => one.name === name) ?? data.columns[0];
    if (c.role === "category")
      return { name: c.name, low: -0.5, high: c.categories.length - 0.5, categories: c.categories };
    const known = finite(c.values, training);
    const low = Math.min(...known);
    const high = Math.max(...known);
    const more = (high - low || 1) * 0.06;
    return { name: c.name, low: low - more, high: high + more };
  });
}
// The inputs at n × n places of the map, rows from the lowest value of the second axis; columns off the axes are held at
// their median or most frequent value.
function gridOf(data, inputs, axes, n) {
  const held = Object.fromEntries(
    data.columns.map((c) => {
      if (c.role !== "category") return [c.name, median(Array.from(c.values).filter(Number.isFinite))];
      const times = c.categories.map((_, k) => c.values.filter((v) => v === k).length);
      return [c.name, times.indexOf(Math.max(...times))];
    }),
  );
  const x = new Float32Array(n * n * inputs.length);
  const place = (axis, i) => {
    const v = axis.low + ((axis.high - axis.low) * (i + 0.5)) / n;
    return axis.categories ? Math.round(v) : v;
  };
  for (let row = 0; row < n; ++row)
    for (let at = 0; at < n; ++at) {
      const here = {
        ...held,
        [axes[0].name]: place(axes[0], at),
        [axes[1]?.name ?? ""]: axes[1] ? place(axes[1], row) : 0,
      };
      inputs.forEach((input, j) => (x[(row * n + at) * inputs.length + j] = input.of((name) => here[name])));
    }
  return x;
}

// The column that a table tells time in, oldest first, and one of its columns of numbers: {name, times, values}.
export function seriesOf({ names, cells: body, separator }, target) {
  const table = tableFrom({ names, cells: body, separator });
  const instant = (cell) => (/\d{1,4}[-/.]\d{1,2}/.test(cell) ? Date.parse(cell) : NaN);
  const time = names.findIndex((_, i) => body.slice(0, 20).every((row) => Number.isFinite(instant(row[i]))));
  const numbers = table.columns.filter((c) => c.role === "number" && c.distinct > 2);
  const chosen = numbers.find((c) => c.name === target) ?? numbers.at(-1);
  if (!chosen) throw new Error("No column has numbers.");
  const known = Array.from(chosen.values.keys()).filter(
    (i) => Number.isFinite(chosen.values[i]) && (time < 0 || Number.isFinite(instant(body[i][time]))),
  );
  if (time >= 0) known.sort((a, b) => instant(body[a][time]) - instant(body[b][time]));
  return {
    name: chosen.name,
    candidates: numbers.map((c) => c.name),
    times: time < 0 ? null : known.map((i) => new Date(instant(body[i][time])).toISOString().slice(0, 10)),
    values: Float64Array.from(known, (i) => chosen.values[i]),
  };
}

// A column of numbers as a series: tomorrow from the days before.
export function seriesFrom(values, window) {
  const rows = values.length - window;
  if (rows < 10) throw new Error(`The series has ${values.length} values; windows of ${window} leave too few rows.`);
  const columns = Array.from({ length: window }, (_, k) => ({
    name: k === 0 ? "1 day before" : `${k + 1} days before`,
    role: "number",
    distinct: rows,
    values: Float64Array.from({ length: rows }, (_, i) => values[i + window - 1 - k]),
  }));
  return {
    kind: "numbers",
    ordered: true,
    table: true,
    columns,
    target: { name: "next", values: Float64Array.from(values.slice(window)), classes: null },
  };
}
