// What can be set in the playground: names, limits and words in one table; the link that carries it; and the description of a
// network and its training that the engine takes.

export const ACTIVATIONS = [
  "identity",
  "sigmoid",
  "hard_sigmoid",
  "tanh",
  "relu",
  "leaky_relu",
  "elu",
  "selu",
  "gelu",
  "gelu_tanh",
  "silu",
  "mish",
  "softplus",
  "softsign",
  "gaussian",
  "step",
];
export const INITIALIZERS = [
  "glorot_uniform",
  "glorot_normal",
  "he_uniform",
  "he_normal",
  "lecun_uniform",
  "lecun_normal",
  "orthogonal",
  "normal",
  "uniform",
  "zeros",
];

// Losses by what is asked. form: how the target is written; members of {value -> settings of the core's LossSpec}.
export const LOSSES = {
  two: {
    binary_cross_entropy: {
      title: "binary cross-entropy",
      form: "index",
      link: "sigmoid",
      spec: { kind: "binary_cross_entropy" },
    },
    mean_squared_error: {
      title: "mean squared error (±1)",
      form: "sign",
      link: "identity",
      spec: { kind: "mean_squared_error" },
    },
    hinge: { title: "hinge (±1)", form: "sign", link: "identity", spec: { kind: "hinge" } },
    squared_hinge: { title: "squared hinge (±1)", form: "sign", link: "identity", spec: { kind: "squared_hinge" } },
    soft_margin: { title: "soft margin (±1)", form: "sign", link: "identity", spec: { kind: "soft_margin" } },
  },
  many: {
    cross_entropy: { title: "cross-entropy", form: "index", link: "softmax", spec: { kind: "cross_entropy" } },
    mean_squared_error: {
      title: "mean squared error (0 or 1)",
      form: "onehot",
      link: "identity",
      spec: { kind: "mean_squared_error" },
    },
    categorical_hinge: {
      title: "categorical hinge",
      form: "onehot",
      link: "identity",
      spec: { kind: "categorical_hinge" },
    },
    multi_margin: { title: "multi-margin", form: "index", link: "identity", spec: { kind: "multi_margin", power: 1 } },
  },
  numbers: {
    mean_squared_error: {
      title: "mean squared error",
      form: "number",
      link: "identity",
      spec: { kind: "mean_squared_error" },
    },
    mean_absolute_error: {
      title: "mean absolute error",
      form: "number",
      link: "identity",
      spec: { kind: "mean_absolute_error" },
    },
    huber: { title: "Huber (δ = 1)", form: "number", link: "identity", spec: { kind: "huber", delta: 1 } },
    log_cosh: { title: "log cosh", form: "number", link: "identity", spec: { kind: "log_cosh" } },
    quantile: {
      title: "median (quantile 0.5)",
      form: "number",
      link: "identity",
      spec: { kind: "quantile", quantile: 0.5 },
    },
  },
};

