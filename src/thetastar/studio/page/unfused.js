// The engine's module as it multiplies and adds in two instructions, each rounded, instead of one.
//
// The module is built with relaxed SIMD, whose fused instruction not every browser has, and which gives other last bits than the
// package's baseline level. Here every relaxed instruction becomes what it stands for, on a copy of the module: so one module serves
// all browsers, and a page may repeat a run of `THETASTAR_LEVEL=baseline` bit for bit.
//
//   madd(a, b, c) = a · b + c      →  local.set t (c); mul; local.get t; add
//   nmadd(a, b, c) = c − a · b     →  local.set t (c); mul; local.set u; local.get t; local.get u; sub
//   max(a, b) = a > b ? a : b      →  local.set t (b); local.set u (a); local.get t; local.get u; pmax
//   lane selection, truncation     →  the instruction that says what happens at the edges

const V128 = 0x7b;
const simd = (code) => [0xfd, ...leb(code)];
const get = (local) => [0x20, ...leb(local)];
const set = (local) => [0x21, ...leb(local)];
const madd = (mul, add) => (t) => [...set(t), ...simd(mul), ...get(t), ...simd(add)];
const nmadd = (mul, sub) => (t, u) => [...set(t), ...simd(mul), ...set(u), ...get(t), ...get(u), ...simd(sub)];
const swapped = (code) => (t, u) => [...set(t), ...set(u), ...get(t), ...get(u), ...simd(code)];
const plainly = (code) => () => simd(code);
// instruction -> what stands for it, given two locals
const PLAIN = {
  0x100: plainly(0x0e),
  0x101: plainly(0xf8),
  0x102: plainly(0xf9),
  0x103: plainly(0xfc),
  0x104: plainly(0xfd),
  0x105: madd(0xe6, 0xe4),
  0x106: nmadd(0xe6, 0xe5),
  0x107: madd(0xf2, 0xf0),
  0x108: nmadd(0xf2, 0xf1),
  0x109: plainly(0x52),
  0x10a: plainly(0x52),
  0x10b: plainly(0x52),
  0x10c: plainly(0x52),
  0x10d: swapped(0xea),
  0x10e: swapped(0xeb),
  0x10f: swapped(0xf6),
  0x110: swapped(0xf7),
};

// (module (func (param v128 v128 v128) (result v128) local.get 0 local.get 1 local.get 2 f32x4.relaxed_madd))
const PROBE = Uint8Array.of(
  0,
  0x61,
  0x73,
  0x6d,
  1,
  0,
  0,
  0,
  1,
  8,
  1,
  0x60,
  3,
  V128,
  V128,
  V128,
  1,
  V128,
  3,
  2,
  1,
  0,
  10,
  13,
  1,
  11,
  0,
  0x20,
  0,
  0x20,
  1,
  0x20,
  2,
  0xfd,
  0x85,
  0x02,
  0x0b,
);
export const canFuse = () => WebAssembly.validate(PROBE);

