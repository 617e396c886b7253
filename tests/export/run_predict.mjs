// Reads {description | network, rows | inputs} as JSON from standard input, prints what predict.js makes of each.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { read } = await import(pathToFileURL(process.argv[2]).href);
const jobs = JSON.parse(readFileSync(0, "utf-8"));
const plain = (value) => JSON.parse(JSON.stringify(value, (_, v) => (ArrayBuffer.isView(v) ? [...v] : v)));
const answers = jobs.map(({ description, rows, inputs }) => {
  const model = read({ preparation: { blocks: [] }, target: { task: "regression", mean: 0, scale: 1 }, ...description });
  if (inputs) return inputs.map((x) => plain(model.run(x)));
  return rows.map((row) => {
    try {
      return plain(model.predict(row));
    } catch (error) {
      return { error: error.message };
    }
  });
});
console.log(JSON.stringify(answers));
