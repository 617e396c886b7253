"""Records as a finished study hands them over: one of each task, and a hostile one. Invented, fixed, and made through
the types, so that a field which the study does not have cannot be played here.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from thetastar.model.leaderboard import rank_rows
from thetastar.model.metrics import METRICS
from thetastar.model.part import Part
from thetastar.model.record import (
    Asked,
    ClassCounts,
    ClassScores,
    ColumnRow,
    Curve,
    DataSettings,
    GradientNorms,
    Histogram,
    LayerRow,
    Lead,
    LeaderboardRow,
    Machine,
    Points,
    Record,
    Reliability,
    ReliabilityBin,
    RocCurve,
    Scoring,
    Settings,
    ShownCell,
    ShownRow,
    ShownRows,
    Split,
    Tested,
    Timing,
    Winner,
)

HOSTILE = '<script>alert("name")</script>'
LONG = "a_very_long_column_name_without_any_place_to_break_" * 4

_NETWORKS = {
    "linear": [],
    "1 × 16": [16],
    "1 × 64": [64],
    "1 × 128": [128],
    "2 × 64": [64, 64],
    "2 × 128": [128, 128],
    "3 × 64": [64] * 3,
    "3 × 128": [128] * 3,
    "4 × 64": [64] * 4,
}

_Part = TypeVar("_Part", bound=Part)


def changed(part: _Part, **fields: Any) -> _Part:
    """The part with other fields, made and validated anew."""
    return type(part)(**{**{name: getattr(part, name) for name in type(part).model_fields}, **fields})


def column(name: str, role: str, reason: str, missing: int, distinct: int, examples: list[str], **more: Any):
    features = more.pop("features", 0 if role in ("identifier", "constant") else 1)
    more.setdefault("overridden", False)
    return ColumnRow(
        name=name, role=role, reason=reason, missing=missing, distinct=distinct, examples=examples, features=features,
        **more,
    )  # fmt: skip


def _layers(features: int, hidden: list[int], outputs: int) -> tuple[LayerRow, ...]:
    rows, width = [], features
    for number, units in enumerate(hidden, start=1):
        rows.append(
            LayerRow(name=f"dense_{number}", output=(units,), activation="relu", parameters=(width + 1) * units)
        )
        rows.append(LayerRow(name=f"dropout_{number}", output=(units,), activation="", parameters=0))
        width = units
    last = LayerRow(
        name=f"dense_{len(hidden) + 1}", output=(outputs,), activation="identity", parameters=(width + 1) * outputs
    )
    return (*rows, last)


def _curves(rng: np.random.Generator, runs: int, epochs: int, level: float) -> list[Curve]:
    curves = []
    for seed in range(runs):
        t = np.arange(1, epochs + 1 + 7 * seed)
        loss = level * (0.25 + np.exp(-t / 9.0)) * (1 + 0.02 * rng.standard_normal(t.size))
        validation = (
            level * (0.42 + np.exp(-t / 8.0) + 0.004 * np.maximum(t - 25, 0)) * (1 + 0.04 * rng.standard_normal(t.size))
        )
        best = int(np.argmin(validation)) + 1
        curves.append(Curve(seed=seed, loss=loss.tolist(), validation_loss=validation.tolist(), best_epoch=best))
    return curves


def _leaderboard(
    rng, means: list[float], baselines: list[tuple[str, str, float]], direction: str, features: int, outputs: int
) -> tuple[LeaderboardRow, ...]:
    rows = []
    for (name, hidden), mean in zip(_NETWORKS.items(), means, strict=True):
        scores = mean + abs(mean) * 0.015 * rng.standard_normal(3)
        rows.append(
            LeaderboardRow(
                rank=0,
                name=name,
                kind="network",
                description="ReLU, Adam 0.001, dropout 0.1, batch 32" if hidden else "no hidden layer, Adam 0.01",
                validation_mean=float(scores.mean()),
                validation_std=float(scores.std(ddof=1)),
                fold_spread=None,
                start_spread=float(scores.std(ddof=1)),
                folds=1,
                scores=scores.tolist(),
                runs=3,
                parameters=sum(layer.parameters for layer in _layers(features, hidden, outputs)),
                epochs=int(rng.integers(20, 90)),
                seconds=float(rng.uniform(0.2, 4)),
                status="finished",
                chosen=False,
                round=1,
            )
        )
    rows[-1] = changed(rows[-1], status="diverged", validation_mean=None, validation_std=None, scores=[])
    for name, description, mean in baselines:
        rows.append(
            LeaderboardRow(
                rank=0,
                name=name,
                kind="baseline",
                description=description,
                validation_mean=mean,
                validation_std=None,
                fold_spread=None,
                start_spread=None,
                folds=1,
                scores=[mean],
                runs=1,
                parameters=None,
                epochs=None,
                seconds=0.1,
                status="finished",
                chosen=False,
                round=None,
            )
        )
    ranked = list(rank_rows(rows, direction))
    best = next(k for k, row in enumerate(ranked) if row.kind == "network")
    ranked[best] = changed(ranked[best], chosen=True)
    return tuple(ranked)


def _winner(rng, leaderboard: tuple[LeaderboardRow, ...], features: int, outputs: int, level: float) -> Winner:
    row = next(row for row in leaderboard if row.chosen)
    layers = _layers(features, _NETWORKS[row.name], outputs)
    curves = _curves(rng, 3, 60, level)
    epochs = round(float(np.mean([curve.best_epoch for curve in curves])))
    return Winner(
        name=row.name,
        layers=layers,
        parameters=sum(layer.parameters for layer in layers),
        settings={
            "optimizer": "Adam",
            "learning_rate": 0.001,
            "batch_size": 32,
            "loss": "mean_squared_error",
            "dropout": 0.1,
            "hidden": [64, 64],
            "preset": None,
        },
        curves=curves,
        refit_epochs=epochs,
        refit_loss=(level * (0.25 + np.exp(-np.arange(1, epochs + 1) / 9.0))).tolist(),
        starts=2,
        kept=0,
    )


def _record(
    task: str,
    target: str,
    source: str,
    rows: int,
    features: int,
    metric: str,
    sentence: str,
    test: Tested,
    **parts: Any,
) -> Record:
    row = METRICS[metric]
    return Record(
        format=2,
        thetastar="0.1.0",
        created="2026-11-20T21:04:09+00:00",
        question=Asked(
            source=source, is_file=True, test_source=None, target=target, task=task, reason="The target says so.",
            rows=rows,
            features=features, metric=metric, sentence=sentence,
        ),
        samples=None,
        optimism=None,
        leaked=None,
        split=Split(
            train=rows - 2 * (rows // 10), validation=rows // 10, test=test.rows, seed=0,
            stratified=task != "regression", folds=1, ordered=False,
        ),
        metric=Scoring(
            name=metric, direction=row.direction, words=row.words, unit=target if row.in_target_unit else ""
        ),
        test=test,
        notes=[],
        shortcuts=[],
        settings=Settings(
            format=1, thetastar="0.1.0", created="2026-11-20T21:03:28+00:00",
            data=DataSettings(path=source, rows=rows, test_path=None, digest="0" * 64),
            study={"target": target, "task": task, "metric": metric, "restarts": 3, "folds": 1, "seed": 0},
            roles={}, candidates=[{"hidden": hidden} for hidden in _NETWORKS.values()],
        ),
        timing=Timing(prepare=0.4, baselines=2.9, candidates=34.8, refit=3.2, test=0.3, total=41.3),
        machine=Machine(level="v3", threads=2, python="3.11.7", cores=2),
        **parts,
    )  # fmt: skip


def regression() -> Record:
    """House prices: a number with a unit, large values, a baseline that is better."""
    rng = np.random.default_rng(1)
    names = [
        "longitude",
        "latitude",
        "housing_median_age",
        "total_rooms",
        "total_bedrooms",
        "population",
        "households",
        "median_income",
    ]
    columns = [
        column(name, "number", "every value reads as a number", 207 if name == "total_bedrooms" else 0,
               int(rng.integers(50, 4000)), ["-122.23", "37.88", "41.0"],
               features=2 if name == "total_bedrooms" else 1)
        for name in names
    ]  # fmt: skip
    columns.append(
        column(
            "ocean_proximity", "category", "text with 5 distinct values", 0, 5, ["NEAR BAY", "<1H OCEAN"], features=5
        )
    )
    prices = np.exp(rng.normal(12.1, 0.5, 4000))
    counts, edges = np.histogram(prices, bins=40)
    leaderboard = _leaderboard(
        rng,
        [69500, 59800, 56900, 55800, 54600, 53100, 54100, 53600, 57200],
        [
            ("mean", "always the mean of the training rows", 115600.0),
            ("linear regression", "scikit-learn, ridge", 69800.0),
            ("gradient boosting", "scikit-learn, histogram", 48900.0),
        ],
        "min",
        14,
        1,
    )
    winner = _winner(rng, leaderboard, 14, 1, 0.4)
    real = prices[:1500]
    predicted = real * np.exp(rng.normal(0, 0.18, real.size))
    test = Tested(
        rows=2064,
        scores={"rmse": 53412.7, "mae": 36120.4, "r2": 0.786},
        intervals={"rmse": (51210.3, 55987.1), "mae": (34890.2, 37411.8), "r2": (0.764, 0.806)},
        baselines={
            "mean": {"rmse": 114980.2, "mae": 90712.0, "r2": -0.0002},
            "linear regression": {"rmse": 68990.1, "mae": 49710.3, "r2": 0.641},
            "gradient boosting": {"rmse": 48010.5, "mae": 31800.9, "r2": 0.826},
        },
        baselines_refitted=True,
        lead=Lead(over="gradient boosting", interval=(3900.0, 6900.0)),
        points=Points(real=real.tolist(), predicted=predicted.tolist()),
    )
    return _record(
        "regression", "median_house_value", "housing.csv", 20640, 13, "rmse",
        "Given the 9 other columns of housing.csv, what is median_house_value?", test,
        columns=columns,
        target_distribution=Histogram(kind="histogram", edges=edges.tolist(), counts=counts.tolist()),
        leaderboard=leaderboard,
        winner=winner,
        distrust=[
            "total_bedrooms is missing in 207 rows (1.0 %); the median was put there.",
            "The target stops at 500,001 in 965 rows: it looks capped.",
        ],
    )  # fmt: skip


def _per_class(labels: list[str], confusion: np.ndarray) -> list[ClassScores]:
    right, real, said = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    recall, precision = right / np.maximum(real, 1), right / np.maximum(said, 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return [
        ClassScores(label=label, precision=float(p), recall=float(r), f1=float(f), support=int(n))
        for label, p, r, f, n in zip(labels, precision, recall, f1, real, strict=True)
    ]


def binary() -> Record:
    """Customers who leave: two classes with words, a network that is level with a baseline, an ROC curve."""
    rng = np.random.default_rng(2)
    columns = [
        column("customerID", "identifier", "every value is different", 0, 7043, ["7590-VHVEG", "5575-GNVDE"]),
        column("tenure", "number", "every value reads as a number", 0, 73, ["1", "34", "2"]),
        column(
            "Contract", "category", "text with 3 distinct values", 0, 3, ["One year"], overridden=True, features=3
        ),
        column("TotalCharges", "number", "every value reads as a number", 11, 6530, ["29.85", "1889.5"], features=2),
    ]  # fmt: skip
    leaderboard = _leaderboard(
        rng,
        [0.842, 0.845, 0.848, 0.847, 0.846, 0.844, 0.843, 0.841, 0.82],
        [
            ("majority", "always the most frequent class", 0.5),
            ("logistic regression", "scikit-learn", 0.841),
            ("gradient boosting", "scikit-learn, histogram", 0.836),
        ],
        "max",
        45,
        1,
    )
    winner = _winner(rng, leaderboard, 45, 1, 0.6)
    fpr = np.linspace(0, 1, 180) ** 2
    confusion = np.array([[466, 51], [85, 102]])
    test = Tested(
        rows=704,
        scores={"auc": 0.8512, "accuracy": 0.8068, "f1": 0.6, "log_loss": 0.4123},
        intervals={
            "auc": (0.8204, 0.8797),
            "accuracy": (0.777, 0.835),
            "f1": (0.54, 0.66),
            "log_loss": (0.374, 0.452),
        },
        baselines={
            "majority": {"auc": 0.5, "accuracy": 0.734, "f1": 0.0, "log_loss": 0.579},
            "logistic regression": {"auc": 0.8461, "accuracy": 0.8011, "f1": 0.59, "log_loss": 0.4181},
            "gradient boosting": {"auc": 0.8402, "accuracy": 0.798, "f1": 0.57, "log_loss": 0.4255},
        },
        baselines_refitted=True,
        lead=Lead(over="logistic regression", interval=(-0.004, 0.014)),
        labels=["No", "Yes"],
        positive="Yes",
        confusion=confusion.tolist(),
        per_class=_per_class(["No", "Yes"], confusion),
        roc=RocCurve(fpr=fpr.tolist(), tpr=(fpr**0.2).tolist(), auc=0.8512),
    )
    return _record(
        "binary", "Churn", "telco.csv", 7043, 45, "auc",
        "Given the 20 other columns of telco.csv, is Churn Yes or No?", test,
        columns=columns,
        target_distribution=ClassCounts(kind="classes", labels=["No", "Yes"], counts=[5174, 1869]),
        leaderboard=leaderboard,
        winner=winner,
        distrust=["27 % of the rows are Yes: read accuracy beside the majority's 0.734."],
    )  # fmt: skip


def multiclass(classes: int = 10) -> Record:
    """Handwritten digits by default; any number of classes. The network is ahead."""
    rng = np.random.default_rng(3)
    labels = [str(i) if classes <= 10 else chr(65 + i) if i < 26 else f"class {i}" for i in range(classes)]
    columns = [
        column(f"pixel_{i // 8}_{i % 8}", *(("constant", "one value in every row") if i in (0, 32, 39) else
                                             ("number", "every value reads as a number")), 0, 17, ["0", "5", "13"])
        for i in range(64)
    ]  # fmt: skip
    counts = rng.integers(170, 185, classes)
    leaderboard = _leaderboard(
        rng,
        [0.955, 0.962, 0.975, 0.98, 0.974, 0.982, 0.971, 0.977, 0.93],
        [
            ("majority", "always the most frequent class", 0.102),
            ("logistic regression", "scikit-learn", 0.961),
            ("gradient boosting", "scikit-learn, histogram", 0.967),
        ],
        "max",
        61,
        classes,
    )
    winner = _winner(rng, leaderboard, 61, classes, 1.8)
    confusion = np.diag(rng.integers(14, 19, classes))
    for _ in range(classes // 2 + 1):
        real, said = rng.integers(0, classes, 2)
        confusion[real, said] += 1
    accuracy = float(np.trace(confusion) / confusion.sum())
    test = Tested(
        rows=int(confusion.sum()),
        scores={"accuracy": accuracy, "macro_f1": accuracy - 0.002, "log_loss": 0.091},
        intervals={"accuracy": (accuracy - 0.03, min(1.0, accuracy + 0.015))},
        baselines={
            "majority": {"accuracy": 0.1},
            "logistic regression": {"accuracy": 0.94},
            "gradient boosting": {"accuracy": 0.93},
        },
        baselines_refitted=True,
        lead=Lead(over="gradient boosting", interval=(0.01, 0.07)),
        labels=labels,
        confusion=confusion.tolist(),
        per_class=_per_class(labels, confusion),
    )
    return _record(
        "multiclass", "digit", "digits.csv", 1797, 61, "accuracy",
        f"Given the 64 other columns of digits.csv, which of {classes} digits is it?", test,
        columns=columns,
        target_distribution=ClassCounts(kind="classes", labels=labels, counts=counts.tolist()),
        leaderboard=leaderboard,
        winner=winner,
        distrust=["Only 181 test rows: the interval is wide."],
    )  # fmt: skip


def hostile() -> Record:
    """26 classes, 200 columns, 100 candidates, names that are HTML or have no place to break."""
    record, rng = multiclass(26), np.random.default_rng(4)
    labels = [HOSTILE, LONG, "", " ", "&amp;", "{{ 7 * 7 }}", "</script><!--", "значение", "שלום"] + [
        f"label {i}" for i in range(17)
    ]
    names = [HOSTILE, LONG, "' onclick='x", '" onmouseover="y', "</script>", "{% raise %}", "\u202eabc", "new\nline"]
    names += [f"column {i}" for i in range(192)]
    base = next(row for row in record.leaderboard if row.kind == "network" and not row.chosen)
    more = []
    for i in range(100):
        scores = [float(x) for x in 0.5 + 0.4 * rng.random(5)]
        more.append(
            changed(
                base,
                name=f"candidate {i} {HOSTILE if i == 7 else ''}",
                scores=scores,
                validation_mean=sum(scores) / 5,
                validation_std=0.05,
                runs=5,
            )
        )
    more[-1] = changed(more[-1], status="diverged", validation_mean=None, validation_std=None, scores=[])
    more[-2] = changed(more[-2], validation_mean=None, validation_std=None, scores=[0.7], name=LONG)
    assert record.test.per_class is not None and isinstance(record.target_distribution, ClassCounts)
    per_class = [changed(row, label=label) for row, label in zip(record.test.per_class, labels, strict=True)]
    settings = changed(
        record.settings, roles={LONG: "number", '"quoted" = \\ name': "category"},
        study={**record.settings.study, "target": HOSTILE},
    )  # fmt: skip
    return changed(
        record,
        question=changed(
            record.question,
            source=f"/tmp/{HOSTILE}.csv",
            target=HOSTILE,
            sentence=f"Which of 26 values has {HOSTILE} in {LONG}.csv?",
        ),
        columns=[
            column(name, "number", f"reason of {name}", 11 * i, 17, [HOSTILE, LONG, "ok"])
            for i, name in enumerate(names)
        ],
        leaderboard=rank_rows([*record.leaderboard, *more], "max"),
        test=changed(record.test, labels=labels, per_class=per_class),
        target_distribution=changed(record.target_distribution, labels=labels),
        shortcuts=[f"The column {HOSTILE} and the column {LONG} were used."],
        distrust=[f"{HOSTILE} nearly determines the target alone."] * 3 + [LONG],
        settings=settings,
    )


ALL = {"regression": regression, "binary": binary, "multiclass": multiclass, "hostile": hostile}


def evident(record: Record) -> Record:
    """The record with what only newer studies hold: training scores, gradients, calibration, and rows to look at."""
    board = [
        row
        if row.validation_mean is None or row.kind == "baseline"
        else changed(row, training_mean=row.validation_mean * 1.1, depth=len(_NETWORKS.get(row.name, [1])))
        for row in record.leaderboard
    ]
    layers = [layer.name for layer in record.winner.layers if layer.parameters]
    norms = [[1.0 / (k + 1), 0.5, None] for k in range(len(layers))]
    gradients = GradientNorms(layers=layers, epochs=[1, 5, 9], norms=norms)
    test = record.test
    classes = test.labels is not None
    sure = 0.75 if classes else None
    rows = [
        ShownRow(row=100 + k, values=[f"cell {k}", HOSTILE], real=f"real {k}", predicted=f"said {k}", sure=sure)
        for k in range(12)
    ]
    counts = [(i, j) for i, line in enumerate(test.confusion or ()) for j, count in enumerate(line) if count]
    cells = [ShownCell(real=i, predicted=j, rows=[(i + j) % 12, (i + j + 1) % 12]) for i, j in counts]
    shown = ShownRows(columns=["first", HOSTILE], rows=rows, worst=[3, 1, 2], cells=cells)
    bins = [
        ReliabilityBin(rows=30 + k, predicted=k / 10, observed=k / 12, interval=(k / 20, k / 10)) for k in (2, 5, 9)
    ]
    of = "positive" if test.positive is not None else "named"
    calibration = Reliability(of=of, bins=bins, gap=0.043) if classes else None
    return changed(
        record,
        leaderboard=board,
        winner=changed(record.winner, gradients=gradients),
        test=changed(test, shown=shown, calibration=calibration),
    )
