"""Records as a finished study hands them over: one of each task, small ones, hostile ones. Invented, and fixed."""

from __future__ import annotations

import numpy as np

HOSTILE = '<script>alert("name")</script>'
LONG = "a_very_long_column_name_without_any_place_to_break_" * 4

_NETWORKS = [
    ("linear", []),
    ("1 × 16", [16]),
    ("1 × 64", [64]),
    ("1 × 128", [128]),
    ("2 × 64", [64, 64]),
    ("2 × 128", [128, 128]),
    ("3 × 64", [64] * 3),
    ("3 × 128", [128] * 3),
    ("4 × 64", [64] * 4),
]


def _layers(features: int, hidden: list[int], outputs: int) -> list[dict]:
    rows, width, number = [], features, 0
    for units in hidden:
        number += 1
        rows.append(
            {"name": f"dense_{number}", "output": [units], "activation": "relu", "parameters": (width + 1) * units}
        )
        rows.append({"name": f"dropout_{number}", "output": [units], "activation": None, "parameters": 0})
        width = units
    last = {"name": f"dense_{number + 1}", "output": [outputs], "activation": "identity"}
    return [*rows, {**last, "parameters": (width + 1) * outputs}]


def _curves(rng: np.random.Generator, runs: int, epochs: int, level: float) -> list[dict]:
    curves = []
    for seed in range(runs):
        t = np.arange(1, epochs + 1 + 7 * seed)
        loss = level * (0.25 + np.exp(-t / 9.0)) * (1 + 0.02 * rng.standard_normal(t.size))
        validation = (
            level * (0.42 + np.exp(-t / 8.0) + 0.004 * np.maximum(t - 25, 0)) * (1 + 0.04 * rng.standard_normal(t.size))
        )
        best = int(np.argmin(validation)) + 1
        curves.append({"seed": seed, "loss": loss.tolist(), "validation_loss": validation.tolist(), "best_epoch": best})
    return curves


def _leaderboard(
    rng, means: list[float], baselines: list[tuple[str, str, float]], direction: str, features: int, outputs: int
):
    rows = []
    for (name, hidden), mean in zip(_NETWORKS, means, strict=True):
        scores = mean + abs(mean) * 0.015 * rng.standard_normal(3)
        parameters = sum(layer["parameters"] for layer in _layers(features, hidden, outputs))
        rows.append(
            {
                "name": name,
                "kind": "network",
                "description": "ReLU, Adam 0.001, dropout 0.1, batch 32" if hidden else "no hidden layer, Adam 0.01",
                "validation_mean": float(scores.mean()),
                "validation_std": float(scores.std(ddof=1)),
                "scores": scores.tolist(),
                "runs": 3,
                "parameters": parameters,
                "epochs": float(rng.integers(20, 90)),
                "seconds": float(rng.uniform(0.2, 4)),
                "status": "finished",
                "chosen": False,
            }
        )
    rows[-1].update(status="diverged")
    for name, description, mean in baselines:
        rows.append(
            {
                "name": name,
                "kind": "baseline",
                "description": description,
                "validation_mean": mean,
                "validation_std": 0.0,
                "scores": [mean],
                "runs": 1,
                "parameters": None,
                "epochs": None,
                "seconds": 0.1,
                "status": "finished",
                "chosen": False,
            }
        )
    rows.sort(key=lambda row: row["validation_mean"], reverse=direction == "max")
    for rank, row in enumerate(rows, 1):
        row["rank"] = rank
    next(row for row in rows if row["kind"] == "network")["chosen"] = True
    return rows


