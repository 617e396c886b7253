// Small charts side by side: as many as fit, one legend, one range where they share it.

import { clamp, span } from "./numbers.js";
import { time } from "./times.js";
import { xyRange } from "./series.js";
import { showLegend } from "./panel.js";

const GAP = 24;

export function drawMultiples(chart, make) {
  const { spec, box, children } = chart,
    list = spec.charts ?? [];
  const fitting = Math.floor((chart.wide + GAP) / ((spec.least ?? 220) + GAP));
  box.style.gridTemplateColumns = `repeat(${clamp(fitting, 1, Math.max(list.length, 1))}, minmax(0, 1fr))`;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", spec.title ?? spec.label ?? "");
  const shared = { x: sharedRange(spec, "x"), y: sharedRange(spec, "y") };
  list.forEach((own, i) => {
    const given = { height: 190, tools: false, legend: false, ...own };
    for (const axis of ["x", "y"]) if (shared[axis]) given[axis] = { ...own[axis], data: shared[axis] };
    if (children[i]) children[i].update(given);
    else {
      children[i] = make(chart.make("div", "", box), given);
      children[i].off = chart.off;
    }
  });
  for (const extra of children.splice(list.length)) {
    extra.destroy();
    extra.element.remove();
  }
  const names = new Map(children.flatMap((child) => child.drawn?.legend ?? []).map((entry) => [entry.key, entry]));
  showLegend(chart, spec.legend === false || names.size < 2 ? [] : [...names.values()]);
}

/** [low, high] over all charts, or null where each has its own. */
function sharedRange(spec, axis) {
  if (spec.shared !== axis && spec.shared !== "both") return null;
  const ranges = (spec.charts ?? []).map((own) => {
    if (own.kind === "histogram")
      return axis === "x" ? [own.edges ?? [], ...(own.series ?? []).map((s) => s.values ?? [])] : [];
    const series = (own.series ?? []).map((s) => ({
      ...s,
      y: s.y.map(time),
      x: s.x ? s.x.map(time) : s.y.map((_, i) => i + 1),
    }));
    return xyRange(own, series)[axis];
  });
  return ranges.some((lists) => lists.length) ? span(ranges.flat(), spec.charts[0]?.[axis]?.scale === "log") : null;
}
