"""How `--json` prints a result: one JSON object that every reader takes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thetastar._files import where_written

if TYPE_CHECKING:
    from thetastar.model import Model

__all__ = ["files_in", "json_text", "result_text"]


def result_text(model: Model, out: Path | str | None) -> str:
    """What `model.result()` gives, and where the files of the study lie."""
    return json_text({**model.result(), "files": files_in(out)})


def files_in(out: Path | str | None) -> dict[str, str] | None:
    """Where the results lie."""
    if out is None:
        return None
    place = where_written(out)
    names = {"report": "report.html", "model": "model.theta"}
    if (place / "tested.theta").exists():
        names["tested"] = "tested.theta"
    if place == Path(out):  # what a study writes while it runs is there alone
        names |= {"settings": "study.toml", "journal": "journal.jsonl"}
    return {key: str(place / name) for key, name in names.items()}


def json_text(value: Any) -> str:
    """JSON without NaN or infinity, which other readers refuse: they become null."""
    return json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False, default=_native)


def _native(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
