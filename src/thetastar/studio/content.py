"""What a studio page holds beside its own files: the engine, and the data, model or study that it opens with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError

__all__ = ["Given", "engine_file", "given_for", "told"]

_LARGEST_TABLE = 30_000_000  # bytes of text that a page takes in


@dataclass(frozen=True)
class Given:
    """What a page opens with.

    Args:
        room: the room that is shown first.
        link: that room's settings, as in the part of the address behind the question mark.
        data: {"name", "text", "target"} of a table as CSV text, or None.
        study: the record of a finished study, or None.
        digits: small pictures with their classes for the room of digits, or None.
        views: a series of days as CSV text for the room of views, or None.
    """

    room: str = "playground"
    link: str = ""
    data: dict[str, Any] | None = None
    study: dict[str, Any] | None = None
    digits: dict[str, Any] | None = field(default=None, repr=False)
    views: str | None = field(default=None, repr=False)

    def as_json(self, *, served: bool) -> dict[str, Any]:
        """The plain dict that the page reads."""
        return {
            "room": self.room, "link": self.link, "data": self.data, "study": self.study, "digits": self.digits,
            "views": self.views, "served": served,
        }  # fmt: skip


def engine_file() -> Path:
    """Return where the engine for pages lies, a WebAssembly module that the package's build makes of core/.

    Raises:
        InputError: the build had no compiler for it.
    """
    import thetastar
    from thetastar import studio

    places = [Path(place) / "page" for place in studio.__path__]
    places += [Path(place) / "studio" / "page" for place in thetastar.__path__]
    for place in places:
        if (place / "engine.wasm").is_file():
            return place / "engine.wasm"
    raise InputError(
        "thetastar studio: the engine for pages is not there, because its compiler was not when thetastar was "
        "installed. Run `pip install ziglang` and then install thetastar again."
    )


def given_for(path: Path | None) -> Given:
    """Return what a page opens with for a table, a model, a study's folder, or nothing.

    Raises:
        InputError: there is no such file, or it is nothing that the studio can show.
    """
    if path is None:
        return Given(**_lectures())
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder; give a table, a model.theta or a study's folder.")
    if path.is_dir() or path.suffix == ".theta":
        return _given_study(path)
    return _given_table(path)


def _given_table(path: Path) -> Given:
    if path.stat().st_size > _LARGEST_TABLE:
        raise InputError(
            f"{path}: a page takes tables of up to {_LARGEST_TABLE // 1_000_000} MB. Got "
            f"{path.stat().st_size // 1_000_000} MB. Use thetastar fit, or a part of the rows."
        )
    text = (
        path.read_text(encoding="utf-8", errors="replace") if path.suffix in (".csv", ".tsv", ".txt") else _as_csv(path)
    )
    return Given(link="data=table", data={"name": path.name, "text": text, "target": None}, **_lectures())


def _as_csv(path: Path) -> str:
    """A table in another format as CSV text."""
    import csv
    import io

    import pyarrow.feather
    import pyarrow.parquet

    readers = {
        ".parquet": pyarrow.parquet.read_table,
        ".arrow": pyarrow.feather.read_table,
        ".feather": pyarrow.feather.read_table,
    }
    if path.suffix not in readers:
        raise InputError(
            f"{path}: the studio opens .csv, .tsv, .txt, .parquet, .arrow, model.theta and folders of fit."
        )
    table = readers[path.suffix](path)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(
        zip(*(["" if v is None else v for v in column.to_pylist()] for column in table.columns), strict=True)
    )
    return stream.getvalue()


def _given_study(path: Path) -> Given:
    model = path if path.suffix == ".theta" else path / "model.theta"
    if not model.exists():
        raise InputError(f"{path}: there is no model.theta in it; the study may not have finished. Run fit again.")
    import thetastar

    loaded = thetastar.load(str(model))
    if not hasattr(loaded, "record") or not hasattr(loaded.record, "leaderboard"):
        raise InputError(f"{model}: the studio opens models of fit. Got another kind. Open its table instead.")
    return Given(room="study", study=told(loaded), data=_table_of(loaded, model), **_lectures())


def told(model: Any) -> dict[str, Any]:
    """What the room of studies shows of a model: the leaderboard, the metric and the words of its result."""
    record, result = model.record.model_dump(mode="json"), model.result()
    return _plain({
        "leaderboard": record["leaderboard"], "metric": record["metric"], "verdict": result["verdict"],
        "headline": result["headline"]["words"], "score": result["score"],
    })  # fmt: skip


def _table_of(model: Any, path: Path) -> dict[str, Any] | None:
    """The table that a model was fitted to, where it still lies where it was, and as it was."""
    from ..data.read import read_table
    from ..study.folder import data_digest

    data = model.record.settings.data
    for place in (Path(data.path), path.parent / data.path, path.parent.parent / Path(data.path).name):
        if place.is_file() and place.suffix in (".csv", ".tsv", ".txt") and place.stat().st_size <= _LARGEST_TABLE:
            if data_digest(read_table(place), None) != data.digest:
                continue
            text = place.read_text(encoding="utf-8", errors="replace")
            return {"name": place.name, "text": text, "target": model.targets[0]}
    return None


def _plain(value: Any) -> Any:
    """As JSON takes it: numbers that are none become null."""
    import math

    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _lectures() -> dict[str, Any]:
    """The data of the lectures' rooms."""
    from ..datasets import load

    columns, target = load("views")
    views = "\n".join(
        ["date,views", *(f"{day},{count}" for day, count in zip(columns["date"], columns[target], strict=True))]
    )
    return {"digits": _digits(), "views": views}


def _digits() -> dict[str, Any]:
    """scikit-learn's digits, 1,797 pictures of 8 × 8 pixels from 0 to 16, one character a pixel."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    letters = "0123456789abcdefg"
    return {
        "size": 8, "most": 16, "classes": [str(k) for k in range(10)],
        "pixels": "".join(letters[int(v)] for v in digits.data.ravel()),
        "labels": "".join(str(k) for k in digits.target),
    }  # fmt: skip
