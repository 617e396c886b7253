"""The record of a finished study, put together from what its steps hand over."""

from __future__ import annotations

import datetime
import os
import platform
import shlex
from typing import Any

import numpy as np

from thetastar.data.row_weights import effective
from thetastar.data.table import Table
from thetastar.model.answer import Answer
from thetastar.model.conclusion import number
from thetastar.model.leaderboard import rank_rows
from thetastar.model.metrics import METRICS, Metric
from thetastar.model.record import (
    Answered,
    AnswerPart,
    Asked,
    BetterSplit,
    Carried,
    ClassCounts,
    ColumnRow,
    Curve,
    Histogram,
    LayerRow,
    LeaderboardRow,
    Record,
    Repeated,
    Scoring,
    Settings,
    Split,
    Tested,
    Weights,
    Winner,
)
from thetastar.model.run import Machine, Timing
from thetastar.model.seen import Seen, SeenRows, row_digests, seen_rows
from thetastar.study.answer import Asked as AskedAnswer
from thetastar.study.answer import Decision
from thetastar.study.checks import SAID_ELSEWHERE, Facts, find, shuffle_effects
from thetastar.study.curves import value_at
from thetastar.study.making import Made
from thetastar.study.plan import REFIT_STARTS, Plan
from thetastar.study.problem import Problem
from thetastar.study.refit import Final, Refit
from thetastar.study.samples import examples
from thetastar.study.standing import Standing

__all__ = [
    "answered", "assemble", "column_rows", "has_learned_the_test", "leaderboard_rows", "network_row", "optimism_of",
]  # fmt: skip

_OF_A_LEAK = "known when a prediction is made, leave"  # comes before everything else
_CURVES = 20  # of the winner's runs: as many as a picture can show


def network_row(standing: Standing, *, chosen: bool = False) -> LeaderboardRow:
    """The leaderboard row of a candidate."""
    outcomes = standing.outcomes
    return LeaderboardRow(
        rank=0, name=standing.candidate.name, kind="network", description=standing.candidate.sentence,
        validation_mean=standing.mean, validation_std=standing.std, fold_spread=standing.fold_spread,
        start_spread=standing.start_spread, scores=standing.scores, folds=len(standing.folds),
        runs=len(standing.runs), parameters=standing.parameters,
        epochs=standing.epochs if outcomes else None, seconds=round(sum(o.seconds for o in outcomes), 3),
        status=standing.status, chosen=chosen, round=standing.round,
        training_mean=standing.training_mean, depth=standing.candidate.depth,
    )  # fmt: skip


def leaderboard_rows(
    standings: list[Standing], baselines: list[LeaderboardRow], metric: Metric
) -> tuple[LeaderboardRow, ...]:
    """All rows, ranked; the first standing is the chosen one."""
    networks = [network_row(s, chosen=k == 0) for k, s in enumerate(standings)]
    return rank_rows([*networks, *baselines], metric.direction)


def column_rows(problem: Problem, preparation: Any = None) -> tuple[ColumnRow, ...]:
    """One row for every column but the target."""
    from thetastar.data.inspect import columns_record

    return tuple(ColumnRow(**row) for row in columns_record(problem.table, problem.roles, preparation))


def answered(asked: AskedAnswer, decision: Decision, answer: Answer, alone: dict[str, float]) -> Answered:
    """What the model answers with, as the record has it.

    Args:
        alone: the network's scores on the test rows; kept where it is not the answer.
    """
    beside = {} if answer.kind == "network" else alone
    return Answered(
        asked=asked, kind=answer.kind, parts=_parts(answer), validation=decision.validation, rows=decision.rows,
        why=decision.why,
        alone={name: value if np.isfinite(value) else None for name, value in beside.items()},
    )  # fmt: skip


def _parts(answer: Answer) -> tuple[AnswerPart, ...]:
    """The members of an answer, as the record has them."""
    return tuple(
        AnswerPart(
            name=member.name, kind="baseline" if member.network is None else "network", count=member.count,
            size=member.size,
        )
        for member in answer.members
    )  # fmt: skip


_AT_ONCE = 1 << 16  # rows


