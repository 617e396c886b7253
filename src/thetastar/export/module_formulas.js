
// Formulas, behind module.js where the model has one: a tree of operations on the columns' own numbers.

/** As everywhere but in this language, 1 to any power is 1, and so is -1 to an infinite one. */
function power(a, b) {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

function operation(kind) {
  const own = {
    "+": (a, b) => a + b,
    "-": (a, b) => a - b,
    "*": (a, b) => a * b,
    "/": (a, b) => a / b,
    "^": power,
    negative: (a) => -a,
    step: (a) => (a >= 0 ? 1 : 0),
    relu: (a) => (a < 0 ? 0 : a),
    sigmoid: (a) => 0.5 * (1 + Math.tanh(0.5 * a)),
    softplus,
  };
  return own[kind] ?? Math[kind];
}

/** From {name: number} to the value of a tree: a number, a name, or [operation, trees …]. */
function valueOf(tree) {
  if (typeof tree === "number") return () => tree;
  if (typeof tree === "string") return (named) => named[tree];
  const [kind, ...parts] = tree;
  const f = operation(kind),
    [a, b] = parts.map(valueOf);
  return b ? (named) => f(a(named), b(named)) : (named) => f(a(named));
}

/** A column's own number: of yes and no 1 and 0, of a level that training saw the number that it is. */
function ownNumber({ block, numbers }, v) {
  if (block.block === "BooleanBlock") return (booleanBlock(block, v)[0] + 1) / 2;
  const known = typeof v === "string" ? numbers?.find(([level]) => level === v.trim()) : undefined;
  return known ? known[1] : numberBlock(block, v)[0];
}

/** A formula alone, or with networks on what it leaves: {predict(row)}. */
function readFormula(fitted, preparation) {
  const { tree, parameters, columns, elsewhere, classes } = fitted.formula ?? fitted;
  const f = valueOf(tree);
  const prepare = preparer(preparation);
  const networks = (fitted.networks ?? []).map(({ network, parameters: own }) => {
    const arrays = parametersOf(own);
    return (x) => runLayers(network.layers, arrays, { values: Float64Array.from(x), shape: network.input_shape }).values[0];
  });
  const predict = (row) => {
    const x = prepare(row); // refuses what cannot be read, in columns that the formula does not have too
    const own = columns.map((column) => [column.block.name, ownNumber(column, row[column.block.name])]);
    const found = f({ ...parameters, ...Object.fromEntries(own) });
    const value = Number.isFinite(found) ? found : elsewhere;
    if (classes) return { value: target.classes[Number(value > 0)], probabilities: [sigmoid(-value), sigmoid(value)] };
    const left = networks.reduce((sum, network) => sum + network(x), 0);
    return { value: networks.length ? value + fitted.share * fitted.scale * (left / networks.length) : value };
  };
  return { predict };
}
