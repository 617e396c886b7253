// The engine: the package's own core, compiled to WebAssembly, behind two classes. `bindings/wasm.cpp` is the other side.
//
// Nothing here knows a page: it runs in a worker, and in Node for the tests.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Engine {
  // bytes: the module. evaluate(theta, gradient) -> value: asked by `Descent` of the function that is being descended.
  static async start(bytes) {
    const engine = new Engine();
    const { instance } = await WebAssembly.instantiate(bytes, engine.imports());
    engine.exports = instance.exports;
    instance.exports._initialize?.();
    return engine;
  }

  imports() {
    const system = {
      // Training measures its own time; nothing else is asked of the system.
      clock_time_get: (id, precision, at) => {
        new DataView(this.exports.memory.buffer).setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true);
        return 0;
      },
    };
    const absent = new Proxy(system, { get: (known, name) => known[name] ?? (() => 52), has: () => true });
    return {
      wasi_snapshot_preview1: absent,
      page: {
        evaluate: (theta, gradient) => {
          const count = this.evaluated.count;
          const at = new Float64Array(this.exports.memory.buffer, theta, count);
          const [value, slopes] = this.evaluated.f(Array.from(at));
          new Float64Array(this.exports.memory.buffer, gradient, count).set(slopes);
          return value;
        },
      },
    };
  }

  // Calls a function of the module; what it threw becomes an Error with its words.
  call(name, ...values) {
    try {
      return this.exports[name](...values);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      throw new Error(this.text() || `${name}: ${error.message}`);
    }
  }

  // Room in the module's memory with these numbers in it.
  put(numbers) {
    const at = this.exports.ts_take(Math.max(numbers.byteLength, 1));
    new Uint8Array(this.exports.memory.buffer, at, numbers.byteLength).set(
      new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength),
    );
    return at;
  }
  take(bytes) {
    return this.exports.ts_take(Math.max(bytes, 1));
  }
  give(...places) {
    for (const at of places) if (at) this.exports.ts_give(at);
  }
  with(lists, use) {
    const places = lists.map((list) =>
      list === null ? 0 : this.put(typeof list === "string" ? encoder.encode(list) : list),
    );
    const result = use(...places);
    this.give(...places);
    return result;
  }
  described(value, use) {
    const bytes = encoder.encode(JSON.stringify(value));
    const at = this.put(bytes);
    const result = use(at, bytes.length);
    this.give(at);
    return result;
  }

  // What the last call left behind: text, or numbers.
  text() {
    return decoder.decode(
      new Uint8Array(this.exports.memory.buffer, this.exports.ts_answer(), this.exports.ts_answer_size()).slice(),
    );
  }
  numbers(Kind) {
    const bytes = new Uint8Array(
      this.exports.memory.buffer,
      this.exports.ts_answer(),
      this.exports.ts_answer_size(),
    ).slice();
    return new Kind(bytes.buffer);
  }

  // [{name, layer, rows, columns, vector, weight, learned, at, size}, …]: where each array lies among the parameters.
  layout(network) {
    this.described(network, (at, size) => this.call("ts_layout", at, size));
    let next = 0;
    return JSON.parse(this.text()).map((array) => {
      const size = array.rows * array.columns;
      next += size;
      return { ...array, at: next - size, size };
    });
  }
  initialize(network, seed) {
    this.described(network, (at, size) => this.call("ts_initialize", at, size, seed));
    return this.numbers(Float32Array);
  }
}

// One network in training. job: {network, settings, seed}, in the words of core/spec.hpp; data: {x, y, count, features,
// targets}, x and y Float32Array row by row; rows: {training, validation, test}, lists of row numbers.
export class Trainer {
  constructor(engine, job, data, rows, start = null) {
    this.engine = engine;
    this.job = job;
    this.layout = engine.layout(job.network);
    this.count = this.layout.reduce((sum, array) => sum + array.size, 0);
    this.handle = engine.described(job, (at, size) =>
      engine.with([data.x, data.y, start], (x, y, from) =>
        engine.call("ts_train", at, size, x, y, data.count, data.features, data.targets, from, this.count),
      ),
    );
    this.outputsOf = sizes(engine, this, data);
    this.replace(null, rows);
  }

  end() {
    this.engine.call("ts_end", this.handle);
    this.handle = 0;
  }
  restart() {
    this.engine.call("ts_restart", this.handle);
  }
  // Other data (null: the same) or other rows. A new epoch begins.
  replace(data, rows) {
    const list = (name) => Int32Array.from(rows[name] ?? []);
    const [training, validation, test] = [list("training"), list("validation"), list("test")];
    this.engine.with([data?.x ?? null, data?.y ?? null, training, validation, test], (x, y, a, b, c) =>
      this.engine.call(
        "ts_data",
        this.handle,
        x,
        y,
        data?.count ?? 0,
        a,
        training.length,
        b,
        validation.length,
        c,
        test.length,
      ),
    );
  }
  // Other settings, or a network of the same shapes. False: the shapes differ.
  change(job) {
    const fits = this.engine.described(job, (at, size) => this.engine.call("ts_change", this.handle, at, size)) === 1;
    if (fits) this.job = job;
    return fits;
  }

