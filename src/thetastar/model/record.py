"""The record: everything that study, report, command line and model file exchange, as typed, validated, frozen parts.

The study makes one when it ends, the model file keeps it, and whatever people see is drawn from it. Nothing that
follows from other fields is stored: headline and verdict are computed by `conclusion.py`, so they cannot disagree with
the figures or with one another. `docs/reference/record.md` is generated from the sentences and units here.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import JsonValue, model_validator

from thetastar.data.task import find_task
from thetastar.model.conclusion import Headline, conclude, verdict
from thetastar.model.formulas import FormulaRow
from thetastar.model.metrics import METRICS
from thetastar.model.migrate import migrated
from thetastar.model.part import Count, Interval, Number, Part, Scores, Text, about
from thetastar.model.run import Machine, Timing
from thetastar.model.seen import Seen
from thetastar.model.tested import (
    Calibrated,
    ClassCounts,
    ClassScores,
    Coverage,
    Histogram,
    Lead,
    Mistake,
    OneTarget,
    OperatingPoint,
    Picture,
    Points,
    ProbabilityScores,
    QuantileLevel,
    Reliability,
    ReliabilityBin,
    Repeated,
    RocCurve,
    ShownCell,
    ShownRow,
    ShownRows,
    TaskName,
    Tested,
    Threshold,
    has_pictures,
)

__all__ = [
    "AnswerPart",
    "Answered",
    "Asked",
    "BetterSplit",
    "Calibrated",
    "Carried",
    "ClassCounts",
    "ClassScores",
    "ColumnRow",
    "Coverage",
    "Curve",
    "DataSettings",
    "Finding",
    "GradientNorms",
    "Histogram",
    "LayerRow",
    "Lead",
    "LeaderboardRow",
    "Leaked",
    "Mistake",
    "NestedEstimate",
    "OneTarget",
    "OperatingPoint",
    "Points",
    "ProbabilityScores",
    "QuantileLevel",
    "Record",
    "Reliability",
    "ReliabilityBin",
    "Repeated",
    "RocCurve",
    "SampleGroup",
    "Samples",
    "Scoring",
    "Searched",
    "SearchedDimension",
    "Settings",
    "ShownCell",
    "ShownRow",
    "ShownRows",
    "Split",
    "Tested",
    "Threshold",
    "Weights",
    "Winner",
]  # fmt: skip


class Asked(Part):
    """What was asked of which data."""

    source: Annotated[Text, about("The data: a path as it was given, or what kind of object it was.")]
    is_file: Annotated[bool, about("Whether that is a path, so that a command can read the data again.")]
    test_source: Annotated[Text | None, about("Test data of its own, in the same words; None without one.")]
    target: Annotated[Text, about("The name of the target column; of several targets their names with commas.")]
    target_names: Annotated[tuple[Text, ...], about("Of several targets: their names; empty of one.")] = ()
    task: Annotated[TaskName, about("The kind of the target, such as regression, binary or multiclass.")]
    reason: Annotated[Text, about("Why it is taken for that kind.")]
    rows: Annotated[Count, about("Rows with a known target, without those of a test file.", "rows")]
    features: Annotated[Count, about("Numbers that the prepared columns give the final network.", "numbers a row")]
    metric: Annotated[Text, about("The name of the score that chose.")]
    sentence: Annotated[Text, about("The question in words.")]


class ColumnRow(Part):
    """One column of the data and what it is taken for."""

    name: Annotated[Text, about("The column's name.")]
    role: Annotated[Text, about("What it is: number, category, date …; the last kinds are left out.")]
    reason: Annotated[Text, about("Why it is taken for that, in one sentence.")]
    missing: Annotated[Count, about("Rows without a value.", "rows")]
    distinct: Annotated[Count, about("Different values.", "values")]
    overridden: Annotated[bool, about("Whether the role was named by the user.")]
    examples: Annotated[tuple[Text, ...], about("The first few different values, as texts.")]
    features: Annotated[Count, about("Numbers that the network sees of it; 0 where it is left out.", "numbers a row")]
    low: Annotated[Number | None, about("The least number; None of columns that hold no numbers.")] = None
    high: Annotated[Number | None, about("The greatest number; None of columns that hold no numbers.")] = None


class SampleGroup(Part):
    """Training samples of one class, or of one quarter of the target's range."""

    label: Annotated[Text, about("The class or the range.")]
    pictures: Annotated[tuple[Picture, ...], about("Images as addresses that hold a PNG; none of sequences.")] = ()
    lines: Annotated[
        tuple[tuple[Number | None, ...], ...], about("The first number of every step; none of images.", "the column's")
    ] = ()


