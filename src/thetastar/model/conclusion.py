"""What a study says: how the final network stands against the best baseline, and the sentences around it.

`conclude` decides; everything else repeats what it decided. The report's headline, the verdict, the leaderboard's
sentence, the terminal and `--json` all come from here, so they name the same rival and the same state.

The rival is the baseline with the best score on the validation rows: it is picked without a look at the test rows, as
the network is, so that the test compares two that were both chosen before it. The state comes from the 95 % interval of
the paired difference on the test rows, and from nothing else: where it holds zero, the two are level, whichever of the
two numbers is the better one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from thetastar.model.part import Interval, Part, Text, about

if TYPE_CHECKING:
    from thetastar.model.record import LeaderboardRow, Record

__all__ = ["FINDINGS", "Headline", "conclude", "leaderboard_sentence", "number", "verdict"]

State = Literal["ahead", "level", "behind"]

FINDINGS: dict[State, str] = {
    "ahead": "the network is better by more than chance explains",
    "level": "the difference is no larger than chance explains",
    "behind": "the baseline is better by more than chance explains",
}


class Headline(Part):
    """How the final network stands against the best baseline on the test rows."""

    state: Annotated[State, about("Whether it is ahead, level, or behind.")]
    words: Annotated[Text, about("The same in one sentence, without its full stop.")]
    rival: Annotated[Text | None, about("The baseline with the best validation score; None without one.")]
    interval: Annotated[
        Interval | None,
        about("95 % interval of the network's score minus the rival's; None where it has none.", "the metric's"),
    ]


def conclude(record: Record) -> Headline:
    """The one conclusion of a study: who is compared, what the test rows say of them, and in which words."""
    lead = record.test.lead
    if lead is None:
        return Headline(state="level", words="No baseline has a score to compare with", rival=None, interval=None)
    rival, interval = lead.over, lead.interval
    if interval is None:
        words = f"The test rows cannot tell the network from the best baseline, {rival}"
        return Headline(state="level", words=words, rival=rival, interval=None)
    state: State = "level"
    if interval[0] > 0 or interval[1] < 0:
        state = "ahead" if record.metric.better(interval[0], 0.0) else "behind"
    words = {
        "ahead": f"On the test rows the network beats the best baseline, {rival}",
        "level": f"On the test rows the network is level with the best baseline, {rival}",
        "behind": f"On the test rows the best baseline, {rival}, beats the network",
    }[state]
    return Headline(state=state, words=words, rival=rival, interval=interval)


def leaderboard_sentence(record: Record) -> str:
    """Who stands first on the validation rows, and what the test rows say to that."""
    first = record.leaderboard[0]
    if first.kind == "network":
        return f"{first.name} has the best validation score. {conclude(record).words}."
    return f"{first.name}, a baseline, has a better validation score than every network. {conclude(record).words}."


def verdict(record: Record) -> tuple[str, ...]:
    """The result in plain sentences: which network, how good, against what, what one holds, and what was cut short."""
    return (_choice(record), _score(record), *_comparison(record), _held(record), *record.shortcuts)


def number(value: float | None, unit: str = "") -> str:
    """A score for reading: four significant digits, thousands apart."""
    if value is None:
        return "not defined"
    text = f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return f"{text} {unit}".strip()


def _choice(record: Record) -> str:
    networks = [row for row in record.leaderboard if row.kind == "network"]
    chosen, metric = record.chosen, record.metric.name
    spread = f" ± {number(chosen.validation_std)}" if chosen.validation_std is not None else ""
    figures = f"{number(chosen.validation_mean)}{spread} over {_counted(chosen.runs, 'run')}"
    if len(networks) == 1:
        return f"There was one network to choose, {chosen.name}; its {metric} on the validation rows is {figures}."
    text = f"Of {len(networks)} networks, {chosen.name} has the best {metric} on the validation rows: {figures}."
    return text + _close_second(chosen, networks)


def _close_second(chosen: LeaderboardRow, networks: Sequence[LeaderboardRow]) -> str:
    others = [row for row in networks if not row.chosen and row.validation_mean is not None]
    if not others or chosen.validation_std is None or chosen.validation_mean is None:
        return ""
    second = others[0]  # ranked
    assert second.validation_mean is not None
    if abs(second.validation_mean - chosen.validation_mean) >= chosen.validation_std:
        return ""
    return (
        f" {second.name} ({number(second.validation_mean)}) is within the spread of the runs: another seed might "
        "choose it."
    )


def _score(record: Record) -> str:
    test, metric = record.test, record.metric.name
    ends = test.intervals.get(metric)
    interval = f" (95 % interval {number(ends[0])} to {number(ends[1])})" if ends else ""
    others = ", ".join(
        f"{name} {number(value)}" for name, value in test.scores.items() if name != metric and value is not None
    )
    rows = "1 test row" if test.rows == 1 else f"{test.rows:,} test rows"
    return (
        f"On {rows} that nothing had seen, the final network's {metric} is {number(test.scores[metric])}{interval}"
        + (f"; {others}." if others else ".")
    )


def _comparison(record: Record) -> list[str]:
    """The figures of network and rival on both kinds of rows, what follows, and who else was good on the test rows."""
    headline, test, metric = conclude(record), record.test, record.metric.name
    if headline.rival is None:
        return [f"{headline.words}."]
    validated = next(row.validation_mean for row in record.leaderboard if row.name == headline.rival)
    ours, theirs = test.scores[metric], test.baselines[headline.rival].get(metric)
    sentences = [
        f"The baseline with the best validation score is {headline.rival}: {metric} {number(validated)}, where the "
        f"network has {number(record.chosen.validation_mean)}; on the test rows {number(theirs)} and {number(ours)}."
    ]
    if headline.interval is None:
        sentences.append(f"{headline.words}: the difference has no interval there.")
    else:
        low, high = map(number, headline.interval)
        sentences.append(
            f"The 95 % interval of the difference in {metric} on the test rows (network minus {headline.rival}) is "
            f"{low} to {high}: {FINDINGS[headline.state]}."
        )
    if headline.state == "behind":
        sentences.append("For predictions alone, the baseline is the better choice for this table.")
    if headline.state == "level":
        sentences.append("The baseline is the simpler of the two.")
    return sentences + _others_on_the_test_rows(record, headline.rival)


def _others_on_the_test_rows(record: Record, rival: str) -> list[str]:
    """A baseline that was not picked and scores better here is said, for anyone sees it in the picture."""
    metric, ours = record.metric, record.test.scores[record.metric.name]
    better = [
        f"{name} ({number(score)})"
        for name, scores in record.test.baselines.items()
        if name != rival and ours is not None and (score := scores.get(metric.name)) is not None
        and metric.better(score, ours)
    ]  # fmt: skip
    if not better:
        return []
    return [
        f"On these test rows {' and '.join(better)} scored better than the network ({number(ours)}); the "
        "comparison is with the baseline that the validation rows picked."
    ]


def _held(record: Record) -> str:
    winner, listed = record.winner, record.chosen.parameters
    text = (
        f"The network that you hold, with {_counted(winner.parameters, 'parameter')}, was trained on training and "
        "validation rows together"
    )
    if winner.starts is not None and winner.kept is not None:
        text += f", from {_counted(winner.starts, 'random start')}; kept is start {winner.kept + 1}, whose training "
        text += "loss ended lowest"
    text += ". No test row took part in any choice."
    if listed is not None and listed != winner.parameters:
        text += (
            f" On the leaderboard it has {_counted(listed, 'parameter')}: there its inputs were made from fewer rows, "
            f"which {'hold fewer levels or pieces' if listed < winner.parameters else 'were cut in other places'}."
        )
    return text


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
