// Elements of SVG as text; everything from data is escaped here.

/** The colours that series take in turn. */
export const LINE = ["blue", "orange", "red", "green", "purple", "teal", "pink", "brown"];
export const esc = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
export const tag = (name, given, inside = "") => {
  let text = `<${name}`;
  for (const key in given) {
    const v = given[key];
    if (v != null && v !== false)
      text += ` ${key.replace("_", "-")}="${typeof v === "number" ? +v.toFixed(2) : esc(v)}"`;
  }
  return `${text}>${inside}</${name}>`;
};
export const words = (x, y, text, given) => tag("text", { x, y, ...given }, esc(text));
export const line = (x1, y1, x2, y2, given) => tag("line", { x1, y1, x2, y2, ...given });
