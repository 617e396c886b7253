// Formulas that are typed: read, evaluated, differentiated, written. No `eval`.
//
// A tree is a number, a name, or [operator, …trees].

const FUNCTIONS = {
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  exp: Math.exp,
  log: Math.log,
  ln: Math.log,
  sqrt: Math.sqrt,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  relu: (v) => Math.max(0, v),
  step: (v) => (v >= 0 ? 1 : 0),
};
const TWO = { min: Math.min, max: Math.max };
const CONSTANTS = { pi: Math.PI, π: Math.PI, e: Math.E };
export const FUNCTION_NAMES = [...Object.keys(FUNCTIONS), ...Object.keys(TWO)];

// text -> tree; variables: names that may stand in it. Throws an Error that says where it ends to make sense.
export function parse(text, variables) {
  const tokens = tokenize(text, variables);
  let at = 0;
  const next = () => tokens[at]?.text;
  const fail = (wanted) => {
    const found = tokens[at];
    throw new Error(`${wanted} expected ${found ? `at “${found.text}” (character ${found.at + 1})` : "at the end"}.`);
  };
  const take = (token) => (next() === token ? (at += 1) : fail(`“${token}”`));

  function sum() {
    let tree = product();
    while (next() === "+" || next() === "-") tree = [tokens[at++].text, tree, product()];
    return tree;
  }
  function product() {
    let tree = unary();
    for (;;) {
      if (next() === "*" || next() === "/") tree = [tokens[at++].text, tree, unary()];
      else if (tokens[at] && (tokens[at].kind !== "operator" || next() === "("))
        tree = ["*", tree, power()]; // 2x, x(x+1)
      else return tree;
    }
  }
  function unary() {
    if (next() === "-") return ((at += 1), ["-", 0, unary()]);
    if (next() === "+") return ((at += 1), unary());
    return power();
  }
  function power() {
    const base = atom();
    if (next() !== "^") return base;
    at += 1;
    return ["^", base, unary()];
  }
  function atom() {
    const token = tokens[at];
    if (!token) fail("A number, a variable or a function is");
    at += 1;
    if (token.kind === "number") return Number(token.text);
    if (token.text === "(") {
      const tree = sum();
      take(")");
      return tree;
    }
    if (token.kind === "function") {
      take("(");
      const first = sum();
      let tree = [token.text, first];
      if (token.text in TWO) {
        take(",");
        tree = [token.text, first, sum()];
      }
      take(")");
      return tree;
    }
    if (token.kind === "name")
      return token.text in CONSTANTS && !variables.includes(token.text) ? CONSTANTS[token.text] : token.text;
    at -= 1;
    return fail("A number, a variable or a function is");
  }

  if (tokens.length === 0) throw new Error("The formula is empty.");
  const tree = sum();
  if (at < tokens.length) fail("An operator is");
  return tree;
}

function tokenize(text, variables) {
  const tokens = [];
  const names = [...variables, ...Object.keys(CONSTANTS), ...FUNCTION_NAMES].sort((a, b) => b.length - a.length);
  const source = text
    .replaceAll("**", "^")
    .replaceAll("·", "*")
    .replaceAll("×", "*")
    .replaceAll("−", "-")
    .replaceAll("²", "^2")
    .replaceAll("³", "^3");
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at);
    const number = /^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?/.exec(rest);
    const name = names.find((word) => rest.startsWith(word));
    if (/^\s/.test(rest)) at += 1;
    else if (number) (tokens.push({ kind: "number", text: number[0], at }), (at += number[0].length));
    else if (name)
      (tokens.push({ kind: name in FUNCTIONS || name in TWO ? "function" : "name", text: name, at }),
        (at += name.length));
    else if ("+-*/^(),".includes(rest[0])) (tokens.push({ kind: "operator", text: rest[0], at }), (at += 1));
    else {
      const word = /^[\p{L}\p{N}_]+/u.exec(rest)?.[0] ?? rest[0];
      throw new Error(
        `“${word}” is not known here. Known are ${variables.join(", ")}, numbers, pi, e, + - * / ^ and ${FUNCTION_NAMES.join(", ")}.`,
      );
    }
  }
  return tokens;
}

export function evaluate(tree, values) {
  if (typeof tree === "number") return tree;
  if (typeof tree === "string") return values[tree];
  const [operator, first, second] = tree;
  const a = evaluate(first, values);
  if (operator in FUNCTIONS) return FUNCTIONS[operator](a);
  const b = evaluate(second, values);
  if (operator in TWO) return TWO[operator](a, b);
  if (operator === "+") return a + b;
  if (operator === "-") return a - b;
  if (operator === "*") return a * b;
  if (operator === "/") return a / b;
  return a ** b;
}

