"""What a record holds of the test rows: scores beside the baselines', and what the pictures are drawn from.

Of several targets each has the same by itself (`OneTarget`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from thetastar.data.task import TASKS, Task, find_task
from thetastar.errors import InputError
from thetastar.model.part import Count, Interval, Number, Part, Scores, Text, about

__all__ = [
    "Calibrated",
    "ClassCounts",
    "ClassScores",
    "Coverage",
    "Histogram",
    "Lead",
    "Mistake",
    "OneTarget",
    "OperatingPoint",
    "Picture",
    "Points",
    "ProbabilityScores",
    "QuantileLevel",
    "Reliability",
    "ReliabilityBin",
    "Repeated",
    "RocCurve",
    "ShownCell",
    "ShownRow",
    "ShownRows",
    "TaskName",
    "Tested",
    "Threshold",
    "has_pictures",
]  # fmt: skip


def _known_task(name: str) -> str:
    try:
        return find_task(name).name
    except InputError:
        raise ValueError(
            f"there is no task {name!r}; the tasks are {', '.join(TASKS)}, quantiles(…), multioutput(…), multilabel(…)"
        ) from None


TaskName = Annotated[str, AfterValidator(_known_task)]


class Histogram(Part):
    """The distribution of a target that is a number."""

    kind: Annotated[Literal["histogram"], about("Says that this is a histogram.")]
    edges: Annotated[tuple[Number, ...], about("The edges of the bins, one more than bins.", "the target's")]
    counts: Annotated[tuple[Count, ...], about("Rows in each bin.", "rows")]


class ClassCounts(Part):
    """The distribution of a target that is a class."""

    kind: Annotated[Literal["classes"], about("Says that these are classes.")]
    labels: Annotated[tuple[Text, ...], about("The classes, in the order of the network's outputs.")]
    counts: Annotated[tuple[Count, ...], about("Rows of each class.", "rows")]


Picture = Annotated[str, Field(pattern=r"^data:image/png;base64,[A-Za-z0-9+/]+=*$")]


class Lead(Part):
    """The answer, or the network where the answer is a baseline, against one baseline on the same test rows."""

    over: Annotated[Text, about("The baseline.")]
    interval: Annotated[
        Interval | None,
        about("95 % interval of the one's score minus its score; None where it has none.", "the metric's"),
    ]


class Points(Part):
    """Test rows for the picture of a regression, some thousands at most."""

    real: Annotated[tuple[Number, ...], about("What is true.", "the target's")]
    predicted: Annotated[tuple[Number, ...], about("What the network says of the same rows.", "the target's")]


class ClassScores(Part):
    """How well the network finds one class."""

    label: Annotated[Text, about("The class.")]
    precision: Annotated[
        Number | None, about("Share that is right of the rows called so; None where none was.", "share")
    ]
    recall: Annotated[Number | None, about("Share of its rows that was found; None where there are none.", "share")]
    f1: Annotated[Number | None, about("Harmonic mean of both; None where there are no such rows.", "share")]
    support: Annotated[Count, about("Test rows of the class.", "rows")]


class RocCurve(Part):
    """True positives against false ones as the threshold falls, about 200 points."""

    fpr: Annotated[tuple[Number, ...], about("False-positive rates.", "share")]
    tpr: Annotated[tuple[Number, ...], about("True-positive rates.", "share")]
    auc: Annotated[Number | None, about("Area under the curve; None where the test rows hold one class.", "share")]


class Mistake(Part):
    """A test image that the network named wrongly."""

    picture: Annotated[Picture, about("The image as an address that holds a PNG.")]
    real: Annotated[Text, about("Its class.")]
    predicted: Annotated[Text, about("What the network said.")]
    sure: Annotated[Number, about("The probability that it gave to that.", "share")]


class ReliabilityBin(Part):
    """Test rows that were given about the same probability."""

    rows: Annotated[Count, about("Test rows in it, at least five.", "rows")]
    predicted: Annotated[Number, about("Their mean probability.", "share")]
    observed: Annotated[Number, about("Share of them for which it was so.", "share")]
    interval: Annotated[Interval, about("The 95 % interval of that share.", "share")]


class Reliability(Part):
    """How far the probabilities can be believed."""

    of: Annotated[
        Literal["positive", "named"],
        about("Whose probability: of two classes the positive one's, of more that of the class that was named."),
    ]
    bins: Annotated[tuple[ReliabilityBin, ...], about("Tenths of the range from 0 to 1 that hold enough rows.")]
    gap: Annotated[Number, about("Mean distance between said and seen, over all rows.", "share")]


class ProbabilityScores(Part):
    """How good probabilities are."""

    log_loss: Annotated[Number, about("Mean negative log-probability of the true class.", "nats")]
    brier: Annotated[
        Number, about("Mean squared distance of the probabilities from what was so; of two classes the positive one's.")
    ]


class OperatingPoint(Part):
    """What naming rows from one probability on does."""

    threshold: Annotated[
        Number, about("The probability of the positive class from which on a row is called so.", "share")
    ]
    named: Annotated[Count, about("Rows that are called so.", "rows")]
    precision: Annotated[Number | None, about("Share of these that is right; None where there are none.", "share")]
    recall: Annotated[Number | None, about("Share of the positive rows that is found; None without any.", "share")]
    f1: Annotated[Number | None, about("Harmonic mean of both; None where there are no such rows.", "share")]


class ShownRow(Part):
    """A test row that the report can show."""

    row: Annotated[Count, about("Its place in the table that it is from, from 0.")]
    values: Annotated[tuple[Text, ...], about("Its cells as texts, in the order of the shown columns.")]
    real: Annotated[Text, about("What is true.")]
    predicted: Annotated[Text, about("What the network said.")]
    sure: Annotated[Number | None, about("The probability that it gave to that; None of numbers.", "share")]
    picture: Annotated[Picture | None, about("The image as an address that holds a PNG; None of tables.")] = None


class ShownCell(Part):
    """One cell of the confusion matrix, with rows that are in it."""

    real: Annotated[Count, about("The real class, as a place in the labels.")]
    predicted: Annotated[Count, about("What was said, as a place in the labels.")]
    rows: Annotated[tuple[Count, ...], about("Rows of the cell, as places in the shown rows, the worst first.")]


class ShownRows(Part):
    """Test rows by what the network made of them: a few hundred at most, of the rest only the numbers are kept."""

    columns: Annotated[tuple[Text, ...], about("The shown columns.")]
    rows: Annotated[tuple[ShownRow, ...], about("The rows, each once.")]
    worst: Annotated[tuple[Count, ...], about("Those it was most wrong about, as places in the rows, worst first.")]
    cells: Annotated[tuple[ShownCell, ...], about("Of classes: rows by real class and by what was said.")] = ()


class QuantileLevel(Part):
    """One level of predicted quantiles on the test rows."""

    level: Annotated[Number, about("The share of rows that should lie below.", "share", gt=0, lt=1)]
    below: Annotated[Number, about("The share of test rows that does.", "share")]
    interval: Annotated[Interval, about("The 95 % interval of that share.", "share")]
    pinball: Annotated[Number, about("Mean quantile loss at this level.", "the target's")]
    shift: Annotated[Number, about("What was added to every prediction, by validation rows.", "the target's")]


class Coverage(Part):
    """How many test rows lie between the lowest and the highest quantile."""

    nominal: Annotated[Number, about("The share that should.", "share", gt=0, lt=1)]
    observed: Annotated[Number, about("The share that does.", "share")]
    interval: Annotated[Interval, about("The 95 % interval of that share.", "share")]
    plain: Annotated[Number, about("The share without the correction by validation rows.", "share")]
    width: Annotated[Number, about("Mean distance between the two.", "the target's")]


class Repeated(Part):
    """Test rows whose inputs stand among the rows learned from."""

    rows: Annotated[Count, about("How many there are.", "rows")]
    same_target: Annotated[Count, about("Of these, with a target that was learned with the same inputs.", "rows")]
    conflicting: Annotated[Count, about("Of these, only with other targets.", "rows")]
    scores_without: Annotated[Scores, about("Every score without them; empty where too few rows are left.")]


class Tested(Part):
    """The test rows, scored once: the answer, and the baselines fitted on the same rows as the network."""

    rows: Annotated[Count, about("Test rows.", "rows")]
    scores: Annotated[Scores, about("Every score of the task, by name; None where it is not defined.")]
    intervals: Annotated[dict[str, Interval | None], about("The 95 % interval of each score; None where it has none.")]
    baselines: Annotated[dict[str, Scores], about("The same scores of every baseline, by its name.")]
    baselines_refitted: Annotated[bool, about("Whether the baselines too learned from the validation rows.")]
    lead: Annotated[Lead | None, about("The paired comparison with the best baseline; None without a baseline.")]
    over_constant: Annotated[
        Lead | None, about("The paired comparison with the constant; None where it was not measured.")
    ] = None
    repeated: Annotated[Repeated | None, about("Rows that were learned from too; None without any.")] = None
    digest: Annotated[Text, about("A digest of the test rows; empty where it was not recorded.")] = ""
    looks: Annotated[Count, about("Earlier looks at the same rows that the study's folder knows of.", "looks")] = 0
    shifted: Annotated[
        tuple[Text, ...], about("What differs in test rows of their own, or later ones; a column a sentence.")
    ] = ()
    points: Annotated[
        Points | None, about("Of a regression: real and predicted values; of quantiles those of the level nearest 0.5.")
    ] = None
    quantiles: Annotated[
        tuple[QuantileLevel, ...], about("Of quantiles: each level on the test rows; empty of other tasks.")
    ] = ()
    coverage: Annotated[
        Coverage | None, about("Of two or more quantiles: the interval from the lowest to the highest.")
    ] = None
    labels: Annotated[tuple[Text, ...] | None, about("Of classes: their labels in order.")] = None
    confusion: Annotated[
        tuple[tuple[Count, ...], ...] | None, about("Of classes: rows by real class and by what was said.", "rows")
    ] = None
    per_class: Annotated[tuple[ClassScores, ...] | None, about("Of classes: scores of each.")] = None
    positive: Annotated[Text | None, about("Of two classes: the one that counts as positive.")] = None
    roc: Annotated[RocCurve | None, about("Of two classes: the ROC curve.")] = None
    mistakes: Annotated[tuple[Mistake, ...], about("Of images: where the network was surest and wrong.")] = ()
    calibration: Annotated[Reliability | None, about("Of classes: how far the probabilities can be believed.")] = None
    probabilities: Annotated[
        ProbabilityScores | None, about("Of classes: log loss and Brier score of what the answer says.")
    ] = None
    uncalibrated: Annotated[
        ProbabilityScores | None, about("The same without its calibration; None where the model applies none.")
    ] = None
    operating: Annotated[
        tuple[OperatingPoint, ...], about("The threshold on the test rows, and one half; empty without a threshold.")
    ] = ()
    shown: Annotated[ShownRows | None, about("Test rows to look at; None where they were not recorded.")] = None


class Calibrated(Part):
    """How the answer's probabilities were calibrated, and what it brought."""

    kind: Annotated[
        Literal["beta", "temperature", "vector", "labels", "conformal"] | None,
        about("The calibration that the model applies; None where none paid."),
    ]
    rows: Annotated[Count, about("Validation rows, over all folds, that it was fitted on.", "rows")]
    why: Annotated[Text, about("What was done and why, in one sentence.")]
    validation_before: Annotated[
        ProbabilityScores | None, about("On the validation rows without it; None where it was not tried.")
    ] = None
    validation_after: Annotated[
        ProbabilityScores | None, about("There with it, each row by a fit on others; None where it was not tried.")
    ] = None
    reliability_before: Annotated[
        Reliability | None, about("Said against seen on the validation rows without it; None where it was not tried.")
    ] = None
    reliability_after: Annotated[
        Reliability | None, about("The same with it, each row by a fit on others; None where it was not tried.")
    ] = None


