// Everything on the screen, explained: one sentence each, with its formula where there is one.
import { h, opened } from "./elements.js";

const WORDS = {
  "On every page": [
    ["loss L", "How wrong the network is on some rows: one number, the mean over them. Training makes it small."],
    ["parameters θ", "All weights and biases: the numbers that training finds. θ* = arg min L(θ)."],
    [
      "gradient ∂L/∂θ",
      "How much the loss would grow if a parameter grew: its slope. Back-propagation finds all of them in one pass backward.",
    ],
    [
      "learning rate η",
      "How far a step goes against the gradient: θ ← θ − η ∂L/∂θ. Too high overshoots, too low takes for ever.",
    ],
    [
      "epoch, batch, step",
      "An epoch is once through all training rows. A batch is the rows of one step. Rows / batch size = steps an epoch.",
    ],
    [
      "training, validation, test",
      "Training rows move the weights. Validation rows choose between settings. Test rows are looked at once, at the end.",
    ],
    [
      "seed",
      "From which all chance is drawn: initial weights, order of rows, dropout. The same seed gives the same run.",
    ],
  ],
  Network: [
    ["neuron", "a = f(b + Σ wᵢ xᵢ): a weighted sum of what comes in, plus a bias, through an activation."],
    [
      "weight (line)",
      "How much an input counts. Blue lines are positive, orange ones negative, wider is larger, dotted is zero.",
    ],
    ["bias (small square)", "What the sum begins with. The output has one too."],
    ["map in a neuron", "What this neuron answers at every place of the plane: blue above zero, orange below."],
    [
      "activation f",
      "relu max(0, z) · tanh · sigmoid 1 / (1 + e⁻ᶻ) · identity z: without one that bends, layers on layers stay a straight line.",
    ],
    ["output", "A score. For two classes σ(score) is the probability of the second; for more, softmax e^z / Σ e^z."],
    ["freeze, switch off", "A frozen layer keeps its numbers. A neuron switched off has outgoing weights that stay 0."],
  ],
  Training: [
    [
      "optimiser",
      "How steps are made of gradients: SGD goes straight; momentum rolls on; Adam divides by the size of recent gradients.",
    ],
    [
      "L1, L2",
      "λ Σ|w| or λ Σw² more in the cost: weights must be worth their size. L1 makes many exactly useless ones small, L2 keeps all moderate.",
    ],
    ["dropout", "In every training step this share of hidden neurons is left out; in use all are there."],
    [
      "normalisation",
      "Brings the weighted sums of a batch (or of one row) to mean 0 and deviation 1 before the activation.",
    ],
    [
      "initial weights",
      "Glorot: variance 2 / (in + out). He: 2 / in, for ReLU. All zeros: every neuron of a layer learns the same.",
    ],
    ["clip gradient", "Where the whole gradient is longer than this, it is scaled down."],
    [
      "stop at loss, at epoch",
      "The run ends by itself there; while it runs, the time left is estimated from the last quarter of the curve.",
    ],
    ["same start, new start", "Back to the very same initial weights, or to those of the next seed."],
    ["time", "Every moment that was kept can be gone back to; Run goes on from there."],
    [
      "no longer a number",
      "The loss became infinite: steps overshot until numbers ended. The message says why, and goes back.",
    ],
  ],
  Data: [
    ["noise", "How far points stray. Much noise makes 100 % impossible, and striving for it overfitting."],
    [
      "filled, hollow",
      "Filled points train; hollow ones validate or test. Squares are the first class, discs the second.",
    ],
    ["inputs", "What the network is told of a row: the columns, their squares and products, or a formula of your own."],
    [
      "own table",
      "A CSV file. Numbers are brought to mean 0 and deviation 1, missing ones get the median, words become one input a word.",
    ],
  ],
};
export function showGlossary() {
  opened(
    "Everything on the screen",
    h(
      "div.glossary",
      {},
      Object.entries(WORDS).map(([title, list]) =>
        h(
          "section",
          {},
          h("h3", {}, title),
          h(
            "dl",
            {},
            list.map(([term, words]) => [h("dt", {}, term), h("dd", {}, words)]),
          ),
        ),
      ),
    ),
    h(
      "p.note",
      {},
      "Keys in the playground: space runs and pauses, s b e take a step by sample, batch, epoch, r goes back to the same start; arrow keys move a cross over the large map.",
    ),
  );
}
