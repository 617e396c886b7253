// Forecasts.
// A series is {at(t), known, position, ...}: at(t) is its value at place t from 0, a missing one filled from the past.

const modulo = (a, b) => ((a % b) + b) % b;
/** How many steps a time lies behind the step h ahead that is the last whole season before it, or more. */
const seasonsBack = (h, season) => season * Math.ceil(h / season);
const stepsAhead = (steps, make) => Array.from({ length: steps }, (_, k) => make(k + 1));
const meanOf = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** The numbers of {type, shape, data} in a flat array; other parts as they are. */
function unpack(part) {
  if (Array.isArray(part)) return part.map(unpack);
  if (part === null || typeof part !== "object") return part;
  if (part.type && part.shape && part.data !== undefined) {
    const view = bytesOf(part.data);
    const [size, at] = {
      "<f8": [8, (i) => view.getFloat64(i, true)],
      "<f4": [4, (i) => view.getFloat32(i, true)],
      "<i4": [4, (i) => view.getInt32(i, true)],
    }[part.type];
    return Array.from({ length: view.byteLength / size }, (_, i) => at(i * size));
  }
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, unpack(value)]));
}

// Methods of whole series: each takes its description, a series and a number of steps, and gives so many values.

const OF_SERIES = {
  repeated({ lag, many }, { at, count }, steps) {
    return stepsAhead(steps, (h) => {
      const newest = count - 1 + h - seasonsBack(h, lag);
      let total = newest >= 0 ? at(newest) : at(count - 1),
        found = 1;
      for (let k = 1; k < many && newest - k * lag >= 0; k++, found++) total += at(newest - k * lag);
      return total / found;
    });
  },
  drift(part, { at, count }, steps) {
    const slope = (at(count - 1) - at(0)) / Math.max(count - 1, 1);
    return stepsAhead(steps, (h) => at(count - 1) + slope * h);
  },
  mean({ size }, { at, count }, steps) {
    const first = size ? Math.max(count - size, 0) : 0;
    let total = 0;
    for (let t = first; t < count; t++) total += at(t) - at(0);
    return new Array(steps).fill(at(0) + total / (count - first));
  },
  smoothing,
  theta({ smoothing: inner }, series, steps) {
    const { at, count } = series;
    const alpha = inner.settings[5 * series.number];
    let above = 0,
      below = 0;
    for (let t = 0; t < count; t++) {
      above += (t - (count - 1) / 2) * (at(t) - at(0));
      below += (t - (count - 1) / 2) ** 2;
    }
    const slope = below > 0 ? above / below : 0;
    const behind = (1 - (1 - alpha) ** count) / alpha;
    return smoothing(inner, series, steps).map((value, k) => value + (slope / 2) * (k + behind));
  },
};

/** e = y - (level + phi trend + season); each of them moves by its share of the error e. */
function smoothing({ season: m, settings, behind }, series, steps) {
  const [alpha, beta, phi, gamma, limit] = settings.slice(5 * series.number, 5 * series.number + 5);
  const begin = Math.max(series.count - 20000, 0),
    count = series.count - begin;
  const at = (t) => series.at(begin + t);
  let [level, season, scale] = startOf(at, count, m, behind[series.number]),
    trend = 0;
  for (let t = 0; t < count; t++) {
    const expected = level + phi * trend,
      phase = season[t % m];
    let error = series.missing(begin + t) ? 0 : at(t) - expected - phase;
    if (limit > 0) {
      // an error that is many times the usual is cut back
      const size = Math.abs(error);
      error = Math.min(Math.max(error, -limit * scale), limit * scale);
      scale = 0.95 * scale + 0.0625 * Math.min(size, 3 * limit * scale);
    }
    level = expected + alpha * error;
    trend = phi * trend + beta * error;
    season[t % m] = phase + gamma * error;
  }
  let passed = 0;
  return stepsAhead(steps, (h) => {
    passed += phi ** h;
    const place = Math.max(count - 1 + h - seasonsBack(h, m), 0) % m;
    return level + trend * passed + (m > 1 ? season[place] : 0);
  });
}

