"""Cells that arrive as texts become a column: of numbers where the known cells are, of texts otherwise.

A stray text among many numbers (`n.d.`, `<0.5`) counts as missing and is named; it does not make the numbers texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thetastar.data.numbers import DASH, MAYBE_MISSING, MISSING, common_unit, decimal_evidence, read_numbers
from thetastar.data.table import Column

__all__ = ["STRAY_SHARE", "CellTexts", "looks_measured", "missing_notes", "typed_again", "typed_column", "whole_column"]

STRAY_SHARE = 0.1  # at most so many of the known cells may be no numbers in a column of numbers
_CENSORED_SHARE = 0.5  # of cells beyond a limit of detection (`<0.5`)
_FEW = 20  # numbers that are no more different than this may be codes beside other codes ("2", "4", "more")
_EXACT = 2.0**53
_HEAD = 256  # first cells that tell most columns
_IN_DOUBT_ROWS = 10_000  # texts whose points may group thousands are kept for so many rows


def typed_column(
    name: str, cells: Any, *, comma_is_decimal: bool = False, mark: str = "", trim: bool = True, native: str = "written"
) -> Column:
    """A column from an Arrow array of texts: numbers where the known cells are, texts otherwise.

    Whole numbers that are written with leading zeros (`00501`) are codes, not quantities, and stay texts.

    Args:
        comma_is_decimal: prefer the decimal comma where both readings are possible and no `mark` is given.
        mark: the decimal sign of the whole file, "," or "."; "" where nothing tells.
        trim: whether cells may carry blanks around them.
        native: see `Column`.
    """
    return CellTexts(cells, trim=trim).column(name, comma_is_decimal=comma_is_decimal, mark=mark, native=native)


@dataclass(frozen=True, eq=False)
class _Levels:
    """The distinct texts of a column without those that mean "not known": codes (n,) int32, -1 where missing."""

    codes: np.ndarray
    texts: list[str]
    counts: np.ndarray
    blanks: tuple[tuple[str, int, int], ...]


class CellTexts:
    """The texts of one column of a file: first asked what they say about the file's signs, then typed."""

    _cells: Any
    _blanks: tuple[tuple[str, int, int], ...] = ()
    _levels: _Levels | None = None
    _numbers: np.ndarray | None
    _evidence: tuple[bool, bool, bool, bool] | None = None

    def __init__(self, cells: Any, *, trim: bool = True) -> None:
        """The cells as Arrow's texts; or as float64 where they are decimals that were read at once."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_floating(cells.type):
            self._cells = None
            self._numbers = cells.to_numpy(zero_copy_only=False)
            self._evidence = (False, True, False, False)
            return
        self._cells = pc.utf8_trim_whitespace(cells) if trim else cells
        self._numbers = self._plainly_written()
        if self._numbers is None:
            self._levels = _levels_of(self._cells)
        else:
            evidence = self.evidence(thorough=False)
            if evidence[1] and not self._points_may_group():
                # Decimals as programs write them: nothing more is asked of their texts, which are most of the memory.
                self._evidence, self._cells = evidence, None

    def _plainly_written(self) -> np.ndarray | None:
        """The cells as numbers where all known ones are plain numbers, nan where "not known" is written; else None."""
        import pyarrow as pa
        import pyarrow.compute as pc

        missing = pa.array(list(MISSING))
        head = self._cells.slice(0, _HEAD)
        try:  # texts are told by their head, without reading all of it
            pc.cast(pc.if_else(pc.is_in(head, missing), None, head), pa.float64())
        except pa.ArrowInvalid:
            return None
        try:
            return pc.cast(self._cells, pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            pass
        blank = pc.is_in(self._cells, missing)
        known = pc.if_else(blank, None, self._cells)
        try:
            numbers = pc.cast(known, pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            return None
        self._blanks = tuple(
            (found["values"], found["counts"], pc.index(self._cells, found["values"]).as_py())
            for found in pc.value_counts(self._cells.filter(blank)).to_pylist()
            if found["values"]
        )
        self._cells = known
        return numbers

    @property
    def plain(self) -> bool:
        """Whether every known cell is a number as programs write it, with a decimal point or none."""
        return self._numbers is not None

    def evidence(self, *, thorough: bool = True) -> tuple[bool, bool, bool, bool]:
        """What the column says about the signs of the file, as `numbers.decimal_evidence`.

        Args:
            thorough: False looks at the column's head only, which tells most columns with decimals.
        """
        import pyarrow.compute as pc

        if self._evidence is not None:
            return self._evidence
        if self._levels is not None:
            return _levels_evidence(self._levels.texts, thorough)
        head = self._cells.slice(0, _HEAD)
        dotted = pc.filter(head, pc.match_substring(head, "."))
        found = decimal_evidence(dotted.to_pylist()) if len(dotted) else (False, False, False, False)
        if found[1] or not thorough or (len(dotted) == 0 and self._holds_whole):
            return found
        return decimal_evidence(pc.drop_null(pc.unique(self._cells)).to_pylist())

    def column(self, name: str, *, comma_is_decimal: bool = False, mark: str = "", native: str = "written") -> Column:
        """The typed column; see `typed_column`."""
        import pyarrow.compute as pc

        if self._evidence is not None:
            return Column(name, numbers=self._numbers, native=native, blanks=self._blanks)
        if self._numbers is not None and not (_whole(self._numbers) and _leading_zeros(self._cells)):
            grouped = mark != "." and self._points_may_group()
            if not grouped or (mark == "" and len(self._cells) > _IN_DOUBT_ROWS):
                if _beyond(self._numbers):
                    exact = whole_column(name, self._cells, native)
                    if exact is not None:
                        return replace(exact, blanks=self._blanks)
                numbers = np.asarray(self._numbers, dtype=np.float64)
                return Column(name, numbers=numbers, native=native, blanks=self._blanks)
            levels = replace(_levels_of(self._cells), blanks=self._blanks)
            if mark == "":
                return Column(
                    name,
                    np.asarray(self._numbers),
                    levels.codes,
                    tuple(levels.texts),
                    native=native,
                    style="in doubt",
                    blanks=self._blanks,
                )
            return _from_levels(name, levels, comma_is_decimal, mark, native)
        levels = self._levels or replace(_levels_of(self._cells), blanks=self._blanks)
        column = _from_levels(name, levels, comma_is_decimal, mark, native)
        if column.kind == "number" and not column.style and not column.strays and _beyond(column.numbers):
            blank = pc.is_in(self._cells, value_set=_missing_texts())
            exact = whole_column(name, pc.if_else(blank, None, self._cells), native)
            return column if exact is None else replace(exact, blanks=column.blanks)
        return column

    @property
    def _holds_whole(self) -> bool:
        return self._numbers is not None and _whole(self._numbers)

    def _points_may_group(self) -> bool:
        """True where all points stand before groups of three digits, so that they may be thousands."""
        import pyarrow.compute as pc

        head = self._cells.slice(0, _HEAD)
        dotted = pc.filter(head, pc.match_substring(head, "."))
        pattern = r"^[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+$"
        if len(dotted) == 0 and self._holds_whole:
            return False
        if not pc.all(pc.match_substring_regex(dotted, pattern), min_count=0).as_py():
            return False
        dotted = pc.filter(self._cells, pc.match_substring(self._cells, "."))
        return len(dotted) > 0 and bool(pc.all(pc.match_substring_regex(dotted, pattern)).as_py())


def _levels_evidence(texts: Sequence[str], thorough: bool) -> tuple[bool, bool, bool, bool]:
    head = decimal_evidence(texts[:_HEAD])
    return head if any(head[:2]) or not thorough or len(texts) <= _HEAD else decimal_evidence(texts)


def _levels_of(cells: Any) -> _Levels:
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(cells)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    texts = encoded.dictionary.to_pylist()
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    return _without(_Levels(codes, texts, counts, ()), lambda text: text in MISSING)


def _without(levels: _Levels, gone: Callable[[str], bool]) -> _Levels:
    """The levels without some that mean "not known"; their cells become -1, and what was written is remembered."""
    out = np.array([gone(text) for text in levels.texts], dtype=bool)
    if not out.any():
        return levels
    kept = [text for text, leaves in zip(levels.texts, out, strict=True) if not leaves]
    turned = np.cumsum(~out).astype(np.int32) - 1
    turned[out] = -1
    blanks = [
        (levels.texts[code], int(levels.counts[code]), int(np.argmax(levels.codes == code)))
        for code in np.flatnonzero(out)
        if levels.texts[code]
    ]
    codes = np.append(turned, np.int32(-1))[levels.codes]
    return _Levels(codes, kept, levels.counts[~out], (*levels.blanks, *blanks))


def _from_levels(name: str, levels: _Levels, comma_is_decimal: bool, mark: str, native: str) -> Column:
    """The column of a few or many distinct texts: numbers in the style of the file or of their own, or texts."""
    if DASH in levels.texts and _all_numbers([t for t in levels.texts if t != DASH], comma_is_decimal, mark):
        levels = _without(levels, lambda text: text == DASH)
    texts = levels.texts
    if not texts:
        return Column(name, numbers=np.full(len(levels.codes), np.nan), native=native, blanks=levels.blanks)
    plain = Column(name, codes=levels.codes, levels=tuple(texts), native=native, blanks=levels.blanks)
    if _codes(texts):
        return plain
    read = _read(texts, levels.counts, comma_is_decimal, mark)
    quoted = any(text[0] in "'\"" for text in texts)
    if read.valid.all() and not quoted:
        return _numeric(plain, read, ())
    if quoted or not read.valid.any() or not looks_measured(read.values[read.valid], levels.counts[read.valid].sum()):
        return plain
    strays = [text for text, valid in zip(texts, read.valid, strict=True) if not valid]
    if _codes([text for text, valid in zip(texts, read.valid, strict=True) if valid]):
        return plain
    known, wrong = int(levels.counts.sum()), int(levels.counts[~read.valid].sum())
    soft = sum(
        int(count)
        for text, count, valid in zip(texts, levels.counts, read.valid, strict=True)
        if not valid and (text.casefold() in MAYBE_MISSING or _censored(text))
    )
    if wrong - soft > STRAY_SHARE * known or wrong > max(_CENSORED_SHARE, STRAY_SHARE) * known:
        return plain
    return _numeric(plain, read, tuple(strays))


def _read(texts: Sequence[str], counts: np.ndarray, comma_is_decimal: bool, mark: str) -> Any:
    """The texts as numbers: in the file's signs, in the column's own where those do not suit, or with one unit."""
    forced = {",": "decimal comma", ".": "thousands"}.get(mark)
    read = own = read_numbers(texts, comma_is_decimal=comma_is_decimal)
    if (forced is not None and own.style not in ("", forced)) or (mark == "," and any("." in text for text in texts)):
        read = read_numbers(texts, style=forced)
        poor = counts[~read.valid].sum() > STRAY_SHARE * counts.sum()
        if poor and counts[own.valid].sum() > counts[read.valid].sum():
            read = own
    if counts[read.valid].sum() < 0.5 * counts.sum():
        unit = common_unit(texts)
        if unit:
            style = (forced or read.style).partition("|")[0]
            with_unit = read_numbers(texts, style=f"{style}|{unit}")
            if with_unit.valid.any() and looks_measured(with_unit.values[with_unit.valid], int(counts.sum())):
                return with_unit
    return read


def _numeric(column: Column, read: Any, strays: tuple[str, ...]) -> Column:
    numbers = np.append(read.values, np.nan)[column.codes]
    if read.style or strays:
        return replace(column, numbers=numbers, style=read.style, strays=strays)
    return replace(column, numbers=numbers, codes=None, levels=())


def _all_numbers(texts: Sequence[str], comma_is_decimal: bool, mark: str) -> bool:
    if not texts or any(text[0] in "'\"" for text in texts):
        return False
    style = {",": "decimal comma", ".": "thousands"}.get(mark)
    return bool(read_numbers(texts, comma_is_decimal=comma_is_decimal, style=style).valid.all())


def looks_measured(values: np.ndarray, known: int) -> bool:
    """True for distinct numbers that are quantities rather than codes: many, or in a small table most cells differ."""
    distinct = len(np.unique(values))
    return distinct > _FEW or (distinct >= 5 and distinct > known / 2)


def _censored(text: str) -> bool:
    """True for a number beyond a limit of detection, such as `<0.5`."""
    return text[0] in "<>≤≥" and any(character.isdigit() for character in text)


def whole_column(name: str, cells: Any, native: str) -> Column | None:
    """A column of whole numbers that keeps every digit; None if some cell is another text than digits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.all(pc.match_substring_regex(cells, r"^[+-]?[0-9]+$"), min_count=0).as_py():
        return None
    encoded = pc.dictionary_encode(cells)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    found = [int(text) for text in encoded.dictionary.to_pylist()]
    rank = {value: position for position, value in enumerate(sorted(set(found)))}
    turned = np.array([*(rank[value] for value in found), -1], dtype=np.int32)
    codes = turned[pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)]
    numbers = np.array([*map(float, rank), np.nan])[codes]
    return Column(name, numbers=numbers, codes=codes, levels=tuple(map(str, rank)), native=native, style="whole")


