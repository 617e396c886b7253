"""How often test rows have been looked at: one line a look in `looks.jsonl`, beside the model in a study's folder.

A test that is looked at again and again, each time with something changed, chooses too. So each look at the same rows
is written down: by `fit` when it scores them, by `evaluate` when it is given them again.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

__all__ = ["earlier_looks", "note_look"]

_NAME = "looks.jsonl"


def earlier_looks(folder: Path, rows: str) -> list[dict[str, Any]]:
    """The looks at these rows that the folder knows of, the first one first; a line that is damaged is passed over."""
    try:
        lines = (folder / _NAME).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    found = []
    for line in lines:
        try:
            look = json.loads(line)
        except ValueError:
            continue
        if isinstance(look, dict) and look.get("rows") == rows:
            found.append(look)
    return found


def note_look(folder: Path, rows: str, count: int, by: str, scores: dict[str, float | None]) -> None:
    """Write one more look down.

    Args:
        rows: what tells them from others: the digest of their table.
        count: how many they are.
        by: the command, "fit" or "evaluate".
    """
    when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    look = {"when": when, "by": by, "rows": rows, "count": count, "scores": scores}
    with open(folder / _NAME, "a", encoding="utf-8") as stream:
        stream.write(json.dumps(look, ensure_ascii=False) + "\n")
