"""Whether the numbers of a finished study follow from what its folder holds: a choice that others can check.

Walked are the settings, the journal, the standings and the choice that follow from it, the seeds, and, where the data
is at hand, its digest, the split, and the test scores of the model file. Nothing is trained.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thetastar.errors import InputError
from thetastar.model import Model, load
from thetastar.model.conclusion import number
from thetastar.model.looks import earlier_looks
from thetastar.model.metrics import score_all
from thetastar.model.own_metric import of_record
from thetastar.model.record import LeaderboardRow, Record
from thetastar.recipes import Candidate
from thetastar.study.folder import TESTED, data_digest, read_study
from thetastar.study.intervals import score_intervals
from thetastar.study.options import StudyOptions
from thetastar.study.problem import Problem, ask
from thetastar.study.rows_within_memory import some_rows
from thetastar.study.standing import Standing, best_first, common_folds, standing_of
from thetastar.study.trial import Outcome, Trial, seed_for

__all__ = ["Audit", "AuditLine", "audit"]

_CLOSE = 1e-6  # relative: what another instruction-set level or library may change in a score


@dataclass(frozen=True)
class AuditLine:
    """One thing that was looked at.

    Attributes:
        what: the number or the part.
        holds: whether it follows; None where it could not be looked at.
        words: what was found, in one sentence.
    """

    what: str
    holds: bool | None
    words: str


@dataclass(frozen=True)
class Audit:
    """What an audit found, line by line.

    Attributes:
        folder: the study.
        lines: what was looked at, in the order of the study.
    """

    folder: str
    lines: tuple[AuditLine, ...]

    @property
    def holds(self) -> bool:
        """True if nothing was found that does not follow."""
        return all(line.holds is not False for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `thetastar audit --json` prints them."""
        return {"folder": self.folder, "holds": self.holds, "lines": [asdict(line) for line in self.lines]}

    def __str__(self) -> str:
        marks = {True: "yes", False: "NO", None: "-"}
        width = max((len(line.what) for line in self.lines), default=0)
        return "\n".join(f"{marks[line.holds]:>3}  {line.what:<{width}}  {line.words}" for line in self.lines)


def audit(folder: str | os.PathLike[str], *, data: Any = None, test: Any = None) -> Audit:
    """Check whether the numbers of a finished study follow from its journal, its model file and its data.

    Args:
        folder: what `out=` wrote.
        data, test: where the data is now, if not where it was; without it what needs it is not looked at.

    Returns:
        An `Audit`: `holds`, and a line for each thing that was looked at; `print` shows them.

    Raises:
        InputError: there is no finished study in the folder.

    Example:
        >>> import tempfile, thetastar as ts
        >>> rows = {"x": [k / 50 for k in range(200)], "y": [(k / 50) ** 2 for k in range(200)]}
        >>> with tempfile.TemporaryDirectory() as out:
        ...     model = ts.fit(rows, target="y", candidates=[(), (8,)], effort=1, out=out)
        ...     ts.audit(out, data=rows).holds
        True
    """
    place = Path(folder)
    if not (place / "model.theta").exists() or not (place / "study.toml").exists():
        raise InputError(
            f"{place}: there is no finished study here (study.toml and model.theta). Give a folder that fit --out "
            "wrote, or let it finish."
        )
    model = load(place / "model.theta")
    held = read_study(place / "study.toml")
    if model.learned_test and not (place / TESTED).exists():
        raise InputError(
            f"{place / TESTED}: the model that was tested is not there, and {place / 'model.theta'} has learned from "
            "the test rows since. Run the study again, or put the file back."
        )
    walk = _Walk(place, load(place / TESTED) if model.learned_test else model, held)
    lines = [
        *walk.settings(),
        *walk.journal(),
        *walk.final(),
        *walk.data(data, test),
        *walk.report(model.record),
        *walk.looks(),
    ]
    return Audit(str(place), (*lines, *([walk.taught(model)] if model.learned_test else [])))


