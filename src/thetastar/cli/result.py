"""The result of a study as one JSON object: what `--json` prints."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

__all__ = ["json_text", "result_text"]


def result_text(record: dict[str, Any], out: Path | str | None) -> str:
    """The result in the words of the record, without what only a picture needs (curves, points)."""
    test = record.get("test") or {}
    winner = record.get("winner") or {}
    result = {
        "thetastar": record["thetastar"],
        "question": record["question"],
        "task": record["question"]["task"],
        "target": record["question"]["target"],
        "metric": record["metric"],
        "chosen": winner.get("name"),
        "parameters": winner.get("parameters"),
        "score": test.get("scores"),
        "intervals": test.get("intervals"),
        "test_rows": test.get("rows"),
        "baselines": test.get("baselines"),
        "leaderboard": record["leaderboard"],
        "columns": record["columns"],
        "split": record["split"],
        "verdict": record["verdict"],
        "distrust": record["distrust"],
        "seconds": record["timing"].get("total"),
        "files": files_in(out),
    }
    return json_text(result)


def files_in(out: Path | str | None) -> dict[str, str] | None:
    """Where the results lie."""
    if out is None:
        return None
    names = {"report": "report.html", "model": "model.theta", "settings": "study.toml", "journal": "journal.jsonl"}
    return {key: str(Path(out) / name) for key, name in names.items()}


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