def assemble(
    *, problem: Problem, board: tuple[LeaderboardRow, ...], standings: list[Standing], plan: Plan, made: Made,
    answered: Answered, decision: Decision, test: Tested, asides: dict[str, Any], settings: dict[str, Any],
    timing: dict[str, float], threads: int, within: bool = False,
) -> Record:  # fmt: skip
    """The record of a finished study.

    Args:
        made: the answer that was tested.
        asides: its parts `leaked`, `carried`, `better_split`, `calibrated`, `targets` and the like.
        within: another study, which asks for the scores alone: nothing is checked.
    """
    from thetastar import __version__
    from thetastar.data.inspect import suspect_columns

    final, metric = made.final, problem.metric
    refit, preparation = final.refit, final.preparation
    notes = [*problem.notes, *preparation.notes]
    suspects = suspect_columns(problem.table, problem.encoding, problem.roles, ordered=problem.ordered)
    record = Record(
        format=2,
        thetastar=__version__,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        question=Asked(
            source=settings["data"]["path"],
            is_file=os.path.exists(settings["data"]["path"]),
            test_source=settings["data"]["test_path"],
            target=problem.target,
            target_names=problem.targets if len(problem.targets) > 1 else (),
            task=problem.task,
            reason=problem.encoding.reason,
            rows=problem.table.row_count,
            features=preparation.feature_count,
            metric=metric.name,
            sentence=problem.sentence(),
        ),
        columns=column_rows(problem, preparation),
        target_distribution=_target_distribution(problem),
        samples=examples(problem),
        split=Split(
            train=len(problem.train),
            validation=len(problem.validation),
            test=test.rows,
            seed=settings["study"]["seed"],
            stratified=problem.encoding.kind.probable and not problem.ordered and not _asked(settings, "group"),
            folds=problem.folds,
            ordered=problem.ordered,
            group=_asked(settings, "group"),
            by_time=_asked(settings, "by_time"),
            gap=_asked(settings, "gap") or 0,
            stratify=_asked(settings, "stratify"),
        ),
        weights=_weights(problem, test.rows),
        metric=Scoring(
            name=metric.name,
            direction=metric.direction,
            unit=problem.target if metric.in_target_unit else "",
            words=metric.words,
            own=metric.name not in METRICS,
        ),
        leaderboard=board,
        **asides,
        optimism=optimism_of(standings, metric),
        winner=_winner(standings[0], refit),
        answer=answered,
        test=test,
        notes=tuple(notes),
        shortcuts=tuple(
            _shortcuts(problem, standings, [row for row in board if row.kind == "baseline"], plan, refit, test)
        ),
        distrust=(
            *_of_the_split(problem, asides["better_split"]),
            *_carried(problem, asides["carried"]),
            *(text for text in suspects if _OF_A_LEAK in text),
            *_doubts(problem, test, _asked(settings, "group")),
            *notes,
            *(text for text in suspects if _OF_A_LEAK not in text),
        ),
        settings=Settings(**settings),
        repeats=settings["study"].get("budget") is None
        or not (decision.cut or _cut_short(problem, board, standings, plan, refit, test)),
        timing=Timing(**timing),
        seen=None if within else _seen(problem, final, settings["data"]["digest"]),
        machine=Machine(level=_level(), threads=threads, python=platform.python_version(), cores=os.cpu_count() or 1),
    )
    return record if within else _with_findings(record, problem, standings, final, made.answer)


def has_learned_the_test(record: Record, problem: Problem, taught: Made) -> Record:
    """The record of an answer that has learned from the test rows too, once they were scored: it tells of the answer
    before, and its digests are of rows as the model prepares them now."""
    assert record.answer is not None
    parts = _parts(taught.answer)
    return record.model_copy(update={
        "answer": record.answer.model_copy(update={"learned_test": True, "parts": parts}),
        "formulas": taught.formulas,
        "seen": None if record.seen is None else _seen(problem, taught.final, record.settings.data.digest),
    })  # fmt: skip


def _weights(problem: Problem, tested: int) -> Weights | None:
    """How much rows count, in the record's words; None where all count alike."""
    weights, rows = problem.weights, problem.division.learning
    if weights is None:
        return None
    return Weights(
        column=None if weights.given else weights.column,
        low=float(weights.values.min()), high=float(weights.values.max()),
        learned=round(effective(problem.weight(rows), len(rows)), 1),
        tested=round(effective(problem.test_weight, tested), 1),
    )  # fmt: skip


