// A trained model in plain JavaScript: read(description) gives an object that prepares rows and predicts.
//
// The description is JSON that thetastar.export.describe(model) makes from the model's own state. Rows are
// {column: value} with numbers, texts or null (missing), or a flat list for an image or a sequence. What comes out
// agrees with Model.predict: inputs are rounded to float32 as there; sums are taken in double precision.

// ------------------------------------------------------------------------------------------------- activations

const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** 1 - erf(x): the series near zero, the continued fraction beyond. */
function erfc(x) {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2.5) {
    let term = x,
      sum = x;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

export const ACTIVATIONS = {
  identity: (z) => z,
  sigmoid,
  hard_sigmoid: (z) => Math.min(Math.max(z / 6 + 0.5, 0), 1),
  tanh: Math.tanh,
  relu: (z) => (z > 0 ? z : 0),
  leaky_relu: (z) => (z > 0 ? z : 0.01 * z),
  elu: (z) => (z > 0 ? z : Math.expm1(z)),
  selu: (z) => 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * Math.expm1(z)),
  gelu: (z) => z * 0.5 * erfc(-z / Math.SQRT2),
  gelu_tanh: (z) => z * sigmoid(2 * Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)),
  silu: (z) => z * sigmoid(z),
  mish: (z) => z * Math.tanh(softplus(z)),
  softplus,
  relu6: (z) => (z < 0 ? 0 : z > 6 ? 6 : z),
  hard_tanh: (z) => (z < -1 ? -1 : z > 1 ? 1 : z),
  softsign: (z) => z / (1 + Math.abs(z)),
  gaussian: (z) => Math.exp(-z * z),
  step: (z) => (z >= 0 ? 1 : 0),
};

// ------------------------------------------------------------------------------------------------------ layers
// Each takes (layer, parameters of the layer, {values, shape}) and gives {values, shape}; shapes are one sample's.

const like = (x, values) => ({ values, shape: x.shape });
const product = (sizes) => sizes.reduce((a, b) => a * b, 1);

function activate(values, name) {
  const f = ACTIVATIONS[name ?? "identity"];
  if (name && name !== "identity") for (let i = 0; i < values.length; i++) values[i] = f(values[i]);
  return values;
}

function dense(layer, { weight, bias }, x) {
  const units = layer.units,
    inputs = x.shape.at(-1),
    rows = x.values.length / inputs,
    out = new Float64Array(rows * units);
  for (let r = 0; r < rows; r++) {
    if (bias) out.set(bias, r * units);
    for (let i = 0; i < inputs; i++) {
      const v = x.values[r * inputs + i];
      if (v) for (let o = 0; o < units; o++) out[r * units + o] += v * weight[i * units + o];
    }
  }
  return { values: activate(out, layer.activation), shape: [...x.shape.slice(0, -1), units] };
}

/** How many places a window takes along an axis, and the pixel at which the first begins (below 0: padding). */
function places(size, window, stride, dilation, padding) {
  const reach = (window - 1) * dilation + 1;
  if (padding === "valid") return [Math.floor((size - reach) / stride) + 1, 0];
  const count = Math.ceil(size / stride);
  return [count, -Math.floor(Math.max(0, (count - 1) * stride + reach - size) / 2)];
}

/** Call visit(output pixel, tap, input pixel) for every pixel under every place of a window; gives [H', W']. */
function slide([height, width], window, strides, dilation, padding, visit) {
  const [rows, top] = places(height, window[0], strides[0], dilation[0], padding);
  const [columns, left] = places(width, window[1], strides[1], dilation[1], padding);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      for (let k = 0; k < window[0]; k++)
        for (let m = 0; m < window[1]; m++) {
          const r = top + i * strides[0] + k * dilation[0],
            c = left + j * strides[1] + m * dilation[1];
          if (r >= 0 && r < height && c >= 0 && c < width) visit(i * columns + j, k * window[1] + m, r * width + c);
        }
  return [rows, columns];
}