// The optimisers, with their usual settings. python: how ts.optimizers calls it.
export const OPTIMIZERS = {
  sgd: { title: "SGD", python: "SGD", spec: { kind: "sgd" }, rate: 0.03 },
  momentum: { title: "SGD with momentum 0.9", python: "SGD", spec: { kind: "sgd", momentum: 0.9 }, rate: 0.01 },
  nesterov: {
    title: "Nesterov momentum 0.9",
    python: "SGD",
    spec: { kind: "sgd", momentum: 0.9, nesterov: true },
    rate: 0.01,
  },
  adam: { title: "Adam", python: "Adam", spec: { kind: "adam" }, rate: 0.01 },
  adamw: {
    title: "AdamW (decay 0.01)",
    python: "AdamW",
    spec: { kind: "adam", weight_decay: 0.01, decoupled: true },
    rate: 0.01,
  },
  adamax: { title: "Adamax", python: "Adamax", spec: { kind: "adamax" }, rate: 0.02 },
  nadam: { title: "NAdam", python: "NAdam", spec: { kind: "nadam" }, rate: 0.01 },
  radam: { title: "RAdam", python: "RAdam", spec: { kind: "radam" }, rate: 0.01 },
  rmsprop: { title: "RMSprop", python: "RMSprop", spec: { kind: "rmsprop" }, rate: 0.01 },
  adagrad: { title: "Adagrad", python: "Adagrad", spec: { kind: "adagrad", epsilon: 1e-10 }, rate: 0.1 },
  adadelta: { title: "Adadelta", python: "Adadelta", spec: { kind: "adadelta", rho: 0.9, epsilon: 1e-6 }, rate: 1 },
  lion: { title: "Lion", python: "Lion", spec: { kind: "lion", beta_2: 0.99 }, rate: 0.002 },
  sophia: {
    title: "Sophia",
    python: "Sophia",
    spec: { kind: "sophia", beta_1: 0.965, beta_2: 0.99, epsilon: 1e-12 },
    rate: 0.02,
  },
  rprop: { title: "Rprop (whole batch)", python: "Rprop", spec: { kind: "rprop" }, rate: 0.01 },
  ftrl: { title: "FTRL", python: "Ftrl", spec: { kind: "ftrl", accumulator: 0.1 }, rate: 0.2 },
  asgd: { title: "ASGD (averaged)", python: "ASGD", spec: { kind: "asgd" }, rate: 0.03 },
  lbfgs: { title: "L-BFGS (whole batch)", python: "LBFGS", spec: { kind: "lbfgs" }, rate: 1 },
};

