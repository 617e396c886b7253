"""The folder of a study (`out=`): what it may hold, and how its settings are written.

`study.toml` says everything needed to run the study again to the same bits; it is written once, when the data has been
read and the plan is made. A folder that holds another study is refused, never overwritten, unless asked to.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from thetastar._files import make_folder, write_atomically
from thetastar.errors import InputError
from thetastar.study.lock import FolderLock
from thetastar.study.options import StudyOptions

__all__ = ["TESTED", "claim_folder", "data_digest", "hold_folder", "read_study", "to_toml"]

TESTED = "tested.theta"
"""The model as it was when the test rows were scored, beside model.theta, which has learned from them since."""

_OWN = ("study.toml", "journal.jsonl", "model.theta", TESTED, "report.html")
# What may differ between two runs that must give the same bits: it changes the time, not the result.
_FREE = {*StudyOptions.kept_as("time"), "created", "path", "test_path"}


def data_digest(*tables: Any) -> str:
    """A digest of the tables' names and values: the same data read from anywhere gives the same digest."""
    digest = hashlib.sha256()
    for table in tables:
        if table is None:
            digest.update(b"no table")
            continue
        for name in table.names:
            column = table.column(name)
            digest.update(repr((name, table.row_count)).encode())
            if column.samples is not None:
                digest.update(repr((column.samples.shape, column.samples.dtype.str)).encode())
                digest.update(np.ascontiguousarray(column.samples).data)
            elif column.numbers is not None:
                digest.update(column.numbers.tobytes())
            else:
                digest.update("\x1f".join(column.levels).encode())
                digest.update(column.codes.tobytes())
    return digest.hexdigest()


def claim_folder(out: Path, settings: dict[str, Any], *, fresh: bool) -> bool:
    """Make `out` this study's folder; True if it already holds the same study, to be resumed.

    Raises:
        InputError: it is a file, or it holds another study (the message says what differs), or cannot be created.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: this is a file. Give a folder for the results.")
    held = out / "study.toml"
    if held.exists() and not fresh:
        different = _differences(read_study(held), settings)
        if not different:
            return True
        more = f"; and {len(different) - 2} more settings differ" if len(different) > 3 else ""
        told = "; ".join(different[: 2 if more else 3]) + more
        raise InputError(
            f"{out}: the folder holds another study ({told}). "
            "Give another folder, or ask for a fresh start (fresh=True, --fresh) to replace it."
        )
    if out.exists() and not held.exists() and (out / "journal.jsonl").exists() and not fresh:
        raise InputError(
            f"{out}: there is a journal but no study.toml. Give another folder, or ask for a fresh start "
            "(fresh=True, --fresh)."
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        if fresh:
            for name in _OWN:
                (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{out}: the folder cannot be used ({error.strerror}). Choose another.") from error
    write_atomically(held, to_toml(settings).encode())
    return False


def hold_folder(out: Path) -> FolderLock:
    """Hold the folder, made if it is missing, against a second writer.

    Raises:
        InputError: it is a file or cannot be created, or another process holds it.
    """
    make_folder(out)
    held = FolderLock(out)
    for part in out.glob(".*.part"):  # of a process that was killed while it wrote: nobody else writes here now
        part.unlink(missing_ok=True)
    return held


def read_study(path: Path) -> dict[str, Any]:
    """The settings in a study.toml.

    Raises:
        InputError: the file is missing or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file. Give the folder that a study was written to.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(
            f"{path}: not a readable study.toml ({error}). Give another folder or a fresh start."
        ) from None


def _differences(held: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """What differs, in words, where it would change the result."""
    held, wanted = _flat(held), _flat(tomllib.loads(to_toml(wanted)))
    return [
        f"{name}: {held.get(name, 'not given')} there, {wanted.get(name, 'not given')} here"
        for name in sorted(held.keys() | wanted.keys())
        if name.split(".")[-1] not in _FREE and held.get(name) != wanted.get(name)
    ]


def _flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    pairs: Iterable[tuple[object, Any]]
    if isinstance(tree, dict) and tree:
        pairs = tree.items()
    elif isinstance(tree, list) and tree and isinstance(tree[0], dict):
        pairs = enumerate(tree, start=1)
    else:
        return {prefix: tree}
    flat: dict[str, Any] = {}
    for name, value in pairs:
        flat.update(_flat(value, f"{prefix}.{name}" if prefix else str(name)))
    return flat


def to_toml(settings: dict[str, Any]) -> str:
    """The settings as TOML: strings, numbers, booleans, lists, tables and lists of tables; None is left out.

    The standard library reads TOML and does not write it; a study needs no more than this.
    """
    return "\n".join(_table_lines(settings, ())).strip() + "\n"


def _table_lines(table: dict[str, Any], path: tuple[str, ...]) -> list[str]:
    given = {name: value for name, value in table.items() if value is not None}
    nested = {name: value for name, value in given.items() if _is_table(value)}
    lines = [f"{_key(name)} = {_value(value)}" for name, value in given.items() if name not in nested]
    for name, value in nested.items():
        title = ".".join(_key(part) for part in (*path, name))
        for item in value if isinstance(value, list) else [value]:
            lines += ["", f"[[{title}]]" if isinstance(value, list) else f"[{title}]"]
            lines += _table_lines(item, (*path, name))
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _key(name: str) -> str:
    plain = name and all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in name)
    return name if plain else _string(name)


def _string(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(item) for item in value)}]"
    return _string(str(value))