function conv2d(layer, { weight, bias }, x) {
  const { filters: O, kernel_size: window, strides, dilation_rate: dilation, padding, groups = 1 } = layer;
  const C = x.shape[2],
    c = C / groups,
    f = O / groups;
  const size = slide(x.shape, window, strides, dilation, padding, () => {}),
    out = new Float64Array(size[0] * size[1] * O);
  if (bias) for (let p = 0; p < size[0] * size[1]; p++) out.set(bias, p * O);
  slide(x.shape, window, strides, dilation, padding, (to, tap, from) => {
    for (let i = 0; i < C; i++) {
      const v = x.values[from * C + i],
        first = Math.floor(i / c) * f,
        at = (tap * c + (i % c)) * O;
      if (v) for (let o = first; o < first + f; o++) out[to * O + o] += v * weight[at + o];
    }
  });
  return { values: activate(out, layer.activation), shape: [...size, O] };
}

function pool(layer, x, begin, add, end) {
  const C = x.shape[2],
    { pool_size: window, padding } = layer,
    strides = layer.strides ?? window;
  const size = slide(x.shape, window, strides, [1, 1], padding, () => {}),
    n = size[0] * size[1];
  const out = new Float64Array(n * C).fill(begin),
    count = new Uint32Array(n);
  slide(x.shape, window, strides, [1, 1], padding, (to, tap, from) => {
    count[to]++;
    for (let c = 0; c < C; c++) out[to * C + c] = add(out[to * C + c], x.values[from * C + c]);
  });
  return { values: out.map((v, i) => end(v, count[Math.floor(i / C)])), shape: [...size, C] };
}

function globalAverage(x) {
  const [height, width, C] = x.shape,
    out = new Float64Array(C);
  for (let i = 0; i < x.values.length; i++) out[i % C] += x.values[i] / (height * width);
  return { values: out, shape: [C] };
}

function batchNorm({ epsilon }, { gamma, beta, running_mean, running_variance }, x) {
  const C = gamma.length;
  return like(
    x,
    x.values.map(
      (v, i) => (gamma[i % C] * (v - running_mean[i % C])) / Math.sqrt(running_variance[i % C] + epsilon) + beta[i % C],
    ),
  );
}

function softmax(layer, parameters, x) {
  const width = x.shape.at(-1);
  const values = Float64Array.from(x.values);
  for (let row = 0; row < values.length; row += width) {
    let highest = -Infinity;
    let total = 0;
    for (let c = row; c < row + width; c++) if (values[c] > highest) highest = values[c];
    for (let c = row; c < row + width; c++) total += values[c] = Math.exp(values[c] - highest);
    for (let c = row; c < row + width; c++) values[c] /= total;
  }
  return like(x, values);
}

function prelu(layer, { alpha }, x) {
  const width = alpha.length; // one for all, or one a channel
  return like(
    x,
    Float64Array.from(x.values, (v, i) => (v > 0 ? v : v * alpha[i % width])),
  );
}

function layerNorm({ epsilon }, { gamma, beta }, x) {
  const C = gamma.length,
    out = new Float64Array(x.values.length);
  for (let at = 0; at < out.length; at += C) {
    const row = x.values.slice(at, at + C),
      mean = row.reduce((a, b) => a + b, 0) / C;
    const root = Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / C + epsilon);
    for (let i = 0; i < C; i++) out[at + i] = (gamma[i] * (row[i] - mean)) / root + beta[i];
  }
  return like(x, out);
}

function embedding(layer, { weight }, x) {
  const D = layer.output_dim,
    out = new Float64Array(x.values.length * D);
  x.values.forEach((v, t) => {
    if (v >= 0 && v < layer.input_dim) out.set(weight.subarray(Math.floor(v) * D, (Math.floor(v) + 1) * D), t * D);
  });
  return { values: out, shape: [x.values.length, D] };
}

/** Affine sums of one row: b + x W, W (I, O) flat. */
function affine(x, weight, bias) {
  const out = Float64Array.from(bias),
    units = out.length;
  x.forEach((v, i) => {
    for (let o = 0; o < units; o++) out[o] += v * weight[i * units + o];
  });
  return out;
}

