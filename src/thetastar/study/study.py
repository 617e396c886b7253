"""A study, from a table to a model: read it top-down, every step is one call.

ask        read the data, find the task, the roles of the columns and the rows for training, validation and test
prepare    fit the preparation on the training rows of every fold, and on nothing else
baselines  constant, linear, boosted trees: fitted and scored like the candidates
plan       what fits into the effort
train      rounds of candidates x folds x random starts; every finished network goes into the journal
choose     best mean validation score; ties go to fewer parameters
refit      the chosen candidate on training and validation rows; the baselines meanwhile, beside the candidates
test       the test rows, for the first and only time
teach      the answer, made once more from all rows: those of the test too, now that they have told its score
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from thetastar._files import write_somewhere
from thetastar._memory import NoRoomError, give_back, in_words, require_libraries
from thetastar._native import default_threads
from thetastar._signatures import names_nearest
from thetastar.data.piecewise import pieces_for
from thetastar.errors import InputError
from thetastar.model import Model, load
from thetastar.model.looks import note_look
from thetastar.model.metrics import Metric
from thetastar.model.record import Record
from thetastar.recipes.baselines import Baseline, baselines_for
from thetastar.recipes.formulas import formula_baselines
from thetastar.study.advice import better_split
from thetastar.study.answer import Decision, OutOfFold, contenders, decide
from thetastar.study.assemble import (
    answered,
    assemble,
    column_rows,
    has_learned_the_test,
    leaderboard_rows,
    network_row,
)
from thetastar.study.backends import Backend, Work, backend_for
from thetastar.study.baselines import BaselineResult, measure_baselines, most_rows
from thetastar.study.beliefs import Beliefs, beliefs_of, beliefs_of_labels, corrected
from thetastar.study.clock import Clock
from thetastar.study.effort import effort_of
from thetastar.study.fold import FittedFold, Fold, fill_up, fit_fold, prepare_learning
from thetastar.study.folder import TESTED, claim_folder, hold_folder, read_study
from thetastar.study.given_target import with_values
from thetastar.study.journal import Journal
from thetastar.study.known import candidates_of
from thetastar.study.leaks import carrying_column, leaked_columns
from thetastar.study.making import Chosen, Made, Making, Scored
from thetastar.study.memory import check_memory
from thetastar.study.nested import check_nested, nested_estimate
from thetastar.study.options import StudyOptions
from thetastar.study.pauses import Pauses
from thetastar.study.plan import (
    REFIT_STARTS,
    Plan,
    Shape,
    core_seconds_within,
    default_effort,
    make_plan,
    plan_of_space,
)
from thetastar.study.problem import Problem, ask
from thetastar.study.rows_within_memory import within_memory
from thetastar.study.search import Search, search_for
from thetastar.study.searched import searched
from thetastar.study.settings import settings_of
from thetastar.study.splits import Outer
from thetastar.study.standing import Standing, best_of
from thetastar.study.trainer import Trainer

__all__ = ["fit", "repeat"]

_BASELINES = 3  # that every study fits on a fold
_NETWORKS_SHARE = 0.65  # of a budget
_EFFORT_WITHOUT = 2.0  # core-seconds of the reference machine for a candidate without what gives the target away
_REFIT_SHARE = 0.7  # of what is left, for the final trainings; their ends do not all come together

Tell = Callable[[dict[str, Any]], None]


@names_nearest({
    "weight": "sample_weight", "weights": "sample_weight", "case_weights": "sample_weight", "w": "sample_weight",
    "levels": "quantiles", "quantile": "quantiles", "alpha": "quantiles", "interval": "quantiles",
    "class_weight": "Weigh the rows of each class: sample_weight=[…] with one number a row; or choose by "
    "metric='balanced_accuracy', or name a threshold.",
    "scoring": "metric", "eval_metric": "metric", "n_jobs": "threads", "random_state": "seed", "groups": "group",
    "y": "target", "label": "target", "n_splits": "folds", "n_folds": "folds", "epochs": "effort",
    "time_limit": "budget", "max_time": "budget", "verbose": "progress", "callback": "progress", "X": "data",
    "path": "out", "output": "out", "nrows": "rows", "n_rows": "rows", "sample": "rows",
    "models": "candidates", "hidden_layer_sizes": "candidates",
})  # fmt: skip
def fit(
    data: Any, target: Any = None, *, test: Any = None, keep_test: bool = False, rows: int | None = None,
    task: str | None = None, quantiles: Any = None, metric: Any = None, roles: dict[str | int, str] | None = None,
    id: str | None = None, time: str | None = None, ordered: bool = False, shuffle: bool = False,
    group: str | None = None, by_time: str | None = None, gap: int | None = None, stratify: str | None = None,
    sample_weight: Any = None, candidates: Any = None, space: Any = None, formulas: Any = None, monotone: Any = None,
    bounds: Any = None, answer: Literal["best", "networks", "one"] = "best", threshold: str | float | None = None,
    restarts: int | None = None, folds: int | None = None, cv: Any = None, nested: int | None = None,
    repeats: int | None = None, budget: float | None = None, effort: str | float | None = None, seed: int = 0,
    threads: int | None = None, cluster: str | None = None, out: Any = None, fresh: bool = False,
    progress: Tell | None = None,
) -> Model:  # fmt: skip
    """Find a function: prepare the data, train candidates, choose one by validation, test it once.

    Args:
        data: a path (CSV, TSV, Parquet, Arrow; gzipped too), a data frame of any make, a dict of columns or an array;
            for images a folder with a sub-folder per class, a table with a column of their files, IDX files (MNIST's),
            or arrays (n, H, W) or (n, H, W, C); for sequences arrays (n, T, F), or a long table with `id` and `time`.
        target: column to predict: its name, or its 0-based index (negative from the end); several in a list, all
            numbers or all of two classes; or the values, where the data is an array. Images in folders and IDX files
            have their class for a target.
        test: test data of its own; without it a tenth of the rows is kept for the test.
        keep_test: keep the test rows out of the model for ever. If not given, the answer learns from them too once they
            are scored, with the same members; not with effort quick, test rows of your own, or over 200,000 rows.
        rows: learn from so many rows of the data at most, drawn at random; as many as the memory has room for if not
            given.
        task: kind of the target; found from its values if not given.
        quantiles: quantiles of a number to predict, such as 0.1,0.5,0.9, instead of its mean: one network says all,
            none cross, and validation rows correct how many rows lie below each.
        metric: score that chooses: rmse, mae, r2; auc, accuracy, log_loss, f1, balanced_accuracy, macro_f1; a name or a
            scorer of scikit-learn's; or, slowly, a function of (y, prediction).
        roles: roles of columns where the one found does not suit, such as {'zip': 'category'}.
        id: column that says whose row it is, where rows are steps; the rows of an id become one sequence. Needs time.
        time: column that orders the steps of a sequence; needs id.
        ordered: rows are in order of time: the last tenth is the test, the tenth before it chooses.
        shuffle: deal rows at random even where they stand in order of time and the target depends on it.
        group: column whose equal values belong together (a patient, a household): no group has rows on two sides of a
            split. It is not learned from. near-copies: blocks of rows that are nearly the same.
        by_time: column of dates or numbers to split by: the last tenth of the rows is the test, the tenth before it
            chooses.
        gap: with by_time: different times left out before the rows that choose and that test.
        stratify: column whose values keep their shares in every part, in tenths where they are numbers; the classes of
            the target do so by themselves.
        sample_weight: how much each row counts, in training and in every score: a column's name, or one number a row.
            Weights of money, counts or shares do alike, for they are scaled to a mean of 1; rows of weight zero are
            left out. The column is not learned from, and predictions do not need it.
        candidates: networks to choose among, such as [(), (64, 64), Candidate(dropout=0.2)]; a set suited to the table
            if not given.
        space: settings to search, as a dict or a TOML file: {'learning_rate': [0.001, 0.01], 'l2': [0, 0.1]} is a grid;
            ranges, random, Sobol, Optuna and successive halving in the guide to search spaces.
        formulas: formulas that may hold, such as 'a*exp(-b*age) + c', which compete: names that are columns are
            columns, all others are parameters, found by least squares; alone, and with a network on what is left. Of
            two classes they give the log-odds.
        monotone: columns that the answer must rise (+) or fall (-) with, such as price:-,area:+ or {'price': '-'}: held
            exactly, whatever the other columns are, by networks, trees and lines; what cannot hold it does not compete.
        bounds: least and largest value that the number to predict can have, such as 0: or 0:100: every answer is
            clipped to them.
        answer: what the model answers with: whatever is best on the validation rows, networks only, or one network.
        threshold: of two classes, and of each of several labels: from which probability on a row is called positive:
            f1, youden, cost=FN:FP (what a missed row and a false alarm cost) or a number; chosen on validation rows.
            The likelier class if not given.
        restarts: random starts of every candidate; if not given, 3, with effort quick 2, with high 5, and of a space 1.
        folds: 1: fixed validation rows; k: k-fold cross-validation; if not given, 5 for tables under 2,000 rows and
            else 1; with effort quick 3 and 1, with high 10, 5 under 20,000 rows and else 1.
        cv: folds to choose by: a number of them, a splitter of scikit-learn's, or a list of pairs (train, validation)
            of row numbers, where rows that no pair names are the test.
        nested: outer folds: the whole procedure runs once more for each, with other rows kept for its test, and its
            score is an unbiased estimate of what the procedure reaches.
        repeats: with nested: how often it is dealt anew, each time with other folds; once if not given.
        budget: seconds that the whole study may take.
        effort: quick (some seconds for 20,000 rows), usual, or high (up to ten times as long: wider search, more folds
            and members); or core-seconds of the reference machine for networks. By budget or rows if not given. Unlike
            a budget it makes the same plan, and so gives the same bits, on every machine.
        seed: seed of the split, the starts and the shuffles.
        threads: threads to use; every core if not given. The result does not depend on it.
        cluster: where networks train: processes[:N], dask[:ADDRESS], ray[:ADDRESS] or spark[:MASTER]; in this process
            if not given. The result does not depend on it.
        out: folder for study.toml, journal.jsonl, model.theta and report.html. If it holds the same study, that one is
            resumed; if it holds another, it is refused unless fresh.
        fresh: replace another study in the folder.
        progress: called with a dict for every step ("stage", "split", "columns", "baseline", "networks", "candidate",
            "result").

    Returns:
        A `Model`.

    Raises:
        InputError: an option, the data or the folder cannot be used; nothing has been written then.

    Example:
        >>> import thetastar as ts
        >>> rows = {"x": [k / 50 for k in range(400)], "y": [(k / 50) ** 2 for k in range(400)]}
        >>> ts.fit(rows, target="y", candidates=[(), (16,)], effort=2).task
        'regression'
    """
    data, target = with_values(data, target)
    # Every parameter that is an option, by its name; nothing else is a local variable of that name here.
    given = {name: value for name, value in locals().items() if name in StudyOptions.model_fields}
    options = StudyOptions.checked(**given)
    options, read = within_memory(data, options, progress or _silent)
    return _Study(data, options, progress or _silent, read=read).run()


def repeat(folder: str | os.PathLike[str], *, data: Any = None, test: Any = None, **changes: Any) -> Model:
    """Run the study of a folder (or of a study.toml) again, to the same bits on the same instruction-set level.

    Args:
        folder: what `out=` wrote, or its study.toml.
        data, test: where the data is now, if not where it was.
        **changes: arguments of `fit` to change, such as threads or out.

    Raises:
        InputError: there is no study.toml, the data was not a file and is not given, or it is no longer the same.
    """
    path = Path(folder) / "study.toml" if Path(folder).is_dir() else Path(folder)
    held = read_study(path)
    given = {name: held["study"][name] for name in StudyOptions.kept_as("result") if name in held["study"]}
    given |= {name: held[name] for name in StudyOptions.kept_as("tables") if name in held}
    data = held["data"]["path"] if data is None else data
    test = held["data"].get("test_path") if test is None else test
    model = fit(data, test=test, **{**given, **changes})
    if model.record.settings.data.digest != held["data"]["digest"]:
        raise InputError(
            f"{path}: the data is no longer what this study was made from. Give data= (and test=) as it was."
        )
    return model


class _Study:
    """One study: its options, its clock and whom to tell; the steps hand everything else from one to the next."""

    def __init__(
        self, data: Any, options: StudyOptions, tell: Tell, *, within: bool = False, outer: Outer | None = None,
        read: Any = None,
    ) -> None:  # fmt: skip
        self.data, self.options, self.tell = data, options, tell
        self.read = read  # the table that the data is, where it has been read already
        self.within = within  # another study, which asks for a score without some columns, or on other rows
        self.outer = outer  # the fold of a nested cross-validation that is the test
        self.threads = options.threads or default_threads()
        self.clock = Clock(options.budget)

    def run(self) -> Model:
        """The whole study, in the order of this file's opening words."""
        problem, fits = self.clock.timed("prepare", self._prepare)
        settings, plan = self._plan(problem, fits)
        hurries, most = self.options.budget is not None, plan.baseline_rows
        listed = self._listed(problem)
        needed = check_memory(problem, fits, plan, listed, self.threads, hurries)
        if needed is not None:
            self._stage(f"The study takes up to {in_words(needed.bytes)} more memory")
        journal = self._open(settings)
        finished = self._finished(settings)
        if finished is not None:
            journal.close()
            return finished
        self._announce(plan, len(fits), problem.metric)
        workers = ExitStack()  # of another engine: they begin while rows are prepared and the baselines fitted
        try:
            backend = workers.enter_context(backend_for(self.options.cluster, self.threads))
            seen = max(most, plan.rows)
            folds = self.clock.timed("prepare", lambda: [fit.filled(problem, most) for fit in fits])
            baselines = self.clock.timed("baselines", lambda: self._baselines(problem, folds, listed, most, journal))
            self.clock.timed("prepare", lambda: fill_up(problem, fits, folds, seen))
            if needed is not None:
                give_back()
            making = Making(problem, self.options, self.clock, self.threads, baselines, most, plan.rows, self._stage)
            standings, plan, chosen, made, scored = self._found(making, folds, plan, journal, backend, workers)
        finally:
            workers.close()
            journal.close()
        taught = None
        if not self.within:
            refit = self.clock.timing["refit"]
            taught = self.clock.timed("refit", lambda: making.taught(made, standings, chosen, refit))
        asides = self._asides(problem, standings, chosen, made, scored)
        return self._finish(making, plan, standings, chosen, made, taught, scored, asides, settings)

    def _found(
        self, making: Making, folds: list[Fold], plan: Plan, journal: Journal, backend: Backend, workers: ExitStack
    ) -> tuple[list[Standing], Plan, Chosen, Made, Scored]:
        """The candidates trained, the answer chosen, made and tested; the rows that this takes are given back.

        Args:
            workers: are dismissed when the candidates are trained.
        """
        problem, hurries = making.problem, self.options.budget is not None
        learning = prepare_learning(problem)
        with making.rivals(learning, making.baselines) as rivals:
            train = partial(self._train, problem, folds, plan, journal, backend)
            standings, plan = self.clock.timed("candidates", train)
            workers.close()
            first = best_of(standings, problem.metric, self.options.budget)
            held = self._held(folds, standings, making.baselines)
            decision = decide(
                self.options.answer, first, held.found, held.truth, problem.metric, self.options.seed,
                effort_of(self.options.effort).networks, held.weight,
            )  # fmt: skip
            decision = self._within_budget(decision, standings, len(learning.real) / plan.rows)
            if not (hurries or self.clock.hurried):  # then baselines of the first fold may answer
                folds.clear()
                give_back()
            rows = "training and validation rows"
            final = self.clock.timed("refit", lambda: making.trained(learning, standings, decision, rows))
            decision = decision.after(len(final.members), first.candidate.name)
            chosen = Chosen(decision, self._beliefs(problem, held.of(decision), held))
            made, scored = self.clock.timed("test", lambda: making.tested(folds, learning, rivals, final, chosen))
        return standings, plan, chosen, made, scored

    def _asides(
        self, problem: Problem, standings: list[Standing], chosen: Chosen, made: Made, scored: Scored
    ) -> dict[str, Any]:
        """What else the record tells: trainings without what may give the target away, and with another split."""
        test, alone, first = scored.test, scored.alone, standings[0]
        without = partial(self._without, problem, first)
        leaked = None if self.within else leaked_columns(problem, without)
        carried = None
        if not (self.within or leaked or self.clock.too_late(_EFFORT_WITHOUT)):
            carried = carrying_column(problem, test, alone, without)
        chosen_folds = self.within or self.options.cv is not None
        split = None if chosen_folds else better_split(problem, test, alone, partial(self._again, problem, first))
        return {
            "formulas": made.formulas, "leaked": leaked, "carried": carried, "better_split": split,
            "calibrated": chosen.beliefs.calibrated, "threshold": chosen.beliefs.threshold,
            "targets": chosen.beliefs.beside(scored.targets),
            "searched": searched(self.options.space, standings),
            "nested": nested_estimate(
                problem, self.options, partial(self._on_outer_fold, problem.read), self._stage
            ),
        }  # fmt: skip

    def _announce(self, plan: Plan, folds: int, metric: Metric) -> None:
        """What is coming, before the first of it: how many trainings, and about how long they take."""
        trainings = self._search(plan, folds, metric).most_trials
        seconds, budget = plan.cost / self.threads, self.options.budget
        if budget is not None:
            length = f"all within {budget:g} s"
        else:
            length = f"about {seconds:.0f} s" if seconds < 100 else f"about {seconds / 60:.0f} min"
            length += " on a machine like the reference one"
        many, networks = "1 training" if trainings == 1 else f"{trainings:,} trainings", plan.rounds[0].keep
        self._stage(f"Planned: {many} of {networks:,} network{'s' * (networks != 1)}, {length}")

    def _search(self, plan: Plan, folds: int, metric: Metric) -> Search:
        seed = self.options.seed
        return search_for(plan.candidates, plan.rounds, folds, space=plan.space, metric=metric, seed=seed)

    def _stage(self, text: str) -> None:
        self.tell({"kind": "stage", "text": text})

    def _prepare(self) -> tuple[Problem, list[FittedFold]]:
        """Read the data, settle the problem, and fit the preparation of every fold."""
        self._stage("Reading the data")
        require_libraries(min(self.threads, _BASELINES))
        problem = ask(self.data, self.options, self.outer, self.read)
        check_nested(problem, self.options)
        if problem.in_time:
            self.tell({"kind": "split", "text": problem.in_time})
        self.tell({"kind": "columns", "columns": column_rows(problem)})
        self._stage("Preparing the columns")
        self.clock.folds = problem.folds
        return problem, [fit_fold(problem, k, rows) for k, rows in enumerate(problem.division.folds)]

    def _listed(self, problem: Problem) -> list[Baseline]:
        """The baselines of this study, the user's formulas among them; within a budget none takes long on a fold."""
        budget, folds = self.options.budget, problem.division.folds
        limit = None if budget is None else 0.1 * budget / len(folds)
        baselines = baselines_for(
            problem.task, problem.metric.name, problem.class_count, self.options.seed, limit,
            forest=len(folds[0].train) <= effort_of(self.options.effort).forest,
        )  # fmt: skip
        return baselines + formula_baselines(problem.formulas, problem.class_count, self.options.seed, limit)

    def _baselines(
        self, problem: Problem, folds: list[Fold], baselines: list[Baseline], most: int, journal: Journal
    ) -> list[BaselineResult]:
        """The baselines on the folds; within a budget on as many as a fifth of it allows, on the first in any case."""
        self._stage("Fitting the baselines")
        results = {}
        for result in measure_baselines(
            baselines, problem.task, folds, self.threads, most, journal=journal, deadline=self.clock.baselines_end,
            metric=problem.metric,
            running=lambda names: self._stage(f"Fitting the baselines: {', '.join(names)}"),
        ):  # fmt: skip
            self.tell({"kind": "baseline", "row": result.row(problem.metric)})
            results[result.baseline.name] = result
        return [results[baseline.name] for baseline in baselines]

    def _plan(self, problem: Problem, fits: list[FittedFold]) -> tuple[dict[str, Any], Plan]:
        """The settings, and the plan that the effort (given, held by the folder, from the budget, or usual) allows."""
        options, sample = self.options, fits[0].preparation.input_shape
        words = effort_of(options.effort)
        effort = options.effort if isinstance(options.effort, float) else self._held_effort()
        if isinstance(options.effort, str):
            effort = words.core_seconds(default_effort(len(problem.truth), sample), len(problem.truth))
        elif effort is None and options.budget is not None:
            # Baselines, the test and writing take about a quarter; the clock has the last word anyway.
            effort = core_seconds_within(max(self.clock.left or 0.0, 0.2) * _NETWORKS_SHARE, self.threads)
        effort = effort or default_effort(len(problem.truth), sample)
        shape = Shape(
            fits[0].preparation.feature_count, problem.output_count, len(fits[0].rows.train),
            len(fits[0].rows.validation), len(fits), problem.number_count, sample,
        )  # fmt: skip
        starts = options.restarts or (words.starts if options.space is None else 1)
        if options.space is None:
            pieces = pieces_for(problem.number_count, len(fits[0].rows.train))
            candidates = candidates_of(options, problem, pieces, sample, words.wide)
            plan = make_plan(candidates, shape, starts, effort, given=options.candidates is not None)
        else:
            limited = options.effort is not None or options.budget is not None
            plan = plan_of_space(options.space, shape, starts, effort if limited else None, options.seed)
        for candidate in plan.candidates:
            problem.encoding.kind.loss_of(problem.metric.name, candidate.loss)  # refused before anything is trained
        plan = replace(plan, baseline_rows=most_rows(sample, words.numbers))
        settled = {"effort": options.effort if options.effort in ("quick", "high") else effort, "restarts": starts}
        return settings_of(self.data, problem, options, settled, self.threads, plan.candidates), plan

    def _held_effort(self) -> float | None:
        """The effort of the study that `out` holds: resuming must make the same plan."""
        if self.options.out is None or self.options.fresh or not (self.options.out / "study.toml").exists():
            return None
        effort = read_study(self.options.out / "study.toml").get("study", {}).get("effort")
        return float(effort) if isinstance(effort, int | float) else None

    def _open(self, settings: dict[str, Any]) -> Journal:
        """The folder, if there is one, made or found to hold this very study; and its journal."""
        if self.options.out is None:
            return Journal()
        held = hold_folder(self.options.out)
        try:
            resumed = claim_folder(self.options.out, settings, fresh=self.options.fresh)
            journal = Journal(self.options.out / "journal.jsonl", held)
        except BaseException:
            held.release()
            raise
        if resumed and journal.resumed:
            self._stage(f"Resuming: {journal.resumed} networks are in the journal")
        return journal

    def _finished(self, settings: dict[str, Any]) -> Model | None:
        """The model of this very study, if the folder holds it: the test rows are scored once and not again.

        A study that its budget cut short goes on where the budget is another one now.
        """
        out = self.options.out
        if out is None or not (out / "model.theta").exists():
            return None
        try:
            model = load(out / "model.theta")
        except InputError:
            return None  # it is made again from the journal
        held = model.record.settings
        cut = not model.record.repeats
        if held.data.digest != settings["data"]["digest"] or (cut and held.study.get("budget") != self.options.budget):
            return None
        self._stage("This study is finished: its result stands, and nothing is trained")
        if not (out / "report.html").exists():
            model.report(out / "report.html")
        self.tell({"kind": "result", "record": model.record})
        return model

    def _train(
        self, problem: Problem, folds: list[Fold], plan: Plan, journal: Journal, backend: Backend
    ) -> tuple[list[Standing], Plan]:  # fmt: skip
        """The standings, the best first, and the plan as it was followed."""
        self._stage("Training the candidates")
        deadline = self.clock.networks_end
        work = Work(
            folds, problem.task, problem.metric, problem.output_count, plan.rows, plan.batch_size,
            self.options.seed,
        )  # fmt: skip
        pauses = Pauses(self.options.out)
        trainer = Trainer(
            search=self._search(plan, len(folds), problem.metric), backend=backend, work=work,
            metric=problem.metric, journal=journal, deadline=deadline,
            report=self.tell if self.tell is _silent else lambda event: self.tell(_as_row(event)),
            threads=backend.workers, spare=self.options.effort is None, expected=plan.cost / backend.workers,
            pauses=pauses,
        )  # fmt: skip
        try:
            standings = trainer.run()
        finally:
            pauses.close()
        return standings, plan.after(trainer.rounds)

    def _held(self, folds: list[Fold], standings: list[Standing], baselines: list[BaselineResult]) -> OutOfFold:
        """What networks and baselines predicted of the validation rows, none of which they had learned from."""
        rows = {fold.number: len(fold.validation) for fold in folds}
        found = contenders(standings, baselines, rows, effort_of(self.options.effort).finalists)
        used = [folds[number] for number in standings[0].folds]
        truth = np.concatenate([fold.truth for fold in used] or [folds[0].truth[:0]])
        weights = [weight for fold in used if (weight := fold.weight_of(fold.validation)) is not None]
        return OutOfFold(found, truth, np.concatenate(weights) if weights else None)

    def _beliefs(self, problem: Problem, predicted: np.ndarray | None, held: OutOfFold) -> Beliefs:
        """The last steps from the answer's probabilities to classes; none in a study within another."""
        if problem.bounds is not None:
            return Beliefs(calibration=problem.bounds)
        inner = self.within and self.outer is None
        if not inner and problem.encoding.kind.levels:
            return corrected(predicted, held.truth, problem.encoding.kind, held.weight)
        if inner or not problem.encoding.kind.probable:
            return Beliefs()
        if problem.encoding.kind.targets > 1:
            rule, seed = self.options.threshold, self.options.seed
            return beliefs_of_labels(predicted, held.truth, problem.encoding, rule, seed, held.weight)
        labels = [str(label) for label in problem.encoding.classes]
        return beliefs_of(predicted, held.truth, labels, self.options.threshold, self.options.seed, held.weight)

    def _within_budget(self, decision: Decision, standings: list[Standing], more: float) -> Decision:
        """The decision with as many members as can be trained again; `more` times the rows make an epoch longer."""
        left = self.clock.left
        if left is None:
            return decision
        costs = {}
        for standing in standings:
            epochs = sum(outcome.epochs for outcome in standing.outcomes)
            seconds = sum(outcome.seconds for outcome in standing.outcomes)
            costs[standing.candidate.name] = more * standing.epochs * seconds / max(epochs, 1)
        name = standings[0].candidate.name
        return decision.within(_REFIT_SHARE * left * self.threads, costs, name, REFIT_STARTS)

    def _without(self, problem: Problem, chosen: Standing, columns: tuple[str, ...]) -> dict[str, float | None] | None:
        """The test rows' scores of the chosen candidate, trained without some columns, on the same split."""
        self._stage(f"Training without {', '.join(columns)}")
        roles: dict[Any, str] = {**(self.options.roles or {}), **dict.fromkeys(columns, "ignore")}
        monotone = tuple(text for text in self.options.monotone or () if text.rpartition(":")[0] not in columns)
        return self._again(problem, chosen, {"roles": roles, "folds": 1, "monotone": monotone or None})

    def _again(self, problem: Problem, chosen: Standing, changes: dict[str, Any]) -> dict[str, float | None] | None:
        """The test rows' scores of the chosen candidate with other options: a short training, after every choice.

        A budget that is nearly spent leaves it out, and one that ends before it is done has no scores: those of a
        training that was cut short would say the columns do more than they do.
        """
        if self.clock.too_late(_EFFORT_WITHOUT):
            return None
        budget = self.clock.for_another
        changes = {
            "candidates": (chosen.candidate,), "space": None, "cluster": None, "nested": None, "repeats": None,
            "answer": "one", "restarts": 1, "effort": _EFFORT_WITHOUT,
            "budget": budget, "metric": problem.metric, "task": problem.task, "out": None, "fresh": False,
            "threshold": None, "formulas": None, **changes,
        }  # fmt: skip
        options = self.options.model_copy(update=changes)
        try:
            again = _Study(self.data, options, _silent, within=True, read=problem.read).run().record
        except NoRoomError:
            raise
        except InputError:
            if budget is None:
                raise
            return None  # too short for a single network
        return again.test.scores if budget is None or again.repeats else None

    def _on_outer_fold(self, read: Any, options: StudyOptions, outer: Outer) -> Record:
        """The record of the whole study with another test: an outer fold."""
        return _Study(self.data, options, _silent, within=True, outer=outer, read=read).run().record

    def _finish(
        self, making: Making, plan: Plan, standings: list[Standing], chosen: Chosen, made: Made, taught: Made | None,
        scored: Scored, asides: dict[str, Any], settings: dict[str, Any],
    ) -> Model:  # fmt: skip
        """The model with its record; written to the folder if there is one, with the model that was tested."""
        self.clock.timing["total"] = round(self.clock.taken, 3)
        problem, decision = making.problem, chosen.decision
        rows = [result.row(problem.metric, standings[0].folds) for result in making.baselines]
        board = leaderboard_rows(standings, rows, problem.metric)
        record = assemble(
            problem=problem, board=board, standings=standings, plan=plan, made=made, decision=decision,
            answered=answered(self.options.answer, decision, made.answer, scored.alone), test=scored.test,
            asides=asides, settings=settings, timing=self.clock.timing, threads=self.threads, within=self.within,
        )  # fmt: skip
        tested = _model(made, record)
        model = tested
        if taught is not None:
            model = _model(taught, has_learned_the_test(record, problem, taught), tested)
        if self.options.out is not None:
            self._stage("Writing the model and the report")
            write_somewhere(self.options.out, lambda place: _write(model, tested, place))
        self.tell({"kind": "result", "record": model.record})
        return model


def _model(made: Made, record: Record, tested: Model | None = None) -> Model:
    final = made.final
    return Model(
        network=final.refit.network, preparation=final.preparation, target_encoding=final.encoding, record=record,
        answer=made.answer, tested=tested,
    )  # fmt: skip


def _write(model: Model, tested: Model, place: Path) -> None:
    if tested is not model:
        tested.save(place / TESTED)
    model.save(place / "model.theta")
    test = model.record.test
    note_look(place, test.digest, test.rows, "fit", test.scores)
    model.report(place / "report.html")


def _silent(event: dict[str, Any]) -> None:
    """Nobody listens."""


def _as_row(event: dict[str, Any]) -> dict[str, Any]:
    """A candidate's standing as the leaderboard row that listeners know."""
    return event if event["kind"] != "candidate" else {"kind": "candidate", "row": network_row(event["standing"])}
