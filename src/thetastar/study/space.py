"""A search space as data: which settings of a candidate may take which values, and how the space is walked.

One table says both, in `study.toml` (`[space]`), in a file for `--space` and as a dict for `ts.fit(space=…)`:

    search = "sobol"                                           # grid, random, sobol or optuna
    trials = 64
    halving = 3                                                # after every rung a third goes on
    learning_rate = {low = 0.001, high = 0.1, log = true}
    hidden = [[32], [64, 64], [128, 128]]
    l2 = [0, 0.001, 0.01]

A dimension is a list of values, or a range. What a value may be is the table of settings' affair
(`recipes/settings.py`): every setting of a candidate is a dimension, and `layers` with `width` stand for `hidden` in
two numbers.
"""

from __future__ import annotations

import itertools
import math
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter, ValidationError

from thetastar.errors import InputError
from thetastar.recipes import Candidate
from thetastar.recipes.settings import Settings

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MOST_TRIALS", "Range", "Space"]

MOST_TRIALS = 1_000_000
_USUAL_TRIALS, _USUAL_RUNGS = 64, 3
_DIGITS = 4  # of a number drawn from a range: what is named is what is trained
_WALKS = ("grid", "random", "sobol", "optuna")
_ABOUT_THE_SEARCH = ("search", "trials", "halving", "rungs")
_EXAMPLE = "learning_rate = [0.001, 0.01], or learning_rate = {low = 0.001, high = 0.1, log = true}"

