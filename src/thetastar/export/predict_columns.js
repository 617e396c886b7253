// Columns: each block turns one column's value into its features, as the block of the same name does in Python.

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
