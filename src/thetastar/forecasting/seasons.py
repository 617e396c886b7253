"""Which cycles a series has: those that its calendar suggests, tested; without a calendar, looked for."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from thetastar.forecasting.calendar import Calendar
from thetastar.forecasting.panel import year_steps
from thetastar.forecasting.series import SeriesSet

__all__ = ["Seasons", "find_seasons", "phase_test"]

_SURE = 3.3  # standard deviations: p < 0.0005
_TESTED = 100  # series that are looked at
_LONGEST_SHORT = 1000


@dataclass(frozen=True)
class Seasons:
    """What was found.

    Attributes:
        season: steps of the main cycle, 1 where none was found.
        year: steps of a year where a yearly cycle was found beside it, else 0.
        used: the season that methods may use: the one found, or the calendar's first; whether it helps is for the
            validation to say.
        used_year: likewise.
        lag: what the seasonal naive repeats.
        words: what was found and what was not, in a sentence.
    """

    season: int
    year: float
    used: int
    used_year: float
    lag: int
    words: str


def find_seasons(series: SeriesSet, *, given: int | None = None, unseen: int = 0) -> Seasons:
    """Test the calendar's cycles on the series without their last `unseen` steps.

    A cycle counts where the changes from step to step differ by phase more than chance explains (Kruskal and Wallis
    1952), in at least a third of the series. Of two short cycles (a day and a week of hours) the longer is the main
    one where there are three of it, since it holds the shorter.

    Args:
        series: regular series.
        given: a season that is asked for; the year is still tested.
        unseen: steps at the end that must not be looked at.
    """
    calendar = series.layout.calendar
    values = [v[: len(v) - unseen] for v in series.values[:: max(1, len(series) // _TESTED)]]
    length = int(np.median([len(v) for v in values]))
    year = year_steps(calendar)
    short = [m for m in calendar.cycles if m <= _LONGEST_SHORT and not (year and abs(m / year - 1) < 0.05)]
    found = [m for m in short if length >= 2.5 * m and _share(values, m) >= 1 / 3]
    words = []
    if given is not None:
        season = given
        words.append(f"The season of {given} steps was given" if given > 1 else "No season was asked for")
    else:
        searched = calendar.kind == "index" and not found
        if searched and (guess := _search(values)):
            found = [guess]
        season = max(found, default=1)
        words += [_cycle_words(calendar, season, short, length, searched)]
    yearly = bool(year) and length >= 1.9 * year and _share_of_year(values, year, season) >= 1 / 3
    if year:
        what = f"a cycle of a year ({round(year)} steps)"
        if yearly:
            words.append(f"{what} was found as well" if season > 1 else f"{what} was found")
        elif length < 1.9 * year:
            words.append(f"{what} cannot be told from {length} steps")
    used = season if season > 1 else next((m for m in short if length >= 2.5 * m), 1)
    lag = used if used > 1 else next((m for m in short if length > m), 1)
    if season == 1 and yearly and length > 2 * year:
        lag = round(year)
    used_year = year if year and length >= 1.9 * year else 0.0
    sentence = "; ".join(words) + "."
    return Seasons(season, year if yearly else 0.0, used, used_year, lag, sentence[0].upper() + sentence[1:])


def _cycle_words(calendar: Calendar, season: int, short: list[int], length: int, searched: bool) -> str:
    if season > 1:
        return f"a cycle of {season} steps was found"
    too_long = [m for m in short if length < 2.5 * m]
    if too_long:
        return f"no season is used: {length} steps are too short for a cycle of {too_long[0]}"
    if short:
        return f"no cycle of {' or '.join(map(str, short))} steps was found"
    return "no cycle was found" if searched else f"a {calendar.name} has no usual cycle"


def _share(values: list[np.ndarray], period: int) -> float:
    return float(np.mean([phase_test(np.diff(v), period) > _SURE for v in values]))


def phase_test(x: np.ndarray, period: int) -> float:
    """How surely values differ by phase, in standard deviations of the normal distribution.

    Kruskal and Wallis' statistic of the ranks, its chi-squared tail turned by Wilson and Hilferty's cube root.

    Example:
        >>> week = np.tile([0.0, 1, 2, 3, 4, 5, 6], 8)
        >>> phase_test(week, 7) > 5, phase_test(np.ones(56), 7)
        (True, 0.0)
    """
    known = ~np.isnan(x)
    phases = (np.arange(len(x)) % period)[known]
    count = len(phases)
    if count < 2 * period or period < 2:
        return 0.0
    ranks = _ranks(x[known])
    many = np.bincount(phases, minlength=period)
    if (many == 0).any():
        return 0.0
    means = np.bincount(phases, weights=ranks, minlength=period) / many
    variance = ranks.var()
    if variance <= 0:
        return 0.0
    statistic = float(np.sum(many * (means - ranks.mean()) ** 2) / variance)
    freedom = period - 1
    return ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom))


def _ranks(x: np.ndarray) -> np.ndarray:
    """Mean ranks of equal values."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    upper = np.cumsum(counts)
    return (upper - (counts - 1) / 2)[inverse]


def _share_of_year(values: list[np.ndarray], year: float, season: int) -> float:
    """The year is tested on the means of its 13 parts, freed of the year's own mean, so that growth is no cycle."""
    found = []
    for v in values:
        part = np.floor(np.arange(len(v)) * 13 / year).astype(np.int64)
        known = ~np.isnan(v)
        many = np.bincount(part[known], minlength=part[-1] + 1)
        means = np.bincount(part[known], weights=v[known], minlength=part[-1] + 1) / np.maximum(many, 1)
        means = means[many > 0.5 * year / 13]
        if len(means) < 24:
            found.append(False)
            continue
        smooth = np.convolve(np.pad(means, 6, mode="edge"), np.ones(13) / 13, mode="valid")
        rest = means - smooth
        again = float(np.sum(rest[13:] * rest[:-13]) / max(np.sum(rest**2) * (1 - 13 / len(rest)), 1e-300))
        found.append(again > 0.3)
    return float(np.mean(found))


def _search(values: list[np.ndarray]) -> int | None:
    """The cycle of an index: the length at which the changes repeat most surely, or None."""
    longest = max(values, key=len)
    x = np.diff(longest[-4000:])
    x = np.where(np.isnan(x), 0.0, x)
    x = np.clip(x - np.median(x), *np.quantile(x, [0.02, 0.98]))
    count, most = len(x), min(len(x) // 4, 400)
    if most < 3 or not x.any():
        return None
    spectrum = np.fft.rfft(x, 2 * count)
    again = np.fft.irfft(np.abs(spectrum) ** 2)[: most + 1]
    again = again / again[0] * sqrt(count)
    for period in np.argsort(-again[2:])[:3] + 2:
        if again[period] > 5 and _share(values, int(period)) >= 1 / 3:
            # A multiple of the true cycle repeats as well as the cycle itself: the shortest that does nearly as well.
            for divisor in range(2, period):
                if period % divisor == 0 and again[divisor] > 0.8 * again[period]:
                    return divisor
            return int(period)
    return None