Walk = Literal["grid", "random", "sobol", "optuna"]


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, even in size, or in their logarithm; whole ones where the setting is counted."""

    low: float
    high: float
    log: bool
    whole: bool

    def at(self, share: float) -> float | int:
        """The number at that share of the way, from 0 to 1."""
        if self.whole:  # every number has the same room
            low, high = self.low - 0.5, self.high + 0.5
            value = math.exp(math.log(low) + share * math.log(high / low)) if self.log else low + share * (high - low)
            return int(min(max(round(value), self.low), self.high))
        low, high = self.low, self.high
        value = math.exp(math.log(low) + share * math.log(high / low)) if self.log else low + share * (high - low)
        return float(f"{min(max(value, low), high):.{_DIGITS}g}")

    def written(self) -> dict[str, Any]:
        """As the table of a space has it."""
        low, high = (int(self.low), int(self.high)) if self.whole else (self.low, self.high)
        return {"low": low, "high": high, **({"log": True} if self.log else {})}


Dimension = tuple[Any, ...] | Range


@dataclass(frozen=True)
class Space:
    """Dimensions by name, and how they are walked; `Space.read` makes one.

    Attributes:
        dimensions: of every setting that varies its values, or its range.
        search: "grid" takes every combination; "random" and "sobol" take `trials` points, the latter evenly spread
            (Owen's scrambling of Sobol's sequence); "optuna" asks Optuna for the next ones by the scores so far.
        trials: candidates to try.
        halving: after every rung one in so many goes on; 0: all are trained to their end.
        rungs: stretches that a training is cut into with halving, each `halving` times as long as all before it.

    Example:
        >>> space = Space.read({"learning_rate": [0.0001, 0.001, 0.01, 0.05, 0.1, 0.5],
        ...                     "l2": [0.001, 0.01, 0.1, 0, 1, 10, 100]})
        >>> space.search, space.trials, space.candidates(seed=0)[0].name
        ('grid', 42, 'linear, rate 0.0001, l2 0.001')

    Source: lecture 2 (a grid of 42 combinations); Bergstra and Bengio 2012 (random search); Sobol 1967, Owen 1998;
        Jamieson and Talwalkar 2016 (successive halving).
    """

    dimensions: dict[str, Dimension]
    search: Walk
    trials: int
    halving: int = 0
    rungs: int = 1

    @classmethod
    def read(cls, given: Any) -> Space:
        """A space from a dict, the path of a TOML file, or TOML in one line (`{l2 = [0, 1]}`).

        Raises:
            InputError: a name or a value that there is not; the message says where and what to write.
        """
        if isinstance(given, Space):
            return given
        where, table, text = _table_of(given)
        try:
            return cls._read(where, table)
        except InputError as error:
            raise InputError(_with_line(str(error), where, text)) from None

    @classmethod
    def _read(cls, where: str, table: dict[str, Any]) -> Space:
        unknown = [name for name in table if name not in {*_dimensions(), *_ABOUT_THE_SEARCH}]
        if unknown:
            raise InputError(
                f"{where}{unknown[0]}: a space is made of settings of a candidate. "
                f"{_nearest(unknown[0], sorted([*_dimensions(), *_ABOUT_THE_SEARCH]))}"
            )
        dimensions = {  # in an order of their own: how a space is written changes no bit
            name: _dimension(f"{where}{name}", name, table[name]) for name in _dimensions() if name in table
        }
        if not dimensions:
            raise InputError(f"{where}nothing varies. Got no setting. Write for example {_EXAMPLE}.")
        if ("layers" in dimensions) != ("width" in dimensions) or ("layers" in dimensions and "hidden" in dimensions):
            raise InputError(
                f"{where}layers: layers and width together stand for hidden. Got {', '.join(dimensions)}. Give both of "
                "them, or hidden alone."
            )
        return _walked(where, table, dimensions)

    def written(self) -> dict[str, Any]:
        """The table that `read` takes."""
        about = {"search": self.search, "trials": self.trials}
        if self.halving:
            about |= {"halving": self.halving, "rungs": self.rungs}
        return about | {
            name: values.written() if isinstance(values, Range) else [_plain(value) for value in values]
            for name, values in self.dimensions.items()
        }

    def candidates(self, seed: int) -> tuple[Candidate, ...]:
        """Every candidate that a walk without scores tries, each once, in its order.

        Raises:
            InputError: settings that do not go together, such as `units` of a dense network.
        """
        found: dict[str, Candidate] = {}
        for point in self._points(seed):
            candidate = self.candidate(point)
            found.setdefault(candidate.name, candidate)
        return tuple(found.values())

    def candidate(self, values: Mapping[str, Any]) -> Candidate:
        """The candidate with these values."""
        given = dict(values)
        if "layers" in given:
            given["hidden"] = (given.pop("width"),) * given.pop("layers")
        try:
            return Candidate(**given)
        except ValidationError as error:
            told = error.errors()[0]["msg"].removeprefix("Value error, ")
            shown = ", ".join(f"{name} = {_plain(value)}" for name, value in given.items())
            raise InputError(
                f"space: these values do not make a network: {told}. Got {shown}. Leave one of the settings out."
            ) from None

    def values_of(self, candidate: Candidate) -> dict[str, Any]:
        """Where a candidate stands in the space: its value in every dimension."""
        hidden = candidate.hidden
        own = {"layers": len(hidden), "width": hidden[0] if hidden else 0}
        return {name: own[name] if name in own else getattr(candidate, name) for name in self.dimensions}

    def some(self, count: int) -> tuple[Candidate, ...]:
        """Candidates from all over the space, the largest among them: what memory and time are estimated by."""
        largest = {
            name: values.at(1.0) if isinstance(values, Range) else values[-1]
            for name, values in self.dimensions.items()
        }
        points = [self.candidate(self._at(row)) for row in _sobol(count, len(self.dimensions), seed=0)]
        return tuple({one.name: one for one in [self.candidate(largest), *points]}.values())

    def _points(self, seed: int) -> Iterator[dict[str, Any]]:
        if self.search == "grid":
            lists = [values for values in self.dimensions.values() if not isinstance(values, Range)]
            for values in itertools.product(*lists):
                yield dict(zip(self.dimensions, values, strict=True))
            return
        width = len(self.dimensions)
        if self.search == "random":
            import numpy as np

            shares = np.random.default_rng([seed, 33]).random((self.trials, width))
        else:
            shares = _sobol(self.trials, width, seed)
        yield from map(self._at, shares)

    def _at(self, shares: np.ndarray) -> dict[str, Any]:
        """The point at these shares of every dimension's way."""
        return {
            name: values.at(float(share)) if isinstance(values, Range) else values[_place(share, len(values))]
            for (name, values), share in zip(self.dimensions.items(), shares, strict=True)
        }