  advance(steps, wholeEpoch = false) {
    return this.engine.call("ts_steps", this.handle, steps, wholeEpoch ? 1 : 0);
  }
  standing() {
    this.engine.call("ts_standing", this.handle);
    const [epoch, step, row, soFar, epochLoss, finite, optimizerSteps] = this.engine.numbers(Float64Array);
    return { epoch, step, row, soFar, epochLoss, finite: finite === 1, optimizerSteps };
  }
  nextRows() {
    this.engine.call("ts_next_rows", this.handle);
    return this.engine.numbers(Int32Array);
  }
  // which: 0 training, 1 validation, 2 test. NaN where there are no such rows.
  loss(which, parameters = null) {
    return this.engine.with([parameters], (at) => this.engine.call("ts_loss", this.handle, which, at));
  }
  get parameters() {
    this.engine.call("ts_parameters", this.handle);
    return this.engine.numbers(Float32Array);
  }
  set parameters(numbers) {
    this.engine.with([numbers], (at) => this.engine.call("ts_set_parameters", this.handle, at));
  }
  // The optimiser's states, one Float32Array a state, laid out as the parameters are.
  get states() {
    this.engine.call("ts_states", this.handle);
    const all = this.engine.numbers(Float32Array);
    return Array.from({ length: this.count ? all.length / this.count : 0 }, (_, i) =>
      all.subarray(i * this.count, (i + 1) * this.count),
    );
  }
  // places: among the parameters; they keep these values whatever the optimiser does.
  pin(places, values) {
    this.engine.with([Int32Array.from(places), Float32Array.from(values)], (a, b) =>
      this.engine.call("ts_pin", this.handle, a, b, places.length),
    );
  }

  save() {
    return this.engine.call("ts_save", this.handle);
  }
  restore(snapshot) {
    return this.engine.call("ts_restore", this.handle, snapshot) === 1;
  }
  forget(snapshot) {
    this.engine.call("ts_forget", this.handle, snapshot);
  }

  // What every layer answers to rows of inputs: one Float32Array a layer, number by number, row by row.
  outputs(x, count) {
    const total = this.outputsOf.slice(1).reduce((a, b) => a + b, 0);
    const room = this.engine.take(total * count * 4);
    this.engine.with([x], (at) => this.engine.call("ts_outputs", this.handle, at, count, room));
    const all = new Float32Array(this.engine.exports.memory.buffer, room, total * count).slice();
    this.engine.give(room);
    let next = 0;
    return this.outputsOf.slice(1).map((size) => {
      next += size * count;
      return all.subarray(next - size * count, next);
    });
  }
  predict(x, count) {
    const size = this.outputsOf.at(-1);
    const room = this.engine.take(size * count * 4);
    this.engine.with([x], (at) => this.engine.call("ts_predict", this.handle, at, count, room));
    const out = new Float32Array(this.engine.exports.memory.buffer, room, size * count).slice();
    this.engine.give(room);
    return out;
  }
  // Some rows there and back, without a step: {loss, gradient, outputs, slopes}; outputs and slopes begin with the input, one
  // Float32Array a layer, row by row.
  inspect(rows) {
    this.engine.with([Int32Array.from(rows)], (at) => this.engine.call("ts_inspect", this.handle, at, rows.length));
    const all = this.engine.numbers(Float32Array);
    const gradient = all.slice(1, 1 + this.count);
    const members = this.job.settings.loss.members ?? 1;
    let next = 1 + this.count;
    const lists = () =>
      this.outputsOf.map((size) => {
        const of = size * rows.length * members;
        next += of;
        return all.slice(next - of, next);
      });
    return { loss: all[0], gradient, outputs: lists(), slopes: lists() };
  }
}

// How many numbers a sample is before the first layer and after each.
function sizes(engine, trainer, data) {
  engine.described(trainer.job.network, (at, size) => engine.call("ts_sizes", at, size));
  return Array.from(engine.numbers(Int32Array));
}

// One optimiser on a function of its own: f(theta) -> [value, gradient].
export class Descent {
  constructor(engine, optimizer, theta, f) {
    this.engine = engine;
    this.f = f;
    this.count = theta.length;
    this.taken = 0;
    this.theta = Array.from(theta);
    this.states = [];
    this.handle = engine.described(optimizer, (at, size) =>
      engine.with([Float64Array.from(theta)], (from) => engine.call("ts_descent", at, size, from, theta.length)),
    );
  }
  // One step: the value where it began.
  step() {
    this.engine.evaluated = { f: this.f, count: this.count };
    const value = this.engine.call("ts_descent_step", this.handle, this.taken++);
    const all = Array.from(this.engine.numbers(Float64Array));
    this.theta = all.slice(0, this.count);
    this.states = Array.from({ length: all.length / this.count - 1 }, (_, i) =>
      all.slice((i + 1) * this.count, (i + 2) * this.count),
    );
    return value;
  }
  end() {
    this.engine.call("ts_descent_end", this.handle);
  }
}
