"use strict";
(() => {
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");

  for (const box of document.querySelectorAll("[data-figure]")) draw(box, figures[box.dataset.figure]);

  // Light and dark: the reader's system decides until the button or the address (#dark, #light) says otherwise.
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches;
  const remember = theme => { try { localStorage.setItem("thetastar-theme", theme); } catch { /* a file may not store */ } };
  try { const kept = localStorage.getItem("thetastar-theme"); if (kept === "dark" || kept === "light") root.dataset.theme = kept; } catch { /* nor read */ }
  if (location.hash === "#dark" || location.hash === "#light") root.dataset.theme = location.hash.slice(1);
  const toggle = document.querySelector(".theme");
  toggle.hidden = false;
  toggle.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; remember(root.dataset.theme); });

  // Paper is light.
  let before = null;
  addEventListener("beforeprint", () => { before ??= root.dataset.theme ?? ""; root.dataset.theme = "light"; });
  addEventListener("afterprint", () => {
    if (before) root.dataset.theme = before; else delete root.dataset.theme;
    before = null;
  });

  // Long tables show their head first; without this script they are simply long.
  for (const button of document.querySelectorAll(".more")) {
    const box = button.closest(".collapsible"), words = button.textContent;
    button.hidden = false;
    box.classList.add("collapsed");
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      const closed = box.classList.toggle("collapsed");
      button.textContent = closed ? words : button.dataset.few;
      button.setAttribute("aria-expanded", String(!closed));
    });
  }

  // Sorting by a column: numbers by data-sort, words by their text; rows without a value stay last.
  for (const table of document.querySelectorAll(".sortable")) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    heads.forEach((head, index) => {
      if ("nosort" in head.dataset) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach(other => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const key = row => {
          const cell = row.cells[index], text = cell.dataset.sort ?? cell.textContent.trim();
          return text === "" ? null : "sort" in cell.dataset ? Number(text) : text.toLowerCase();
        };
        const rows = [...body.rows].map(row => [key(row), row]);
        rows.sort(([a], [b]) => a === null ? (b === null ? 0 : 1) : b === null ? -1 : (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1));
        body.append(...rows.map(([, row]) => row));
      });
    });
  }

  for (const button of document.querySelectorAll(".copy")) {
    const code = button.parentElement.querySelector("code");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {  // a page opened as a file may be refused the clipboard: select, then copy the old way
        const range = document.createRange();
        range.selectNodeContents(code);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  // Where the reader is: the section whose head passed the upper third last.
  const links = [...document.querySelectorAll(".top nav a")];
  const mark = () => {
    let here = null;
    for (const link of links) {
      const section = document.querySelector(link.getAttribute("href"));
      if (section && section.getBoundingClientRect().top < innerHeight / 3) here = link;
    }
    links.forEach(link => link.classList.toggle("here", link === here));
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
})();
