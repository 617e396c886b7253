"""Explanations as one offline page: headings, pictures, and the numbers of every picture under it."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from thetastar._files import write_atomically
from thetastar.explain import Explanation, Overview, Part

__all__ = ["page_of", "write_page"]

_BEGIN, _END = "<!-- explained -->", "<!-- end of explained -->"

_STYLE = """
:root { --paper: #f7f6f3; --surface: #fff; --ink: #191c20; --muted: #5b636e; --line: #e3e1db; --code: #f3f2ee;
color-scheme: light; } @media (prefers-color-scheme: dark) { :root { --paper: #0f1216; --surface: #171b21; --ink:
#e9ebee; --muted: #9aa4b1;
--line: #2a3038;
  --code: #12161b; color-scheme: dark; } }
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 -apple-system, "Segoe UI", Inter,
Roboto, Arial, sans-serif; } main { max-width: 1000px; margin: 0 auto; padding: 40px 24px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 14px; overflow-wrap: anywhere; }
@page { margin: 15mm 14mm; }
@media print { :root { color-scheme: light; } main { padding: 0; } }
"""
_PART_STYLE = """
.explained h2 { font-size: 1.35rem; line-height: 1.25; margin: 44px 0 6px; }
.explained p, .explained .under { color: var(--muted); max-width: 76ch; margin: 0 0 14px; overflow-wrap: anywhere; }
.explained figure { margin: 0 0 20px; padding: 16px; background: var(--surface); border: 1px solid var(--line);
border-radius: 12px; } .explained pre { overflow-x: auto; padding: 12px; background: var(--code); border-radius: 8px;
font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; } .explained summary { cursor: pointer; color: var(--muted);
font-size: 14px; }
@media print { .explained h2, .explained h2 + p { break-after: avoid; } .explained figure { break-inside: avoid; }
.explained pre { overflow: visible; white-space: pre-wrap; } }
"""
_SCRIPT = """
for (const box of document.querySelectorAll("[data-explained]"))
  draw(box, JSON.parse(document.getElementById("explained-figures").textContent)[box.dataset.explained]);
"""


def page_of(title: str, under: str, seen: Explanation) -> str:
    """The whole page. It makes no request to anywhere."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1">'
        f'<title>{html.escape(title)}</title><link rel="icon" '
        f'href="data:,"><style>{_STYLE}</style></head>\n<body><main>'
        f"<h1>{html.escape(title)}</h1>\n{_section(under, seen)}\n</main></body></html>\n"
    )


def write_page(path: Path, title: str, under: str, seen: Explanation) -> tuple[Path, bool]:
    """Write the page, or add the explanations to a report that is there; the second value says which.

    Raises:
        InputError: the folder does not exist, or the file cannot be written.
    """
    report = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    if 'id="figures"' not in report or "</main>" not in report:
        return write_atomically(path, page_of(title, under, seen).encode("utf-8", "replace")), False
    before, begun, rest = report.partition(_BEGIN)
    if begun:  # explained before: the new ones take the place of the old
        report = before + rest.partition(_END)[2]
    section = f'{_BEGIN}<section id="explained"><h2>Explained</h2>{_section(under, seen)}</section>{_END}'
    at = report.rindex("</main>")
    return write_atomically(path, (report[:at] + section + report[at:]).encode("utf-8", "replace")), True


def _section(under: str, seen: Explanation) -> str:
    from thetastar.charts import assets, json_text

    parts = seen.parts if isinstance(seen, Overview) else (Part("", "", seen),)
    figures: list[dict[str, Any]] = []
    blocks = [f'<p class="under">{html.escape(under)}</p>'] if under else []
    for part in parts:
        if part.title:
            blocks.append(f"<h2>{html.escape(part.title)}</h2><p>{html.escape(part.words)}</p>")
        drawn = part.explanation.charts()
        for chart in drawn:
            blocks.append(f'<figure><div data-explained="{len(figures)}"></div></figure>')
            figures.append(chart)
        numbers = f"<pre>{html.escape(str(part.explanation))}</pre>"
        blocks.append(f"<details><summary>The numbers</summary>{numbers}</details>" if drawn else numbers)
    if isinstance(seen, Overview) and seen.left_out:
        items = "".join(f"<li>{html.escape(words)}</li>" for words in seen.left_out)
        blocks.append(f"<h2>Left out</h2><ul>{items}</ul>")
    found = assets()
    return (
        f'<div class="explained"><style>{found.style}{_PART_STYLE}</style>{"".join(blocks)}</div>'
        f'<script type="application/json" id="explained-figures">{json_text(figures)}</script>'
        f'<script type="module">{found.script}{_SCRIPT}</script>'
    )