def typed_again(column: Column) -> Column:
    """The column after rows were dropped: what they said must not decide what the others are."""
    if column.native not in ("written", "text") or column.category or column.codes is None or column.exact:
        return column
    counts = column.level_counts()
    used = np.flatnonzero(counts)
    strays = set(column.strays) & {column.levels[code] for code in used}
    if column.kind == "number":
        return column if len(strays) == len(column.strays) else replace(column, strays=tuple(sorted(strays)))
    turned = np.full(len(counts) + 1, -1, np.int32)
    turned[used] = np.arange(len(used))
    levels = _Levels(turned[column.codes], [column.levels[code] for code in used], counts[used], column.blanks)
    return _from_levels(column.name, levels, False, "", column.native)


def missing_notes(columns: Sequence[Column], place: Callable[[int], str]) -> list[str]:
    """Sentences that say which texts count as missing, in how many cells, and where the first of them stands."""
    notes = []
    for column in columns:
        if not column.strays:
            continue
        codes = [column.levels.index(text) for text in column.strays]
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))[codes].tolist()
        rows = [int(np.argmax(column.codes == code)) for code in codes]
        order = sorted(range(len(codes)), key=lambda i: (-counts[i], rows[i]))[:3]
        cells = [f"{counts[i]:,} cells, the first in" if counts[i] > 1 else "1 cell," for i in range(len(codes))]
        shown = [f"{column.strays[i]!r} ({cells[i]} {place(rows[i])})" for i in order]
        total, more = sum(counts), len(codes) - len(order)
        which = ", ".join(shown) + (f" and {more} other text{'s' * (more > 1)}" if more else "")
        notes.append(
            f"{column.name!r} holds numbers; {total:,} cell{'s' * (total > 1)} {'are' if total > 1 else 'is'} none and "
            f"count{'s' * (total == 1)} as missing: {which}."
        )
    texts: dict[str, list[Any]] = {}
    for column in columns:
        for text, count, row in column.blanks:
            seen = texts.setdefault(text, [0, f"{place(row)}, column {column.name!r}"])
            seen[0] += count
    if texts:
        first_blanks = ", ".join(
            f"{text!r} in {count:,} cell{'s' * (count > 1)} ({'the first in ' * (count > 1)}{where})"
            for text, (count, where) in list(texts.items())[:4]
        )
        notes.append(f"Counted as missing: {first_blanks}.")
    return notes