/** One step of each cell: (x, h, c, parameters) to [h, c]; gates in the order of the docs. */
const CELLS = {
  simple_rnn(x, h, c, p) {
    const a = affine(x, p.weight, p.bias),
      b = affine(h, p.recurrent_weight, new Float64Array(a.length));
    return [a.map((v, k) => Math.tanh(v + b[k])), c];
  },
  lstm(x, h, c, p) {
    const U = h.length,
      a = affine(x, p.weight, p.bias),
      b = affine(h, p.recurrent_weight, new Float64Array(4 * U));
    const gate = (k, u) => a[k * U + u] + b[k * U + u];
    const cell = c.map((v, u) => sigmoid(gate(1, u)) * v + sigmoid(gate(0, u)) * Math.tanh(gate(2, u)));
    return [cell.map((v, u) => sigmoid(gate(3, u)) * Math.tanh(v)), cell];
  },
  gru(x, h, c, p) {
    const U = h.length,
      a = affine(x, p.weight, p.bias),
      q = affine(h, p.recurrent_weight, p.recurrent_bias);
    return [
      h.map((v, u) => {
        const z = sigmoid(a[u] + q[u]),
          r = sigmoid(a[U + u] + q[U + u]),
          n = Math.tanh(a[2 * U + u] + r * q[2 * U + u]);
        return z * v + (1 - z) * n;
      }),
      c,
    ];
  },
};

function recurrent(layer, parameters, x) {
  const [steps, features] = x.shape,
    U = layer.units;
  const sides = layer.bidirectional
    ? [
        ["forward", false],
        ["backward", true],
      ]
    : [["", layer.go_backwards]];
  const width = U * sides.length,
    all = new Float64Array(steps * width),
    last = new Float64Array(width);
  sides.forEach(([name, back], side) => {
    const own = name ? under(parameters, name) : parameters;
    let h = new Float64Array(U),
      c = new Float64Array(U);
    for (let k = 0; k < steps; k++) {
      const t = back ? steps - 1 - k : k,
        row = x.values.subarray(t * features, (t + 1) * features);
      const skipped =
        layer.mask_value !== null && layer.mask_value !== undefined && row.every((v) => v === layer.mask_value);
      if (!skipped) [h, c] = CELLS[layer.kind](row, h, c, own);
      all.set(skipped ? new Float64Array(U).fill(layer.mask_value) : h, t * width + side * U);
    }
    last.set(h, side * U);
  });
  return layer.return_sequences ? { values: all, shape: [steps, width] } : { values: last, shape: [width] };
}

function residual(layer, parameters, x) {
  const y = runLayers(layer.layers, parameters, x),
    { weight } = under(parameters, "projection");
  let side = x;
  if (weight) {
    const images = x.shape.length === 3 && (x.shape[0] !== y.shape[0] || x.shape[1] !== y.shape[1]);
    const strides = images ? [0, 1].map((k) => Math.ceil(x.shape[k] / y.shape[k])) : null,
      filters = y.shape.at(-1);
    side = images
      ? conv2d({ filters, kernel_size: [1, 1], strides, dilation_rate: [1, 1], padding: "valid" }, { weight }, x)
      : dense({ units: filters }, { weight }, x);
  }
  return like(
    y,
    y.values.map((v, i) => v + side.values[i]),
  );
}

const LAYERS = {
  dense,
  conv2d,
  embedding,
  residual,
  simple_rnn: recurrent,
  lstm: recurrent,
  gru: recurrent,
  batch_norm: batchNorm,
  layer_norm: layerNorm,
  softmax,
  prelu,
  activation: (layer, p, x) => like(x, activate(Float64Array.from(x.values), layer.activation ?? layer.name)),
  dropout: (layer, p, x) => x,
  flatten: (layer, p, x) => ({ values: x.values, shape: [x.values.length] }),
  max_pool2d: (layer, p, x) =>
    pool(
      layer,
      x,
      -Infinity,
      (a, b) => (a > b || Number.isNaN(a) ? a : b),
      (v) => v,
    ),
  average_pool2d: (layer, p, x) =>
    pool(
      layer,
      x,
      0,
      (a, b) => a + b,
      (v, n) => v / n,
    ),
  global_average_pool2d: (layer, p, x) => globalAverage(x),
};

/** The parameters of one layer or side: {"weight": …} of {"dense_1.weight": …}. */
function under(parameters, name) {
  const found = {};
  for (const key in parameters) if (key.startsWith(`${name}.`)) found[key.slice(name.length + 1)] = parameters[key];
  return found;
}

