"""What a study says: how its answer stands against the best baseline, and the sentences around it.

Where the answer is itself a baseline, the network beside it is compared with it, in the same words and states.

`conclude` decides; everything else repeats what it decided. The report's headline, the verdict, the leaderboard's
sentence, the terminal and `--json` all come from here, so they name the same rival and the same state.

The rival is the baseline with the best score on the validation rows: it is picked without a look at the test rows, as
the network is, so that the test compares two that were both chosen before it. The state comes from the 95 % interval of
the paired difference on the test rows: where it holds zero, the two are level, whichever of the two numbers is the
better one.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Annotated, Literal

from thetastar.model.metrics import METRICS
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


_NAMED = 12  # of several targets, in one sentence
_FEW = 200  # test rows, below which one interval is no proof


class Headline(Part):
    """How the answer, or the network beside it, stands against the best baseline on the test rows."""

    state: Annotated[State, about("Whether it is ahead, level, or behind.")]
    words: Annotated[Text, about("The same in one sentence, without its full stop.")]
    rival: Annotated[Text | None, about("The baseline with the best validation score; None without one.")]
    interval: Annotated[
        Interval | None,
        about("95 % interval of the score minus the rival's; None where it has none.", "the metric's"),
    ]


def ours(record: Record) -> str:
    """Who is compared with the baselines: the network, or the average that the model answers with."""
    return "the average" if record.answer is not None and record.answer.kind == "average" else "the network"


def _winning_baseline(record: Record) -> str | None:
    """The baseline that the model answers with, if it does."""
    answer = record.answer
    return answer.name if answer is not None and answer.kind == "baseline" else None


def _our_score(record: Record) -> float | None:
    """The test score of whom the baselines are compared with."""
    scores = record.test.scores
    if record.answer is not None and _winning_baseline(record) is not None:
        scores = record.answer.alone
    return scores.get(record.metric.name)


def conclude(record: Record) -> Headline:
    """The one conclusion of a study: who is compared, what the test rows say of them, and in which words."""
    lead = record.test.lead
    if lead is None:
        return Headline(state="level", words="No baseline has a score to compare with", rival=None, interval=None)
    rival, interval = lead.over, lead.interval
    state: State = "level"
    if interval is not None and not _holds_zero(interval):
        state = "ahead" if record.metric.better(interval[0], 0.0) else "behind"
    words = _words(record, rival, state) if interval is not None else _cannot_tell(record, rival)
    if interval is None:
        return Headline(state="level", words=words, rival=rival, interval=None)
    if (leak := _leak(record)) is not None:
        words = f"{leak}. {words}"
    if _is_chance(record):
        words += f"; {_winning_baseline(record) or ours(record)} is no better than chance"
    return Headline(state=state, words=words, rival=rival, interval=interval)


def _words(record: Record, rival: str, state: State) -> str:
    """The comparison in one sentence; whose answer a baseline is says that first."""
    if _winning_baseline(record) is not None:
        return (
            f"The answer is {rival}: "
            + {
                "ahead": "it has the best validation score, but on the test rows the network beats it",
                "level": "it has the best validation score, and on the test rows the network is level with it",
                "behind": "it has the best validation score, and beats the network on the test rows",
            }[state]
        )
    return {
        "ahead": f"On the test rows {ours(record)} beats the best baseline, {rival}",
        "level": f"On the test rows {ours(record)} is level with the best baseline, {rival}",
        "behind": f"On the test rows the best baseline, {rival}, beats {ours(record)}",
    }[state]


def _cannot_tell(record: Record, rival: str) -> str:
    if _winning_baseline(record) is not None:
        return f"The answer is {rival}; the test rows cannot tell the network from it"
    return f"The test rows cannot tell {ours(record)} from the best baseline, {rival}"


def _leak(record: Record) -> str | None:
    """The columns that give the target away, if there are any, and what is left without them: no full stop."""
    if record.leaked is None:
        return None
    names = [repr(name) for name in record.leaked.columns]
    shown = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    text = f"{shown} {'gives' if len(names) == 1 else 'give'} the target away"
    without = record.leaked.scores_without.get(record.metric.name)
    if without is None:
        return text
    return f"{text}: without {'it' if len(names) == 1 else 'them'} {record.metric.name} is {number(without)}"


def _leak_sentence(record: Record) -> list[str]:
    """What to do about a leak comes first: nothing else in the result means much before that."""
    leak = _leak(record)
    if record.leaked is None or leak is None:
        return []
    options = " ".join(f"--role {shlex.quote(f'{name}=ignore')}" for name in record.leaked.columns)
    known = "it is not known" if len(record.leaked.columns) == 1 else "they are not known"
    return [f"{leak}. If {known} when a prediction is made, leave out what does: {options}."]


def _holds_zero(interval: tuple[float, float]) -> bool:
    return interval[0] <= 0 <= interval[1]


def _is_chance(record: Record) -> bool:
    """True if the network does not beat the constant, which knows nothing of a row, by more than chance."""
    over = record.test.over_constant
    if over is None or over.interval is None:
        return False
    return _holds_zero(over.interval) or not record.metric.better(over.interval[0], 0.0)


def leaderboard_sentence(record: Record) -> str:
    """Who stands first on the validation rows, and what the test rows say to that."""
    first = record.leaderboard[0]
    if first.kind == "network":
        return f"{first.name} has the best validation score. {conclude(record).words}."
    return f"{first.name}, a baseline, has a better validation score than every network. {conclude(record).words}."


def verdict(record: Record) -> tuple[str, ...]:
    """The result in plain sentences: which network, how good, against what, what one holds, and what was cut short."""
    return (
        *_leak_sentence(record),
        _choice(record),
        *_answer(record),
        *_weighted(record),
        _score(record),
        *_procedure(record),
        *_coverage(record),
        *_targets(record),
        *_comparison(record),
        _held(record),
        *record.shortcuts,
    )


def _procedure(record: Record) -> tuple[str, ...]:
    """What the whole procedure reaches by nested cross-validation, where it was asked for."""
    found = record.nested
    if found is None:
        return ()
    dealt = f", dealt {found.repeats} times" if found.repeats > 1 else ""
    ends = (
        "" if found.interval is None else f" (95 % interval {number(found.interval[0])} to {number(found.interval[1])})"
    )
    rival = "" if found.rival is None else f"; the best baseline has {number(found.rival)} there"
    kinds = len(set(found.chosen))
    chose = "always the same network" if kinds == 1 else f"{kinds} different networks"
    return (
        f"The whole procedure, run again for each of {found.folds} outer folds{dealt}, reaches {record.metric.name} "
        f"{number(found.mean)} on rows that none of its choices has seen{ends}{rival}. It chose {chose}.",
    )


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
    figures = f"{number(chosen.validation_mean)}{spread} over {_runs(record)}"
    if len(networks) == 1:
        return f"There was one network to choose, {chosen.name}; its {metric} on the validation rows is {figures}."
    text = f"Of {len(networks)} networks, {chosen.name} has the best {metric} on the validation rows: {figures}."
    if record.optimism:
        text += f" The best of so many looks better than it is, by about {number(abs(record.optimism))} here."
    return text + _close_second(chosen, networks)


def _runs(record: Record) -> str:
    """How many runs there are behind the chosen network's mean, and on how many of the folds."""
    chosen, planned = record.chosen, record.split.folds
    text = _counted(chosen.runs, "run")
    return f"{text} on {chosen.folds} of {planned} folds" if chosen.folds and chosen.folds < planned else text


