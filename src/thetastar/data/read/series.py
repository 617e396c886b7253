"""Series in their archives' forms: Monash's .tsf (a long table), UCR's and UEA's .ts and .tsv (a series a row)."""

from __future__ import annotations

import re

import numpy as np

from thetastar.data.cells import typed_column
from thetastar.data.images import class_column
from thetastar.data.read.reading import Reading
from thetastar.data.samples import samples_column
from thetastar.data.table import Column, Table
from thetastar.errors import InputError

__all__ = ["is_series", "is_ucr", "series_table", "ucr_table"]

_HEAD = re.compile(r"^@(\w+)\s*(.*)$")
_STEPS = {
    "4_seconds": (4, "s"), "minutely": (1, "m"), "10_minutes": (10, "m"), "15_minutes": (15, "m"),
    "half_hourly": (30, "m"), "hourly": (1, "h"), "daily": (1, "D"), "weekly": (7, "D"), "monthly": (1, "M"),
    "quarterly": (3, "M"), "yearly": (12, "M"),
}  # fmt: skip


def is_series(head: str) -> bool:
    """Whether a text begins as .tsf and .ts files do: remarks with #, then lines such as @attribute or @problemName."""
    lines = (line.strip() for line in head.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    begins = re.match(r"@(relation|attribute|problemname|timestamps|frequency|horizon)\b", first, re.IGNORECASE)
    said = re.search(r"^@(frequency|horizon|equallength|problemname|timestamps|missing)\b", head, re.I | re.M)
    return begins is not None and said is not None


def series_table(text: str, reading: Reading) -> Table:
    """The table of a .tsf or .ts file.

    Raises:
        InputError: a line cannot be read.
    """
    about: dict[str, str] = {}
    attributes: list[tuple[str, str]] = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if line.lower() == "@data":
            rows = [
                (at, row.strip()) for at, row in enumerate(lines[number:], number + 1) if row.strip() and row[0] != "#"
            ]
            if not rows:
                break
            return _long(rows, attributes, about, reading) if attributes else _wide(rows, about, reading)
        found = _HEAD.match(line)
        if found and found[1].lower() == "attribute":
            name, _, kind = found[2].rpartition(" ")
            attributes.append((name.strip(), kind.strip().lower()))
        elif found:
            about[found[1].lower()] = found[2].strip()
    raise InputError(f"{reading.source}: there are no series below @data. Fetch the file again.")


def _long(
    rows: list[tuple[int, str]], attributes: list[tuple[str, str]], about: dict[str, str], reading: Reading
) -> Table:
    """A row for every step of every series: the attributes, the time (start + k steps) and the value."""
    import pyarrow as pa

    heads: list[list[str]] = []
    counts, values, times = [], [], []
    for number, row in rows:
        cells = row.split(":")
        if len(cells) < len(attributes) + 1:
            raise InputError(f"{reading.source}, line {number}: {len(cells) - 1} attributes before the values, and "
                             f"{len(attributes)} are declared.")  # fmt: skip
        head, body = cells[: len(attributes)], cells[-1]
        if len(cells) > len(attributes) + 1:  # a time written with colons
            head, body = [*cells[: len(attributes) - 1], ":".join(cells[len(attributes) - 1 : -1])], cells[-1]
        series = _numbers(body, reading, number)
        start = next((cell for cell, (_, kind) in zip(head, attributes, strict=True) if kind == "date"), None)
        heads.append([cell for cell, (_, kind) in zip(head, attributes, strict=True) if kind != "date"])
        counts.append(len(series))
        values.append(series)
        times.append(_times(start, about.get("frequency", ""), len(series), reading, number))
    which = np.repeat(np.arange(len(rows)), counts)
    names = [name for name, kind in attributes if kind != "date"]
    columns = [
        typed_column(name, pa.array([head[position] for head in heads]).take(pa.array(which)), native="text")
        for position, name in enumerate(names)
    ]
    dated = times[0].dtype.kind == "M"
    joined = np.concatenate(times)
    if dated:
        columns.append(typed_column("time", pa.array(np.datetime_as_string(joined).tolist()), native="date"))
    else:
        columns.append(Column("time", numbers=joined.astype(np.float64), native="integer"))
    columns.append(Column("value", numbers=np.concatenate(values), native="float"))
    notes = [f"{len(rows):,} series of {min(counts):,} to {max(counts):,} steps as one long table."]
    if about.get("horizon"):
        notes.append(f"The file names a horizon of {about['horizon']}.")
    return Table(tuple(columns), reading.source, notes=tuple(notes))


def _times(start: str | None, frequency: str, count: int, reading: Reading, number: int) -> np.ndarray:
    """start + k steps; k where there is no start or no frequency that is known. Months are counted from the start."""
    if start is None or frequency not in _STEPS:
        return np.arange(count)
    found = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2})[-:](\d{2})[-:](\d{2}))?", start.strip())
    if found is None:
        raise InputError(
            f"{reading.source}, line {number}: the start {start!r} is no date such as 1979-01-01 00-00-00."
        )
    size, unit = _STEPS[frequency]
    clock = ":".join(found.groups()[1:]) if found[2] else "00:00:00"
    begin = np.datetime64(f"{found[1]}T{clock}", "s")
    if unit != "M":
        return begin + (np.arange(count) * np.array(size, f"timedelta64[{unit}]")).astype("timedelta64[s]")
    day = begin - begin.astype("datetime64[M]").astype("datetime64[s]")
    months = begin.astype("datetime64[M]") + size * np.arange(count)
    last = (months + 1).astype("datetime64[s]") - np.timedelta64(1, "D")
    return np.minimum(months.astype("datetime64[s]") + day, last)  # the 31st is the last day of shorter months


