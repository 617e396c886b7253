"""The columns of a model in ONNX: an input each, and the nodes that turn it into features.

Texts go by a table: every known level in its usual spellings has a row of features, made by the column's block itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thetastar.data.blocks import (
    Block,
    BooleanBlock,
    CategoryBlock,
    DateBlock,
    ImageBlock,
    NumberBlock,
    SequenceBlock,
)
from thetastar.data.numbers import MISSING
from thetastar.data.table import Column
from thetastar.errors import InputError
from thetastar.export.formula import OwnColumn
from thetastar.export.onnx.graph import ML, Graph

__all__ = ["Columns", "input_name", "spellings"]

_TRUTH = ("yes", "y", "true", "t", "on", "1", "1.0", "no", "n", "false", "f", "off", "0", "0.0")
_SHOWN = 8


def input_name(block: Block, place: int) -> str:
    """The column's own name; a name without letters could not be an input."""
    return block.name or f"column_{place + 1}"


@dataclass
class Columns:
    """Writes columns into a graph, one after another; `joined` gives the features of all."""

    graph: Graph
    _parts: list[tuple[str, list[int]]] = field(default_factory=list)  # (n, width) float, and places among the features
    _numbers: list[tuple[NumberBlock, str, int]] = field(default_factory=list)  # block, input, place
    _given: dict[str, tuple[Block, str]] = field(default_factory=dict)  # of a column: its block, its input
    _own: dict[str, str] = field(default_factory=dict)  # results of `own`
    _at: int = 0

    def add(self, block: Block, name: str) -> None:
        """Write a column.

        Raises:
            InputError: it is of a kind that has no ONNX.
        """
        writers: dict[type, Any] = {
            NumberBlock: self._number, BooleanBlock: self._text, CategoryBlock: self._category, DateBlock: self._date,
            ImageBlock: self._image, SequenceBlock: self._sequence,
        }  # fmt: skip
        write = writers.get(type(block))
        if write is None:
            raise InputError(
                f"export to ONNX: the column {block.name!r} is prepared by a {type(block).__name__}, which has no "
                "ONNX yet. Use --to python."
            )
        self._given[block.name] = block, name
        part = write(block, name)
        if part is not None:
            self._parts.append((part, list(range(self._at, self._at + block.width))))
        self._at += block.width

    def _double(self, value: float) -> str:
        return self.graph.constant(value, np.float64)

    def joined(self) -> str:
        """All features (n, F) float of the columns that were added, in order."""
        if self._numbers:
            self._write_numbers()
        places = [place for _, own in self._parts for place in own]
        whole = self.graph.joined(part for part, _ in self._parts)
        if places == sorted(places):
            return whole
        return self.graph.op("Gather", whole, self.graph.constant(np.argsort(places), np.int64), axis=1)

    def own(self, column: OwnColumn, features: str) -> str:
        """(n, 1) double: a column's own number, for a formula."""
        if column.name not in self._own:
            self._own[column.name] = self._own_number(column, features)
        return self._own[column.name]

    def _own_number(self, column: OwnColumn, features: str) -> str:
        graph, double = self.graph, self._double
        block, name = self._given[column.name]
        if column.kind == "truth":
            said = graph.op("Gather", features, graph.constant([column.feature], np.int64), axis=1)
            return graph.op("Div", graph.op("Add", graph.cast(said, "double"), double(1.0)), double(2.0))
        given = name if column.kind == "number" else self._level_number(column, block, name)
        known = graph.op("Where", graph.op("IsNaN", given), double(column.median), given)
        return graph.op("Clip", known, double(-1e30), double(1e30))

    def _level_number(self, column: OwnColumn, block: Block, name: str) -> str:
        """The number that a level is; of levels that training did not see by an input that may be left out."""
        from onnx import numpy_helper

        graph = self.graph
        assert isinstance(block, CategoryBlock)
        levels = [level for level, _ in column.numbers]
        numbers = np.array([*(number for _, number in column.numbers), column.median, 0.0])
        found = spellings(block)
        place = {spelled: k for k, level in reversed([*enumerate(levels)]) for spelled in _cases(level)}
        place |= {level: k for k, level in enumerate(levels)}
        texts = {text: place[level] for text, level in found.items()}
        texts |= {text: len(levels) for text in ("", *MISSING) if text not in texts}
        code = graph.op(
            "LabelEncoder", name, domain=ML, keys_strings=list(texts), values_int64s=list(texts.values()),
            default_int64=len(levels) + 1,
        )  # fmt: skip
        number = graph.name(f"{name}_number")
        words = f"may be left out; the number that a level of {name!r} is which training did not see"
        graph.input(number, "double", ("M", 1), words)
        graph.constants.append(numpy_helper.from_array(np.full((1, 1), np.nan), number))
        new = graph.op("Equal", code, graph.constant(len(levels) + 1, np.int64))
        return graph.op("Where", new, number, graph.op("Gather", graph.constant(numbers), code, axis=0))

    def _number(self, block: NumberBlock, name: str) -> None:
        unit = block.style.partition("|")[2]
        x = self.graph.input(
            name, "double", ("N", 1),
            f"a number{f' in {unit}' * bool(unit)}, usually {block.median:.5g}; NaN where not known",
        )  # fmt: skip
        self._numbers.append((block, x, self._at))

    def _write_numbers(self) -> None:
        """All numbers side by side, because a runtime takes about as long for one as for thirty."""
        graph = self.graph
        blocks = [block for block, _, _ in self._numbers]

        def row(values: list[float]) -> str:
            return graph.constant(values, np.float64)

        x = graph.joined(name for _, name, _ in self._numbers)
        missing = graph.op("IsNaN", x)
        known = graph.op("Where", missing, row([block.median for block in blocks]), x)
        moved = graph.op("Sub", known, row([block.centre for block in blocks]))
        z = graph.op("Div", moved, row([block.scale for block in blocks]))
        z = graph.op("Clip", z, self._double(-1e30), self._double(1e30))
        part = graph.op("Div", z, row([block.limit if block.limit > 0 else np.inf for block in blocks]))
        root = graph.op("Sqrt", graph.op("Add", graph.op("Mul", part, part), self._double(1.0)))
        z = graph.op("Div", z, root)
        self._parts.append((graph.cast(z, "float"), [at for _, _, at in self._numbers]))
        marked = [k for k, block in enumerate(blocks) if block.indicator]
        if marked:
            flags = graph.op("Gather", graph.cast(missing, "float"), graph.constant(marked, np.int64), axis=1)
            self._parts.append((flags, [self._numbers[k][2] + 1 for k in marked]))

    def _date(self, block: DateBlock, name: str) -> str:
        graph = self.graph
        given = graph.input(
            name, "double", ("N", 1),
            "a date as seconds since 1970-01-01 00:00, by the clock on the wall; NaN where not known",
        )  # fmt: skip
        missing = graph.op("IsNaN", given)
        x = graph.op("Where", missing, self._double(block.centre), given)
        parts = [graph.op("Div", graph.op("Sub", x, self._double(block.centre)), self._double(block.scale))]
        phases: dict[str, str] = {}
        for cycle, wave in block.cycles:
            if cycle not in phases:
                phases[cycle] = self._phase(x, cycle)
            angle = graph.op("Mul", phases[cycle], self._double(2 * np.pi * wave))
            parts += [graph.op("Where", missing, self._double(0.0), graph.op(turn, angle)) for turn in ("Sin", "Cos")]
        parts = [graph.cast(part, "float") for part in parts]
        return graph.joined([*parts, graph.cast(missing, "float")] if block.indicator else parts)

    def _phase(self, seconds: str, cycle: str) -> str:
        """How far round the cycle a moment is, from 0 to 1."""
        graph, number = self.graph, self._double
        days = graph.op("Floor", graph.op("Div", seconds, number(86400.0)))
        if cycle == "day":
            past = graph.op("Sub", seconds, graph.op("Mul", days, number(86400.0)))
            return graph.op("Div", past, number(86400.0))
        if cycle == "week":  # day 0 of 1970 was a Thursday; Monday is 0
            day = graph.op("Add", days, number(3.0))
            weeks = graph.op("Floor", graph.op("Div", day, number(7.0)))
            return graph.op("Div", graph.op("Sub", day, graph.op("Mul", weeks, number(7.0))), number(7.0))
        # A year has 365.2425 days on average, so the day lies in the year that this says, or in one beside it.
        year = graph.op("Floor", graph.op("Add", graph.op("Div", days, number(365.2425)), number(1970.0)))
        first = self._first_day(graph.op("Sub", year, number(1.0)))
        for later in (year, graph.op("Add", year, number(1.0))):
            begin = self._first_day(later)
            first = graph.op("Where", graph.op("LessOrEqual", begin, days), begin, first)
        return graph.op("Div", graph.op("Sub", days, first), number(365.25))

    def _first_day(self, year: str) -> str:
        """Days from 1970 to the first of January of a year."""
        graph, number = self.graph, self._double
        past = graph.op("Sub", year, number(1.0))
        days = graph.op("Mul", graph.op("Sub", year, number(1970.0)), number(365.0))
        for every, sign in ((4.0, "Add"), (100.0, "Sub"), (400.0, "Add")):
            days = graph.op(sign, days, graph.op("Floor", graph.op("Div", past, number(every))))
        return graph.op("Sub", days, number(477.0))

    def _coded(self, block: BooleanBlock | CategoryBlock, name: str, words: str) -> tuple[str, str, int]:
        """(codes (n, 1), features (n, width), the code of levels that training did not see) of a column of texts."""
        graph = self.graph
        known = spellings(block)
        rows = np.zeros((len(known) + 2, block.width), np.float32)
        texts = tuple(dict.fromkeys(known.values()))
        filled = _filled(block, texts)
        place = {text: k for k, text in enumerate(texts)}
        rows[: len(known)] = filled[[place[text] for text in known.values()]]
        rows[len(known)] = filled[-1]  # not known
        rows[len(known) + 1] = _unseen(block)
        table, codes = np.unique(rows, axis=0, return_inverse=True)
        table = np.concatenate([table, rows[-1:]])  # unseen levels have a row of their own, whatever stands in it
        keys = [*known, "", *sorted(MISSING - {""} - set(known))]
        values = [*codes[: len(known)].tolist(), *[int(codes[len(known)])] * (len(keys) - len(known))]
        unseen = len(table) - 1
        given = graph.input(name, "string", ("N", 1), words)
        code = graph.op("LabelEncoder", given, domain=ML, keys_strings=keys, values_int64s=values, default_int64=unseen)
        wide = graph.op("Gather", graph.constant(table, np.float32), code, axis=0)  # (n, 1, width)
        return code, graph.op("Squeeze", wide, graph.constant([1], np.int64)), unseen

    def _text(self, block: BooleanBlock, name: str) -> str:
        words = f"{_shown(block.yes[:1] + block.no[:1])}; an empty text where not known"
        return self._coded(block, name, words)[1]

    def _category(self, block: CategoryBlock, name: str) -> str:
        levels = (*block.levels, *(level for level, _ in block.rest))
        code, features, unseen = self._coded(block, name, f"one of {_shown(levels)}; an empty text where not known")
        if not block.hashed:
            return features
        graph, hashed = self.graph, block.hashed
        at = graph.name(f"{name}_hash")
        graph.input(
            at, "int64", ("M", 1),
            f"may be left out; for levels of {name!r} that training did not see: 1 + crc32(level) mod {hashed}, "
            "negative where crc32('±' + level) is even (of the bytes in UTF-8)",
        )  # fmt: skip
        from onnx import numpy_helper

        graph.constants.append(numpy_helper.from_array(np.zeros((1, 1), np.int64), at))
        table = np.zeros((2 * hashed + 1, block.width), np.float32)
        first = block.width - hashed - 1
        for bucket in range(hashed):
            table[hashed + 1 + bucket, first + bucket] = 1.0
            table[hashed - 1 - bucket, first + bucket] = -1.0
        bound = graph.constant(hashed, np.int64)
        signed = graph.op("Clip", at, graph.constant(-hashed, np.int64), bound)
        place = graph.op("Add", signed, bound)
        hashes = graph.op("Gather", graph.constant(table), place, axis=0)
        hashes = graph.op("Squeeze", hashes, graph.constant([1], np.int64))
        new = graph.op("Equal", code, graph.constant(unseen, np.int64))
        return graph.op("Where", new, graph.op("Add", features, hashes), features)

    def _channels(self, x: str, block: ImageBlock | SequenceBlock) -> str:
        graph = self.graph
        moved = graph.op("Sub", x, graph.constant(block.centre, np.float32))
        return graph.op("Div", moved, graph.constant(block.scale, np.float32))

    def _image(self, block: ImageBlock, name: str) -> str:
        shape = " × ".join(map(str, block.shape))
        x = self.graph.input(name, "float", ("N", *block.shape), f"{shape} numbers: rows from the top, channels last")
        return self.graph.op("Flatten", self._channels(x, block), axis=1)

    def _sequence(self, block: SequenceBlock, name: str) -> str:
        graph, steps = self.graph, block.shape[0]
        x = graph.input(
            name, "float", ("N", steps, len(block.centre)),
            f"the last {steps} steps; NaN where not known, and in the steps behind the end of a shorter sequence",
        )  # fmt: skip
        missing = graph.op("IsNaN", x)
        values = graph.op("Where", missing, graph.constant(0.0, np.float32), self._channels(x, block))
        if block.padded:
            known = graph.cast(graph.op("Not", missing), "float")
            present = graph.op("ReduceMax", known, axes=[2], keepdims=1)
            values = graph.joined([values, present])
        return graph.op("Flatten", values, axis=1)