/** Through layers that are numbered by their kind; `seen` collects every layer's output. */
function runLayers(layers, parameters, x, seen) {
  const counts = {};
  for (const layer of layers) {
    const name = `${layer.kind}_${(counts[layer.kind] = (counts[layer.kind] ?? 0) + 1)}`;
    x = LAYERS[layer.kind](layer, under(parameters, name), x);
    seen?.push({ name, kind: layer.kind, values: x.values, shape: x.shape });
  }
  return x;
}

// ----------------------------------------------------------------------------------------------------- numbers

const bytesOf = (data) => new DataView(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);

/** base64 of little-endian float32. */
function floats(data) {
  const view = bytesOf(data);
  return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** {name: flat array} of the description's parameters; int16 with a scale each where it says so. */
function parametersOf({ names, scales, data }) {
  const view = bytesOf(data);
  const found = {};
  let at = 0;
  names.forEach(([name, shape], k) => {
    const value = scales ? (i) => view.getInt16(2 * i, true) * scales[k] : (i) => view.getFloat32(4 * i, true);
    const count = product(shape);
    found[name] = Float32Array.from({ length: count }, (_, i) => value(at + i));
    at += count;
  });
  return found;
}

// ------------------------------------------------------------------------------------------------- preparation
// Each block turns one column's value into its features, as the block of the same name does in Python.

const MISSING =
  /^(|\?|-|na|n\/a|#n\/a|#na|<na>|null|<null>|-?nan|nat|#null!|\.{1,3}|--|---|none|nil|unknown|unk|missing|n\.a\.|n\.a|n\/k|tbd|tba|empty|blank|#value!|#ref!|#div\/0!|#name\?|#num!|0000-00-00|00\/00\/0000|not available|not known)$/i;
const absent = (v, block) =>
  v === null ||
  v === undefined ||
  Number.isNaN(v) ||
  (typeof v === "string" && (block.unknown?.includes(v) || MISSING.test(v.trim())));
/** A number as levels are spelled: whole ones plainly, others as Python writes them (`1e-05`, `1e+16`). */
function numberText(x) {
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 2 ** 53) return String(x);
  if (!Number.isFinite(x)) return String(x).toLowerCase().replace("infinity", "inf");
  if (size >= 1e-4 && size < 1e16) return Number.isInteger(x) ? `${x}.0` : String(x);
  return x.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}
const text = (v) =>
  typeof v === "number"
    ? numberText(v)
    : v === true
      ? "True"
      : v === false
        ? "False"
        : String(v);

function refuse(block, v, what) {
  throw new Error(`${block.name}: ${JSON.stringify(v)} is not ${what}. Give one, or null where it is not known.`);
}

/** A number as programs write it; NaN for `1,5`, `1_000`, `0x10`, which Number would guess at or refuse. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const numberOf = (v) => (typeof v === "string" && !NUMBER.test(v.trim()) ? NaN : Number(v));

function numberBlock(block, v) {
  const missing = absent(v, block),
    x = missing ? block.median : numberOf(v);
  if (!Number.isFinite(x)) refuse(block, v, "a finite number");
  let z = Math.min(Math.max((x - block.centre) / block.scale, -1e30), 1e30);
  if (block.limit > 0) z /= Math.hypot(1, z / block.limit);
  return block.indicator ? [z, missing ? 1 : 0] : [z];
}

const TRUE = new Set(["yes", "y", "true", "t", "on", "1", "1.0"]),
  FALSE = new Set(["no", "n", "false", "f", "off", "0", "0.0"]);
const bare = (level) =>
  level
    .trim()
    .replace(/^['"]+|['"]+$/g, "")
    .toLowerCase();
const truth = (level) => (TRUE.has(bare(level)) ? true : FALSE.has(bare(level)) ? false : null);

function booleanBlock(block, v) {
  let value = 0;
  if (v !== null && v !== undefined && !Number.isNaN(v)) {
    const level = text(v),
      known = new Set([...block.yes, ...block.no].map(truth));
    if (block.yes.includes(level)) value = 1;
    else if (block.no.includes(level)) value = -1;
    else if (truth(level) !== null && known.size === 2 && !known.has(null)) value = truth(level) ? 1 : -1;
  }
  return block.indicator ? [value, value === 0 ? 1 : 0] : [value];
}

/** The spelling under which levels count as alike: no quotes, no capitals, numbers in their shortest form. */
function loose(level) {
  const key = bare(level).trim();
  const plain = key.replace(/(\d)_(?=\d)/g, "$1");
  return NUMBER.test(plain) ? numberText(Number(plain)) : key;
}

const CRC = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});
const crc32 = (level) =>
  (new TextEncoder().encode(level).reduce((c, byte) => CRC[(c ^ byte) & 255] ^ (c >>> 8), -1) ^ -1) >>> 0;

