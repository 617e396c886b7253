// The shell: the rooms, the link that says which one and how, light and dark.
import { Backpropagation } from "./backpropagation.js";
import { DescentRoom } from "./descent.js";
import { Digits } from "./digits.js";
import { themeChanged } from "./colours.js";
import { button, h } from "./elements.js";
import { showGlossary } from "./glossary.js";
import { Pieces } from "./pieces.js";
import { Playground } from "./playground.js";
import { Study } from "./study.js";
import { Views } from "./views.js";

const ROOMS = [
  ["playground", "Playground", Playground],
  ["backpropagation", "Back-propagation", Backpropagation],
  ["descent", "Descent", DescentRoom],
  ["pieces", "Pieces", Pieces],
  ["views", "Views", Views],
  ["digits", "Digits", Digits],
  ["study", "Study", Study],
];

const given = JSON.parse(document.getElementById("given")?.textContent || "{}");
let room = null;
let written = null;

function parts() {
  const [name, ...rest] = location.hash.slice(1).split("?");
  return { name: ROOMS.some(([id]) => id === name) ? name : (given.room ?? "playground"), link: rest.join("?") };
}
function show() {
  const { name, link } = parts();
  room?.close?.();
  document
    .querySelectorAll("nav a")
    .forEach((a) =>
      a.getAttribute("href") === `#${name}`
        ? a.setAttribute("aria-current", "page")
        : a.removeAttribute("aria-current"),
    );
  const [, title, Room] = ROOMS.find(([id]) => id === name);
  document.title = `${title} · thetastar studio`;
  const root = h("div.root");
  document.querySelector("main").replaceChildren(root);
  const start = link || (name === (given.room ?? "playground") ? (given.link ?? "") : "");
  room = new Room(root, start, {
    setLink: (text) => {
      written = `#${name}${text ? `?${text}` : ""}`;
      history.replaceState(null, "", written);
    },
    own: given.data ?? null,
    given,
    hide,
    go: (where) => (location.hash = where),
  });
  window.studio = { room, name };
}
// Controls that a lesson's link leaves out: hide=lr,noise,…; and the whole navigation: hide=rooms.
function hide(root, names) {
  const wanted = new Set(
    String(names || new URLSearchParams(parts().link).get("hide") || "")
      .split(",")
      .filter(Boolean),
  );
  document.body.classList.toggle("one-room", wanted.has("rooms"));
  for (const name of wanted)
    root.querySelectorAll(`[data-control="${CSS.escape(name)}"]`).forEach((e) => e.classList.add("hidden-control"));
}
function lesson() {
  const root = document.querySelector(".root");
  const names = [...new Set([...root.querySelectorAll("[data-control]")].map((e) => e.dataset.control))];
  const { name, link } = parts();
  const now = new URLSearchParams(link);
  const hidden = new Set((now.get("hide") ?? "").split(",").filter(Boolean));
  const out = h("input", { type: "text", readOnly: true, "aria-label": "Link of this lesson" });
  const write = () => {
    now.set("hide", [...hidden].join(","));
    if (hidden.size === 0) now.delete("hide");
    out.value = `${location.href.split("#")[0]}#${name}?${now.toString().replaceAll("%2C", ",")}`;
  };
  write();
  const dialog = h(
    "dialog",
    { "aria-label": "A lesson" },
    h(
      "div.dialog-head",
      {},
      h("h2", {}, "A lesson from this page"),
      button("Close", () => dialog.close()),
    ),
    h("p", {}, "The link below opens this room as it is now. What is ticked is left out."),
    h(
      "div.lesson-list",
      {},
      ["rooms", ...names].map((n) =>
        h(
          "label.check",
          {},
          h("input", {
            type: "checkbox",
            checked: hidden.has(n),
            onchange: (e) => (e.target.checked ? hidden.add(n) : hidden.delete(n), write()),
          }),
          h("span", {}, n),
        ),
      ),
    ),
    out,
    h(
      "div.bar",
      {},
      button("Copy the link", () => navigator.clipboard.writeText(out.value), { kind: "primary" }),
      button("Open it", () => ((location.href = out.value), dialog.close(), show())),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function begin() {
  const nav = document.querySelector("nav");
  for (const [id, title] of ROOMS) if (id !== "study" || given.served) nav.append(h("a", { href: `#${id}` }, title));
  const themeButton = document.querySelector(".theme");
  themeButton.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    themeChanged();
    room?.redraw?.();
    if (room?.frame) room.show?.(room.frame, true);
  });
  document.querySelector(".help").addEventListener("click", showGlossary);
  document.querySelector(".lesson").addEventListener("click", lesson);
  addEventListener("hashchange", () => location.hash !== written && show());
  show();
}
begin();