// The derivative of a tree with respect to a variable, by the rules of the lectures, simplified.
export function derivative(tree, variable) {
  return simplify(slope(tree, variable));
}
function slope(tree, v) {
  if (typeof tree === "number") return 0;
  if (typeof tree === "string") return tree === v ? 1 : 0;
  const [operator, a, b] = tree;
  const da = () => slope(a, v);
  const db = () => slope(b, v);
  if (operator === "+" || operator === "-") return [operator, da(), db()];
  if (operator === "*") return ["+", ["*", da(), b], ["*", a, db()]];
  if (operator === "/") return ["/", ["-", ["*", da(), b], ["*", a, db()]], ["^", b, 2]];
  if (operator === "^") {
    if (!uses(b, v)) return ["*", ["*", b, ["^", a, ["-", b, 1]]], da()];
    if (!uses(a, v)) return ["*", ["*", tree, ["ln", a]], db()];
    return ["*", tree, ["+", ["*", db(), ["ln", a]], ["/", ["*", b, da()], a]]];
  }
  if (operator === "min")
    return ["+", ["*", ["step", ["-", b, a]], da()], ["*", ["-", 1, ["step", ["-", b, a]]], db()]];
  if (operator === "max")
    return ["+", ["*", ["step", ["-", a, b]], da()], ["*", ["-", 1, ["step", ["-", a, b]]], db()]];
  return ["*", INNER[operator](a), da()];
}
const INNER = {
  sin: (a) => ["cos", a],
  cos: (a) => ["-", 0, ["sin", a]],
  tan: (a) => ["/", 1, ["^", ["cos", a], 2]],
  asin: (a) => ["/", 1, ["sqrt", ["-", 1, ["^", a, 2]]]],
  acos: (a) => ["/", -1, ["sqrt", ["-", 1, ["^", a, 2]]]],
  atan: (a) => ["/", 1, ["+", 1, ["^", a, 2]]],
  sinh: (a) => ["cosh", a],
  cosh: (a) => ["sinh", a],
  tanh: (a) => ["-", 1, ["^", ["tanh", a], 2]],
  exp: (a) => ["exp", a],
  log: (a) => ["/", 1, a],
  ln: (a) => ["/", 1, a],
  sqrt: (a) => ["/", 1, ["*", 2, ["sqrt", a]]],
  abs: (a) => ["sign", a],
  sign: () => 0,
  floor: () => 0,
  step: () => 0,
  sigmoid: (a) => ["*", ["sigmoid", a], ["-", 1, ["sigmoid", a]]],
  relu: (a) => ["step", a],
};
function uses(tree, v) {
  return tree === v || (Array.isArray(tree) && tree.slice(1).some((part) => uses(part, v)));
}

export function simplify(tree) {
  if (!Array.isArray(tree)) return tree;
  const [operator, ...parts] = tree;
  const [a, b] = parts.map(simplify);
  const both = typeof a === "number" && (parts.length === 1 || typeof b === "number");
  if (both) {
    const value = evaluate(parts.length === 1 ? [operator, a] : [operator, a, b], {});
    if (Number.isFinite(value)) return value;
  }
  if (operator === "+") return a === 0 ? b : b === 0 ? a : ["+", a, b];
  if (operator === "-") return b === 0 ? a : ["-", a, b];
  if (operator === "*") {
    if (a === 0 || b === 0) return 0;
    if (a === 1) return b;
    if (b === 1) return a;
    if (typeof b === "number") return simplify(["*", b, a]);
    if (typeof a === "number" && Array.isArray(b) && b[0] === "*" && typeof b[1] === "number")
      return simplify(["*", a * b[1], b[2]]);
    return ["*", a, b];
  }
  if (operator === "/") return a === 0 ? 0 : b === 1 ? a : ["/", a, b];
  if (operator === "^") return b === 1 ? a : b === 0 ? 1 : ["^", a, b];
  return parts.length === 1 ? [operator, a] : [operator, a, b];
}

const RANK = { "+": 1, "-": 1, "*": 2, "/": 2, "^": 4 };
export function write(tree) {
  if (typeof tree === "number")
    return tree === Math.PI ? "π" : tree === Math.E ? "e" : String(+tree.toPrecision(6)).replace("-", "−");
  if (typeof tree === "string") return tree;
  const [operator, a, b] = tree;
  if (!(operator in RANK))
    return b === undefined ? `${operator}(${write(a)})` : `${operator}(${write(a)}, ${write(b)})`;
  const rank = (t) =>
    Array.isArray(t) && t[0] in RANK
      ? t[0] === "-" && t[1] === 0
        ? 1
        : RANK[t[0]]
      : typeof t === "number" && t < 0
        ? 1
        : 9;
  const inside = (t, least) => (rank(t) < least ? `(${write(t)})` : write(t));
  if (operator === "-" && a === 0) return `−${inside(b, 2)}`;
  if (operator === "+") return `${write(a)} + ${inside(b, 1)}`;
  if (operator === "-") return `${write(a)} − ${inside(b, 2)}`;
  if (operator === "*")
    return typeof a === "number" && a >= 0 && typeof b !== "number" && rank(b) >= 4
      ? `${write(a)}${inside(b, 3)}`
      : `${inside(a, 2)} · ${inside(b, 3)}`;
  if (operator === "/") return `${inside(a, 2)} / ${inside(b, 3)}`;
  return `${inside(a, 5)}^${inside(b, 4)}`;
}
