"""What the model answers with: an average, one network or one baseline, whichever is best on the validation rows.

Every finalist network and every baseline has predicted the validation rows of each fold, which it had not learned from.
From these predictions members are picked greedily, each time the one that brings the average furthest, and any of them
again; how often one is picked is its weight (Caruana, Niculescu-Mizil, Crew and Ksikes 2004, "Ensemble selection from
libraries of models"). No test row takes part. Where one function alone is as good, it is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from thetastar.model.answer import averaged
from thetastar.model.conclusion import number
from thetastar.model.metrics import METRICS, Metric
from thetastar.recipes.baselines import CONSTANT
from thetastar.study.baselines import BaselineResult
from thetastar.study.intervals import difference_interval
from thetastar.study.standing import Standing
from thetastar.study.trial import from_text

__all__ = ["Contender", "Decision", "OutOfFold", "contenders", "decide", "picked"]

Asked = Literal["best", "networks", "one"]

_LEAST_ROWS = 100  # validation rows below which an average would be picked by luck
_FINALISTS = 6  # networks that may take part, from every start
_MOST_NETWORKS = 6  # that are trained again; each costs about as much as a finalist's run
_PICKS = 20
_PROOF = 0.5  # standard errors that an average must be ahead by: as a rule it is better, so little proof is asked


@dataclass(frozen=True, eq=False)
class Contender:
    """A trained function that may answer.

    Attributes:
        name: on the leaderboard.
        start: of a network which random start; 0 of a baseline.
        predicted: (m,) values or (m, C) probabilities of the validation rows, fold after fold.
    """

    name: str
    kind: Literal["network", "baseline"]
    start: int
    predicted: np.ndarray


@dataclass(frozen=True)
class Decision:
    """What the answer is made of.

    Attributes:
        networks: by candidate how often each of its starts counts, most often first.
        baselines: how often each baseline counts.
        validation: the score on the validation rows of the best there is, of networks alone, and of one network.
        rows: validation rows, over all folds.
        why: in one sentence.
    """

    kind: Literal["network", "baseline", "average"]
    networks: Mapping[str, tuple[int, ...]]
    baselines: Mapping[str, int]
    validation: dict[str, float | None]
    rows: int
    why: str
    cut: bool = False  # a budget left members out

    def within(self, seconds: float, costs: Mapping[str, float], name: str, starts: int) -> Decision:
        """The decision without the networks that a budget leaves no time to train again.

        The heaviest stay. Where that leaves one member, the chosen network is the answer.

        Args:
            seconds: of one thread, for all trainings together.
            costs: of one final training of each candidate.
            name: the chosen network, which is trained in any case.
            starts: from how many starts.
        """
        if self.kind != "average":
            return self
        left = seconds - starts * costs[name]
        heaviest = sorted(
            ((count, each, at) for each, counts in self.networks.items() for at, count in enumerate(counts)),
            key=lambda part: (-part[0], part[2]),
        )
        kept: dict[str, list[int]] = {}
        for count, each, _ in heaviest:
            price = 0.0 if each == name and len(kept.get(each, ())) < starts else costs[each]
            if price <= left:
                left -= price
                kept.setdefault(each, []).append(count)
        members = sum(map(len, kept.values()))
        if members == len(heaviest):
            return self
        if members + len(self.baselines) < 2:
            why = f"The answer is the network {name}: the budget left no time to train an average's members again."
            return replace(self, kind="network", networks={name: (1,)}, baselines={}, why=why, cut=True)
        why = f"{self.why} The budget left no time to train {len(heaviest) - members} of its networks again."
        return replace(self, networks={each: tuple(counts) for each, counts in kept.items()}, why=why, cut=True)

    def after(self, members: int, name: str) -> Decision:
        """What is left where the final training of an average's networks brought only so many of them."""
        if self.kind != "average" or members + len(self.baselines) > 1:
            return self
        why = f"The answer is the network {name}: the final training of the other networks diverged."
        return replace(self, kind="network", networks={name: (1,)}, baselines={}, why=why)


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What every contender predicted of the validation rows, fold after fold, and what is true of them.

    Attributes:
        found: of every contender that predicted all of these rows.
        truth: (m,) values or class indices.
        weight: (m,) how much each of these rows counts; None where all count alike.
    """

    found: Sequence[Contender]
    truth: np.ndarray
    weight: np.ndarray | None = None

    def of(self, decision: Decision) -> np.ndarray | None:
        """(m,) or (m, C) what the answer's members say of these rows together; None where one of them said nothing.

        A candidate's final trainings begin from new starts, so any of its starts may stand for them: the first ones.
        """
        parts = []
        for name, counts in [*decision.networks.items(), *((name, (n,)) for name, n in decision.baselines.items())]:
            own = [one.predicted for one in self.found if one.name == name]
            if len(own) < len(counts):
                return None
            parts += list(zip(counts, own, strict=False))
        return averaged(parts)


def contenders(
    standings: Sequence[Standing],
    baselines: Sequence[BaselineResult],
    rows: Mapping[int, int],
    finalists: int = _FINALISTS,
) -> list[Contender]:
    """Everything that has predicted the validation rows of all folds that the first standing is judged on.

    Args:
        standings: best first; those that are judged on other folds or rounds than the first take no part.
        rows: validation rows of each fold.
        finalists: candidates that may take part.
    """
    first, found = standings[0], []
    alike = [s for s in standings if (s.round, s.folds) == (first.round, first.folds) and s.mean is not None]
    for standing in alike[:finalists]:
        for start in sorted({outcome.start for outcome in standing.outcomes}):
            texts = {o.fold: o.predicted for o in standing.outcomes if o.start == start}
            predicted = _joined(texts, first.folds, rows)
            if predicted is not None:
                found.append(Contender(standing.candidate.name, "network", start, predicted))
    for result in baselines:
        predicted = _joined({k: o.predicted for k, o in result.outcomes.items()}, first.folds, rows)
        if predicted is not None:
            found.append(Contender(result.baseline.name, "baseline", 0, predicted))
    return found


def _joined(texts: Mapping[int, str | None], folds: Sequence[int], rows: Mapping[int, int]) -> np.ndarray | None:
    """The predictions of all folds one after the other; None where one is missing."""
    parts = [texts.get(fold) for fold in folds]
    if any(part is None for part in parts):
        return None
    return np.concatenate([from_text(part or "", rows[fold]) for part, fold in zip(parts, folds, strict=True)])


def picked(
    found: Sequence[Contender], truth: np.ndarray, metric: Metric, networks: int = _MOST_NETWORKS,
    weight: np.ndarray | None = None,
) -> list[int]:  # fmt: skip
    """How often each contender counts in the average that the greedy picks lead to; of equal averages the first.

    Args:
        found: at least one contender.
        truth: (m,) values or class indices.
        networks: that are picked at most.
        weight: (m,) how much each row counts; alike if not given.
    """
    judge = _judge(metric)
    counts, best, total = [0] * len(found), [0] * len(found), np.zeros_like(found[0].predicted)
    best_loss = np.inf
    for pick in range(1, _PICKS + 1):
        full = sum(c > 0 and one.kind == "network" for c, one in zip(counts, found, strict=True)) >= networks
        losses = [
            np.inf if full and count == 0 and one.kind == "network"
            else _loss(judge, truth, (total + one.predicted) / pick, weight)
            for count, one in zip(counts, found, strict=True)
        ]  # fmt: skip
        at = int(np.argmin(losses))
        if not np.isfinite(losses[at]):
            break
        counts[at] += 1
        total = total + found[at].predicted
        if losses[at] < best_loss:
            best, best_loss = list(counts), losses[at]
    return best


def _judge(metric: Metric) -> Metric:
    """The metric that picks, and that proves an average: log loss where the study's own is the share of right answers.

    A share does not see by how much an answer is right: greedy picks by it follow the few rows that change sides, and
    an average that is right a little more often is told apart only on very many rows. It must not be right less often.
    """
    return METRICS["log_loss"] if metric.name == "accuracy" else metric


def _loss(metric: Metric, truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> float:
    value = metric(truth, predicted, weight)
    return float(metric.loss(value)) if np.isfinite(value) else np.inf


def decide(
    asked: Asked, chosen: Standing, found: Sequence[Contender], truth: np.ndarray, metric: Metric, seed: int,
    most: int = _MOST_NETWORKS, weight: np.ndarray | None = None,
) -> Decision:  # fmt: skip
    """The answer of a study.

    Args:
        asked: the option.
        chosen: the network with the best score.
        found: what `contenders` found.
        truth: (m,) values or class indices of the validation rows, fold after fold.
        seed: of the study.
        most: networks of an average.
        weight: (m,) how much each row counts; alike if not given.
    """
    name, rows = chosen.candidate.name, len(truth)
    networks = [one for one in found if one.kind == "network"]
    own = [one for one in networks if one.name == name]
    if not own:  # the budget left no fold whole
        why = f"The answer is the network {name}: the budget left nothing to compare it with."
        return Decision("network", {name: (1,)}, {}, {"best": None, "networks": None, "one": chosen.mean}, rows, why)
    one = _mean_of(metric, truth, own, name, weight)
    trials = {
        "best": _best_of(found, name, truth, metric, seed, most, weight),
        "networks": _best_of(networks, name, truth, metric, seed, most, weight),
    }
    if len(trials["best"].found) > 1 and metric.better(trials["networks"].score, trials["best"].score):
        trials["best"] = trials["networks"]  # greedy picks among more may end at less
    reached = {each: trial.score for each, trial in trials.items()} | {"one": one}
    scores = {each: score if np.isfinite(score) else None for each, score in reached.items()}
    if asked == "one":
        why = f"The answer is the network {name} alone, as was asked for."
        return Decision("network", {name: (1,)}, {}, scores, rows, why)
    return _decision(trials[asked], asked, name, scores, metric, rows)


@dataclass(frozen=True, eq=False)
class _Trial:
    """A possible answer: how often each contender counts, and its score."""

    found: Sequence[Contender]
    counts: Sequence[int]
    score: float


def _best_of(
    found: Sequence[Contender], name: str, truth: np.ndarray, metric: Metric, seed: int, most: int,
    weight: np.ndarray | None,
) -> _Trial:  # fmt: skip
    """The average of these contenders, or the best of them alone where that is as good.

    Alone, the chosen network stands for all networks, and its score is the mean over its starts: which of them is
    trained again is not chosen by it.
    """
    names = [name, *(each.name for each in found if each.kind == "baseline")]
    means = {each: _mean_of(metric, truth, found, each, weight) for each in names}
    best = min(means, key=lambda each: metric.loss(means[each]))  # of equal ones the first: the network
    single = next(each for each in found if each.name == best)
    alone = _Trial((single,), (1,), means[best])
    able = [each for each in found if not each.name.startswith(CONSTANT)]  # a constant only dilutes an average
    if len(truth) < _LEAST_ROWS or not able:
        return alone
    counts = picked(able, truth, metric, most, weight)
    if sum(count > 0 for count in counts) < 2:
        return alone
    total = averaged([(count, each.predicted) for count, each in zip(counts, able, strict=True) if count])
    score, judge = metric(truth, total, weight), _judge(metric)
    ends = difference_interval(judge, truth, total, single.predicted, seed, weight)
    if not np.isfinite(score) or ends is None or metric.better(means[best], score):
        return alone
    reached = judge(truth, total, weight)
    if not judge.better(reached, _mean_of(judge, truth, found, best, weight)):
        return alone
    error = (ends[1] - ends[0]) / (2 * 1.96)
    ahead = abs(reached - judge(truth, single.predicted, weight))
    return _Trial(able, counts, score) if ahead > _PROOF * error else alone


def _mean_of(
    metric: Metric, truth: np.ndarray, found: Sequence[Contender], name: str, weight: np.ndarray | None
) -> float:
    """The mean score of the contenders of that name: of a network one for each start."""
    return float(np.mean([metric(truth, each.predicted, weight) for each in found if each.name == name]))


def _decision(
    trial: _Trial, asked: Asked, name: str, scores: dict[str, float | None], metric: Metric, rows: int
) -> Decision:
    """The trial as the members to make, with the sentence that says why."""
    networks: dict[str, list[int]] = {}
    baselines: dict[str, int] = {}
    for count, one in zip(trial.counts, trial.found, strict=True):
        if count and one.kind == "network":
            networks.setdefault(one.name, []).append(count)
        elif count:
            baselines[one.name] = count
    sorted_networks = {each: tuple(sorted(counts, reverse=True)) for each, counts in networks.items()}
    figures = f"on the validation rows its {metric.name} is {number(trial.score)}"
    many = sum(map(len, networks.values()))
    instead = " --answer networks makes networks the answer all the same, --answer one a single network."
    kind: Literal["network", "baseline", "average"]
    if many + len(baselines) > 1:
        kind = "average"
        made = [f"{many} network{'s' * (many != 1)}"] * (many > 0) + list(baselines)
        why = f"The answer is an average of {_listed(made)}: {figures}, one network's {number(scores['one'])}."
        why += instead if baselines else " --answer one makes a single network the answer."
    elif baselines:
        kind, best = "baseline", next(iter(baselines))
        why = f"The answer is {best}: {figures}, where the best network has {number(scores['one'])}.{instead}"
    else:
        kind = "network"
        best = next(iter(networks))
        words = "no average and no baseline" if asked == "best" else "no average of networks"
        why = f"The answer is the network {best}: {words} is better on the validation rows."
    return Decision(kind, sorted_networks, baselines, scores, rows, why)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
