// Activations: each takes a weighted sum and gives an output.

const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** 1 - erf(x): the series near zero, the continued fraction beyond. */
function erfc(x) {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2.5) {
    let term = x,
      sum = x;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

export const ACTIVATIONS = {
  identity: (z) => z,
  sigmoid,
  hard_sigmoid: (z) => Math.min(Math.max(z / 6 + 0.5, 0), 1),
  tanh: Math.tanh,
  relu: (z) => (z > 0 ? z : 0),
  leaky_relu: (z) => (z > 0 ? z : 0.01 * z),
  elu: (z) => (z > 0 ? z : Math.expm1(z)),
  selu: (z) => 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * Math.expm1(z)),
  gelu: (z) => z * 0.5 * erfc(-z / Math.SQRT2),
  gelu_tanh: (z) => z * sigmoid(2 * Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)),
  silu: (z) => z * sigmoid(z),
  mish: (z) => z * Math.tanh(softplus(z)),
  softplus,
  relu6: (z) => (z < 0 ? 0 : z > 6 ? 6 : z),
  hard_tanh: (z) => (z < -1 ? -1 : z > 1 ? 1 : z),
  softsign: (z) => z / (1 + Math.abs(z)),
  gaussian: (z) => Math.exp(-z * z),
  step: (z) => (z >= 0 ? 1 : 0),
};
