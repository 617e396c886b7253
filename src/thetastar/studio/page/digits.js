// Room 6: pictures. A network learns handwritten digits in this page; then draw one, show one to the camera or open a file, and see
// what it says, by which features, and which it takes for which.
import { draw } from "./charts/charts.js";
import { diverging, paint } from "./colours.js";
import { random } from "./data.js";
import { announce, button, choice, h, number, numeric, opened, whole } from "./elements.js";
import { Remote } from "./remote.js";
import { readLink, writeLink } from "./settings.js";

const DEFAULTS = {
  net: "conv",
  layers: "32",
  act: "relu",
  lr: 0.003,
  batch: 32,
  epochs: 12,
  dropout: 0,
  opt: "adam",
  loss: "cross_entropy",
  seed: 0,
  hide: "",
};

export class Digits {
  constructor(root, link, page) {
    this.root = root;
    this.page = page;
    this.state = readLink(link, DEFAULTS);
    this.remote = new Remote();
    this.pictures = unpacked(page.given.digits);
    this.build();
    this.ready = this.reset();
  }
  close() {
    this.closed = true;
    this.stopCamera();
    this.remote.end();
  }
  redraw() {
    if (this.frame) this.show(this.frame);
  }
  build() {
    const { state, pictures } = this;
    if (!pictures) {
      this.root.replaceChildren(
        h(
          "section.room",
          {},
          h("h1", {}, "Digits"),
          h(
            "p.lead-text",
            {},
            "This page was written without pictures. “thetastar studio” brings scikit-learn's digits along.",
          ),
        ),
      );
      return;
    }
    const set = (name) => (v) => ((state[name] = v), this.reset());
    this.pad = h("canvas.pad", { width: 256, height: 256, tabIndex: 0, "aria-label": "Draw a digit here" });
    this.small = h("canvas.shrunk", { width: 96, height: 96, "aria-label": "What the network sees: 8 by 8 pixels" });
    this.bars = h("div");
    this.verdict = h("output.big", {}, "?");
    this.progress = h("div");
    this.numbers = h("p.note", { role: "status" });
    this.confusion = h("div");
    this.maps = h("div.feature-maps");
    this.runButton = button("▶ Train", () => this.train(), { kind: "primary", name: "run" });
    this.file = h("input", {
      type: "file",
      accept: "image/*",
      hidden: true,
      onchange: () => this.file.files[0] && this.openFile(this.file.files[0]),
    });
    this.video = h("video", { hidden: true, muted: true, playsInline: true });
    this.drawing(this.pad);
    this.root.replaceChildren(
      h(
        "section.room",
        { "aria-label": "Digits" },
        h("h1", {}, "Which digit is it?"),
        h(
          "p.lead-text",
          {},
          `${whole(pictures.count)} handwritten digits of ${pictures.size} × ${pictures.size} pixels (scikit-learn's). Train a network on them here, then give it a digit of your own.`,
        ),
        h(
          "div.side",
          {},
          h(
            "div.panel.stack",
            {},
            choice(
              "net",
              "network",
              [
                ["conv", "convolutional: 8 filters of 3 × 3"],
                ["dense", "dense layers only"],
              ],
              state.net,
              set("net"),
            ),
            (() => {
              const input = h("input", {
                type: "text",
                value: state.layers,
                id: "dg-layers",
                onchange: () => set("layers")(input.value),
              });
              return h(
                "div.control",
                { "data-control": "layers" },
                h("label", { htmlFor: "dg-layers" }, "hidden neurons, by commas"),
                input,
              );
            })(),
            choice(
              "act",
              "activation",
              ["relu", "tanh", "sigmoid", "gelu"].map((a) => [a, a]),
              state.act,
              set("act"),
            ),
            choice(
              "loss",
              "loss",
              [
                ["cross_entropy", "cross-entropy"],
                ["mean_squared_error", "mean squared error"],
              ],
              state.loss,
              set("loss"),
            ),
            choice(
              "opt",
              "optimiser",
              [
                ["adam", "Adam"],
                ["sgd", "SGD"],
                ["rmsprop", "RMSprop"],
                ["lion", "Lion"],
              ],
              state.opt,
              set("opt"),
            ),
            numeric(
              "lr",
              "learning rate",
              state.lr,
              { min: 1e-6, max: 10, suggestions: [0.001, 0.003, 0.01, 0.1] },
              set("lr"),
            ),
            numeric(
              "batch",
              "batch size",
              state.batch,
              { min: 1, max: 2000, integer: true, suggestions: [1, 16, 32, 128] },
              set("batch"),
            ),
            numeric("epochs", "epochs", state.epochs, { min: 1, max: 500, integer: true }, set("epochs")),
            numeric(
              "dropout",
              "dropout",
              state.dropout,
              { min: 0, max: 0.9, suggestions: [0, 0.2, 0.5] },
              set("dropout"),
            ),
            this.runButton,
            this.numbers,
          ),
          h(
            "div.stack",
            {},
            h(
              "div.panel.draw",
              {},
              h(
                "div",
                {},
                this.pad,
                h(
                  "div.bar",
                  {},
                  button("Clear", () => this.clear()),
                  button("A digit from the test rows", () => this.pick(), { name: "pick" }),
                  button("Picture…", () => this.file.click()),
                  button("Camera", () => this.camera(), { name: "camera" }),
                  this.file,
                ),
                this.video,
              ),
              h("div.seen", {}, h("span.note", {}, "seen by the network"), this.small, this.verdict),
              h("div.softmax", {}, this.bars),
            ),
            h(
              "div.two",
              {},
              h("div.panel", {}, h("h2", {}, "Accuracy by epoch"), this.progress),
              h("div.panel", {}, h("h2", {}, "Which it takes for which (test rows)"), this.confusion),
            ),
            h("div.panel", {}, h("h2", {}, "Inside, for the picture above"), this.maps),
          ),
        ),
      ),
    );
    this.confusion.addEventListener(
      "chart-select",
      ({ detail }) => detail.row !== undefined && this.showCell(detail.row, detail.column),
    );
    this.page.hide(this.root, state.hide);
  }
  job() {
    const { state, pictures } = this;
    const layers = [];
    const counts = {};
    const name = (kind) => `${kind}_${(counts[kind] = (counts[kind] ?? 0) + 1)}`;
    const init = { kind: state.act === "relu" ? "he_uniform" : "glorot_uniform" };
    if (state.net === "conv")
      layers.push(
        {
          kind: "conv2d",
          name: name("conv2d"),
          units: 8,
          activation: state.act,
          use_bias: true,
          window_height: 3,
          window_width: 3,
          same: true,
          kernel: init,
          bias: { kind: "zeros" },
        },
        {
          kind: "max_pool2d",
          name: name("max_pool2d"),
          window_height: 2,
          window_width: 2,
          stride_height: 2,
          stride_width: 2,
        },
      );
    layers.push({ kind: "flatten", name: name("flatten") });
    for (const units of state.layers
      .split(",")
      .map((u) => Math.min(512, Math.max(0, Math.round(Number(u) || 0))))
      .filter(Boolean)) {
      layers.push({
        kind: "dense",
        name: name("dense"),
        units,
        activation: state.act,
        use_bias: true,
        kernel: init,
        bias: { kind: "zeros" },
      });
      if (state.dropout > 0) layers.push({ kind: "dropout", name: name("dropout"), rate: state.dropout });
    }
    layers.push({
      kind: "dense",
      name: name("dense"),
      units: 10,
      activation: "identity",
      use_bias: true,
      kernel: { kind: "glorot_uniform" },
      bias: { kind: "zeros" },
    });
    const optimizer = {
      kind: state.opt,
      learning_rate: state.lr,
      ...(state.opt === "sgd" ? { momentum: 0.9 } : {}),
      ...(state.opt === "lion" ? { beta_2: 0.99 } : {}),
    };
    return {
      network: { input: [pictures.size, pictures.size, 1], layers },
      settings: { loss: { kind: state.loss, members: 1 }, optimizer, epochs: 100000, batch_size: state.batch },
      seed: state.seed,
    };
  }
  async reset() {
    const { pictures, state } = this;
    if (!pictures) return;
    this.turn = {};
    const order = random(5).order(pictures.count);
    const test = Math.round(pictures.count * 0.2);
    this.rows = { test: order.slice(0, test), training: order.slice(test) };
    const onehot = state.loss !== "cross_entropy";
    const y = onehot ? new Float32Array(pictures.count * 10) : Float32Array.from(pictures.labels);
    if (onehot) pictures.labels.forEach((k, i) => (y[i * 10 + k] = 1));
    this.data = { x: pictures.x, y, count: pictures.count, features: pictures.size ** 2, targets: onehot ? 10 : 1 };
    const mine = this.turn;
    const made = await this.remote
      .ask("create", { job: this.job(), data: this.data, rows: this.rows })
      .catch((error) => ((this.numbers.textContent = error.message), null));
    if (!made || this.turn !== mine || this.closed) return;
    this.layout = made.layout;
    this.sizes = made.sizes;
    this.accuracies = [];
    await this.remote.ask("show", { what: { predictions: true } }).then((frame) => this.show(frame));
    this.page.setLink(writeLink(state, DEFAULTS));
    if (!this.drawnOnce) this.pick();
  }
  async train() {
    if (this.running) return (this.running = false);
    this.running = true;
    this.runButton.textContent = "❚❚ Pause";
    const mine = this.turn;
    for (let e = 0; e < this.state.epochs && this.running && this.turn === mine && !this.closed; ++e)
      this.show(await this.remote.ask("step", { kind: "epoch" }));
    this.running = false;
    this.runButton.textContent = "▶ Train";
    if (!this.closed) announce(this.numbers.textContent);
  }
  said(i) {
    const p = this.frame.predictions;
    let best = 0;
    for (let c = 1; c < 10; ++c) if (p[i * 10 + c] > p[i * 10 + best]) best = c;
    return best;
  }
  show(frame) {
    if (this.closed) return;
    this.frame = frame;
    const { labels } = this.pictures;
    const right = (rows) => rows.filter((i) => this.said(i) === labels[i]).length / rows.length;
    const [training, test] = [right(this.rows.training), right(this.rows.test)];
    const { epoch } = frame.standing;
    if (this.accuracies.at(-1)?.epoch !== epoch) this.accuracies.push({ epoch, training, test });
    const parameters = this.layout.reduce((s, a) => s + a.size, 0);
    this.numbers.textContent = `Epoch ${epoch}: ${number(100 * training, 3)} % of the training and ${number(100 * test, 3)} % of the ${this.rows.test.length} test digits right. ${whole(parameters)} parameters.`;
    const spec = {
      kind: "lines",
      label: "Accuracy by epoch",
      height: 220,
      x: { title: "epoch" },
      y: { title: "right", format: "percent", possible: [0, 1] },
      series: [
        {
          name: "training",
          x: this.accuracies.map((a) => a.epoch),
          y: this.accuracies.map((a) => a.training),
          color: "blue",
        },
        {
          name: "test",
          x: this.accuracies.map((a) => a.epoch),
          y: this.accuracies.map((a) => a.test),
          color: "orange",
        },
      ],
    };
    this.progressChart ? this.progressChart.update(spec) : (this.progressChart = draw(this.progress, spec));
    const names = this.pictures.classes;
    const values = names.map(() => names.map(() => 0));
    for (const i of this.rows.test) values[labels[i]][this.said(i)] += 1;
    const matrix = {
      kind: "matrix",
      label: "Confusion on the test digits",
      caption: "Choose a cell to see its pictures.",
      rows: names,
      columns: names,
      values,
      share: "none",
      titles: ["real", "said"],
      diagonal: true,
      selectable: true,
    };
    this.matrix ? this.matrix.update(matrix) : (this.matrix = draw(this.confusion, matrix));
    this.look();
  }
  showCell(row, column) {
    const rows = this.rows.test.filter((i) => this.pictures.labels[i] === row && this.said(i) === column);
    opened(
      `${rows.length} test digits: real ${row}, said ${column}`,
      h(
        "div.pictures",
        {},
        rows.map((i) => {
          const canvas = h("canvas", { width: 72, height: 72 });
          this.paintPicture(canvas, this.pictures.x.subarray(i * 64, (i + 1) * 64));
          return h(
            "button",
            {
              type: "button",
              onclick: (event) => (
                event.target.closest("dialog").close(),
                this.take(this.pictures.x.slice(i * 64, (i + 1) * 64))
              ),
              "aria-label": `row ${i + 1}: look inside`,
            },
            canvas,
          );
        }),
      ),
    );
  }
  paintPicture(canvas, pixels) {
    const n = this.pictures.size;
    paint(
      canvas,
      n,
      (i) => {
        const v = Math.round(255 * (1 - pixels[(n - 1 - Math.floor(i / n)) * n + (i % n)]));
        return [v, v, v];
      },
      { crisp: true },
    );
  }