class Samples(Part):
    """Some images or sequences of the training rows, for the reader's eye."""

    kind: Annotated[Literal["image", "sequence"], about("What a sample is.")]
    of: Annotated[Text, about("The size of one sample in words.")]
    groups: Annotated[tuple[SampleGroup, ...], about("Samples by class.")]


class Split(Part):
    """Which rows were for what."""

    train: Annotated[Count, about("Rows that the candidates learn from.", "rows")]
    validation: Annotated[Count, about("Rows that the choice is made on.", "rows")]
    test: Annotated[Count, about("Rows that are scored once, at the end.", "rows")]
    seed: Annotated[int, about("Seed of the shuffle.")]
    stratified: Annotated[bool, about("Whether classes keep their shares in every part.")]
    folds: Annotated[int, about("Parts that take turns as validation rows; 1: they are fixed.", "folds", ge=1)]
    ordered: Annotated[bool, about("Whether rows were kept in order: the last are the test, those before them choose.")]
    group: Annotated[Text | None, about("The column whose values were kept together; None without one.")] = None
    by_time: Annotated[Text | None, about("The column that put the rows in order; None without one.")] = None
    gap: Annotated[Count, about("Different times left out before the rows that choose and that test.", "times")] = 0
    stratify: Annotated[Text | None, about("The column that keeps its shares in every part; None without one.")] = None


class Weights(Part):
    """How much rows count, where they do not count alike: in training, in choosing and in every score."""

    column: Annotated[Text | None, about("The column that says so; None of an array.")]
    low: Annotated[Number, about("The least weight, where the mean of all is 1.")]
    high: Annotated[Number, about("The greatest one.")]
    learned: Annotated[Number, about("Rows of equal weight that tell as much as those learned from.", "rows", ge=0)]
    tested: Annotated[Number, about("Rows of equal weight that tell as much as the test rows.", "rows", ge=0)]

    @property
    def words(self) -> str:
        """`weighted by 'w'`."""
        return "weighted" if self.column is None else f"weighted by {self.column!r}"


class Scoring(Part):
    """The score that chose."""

    name: Annotated[Text, about("Its name, as in `--metric`.")]
    direction: Annotated[Literal["min", "max"], about("Which way is better.")]
    unit: Annotated[Text, about("The column whose unit it has; empty where it has none.")]
    words: Annotated[Text, about("What it measures.")]

    own: Annotated[bool, about("Whether it is a function of the user's own.")] = False

    @model_validator(mode="after")
    def _is_known(self) -> Scoring:
        metric = METRICS.get(self.name)
        if self.own != (metric is None) or (metric is not None and metric.direction != self.direction):
            raise ValueError(f"there is no metric {self.name!r} that is best at its {self.direction}imum")
        return self

    def better(self, left: float, right: float) -> bool:
        """True if the score `left` is strictly better than `right`."""
        return left < right if self.direction == "min" else left > right

    def loss(self, score: float) -> float:
        """The score turned so that smaller is better; what is not a number comes last."""
        value = score if self.direction == "min" else -score
        return value if math.isfinite(value) else math.inf


