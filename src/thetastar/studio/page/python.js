// The run on the page as a Python script that trains it again, and its weights as a file.
import { OPTIMIZERS } from "./settings.js";

const list = (values) => `[${Array.from(values, (v) => String(+Number(v).toPrecision(9))).join(", ")}]`;
function wrapped(values, indent = "    ") {
  const lines = [];
  let line = "";
  for (const v of values) {
    const text = `${String(+Number(v).toPrecision(9))}, `;
    if (line.length + text.length > 100) (lines.push(line.trimEnd()), (line = ""));
    line += text;
  }
  if (line) lines.push(line.trimEnd());
  return lines.map((l) => indent + l).join("\n");
}

// room: the playground
export function pythonOf(room) {
  const { state, prepared: p, job, frame, layout, events, loss } = room;
  const layers = job.network.layers.map((l) => layerPython(l));
  const optimizer = OPTIMIZERS[state.opt];
  const settings = Object.entries({ ...optimizer.spec, learning_rate: state.lr }).filter(
    ([k]) => k !== "kind" && !(optimizer.python === "AdamW" && k === "decoupled"),
  );
  const epochs = Math.max(frame.standing.epoch, 1);
  const plain = events.length === 0 && frame.standing.step > 0;
  const whole = plain && frame.standing.row === 0;
  const lossText = Object.entries(loss.spec)
    .map(([k, v]) => `"${k}": ${typeof v === "string" ? `"${v}"` : v}`)
    .join(", ");
  const start = layout
    .map(
      (a) =>
        `    "${a.name}": np.array([\n${wrapped(frame.parameters.subarray(a.at, a.at + a.size), "        ")}\n    ], np.float32)${a.vector ? "" : `.reshape(${a.rows}, ${a.columns})`},`,
    )
    .join("\n");
  const width = p.features;
  return `"""A run of thetastar studio, as it stood after ${epochs} epochs.

${whole ? "Trained again from the same seed on the same rows: the losses below are the page's." : "It begins with the weights that were on the page."}
With THETASTAR_LEVEL=baseline the engine adds and multiplies as the page does.
"""
import numpy as np
import thetastar as ts

X = np.array([
${wrapped(p.x)}
], np.float32).reshape(-1, ${width})  # ${p.inputs.map((i) => i.name).join(", ")}
y = np.array([
${wrapped(p.y)}
], np.float32)${p.targets > 1 ? `.reshape(-1, ${p.targets})` : ""}
training = np.array(${list(p.rows.training)})
validation = np.array(${list(p.rows.validation)}, int)
test = np.array(${list(p.rows.test)}, int)

network = ts.Network(
    [
${layers.map((l) => `        ${l},`).join("\n")}
    ],
    input_shape=(${width},),
)
${whole ? "" : `network = network.with_parameters({\n${start}\n})\n`}run = ts.train(
    network, X, y,
    loss=ts.losses.get({${lossText}}),
    optimizer=ts.optimizers.${optimizer.python}(${settings.map(([k, v]) => `${k}=${v === true ? "True" : v === false ? "False" : v}`).join(", ")}),
    epochs=${epochs}, batch_size=${state.batch}, rows=training,${p.rows.validation.length ? " validation_rows=validation," : ""}${state.l1 ? ` l1=${state.l1},` : ""}${state.l2 ? ` l2=${state.l2},` : ""}${state.clip ? ` clip_norm=${state.clip},` : ""}${state.maxnorm ? ` max_norm=${state.maxnorm},` : ""} seed=${state.seed},
)
print("training loss, mean over the last epoch's batches:", run.history["loss"][-1])
${p.rows.validation.length ? 'print("validation loss:", run.history["validation_loss"][-1])\n' : ""}${whole ? `# On the page: ${frame.standing.epochLoss}${p.rows.validation.length ? ` and ${frame.losses[1]}` : ""}\n` : ""}`;
}
const CALLS = {
  dense: "Dense",
  dropout: "Dropout",
  batch_norm: "BatchNorm",
  layer_norm: "LayerNorm",
  activation: "Activation",
};
function layerPython(l) {
  const call = `ts.${CALLS[l.kind]}`;
  if (l.kind === "dropout") return `${call}(${l.rate})`;
  if (l.kind === "batch_norm") return `${call}(momentum=${l.momentum}, epsilon=${l.epsilon})`;
  if (l.kind === "layer_norm") return `${call}(epsilon=${l.epsilon})`;
  if (l.kind === "activation") return `${call}("${l.activation}")`;
  const { kind, value } = l.kernel;
  const argument = { normal: "std", uniform: "limit", orthogonal: "gain" }[kind];
  const kernel = argument ? `ts.initializers.get({"kind": "${kind}", "${argument}": ${value}})` : `"${kind}"`;
  return `${call}(${l.units}, activation="${l.activation}", kernel_initializer=${kernel})`;
}

// The weights in the safetensors format: a JSON header, then the arrays, row by row.
export function safetensorsOf(room) {
  const { layout, frame, job, prepared } = room;
  const header = {
    __metadata__: {
      format: "thetastar studio",
      network: JSON.stringify(job.network),
      inputs: JSON.stringify(prepared.inputs.map((i) => ({ name: i.name, mean: i.mean, deviation: i.deviation }))),
    },
  };
  for (const a of layout)
    header[a.name] = {
      dtype: "F32",
      shape: a.vector ? [a.columns] : [a.rows, a.columns],
      data_offsets: [a.at * 4, (a.at + a.size) * 4],
    };
  let text = JSON.stringify(header);
  text += " ".repeat((8 - (new TextEncoder().encode(text).length % 8)) % 8);
  const bytes = new TextEncoder().encode(text);
  const out = new Uint8Array(8 + bytes.length + frame.parameters.byteLength);
  new DataView(out.buffer).setBigUint64(0, BigInt(bytes.length), true);
  out.set(bytes, 8);
  out.set(
    new Uint8Array(frame.parameters.buffer, frame.parameters.byteOffset, frame.parameters.byteLength),
    8 + bytes.length,
  );
  return out;
}