function categoryBlock(block, v) {
  const missing = v === null || v === undefined || Number.isNaN(v) || v === "";
  const alike = (block.alike ??= alikeTable(block)),
    position = (level) => block.levels.indexOf(level);
  if (block.single) {
    const level = missing ? null : text(v),
      known = position(level) >= 0 ? level : alike.get(loose(level ?? ""));
    return [missing || known === undefined ? 0 : position(known) === 0 ? -1 : position(known) === 1 ? 1 : 0];
  }
  const count = block.levels.length,
    wide = count + block.other + block.missing;
  const out = new Array(wide + (block.hashed ? block.hashed + 1 : 0)).fill(0);
  if (missing) {
    out[block.missing ? count + Number(block.other) : count] = 1;
    return out;
  }
  const rest = (block.restTable ??= new Map(block.rest)),
    given = text(v);
  const level = position(given) >= 0 || rest.has(given) ? given : (alike.get(loose(given)) ?? given);
  if (position(level) >= 0) {
    out[position(level)] = 1;
    if (block.hashed) out[out.length - 1] = 1;
    return out;
  }
  if (!(block.hashed && rest.has(level))) out[count] = 1;
  if (block.hashed) {
    out[wide + (crc32(level) % block.hashed)] = crc32("±" + level) & 1 ? 1 : -1;
    out[out.length - 1] = rest.get(level) ?? 0;
  }
  return out;
}

function alikeTable(block) {
  const byKey = new Map();
  for (const level of [...block.levels, ...block.rest.map(([name]) => name)])
    byKey.set(loose(level), [...(byKey.get(loose(level)) ?? []), level]);
  return new Map([...byKey].filter(([, same]) => same.length === 1).map(([key, [level]]) => [key, level]));
}

const DAY = 86400;
const modulo = (a, b) => ((a % b) + b) % b;

/** Seconds since 1970 of an ISO text, a Date or milliseconds; dates are UTC, as everywhere in the model. */
function seconds(block, v) {
  if (v instanceof Date) return v.getTime() / 1000;
  if (typeof v === "number") return v / 1000;
  const found = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?)?/.exec(String(v).trim());
  if (!found) refuse(block, v, "a date such as 2026-11-30");
  const [, year, month, day, hour = 0, minute = 0, second = 0] = found;
  return Date.UTC(year, month - 1, day, hour, minute) / 1000 + Number(second);
}

function phase(at, cycle) {
  if (cycle === "day") return modulo(at, DAY) / DAY;
  const days = Math.floor(at / DAY);
  if (cycle === "week") return modulo(days + 3, 7) / 7;
  return (days - Date.UTC(new Date(days * DAY * 1000).getUTCFullYear(), 0) / 1000 / DAY) / 365.25;
}

function dateBlock(block, v) {
  const missing = absent(v, block),
    at = missing ? block.centre : seconds(block, v),
    out = [(at - block.centre) / block.scale];
  for (const [cycle, wave] of block.cycles) {
    const angle = 2 * Math.PI * wave * phase(at, cycle);
    out.push(...(missing ? [0, 0] : [Math.sin(angle), Math.cos(angle)]));
  }
  return block.indicator ? [...out, missing ? 1 : 0] : out;
}

function imageBlock(block, v) {
  const C = block.shape[2];
  if (!v || v.length !== product(block.shape))
    refuse(block, v?.length ?? v, `an image of ${block.shape.join(" × ")} numbers`);
  const centre = Float32Array.from(block.centre),
    scale = Float32Array.from(block.scale);
  return Array.from(v, (x, i) => Math.fround(Math.fround(x - centre[i % C]) / scale[i % C]));
}