def spellings(block: BooleanBlock | CategoryBlock) -> dict[str, str]:
    """{text as it may be given: text without blanks around it} of all levels that training saw.

    As in training, in small and in capital letters, capitalised, each with a blank before, behind or around; whole
    numbers also with `.0`. A table cannot hold more: any other spelling is a level that training did not see.
    """
    if isinstance(block, BooleanBlock):
        levels: tuple[str, ...] = (*block.yes, *block.no, *_TRUTH)
    else:
        levels = (*block.levels, *(level for level, _ in block.rest))
    found = {level: level for level in levels}  # these go first: what is a level itself is no other's spelling
    for level in levels:
        for text in _cases(level):
            for blank in (text, f" {text}", f"{text} ", f" {text} "):
                found.setdefault(blank, text)
    return found


def _cases(level: str) -> Iterator[str]:
    yield from (level, level.lower(), level.upper(), level.capitalize(), level.title())
    if level.removeprefix("-").isdecimal() and level.isascii():
        yield f"{level}.0"


def _filled(block: Block, texts: tuple[str, ...]) -> np.ndarray:
    """(n + 1, width): the features of texts, and of a missing cell behind them."""
    column = Column(block.name, codes=np.append(np.arange(len(texts), dtype=np.int32), np.int32(-1)), levels=texts)
    out = np.zeros((len(texts) + 1, block.width), np.float32)
    block.fill(column, lambda row: block.name, out)
    return out


def _unseen(block: BooleanBlock | CategoryBlock) -> np.ndarray:
    """(width,) the features of a level that training did not see, without the hash of its text."""
    row = _filled(block, ("\x00 a level that training did not see",))[0]
    if isinstance(block, CategoryBlock) and block.hashed:
        row[-block.hashed - 1 :] = 0.0
    return row


def _shown(levels: tuple[str, ...]) -> str:
    written = ", ".join(map(repr, levels[:_SHOWN]))
    return written + (f", … ({len(levels):,} in all)" if len(levels) > _SHOWN else "")