def _asked(settings: dict[str, Any], option: str) -> Any:
    """An option of the study as it was given; None if it was not."""
    return settings["study"].get(option)


def _with_findings(record: Record, problem: Problem, standings: list[Standing], final: Final, answer: Answer) -> Record:
    """The record with what the checks found: typed, and as sentences among what to distrust."""
    tested = problem.tested

    def predict(rows: Table) -> np.ndarray:
        return answer.predicted(rows, final.encoding, record.machine.threads)

    truth = final.encoding.truth(tested)
    effects = shuffle_effects(
        tested, problem.roles, truth, problem.metric, predict, record.split.seed, problem.test_weight
    )
    findings = find(Facts(record, problem, standings, effects))
    said = [f"{one.evidence} {one.advice}" for one in findings if one.name not in SAID_ELSEWHERE]
    return record.model_copy(update={"findings": findings, "distrust": (*record.distrust, *said)})


def _seen(problem: Problem, final: Final, key: str) -> Seen:
    """Digests of the rows learned from and of the test rows."""

    def digests(table: Table, rows: np.ndarray) -> SeenRows:
        truth, found = final.encoding.truth(table), []
        for start in range(0, len(rows), _AT_ONCE):  # prepared piece by piece, because all may be most of the memory
            some = rows[start : start + _AT_ONCE]
            found.append(row_digests(final.preparation.transform(table.select(some)), truth[some], key))
        return seen_rows(np.concatenate(found))

    table, tested = problem.table, (problem.table, problem.test)
    if problem.test_table is not None:
        tested = problem.test_table, np.arange(problem.test_table.row_count)
    return Seen(learned=digests(table, problem.division.learning), tested=digests(*tested))


def _cut_short(
    problem: Problem, board: tuple[LeaderboardRow, ...], standings: list[Standing], plan: Plan, refit: Refit,
    test: Tested,
) -> bool:  # fmt: skip
    """Whether the clock decided anything: another run would stop elsewhere."""
    chosen = standings[0]
    return (
        any(row.status == "interrupted" for row in board)
        or plan.remade
        or chosen.round < len(plan.rounds)
        or len(chosen.folds) < problem.folds
        or refit.stopped == "interrupted"
        or not test.baselines_refitted
    )


def _target_distribution(problem: Problem) -> Histogram | ClassCounts:
    from thetastar.data.inspect import distribution

    first = problem.encoding.parts[0]
    found = distribution(problem.table, first)
    return ClassCounts(**found) if first.kind.classification else Histogram(**found)


def _winner(standing: Standing, refit: Refit) -> Winner:
    candidate, network = standing.candidate, refit.network
    return Winner(
        name=candidate.name,
        layers=tuple(
            LayerRow(**{**row, "output": shape})
            for row, shape in zip(network.summary(), network.shapes[1:], strict=True)
        ),
        parameters=network.parameter_count,
        settings={
            **candidate.model_dump(mode="json", exclude={"label"}),
            "batch_size": refit.batch_size,
            "epochs": refit.epochs,
            "seed": refit.seed,
            "loss": refit.loss_name,
        },
        curves=tuple(
            Curve(
                seed=o.seed,
                loss=tuple(o.loss),
                validation_loss=tuple(o.validation_loss),
                best_epoch=o.best_epoch,
                epochs=tuple(o.curve_epochs or ()),
            )
            for o in standing.outcomes[:_CURVES]
        ),
        refit_epochs=refit.epochs,
        refit_loss=tuple(refit.loss),
        starts=REFIT_STARTS,
        kept=refit.kept,
        gradients=refit.gradients,
    )


def optimism_of(standings: list[Standing], metric: Metric) -> float | None:
    """How much better than it is the best of so many looks: Tibshirani and Tibshirani (2009).

    On each fold some candidate is the best by luck; the mean distance between its score there and the chosen one's is
    what choosing the best of the means flatters by. Measured among all that stand on the chosen one's folds and round.
    The best epoch of each run is chosen on the same rows, which flatters too, and is measured in the same way.
    """
    chosen = standings[0]
    rivals = [s for s in standings if (s.round, s.folds) == (chosen.round, chosen.folds) and s.mean is not None]
    if len(chosen.folds) < 2 or len(rivals) < 2:
        return None
    means = [dict(standing.fold_means) for standing in rivals]
    if any(len(found) < len(chosen.folds) for found in means):
        return None
    luck = [metric.loss(means[0][fold]) - min(metric.loss(found[fold]) for found in means) for fold in chosen.folds]
    return float(np.mean(luck)) + _epochs_luck(rivals, metric)