def _place(share: float, count: int) -> int:
    return min(int(share * count), count - 1)


def _sobol(count: int, width: int, seed: int) -> np.ndarray:
    """(count, width) points of Sobol's sequence, scrambled by the seed."""
    import warnings

    import numpy as np
    from scipy.stats import qmc

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The balance properties of Sobol")  # a count is the user's choice
        return qmc.Sobol(width, scramble=True, rng=np.random.default_rng([seed, 34])).random(count)


def _dimensions() -> tuple[str, ...]:
    return (*(name for name in Settings.model_fields if name != "label"), "layers", "width")


def _table_of(given: Any) -> tuple[str, dict[str, Any], str]:
    """Where the table is, for messages, the table, and the text of its file."""
    if isinstance(given, Mapping):
        return "space: ", dict(given), ""
    if isinstance(given, str) and given.lstrip().startswith("{"):
        return "--space: ", _parsed("--space", f"space = {given}")["space"], ""
    if not isinstance(given, str | os.PathLike):
        raise InputError(
            f"space: it must be a dict or the path of a TOML file. Got {type(given).__name__}. Write for example "
            'space={"learning_rate": [0.001, 0.01]}.'
        )
    path = Path(given)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"{path}: there is no such file. Give a TOML file, or the table in one line: '{{l2 = [0, 0.01]}}'."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the file cannot be read ({error}). Give a TOML file.") from None
    table = _parsed(str(path), text)
    inner = table.get("space", table)  # a study.toml has it as a part
    return f"{path}: ", inner if isinstance(inner, dict) else table, text


def _with_line(message: str, where: str, text: str) -> str:
    """The message with the line of the file that it is about."""
    name = message.removeprefix(where).partition(":")[0]
    for number, line in enumerate(text.splitlines(), start=1):
        if line.partition("=")[0].strip() in (name, f"[space.{name}]", f"[{name}]"):
            return message.replace(where, f"{where.removesuffix(': ')}, line {number}: ", 1)
    return message