def _numbers(text: str, reading: Reading, number: int) -> np.ndarray:
    try:
        return np.array(
            [np.nan if cell.strip() in ("?", "NaN", "nan", "") else float(cell) for cell in text.split(",")]
        )
    except ValueError as error:
        raise InputError(f"{reading.source}, line {number}: {str(error)[:80]}. Mend the value.") from None


def _wide(rows: list[tuple[int, str]], about: dict[str, str], reading: Reading) -> Table:
    """A series a row: its channels, then its class or its value, where the file says that there is one."""
    labels = about.get("classlabel", "false").split()
    targeted = about.get("targetlabel", "false").lower().startswith("true")
    named = labels and labels[0].lower() == "true"
    if about.get("timestamps", "false").lower() == "true":
        raise InputError(
            f"{reading.source}: the series have a time beside every value, which is not read. Save them as a long "
            "table (id, time, value) in CSV."
        )
    samples, answers = [], []
    for number, row in rows:
        channels = row.split(":")
        if named or targeted:
            answers.append(channels.pop().strip())
        samples.append([_numbers(channel, reading, number) for channel in channels])
    return _samples(samples, answers, reading, numeric=targeted and not named, order=tuple(labels[1:]))


def _samples(
    samples: list[list[np.ndarray]], answers: list[str], reading: Reading, *, numeric: bool, order: tuple[str, ...] = ()
) -> Table:
    channels = {len(sample) for sample in samples}
    if len(channels) != 1:
        raise InputError(
            f"{reading.source}: the series have {min(channels)} to {max(channels)} channels. Give as many each."
        )
    longest = max(len(channel) for sample in samples for channel in sample)
    array = np.full((len(samples), longest, channels.pop()), np.nan, np.float32)
    for series, sample in zip(array, samples, strict=True):
        for position, channel in enumerate(sample):
            series[: len(channel), position] = channel
    columns = [samples_column("sequence", array, "sequence")]
    if answers and numeric:
        columns.append(Column("target", numbers=_numbers(",".join(answers), reading, 0), native="float"))
    elif answers:
        columns.append(class_column(answers, order))
    return Table(tuple(columns), reading.source)


def is_ucr(reading: Reading) -> bool:
    """Whether a file's name is one of the UCR archive's: …_TRAIN.tsv and …_TEST.tsv."""
    return re.search(r"_(TRAIN|TEST)\.(tsv|txt)(\.gz)?$", reading.file) is not None


def ucr_table(text: str, reading: Reading) -> Table:
    """The table of a UCR file: in every row the class, then the series, which may end in NaN.

    Raises:
        InputError: a value is no number.
    """
    samples, answers = [], []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.replace(",", "\t").split("\t") if "\t" in line or "," in line else line.split()
        if len(cells) > 1:
            answers.append(_label(cells[0]))
            samples.append([_numbers(",".join(cells[1:]), reading, number)])
    if not samples:
        raise InputError(f"{reading.source}: there are no series in the file. Fetch it again.")
    return _samples(samples, answers, reading, numeric=False)


def _label(text: str) -> str:
    """Labels written as 1.0000000e+00 are 1."""
    try:
        value = float(text)
    except ValueError:
        return text.strip()
    return str(int(value)) if value.is_integer() else text.strip()