  // ---- a picture of one's own ----
  drawing(pad) {
    const pen = pad.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, 256, 256);
    let last = null;
    const at = (event) => {
      const box = pad.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * 256, ((event.clientY - box.top) / box.height) * 256];
    };
    pad.addEventListener("pointerdown", (event) => {
      pad.setPointerCapture(event.pointerId);
      last = at(event);
      this.mark(last, last);
    });
    pad.addEventListener("pointermove", (event) => {
      if (!last) return;
      const here = at(event);
      this.mark(last, here);
      last = here;
    });
    pad.addEventListener("pointerup", () => (last = null));
    pad.addEventListener("keydown", (event) => /^[0-9]$/.test(event.key) && this.pick(Number(event.key)));
  }
  mark([x0, y0], [x1, y1]) {
    const pen = this.pad.getContext("2d");
    pen.strokeStyle = "#111";
    pen.lineWidth = 26;
    pen.lineCap = "round";
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1 + 0.01, y1);
    pen.stroke();
    this.fromPad();
  }
  clear() {
    const pen = this.pad.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, 256, 256);
    this.fromPad();
  }
  // The drawing as the data set has its pictures: cut to its ink, centred, 8 × 8 means of darkness.
  fromPad() {
    const image = this.pad.getContext("2d").getImageData(0, 0, 256, 256).data;
    this.take(
      shrunk(
        (x, y) => 1 - (image[(y * 256 + x) * 4] + image[(y * 256 + x) * 4 + 1] + image[(y * 256 + x) * 4 + 2]) / 765,
        256,
        256,
        this.pictures.size,
      ),
    );
  }
  pick(digit = null) {
    this.drawnOnce = true;
    const rows = this.rows.test.filter((i) => digit === null || this.pictures.labels[i] === digit);
    this.picked = ((this.picked ?? -1) + 1) % rows.length;
    const i = rows[this.picked];
    const pixels = this.pictures.x.slice(i * 64, (i + 1) * 64);
    this.paintPicture(this.pad, pixels);
    this.take(pixels);
  }
  async openFile(file) {
    const image = await createImageBitmap(file).catch(() => null);
    if (!image) return (this.numbers.textContent = `${file.name} is no picture that this browser can open.`);
    this.fromImage(image);
  }
  fromImage(image) {
    const pen = this.pad.getContext("2d");
    const side = Math.min(image.width || image.videoWidth, image.height || image.videoHeight);
    const [w, t] = [image.width || image.videoWidth, image.height || image.videoHeight];
    pen.drawImage(image, (w - side) / 2, (t - side) / 2, side, side, 0, 0, 256, 256);
    const read = pen.getImageData(0, 0, 256, 256);
    const dark = [];
    for (let i = 0; i < read.data.length; i += 4) dark.push((read.data[i] + read.data[i + 1] + read.data[i + 2]) / 765);
    const sorted = dark.slice().sort((a, b) => a - b);
    const [low, high] = [sorted[Math.floor(sorted.length * 0.02)], sorted[Math.floor(sorted.length * 0.75)]];
    const border = dark.filter((_, i) => i % 256 < 8 || i % 256 > 247).reduce((a, b) => a + b, 0) / (16 * 256);
    const invert = border < 0.5; // light strokes on a dark ground
    dark.forEach((v, i) => {
      const ink = Math.max(0, Math.min(1, (v - low) / (high - low || 1)));
      const c = Math.round(255 * (invert ? 1 - ink : ink));
      read.data.set([c, c, c, 255], i * 4);
    });
    pen.putImageData(read, 0, 0);
    this.fromPad();
  }
  async camera() {
    if (this.stream) return this.stopCamera();
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 320 } });
    } catch (error) {
      this.numbers.textContent = `The camera cannot be used here (${error.message || error.name}).`;
      return;
    }
    this.video.srcObject = this.stream;
    await this.video.play();
    const loop = () => {
      if (!this.stream || this.closed) return;
      this.fromImage(this.video);
      setTimeout(loop, 120);
    };
    loop();
  }
  stopCamera() {
    this.stream?.getTracks().forEach((t) => t.stop());
    this.stream = null;
  }
  take(pixels) {
    this.pixels = pixels;
    this.paintPicture(this.small, pixels);
    this.look();
  }
  async look() {
    if (!this.pixels || this.looking || !this.layout) return;
    this.looking = true;
    const layers = await this.remote.ask("outputs", { x: this.pixels, count: 1 }).catch(() => null);
    this.looking = false;
    if (!layers || this.closed) return;
    const scores = layers.at(-1);
    const e = Array.from(scores, (v) => Math.exp(v - Math.max(...scores)));
    const total = e.reduce((a, b) => a + b, 0);
    const shares =
      this.state.loss === "cross_entropy"
        ? e.map((v) => v / total)
        : Array.from(scores, (v) => Math.max(0, Math.min(1, v)));
    const best = shares.indexOf(Math.max(...shares));
    this.verdict.textContent = String(best);
    const spec = {
      kind: "bars",
      label: "What it says, and how sure",
      height: 230,
      orientation: "horizontal",
      categories: this.pictures.classes,
      value: { title: "softmax: e^z / Σ e^z", format: "percent", min: 0, max: 1 },
      series: [{ name: "share", values: shares, colors: shares.map((_, k) => (k === best ? "blue" : "gray")) }],
      tools: false,
    };
    this.softmax ? this.softmax.update(spec) : (this.softmax = draw(this.bars, spec));
    this.drawMaps(layers);
  }
  drawMaps(layers) {
    const n = this.pictures.size;
    const children = [];
    if (this.state.net === "conv") {
      const { at, columns } = this.layout.find((a) => a.name === "conv2d_1.weight");
      const filters = Array.from({ length: columns }, (_, f) => {
        const canvas = h("canvas", { width: 48, height: 48 });
        const w = Array.from({ length: 9 }, (__, k) => this.frame.parameters[at + k * columns + f]);
        const most = Math.max(...w.map(Math.abs), 1e-6);
        paint(canvas, 3, (i) => diverging(w[(2 - Math.floor(i / 3)) * 3 + (i % 3)] / most), { crisp: true });
        return h("figure", {}, canvas, h("figcaption", {}, `filter ${f + 1}`));
      });
      const map = (layer, size, title) =>
        Array.from({ length: columns }, (_, f) => {
          const canvas = h("canvas", { width: 48, height: 48 });
          const values = Array.from({ length: size * size }, (__, p) => layers[layer][p * columns + f]);
          const most = Math.max(...layers[layer].map(Math.abs), 1e-6);
          paint(canvas, size, (i) => diverging(values[(size - 1 - Math.floor(i / size)) * size + (i % size)] / most), {
            crisp: true,
          });
          return h("figure", {}, canvas, h("figcaption", {}, `${title} ${f + 1}`));
        });
      children.push(
        h("h3", {}, "Filters: 3 × 3 weights (blue adds, orange takes away)"),
        h("div.row", {}, filters),
        h("h3", {}, "Feature maps: where each filter finds its pattern"),
        h("div.row", {}, map(0, n, "map")),
        h("h3", {}, "After taking the largest of every 2 × 2"),
        h("div.row", {}, map(1, n / 2, "pooled")),
      );
    } else {
      const first = this.layout.find((a) => a.name.endsWith(".weight"));
      children.push(
        h("h3", {}, "Weights of the first layer's neurons, as pictures"),
        h(
          "div.row",
          {},
          Array.from({ length: Math.min(first.columns, 24) }, (_, f) => {
            const canvas = h("canvas", { width: 48, height: 48 });
            const w = Array.from({ length: 64 }, (__, k) => this.frame.parameters[first.at + k * first.columns + f]);
            const most = Math.max(...w.map(Math.abs), 1e-6);
            paint(canvas, n, (i) => diverging(w[(n - 1 - Math.floor(i / n)) * n + (i % n)] / most), { crisp: true });
            return h("figure", {}, canvas, h("figcaption", {}, `${f + 1}`));
          }),
        ),
      );
    }
    this.maps.replaceChildren(...children);
  }
}

