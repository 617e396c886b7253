"""What was chosen, beside what could have been."""

from __future__ import annotations

import numpy as np

from thetastar.model.conclusion import number
from thetastar.model.metrics import Metric, metrics_of
from thetastar.model.record import Finding
from thetastar.study.checks.facts import Facts
from thetastar.study.standing import Standing

__all__ = ["behind_boosting", "chance", "edge_of_search", "luck_of_many", "metrics_disagree", "no_better_than_linear"]

_LUCK = 0.25  # of what the chosen network is better than the constant by
_MATTERS = 0.05  # of what it is better than the constant by, in another metric
_SETTINGS = ("learning_rate", "dropout", "weight_decay")


def behind_boosting(facts: Facts) -> Finding | None:
    """Boosted trees are better by more than chance explains."""
    headline, test = facts.record.headline, facts.record.test
    if headline.state != "behind" or headline.rival is None or "boosting" not in headline.rival:
        return None
    name = facts.metric.name
    return Finding(
        name="behind boosting",
        evidence=f"On the test rows {headline.rival} has {name} {number(test.baselines[headline.rival].get(name))}, "
        f"the network {number(facts.own_score)}.",
        advice="Take the trees for predictions, or give the networks more effort.",
    )


def no_better_than_linear(facts: Facts) -> Finding | None:
    """A linear model is as good, on validation and on test rows."""
    record, metric = facts.record, facts.metric
    score = facts.own_score
    for row in record.leaderboard:
        theirs = record.test.baselines.get(row.name, {}).get(metric.name)
        linear = row.kind == "baseline" and ("linear" in row.name or "logistic" in row.name)
        if not linear or score is None or theirs is None or row.validation_mean is None:
            continue
        mean = record.chosen.validation_mean
        if record.chosen.depth == 0 or mean is None or metric.better(mean, row.validation_mean):
            continue
        if not metric.better(score, theirs):
            return Finding(
                name="no better than linear",
                evidence=f"{row.name} has {metric.name} {number(row.validation_mean)} on validation and "
                f"{number(theirs)} on test rows, the network {number(mean)} and {number(score)}.",
                advice="The linear model is simpler, and its coefficients can be read.",
            )
    return None


def chance(facts: Facts) -> Finding | None:
    """The constant is as good."""
    over = facts.record.test.over_constant
    if over is None or over.interval is None:
        return None
    low, high = over.interval
    if not low <= 0 <= high and facts.metric.better(low, 0.0):
        return None
    return Finding(
        name="no better than chance",
        evidence=f"The 95 % interval of the difference to {over.over} is {number(low)} to {number(high)}.",
        advice="Look for other columns or more rows; these do not tell the target.",
    )


def luck_of_many(facts: Facts) -> Finding | None:
    """The best of so many looks much better than it is."""
    gain, optimism = facts.gain(facts.record.chosen.validation_mean), facts.record.optimism
    if optimism is None or gain is None or gain <= 0 or abs(optimism) < _LUCK * gain:
        return None
    return Finding(
        name="luck of the best of many",
        evidence=f"Choosing the best of {len(facts.standings)} flatters {facts.metric.name} by about "
        f"{number(abs(optimism))}, where the chosen network is {number(gain)} better than the constant.",
        advice="Quote the test score only; fewer candidates or more rows would make the choice surer.",
    )


def edge_of_search(facts: Facts) -> Finding | None:
    """The best has the largest size, or a setting at the end of what was tried."""
    known = [standing for standing in facts.standings if standing.mean is not None]
    chosen = facts.standings[0]
    sizes = sorted({standing.parameters for standing in known})
    if len(sizes) >= 3 and chosen.parameters == sizes[-1]:
        return Finding(
            name="search at its edge",
            evidence=f"{chosen.candidate.name} is the largest of {len(known)} networks ({sizes[-1]:,} parameters; "
            f"the next has {sizes[-2]:,}).",
            advice="Larger ones may be better still: give candidates=[…] beyond it.",
        )
    for name in _SETTINGS:
        values = sorted({value for s in known if isinstance(value := getattr(s.candidate, name, None), int | float)})
        own = getattr(chosen.candidate, name, None)
        if len(values) >= 3 and own in (values[0], values[-1]) and own != 0:
            end = "largest" if own == values[-1] else "smallest"
            return Finding(
                name="search at its edge",
                evidence=f"The {name} of {chosen.candidate.name}, {own:g}, is the {end} of the {len(values)} values "
                "tried.",
                advice="Values beyond it may be better still: give candidates=[…] there.",
            )
    return None


def metrics_disagree(facts: Facts) -> Finding | None:
    """Another network is clearly better by another score of the task."""
    chosen = facts.standings[0]
    rivals = [s for s in facts.standings[1:] if (s.round, s.folds) == (chosen.round, chosen.folds) and s.runs]
    for metric in metrics_of(facts.record.question.task):
        name = metric.name
        own = _scores(chosen, name)
        if name == facts.metric.name or len(own) < 3:
            continue
        for rival in rivals:
            theirs = _scores(rival, name)
            both = sorted(own.keys() & theirs.keys())
            if len(both) < 3:
                continue
            ahead = np.array([metric.loss(own[key]) - metric.loss(theirs[key]) for key in both])
            folds = max(len(chosen.folds), 1)
            # Nadeau and Bengio (2003), as for the runner-up in `conclusion.py`.
            error = ahead.std(ddof=1) * (1 / len(both) + (1 / (folds - 1) if folds > 1 else 0.0)) ** 0.5
            means = [float(np.mean([scores[key] for key in both])) for scores in (own, theirs)]
            if ahead.mean() > 3 * error and ahead.mean() > _MATTERS * _known_by(facts, metric, own):
                return Finding(
                    name="metrics disagree",
                    evidence=f"By {name} {rival.candidate.name} is better ({number(means[1])}) than "
                    f"{chosen.candidate.name} ({number(means[0])}), which {facts.metric.name} chose.",
                    advice=f"Choose by the score that counts for you: --metric {name}.",
                )
    return None


def _known_by(facts: Facts, metric: Metric, scores: dict[tuple[int, int], float]) -> float:
    """How much better than the constant the scores are by another metric; the constant's is that on the test rows."""
    over = facts.record.test.over_constant
    constant = None if over is None else facts.record.test.baselines.get(over.over, {}).get(metric.name)
    return 0.0 if constant is None else abs(float(np.mean(list(scores.values()))) - constant)


def _scores(standing: Standing, metric: str) -> dict[tuple[int, int], float]:
    """The score of every run by fold and start."""
    found = {}
    for outcome in standing.outcomes:
        value = outcome.scores.get(metric)
        if value is not None and outcome.fold in standing.folds:
            found[outcome.fold, outcome.start] = value
    return found
