"""The columns of a model as C: the fields of a row, and the call that turns each into features."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from thetastar.data.blocks import (
    Block,
    BooleanBlock,
    CategoryBlock,
    DateBlock,
    ImageBlock,
    NumberBlock,
    SequenceBlock,
)
from thetastar.data.roles import truth_of
from thetastar.errors import InputError
from thetastar.export.c.names import Names, array, comment, double, single, text

__all__ = ["ColumnsText"]

_SHOWN = 8


@dataclass
class ColumnsText:
    """Collects fields, constant tables and calls of all columns; `functions` names what the calls need."""

    fields: list[tuple[str, str]] = field(default_factory=list)  # declaration, comment
    arrays: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    constants: int = 0
    _names: Names = field(default_factory=Names)
    _places: dict[str, tuple[str, int]] = field(default_factory=dict)  # name and number of a column's field
    _at: int = 0

    def add(self, block: Block) -> None:
        """Write a column.

        Raises:
            InputError: it is of a kind that has no C.
        """
        writers: dict[type, Any] = {
            NumberBlock: self._number, BooleanBlock: self._boolean, CategoryBlock: self._category,
            DateBlock: self._date, ImageBlock: self._image, SequenceBlock: self._sequence,
        }  # fmt: skip
        write = writers.get(type(block))
        if write is None:
            raise InputError(
                f"export to C: the column {block.name!r} is prepared by a {type(block).__name__}, which has no C yet. "
                "Use --to python."
            )
        name = self._names(block.name)
        self._places[block.name] = name, len(self.fields) + 1
        write(block, name)
        self._at += block.width

    def field_of(self, column: str) -> str:
        """What the field of a column is called."""
        return self._places[column][0]

    def number_of(self, column: str) -> int:
        """The number of a column's field, from 1 on."""
        return self._places[column][1]

    def _call(self, function: str, *arguments: object, checked: bool = False) -> None:
        self.functions.add(function)
        name = {"date": "date_features"}.get(function, function)
        call = f"model_{name}({', '.join(map(str, arguments))}, x + {self._at})"
        self.calls.append(f"if (!{call}) return {len(self.fields)};" if checked else f"{call};")

    def _field(self, declaration: str, block: Block, words: str) -> None:
        same = block.name in declaration.split()
        self.fields.append((declaration, words if same else f"{comment(block.name)}: {words}"))

    def _number(self, block: NumberBlock, name: str) -> None:
        unit = block.style.partition("|")[2]
        words = f"a number{f' in {comment(unit)}' * bool(unit)}, usually {block.median:.5g}; NAN where not known"
        self._field(f"double {name}", block, words)
        numbers = map(double, (block.median, block.centre, block.scale, block.limit))
        self._call("number", f"row->{name}", *numbers, int(block.indicator), checked=True)

    def _levels(self, name: str, levels: tuple[str, ...]) -> str:
        full = f"model_{name}_levels"
        self.arrays.append(array(f"char *const {full}", map(text, levels)))
        self.constants += sum(len(level.encode()) + 1 + 8 for level in levels)
        return full

    def _boolean(self, block: BooleanBlock, name: str) -> None:
        spoken = int({truth_of(level) for level in (*block.yes, *block.no)} == {True, False})
        self._field(f"model_level {name}", block, f"{_shown(block.yes[:1] + block.no[:1])} (as codes: 1 yes, 0 no)")
        levels = self._levels(name, (*block.yes, *block.no))
        count = len(block.yes) + len(block.no)
        self._call("boolean", f"row->{name}", levels, len(block.yes), count, spoken, int(block.indicator))

    def _category(self, block: CategoryBlock, name: str) -> None:
        rest = tuple(level for level, _ in block.rest)
        self._field(f"model_level {name}", block, f"one of {_shown((*block.levels, *rest))}")
        levels = self._levels(name, (*block.levels, *rest))
        count = len(block.levels)
        if block.hashed:
            common = f"model_{name}_common"
            self.arrays.append(array(f"float {common}", (single(share) for _, share in block.rest)))
            self.constants += 4 * len(rest)
            self._call("hashed", f"row->{name}", levels, count, len(rest), common, int(block.missing), block.hashed)
            return
        place = f"model_place(row->{name}, {levels}, {count})"
        if block.single:
            self._call("single", place)
        else:
            self._call("category", place, count, int(block.missing))

    def _date(self, block: DateBlock, name: str) -> None:
        self._field(f"double {name}", block, "a date as model_date(…) gives it; NAN where not known")
        cycles = "0"
        if block.cycles:
            cycles = f"model_{name}_cycles"
            pairs = (f"{{{('year', 'week', 'day').index(cycle) + 1}, {wave}}}" for cycle, wave in block.cycles)
            self.arrays.append(
                f"static const unsigned char {cycles}[{len(block.cycles)}][2] = {{{', '.join(pairs)}}};\n"
            )
        self.functions.add("seconds")
        self._call(
            "date", f"row->{name}", double(block.centre), double(block.scale), cycles, len(block.cycles),
            int(block.indicator), checked=True,
        )  # fmt: skip

    def _channels(self, name: str, block: ImageBlock | SequenceBlock) -> tuple[str, str]:
        names = f"model_{name}_centre", f"model_{name}_scale"
        for full, values in zip(names, (block.centre, block.scale), strict=True):
            self.arrays.append(array(f"float {full}", map(single, values)))
        return names

    def _image(self, block: ImageBlock, name: str) -> None:
        shape = " x ".join(map(str, block.shape))
        self._field(f"const float *{name}", block, f"{shape} numbers: rows from the top, channels last")
        self._call("image", f"row->{name}", *self._channels(name, block), block.width, block.shape[2])

    def _sequence(self, block: SequenceBlock, name: str) -> None:
        numbers, most = len(block.centre), block.shape[0]
        self._field(
            f"const float *{name}", block,
            f"{numbers} number{'s' * (numbers != 1)} a step, NAN where not known; the last {most} steps are taken",
        )  # fmt: skip
        steps = self._names(f"{name}_steps")
        self.fields.append((f"int {steps}", f"how many steps {name} has"))
        self._call(
            "sequence", f"row->{name}", f"row->{steps}", *self._channels(name, block), numbers, int(block.padded), most
        )


def _shown(levels: tuple[str, ...]) -> str:
    """The first few levels with their codes, fit for a comment."""
    written = [text(level) for level in levels[:_SHOWN]]
    return ", ".join(written) + (f", … ({len(levels)} in all)" if len(levels) > _SHOWN else "")
