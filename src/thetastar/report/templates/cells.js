// Cells of the confusion matrix open their rows: a table, or the images themselves.
(() => {
  const held = JSON.parse(document.getElementById("cells").textContent);
  const box = document.getElementById("opened");
  const make = (name, given = {}, ...children) => {
    const made = Object.assign(document.createElement(name), given);
    made.append(...children);
    return made;
  };
  const sure = (row) => `${Math.round(100 * row.p)} %`;

  function table(rows) {
    const head = ["row", "sure", ...held.columns].map((text) => make("th", { scope: "col", textContent: text }));
    const body = rows.map((row) => {
      const cells = [row.n, sure(row), ...row.v].map((text) => make("td", { textContent: text === "" ? "–" : text }));
      return make("tr", {}, ...cells);
    });
    const thead = make("thead", {}, make("tr", {}, ...head));
    return make(
      "div",
      { className: "tablebox" },
      make("table", { className: "rows" }, thead, make("tbody", {}, ...body)),
    );
  }

  function pictures(rows) {
    const figures = rows.map((row) => {
      const image = make("img", { src: row.i, alt: `row ${row.n}` });
      return make(
        "figure",
        {},
        make("div", {}, image),
        make("figcaption", { textContent: `row ${row.n}, ${sure(row)}` }),
      );
    });
    return make("div", { className: "samples image wrong" }, ...figures);
  }

  function open(cell) {
    const again = cell.classList.contains("chosen");
    document.querySelectorAll(".confusion .chosen").forEach((other) => other.classList.remove("chosen"));
    box.hidden = again;
    if (again) return;
    cell.classList.add("chosen");
    const rows = held.cells[cell.dataset.cell].map((k) => held.rows[k]),
      count = Number(cell.querySelector("data").value);
    const words = cell.title.replace(/: .*/s, ""),
      rest = count - rows.length;
    const close = make("button", { type: "button", className: "more", textContent: "Close" });
    close.addEventListener("click", () => {
      open(cell);
      cell.focus();
    });
    box.replaceChildren(
      make("h3", { textContent: words }),
      rows.some((row) => row.i) ? pictures(rows) : table(rows),
      make("p", {
        className: "note",
        textContent:
          rest > 0
            ? `The worst ${rows.length} of ${count}; ${rest} more are not kept in the report.`
            : "All rows of this cell, the worst first.",
      }),
      close,
    );
  }

  document.querySelectorAll(".hint").forEach((hint) => (hint.hidden = false));
  for (const cell of document.querySelectorAll(".confusion [data-cell]")) {
    Object.assign(cell, { tabIndex: 0 });
    cell.setAttribute("role", "button");
    cell.addEventListener("click", () => open(cell));
    cell.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      open(cell);
    });
  }
})();