/** Level, season and usual error from the first few cycles. */
function startOf(at, count, season, behind) {
  const cycles = Math.max(1, Math.min(4, Math.floor((count + behind) / (2 * season)))),
    width = Math.max(season, 4);
  const head = Array.from({ length: Math.max(cycles * season, width) }, (_, t) => at(Math.min(t, count - 1)));
  const level = meanOf(head.slice(0, width)),
    shape = new Array(season).fill(0);
  if (season > 1 && head.length >= 2 * season)
    for (let c = 0; c < cycles; c++) {
      const cycle = head.slice(c * season, (c + 1) * season),
        middle = meanOf(cycle);
      cycle.forEach((value, k) => (shape[k] += (value - middle) / cycles));
    }
  const usual = meanOf(head.slice(1).map((value, t) => Math.abs(value - head[t])));
  return [level, shape, usual + 1e-12 * (1 + Math.abs(level))];
}

// Methods of windows: each takes its description and a series, and gives the steps of its horizon.

/** {x: what all steps share, values: the last ones, level, scale}. */
function inputsOf(window, series) {
  const { lookback, season, ranges, head, phases } = window;
  const values = Array.from({ length: lookback }, (_, k) => series.at(Math.max(series.count - lookback + k, 0)));
  const scale = window.scale[series.number],
    moved = [];
  for (let r = 0; r < ranges.length; r += 4)
    moved.push((meanOf(values.slice(ranges[r], ranges[r + 1])) - meanOf(values.slice(ranges[r + 2], ranges[r + 3]))) / scale);
  const phase = Array.from({ length: phases }, (_, k) => Number(modulo(series.position, phases) === k));
  const waves = window.waves.flatMap(([period, many]) => {
    const angles = stepsAhead(many, (k) => 2 * Math.PI * ((series.position % period) / period) * k);
    return [...angles.map(Math.sin), ...angles.map(Math.cos)];
  });
  const past = window.past.flatMap((k) => [series.past.at(-1)[k], meanOf(series.past.map((row) => row[k]))]);
  const x = [...moved.slice(0, head), ...phase, ...waves, ...moved.slice(head), ...past];
  return { x, values, level: meanOf(values.slice(-season)), scale };
}

/** Of every known column the value at the step h ahead, and the value a season before it. */
function atStep({ known, season }, series, h) {
  const last = series.known.length - 1,
    now = Math.min(series.before - 1 + h, last);
  const then = season > 1 ? Math.max(now - seasonsBack(h, season), 0) : Math.min(series.before - 1, last);
  return known.flatMap((k) => [series.known[now][k], series.known[then][k]]);
}

const weighed = (x, weight, bias, outputs, o) => x.reduce((sum, v, i) => sum + v * weight[i * outputs + o], bias[o]);