class _Walk:
    """The parts of one study, looked at in turn."""

    def __init__(self, folder: Path, model: Model, held: dict[str, Any]) -> None:
        self.folder, self.model, self.held = folder, model, held
        self.record: Record = model.record
        self.metric = of_record(self.record.metric, self.record.question.task)
        self.seed = self.record.split.seed

    def settings(self) -> Iterator[AuditLine]:
        """study.toml says what the model file's record says."""
        kept = self.record.settings.model_dump(mode="json")
        both = {
            f"{part}.{name}": (value, kept[part].get(name))
            for part in ("data", "study")
            for name, value in self.held.get(part, {}).items()
        }
        other = [name for name, (one, two) in both.items() if one != two and name.split(".")[1] not in _LEAVE]
        words = "study.toml and the model file say the same." if not other else f"They differ in {', '.join(other)}."
        yield AuditLine("settings", not other, words)

    def journal(self) -> Iterator[AuditLine]:
        """Every line has the seed that its place asks for; standings, choice and optimism follow from the lines."""
        path = self.folder / "journal.jsonl"
        if not path.exists():
            yield AuditLine("journal", False, "There is no journal.jsonl: the choice cannot be followed.")
            return
        try:
            outcomes, baselines = _outcomes(path)
        except InputError as error:
            yield AuditLine("journal", False, f"{error}")
            return
        wrong = [o for o in outcomes if o.seed != seed_for(self.seed, o.fold, o.start)]
        strange = sorted({o.candidate for o in outcomes} - {row.name for row in self.record.leaderboard})
        if strange:
            yield AuditLine(
                "journal", False, f"It holds networks that the leaderboard lacks: {', '.join(strange[:3])}."
            )
        words = f"{len(outcomes):,} networks, each from the seed that its fold and start ask for."
        if wrong:
            words = (
                f"{len(wrong)} of {len(outcomes):,} networks are not from the seed that their fold and start ask for."
            )
        yield AuditLine("seeds", not wrong, words)
        yield from self._standings(outcomes)
        yield self._baselines(baselines)

    def _standings(self, outcomes: list[Outcome]) -> Iterator[AuditLine]:
        rows = {row.name: row for row in self.record.leaderboard if row.kind == "network"}
        if any(row.status == "interrupted" for row in rows.values()):
            yield AuditLine(
                "standings",
                None,
                "A budget cut networks short, which the journal does not keep: they cannot be followed.",
            )
            return
        standings = _standings(outcomes, self.held, rows, self.metric, self.record.split.folds)
        off = [name for name, row in rows.items() if name not in standings or not _same_row(standings[name], row)]
        words = f"Mean, spread and epochs of {len(rows)} networks follow from the journal."
        if off:
            name = off[0]
            found = standings[name].mean if name in standings else None
            words = (
                f"{len(off)} of {len(rows)} networks do not follow: {name} has {self.metric.name} {number(found)} by "
                f"the journal, {number(rows[name].validation_mean)} on the leaderboard."
            )
        yield AuditLine("standings", not off, words)
        best = best_first(standings.values(), self.metric)
        chosen = best[0].candidate.name if best else "none"
        words = f"{chosen} is the best by the journal, and was chosen."
        if chosen != self.record.winner.name:
            words = f"By the journal {chosen} is the best; chosen was {self.record.winner.name}."
        yield AuditLine("choice", chosen == self.record.winner.name, words)
        from thetastar.study.assemble import optimism_of

        optimism, kept = optimism_of(best, self.metric) if best else None, self.record.optimism
        same = (optimism is None) == (kept is None) and (optimism is None or _close(optimism, kept))
        words = (
            f"{number(kept)} follows from the journal."
            if same
            else f"{number(optimism)} by the journal, {number(kept)} told."
        )
        if kept is not None or optimism is not None:
            yield AuditLine("optimism", same, words)

    def _baselines(self, fits: dict[tuple[str, int], dict[str, Any]]) -> AuditLine:
        """The baselines' means, where the journal holds their fits."""
        rows = [row for row in self.record.leaderboard if row.kind == "baseline"]
        off, followed = [], 0
        for row in rows:
            folds = range(row.folds or 0)
            scores = [fits[row.name, k].get("scores", {}).get(self.metric.name) for k in folds if (row.name, k) in fits]
            known = [score for score in scores if score is not None]
            if not known or len(scores) != row.folds:
                continue
            followed += 1
            if not _close(float(np.mean(known)), row.validation_mean):
                off.append(row.name)
        if not followed:
            return AuditLine("baselines", None, "They are not in the journal, so their means cannot be followed.")
        words = f"The means of {followed} of {len(rows)} follow from the journal."
        if off:
            words = f"That of {', '.join(off)} does not follow from the journal."
        return AuditLine("baselines", not off, words)

    def final(self) -> Iterator[AuditLine]:
        """The final network's epochs and seed are those that the choice asks for."""
        winner, chosen = self.record.winner, self.record.chosen
        if winner.kept is not None and "seed" in winner.settings:
            wanted = seed_for(self.seed, 0, 1_000 + winner.kept)
            words = f"Start {winner.kept + 1} of the final training has the seed {wanted}."
            if winner.settings["seed"] != wanted:
                words = (
                    f"The final network's seed is {winner.settings['seed']}; start {winner.kept + 1} asks for {wanted}."
                )
            yield AuditLine("final training", winner.settings["seed"] == wanted, words)
        layers, count = sum(layer.parameters for layer in winner.layers), self.model.network.parameter_count
        same = layers == winner.parameters == count
        words = f"{count:,} parameters in the file, {winner.parameters:,} in the record."
        yield AuditLine("parameters", same, words)
        if chosen.epochs is not None and winner.refit_epochs > chosen.epochs:
            yield AuditLine(
                "epochs", False, f"{winner.refit_epochs} in the end, where the choice asks for {chosen.epochs}."
            )

    def taught(self, model: Model) -> AuditLine:
        """The model that has learned from the test rows since has the tested one's record and members."""
        differs = [
            name
            for name in Record.model_fields
            if name not in _SINCE and getattr(model.record, name) != getattr(self.record, name)
        ]
        members = [[(member.name, member.count) for member in one.members] for one in (model, self.model)]
        differs += ["members"] * (members[0] != members[1])
        words = f"model.theta has the record and the members of {TESTED}, and has learned from the test rows too."
        if differs:
            words = f"model.theta and {TESTED} differ in {', '.join(differs)}."
        return AuditLine("taught the test", not differs, words)

    def data(self, data: Any, test: Any) -> Iterator[AuditLine]:
        """The data is the study's, the split is the seed's, and the model file scores the test rows as told."""
        options = self._options(test)
        source = self.held["data"]["path"] if data is None else data
        try:
            problem = ask(source, options, read=some_rows(source, options))
        except InputError as error:
            yield AuditLine("data", None, f"It is not at hand, so split and test score are not looked at ({error})")
            return
        digest = data_digest(problem.table, problem.test_table)
        if digest != self.record.settings.data.digest:
            yield AuditLine("data", False, "Its digest is another one: this is not the data of the study.")
            return
        yield AuditLine("data", True, f"{problem.table.row_count:,} rows, with the digest of the study.")
        yield from self._split(problem)
        yield from self._test(problem)

    def _options(self, test: Any) -> StudyOptions:
        names = StudyOptions.kept_as("result")
        given = {name: self.held["study"][name] for name in names if name in self.held.get("study", {})}
        given |= {name: self.held[name] for name in StudyOptions.kept_as("tables") if name in self.held}
        return StudyOptions.checked(**given, test=self.held["data"].get("test_path") if test is None else test)

    def _split(self, problem: Problem) -> Iterator[AuditLine]:
        split = self.record.split
        tested = problem.tested
        sizes = (len(problem.train), len(problem.validation), tested.row_count, problem.folds)
        told = (split.train, split.validation, split.test, split.folds)
        words = "{:,} training, {:,} validation, {:,} test rows in {} folds, as the seed deals them.".format(*sizes)
        if sizes != told:
            words = "The seed deals {:,}, {:,} and {:,} rows in {} folds".format(*sizes)
            words += ", told are {:,}, {:,} and {:,} in {}.".format(*told)
        yield AuditLine("split", sizes == told, words)
        test = self.record.test
        if test.digest:
            same = data_digest(tested) == test.digest
            words = (
                "The test rows are those that were scored." if same else "Other rows were scored than the seed deals."
            )
            yield AuditLine("test rows", same, words)
        if self.record.seen is not None:
            seen, learned = self.record.seen, problem.table.select(problem.division.learning)
            matched, compared = seen.learned.found(self.model.row_digests(learned))
            same = matched == compared and len(learned.columns[0]) == seen.learned.rows
            words = f"{compared:,} digests of rows learned from agree."
            if not same:
                words = f"{matched:,} of {compared:,} digests of rows learned from agree."
            yield AuditLine("rows learned from", same, words)

    def _test(self, problem: Problem) -> Iterator[AuditLine]:
        tested, told = problem.tested, self.record.test
        encoding = self.model.target_encoding
        truth = encoding.truth(tested)
        labels = self.model.predict_proba(tested) if encoding.kind.probable else self.model.predict(tested)
        threshold = self.model.threshold
        weight = problem.test_weight
        scores = score_all(problem.task, truth, labels, threshold, weight=weight)
        off = [name for name, value in scores.items() if not _close(value, told.scores.get(name))]
        name = off[0] if off else self.metric.name
        words = f"The model file has {name} {number(_finite(scores[name]))} on the test rows, as told"
        words += f" ({len(scores)} scores)." if not off else ""
        if off:
            words = words.replace(", as told", "") + f"; told is {number(told.scores.get(name))}."
        yield AuditLine("test score", not off, words)
        if self.record.targets:
            yield self._targets(truth, labels, weight)
        ends = score_intervals(problem.task, truth, labels, self.seed, threshold, weight=weight)
        other = [name for name, pair in ends.items() if not _same_interval(pair, told.intervals.get(name))]
        words = f"{len(ends)} intervals follow from the test rows." if not other else f"Not that of {', '.join(other)}."
        yield AuditLine("intervals", not other, words)

    def _targets(self, truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> AuditLine:
        """The scores of each of several targets follow from the model file and the test rows."""
        kind, off = self.model.target_encoding.kind, []
        for k, each in enumerate(self.record.targets):
            own = score_all(each.task, kind.truth_of(truth, k), kind.predicted_of(predicted, k), weight=weight)
            off += [each.name] * any(not _close(value, each.test.scores.get(name)) for name, value in own.items())
        words = f"The scores of {len(self.record.targets)} targets follow from the test rows."
        return AuditLine("targets", not off, f"Not those of {', '.join(map(repr, off))}." if off else words)

    def report(self, record: Record) -> Iterator[AuditLine]:
        """The page says the record's headline and score."""
        path = self.folder / "report.html"
        if not path.exists():
            yield AuditLine("report", None, "There is no report.html.")
            return
        page = path.read_text(encoding="utf-8", errors="replace")
        wanted = [record.headline.words, *record.verdict]
        missing = [text for text in wanted if _in_html(text) not in page]
        words = "It says the record's headline and verdict, word for word."
        if missing:
            words = f"It does not say what the record says: “{missing[0]}”"
        yield AuditLine("report", not missing, words)

    def looks(self) -> Iterator[AuditLine]:
        """How often the test rows were looked at."""
        count = len(earlier_looks(self.folder, self.record.test.digest)) if self.record.test.digest else 0
        if count:
            words = (
                "The test rows were looked at once." if count == 1 else f"The test rows were looked at {count} times."
            )
            yield AuditLine("looks", None if count > 1 else True, words)


_SINCE = {"answer", "formulas", "seen"}  # what learning from the test rows changes of a record
_LEAVE = {"path", "test_path", "threads", "budget", "test"}  # may be other at another place


def _outcomes(path: Path) -> tuple[list[Outcome], dict[tuple[str, int], dict[str, Any]]]:
    """The journal's networks, and its baselines' fits by name and fold; it is opened for reading only."""
    found, baselines = {}, {}
    for number_of_line, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            values = json.loads(line)
            values.pop("crc32", None)  # a line's checksum
            if "baseline" in values:
                baselines[values["baseline"], values["fold"]] = values
                continue
            for each in values.get("shard", [values]):  # of a large study a line has the networks that ended together
                outcome = Outcome(**each)
                found[outcome.key] = outcome
        except (ValueError, TypeError, AttributeError, KeyError):
            raise InputError(f"{path}, line {number_of_line}: not a line of a study's journal.") from None
    return sorted(found.values(), key=lambda outcome: outcome.key), baselines


def _standings(
    outcomes: list[Outcome], held: dict[str, Any], rows: dict[str, LeaderboardRow], metric: Any, folds: int
) -> dict[str, Standing]:
    """The standing of each candidate after its last round, as the study makes it."""
    listed = [Candidate(**fields) for fields in held.get("candidates", [])]
    if "space" in held:  # their names are all that is asked for, and there may be many
        listed = [Candidate.model_construct(label=name) for name in rows]
    candidates = {candidate.name: candidate for candidate in listed}
    found = {}
    for round_number in sorted({outcome.round for outcome in outcomes}):
        own = [outcome for outcome in outcomes if outcome.round == round_number and outcome.candidate in candidates]
        starts = max((outcome.start for outcome in own), default=0) + 1
        names = list(dict.fromkeys(outcome.candidate for outcome in own))
        trials = {
            name: [Trial(round_number, candidates[name], f, s, 0) for f in range(folds) for s in range(starts)]
            for name in names
        }
        common = common_folds([trial for each in trials.values() for trial in each], own)
        ended: dict[str, list[Outcome]] = {name: [] for name in names}
        for outcome in own:
            ended[outcome.candidate].append(outcome)
        for name in names:
            parameters = rows[name].parameters if name in rows else None
            found[name] = standing_of(trials[name], parameters or 0, ended[name], metric, common)
    return {candidate.name: found[candidate.name] for candidate in listed if candidate.name in found}


def _same_row(standing: Standing, row: LeaderboardRow) -> bool:
    pairs = ((standing.mean, row.validation_mean), (standing.std, row.validation_std), (standing.epochs, row.epochs))
    return all(_close(one, two) for one, two in pairs) and len(standing.runs) == row.runs


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _close(one: float | None, two: float | None) -> bool:
    one, two = _finite(one), _finite(two)
    if one is None or two is None:
        return one is two
    return abs(one - two) <= _CLOSE * max(abs(one), abs(two), 1e-9)


def _same_interval(one: list[float] | None, two: tuple[float, float] | None) -> bool:
    if one is None or two is None:
        return one is None and two is None
    return bool(np.allclose(one, two, rtol=1e-4, atol=1e-9))


def _in_html(text: str) -> str:
    for letter, entity in (("&", "&amp;"), ("'", "&#39;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&#34;")):
        text = text.replace(letter, entity)
    return text
