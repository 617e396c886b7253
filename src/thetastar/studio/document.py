"""The page as one file: its modules one after another, the worker's source and the engine inside it.

The page's own files are plain ES modules that a server hands out as they are. A file that is opened from a disk may not
import others, so `export` puts each module into a function and hands its exports to those that import it. That asks a
little of the modules, which a test holds them to: imports begin a line and name what they take, exports stand
before `class`, `function` or `const`, or are a list.
"""

from __future__ import annotations

import base64
import html
import json
import re
import zlib
from pathlib import Path

from .content import Given, engine_file

__all__ = ["FILES", "bundle", "export", "page_text"]

FILES = Path(__file__).parent / "page"
_CHARTS = Path(__file__).parents[1] / "charts"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\./|\.\./)([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(
    r"^export (?=(?:async )?(?:class|function|const|let) )(?:async )?(?:class|function\*?|const|let) (\w+)",
    re.MULTILINE,
)
_EXPORT_LIST = re.compile(r"^export \{([^}]*)\};\n?", re.MULTILINE)


def find(name: str) -> Path:
    """The file behind a name in the page: its own, or one of the charts'."""
    return _CHARTS / name.removeprefix("charts/") if name.startswith("charts/") else FILES / name


def bundle(name: str) -> str:
    """Return a module and all that it imports as one script."""
    parts: list[str] = []
    names: dict[Path, str] = {}

    def add(path: Path) -> str:
        path = path.resolve()
        if path in names:
            return names[path]
        text = re.sub(
            r"^ *//.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE
        )  # comments stay in the files

        def imported(match: re.Match) -> str:
            place = (FILES if match[3].startswith("charts/") else path.parent) / match[3]
            other = add(find(match[3]) if match[3].startswith("charts/") else (path.parent / (match[2] + match[3])))
            del place
            taken = re.sub(r"(\w+) as (\w+)", r"\1: \2", " ".join(match[1].split()))
            return f"const {{ {taken} }} = {other};\n"

        text = _IMPORT.sub(imported, text)
        exported = _EXPORT.findall(text)
        text = re.sub(r"^export (?=(?:async )?(?:class|function|const|let) )", "", text, flags=re.MULTILINE)
        for group in _EXPORT_LIST.findall(text):
            exported += [
                re.sub(r"(\w+) as (\w+)", r"\2: \1", item.strip()) for item in group.split(",") if item.strip()
            ]
        text = _EXPORT_LIST.sub("", text)
        names[path] = f"module_{len(names) + 1}_{re.sub(r'[^0-9A-Za-z]', '_', path.stem)}"
        parts.append(f"const {names[path]} = (() => {{\n{text}\nreturn {{ {', '.join(exported)} }};\n}})();\n")
        return names[path]

    add(find(name))
    return '"use strict";\n' + "".join(parts)


def _inside_script(text: str) -> str:
    """Text that may stand between the tags of a script element."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def packed_engine() -> str:
    """The engine's module, deflated, in base64."""
    return base64.b64encode(zlib.compress(engine_file().read_bytes(), 9)).decode()


def given_text(given: Given, *, served: bool) -> str:
    """What a page opens with, as JSON that may stand in a script element."""
    return json.dumps(given.as_json(served=served), ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace(
        "<", "\\u003c"
    )


def page_text(given: Given | None = None, *, title: str = "thetastar studio") -> str:
    """Return the studio as one HTML text that asks for nothing else.

    Args:
        given: what it opens with.
        title: of the page.

    Raises:
        InputError: the engine for pages was not built.
    """
    text = (FILES / "index.html").read_text(encoding="utf-8")
    style = find("charts/charts.css").read_text(encoding="utf-8") + (FILES / "style.css").read_text(encoding="utf-8")
    inside = {
        '<link rel="stylesheet" href="charts/charts.css">\n': "",
        '<link rel="stylesheet" href="style.css">': f"<style>\n{style}</style>",
        "<title>thetastar studio</title>": f"<title>{html.escape(title)}</title>",
        '<script id="given" type="application/json">{}</script>': (
            f'<script id="given" type="application/json">{given_text(given or Given(), served=False)}</script>\n'
            f'<script id="engine" type="text/plain">{packed_engine()}</script>\n'
            f'<script id="worker" type="text/plain">{_inside_script(bundle("worker.js"))}</script>'
        ),
        '<script type="module" src="main.js"></script>': (
            f'<script type="module">{_inside_script(bundle("main.js"))}</script>'
        ),
    }
    for mark, content in inside.items():
        assert mark in text, mark
        text = text.replace(mark, content)
    return text


def export(path: str | Path, given: Given | None = None) -> Path:
    """Write the studio, with its engine and the data that it opens with, as one file that works offline.

    Args:
        path: where; an existing file is replaced in one go.
        given: what it opens with.

    Returns:
        The path.

    Raises:
        InputError: the engine for pages was not built.
    """
    from ..study.folder import write_atomically

    return write_atomically(Path(path), page_text(given).encode())