class LeaderboardRow(Part):
    """A candidate or a baseline on the validation rows."""

    rank: Annotated[Count, about("Its place, 1 is best; 0 before all are ranked.")]
    name: Annotated[Text, about("Its name.")]
    kind: Annotated[Literal["network", "baseline"], about("Whether it is a candidate or a baseline.")]
    description: Annotated[Text, about("What it is, in words.")]
    validation_mean: Annotated[
        Number | None, about("Mean score over folds and starts; None without one.", "the metric's")
    ]
    validation_std: Annotated[
        Number | None, about("Standard deviation over folds and starts; None of a single run.", "the metric's")
    ]
    fold_spread: Annotated[
        Number | None, about("Standard deviation of the folds' means; None of one fold.", "the metric's")
    ]
    start_spread: Annotated[
        Number | None, about("Standard deviation over the starts within a fold; None of one start.", "the metric's")
    ]
    scores: Annotated[tuple[Number, ...], about("The score of every run that counts.", "the metric's")]
    folds: Annotated[Count | None, about("Folds behind the mean; None in records of format 1.", "folds")]
    runs: Annotated[Count, about("Runs behind the mean.", "runs")]
    parameters: Annotated[Count | None, about("Parameters, as prepared from the training rows; None of baselines.")]
    epochs: Annotated[Count | None, about("Median of the best epochs over the runs; None of baselines.", "epochs")]
    seconds: Annotated[Number, about("Time of all its runs together.", "seconds", ge=0)]
    status: Annotated[Literal["finished", "interrupted", "diverged"], about("How its runs ended.")]
    chosen: Annotated[bool, about("Whether this is the network that was chosen.")]
    round: Annotated[Count | None, about("The last round it took part in; None of baselines.")]
    training_mean: Annotated[
        Number | None, about("Mean score on training rows; None of baselines, or not recorded.", "the metric's")
    ] = None
    depth: Annotated[Count | None, about("Hidden layers; None of baselines and of networks with a name.")] = None


class SearchedDimension(Part):
    """A setting that a search space varied."""

    name: Annotated[Text, about("The setting.")]
    categories: Annotated[tuple[Text, ...], about("Its values as texts; none where it had a range.")] = ()
    log: Annotated[bool, about("Whether its range goes by factors.")] = False
    values: Annotated[
        tuple[Number, ...], about("What each shown candidate has: the number, or which of the categories, from 0.")
    ]


class Searched(Part):
    """What a search tried: the best candidates and some of the others, best first."""

    search: Annotated[Text, about("How the space was walked: grid, random, sobol or optuna.")]
    tried: Annotated[Count, about("Candidates that were tried.")]
    dimensions: Annotated[tuple[SearchedDimension, ...], about("The settings that varied.")]
    names: Annotated[tuple[Text, ...], about("The candidates, some hundreds at most, as on the leaderboard.")]
    scores: Annotated[tuple[Number, ...], about("The mean validation score of each.", "the metric's")]
    rounds: Annotated[tuple[Count, ...], about("The last round that each took part in.")]


class LayerRow(Part):
    """One layer of the final network."""

    name: Annotated[Text, about("Its name, as in the names of its parameters.")]
    output: Annotated[tuple[Count, ...], about("The shape of what comes out of it, without the batch.")]
    activation: Annotated[Text, about("Its activation; empty where it has none.")]
    parameters: Annotated[Count, about("Parameters of this layer.")]


class Curve(Part):
    """How one run of the chosen candidate learned."""

    seed: Annotated[int, about("Seed of its start and its shuffles.")]
    loss: Annotated[tuple[Number, ...], about("Mean training loss of every epoch.", "the loss's")]
    validation_loss: Annotated[tuple[Number, ...], about("Validation loss after every epoch.", "the loss's")]
    best_epoch: Annotated[Count, about("The epoch whose parameters were kept.", "epochs")]
    epochs: Annotated[
        tuple[Count, ...],
        about(
            "The epochs that both curves tell of, where there were more than 1,000 (16 in a study of more than 10,000 "
            "networks): the first, the last, the best and others evenly between. Empty where they tell of every one.",
            "epochs",
        ),
    ] = ()


class GradientNorms(Part):
    """How large the gradients of the final training were, layer by layer."""

    layers: Annotated[tuple[Text, ...], about("The layers that have parameters.")]
    epochs: Annotated[tuple[Count, ...], about("The epochs that are kept, some hundred at most.", "epochs")]
    norms: Annotated[
        tuple[tuple[Number | None, ...], ...],
        about("Of each layer at each of these epochs: root of the mean squared norm over the steps; None if infinite."),
    ]