export const RATES = [0.00001, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
export const STRENGTHS = [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];

// Everything that the playground's link may carry, with what it is where the link is silent.
export const DEFAULTS = {
  data: "circle",
  formula: "x2 > 2 sin(x1)",
  n: 400,
  noise: 0.1,
  dseed: 0,
  validation: 0.2,
  test: 0.2,
  target: "",
  axes: "x1,x2",
  window: 7,
  inputs: "x1,x2",
  layers: "4-tanh,2-tanh",
  init: "glorot_uniform",
  start: "seed",
  norm: "none",
  dropout: 0,
  loss: "",
  opt: "adam",
  lr: 0.01,
  batch: 32,
  l1: 0,
  l2: 0,
  clip: 0,
  maxnorm: 0,
  seed: 0,
  speed: "1",
  sign: 0,
  showtest: 0,
  stop: "",
  until: 0,
  frozen: "",
  hide: "",
  view: "output",
  exact: 0,
};

export function layersOf(state) {
  return state.layers === ""
    ? []
    : state.layers.split(",").map((text) => {
        const [units, activation] = text.split("-");
        return {
          units: Math.max(1, Math.min(512, Number(units) || 1)),
          activation: ACTIVATIONS.includes(activation) ? activation : "tanh",
        };
      });
}
export const layersText = (layers) => layers.map(({ units, activation }) => `${units}-${activation}`).join(",");

export const question = (data) =>
  data.kind === "numbers" ? "numbers" : data.target.classes.length === 2 ? "two" : "many";
export function lossOf(state, data) {
  const known = LOSSES[question(data)];
  const name = state.loss in known ? state.loss : Object.keys(known)[0];
  return { name, ...known[name] };
}
const dense = (name, units, activation, init) => ({
  kind: "dense",
  name,
  units,
  activation,
  use_bias: true,
  kernel: {
    kind: init,
    ...(init === "normal"
      ? { value: 0.5 }
      : init === "uniform"
        ? { value: 0.5 }
        : init === "orthogonal"
          ? { value: 1 }
          : {}),
  },
  bias: { kind: "zeros" },
});

// The network: its description, and for every column of the drawing which layer makes its weights and which its values.
export function networkOf(state, inputs, outputs) {
  const layers = [];
  const columns = [];
  const counts = {};
  const named = (kind) => `${kind}_${(counts[kind] = (counts[kind] ?? 0) + 1)}`;
  for (const { units, activation } of layersOf(state)) {
    const apart = state.norm !== "none";
    const weights =
      layers.push(
        dense(named("dense"), units, apart ? "identity" : activation, state.start === "zeros" ? "zeros" : state.init),
      ) - 1;
    if (apart) {
      layers.push({ kind: `${state.norm}_norm`, name: named(`${state.norm}_norm`), momentum: 0.99, epsilon: 1e-3 });
      layers.push({ kind: "activation", name: named("activation"), activation });
    }
    columns.push({ units, activation, weights, values: layers.length - 1 });
    if (state.dropout > 0) layers.push({ kind: "dropout", name: named("dropout"), rate: state.dropout });
  }
  const last =
    layers.push(dense(named("dense"), outputs, "identity", state.start === "zeros" ? "zeros" : state.init)) - 1;
  columns.push({ units: outputs, activation: "identity", weights: last, values: last, output: true });
  return { network: { input: [inputs], layers }, columns };
}
// Of a network of dense layers.
export function parameterCount({ input, layers }) {
  let [width, count] = [input[0], 0];
  for (const layer of layers)
    if (layer.kind === "dense") {
      count += (width + 1) * layer.units;
      width = layer.units;
    }
  return count;
}
export function optimizerOf(state) {
  return { ...OPTIMIZERS[state.opt].spec, learning_rate: state.lr };
}
export function settingsOf(state, data) {
  const schedule = { kind: "constant" };
  return {
    loss: { members: 1, ...lossOf(state, data).spec },
    optimizer: optimizerOf(state),
    schedule,
    epochs: 1000000,
    batch_size: state.batch,
    shuffle: true,
    l1: state.l1,
    l2: state.l2,
    clip_norm: state.clip,
    max_norm: state.maxnorm,
  };
}
// Whether going from one state to another needs new weights.
const KEEPS = new Set([
  "opt",
  "lr",
  "batch",
  "l1",
  "l2",
  "clip",
  "maxnorm",
  "speed",
  "sign",
  "showtest",
  "stop",
  "until",
  "frozen",
  "hide",
  "view",
]);
export const needsNewWeights = (name) => !KEEPS.has(name);

// ---- the link ----
export function readLink(text, defaults) {
  const given = new URLSearchParams(text);
  const state = { ...defaults };
  for (const [name, usual] of Object.entries(defaults)) {
    const value = given.get(name);
    if (value === null) continue;
    if (typeof usual !== "number") state[name] = value;
    else if (value.trim() !== "" && Number.isFinite(Number(value))) state[name] = Number(value);
  }
  return state;
}
export function writeLink(state, defaults) {
  const link = new URLSearchParams();
  for (const [name, usual] of Object.entries(defaults)) if (state[name] !== usual) link.set(name, String(state[name]));
  return link
    .toString()
    .replaceAll("%2C", ",")
    .replaceAll("%3D", "=")
    .replaceAll("%5E", "^")
    .replaceAll("%28", "(")
    .replaceAll("%29", ")");
}
// What a link may ask for is held within the same limits as what is typed.
export function limited(state) {
  const within = (name, low, high, whole = false) => {
    const v = Math.max(low, Math.min(high, state[name]));
    state[name] = whole ? Math.round(v) : v;
  };
  within("n", 20, 5000, true);
  within("noise", 0, 0.8);
  within("validation", 0, 0.8);
  within("test", 0, 0.8);
  if (state.validation + state.test > 0.9) state.test = Math.max(0, 0.9 - state.validation);
  within("dropout", 0, 0.9);
  within("lr", 1e-8, 100);
  within("batch", 1, 100000, true);
  within("l1", 0, 100);
  within("l2", 0, 100);
  within("clip", 0, 1e6);
  within("maxnorm", 0, 1e6);
  within("seed", 0, 2 ** 31, true);
  within("dseed", 0, 2 ** 31, true);
  within("until", 0, 1e9, true);
  within("window", 1, 100, true);
  if (!(state.opt in OPTIMIZERS)) state.opt = "adam";
  if (!INITIALIZERS.includes(state.init)) state.init = "glorot_uniform";
  if (!["none", "batch", "layer"].includes(state.norm)) state.norm = "none";
  state.layers = layersText(layersOf(state).slice(0, 12));
  return state;
}
