// One network in training, in a worker of its own, so that the page always answers.
//
// The page asks: {id, method, args}; the worker answers {id, result} or {id, error}. While it runs it posts {frame}, and makes the
// next when the page has begun to draw one ({next}).
import { Descent, Engine, Trainer } from "./engine.js";
import { derivative, evaluate, parse } from "./expression.js";
import { canFuse, unfused } from "./unfused.js";

let bytes = null; // the engine's module
let engine = null; // an instance of it
let exactly = null; // whether that one multiplies and adds as the baseline level does
let trainer = null;
let data = null;
let wanted = {}; // what a frame is to hold: {grid, gridCount, probe, probeCount, states}
let running = null; // {speed, stop}
let wantsNext = true;
const moments = []; // {snapshot, standing, losses}: where the training can go back to
const MOST_MOMENTS = 240;
const MOMENT_BYTES = 96e6;
let descents = [];

const methods = {
  start({ module }) {
    bytes = module;
  },
  // exact: to the bits of the baseline level, and a little slower
  async create({ job, data: given, rows, start, exact }) {
    pause();
    trainer?.end();
    trainer = null;
    await begin(exact ?? false);
    data = given;
    trainer = new Trainer(engine, job, data, rows, start ?? null);
    moments.length = 0;
    remember(true);
    return { layout: trainer.layout, sizes: trainer.outputsOf, frame: frame() };
  },
  show({ what }) {
    wanted = what;
    return trainer ? frame() : null;
  },
  change({ job }) {
    const fits = trainer.change(job);
    return { fits, frame: frame() };
  },
  replace({ data: given, rows }) {
    if (given) data = given;
    trainer.replace(given ?? null, rows);
    return frame();
  },
  restart() {
    pause();
    trainer.restart();
    moments.length = 0;
    remember(true);
    return frame();
  },
  parameters({ numbers }) {
    if (numbers) trainer.parameters = numbers;
    return frame();
  },
  pin({ places, values }) {
    trainer.pin(places, values);
    return frame();
  },
  // kind: "sample" | "batch" | "epoch"
  step({ kind }) {
    pause();
    if (kind === "epoch") trainer.advance(1e9, true);
    else if (kind === "batch") trainer.advance(1);
    else {
      const { job } = trainer;
      trainer.change({ ...job, settings: { ...job.settings, batch_size: 1 } });
      trainer.advance(1);
      trainer.change(job);
    }
    remember(true);
    return frame();
  },
  // speed: epochs a frame; Infinity: as many as there is time for; 0.…: batches, slowly
  run({ speed, target, until }) {
    running = { speed, target, until, wait: 0 };
    loop();
  },
  pause() {
    pause();
    return trainer ? frame() : null;
  },
  goTo({ moment }) {
    pause();
    trainer.restore(moments[moment].snapshot);
    return frame();
  },
  // From a moment on, what came later is forgotten.
  cut({ moment }) {
    for (const late of moments.splice(moment + 1)) trainer.forget(late.snapshot);
  },
  states: () => trainer.states.map((s) => s.slice()),
  inspect: ({ rows }) => trainer.inspect(rows),
  nextRows: () => trainer.nextRows(),
  outputs: ({ x, count }) => trainer.outputs(x, count),
  predict: ({ x, count }) => trainer.predict(x, count),
  loss: ({ which, parameters }) => trainer.loss(which, parameters ?? null),
  losses: ({ which, list }) => list.map((parameters) => trainer.loss(which ?? 0, parameters)),
  // The loss on a plane through the parameters: origin + a · first + b · second.
  surface({ origin, first, second, as, bs, which }) {
    const out = new Float64Array(as.length * bs.length);
    const at = new Float32Array(origin.length);
    bs.forEach((b, row) =>
      as.forEach((a, i) => {
        for (let k = 0; k < at.length; ++k) at[k] = origin[k] + a * first[k] + b * second[k];
        out[row * as.length + i] = trainer.loss(which ?? 0, at);
      }),
    );
    return out;
  },
  steps: ({ count }) => (trainer.advance(count), frame()),
  // A race of optimisers on a typed function: every one from the same place, for so many steps.
  async descend({ formula, variables, start, optimizers, steps }) {
    await begin(true);
    descents.forEach((one) => one.end());
    const tree = parse(formula, variables);
    const slopes = variables.map((v) => derivative(tree, v));
    const f = (theta) => {
      const values = Object.fromEntries(variables.map((v, i) => [v, theta[i]]));
      return [evaluate(tree, values), slopes.map((s) => evaluate(s, values))];
    };
    descents = optimizers.map((optimizer) => new Descent(engine, optimizer, start, f));
    return descents.map((one) => {
      const path = [{ theta: one.theta, value: f(one.theta)[0], gradient: f(one.theta)[1], states: one.states }];
      for (let i = 0; i < steps; ++i) {
        one.step();
        const [value, gradient] = f(one.theta);
        path.push({ theta: one.theta, value, gradient, states: one.states });
        if (!Number.isFinite(value) || one.theta.some((t) => !Number.isFinite(t))) break;
      }
      return path;
    });
  },
  speed({ steps }) {
    const began = performance.now();
    const taken = trainer.advance(steps);
    return { taken, microseconds: ((performance.now() - began) / taken) * 1000 };
  },
};