def _parsed(where: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: not a table of TOML ({error}). Write for example {_EXAMPLE}.") from None


def _walked(where: str, table: Mapping[str, Any], dimensions: dict[str, Dimension]) -> Space:
    """The space with its walk, checked."""
    ranges = [name for name, values in dimensions.items() if isinstance(values, Range)]
    search = table.get("search", "sobol" if ranges else "grid")
    if search not in _WALKS:
        raise InputError(
            f"{where}search: it must be {', '.join(_WALKS)}. Got {search!r}. {_nearest(str(search), list(_WALKS))}"
        )
    if search == "grid" and ranges:
        raise InputError(
            f'{where}{ranges[0]}: a grid is made of lists. Got a range. List its values, or write search = "sobol".'
        )
    grid = math.prod(len(values) for values in dimensions.values() if not isinstance(values, Range))
    if search == "grid" and "trials" in table and table["trials"] != grid:
        raise InputError(
            f"{where}trials: a grid has as many as it has combinations, {grid:,}. Got {table['trials']!r}. Leave "
            'trials out, or write search = "random".'
        )
    trials = grid if search == "grid" else _whole(where, "trials", table.get("trials", _USUAL_TRIALS), 1, MOST_TRIALS)
    if trials > MOST_TRIALS:
        raise InputError(
            f"{where}search: a space has at most {MOST_TRIALS:,} candidates. Got a grid of {trials:,}. Give shorter "
            'lists, or write search = "sobol" and trials.'
        )
    halving = _whole(where, "halving", table["halving"], 2, 100) if table.get("halving") else 0
    if "rungs" in table and not halving:
        raise InputError(
            f"{where}rungs: they are the stretches of halving. Got no halving. Write halving = 3 too, or leave it out."
        )
    rungs = _whole(where, "rungs", table.get("rungs", _USUAL_RUNGS), 2, 12) if halving else 1
    if search == "optuna" and halving:
        raise InputError(
            f'{where}halving: Optuna learns from whole runs. Got both. Leave halving out, or write search = "sobol".'
        )
    return Space(dimensions, search, trials, halving, rungs)


def _nearest(name: str, known: list[str]) -> str:
    """The sentence that names what is most like it; imported late, because options are to load quickly."""
    from thetastar._checks import nearest

    return nearest(name, known)


def _whole(where: str, name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(
            f"{where}{name}: it must be a whole number from {low:,} to {high:,}. Got {value!r}. Write for example "
            f"{name} = {max(low, 3)}."
        )
    return value


def _dimension(where: str, name: str, given: Any) -> Dimension:
    """The values of a setting, or its range, each checked by the table of settings."""
    if isinstance(given, Mapping):
        return _range(where, name, given)
    values = given if isinstance(given, list | tuple) else [given]
    if name in _SEQUENCES and isinstance(given, list | tuple) and not all(isinstance(v, list | tuple) for v in given):
        raise InputError(
            f"{where}: each of its values is a list of numbers. Got {_plain(given)}. Write for example "
            f"{name} = [[32], [64, 64]]."
        )
    if not values:
        raise InputError(f"{where}: a dimension has one value at least. Got none. Write for example {_EXAMPLE}.")
    checked = tuple(_value(where, name, value) for value in values)
    twice = next((value for k, value in enumerate(checked) if value in checked[:k]), None)
    if twice is not None:
        raise InputError(f"{where}: its values differ. Got {_plain(twice)} twice. Leave one of them out.")
    return checked


_SEQUENCES = ("hidden", "filters", "units")
_COUNTED = {"layers": (0, 64), "width": (1, 65_536)}


def _value(where: str, name: str, value: Any) -> Any:
    if name in _COUNTED:
        return _whole(where.removesuffix(name), name, value, *_COUNTED[name])
    field = Settings.model_fields[name]
    annotation: Any = field.rebuild_annotation()
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError as error:
        told = error.errors()[0]
        if told["type"] == "literal_error":
            words = [word.strip("'") for word in str(told["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
            hint = _nearest(str(value), words)
        else:
            hint = f"It is: {str(field.description).rstrip('.')}."
        rule = told["msg"].removeprefix("Input should be ")
        raise InputError(f"{where}: it must be {rule}. Got {_plain(value)!r}. {hint}") from None


def _range(where: str, name: str, given: Mapping[str, Any]) -> Range:
    if set(given) - {"low", "high", "log"} or not {"low", "high"} <= set(given):
        raise InputError(
            f"{where}: a range has low and high, and log where it goes by factors. Got {', '.join(given) or 'none'}. "
            "Write for example {low = 0.001, high = 0.1, log = true}."
        )
    low, high = (_value(where, name, given[end]) for end in ("low", "high"))
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in (low, high)):
        raise InputError(f"{where}: only numbers have a range. Got {_plain(given['low'])!r}. List its values.")
    if not low < high:
        raise InputError(f"{where}: low must be below high. Got {low:g} and {high:g}. Change one of them.")
    log = given.get("log", False)
    if not isinstance(log, bool) or (log and low <= 0):
        raise InputError(
            f"{where}: log is true or false, and true only where low is above 0. Got log = {log!r}, low = {low:g}. "
            "Give a higher low, or leave log out."
        )
    whole = isinstance(low, int) and isinstance(high, int) and (name in _COUNTED or _is_counted(name))
    return Range(low, high, log, whole)


def _is_counted(name: str) -> bool:
    return "int" in str(Settings.model_fields[name].annotation)


def _plain(value: Any) -> Any:
    """A value as TOML and JSON have it."""
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
