// Matrices of counts.

import { fail } from "./errors.js";
import { clamp, format, sum } from "./numbers.js";
import { tag, words } from "./svg.js";
import { css, hexed, inkOn, mix, rgb } from "./colors.js";

export function matrix(chart, width) {
  const { spec, size } = chart,
    rows = spec.rows ?? [],
    columns = spec.columns ?? rows,
    { values } = spec;
  if (!values || values.length !== rows.length || values.some((r) => r.length !== columns.length))
    fail(`matrix: values must be ${rows.length} rows of ${columns.length} numbers, as rows and columns have names.`);
  const total = {
    row: (r) => sum(values[r]),
    column: (_, c) => sum(values.map((v) => v[c])),
    all: () => sum(values.map(sum)),
  }[spec.share ?? "row"];
  const most = Math.max(1, ...values.flat().map(Math.abs)),
    share = (r, c) => (total ? values[r][c] / (total(r, c) || 1) : values[r][c] / most);
  const [down, across] = spec.titles ?? ["", ""],
    namesWide = Math.min(1.14 * Math.max(0, ...rows.map((r) => chart.width(String(r)))), width * 0.3, 180), // they are bold
    left = Math.max(namesWide, down ? chart.width(`${down} ↓`) : 0) + 10;
  const narrowest = Math.max(16, 6 + Math.max(0, ...values.flat().map((v) => chart.width(format(v, "integer")))));
  const cell = clamp((width - left) / columns.length, narrowest, columns.length <= 3 ? 132 : 84), // the narrowest scroll
    widest = Math.max(0, ...columns.map((c) => chart.width(String(c)))),
    turned = widest > cell - 6,
    headTall = turned ? Math.min(widest, 96) + 8 : size + 8;
  const tall = clamp(cell, 24, rows.length > 12 ? 27 : rows.length <= 3 ? 60 : 44),
    top = headTall + (down || across ? size + 10 : 0),
    height = top + rows.length * tall + 2,
    small = cell < 46 || tall < 40 || !total;
  let svg = across ? words(left, size, `${across} →`, { class: "name" }) : "";
  if (down) svg += words(left - 10, size, `${down} ↓`, { class: "name", text_anchor: "end" });
  columns.forEach((name, c) => {
    const x = left + (c + 0.5) * cell;
    svg += turned
      ? words(0, 0, chart.cut(String(name), 96), {
          class: "tick",
          transform: `translate(${(x + size * 0.35).toFixed(1)} ${top - 6}) rotate(-90)`,
        })
      : words(x, top - 8, name, { class: "tick", text_anchor: "middle" });
  });
  const surface = rgb(css(chart, "--chart-surface", "#fff")),
    tones = ["--chart-blue", "--chart-orange"].map((name, i) => rgb(css(chart, name, ["#0a62a8", "#b84e00"][i])));
  const place = (r, c) => ({ x: left + c * cell + 1, y: top + r * tall + 1, width: cell - 2, height: tall - 2 });
  rows.forEach((name, r) => {
    svg += words(left - 10, top + (r + 0.5) * tall + size * 0.35, chart.cut(String(name), namesWide / 1.14), {
      class: "tick strong",
      text_anchor: "end",
    });
    columns.forEach((_, c) => {
      const v = values[r][c],
        box = place(r, c),
        part = clamp(Math.abs(share(r, c)), 0, 1),
        wrong = Boolean(spec.diagonal) && r !== c,
        fill = mix(surface, tones[+wrong], 0.05 + 0.92 * part),
        picked = spec.selected?.[0] === r && spec.selected[1] === c,
        x = box.x + box.width / 2,
        y = box.y + box.height / 2;
      svg += tag("rect", {
        ...box,
        rx: 4,
        fill: v ? hexed(fill) : null,
        class: `${v ? "" : "nothing"}${spec.selectable && v ? " pick" : ""}${picked ? " picked" : ""}`,
      });
      const ink = v ? inkOn(fill) : null,
        given = { fill: ink, text_anchor: "middle", class: v ? "inside" : "inside zero" };
      svg += words(x, y + (small || !v ? size * 0.35 : -1), format(v, "integer"), given);
      if (!small && v)
        svg += words(x, y + size + 1, format(share(r, c), "percent", 0.01), { ...given, class: "inside small" });
    });
  });
  return {
    height,
    wide: Math.max(width, Math.ceil(left + cell * columns.length)),
    svg,
    counts: Array(rows.length).fill(columns.length),
    cells: true,
    hit: (px, py) => {
      const c = Math.floor((px - left) / cell),
        r = Math.floor((py - top) / tall);
      return c >= 0 && c < columns.length && r >= 0 && r < rows.length ? [r, c] : null;
    },
    item: (r, c) => {
      const box = place(r, c);
      return {
        x: box.x + box.width / 2,
        y: box.y,
        rect: box,
        pick: spec.selectable && values[r][c],
        head: `${down ? down + " " : ""}${rows[r]}, ${across ? across + " " : ""}${columns[c]}`,
        rows: [
          {
            name: "rows",
            value: format(values[r][c], "integer"),
            more: total ? `${format(share(r, c), "percent")} of the ${spec.share ?? "row"}` : "",
          },
        ],
        detail: { row: r, column: c, value: values[r][c] },
      };
    },
    table: () => ({
      head: [`${down} ↓ ${across} →`.trim(), ...columns],
      rows: rows.map((name, r) => [name, ...values[r]]),
    }),
  };
}