def _epochs_luck(standings: list[Standing], metric: Metric) -> float:
    """By how much the choice of the best epoch on each fold flatters the first standing's mean.

    The loss at each run's own best epoch, beside the loss at the one epoch that the folds agree on; in the metric's
    unit by the slope of the metric over the loss, from run to run on the same fold.
    """
    chosen = standings[0]
    gains = [
        value_at(chosen.epochs, run.validation_loss, run.curve_epochs) - min(run.validation_loss)
        for run in chosen.outcomes
        if run.fold in chosen.folds and run.validation_loss and np.isfinite(run.validation_loss).all()
    ]
    points = [
        (run.fold, min(run.validation_loss), metric.loss(score))
        for standing in standings
        for run in standing.outcomes
        if run.fold in chosen.folds and run.validation_loss and (score := run.scores.get(metric.name)) is not None
    ]
    if not gains or len(points) < 3:
        return 0.0
    table = np.asarray(points, dtype=np.float64)
    fold, loss, score = table[np.isfinite(table).all(axis=1)].T
    for part in np.unique(fold):
        loss[fold == part] -= loss[fold == part].mean()
        score[fold == part] -= score[fold == part].mean()
    across = float(loss @ loss)
    slope = max(float(loss @ score) / across, 0.0) if across > 0 else 0.0
    return slope * float(np.mean(gains))


def _starts(count: int) -> str:
    return "one start" if count == 1 else f"{count} starts"


def _shortcuts(
    problem: Problem, standings: list[Standing], baselines: list[LeaderboardRow], plan: Plan, refit: Refit,
    test: Tested,
) -> list[str]:  # fmt: skip
    """What was cut so that the study ends in time, in sentences."""
    notes = list(problem.held)
    if len(plan.rounds) > 1 and plan.rounds[-1].resumes:
        steps = [f"{stage.keep:,} for {stage.share:.0%} of their epochs" for stage in plan.rounds]
        notes.append(
            f"Successive halving: {', then the best '.join(steps)}. Each went on where it had stood: nothing was "
            "trained twice."
        )
    elif len(plan.rounds) > 1:
        short, full = plan.rounds
        notes.append(
            f"All {len(plan.candidates)} networks were trained for up to {short.epochs} epochs from "
            f"{_starts(short.starts)}; the best {full.keep} again for up to {full.epochs} epochs from "
            f"{_starts(full.starts)}."
        )
    if plan.remade:
        notes.append("How many were trained again was settled by the time that the short runs had left of the budget.")
    seen = max((len(s.outcomes) for s in standings), default=0)
    if seen and plan.rows < plan.all_rows:
        notes.append(
            f"To save time the candidates saw {plan.rows:,} of {plan.all_rows:,} training rows; the final network saw "
            "all."
        )
    if plan.baseline_rows < plan.all_rows:
        notes.append(f"The baselines saw {plan.baseline_rows:,} of {plan.all_rows:,} training rows.")
    if plan.left_out:
        names = ", ".join(candidate.name for candidate in plan.left_out)
        notes.append(f"Left out because they cost too much for the effort: {names}.")
    chosen = standings[0]
    if chosen.round < len(plan.rounds):
        notes.append("The budget ended before the longer runs had a whole fold; the short runs decided.")
    if 0 < len(chosen.folds) < problem.folds:
        notes.append(
            f"The budget ended early: networks and baselines are compared on {len(chosen.folds)} of {problem.folds} "
            "folds, those that all finished."
        )
    late = [row for row in baselines if row.status == "interrupted"]
    if late:
        shown = ", ".join(f"{row.name} ({row.runs} of {len(chosen.folds)} folds)" for row in late)
        notes.append(f"To keep the budget these baselines were not fitted on every fold and are out: {shown}.")
    cut = sum(standing.status == "interrupted" for standing in standings)
    if cut:
        networks = "one network was" if cut == 1 else f"{cut} networks were"
        notes.append(f"The budget ended before {networks} trained in full; a larger budget would tell more.")
    if refit.stopped == "interrupted":
        notes.append(f"The budget ended in the final training after {refit.epochs} epochs.")
    if not test.baselines_refitted:
        notes.append("To keep the budget, the baselines were not fitted again with the validation rows.")
    diverged = [standing.candidate.name for standing in standings if standing.status == "diverged"]
    if diverged:
        notes.append(f"Diverged and therefore out: {', '.join(diverged)}.")
    return notes


