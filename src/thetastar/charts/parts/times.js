// Moments: milliseconds since 1970, UTC; ticks on whole hours, days, months and years.

const DAY = 864e5;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
export const time = (v) =>
  typeof v !== "string" ? v : Date.parse(/T.*(Z|[+-]\d\d:?\d\d)$/.test(v) || !v.includes("T") ? v : v + "Z");
const two = (n) => String(n).padStart(2, "0");
const day = (d) => `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}`;
const clock = (d) =>
  `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${d.getUTCSeconds() ? ":" + two(d.getUTCSeconds()) : ""}`;
export const dated = (v) => {
  const d = new Date(v);
  return `${day(d)} ${d.getUTCFullYear()}${v % DAY ? ", " + clock(d) : ""}`;
};

/** Whole seconds, hours, days, months or years between two moments; the larger unit stands below where it changes. */
export function timeTicks(low, high, wanted) {
  const steps = [
    1,
    5,
    10,
    50,
    100,
    500,
    1e3,
    5e3,
    15e3,
    3e4,
    6e4,
    3e5,
    9e5,
    18e5,
    36e5,
    108e5,
    216e5,
    432e5,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
  ];
  const rough = (high - low) / wanted,
    step = steps.find((s) => s >= rough),
    found = [];
  if (step) {
    const shift = step >= 7 * DAY ? 4 * DAY : 0; // weeks begin on a Monday
    for (let t = Math.ceil((low - shift) / step) * step + shift; t <= high; t += step) found.push(t);
  } else {
    const months = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200].find((m) => m * 30.44 * DAY >= rough) ?? 6000;
    const start = new Date(low);
    for (let m = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / months) * months; ; m += months) {
      const at = Date.UTC(2000, m - 24000);
      if (at > high) break;
      if (at >= low) found.push(at);
    }
    if (months >= 12) return found.map((v) => ({ v, text: String(new Date(v).getUTCFullYear()) }));
    return outer(
      found,
      (d) => MONTHS[d.getUTCMonth()],
      (d) => String(d.getUTCFullYear()),
    );
  }
  if (step >= DAY) return outer(found, day, (d) => String(d.getUTCFullYear()));
  return outer(
    found,
    (d) => (step < 1e3 ? `${clock(d)}.${String(d.getUTCMilliseconds()).padStart(3, "0")}` : clock(d)),
    (d) => `${day(d)} ${d.getUTCFullYear()}`,
  );
}
function outer(moments, inner, context) {
  let before = null;
  return moments.map((v) => {
    const d = new Date(v),
      now = context(d),
      sub = now === before ? null : now;
    before = now;
    return { v, text: inner(d), sub };
  });
}