const OF_WINDOWS = {
  linear({ window, weight, bias, step_weight }, series) {
    const { x, level, scale } = inputsOf(window, series);
    return stepsAhead(window.horizon, (h) => {
      const known = atStep(window, series, h);
      const more = known.reduce((sum, v, k) => sum + v * step_weight[(h - 1) * known.length + k], 0);
      return level + scale * (weighed(x, weight, bias, window.horizon, h - 1) + more);
    });
  },
  levels({ window, weight, bias, shapes, times }, series) {
    const { x, values, level, scale } = inputsOf(window, series);
    const season = window.season,
      many = Math.min(shapes, Math.floor(values.length / season)),
      shape = new Array(season).fill(0);
    let whole = 0;
    for (let back = 1; back <= many; back++) {
      if (back * season > Math.max(series.count, season)) break;
      const cycle = values.slice(values.length - back * season, values.length - (back - 1) * season),
        middle = meanOf(cycle),
        share = 0.85 ** (back - 1);
      whole += share;
      cycle.forEach((v, k) => (shape[k] += share * (times ? (middle > 0 ? v / middle : 1) : v - middle)));
    }
    return bias.flatMap((_, o) => {
      const mean = level + scale * weighed(x, weight, bias, bias.length, o);
      return shape.map((part) => (times ? mean * (part / whole) : mean + part / whole));
    });
  },
  trees({ window, start, root, feature, threshold, left, right, value }, series) {
    const { x, values, level, scale } = inputsOf(window, series);
    const width = values.length,
      season = window.season,
      many = Math.max(1, Math.min(4, Math.floor((width - season) / season)));
    return stepsAhead(window.horizon, (h) => {
      const at = width - 1 - (seasonsBack(h, season) - h);
      let usual = 0;
      for (let k = 0; k < many; k++) usual += values[at - k * season] / many;
      const row = [...x, h - 1, (values[at] - level) / scale, (usual - level) / scale, ...atStep(window, series, h)];
      const found = root.reduce((sum, node) => {
        while (feature[node] >= 0) node = row[feature[node]] <= threshold[node] ? left[node] : right[node];
        return sum + value[node];
      }, start);
      return level + scale * found;
    });
  },
  networks(part, series) {
    const { window, lags, mean, spread, profile, network } = part;
    let { x, values, level, scale } = inputsOf(window, series);
    const season = window.season;
    if (part.sequence)
      x = values.slice(-lags).flatMap((value, k) => {
        const angle = (2 * Math.PI * modulo(series.position + 1 - lags + k, season)) / season;
        return season > 1 ? [(value - level) / scale, Math.sin(angle), Math.cos(angle)] : [(value - level) / scale];
      });
    else {
      const wide = profile.length / window.scale.length;
      x.push(...stepsAhead(window.horizon, (h) => atStep(window, series, h)).flat());
      x.push(...profile.slice(wide * series.number, wide * (series.number + 1)));
    }
    x = x.map((value, k) => Math.fround(Math.min(Math.max((value - mean[k]) / spread[k], -5), 5)));
    const outputs = part.parameters.map((parameters) => {
      const inputs = { values: Float64Array.from(x), shape: network.input_shape };
      return runLayers(network.layers, parameters, inputs, []).values;
    });
    return stepsAhead(window.horizon, (h) => {
      const base = part.seasonal ? values[values.length - 1 - (seasonsBack(h, season) - h)] : level;
      return base + scale * meanOf(outputs.map((one) => one[h - 1]));
    });
  },
};

/** So many steps of a component; of a method on windows further ones follow from those that it has made. */
function stepsOf(part, series, steps) {
  if (OF_SERIES[part.kind]) return OF_SERIES[part.kind](part, series, steps);
  const made = [];
  while (made.length < steps) {
    const found = OF_WINDOWS[part.kind](part, series);
    made.push(...found);
    series = followedBy(series, found);
  }
  return made.slice(0, steps);
}

/** The series after steps that are taken for what happened. */
function followedBy(series, values) {
  const { at, count, past, position, before } = series;
  return {
    ...series,
    at: (t) => (t < count ? at(t) : values[t - count]),
    count: count + values.length,
    position: position + values.length,
    before: before + values.length,
    past: [...past, ...values.map(() => past.at(-1))].slice(-past.length || undefined),
  };
}

/** The series of the logarithms of values, those below the lowest counted as that. */
const logarithms = (series, lowest) => ({ ...series, at: (t) => Math.log(Math.max(series.at(t), lowest)) });