def _close_second(chosen: LeaderboardRow, networks: Sequence[LeaderboardRow]) -> str:
    """The runner-up, if the two cannot be told apart in pairs: run by run, on the same fold from the same start."""
    second = next((row for row in networks if not row.chosen and row.round == chosen.round), None)
    if second is None or len(second.scores) != len(chosen.scores) or len(chosen.scores) < 2:
        return ""
    differences = [ours - theirs for ours, theirs in zip(chosen.scores, second.scores, strict=True)]
    mean = fmean(differences)
    # Folds share most of their training rows, so their scores go together: Nadeau and Bengio (2003) add the share of
    # the rows that judge over those that teach. Starts on one fold share all rows; they tell of luck alone.
    folds = chosen.folds or 1
    error = stdev(differences) * (1 / len(differences) + (1 / (folds - 1) if folds > 1 else 0.0)) ** 0.5
    if abs(mean) > 2 * error:
        return ""
    return (
        f" {second.name} ({number(second.validation_mean)}) is as good in pairs of runs on the same rows: another seed "
        "might choose it."
    )


def _score(record: Record) -> str:
    test, metric = record.test, record.metric.name
    ends = test.intervals.get(metric)
    interval = f" (95 % interval {number(ends[0])} to {number(ends[1])})" if ends else ""
    others = ", ".join(
        f"{name} {number(value)}" for name, value in test.scores.items() if name != metric and value is not None
    )
    rows = "1 test row" if test.rows == 1 else f"{test.rows:,} test rows"
    return f"On {rows} that nothing had seen, {_whose(record)} {metric} is {number(test.scores[metric])}{interval}" + (
        f"; {others}." if others else "."
    )


