"""Reads the figures of `tests/golden/`."""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "golden"


def read(name):
    """The content of NAME.json; the line that names the maker is left out."""
    figures = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert re.search(r"torch 2\.|keras 3\.|optax 0\.", figures.pop("made_by"))
    return figures
