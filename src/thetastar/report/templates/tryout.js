// The network to try: a control for each column, and at every change the prediction and every layer's numbers.
(() => {
  const box = document.querySelector("[data-tryout]"),
    payload = JSON.parse(document.getElementById("tryout-model").textContent);
  const model = read(payload.model),
    { target } = model,
    regression = target.task === "regression";
  const row = {},
    charts = {},
    resets = [];
  const part = (name) => box.querySelector(`.${name}`);
  let along = null; // the column whose curve is drawn

  const make = (name, given = {}, ...children) => {
    const made = Object.assign(document.createElement(name), given);
    made.append(...children);
    return made;
  };
  const show = (name, element, spec) =>
    charts[name] ? charts[name].update(spec) : (charts[name] = draw(element, spec));
  const set = (name, value) => {
    row[name] = value;
    refresh();
  };
  const step = (low, high) => 10 ** Math.floor(Math.log10((high - low) / 100 || 1));

  // One control a column, by what the column is.
  const controls = {
    NumberBlock(block) {
      const [low, high] = payload.ranges[block.name],
        start = +block.median.toPrecision(4);
      const given = { min: low, max: high, step: step(low, high), value: start };
      const slider = make("input", { type: "range", ...given }),
        field = make("input", { type: "number", step: "any", value: start });
      slider.setAttribute("aria-label", block.name);
      const put = (value) => {
        slider.value = field.value = value;
      };
      slider.addEventListener("input", () => {
        field.value = slider.value;
        along = block;
        set(block.name, Number(slider.value));
      });
      field.addEventListener("input", () => {
        along = block;
        set(block.name, field.value === "" ? null : Number(field.value));
        slider.value = field.value;
      });
      resets.push(() => {
        put(start);
        row[block.name] = start;
      });
      return [slider, field];
    },
    BooleanBlock: (block) => choice(block, [block.yes[0], block.no[0]]),
    CategoryBlock(block) {
      const levels = [...block.levels, ...block.rest.map(([level]) => level)];
      return choice(block, block.other ? [...levels.slice(0, 200), "(any other)"] : levels);
    },
    DateBlock(block) {
      const timed = block.cycles.some(([cycle]) => cycle === "day"),
        start = new Date(block.centre * 1000).toISOString().slice(0, timed ? 16 : 10);
      const field = make("input", { type: timed ? "datetime-local" : "date", value: start });
      field.addEventListener("input", () => set(block.name, field.value || null));
      resets.push(() => {
        field.value = row[block.name] = start;
      });
      return [field];
    },
    ImageBlock: (block) => [drawing(block)],
    SequenceBlock: (block) => [sequence(block)],
  };

  function choice(block, levels) {
    const select = make(
      "select",
      {},
      ...levels.map((level) => make("option", { value: level, textContent: level })),
      make("option", { value: "", textContent: "(missing)" }),
    );
    select.addEventListener("change", () => set(block.name, select.value === "" ? null : select.value));
    resets.push(() => {
      select.selectedIndex = 0;
      row[block.name] = levels[0];
    });
    return [select];
  }

  /** A grid to draw on; the ink is as bright as the brightest usual pixel. */
  function drawing(block) {
    const [height, width] = block.shape,
      canvas = make("canvas", { width, height, className: "pad", tabIndex: 0 });
    const context = canvas.getContext("2d"),
      values = new Float64Array(width * height),
      bright = block.centre[0] + 2.5 * block.scale[0];
    canvas.setAttribute("aria-label", `A picture of ${width} × ${height} pixels to draw`);
    const paint = () => {
      const image = context.createImageData(width, height);
      values.forEach((v, i) => image.data.set([v, v, v].map((x) => 255 * Math.min(x / bright, 1)).concat(255), 4 * i));
      context.putImageData(image, 0, 0);
    };
    const ink = (event) => {
      const place = canvas.getBoundingClientRect(),
        x = ((event.clientX - place.left) / place.width) * width,
        y = ((event.clientY - place.top) / place.height) * height;
      const reach = Math.max(0.8, width / 18);
      for (let r = 0; r < height; r++)
        for (let c = 0; c < width; c++) {
          const near = 1.4 - Math.hypot(c + 0.5 - x, r + 0.5 - y) / reach;
          if (near > 0)
            values[r * width + c] =
              event.buttons === 2 || event.shiftKey ? 0 : Math.max(values[r * width + c], bright * Math.min(near, 1));
        }
      paint();
      set(block.name, [...values]);
    };
    let before = null;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      before = event;
      ink(event);
    });
    canvas.addEventListener("pointermove", (event) => event.buttons && ink(event));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    resets.push(() => {
      values.fill(0);
      paint();
      row[block.name] = [...values];
    });
    return make(
      "div",
      { className: "padbox" },
      canvas,
      make("p", { className: "note", textContent: "Draw with the pointer; with Shift it rubs out." }),
    );
  }

  /** A sequence as a line of points that can be moved. */
  function sequence(block) {
    const holder = make("div", { className: "sequence" }),
      start = payload.samples[0]?.line ?? Array(block.shape[0]).fill(block.centre[0]);
    const points = (y) => ({
      kind: "points",
      label: "The sequence",
      height: 240,
      tools: false,
      x: { title: "step", format: "integer" },
      y: { title: "value" },
      series: [
        { y: y.map((v) => v ?? block.centre[0]), x: y.map((_, i) => i + 1), draggable: true, size: 5 },
        { type: "line", x: y.map((_, i) => i + 1), y, quiet: true, width: 1 },
      ],
    });
    holder.addEventListener("chart-drag", ({ detail }) => {
      const y = row[block.name].map(([v]) => v);
      y[detail.index] = detail.y;
      set(
        block.name,
        y.map((v) => [v]),
      );
    });
    resets.push(() => {
      row[block.name] = start.map((v) => [v]);
      show("sequence", holder, points(start));
    });
    const pick = make(
      "select",
      {},
      ...payload.samples.map(({ label }, k) => make("option", { value: k, textContent: label })),
    );
    pick.addEventListener("change", () => {
      const { line } = payload.samples[pick.value];
      show("sequence", holder, points(line));
      set(
        block.name,
        line.map((v) => [v]),
      );
    });
    return make(
      "div",
      {},
      ...(payload.samples.length ? [make("p", { className: "note", textContent: "Begin with " }, pick)] : []),
      holder,
    );
  }

  function refresh() {
    let found;
    try {
      found = model.predict(row);
    } catch (error) {
      part("said").textContent = "–";
      part("between").textContent = error.message;
      return;
    }
    part("said").textContent = format(found.value, "number");
    if (regression)
      part("between").textContent = payload.error
        ? `${target.name}; on the test rows it was off by ${format(payload.error)} on average.`
        : target.name;
    else showOdds(found.probabilities);
    showAlong();
    showLayers(found);
  }

  function showOdds(probabilities) {
    const order = probabilities
      .map((p, k) => [p, k])
      .sort(([a], [b]) => b - a)
      .slice(0, 8);
    part("between").textContent = `${target.name}, with probability ${format(order[0][0], "percent")}.`;
    show("odds", part("odds"), {
      kind: "bars",
      label: "Probabilities",
      tools: false,
      orientation: "horizontal",
      numbers: true,
      categories: order.map(([, k]) => String(target.classes[k])),
      value: { format: "percent", min: 0, max: 1, possible: [0, 1], ticks: [0, 0.5, 1] },
      series: [{ values: order.map(([p]) => p) }],
    });
  }

  /** How the answer moves with the column that was moved last, all others as they stand. */
  function showAlong() {
    along ??= model.columns.find((block) => block.block === "NumberBlock") ?? null;
    part("along-title").hidden = part("along").hidden = !along;
    if (!along) return;
    const [low, high] = payload.ranges[along.name],
      x = Array.from({ length: 81 }, (_, k) => low + ((high - low) * k) / 80);
    const answer = (v) => {
      const found = model.predict({ ...row, [along.name]: v });
      return regression ? found.value : found.probabilities.at(-1);
    };
    part("along-title").textContent = `With ${along.name} alone`;
    const here = row[along.name],
      share = { format: "percent", min: 0, max: 1, possible: [0, 1] };
    show("along", part("along"), {
      kind: "lines",
      label: `The answer along ${along.name}`,
      tools: false,
      height: 190,
      legend: false,
      x: { title: along.name, min: low, max: high },
      y: regression ? { title: target.name } : { title: `probability of ${target.classes.at(-1)}`, ...share },
      series: [{ name: "answer", x, y: x.map(answer) }],
      marks: here === null ? [] : [{ x: here }, { point: [here, answer(here)], color: "orange" }],
    });
  }

  function showLayers({ inputs, layers }) {
    const parts = [
      { name: "input", kind: "input", values: inputs, shape: [inputs.length] },
      ...layers.filter(({ kind }) => !["dropout", "flatten"].includes(kind)),
    ];
    parts.forEach(({ name, values, shape }, k) => {
      const id = `layer ${k}`,
        holder = charts[id]?.element ?? part("passed").appendChild(make("div")),
        n = values.length;
      const columns = shape.length === 3 ? shape[1] * shape[2] : Math.min(n, 64),
        rows = Math.ceil(n / columns);
      const grid = Array.from({ length: rows * columns }, (_, i) => (i < n ? values[i] : null));
      const turned = shape.length === 3 ? sideBySide(values, shape) : grid;
      show(id, holder, {
        kind: "heatmap",
        label: `${name}: ${n} numbers`,
        title: `${name}, ${shape.join(" × ")}`,
        tools: false,
        height: Math.max(22, Math.min(rows * 14, 110)),
        axes: false,
        shape: [rows, columns],
        values: turned,
        y: { reverse: true, title: "row" },
        x: { title: "unit" },
        scale: { kind: "diverging", bar: false },
      });
    });
  }

  /** (H, W, C) as C pictures beside one another. */
  function sideBySide(values, [height, width, channels]) {
    const out = [];
    for (let r = 0; r < height; r++)
      for (let c = 0; c < channels; c++)
        for (let k = 0; k < width; k++) out.push(values[(r * width + k) * channels + c]);
    return out;
  }

  for (const block of model.columns) {
    const fields = controls[block.block](block);
    part("controls").append(
      make("div", { className: "control" }, make("label", {}, make("span", { textContent: block.name }), ...fields)),
    );
  }
  const back = make("button", { type: "button", className: "more", textContent: "Back to the usual row" });
  const reset = () => {
    resets.forEach((act) => act());
    refresh();
  };
  back.addEventListener("click", reset);
  part("controls").append(back);
  reset();
})();