def _coverage(record: Record) -> list[str]:
    """How many test rows lie between the outermost quantiles."""
    found, levels = record.test.coverage, record.test.quantiles
    if found is None:
        return []
    low, high = found.interval
    rows = "1 test row" if record.test.rows == 1 else f"{record.test.rows:,} test rows"
    text = (
        f"From {levels[0].level:g} to {levels[-1].level:g} lie {100 * found.observed:.1f} % of {rows} (95 % interval "
    )
    text += f"{100 * low:.1f} % to {100 * high:.1f} %), where {100 * found.nominal:.4g} % should: "
    text += "as it says" if low <= found.nominal <= high else "too few" if high < found.nominal else "too many"
    return [f"{text}. The interval is {number(found.width)} wide on average."]


def _targets(record: Record) -> list[str]:
    """Of several targets what each has on the test rows, and those that are no better than chance."""
    if not record.targets:
        return []
    parts, chance = [], []
    for each in record.targets:
        scores, over = each.test.scores, each.test.over_constant
        beside = f" (R² {number(scores['r2'])})" if each.metric != "r2" and "r2" in scores else ""
        parts.append(f"{each.name!r} {each.metric} {number(scores.get(each.metric))}{beside}")
        ends = None if over is None else over.interval
        best = METRICS[each.metric].better
        if ends is not None and (_holds_zero(ends) or not best(ends[0], 0.0)):
            chance.append(repr(each.name))
    more = f" and {len(parts) - _NAMED} more in the report" * (len(parts) > _NAMED)
    said = [f"Target by target: {'; '.join(parts[:_NAMED])}{more}."]
    if chance:
        what = "is" if len(chance) == 1 else "are"
        shown = ", ".join(chance[:_NAMED]) + ", …" * (len(chance) > _NAMED)
        said.append(
            f"No better than chance {what} {shown}: the constant is as good, by the 95 % interval of the difference. "
            f"These columns do not tell {'it' if len(chance) == 1 else 'them'}, or the rows are too few."
        )
    return said


def _weighted(record: Record) -> list[str]:
    """How much rows count, and what that leaves of the test rows."""
    weights = record.weights
    if weights is None:
        return []
    text = (
        f"Rows count by their weights{f' in {weights.column!r}' if weights.column else ''} ({number(weights.low)} to "
    )
    text += f"{number(weights.high)} times the mean), in training, in the choice and in every score"
    told, rows = weights.tested, record.test.rows
    if told > 0.99 * rows:
        return [f"{text}."]
    return [f"{text}; the {_counted(rows, 'test row')} tell as much as {told:,.0f} of equal weight."]


def _whose(record: Record) -> str:
    """Whose score it is: the answer's."""
    kind = "network" if record.answer is None else record.answer.kind
    if kind == "baseline" and record.answer is not None:
        return f"{record.answer.name}'s"
    return {"network": "the final network's", "average": "the average's"}[kind]


def _answer(record: Record) -> list[str]:
    """What the model answers with, why, what the others have on the validation rows, and how classes are named."""
    answer = record.answer
    said = [] if answer is None or (answer.kind == "network" and answer.asked == "one") else [answer.why]
    if record.calibrated is not None and record.calibrated.kind is not None:
        said.append(record.calibrated.why)
    if record.threshold is not None:
        said.append(record.threshold.why)
    above = [(each.name, each.threshold) for each in record.targets if each.threshold is not None]
    if above:
        shown = "; ".join(f"{name!r} from {number(threshold.value)} on" for name, threshold in above[:_NAMED])
        more = f"; and {len(above) - _NAMED} more" if len(above) > _NAMED else ""
        said.append(f"Labels are named by their own probabilities ({above[0][1].rule}): {shown}{more}.")
    return said


