"""What a request may be: how long, how many rows, for how long; and its body as rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Limits", "Refused", "body_of", "flag", "kind_of", "refuse_long", "rows_of"]


@dataclass(frozen=True)
class Limits:
    """What one request may cost.

    Attributes:
        bytes: of its body.
        rows: in it.
        seconds: until an answer is given up.
    """

    bytes: int = 10_000_000
    rows: int = 100_000
    seconds: float = 30.0


class Refused(Exception):
    """A request that is not answered: a status of HTTP and why."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


def flag(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise Refused(422, f"proba must be true or false. Got {text[:40]!r}. Use ?proba=true for probabilities.")
    return text.lower() in ("true", "1")


async def body_of(request: Any, limits: Limits) -> bytes:
    """The body, given up as soon as it is too long."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limits.bytes:
            raise Refused(413, f"A request may have {limits.bytes:,} bytes. Got more. Send rows in several requests.")
        parts.append(part)
    return b"".join(parts)


def rows_of(body: bytes, limits: Limits) -> list[dict[str, Any]]:
    """The rows of a JSON text."""
    try:
        found = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        words = "too deep" if isinstance(error, RecursionError) else str(error)
        raise Refused(400, f"The body is not JSON ({words[:120]}). Send a row, {{column: value}}, or rows.") from None
    if isinstance(found, dict) and set(found) == {"rows"} and isinstance(found["rows"], list):
        found = found["rows"]
    rows = found if isinstance(found, list) else [found]
    if not rows:
        raise Refused(422, "There must be at least one row. Got none. Send {column: value} or a list of such rows.")
    if len(rows) > limits.rows:
        words = f"A request may have {limits.rows:,} rows. Got {len(rows):,}. Send them in several requests."
        raise Refused(413, words)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            words = f"row {number}: a row must be an object {{column: value}}. Got {_kind(row)}. Name the columns."
            raise Refused(422, words)
    return rows


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON; use null where a value is not known")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, list):
        return "a list"
    return "a text" if isinstance(value, str) else "a number"


def kind_of(request: Any) -> str:
    """What a request says its body is: "application/json" or "text/csv".

    Raises:
        Refused: it is something else.
    """
    kind = str(request.headers.get("content-type", "application/json")).partition(";")[0].strip().lower()
    if kind == "text/csv":
        return kind
    if kind not in ("application/json", "text/json", ""):
        raise Refused(415, f"A body must be application/json or text/csv. Got {kind[:60]!r}. Say which it is.")
    return "application/json"


def refuse_long(csv: bytes, limits: Limits) -> None:
    """Refuse a CSV text of more rows than a request may have.

    Raises:
        Refused: it has more.
    """
    if csv.count(b"\n") > limits.rows + 1:
        raise Refused(413, f"A request may have {limits.rows:,} rows. Got more. Send them in several requests.")