function pause() {
  running = null;
}
async function begin(exact) {
  const wanted = exact || !canFuse();
  if (engine && exactly === wanted) return;
  engine = await Engine.start(wanted ? unfused(bytes) : bytes);
  exactly = wanted;
  descents = [];
}

// Steps for a while, then a frame. Where there is no end to the steps, they go on while the page shows the frame; a page that is
// slow to show gets fewer frames, not more waiting ones.
const BUDGET = 22; // milliseconds of training between two frames
const SLICE = 4; // the same while the page is busy: after each the worker listens
const BETWEEN = 24; // milliseconds between two frames at least, where there is no end to the steps: the rest is for training
const MOST_AT_ONCE = 64; // steps without a look at the clock
function loop() {
  if (!running || !trainer) return;
  const mine = running;
  const began = performance.now();
  mine.since ??= { time: began, step: trainer.standing().step, trained: 0 };
  const endless = mine.speed === Infinity;
  if (mine.speed >= 1) advance(mine, endless ? SLICE : BUDGET);
  else if ((mine.wait += mine.speed * 4) >= 1) {
    mine.wait = 0;
    trainer.advance(1);
  }
  const now = trainer.standing();
  mine.since.trained += performance.now() - began;
  const early = !wantsNext || performance.now() - (mine.showed ?? -BETWEEN) < BETWEEN;
  if (endless && early && now.finite && !(mine.until && now.epoch >= mine.until)) return soon();
  mine.showed = performance.now();

  const taken = now.step - mine.since.step;
  mine.rate = taken > 0 ? (taken / (endless ? performance.now() - mine.since.time : mine.since.trained)) * 1000 : (mine.rate ?? 0);
  mine.since = { time: performance.now(), step: now.step, trained: 0 };
  const kept = taken > 0 ? remember(false) : null;
  const losses = kept?.losses ?? lossesNow();
  let ended = null;
  if (!now.finite) ended = "diverged";
  else if (mine.until && now.epoch >= mine.until) ended = "epochs";
  else if (mine.target && losses[mine.target.which] <= mine.target.value) ended = "target";
  if (ended) running = null;
  wantsNext = false;
  postMessage({ frame: { ...frame(losses, !ended), ended, running: !ended, rate: mine.rate } });
  if (!ended) again();
}
function advance(mine, budget) {
  const began = performance.now();
  let epochs = 0;
  let alive = true;
  const atOnce = Math.max(1, Math.min(MOST_AT_ONCE, Math.round((mine.rate ?? 1000) / 1000))); // about a millisecond
  while (alive && epochs < mine.speed && performance.now() - began < budget) {
    trainer.advance(atOnce, true);
    const s = trainer.standing();
    alive = s.finite;
    if (s.row === 0) epochs += 1;
    if (mine.until && s.epoch >= mine.until) break;
  }
}
function again() {
  if (wantsNext || running.speed === Infinity) soon();
  else waiting = true;
}
let waiting = false;
// Goes on after what has been asked meanwhile. A timer would wait for four milliseconds.
const turn = new MessageChannel();
turn.port1.onmessage = loop;
function soon() {
  turn.port2.postMessage(null);
}