export function unfused(bytes) {
  const source = new Uint8Array(bytes);
  const reader = new Reader(source);
  const out = [source.subarray(0, 8)];
  reader.at = 8;
  const parameterCounts = []; // of each type
  const functionTypes = []; // of each function that has a body
  while (reader.at < source.length) {
    const from = reader.at;
    const id = reader.byte();
    const size = reader.unsigned();
    const end = reader.at + size;
    if (id === 1) readTypes(reader, parameterCounts);
    if (id === 3) for (let n = reader.unsigned(); n > 0; --n) functionTypes.push(reader.unsigned());
    if (id === 10) {
      const bodies = [];
      const count = reader.unsigned();
      for (let f = 0; f < count; ++f) bodies.push(body(reader, parameterCounts[functionTypes[f]]));
      const length = bodies.reduce((sum, b) => sum + b.length, 0);
      out.push(Uint8Array.of(10, ...leb(length + leb(count).length), ...leb(count)), ...bodies);
    } else out.push(source.subarray(from, end));
    reader.at = end;
  }
  const whole = new Uint8Array(out.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of out) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function readTypes(reader, parameterCounts) {
  for (let n = reader.unsigned(); n > 0; --n) {
    if (reader.byte() !== 0x60) throw new Error("The engine's module has a type that is no function.");
    const count = reader.unsigned();
    reader.at += count;
    parameterCounts.push(count);
    const results = reader.unsigned();
    reader.at += results;
  }
}

// One function with its size before it, two locals more where it has relaxed instructions.
function body(reader, parameters) {
  const { source } = reader;
  const size = reader.unsigned();
  const end = reader.at + size;
  const begin = reader.at;
  const groups = reader.unsigned();
  const declared = reader.at;
  let locals = parameters;
  for (let g = 0; g < groups; ++g) {
    locals += reader.unsigned();
    reader.byte();
  }
  const code = reader.at;
  const [t, u] = [locals, locals + 1];
  const parts = [];
  let kept = code; // what was not copied yet begins here
  while (reader.at < end) {
    const at = reader.at;
    const found = instruction(reader);
    if (found === null) continue;
    parts.push(source.subarray(kept, at), Uint8Array.from(PLAIN[found](t, u)));
    kept = reader.at;
  }
  const head = parts.length
    ? [Uint8Array.from(leb(groups + 1)), source.subarray(declared, code), Uint8Array.of(2, V128)]
    : [source.subarray(begin, code)];
  const all = [...head, ...parts, source.subarray(kept, end)];
  const length = all.reduce((sum, part) => sum + part.length, 0);
  const prefix = leb(length);
  const out = new Uint8Array(prefix.length + length);
  out.set(prefix);
  let to = prefix.length;
  for (const part of all) {
    out.set(part, to);
    to += part.length;
  }
  return out;
}

// Passes over one instruction; says which it is if it is a relaxed one, otherwise null.
function instruction(reader) {
  const code = reader.byte();
  if (code === 0x02 || code === 0x03 || code === 0x04 || code === 0x41 || code === 0x42)
    reader.skip(); // block types, whole constants
  else if (code === 0x0c || code === 0x0d || code === 0x10 || (code >= 0x20 && code <= 0x26) || code === 0xd2)
    reader.skip();
  else if (code === 0x0e) for (let n = reader.unsigned() + 1; n > 0; --n) reader.skip();
  else if (code === 0x11) (reader.skip(), reader.skip());
  else if (code === 0x1c) for (let n = reader.unsigned(); n > 0; --n) reader.byte();
  else if (code >= 0x28 && code <= 0x3e) (reader.skip(), reader.skip());
  else if (code === 0x3f || code === 0x40 || code === 0xd0) reader.skip();
  else if (code === 0x43) reader.at += 4;
  else if (code === 0x44) reader.at += 8;
  else if (code === 0xfc) {
    const sub = reader.unsigned();
    for (let n = [8, 10, 12, 14].includes(sub) ? 2 : sub >= 8 ? 1 : 0; n > 0; --n) reader.skip();
  } else if (code === 0xfd) {
    const sub = reader.unsigned();
    if (sub in PLAIN) return sub;
    if (sub <= 11 || sub === 92 || sub === 93) (reader.skip(), reader.skip());
    else if (sub === 12 || sub === 13) reader.at += 16;
    else if (sub >= 21 && sub <= 34) reader.at += 1;
    else if (sub >= 84 && sub <= 91) (reader.skip(), reader.skip(), (reader.at += 1));
    else if (sub > 0xff)
      throw new Error(`The engine's module has the instruction fd ${sub.toString(16)}, which is not known here.`);
  } else if (code >= 0x06 && code <= 0x0a) throw new Error("The engine's module has exceptions.");
  else if (code === 0xfe) throw new Error("The engine's module has atomic instructions.");
  return null;
}

class Reader {
  constructor(source) {
    this.source = source;
    this.at = 0;
  }
  byte() {
    return this.source[this.at++];
  }
  unsigned() {
    let value = 0;
    let shift = 1;
    for (;;) {
      const b = this.byte();
      value += (b & 0x7f) * shift;
      if (b < 0x80) return value;
      shift *= 128;
    }
  }
  skip() {
    while (this.byte() >= 0x80);
  }
}
function leb(value) {
  const bytes = [];
  do {
    const more = value >= 128;
    bytes.push((value & 0x7f) | (more ? 0x80 : 0));
    value = Math.floor(value / 128);
  } while (value > 0);
  return bytes;
}