def _frame(task: str, target: str, source: str, rows: int, features: int, metric: dict, sentence: str) -> dict:
    return {
        "format": 1,
        "thetastar": "0.1.0",
        "created": "2026-11-20T21:04:09+00:00",
        "question": {
            "source": source,
            "test_source": None,
            "target": target,
            "task": task,
            "rows": rows,
            "features": features,
            "metric": metric["name"],
            "sentence": sentence,
        },
        "split": {
            "train": rows - 2 * (rows // 10),
            "validation": rows // 10,
            "test": rows // 10,
            "seed": 0,
            "stratified": task != "regression",
            "folds": 1,
        },
        "metric": metric,
        "settings": {
            "data": source,
            "target": target,
            "task": task,
            "seed": 0,
            "restarts": 3,
            "folds": 1,
            "metric": metric["name"],
            "roles": {},
            "candidates": [name for name, _ in _NETWORKS],
        },
        "timing": {"total": 41.3, "prepare": 0.4, "baselines": 2.9, "candidates": 34.8, "refit": 3.2},
        "machine": {"level": "v3", "threads": 2, "python": "3.11.7", "cores": 2},
    }


def _winner(rng, leaderboard: list[dict], features: int, outputs: int, level: float) -> dict:
    row = next(row for row in leaderboard if row["chosen"])
    layers = _layers(features, dict(_NETWORKS)[row["name"]], outputs)
    curves = _curves(rng, 3, 60, level)
    epochs = round(float(np.mean([curve["best_epoch"] for curve in curves])))
    return {
        "name": row["name"],
        "layers": layers,
        "parameters": sum(layer["parameters"] for layer in layers),
        "settings": {
            "optimizer": "Adam",
            "learning_rate": 0.001,
            "batch_size": 32,
            "loss": "mean_squared_error",
            "dropout": 0.1,
            "l2": 0.0,
        },
        "curves": curves,
        "refit_epochs": epochs,
        "refit_loss": (level * (0.25 + np.exp(-np.arange(1, epochs + 1) / 9.0))).tolist(),
    }


def regression() -> dict:
    """House prices: a number with a unit, large values, a baseline that comes close."""
    rng = np.random.default_rng(1)
    metric = {"name": "rmse", "direction": "min", "unit": "median_house_value"}
    record = _frame(
        "regression",
        "median_house_value",
        "housing.csv",
        20640,
        13,
        metric,
        "Given the 9 other columns of housing.csv, what is median_house_value?",
    )
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
    record["columns"] = [
        {
            "name": name,
            "role": "number",
            "reason": "every value reads as a number",
            "missing": 207 if name == "total_bedrooms" else 0,
            "distinct": int(rng.integers(50, 4000)),
            "overridden": False,
            "examples": ["-122.23", "37.88", "41.0"],
            "features": 2 if name == "total_bedrooms" else 1,
        }
        for name in names
    ] + [
        {
            "name": "ocean_proximity",
            "role": "category",
            "reason": "text with 5 distinct values",
            "missing": 0,
            "distinct": 5,
            "overridden": False,
            "examples": ["NEAR BAY", "INLAND", "<1H OCEAN"],
            "features": 5,
        }
    ]
    prices = np.exp(rng.normal(12.1, 0.5, 4000))
    counts, edges = np.histogram(prices, bins=40)
    record["target_distribution"] = {"kind": "histogram", "edges": edges.tolist(), "counts": counts.tolist()}
    record["leaderboard"] = _leaderboard(
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
    record["winner"] = _winner(rng, record["leaderboard"], 14, 1, 0.4)
    real = prices[:1500]
    predicted = real * np.exp(rng.normal(0, 0.18, real.size))
    scores = {"rmse": 53412.7, "mae": 36120.4, "r2": 0.786}
    record["test"] = {
        "rows": 2064,
        "scores": scores,
        "intervals": {"rmse": [51210.3, 55987.1], "mae": [34890.2, 37411.8], "r2": [0.764, 0.806]},
        "baselines": {
            "mean": {"rmse": 114980.2, "mae": 90712.0, "r2": -0.0002},
            "linear regression": {"rmse": 68990.1, "mae": 49710.3, "r2": 0.641},
            "gradient boosting": {"rmse": 48010.5, "mae": 31800.9, "r2": 0.826},
        },
        "points": {"real": real.tolist(), "predicted": predicted.tolist()},
    }
    record["verdict"] = [
        "The chosen network, 2 × 128, is off by 53,400 (root mean squared error) on 2,064 rows that nothing had seen.",
        "A baseline is better: gradient boosting reaches 48,000 on the same rows. Use it unless you need a network.",
    ]
    record["distrust"] = [
        "total_bedrooms is missing in 207 rows (1.0 %); the median was put there.",
        "The target stops at 500,001 in 965 rows: it looks capped.",
    ]
    return record


def _per_class(labels: list, confusion: np.ndarray) -> list[dict]:
    right, real, said = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    recall, precision = right / np.maximum(real, 1), right / np.maximum(said, 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return [
        {"label": label, "precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
        for label, p, r, f, n in zip(labels, precision, recall, f1, real, strict=True)
    ]


def binary() -> dict:
    """Customers who leave: two classes with words, a network that wins, an ROC curve."""
    rng = np.random.default_rng(2)
    metric = {"name": "auc", "direction": "max", "unit": None}
    record = _frame(
        "binary", "Churn", "telco.csv", 7043, 45, metric, "Given the 20 other columns of telco.csv, is Churn Yes or No?"
    )
    record["columns"] = [
        {
            "name": "customerID",
            "role": "identifier",
            "reason": "every value is different",
            "missing": 0,
            "distinct": 7043,
            "overridden": False,
            "examples": ["7590-VHVEG", "5575-GNVDE"],
            "features": 0,
        },
        {
            "name": "tenure",
            "role": "number",
            "reason": "every value reads as a number",
            "missing": 0,
            "distinct": 73,
            "overridden": False,
            "examples": ["1", "34", "2"],
            "features": 1,
        },
        {
            "name": "Contract",
            "role": "category",
            "reason": "text with 3 distinct values",
            "missing": 0,
            "distinct": 3,
            "overridden": True,
            "examples": ["Month-to-month", "One year", "Two year"],
            "features": 3,
        },
        {
            "name": "TotalCharges",
            "role": "number",
            "reason": "every value reads as a number",
            "missing": 11,
            "distinct": 6530,
            "overridden": False,
            "examples": ["29.85", "1889.5"],
            "features": 2,
        },
    ]
    record["target_distribution"] = {"kind": "classes", "labels": ["No", "Yes"], "counts": [5174, 1869]}
    record["leaderboard"] = _leaderboard(
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
    record["winner"] = _winner(rng, record["leaderboard"], 45, 1, 0.6)
    fpr = np.linspace(0, 1, 180) ** 2
    confusion = np.array([[466, 51], [85, 102]])
    record["test"] = {
        "rows": 704,
        "scores": {"auc": 0.8512, "accuracy": 0.8068, "f1": 0.6, "log_loss": 0.4123},
        "intervals": {
            "auc": [0.8204, 0.8797],
            "accuracy": [0.777, 0.835],
            "f1": [0.54, 0.66],
            "log_loss": [0.374, 0.452],
        },
        "baselines": {
            "majority": {"auc": 0.5, "accuracy": 0.734, "f1": 0.0, "log_loss": 0.579},
            "logistic regression": {"auc": 0.8461, "accuracy": 0.8011, "f1": 0.59, "log_loss": 0.4181},
            "gradient boosting": {"auc": 0.8402, "accuracy": 0.798, "f1": 0.57, "log_loss": 0.4255},
        },
        "labels": ["No", "Yes"],
        "positive": "Yes",
        "confusion": confusion.tolist(),
        "per_class": _per_class(["No", "Yes"], confusion),
        "roc": {"fpr": fpr.tolist(), "tpr": (fpr**0.2).tolist(), "auc": 0.8512},
    }
    record["verdict"] = [
        "The chosen network separates Yes from No with AUC 0.851 on 704 unseen rows (95 % interval 0.820 to 0.880).",
        "It is level with logistic regression (0.846): the difference is smaller than the interval.",
    ]
    record["distrust"] = [
        "27 % of the rows are Yes: read accuracy beside the majority's 0.734.",
        "customerID was left out: it names rows.",
    ]
    return record


def multiclass(classes: int = 10) -> dict:
    """Handwritten digits by default; any number of classes."""
    rng = np.random.default_rng(3)
    metric = {"name": "accuracy", "direction": "max", "unit": None}
    labels = (
        list(range(classes)) if classes <= 10 else [chr(65 + i) if i < 26 else f"class {i}" for i in range(classes)]
    )
    record = _frame(
        "multiclass",
        "digit",
        "digits.csv",
        1797,
        61,
        metric,
        f"Given the 64 other columns of digits.csv, which of {classes} digits is it?",
    )
    record["columns"] = [
        {
            "name": f"pixel_{i // 8}_{i % 8}",
            "role": "constant" if i in (0, 32, 39) else "number",
            "reason": "one value in every row" if i in (0, 32, 39) else "every value reads as a number",
            "missing": 0,
            "distinct": 17,
            "overridden": False,
            "examples": ["0", "5", "13"],
            "features": 0 if i in (0, 32, 39) else 1,
        }
        for i in range(64)
    ]
    counts = rng.integers(170, 185, classes)
    record["target_distribution"] = {"kind": "classes", "labels": labels, "counts": counts.tolist()}
    record["leaderboard"] = _leaderboard(
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
    record["winner"] = _winner(rng, record["leaderboard"], 61, classes, 1.8)
    confusion = np.diag(rng.integers(14, 19, classes))
    for _ in range(classes // 2 + 1):
        real, said = rng.integers(0, classes, 2)
        confusion[real, said] += 1
    accuracy = float(np.trace(confusion) / confusion.sum())
    record["test"] = {
        "rows": int(confusion.sum()),
        "scores": {"accuracy": accuracy, "macro_f1": accuracy - 0.002, "log_loss": 0.091},
        "intervals": {"accuracy": [accuracy - 0.03, min(1.0, accuracy + 0.015)]},
        "baselines": {
            "majority": {"accuracy": 0.1},
            "logistic regression": {"accuracy": 0.95},
            "gradient boosting": {"accuracy": 0.956},
        },
        "labels": labels,
        "positive": None,
        "confusion": confusion.tolist(),
        "per_class": _per_class(labels, confusion),
    }
    record["verdict"] = [
        f"The chosen network names {accuracy:.1%} of {int(confusion.sum())} unseen rows correctly.",
        "Every baseline does worse.",
    ]
    record["distrust"] = ["Only 181 test rows: the interval is wide."]
    return record


def hostile() -> dict:
    """26 classes, 200 columns, 100 candidates, names that are HTML or have no place to break."""
    record, rng = multiclass(26), np.random.default_rng(4)
    labels = [HOSTILE, LONG, "", " ", "&amp;", "{{ 7 * 7 }}", "</script><!--", "значение", "שלום"] + [
        f"label {i}" for i in range(17)
    ]
    record["question"].update(
        source=f"/tmp/{HOSTILE}.csv", target=HOSTILE, sentence=f"Which of 26 values has {HOSTILE} in {LONG}.csv?"
    )
    column = record["columns"][1]
    names = [HOSTILE, LONG, "' onclick='x", '" onmouseover="y', "</script>", "{% raise %}", "\u202eabc", "new\nline"]
    names += [f"column {i}" for i in range(192)]
    record["columns"] = [
        {**column, "name": name, "examples": [HOSTILE, LONG, "ok"], "missing": 11 * i, "reason": f"reason of {name}"}
        for i, name in enumerate(names)
    ]
    base = next(row for row in record["leaderboard"] if row["kind"] == "network" and not row["chosen"])
    for i in range(100):
        scores = [float(x) for x in 0.5 + 0.4 * rng.random(5)]
        record["leaderboard"].append(
            {
                **base,
                "rank": len(record["leaderboard"]) + 1,
                "name": f"candidate {i} {HOSTILE if i == 7 else ''}",
                "scores": scores,
                "validation_mean": sum(scores) / 5,
                "validation_std": 0.05,
                "runs": 5,
            }
        )
    record["leaderboard"][-1].update(status="diverged", validation_mean=None, validation_std=None, scores=[])
    record["leaderboard"][-2].update(validation_mean=float("nan"), scores=[float("nan"), 0.7], name=LONG)
    record["test"]["labels"] = labels
    record["target_distribution"]["labels"] = labels
    for row, label in zip(record["test"]["per_class"], labels, strict=True):
        row["label"] = label
    record["verdict"].append(f"The column {HOSTILE} and the column {LONG} were used.")
    record["distrust"] = [f"{HOSTILE} nearly determines the target alone."] * 3 + [LONG]
    record["settings"]["target"] = HOSTILE
    record["settings"]["roles"] = {LONG: "number", '"quoted" = \\ name': "category"}
    return record


def least() -> dict:
    """What is left of a study that was interrupted at once: most parts are empty."""
    record = regression()
    record.update(
        leaderboard=record["leaderboard"][:1],
        winner=None,
        test=None,
        verdict=[],
        distrust=[],
        columns=record["columns"][:1],
        target_distribution=None,
        timing={},
        machine={},
    )
    return record


ALL = {"regression": regression, "binary": binary, "multiclass": multiclass, "hostile": hostile, "least": least}