/** A sequence is a list of steps, each a list of numbers; of longer ones the last steps are taken. */
function sequenceBlock(block, v) {
  const [steps, wide] = block.shape,
    n = block.centre.length,
    rows = v.slice(-steps).map((row) => [].concat(row)),
    out = new Array(steps * wide).fill(0);
  rows.forEach((row, t) => {
    let present = false;
    for (let f = 0; f < n; f++)
      if (row[f] !== null && row[f] !== undefined && !Number.isNaN(row[f])) {
        out[t * wide + f] = (row[f] - block.centre[f]) / block.scale[f];
        present = true;
      }
    if (block.padded) out[t * wide + n] = present ? 1 : 0;
  });
  return out;
}

const BLOCKS = {
  NumberBlock: numberBlock,
  BooleanBlock: booleanBlock,
  CategoryBlock: categoryBlock,
  DateBlock: dateBlock,
  ImageBlock: imageBlock,
  SequenceBlock: sequenceBlock,
};

/** Each number's way through the pieces of its range: clip((x - t[k-1]) / (t[k] - t[k-1]), 0, 1). */
function piecewise(features, pieces) {
  const out = [...features];
  for (const [column, edges] of pieces)
    for (let k = 1; k < edges.length; k++) {
      const part = Math.fround(Math.fround(features[column] - edges[k - 1]) / Math.fround(edges[k] - edges[k - 1]));
      out.push(Math.min(Math.max(part, 0), 1));
    }
  return Float32Array.from(out);
}

// ------------------------------------------------------------------------------------------------------- models

/** From a row {column: value} to features, with the numbers that a member wants in pieces behind them. */
function preparer(preparation) {
  const pieces = (preparation.pieces ?? []).map(([column, data]) => [column, floats(data)]);
  return (row) => {
    const features = Float32Array.from(
      preparation.blocks.flatMap((block) => BLOCKS[block.block](block, row[block.name])),
    );
    return pieces.length ? piecewise(features, pieces) : features;
  };
}

/** Scores to probabilities; the largest is taken off first, so that no power overflows. */
function shares(scores) {
  const top = Math.max(...scores),
    powers = scores.map((s) => Math.exp(s - top)),
    sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

/** Probabilities that come true as often as they say; of two classes by a beta, of more by a temperature or by a scale and a shift of each. */
export function calibrated(probabilities, calibration) {
  if (!calibration) return probabilities;
  const logs = probabilities.map((p) => Math.log(Math.max(p, 1e-12)));
  if (calibration.kind === "beta") {
    const odds = calibration.a * logs[1] - calibration.b * logs[0] + calibration.c;
    return [1 / (1 + Math.exp(odds)), 1 / (1 + Math.exp(-odds))];
  }
  const { scale, shift, temperature } = calibration;
  return shares(logs.map((l, k) => (scale ? l * scale[k] + shift[k] : l / temperature)));
}

/** The place of the class that is named: the likeliest, or of two the second from the threshold on. */
export const placeOf = (probabilities, threshold) =>
  threshold === undefined ? probabilities.indexOf(Math.max(...probabilities)) : Number(probabilities[1] >= threshold);

/** The model of a description: {columns, prepare(row), run(inputs), predict(row)}. */
export function read(description) {
  const { network, preparation, target, calibration, threshold } = description;
  const { low, high } = calibration?.kind === "bounds" ? calibration : {};
  const plain = !calibration && threshold === undefined;
  if (description.format !== 1)
    throw new Error(`description: format ${description.format} is not known (1 is). Use a newer predict.js.`);
  const parameters = parametersOf(description.parameters);
  const prepare = preparer(preparation);
  const run = (inputs) => {
    const seen = [],
      x = { values: Float64Array.from(inputs), shape: network.input_shape };
    return { outputs: runLayers(network.layers, parameters, x, seen).values, layers: seen };
  };
  const predict = (row) => {
    const inputs = prepare(row),
      { outputs, layers } = run(inputs),
      found = { inputs, outputs, layers };
    if (target.task === "regression") return { ...found, value: Math.min(Math.max(outputs[0] * target.scale + target.mean, low ?? -Infinity), high ?? Infinity) };
    const scores = outputs.length === 1 ? [0, outputs[0]] : [...outputs],
      probabilities = calibrated(shares(scores), calibration),
      place = placeOf(plain ? scores : probabilities, threshold); // scores tell apart what probabilities round together
    return { ...found, value: target.classes[place], probabilities };
  };
  return { columns: preparation.blocks, target, network, prepare, run, predict };
}
