// Numbers: ranges, and how they are written, as in the reports.

export const finite = (v) => typeof v === "number" && isFinite(v);
export const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
export const range = (n) => Array.from({ length: n }, (_, i) => i);
export const sum = (list) => list.reduce((a, b) => a + b, 0);
export function closest(list, v) {
  let best = -1,
    least = Infinity;
  for (let i = 0; i < list.length; i++) {
    const far = Math.abs(list[i] - v);
    if (far < least) {
      least = far;
      best = i;
    }
  }
  return best;
}
export function span(lists, positive = false) {
  let low = Infinity,
    high = -Infinity;
  for (const list of lists)
    if (list)
      for (const v of list)
        if (finite(v) && (!positive || v > 0)) {
          if (v < low) low = v;
          if (v > high) high = v;
        }
  return low <= high ? [low, high] : positive ? [0.1, 1] : [0, 1];
}

export const commas = (text) =>
  text.replace(/^(-?\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ",")).replace("-", "−");
const tidy = (v) => {
  const [mantissa, power] = v.toPrecision(4).split("e"),
    short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return power ? `${short}e${+power}`.replace(/-/g, "−") : short;
};

/** A number as the reports write it; `step` (between ticks) decides the decimals where it is given. */
export function format(v, how = "number", step = 0) {
  if (typeof v === "string") return v;
  if (!finite(v)) return "–";
  if (how === "percent") return `${commas((100 * v).toFixed(step ? decimals(100 * step) : 1))} %`;
  if (how === "seconds")
    return v < 0.095 && v > 0
      ? `${Math.round(1e3 * v)} ms`
      : v < 60
        ? `${+v.toFixed(v < 10 ? 1 : 0)} s`
        : `${Math.floor(v / 60)} min ${String(Math.round(v % 60)).padStart(2, "0")} s`;
  if (how === "plain") return String(v).replace("-", "−");
  if (step)
    return Math.abs(v) >= 1e9 || step < 1e-5
      ? tidy(+v.toPrecision(12))
      : commas(v.toFixed(decimals(step))).replace(/^−(0(\.0+)?)$/, "$1");
  if (how === "integer" && Number.isInteger(v)) return commas(String(v));
  if (how === "score" && Math.abs(v) < 10) return commas(v.toFixed(3)).replace(/^−(0\.0+)$/, "$1");
  if (v === 0) return "0";
  return Math.abs(v) >= 1e3 && Math.abs(v) < 1e9
    ? commas(v.toFixed(0))
    : Number.isInteger(v) && Math.abs(v) < 1e3
      ? commas(String(v))
      : tidy(v).replace("-", "−");
}
const decimals = (step) => {
  for (let d = 0; d < 12; d++)
    if (Math.abs(step * 10 ** d - Math.round(step * 10 ** d)) < 1e-6 * step * 10 ** d) return d;
  return 12;
};
