// Elements of the page: a short way to make them, and the few controls that all rooms are built from.

// h("p.note", {title: "…", onclick: f}, "text", child, …)
export function h(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list" && name !== "form" && typeof value !== "object") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
const SVG = "http://www.w3.org/2000/svg";
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Where the page's place [x, y] lies inside an element, in the element's own pixels: a wide screen shows the page enlarged.
export function within(element, [x, y]) {
  const box = element.getBoundingClientRect();
  const part = element.offsetWidth / (box.width || 1);
  return [(x - box.left) * part, (y - box.top) * part];
}

// A number for reading: four digits, a real minus.
export function number(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-4 || size >= 1e6)
      ? value.toExponential(2).replace("e+", "e")
      : String(+value.toPrecision(digits));
  return text.replace("-", "−");
}
export const whole = (value) => Math.round(value).toLocaleString("en-US");

let counter = 0;
function labelled(name, label, control, hint) {
  control.id = `c${++counter}`;
  const box = h("div.control", { "data-control": name }, h("label", { htmlFor: control.id }, label), control);
  if (hint) {
    const words = h("span.hint", { id: `${control.id}h` }, hint);
    control.setAttribute("aria-describedby", words.id);
    box.title = hint;
    words.hidden = true;
    box.append(words);
  }
  return box;
}

// A choice among [value, text] pairs.
export function choice(name, label, options, value, onchange, hint) {
  const control = h("select", { onchange: () => onchange(control.value) });
  const fill = (list) =>
    control.replaceChildren(
      ...list.map((o) => (Array.isArray(o) ? h("option", { value: o[0] }, o[1]) : h("option", { value: o }, o))),
    );
  fill(options);
  control.value = value;
  const box = labelled(name, label, control, hint);
  box.set = (v) => (control.value = v);
  box.options = fill;
  return box;
}
// A number that is typed or chosen from suggestions; refuses what is not within its bounds, in words.
export function numeric(
  name,
  label,
  value,
  { min = -Infinity, max = Infinity, step = "any", suggestions = null, integer = false },
  onchange,
  hint,
) {
  const control = h("input", { type: "number", value: String(value), step, inputMode: "decimal" });
  if (Number.isFinite(min)) control.min = String(min);
  if (Number.isFinite(max)) control.max = String(max);
  const box = labelled(name, label, control, hint);
  const problem = h("span.problem", { role: "alert" });
  box.append(problem);
  control.addEventListener("change", () => {
    const v = Number(control.value);
    const bad =
      control.value.trim() === "" || !Number.isFinite(v) || v < min || v > max || (integer && !Number.isInteger(v));
    control.setAttribute("aria-invalid", String(bad));
    problem.textContent = bad
      ? `${label} must be ${integer ? "a whole number" : "a number"}${Number.isFinite(min) ? ` from ${min}` : ""}${Number.isFinite(max) ? ` to ${max}` : ""}.`
      : "";
    if (!bad) onchange(v);
  });
  if (suggestions) {
    const list = h(
      "datalist",
      { id: `${control.id}l` },
      suggestions.map((v) => h("option", { value: String(v) })),
    );
    control.setAttribute("list", list.id);
    box.append(list);
  }
  box.set = (v) => document.activeElement !== control && (control.value = String(v));
  box.input = control;
  return box;
}
// A slider with its value beside it; as(v): how the value reads.
export function slider(name, label, value, { min, max, step, as = (v) => String(v) }, onchange, hint) {
  const control = h("input", {
    type: "range",
    min: String(min),
    max: String(max),
    step: String(step),
    value: String(value),
  });
  const box = labelled(name, label, control, hint);
  const shown = h("output", { htmlFor: control.id }, as(value));
  box.querySelector("label").append(" ", shown);
  const tell = () => {
    shown.textContent = as(Number(control.value));
    control.setAttribute("aria-valuetext", shown.textContent);
  };
  tell();
  control.addEventListener("input", () => (tell(), onchange(Number(control.value), false)));
  control.addEventListener("change", () => onchange(Number(control.value), true));
  box.set = (v) => ((control.value = String(v)), tell());
  box.range = (low, high) => ((control.min = String(low)), (control.max = String(high)));
  box.input = control;
  return box;
}
export function check(name, label, value, onchange, hint) {
  const control = h("input", { type: "checkbox", checked: value, onchange: () => onchange(control.checked) });
  const box = h("label.check", { "data-control": name, title: hint }, control, h("span", {}, label));
  box.set = (v) => (control.checked = v);
  return box;
}
export function button(label, onclick, { kind = "", name, hint, pressed } = {}) {
  const element = h(
    `button${kind ? `.${kind}` : ""}`,
    { type: "button", title: hint, onclick: (event) => onclick(event) },
    label,
  );
  if (name) element.dataset.control = name;
  if (pressed !== undefined) element.setAttribute("aria-pressed", String(pressed));
  return element;
}
// Formula or text typed into a line; problem(text) says what is wrong, or nothing.
export function line(name, label, value, onchange, hint) {
  const control = h("input", { type: "text", value, spellcheck: false, autocomplete: "off" });
  const box = labelled(name, label, control, hint);
  const problem = h("span.problem", { role: "alert" });
  box.append(problem);
  const send = () => {
    try {
      onchange(control.value);
      problem.textContent = "";
      control.setAttribute("aria-invalid", "false");
    } catch (error) {
      problem.textContent = error.message;
      control.setAttribute("aria-invalid", "true");
    }
  };
  control.addEventListener("change", send);
  control.addEventListener("keydown", (event) => event.key === "Enter" && send());
  box.set = (v) => (control.value = v);
  box.input = control;
  return box;
}

// Words for whoever cannot see what has changed.
export function announce(text) {
  document.getElementById("live").textContent = text;
}
export function save(name, content, type = "text/plain") {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = h("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
export function opened(title, ...children) {
  const dialog = h(
    "dialog",
    { "aria-label": title },
    h(
      "div.dialog-head",
      {},
      h("h2", {}, title),
      button("Close", () => dialog.close()),
    ),
    ...children,
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