class Winner(Part):
    """The chosen candidate and the final network, which was trained on training and validation rows."""

    name: Annotated[Text, about("The candidate's name, as on the leaderboard.")]
    layers: Annotated[tuple[LayerRow, ...], about("The layers of the final network.")]
    parameters: Annotated[Count, about("Parameters of the final network.")]
    settings: Annotated[dict[str, JsonValue], about("The candidate's fields, and batch size, epochs, seed and loss.")]
    curves: Annotated[tuple[Curve, ...], about("The candidate's runs, the first twenty.")]
    refit_epochs: Annotated[Count, about("Epochs of the final training.", "epochs")]
    refit_loss: Annotated[tuple[Number, ...], about("Mean loss of every epoch of the final training.", "the loss's")]
    starts: Annotated[Count | None, about("Random starts of the final training; None where it was not recorded.")]
    kept: Annotated[Count | None, about("Which of them was kept, from 0; None where it was not recorded.")]
    gradients: Annotated[GradientNorms | None, about("Gradients of the final training; None if not recorded.")] = None


class AnswerPart(Part):
    """One member of the answer."""

    name: Annotated[Text, about("Its name, as on the leaderboard.")]
    kind: Annotated[Literal["network", "baseline"], about("Whether it is a network or a baseline.")]
    count: Annotated[int, about("How often it counts in the average.", ge=1)]
    size: Annotated[Count, about("Numbers that were fitted.")]


class Answered(Part):
    """What the model answers with, and what else it could have been."""

    asked: Annotated[Literal["best", "networks", "one"], about("What was asked for: the option `answer`.")]
    kind: Annotated[Literal["network", "baseline", "average"], about("What it is.")]
    parts: Annotated[tuple[AnswerPart, ...], about("Its members.")]
    validation: Annotated[
        dict[str, Number | None],
        about("The score on the validation rows of the best there is, of networks alone, of one.", "the metric's"),
    ]
    rows: Annotated[Count, about("Validation rows, over all folds, that these scores are of.", "rows")]
    why: Annotated[Text, about("Why it is this and nothing else, in one sentence.")]
    alone: Annotated[
        Scores,
        about("The chosen network's scores on the test rows; empty where it is the answer."),
    ]
    learned_test: Annotated[
        bool,
        about("Whether the model learned from the test rows too, after they were scored: the scores are from before."),
    ] = False

    @property
    def name(self) -> str:
        """What the answer is called: of one member its name."""
        return "the average" if self.kind == "average" else self.parts[0].name


class NestedEstimate(Part):
    """What the whole procedure reaches, by nested cross-validation."""

    folds: Annotated[int, about("Outer folds.", "folds", ge=2)]
    repeats: Annotated[int, about("How often they were dealt.", ge=1)]
    scores: Annotated[tuple[Number, ...], about("The score on the rows of every outer fold.", "the metric's")]
    mean: Annotated[Number, about("Their mean.", "the metric's")]
    interval: Annotated[
        Interval | None, about("95 % interval of the mean; None where the scores have none.", "the metric's")
    ]
    rival: Annotated[Number | None, about("The mean of the best baselines' scores there.", "the metric's")]
    chosen: Annotated[tuple[Text, ...], about("The network that each of them chose.")]


class Leaked(Part):
    """Columns that give the target away, and what is left of the score without them."""

    columns: Annotated[tuple[Text, ...], about("Their names.")]
    scores_without: Annotated[
        Scores, about("The test rows' scores of the same candidate, trained without them; empty where it was not.")
    ]


class Carried(Part):
    """A column that carries most of the score. Whether it is known in time, the data cannot say."""

    column: Annotated[Text, about("Its name.")]
    network: Annotated[Number, about("The final network's score on the test rows.", "the metric's")]
    alone: Annotated[Number, about("Its score alone, by shares or means of its values.", "the metric's")]
    scores_without: Annotated[
        Scores, about("The test rows' scores of the chosen candidate, trained without the column.")
    ]


class BetterSplit(Part):
    """Another split that the rows ask for, on which the score is clearly worse than the random split claims."""

    option: Annotated[Text, about("The option to type, such as --group.")]
    column: Annotated[Text, about("The column to give it.")]
    reason: Annotated[Text, about("Why, without a full stop.")]
    claimed: Annotated[Number, about("The final network's score on the test rows drawn at random.", "the metric's")]
    scores: Annotated[Scores, about("The test rows' scores of the chosen candidate on that split.")]


class Finding(Part):
    """What a check of the finished study found."""

    name: Annotated[Text, about("The check, in a few words.")]
    evidence: Annotated[Text, about("What was seen, with its figures, in one sentence.")]
    advice: Annotated[Text, about("What to do about it.")]