def _comparison(record: Record) -> list[str]:
    """The figures of ours and rival on both kinds of rows, what follows, and who else was good on the test rows."""
    headline, test, metric = conclude(record), record.test, record.metric.name
    if headline.rival is None:
        return [f"{headline.words}."]
    validated = next(row.validation_mean for row in record.leaderboard if row.name == headline.rival)
    who, theirs = ours(record), test.baselines[headline.rival].get(metric)
    validation = record.answer.validation["best"] if record.answer is not None and who == "the average" else None
    value = record.chosen.validation_mean if validation is None else validation
    sentences = [
        f"The baseline with the best validation score is {headline.rival}: {metric} {number(validated)}, where {who} "
        f"has {number(value)}; on the test rows {number(theirs)} and {number(_our_score(record))}."
    ]
    if headline.interval is None:
        sentences.append(f"{headline.words}: the difference has no interval there.")
    else:
        low, high = map(number, headline.interval)
        sentences.append(
            f"The 95 % interval of the difference in {metric} on the test rows ({who.removeprefix('the ')} minus "
            f"{headline.rival}) is {low} to {high}: {FINDINGS[headline.state].replace('the network', who)}."
        )
    if headline.state != "level" and test.rows < _FEW:
        sentences.append(f"One such interval in twenty is wrong, and {_counted(test.rows, 'row')} are few.")
    if _winning_baseline(record) is None:
        if headline.state == "behind":
            sentences.append("For predictions alone, the baseline is the better choice for this table.")
        if headline.state == "level":
            sentences.append("The baseline is the simpler of the two.")
    return sentences + _chance(record) + _others_on_the_test_rows(record, headline.rival)


def _chance(record: Record) -> list[str]:
    over = record.test.over_constant
    if over is None or over.interval is None or not _is_chance(record):
        return []
    low, high = map(number, over.interval)
    return [
        f"No better than chance: the 95 % interval of the difference in {record.metric.name} "
        f"({_compared(record)} minus {over.over}) is {low} to {high}. These columns do not tell "
        f"{record.question.target!r}, or the rows are too few."
    ]


def _compared(record: Record) -> str:
    """What the constant is compared with: the answer."""
    return _winning_baseline(record) or ours(record).removeprefix("the ")


def _others_on_the_test_rows(record: Record, rival: str) -> list[str]:
    """A baseline that was not picked and scores better here is said, for anyone sees it in the picture."""
    metric, score_here = record.metric, record.test.scores[record.metric.name]
    who = "it" if _winning_baseline(record) is not None else ours(record)
    better = [
        f"{name} ({number(score)})"
        for name, scores in record.test.baselines.items()
        if name != rival and score_here is not None and (score := scores.get(metric.name)) is not None
        and metric.better(score, score_here)
    ]  # fmt: skip
    if not better:
        return []
    return [
        f"On these test rows {' and '.join(better)} scored better than {who} ({number(score_here)}); the "
        "comparison is with the baseline that the validation rows picked."
    ]


def _held(record: Record) -> str:
    winner, listed = record.winner, record.chosen.parameters
    beside = record.answer is not None and record.answer.kind != "network"
    text = (
        f"The network {'beside it' if beside else 'that you hold'}, with {_counted(winner.parameters, 'parameter')}, "
    )
    text += "was trained on training and validation rows together"
    if winner.starts is not None and winner.kept is not None:
        text += f", from {_counted(winner.starts, 'random start')}; kept is start {winner.kept + 1}, whose training "
        text += "loss ended lowest"
    text += ". No test row took part in any choice."
    if record.answer is not None and record.answer.learned_test:
        text += (
            f" Since they were scored, the answer has learned from the {_counted(record.test.rows, 'test row')} too: "
            "the scores are of the answer before."
        )
    if listed is not None and listed != winner.parameters:
        text += (
            f" On the leaderboard it has {_counted(listed, 'parameter')}: there its inputs were made from fewer rows, "
            f"which {'hold fewer levels or pieces' if listed < winner.parameters else 'were cut in other places'}."
        )
    return text


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