class Threshold(Part):
    """From which probability on a row counts as the positive class, and how that was chosen."""

    rule: Annotated[Text, about("What was asked for: the option `threshold`.")]
    value: Annotated[Number, about("The probability.", "share", ge=0, le=1)]
    rows: Annotated[Count, about("Validation rows, over all folds, that it was chosen on.", "rows")]
    why: Annotated[Text, about("What it does beside one half, in one sentence.")]
    chosen: Annotated[OperatingPoint | None, about("On the validation rows; None where they could not judge.")] = None
    half: Annotated[OperatingPoint | None, about("There from one half on; None where they could not judge.")] = None


class OneTarget(Part):
    """One of several targets: the same test rows, judged for it alone."""

    name: Annotated[Text, about("The column.")]
    task: Annotated[TaskName, about("What it is by itself: regression or binary.")]
    metric: Annotated[Text, about("The score by which it is compared with the baselines.")]
    distribution: Annotated[Histogram | ClassCounts, about("How it is distributed.")]
    test: Annotated[Tested, about("What the answer, and the baselines, reach for it.")]
    calibrated: Annotated[
        Calibrated | None, about("Of a label: how its probabilities were calibrated; None in older records.")
    ] = None
    threshold: Annotated[
        Threshold | None, about("Of a label: from which probability on it is named; None where likelier is enough.")
    ] = None


def has_pictures(test: Tested, task: Task) -> bool:
    """Whether a test has what its task is drawn from; of several targets each has its own."""
    found = (test.points is not None, *(part is not None for part in (test.labels, test.confusion, test.per_class)))
    if task.targets > 1:
        return not any(found)
    return found == ((False, True, True, True) if task.classification else (True, False, False, False))
