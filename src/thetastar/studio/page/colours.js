// Colours of maps: from orange (below) through neutral to blue (above), monotone in lightness on each side, so that they can be
// told apart without seeing colours; a set for light and one for dark. Classes beyond two have hues of their own.

const STOPS = {
  light: [
    [138, 63, 0],
    [217, 130, 43],
    [242, 197, 149],
    [247, 246, 243],
    [168, 203, 227],
    [74, 144, 198],
    [11, 79, 138],
  ],
  dark: [
    [232, 140, 56],
    [166, 97, 38],
    [96, 64, 32],
    [30, 35, 41],
    [32, 70, 106],
    [46, 110, 172],
    [88, 164, 236],
  ],
};
export const CLASS_COLOURS = {
  light: ["#b84e00", "#0a62a8", "#2b7a3d", "#7a4fb5", "#0f7f83", "#b43a86", "#7b5a3a", "#6a727d", "#c22f3d", "#191c20"],
  dark: ["#f2a15c", "#6cb4f5", "#7cc98b", "#c3a4f0", "#5fc9c9", "#f093c8", "#d0ab86", "#9aa4b1", "#ff8a8a", "#e9ebee"],
};

// Light or dark, as chosen on the page or by the system; asked once and whenever it changes, because maps ask for every pixel.
let mode = null;
const system = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;
export function theme() {
  return (mode ??= document.documentElement.dataset.theme || (system.matches ? "dark" : "light"));
}
export function themeChanged() {
  mode = null;
}
system?.addEventListener("change", themeChanged);

const tables = {};
function table(of) {
  return (tables[of] ??= Array.from({ length: 257 }, (_, i) => {
    const stops = STOPS[of];
    const at = (i / 256) * (stops.length - 1);
    const k = Math.min(stops.length - 2, Math.floor(at));
    return stops[k].map((v, c) => Math.round(v + (stops[k + 1][c] - v) * (at - k)));
  }));
}
// value from −1 to 1 -> [r, g, b]
export function diverging(value, of = theme()) {
  const v = value > -1 ? (value < 1 ? value : 1) : value <= -1 ? -1 : 0;
  return (tables[of] ?? table(of))[Math.round((v + 1) * 128)];
}
export const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
const parsed = {};
export function classColour(k, of = theme()) {
  const hex = CLASS_COLOURS[of][k % 10];
  return (parsed[hex] ??= [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
}

// values (n × n, rows from below) painted into a canvas, whatever its size; colour(i) -> [r, g, b]
const scratch = {};
export function paint(canvas, n, colour, { rows = n, crisp = false } = {}) {
  const key = `${n}×${rows}`;
  scratch[key] ??= (() => {
    const small = Object.assign(document.createElement("canvas"), { width: n, height: rows });
    const context = small.getContext("2d");
    return { small, context, image: context.createImageData(n, rows) };
  })();
  const { small, context, image } = scratch[key];
  for (let row = 0; row < rows; ++row)
    for (let i = 0; i < n; ++i) {
      const [r, g, b] = colour(row * n + i);
      const at = ((rows - 1 - row) * n + i) * 4;
      image.data[at] = r;
      image.data[at + 1] = g;
      image.data[at + 2] = b;
      image.data[at + 3] = 255;
    }
  context.putImageData(image, 0, 0);
  const to = canvas.getContext("2d");
  to.imageSmoothingEnabled = !crisp;
  to.drawImage(small, 0, 0, canvas.width, canvas.height);
}
// Makes a canvas as sharp as the screen.
export function sharp(canvas, width, height = width) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const [w, t] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== t) {
    canvas.width = w;
    canvas.height = t;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  return ratio;
}