def _doubts(problem: Problem, test: Tested, group: str | None) -> list[str]:
    """What to distrust about the measurement itself."""
    doubts = []
    if test.rows < 200:
        doubts.append(f"Only {test.rows} test rows: the interval is wide, and another split would give another score.")
    told = effective(problem.test_weight, test.rows)
    if test.rows >= 200 > told:
        doubts.append(
            f"The {test.rows:,} test rows weigh so differently that they tell as much as {told:.0f} of equal weight: "
            "the interval is wide."
        )
    if test.looks:
        times = "once" if test.looks == 1 else f"{test.looks} times"
        doubts.append(
            f"These test rows were looked at {times} before in this folder: whoever changes something after a look "
            "chooses by the test, and its score flatters. Keep rows that nothing has looked at for the last word."
        )
    if test.repeated is not None:
        doubts.append(_repeated(problem, test, test.repeated))
    if test.shifted:
        doubts.append(f"The test rows differ from those learned from: {' '.join(test.shifted)}")
    rare = [row.label for row in test.per_class or () if row.support < 10]
    if rare:
        shown = ", ".join(rare[:5]) + (", …" if len(rare) > 5 else "")
        doubts.append(f"Fewer than 10 test rows of {shown}: their precision and recall say little.")
    if problem.test_table is None and problem.ordered:
        doubts.append("The test rows are the last ones of the table: what comes later still may differ from them.")
    elif problem.test_table is None and group is not None:
        doubts.append(
            f"The test rows are of other values of {group!r} than those learned from, drawn at random; values from "
            "elsewhere or later may differ."
        )
    elif problem.test_table is None:
        doubts.append(
            "The test rows were drawn at random from the same table; rows from elsewhere or later may differ."
        )
    return doubts


def _of_the_split(problem: Problem, split: BetterSplit | None) -> list[str]:
    """What the random split claims beside what an honest one gives, and the option to type."""
    if split is None:
        return []
    metric = problem.metric.name
    claimed, honest = number(split.claimed), number(split.scores.get(metric))
    what = (
        f"no {split.column!r} on both sides" if split.option == "--group" else f"the last {split.column!r} for the test"
    )
    new = "new ones" if split.option == "--group" else "later rows"
    return [
        f"{split.reason[:1].upper()}{split.reason[1:]}. The split at random claims {metric} {claimed}; with {what} "
        f"it is {honest}. If the model is for {new}, give {split.option} {shlex.quote(split.column)}."
    ]


def _carried(problem: Problem, carried: Carried | None) -> list[str]:
    """What one column does to the score, and the option to type if it is known too late."""
    if carried is None:
        return []
    name, metric = carried.column, problem.metric.name
    return [
        f"{name!r} carries most of the score: alone it has {metric} {number(carried.alone)} and the network "
        f"{number(carried.network)}, without it {number(carried.scores_without.get(metric))}. The data cannot say "
        f"whether it is known when a prediction is made; if not, --role {shlex.quote(f'{name}=ignore')}."
    ]


def _repeated(problem: Problem, test: Tested, repeated: Repeated) -> str:
    """How many test rows were learned from too, what becomes of the score without them, and whether they conflict."""
    share = f"{repeated.rows:,} of {test.rows:,} test rows ({repeated.rows / test.rows:.1%})"
    stand = "stands" if repeated.rows == 1 else "stand"
    text = f"{share} {stand} among the rows learned from too, {repeated.same_target:,} with the same target"
    text += f" and {repeated.conflicting:,} only with another one." if repeated.conflicting else "."
    metric = problem.metric.name
    if (without := repeated.scores_without.get(metric)) is not None:
        text += f" Without them {metric} is {number(without)} ({number(test.scores[metric])} with them)."
    return text


def _level() -> str:
    from thetastar._native import level

    return level
