"""Records of older formats, brought to today's. Every model file that was ever written must go on loading."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["migrated"]

_IN_MEMORY = ("array", "arrays", "dict of columns", "list of rows")
_HELD = re.compile(r"The network that you hold was trained .* from (\d+) random starts; kept is start (\d+),")


def migrated(held: dict[str, Any]) -> dict[str, Any]:
    """The record as format 2 has it, without what is computed from it; the given dictionary is not changed.

    Format 1 (until version 0.1.0) was an unchecked dictionary. It stored the verdict's sentences, among them the only
    trace of how many starts the final training had and what the study cut short; the sentences themselves are made
    anew, because headline and verdict could say opposite things.
    """
    record = {name: value for name, value in held.items() if name not in ("headline", "verdict")}
    if record.get("format") != 1:
        return record
    try:
        return _from_format_1(record, held.get("verdict", []))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"a record of format 1 has another form than this one ({error!r:.80})") from None


def _from_format_1(record: dict[str, Any], sentences: list[str]) -> dict[str, Any]:
    starts, kept, shortcuts = _from_the_verdict(sentences)
    record["format"] = 2
    record |= {"notes": [], "shortcuts": shortcuts, "optimism": None, "leaked": None}
    record.setdefault("samples", None)
    source = record["question"]["source"]
    record["question"] = {"is_file": not (source in _IN_MEMORY or source.endswith("data frame")), **record["question"]}
    ordered = bool(record["settings"]["study"].get("ordered", False))
    record["split"] = {"ordered": ordered, **record["split"]}
    record["metric"] = {**record["metric"], "unit": record["metric"].get("unit") or ""}
    record["leaderboard"] = [
        {"round": None, "folds": None, "fold_spread": None, "start_spread": None, **row}
        for row in record["leaderboard"]
    ]
    winner = record["winner"]
    layers = [{**layer, "output": _shape(layer["output"]), "activation": layer["activation"] or ""}
              for layer in winner["layers"]]  # fmt: skip
    record["winner"] = {**winner, "layers": layers, "starts": starts, "kept": kept}
    return record


def _from_the_verdict(sentences: list[str]) -> tuple[int | None, int | None, list[str]]:
    """Starts, the one kept, and what was cut short: the sentences after the one that tells of the final training."""
    for place, sentence in enumerate(sentences):
        if found := _HELD.match(sentence):
            return int(found[1]), int(found[2]) - 1, sentences[place + 1 :]
    return None, None, []


def _shape(output: list[int | str]) -> list[int]:
    """[16], or a picture's size in words: ["14 × 14 × 6"]."""
    return [int(number) for part in output for number in str(part).split(" × ")]