function lossesNow() {
  return [0, 1, 2].map((which) => trainer.loss(which));
}
// Keeps the present state to come back to. Of too many, every second one goes.
function remember(always) {
  const standing = trainer.standing();
  const losses = lossesNow();
  if (!standing.finite) return { losses };
  if (!always && moments.length && standing.step - moments.at(-1).standing.step < gap) return { losses };
  const last = moments.at(-1);
  if (last && last.standing.step === standing.step) return { losses };
  moments.push({ snapshot: trainer.save(), standing, losses, spread: spread() });
  if (moments.length > MOST_MOMENTS || moments.length * trainer.count * 12 > MOMENT_BYTES) thin();
  return { losses };
}
// Of each layer's weights the 5th, 25th, 50th, 75th and 95th of a hundred, by the layer's number.
function spread() {
  const numbers = trainer.parameters;
  const out = {};
  for (const array of trainer.layout)
    if (array.weight) {
      const sorted = numbers.slice(array.at, array.at + array.size).sort();
      out[array.layer] = [0.05, 0.25, 0.5, 0.75, 0.95].map((q) => sorted[Math.round(q * (sorted.length - 1))]);
    }
  return out;
}
let gap = 0;
function thin() {
  for (let i = moments.length - 2; i > 0; i -= 2) {
    trainer.forget(moments[i].snapshot);
    moments.splice(i, 1);
  }
  gap = moments.length > 2 ? (moments.at(-1).standing.step - moments[0].standing.step) / moments.length : 0;
}

// Of hidden layers only so many neurons as the page draws: the rest would only be copied.
const PICTURED = 10;
function pictured(layers, places) {
  return layers.map((layer, l) => (l < layers.length - 1 ? layer.slice(0, PICTURED * places) : layer.slice()));
}
// hurried: maps that take long are made for some of the frames only.
const MAPS_SHARE = 8; // milliseconds a frame for the maps, on the average
const maps = { credit: 0 };
function frame(losses = lossesNow(), hurried = false) {
  const standing = trainer.standing();
  const out = {
    standing,
    losses,
    parameters: trainer.parameters,
    momentCount: moments.length,
    rate: running?.rate ?? 0,
    running: running !== null,
  };
  out.moments = moments.map((m) => m.standing.step);
  if (wanted.moments)
    out.curve = moments.map((m) => ({
      step: m.standing.step,
      epoch: m.standing.epoch,
      row: m.standing.row,
      losses: m.losses,
      spread: m.spread,
    }));
  maps.credit = Math.min(maps.credit + MAPS_SHARE, MAPS_SHARE);
  if (wanted.grid && (!hurried || maps.credit >= 0)) {
    const began = performance.now();
    out.grid = pictured(trainer.outputs(wanted.grid, wanted.gridCount), wanted.gridCount);
    maps.credit -= performance.now() - began;
  }
  if (wanted.probe) out.probe = trainer.outputs(wanted.probe, wanted.probeCount);
  if (wanted.predictions) out.predictions = trainer.predict(data.x, data.count);
  if (wanted.states) out.states = trainer.states;
  return out;
}

onmessage = async ({ data: message }) => {
  if (message.next) {
    wantsNext = true;
    if (waiting) {
      waiting = false;
      soon();
    }
    return;
  }
  const { id, method, args } = message;
  try {
    postMessage({ id, result: await methods[method](args ?? {}) });
  } catch (error) {
    // What trapped cannot go on: a fresh instance takes the next description.
    pause();
    engine = null;
    trainer = null;
    postMessage({ id, error: error.message });
  }
};