// One character a pixel -> numbers from 0 to 1.
function unpacked(given) {
  if (!given) return null;
  const { size, most, pixels, labels, classes } = given;
  return {
    size,
    classes,
    count: labels.length,
    labels: Array.from(labels, Number),
    x: Float32Array.from(pixels, (c) => parseInt(c, 36) / most),
  };
}
// A picture of any size as n × n means of darkness: its ink cut out, centred in a square with a margin.
export function shrunk(ink, width, height, n) {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y += 2)
    for (let x = 0; x < width; x += 2)
      if (ink(x, y) > 0.3)
        ((left = Math.min(left, x)),
          (right = Math.max(right, x)),
          (top = Math.min(top, y)),
          (bottom = Math.max(bottom, y)));
  const out = new Float32Array(n * n);
  if (right < 0) return out;
  const side = Math.max(right - left, bottom - top) * 1.08 + 4;
  const [cx, cy] = [(left + right) / 2, (top + bottom) / 2];
  const steps = 8;
  for (let r = 0; r < n; ++r)
    for (let c = 0; c < n; ++c) {
      let sum = 0;
      for (let i = 0; i < steps; ++i)
        for (let j = 0; j < steps; ++j) {
          const x = Math.round(cx + ((c + (j + 0.5) / steps) / n - 0.5) * side);
          const y = Math.round(cy + ((r + (i + 0.5) / steps) / n - 0.5) * side);
          if (x >= 0 && y >= 0 && x < width && y < height) sum += ink(x, y);
        }
      out[r * n + c] = sum / steps ** 2;
    }
  return out;
}