/** How far the values usually lie from those of the season before, the newest and all of them, half and half. */
function restlessness(raw, season) {
  const known = raw.filter((v) => !Number.isNaN(v)),
    size = meanOf(known.map(Math.abs));
  const moved = raw.slice(season).map((v, t) => Math.abs(v - raw[t])).filter((v) => !Number.isNaN(v));
  let floor = 1e-9 * (size > 0 ? size : 1);
  if (!moved.length) return floor;
  const average = meanOf(moved),
    fading = 0.5 ** (1 / (4 * Math.max(season, 7)));
  let state = 0,
    weight = 0,
    total = 0;
  for (const here of moved) {
    const usual = weight > 0 ? state / weight : Infinity;
    const tame = usual > 0 ? Math.min(here, 6 * usual) : here;
    state = fading * state + tame;
    weight = fading * weight + 1;
    total += tame;
  }
  floor = Math.max(floor, 1e-3 * (average > 0 ? average : floor));
  return Math.sqrt(Math.max(state / weight, floor) * Math.max(total / moved.length, floor));
}

// This model.

const model = unpack(DESCRIPTION);
for (const part of model.components)
  if (part.kind === "networks") part.parameters = part.parameters.map(parametersOf);

/** What it forecasts: {target, time, step, ids, steps, levels, known, past, before, last}. */
export const about = Object.fromEntries(
  ["target", "time", "step", "ids", "steps", "levels", "known", "past", "before", "last"].map((k) => [k, model[k]]),
);

function table(name, given, rows) {
  const wide = model[name].length;
  if (!wide) return [];
  if (given?.length !== rows || given.some((row) => row.length !== wide || !row.every(Number.isFinite)))
    throw new Error(`${name}: it must be ${rows} rows of ${wide} finite numbers.`);
  return given;
}

/** {prediction, lower: {level: values}, upper: {level: values}}, as the head of this file says. */
export function forecast({ values, after = 0, series = undefined, known = undefined, past = undefined }) {
  const { steps, season, ids } = model;
  let raw = Array.from(values, (v) => (v === null || v === undefined ? NaN : Number(v)));
  if (raw.some((v) => v === Infinity || v === -Infinity) || raw.every(Number.isNaN))
    throw new Error("values: there must be a known value, and none may be infinite.");
  const number = ids.length > 1 ? ids.indexOf(series) : 0;
  if (number < 0) throw new Error(`series: there is none '${series}'. Give one of ${ids.slice(0, 10).join(", ")}.`);
  raw = model.zero ? raw.map((v) => (Number.isNaN(v) ? 0 : v)) : raw.slice(raw.findIndex((v) => !Number.isNaN(v)));
  const filled = [...raw];
  raw.forEach((v, t) => (filled[t] = Number.isNaN(v) ? filled[t >= season ? t - season : t - 1] : v));
  const one = {
    at: (t) => filled[t],
    missing: (t) => Number.isNaN(raw[t]),
    count: raw.length,
    position: model.positions[number] + after,
    known: table("known", known, model.before + steps),
    past: table("past", past, 7),
    before: model.before,
    number,
  };
  const found = model.components.map((part, k) => {
    let need = steps;
    while (need > 1 && model.shares[(need - 1) * model.components.length + k] === 0) need--;
    if (!part.lowest) return stepsOf(part, one, need);
    return stepsOf(part, logarithms(one, part.lowest[number]), need).map((v) => Math.exp(Math.min(v, 700)));
  });
  const floor = model.floor[number],
    unit = restlessness(raw, season);
  const prediction = stepsAhead(steps, (h) => {
    const shares = model.shares.slice((h - 1) * found.length, h * found.length);
    return Math.max(shares.reduce((sum, share, k) => (share ? sum + share * found[k][h - 1] : sum), 0), floor);
  });
  const lower = {},
    upper = {};
  model.levels.forEach((level, l) => {
    const half = stepsAhead(steps, (h) => {
      const phase = model.phases[modulo(one.position + h, model.phases.length)];
      return model.ratios[l * steps + h - 1] * unit * phase;
    });
    lower[level] = prediction.map((value, k) => Math.min(Math.max(value - half[k], floor), value));
    upper[level] = prediction.map((value, k) => value + half[k]);
  });
  return { prediction, lower, upper };
}

export default forecast;
