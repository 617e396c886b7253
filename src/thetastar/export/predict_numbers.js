// Numbers as a description holds them.

const product = (sizes) => sizes.reduce((a, b) => a * b, 1);
const bytesOf = (data) => new DataView(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);

/** base64 of little-endian float32. */
function floats(data) {
  const view = bytesOf(data);
  return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** {name: flat array} of the description's parameters; int16 with a scale each where it says so. */
function parametersOf({ names, scales, data }) {
  const view = bytesOf(data);
  const found = {};
  let at = 0;
  names.forEach(([name, shape], k) => {
    const value = scales ? (i) => view.getInt16(2 * i, true) * scales[k] : (i) => view.getFloat32(4 * i, true);
    const count = product(shape);
    found[name] = Float32Array.from({ length: count }, (_, i) => value(at + i));
    at += count;
  });
  return found;
}
