"""The picture: for every case, how many times as long each peer takes, on one logarithmic axis. SVG, by hand."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from thetastar.bench.table import NAMES, three_digits

__all__ = ["draw"]

_COLOURS = {"pytorch": "#d1495b", "jax": "#2e86ab", "keras": "#8f5db7", "sklearn": "#e09f3e"}
_LEFT, _WIDTH, _ROW, _TOP = 330, 560, 26, 70


def draw(result: dict[str, Any]) -> str:
    """The record of `session.run` as an SVG; cases without peers are not in it, and neither are unequal trainings."""
    rows = [(record["title"], found) for record in result["cases"] if (found := _ratios(record))]
    low, high = _range([ratio["median"] for _, found in rows for ratio in found.values()])
    x = _axis(low, high)
    height = _TOP + _ROW * len(rows) + 40
    present = [name for name in _COLOURS if any(name in found for _, found in rows)]
    machine, options = result["machine"], result["options"]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 60} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12" fill="#222">',
        f'<rect width="100%" height="100%" fill="#fff"/><text x="12" y="22" font-size="15" font-weight="600">'
        f"Time of each library over thetastar's {escape(result['thetastar'])}</text>",
        f'<text x="12" y="40" fill="#666">{escape(machine["processor"])}, {options["threads"]} threads, level '
        f"{machine['level']}, {escape(result['date'][:10])}; medians of {options['repeats']} turns</text>",
    ]
    for place, name in enumerate(present):
        at = _LEFT + 110 * place
        label = f"{NAMES[name]} {result['peers'][name]['version'].partition('+')[0]}"
        parts.append(f'<circle cx="{at}" cy="55" r="5" fill="{_COLOURS[name]}"/>{_text(at + 9, 59, label)}')
    bottom = _TOP + _ROW * len(rows)
    for power in range(low, high + 1):
        at, strong = x(10.0**power), power == 0
        parts.append(
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{bottom}" stroke="{"#222" if strong else "#ddd"}"/>'
            + _text(at, bottom + 18, f"{10.0**power:,g} ×", anchor="middle")
        )
    for place, (title, found) in enumerate(rows):
        y = _TOP + _ROW * place + _ROW / 2
        parts.append(_text(_LEFT - 12, y + 4, title, anchor="end"))
        for name, ratio in found.items():
            middle, words = x(ratio["median"]), f"{NAMES[name]}: {three_digits(ratio['median'])} ×"
            parts.append(
                f'<line x1="{x(ratio["low"]):.1f}" x2="{x(ratio["high"]):.1f}" y1="{y}" y2="{y}" '
                f'stroke="{_COLOURS[name]}" stroke-width="2"/><circle cx="{middle:.1f}" cy="{y}" r="5" '
                f'fill="{_COLOURS[name]}"><title>{escape(title)}, {escape(words)}</title></circle>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _ratios(record: dict[str, Any]) -> dict[str, dict[str, float]]:
    if "sides" not in record:
        return record.get("ratios", {})
    return {
        name: side["figures"]["ratio"]
        for name, side in record["sides"].items()
        if "ratio" in side["figures"] and record["same"][name]["same"] is not False
    }


def _range(ratios: list[float]) -> tuple[int, int]:
    """Whole powers of ten around all ratios, and 1 between them."""
    logs = [math.log10(ratio) for ratio in ratios] or [0.0]
    return min(-1, math.floor(min(logs))), max(1, math.ceil(max(logs)))


def _axis(low: int, high: int):
    return lambda ratio: _LEFT + _WIDTH * (min(max(math.log10(ratio), low), high) - low) / (high - low)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