class DataSettings(Part):
    """Where the data was, and what tells it from other data."""

    path: Annotated[Text, about("The data, as in the question's source.")]
    rows: Annotated[Count, about("Rows with a known target.", "rows")]
    test_path: Annotated[Text | None, about("The test data; None without one of its own.")]
    digest: Annotated[Text, about("SHA-256 of all names and values.")]


class Settings(Part):
    """What `study.toml` holds: everything needed to run the study again to the same bits."""

    format: Annotated[int, about("The format of study.toml.")]
    thetastar: Annotated[Text, about("The version that ran the study.")]
    created: Annotated[Text, about("When it began, ISO 8601 in UTC.")]
    data: Annotated[DataSettings, about("The data.")]
    study: Annotated[dict[str, JsonValue], about("The options by name; `thetastar fit --help` says what each is.")]
    roles: Annotated[dict[str, str], about("Roles that the user named, by column.")]
    candidates: Annotated[
        tuple[dict[str, JsonValue], ...], about("The fields of every candidate; none where a space was searched.")
    ] = ()
    space: Annotated[dict[str, JsonValue] | None, about("The search space; None where candidates were listed.")] = None


class Record(Part):
    """A finished study."""

    format: Annotated[Literal[2], about("The format of the record.")]
    thetastar: Annotated[Text, about("The version that ran the study.")]
    created: Annotated[Text, about("When it ended, ISO 8601 in UTC.")]
    question: Annotated[Asked, about("What was asked of which data.")]
    columns: Annotated[tuple[ColumnRow, ...], about("Every column but the target.")]
    target_distribution: Annotated[
        Histogram | ClassCounts, about("How the target is distributed; of several the first one.")
    ]
    samples: Annotated[Samples | None, about("Some images or sequences; None of tables.")]
    split: Annotated[Split, about("Which rows were for what.")]
    weights: Annotated[Weights | None, about("How much rows count; None where all count alike.")] = None
    metric: Annotated[Scoring, about("The score that chose.")]
    leaderboard: Annotated[tuple[LeaderboardRow, ...], about("Candidates and baselines, best validation score first.")]
    searched: Annotated[Searched | None, about("What a search space's search tried; None without one.")] = None
    leaked: Annotated[Leaked | None, about("Columns that give the target away; None without any.")]
    carried: Annotated[Carried | None, about("A column that carries most of the score; None without any.")] = None
    better_split: Annotated[
        BetterSplit | None, about("A split on which the score is clearly worse; None without any.")
    ] = None
    formulas: Annotated[tuple[FormulaRow, ...], about("What was found for the user's formulas.")] = ()
    optimism: Annotated[
        Number | None,
        about("By how much the best validation score of so many flatters; None of one fold.", "the metric's"),
    ]
    winner: Annotated[Winner, about("The chosen candidate and the final network.")]
    answer: Annotated[
        Answered | None, about("What the model answers with; None in older records, whose answer is the network.")
    ] = None
    threshold: Annotated[
        Threshold | None, about("From which probability on rows are called positive; None where likelier is enough.")
    ] = None
    calibrated: Annotated[
        Calibrated | None, about("How its probabilities were calibrated; None of a regression and of older records.")
    ] = None
    test: Annotated[Tested, about("The test rows, scored once.")]
    targets: Annotated[tuple[OneTarget, ...], about("Of several targets: each by itself; empty of one.")] = ()
    nested: Annotated[NestedEstimate | None, about("What the whole procedure reaches; None unless asked for.")] = None
    notes: Annotated[tuple[Text, ...], about("What was left out, matched or filled in when the data was read.")]
    shortcuts: Annotated[tuple[Text, ...], about("What the study left out or cut short, so that it ends in time.")]
    distrust: Annotated[tuple[Text, ...], about("What may make the score say less than it seems to.")]
    findings: Annotated[tuple[Finding, ...], about("What the checks of the finished study found.")] = ()
    settings: Annotated[Settings, about("What study.toml holds.")]
    repeats: Annotated[
        bool, about("Whether the same settings lead to the same bits: not where a budget cut the study short.")
    ] = True
    timing: Annotated[Timing, about("How long each step took.")]
    machine: Annotated[Machine, about("Where the study ran.")]
    seen: Annotated[Seen | None, about("Digests of the rows; None where they were not recorded.")] = None

    @property
    def chosen(self) -> LeaderboardRow:
        """The leaderboard's row of the network that was chosen."""
        return next(row for row in self.leaderboard if row.chosen)

    @property
    def headline(self) -> Headline:
        """How the final network stands against the best baseline on the test rows."""
        return conclude(self)

    @property
    def verdict(self) -> tuple[str, ...]:
        """The result in plain sentences."""
        return verdict(self)

    @classmethod
    def from_dict(cls, held: dict[str, Any]) -> Record:
        """The record that `to_dict` gave, of this format or an older one.

        Raises:
            ValueError: a field is missing, unknown or of the wrong kind (pydantic's `ValidationError` is one).
        """
        return cls.model_validate(migrated(held))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, with the headline and the verdict, which follow from the others, written out."""
        return {**self.model_dump(mode="json"), "headline": self.headline.model_dump(mode="json"),
                "verdict": list(self.verdict)}  # fmt: skip

    @model_validator(mode="after")
    def _belongs_together(self) -> Record:
        for rule, holds in self._rules():
            if not holds:
                raise ValueError(rule)
        return self

    def _rules(self) -> list[tuple[str, bool]]:
        """What must hold between the parts, in words."""
        test, chosen = self.test, [row for row in self.leaderboard if row.chosen]
        ranks = [row.rank for row in self.leaderboard]
        name, task = self.metric.name, find_task(self.question.task)
        judged = [(test, task), *((each.test, find_task(each.task)) for each in self.targets)]
        return [
            ("the leaderboard's ranks must be 1, 2, 3 …", ranks == list(range(1, len(ranks) + 1))),
            ("the leaderboard must have the best validation score first", self._best_first()),
            ("one network of the leaderboard must be chosen", [row.kind for row in chosen] == ["network"]),
            ("the winner must be the leaderboard's chosen network", [r.name for r in chosen] == [self.winner.name]),
            ("the answer must have members, several if it is an average", self._answer_holds()),
            ("question and metric must name the same score", self.question.metric == name),
            ("the test must have the score that chose", name in test.scores),
            ("split and test must count the same test rows", self.split.test == test.rows),
            ("the test must compare with the baseline whose validation score is best", self._compares_with_the_best()),
            (
                "points belong to a regression; labels, a confusion matrix and scores per class to classes",
                all(has_pictures(each, kind) for each, kind in judged),
            ),
            (
                "a positive class and a ROC curve belong to two classes",
                all(
                    (each.positive is not None, each.roc is not None) == 2 * (kind.has_positive_class,)
                    for each, kind in judged
                ),
            ),
            (
                "a record of several targets must have each of them, and one of a single target none",
                len(self.targets) == (task.targets if task.targets > 1 else 0)
                and tuple(each.name for each in self.targets) == self.question.target_names
                and {each.task for each in self.targets} <= {task.one},
            ),
        ]

    def _answer_holds(self) -> bool:
        answer = self.answer
        if answer is None:
            return True
        listed = {row.name for row in self.leaderboard}
        kinds = {part.kind for part in answer.parts}
        many = len(answer.parts) > 1
        return bool(kinds) and many == (answer.kind == "average") and (many or kinds == {answer.kind}) and all(
            part.name in listed for part in answer.parts
        )  # fmt: skip

    def _best_first(self) -> bool:
        """Best validation score first; then networks that the last round left out; rows without a score last."""
        last, loss = max((row.round or 0 for row in self.leaderboard), default=0), self.metric.loss

        def place(row: LeaderboardRow) -> tuple[int, float]:
            if row.validation_mean is None:
                return (2, 0.0)
            return (int(row.kind == "network" and (row.round or 0) < last), loss(row.validation_mean))

        places = [place(row) for row in self.leaderboard]
        return places == sorted(places)

    def _compares_with_the_best(self) -> bool:
        known = [r for r in self.leaderboard if r.kind == "baseline" and r.validation_mean is not None]
        if not known or self.test.lead is None:
            return not known and self.test.lead is None
        best = [row.name for row in known if row.validation_mean == known[0].validation_mean]
        return self.test.lead.over in best and self.test.lead.over in self.test.baselines