def _missing_texts() -> Any:
    import pyarrow as pa

    return pa.array([*MISSING, DASH])


def _whole(numbers: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        for part in (numbers[:_HEAD], numbers):  # most columns with decimals are told by their head
            if not np.all((part == np.floor(part)) | np.isnan(part)):
                return False
    return True


def _beyond(numbers: np.ndarray) -> bool:
    """True for whole numbers of which some are too large for float64 to hold exactly."""
    if len(numbers) == 0:
        return False
    low, high = np.fmin.reduce(numbers), np.fmax.reduce(numbers)
    return bool(max(-low, high) >= _EXACT) and bool(np.isfinite(low) and np.isfinite(high)) and _whole(numbers)


def _codes(texts: Sequence[str]) -> bool:
    """True if all texts are digits only and some begin with a zero that counts for nothing, like `00501`."""
    import pyarrow as pa

    return bool(texts) and _leading_zeros(pa.array(texts, pa.string()))


def _leading_zeros(cells: Any) -> bool:
    """True if all cells are digits only and some begin with a zero that counts for nothing, like `00501`."""
    import pyarrow.compute as pc

    zero = pc.starts_with(cells, "0")
    if not pc.any(zero).as_py():
        return False
    long = cells.filter(pc.fill_null(pc.and_(zero, pc.greater(pc.binary_length(cells), 1)), False))
    if len(long) == 0:
        return False
    # A few zeros with another meaning (`00`) among measured numbers do not make the column a code.
    return bool(pc.any(pc.match_substring_regex(long, "^0[0-9]+$")).as_py()) and bool(
        pc.all(pc.match_substring_regex(cells, "^[0-9]*$"), min_count=0).as_py()
    )
