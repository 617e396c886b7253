// Layers for images, behind predict_layers.js where a network has one of them.

/** How many places a window takes along an axis, and the pixel at which the first begins (below 0: padding). */
function places(size, window, stride, dilation, padding) {
  const reach = (window - 1) * dilation + 1;
  if (padding === "valid") return [Math.floor((size - reach) / stride) + 1, 0];
  const count = Math.ceil(size / stride);
  return [count, -Math.floor(Math.max(0, (count - 1) * stride + reach - size) / 2)];
}
/** Call visit(output pixel, tap, input pixel) for every pixel under every place of a window; gives [H', W']. */
function slide([height, width], window, strides, dilation, padding, visit) {
  const [rows, top] = places(height, window[0], strides[0], dilation[0], padding);
  const [columns, left] = places(width, window[1], strides[1], dilation[1], padding);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      for (let k = 0; k < window[0]; k++)
        for (let m = 0; m < window[1]; m++) {
          const r = top + i * strides[0] + k * dilation[0],
            c = left + j * strides[1] + m * dilation[1];
          if (r >= 0 && r < height && c >= 0 && c < width) visit(i * columns + j, k * window[1] + m, r * width + c);
        }
  return [rows, columns];
}
function conv2d(layer, { weight, bias }, x) {
  const { filters: O, kernel_size: window, strides, dilation_rate: dilation, padding, groups = 1 } = layer;
  const C = x.shape[2],
    c = C / groups,
    f = O / groups;
  const size = slide(x.shape, window, strides, dilation, padding, () => {}),
    out = new Float64Array(size[0] * size[1] * O);
  if (bias) for (let p = 0; p < size[0] * size[1]; p++) out.set(bias, p * O);
  slide(x.shape, window, strides, dilation, padding, (to, tap, from) => {
    for (let i = 0; i < C; i++) {
      const v = x.values[from * C + i],
        first = Math.floor(i / c) * f,
        at = (tap * c + (i % c)) * O;
      if (v) for (let o = first; o < first + f; o++) out[to * O + o] += v * weight[at + o];
    }
  });
  return { values: activate(out, layer.activation), shape: [...size, O] };
}
function pool(layer, x, begin, add, end) {
  const C = x.shape[2],
    { pool_size: window, padding } = layer,
    strides = layer.strides ?? window;
  const size = slide(x.shape, window, strides, [1, 1], padding, () => {}),
    n = size[0] * size[1];
  const out = new Float64Array(n * C).fill(begin),
    count = new Uint32Array(n);
  slide(x.shape, window, strides, [1, 1], padding, (to, tap, from) => {
    count[to]++;
    for (let c = 0; c < C; c++) out[to * C + c] = add(out[to * C + c], x.values[from * C + c]);
  });
  return { values: out.map((v, i) => end(v, count[Math.floor(i / C)])), shape: [...size, C] };
}
function globalAverage(x) {
  const [height, width, C] = x.shape,
    out = new Float64Array(C);
  for (let i = 0; i < x.values.length; i++) out[i % C] += x.values[i] / (height * width);
  return { values: out, shape: [C] };
}
Object.assign(LAYERS, {
  conv2d,
  max_pool2d: (layer, p, x) =>
    pool(
      layer,
      x,
      -Infinity,
      (a, b) => (a > b || Number.isNaN(a) ? a : b),
      (v) => v,
    ),
  average_pool2d: (layer, p, x) =>
    pool(
      layer,
      x,
      0,
      (a, b) => a + b,
      (v, n) => v / n,
    ),
  global_average_pool2d: (layer, p, x) => globalAverage(x),
});
