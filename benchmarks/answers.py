"""The three answers of a study beside boosted trees: quality, processor time and mean ranks over tables and seeds.

    python benchmarks/answers.py --data FOLDER [--tables concrete,telco] [--seeds 0,1,2] [--out results.jsonl]

`FOLDER` holds the tables that `TABLES` names. Every seed is another split, `train_test_split(test_size=0.2,
random_state=seed)`, stratified for classes; adult has its own test file. All see the same rows with their defaults:
`best`, `networks` and `one` are `ts.fit(…, answer=…)`, `quick` and `high` are `ts.fit(…, effort=…)`; histogram
boosting is scikit-learn's; CatBoost, LightGBM, RealMLP-TD and TabM-D (of pytabkit) and AutoGluon (`medium_quality`, 60
seconds) take part where the interpreter has them: peers that need another one than ours are measured by it, with
`--who` and the same `--out`. Where probabilities were calibrated, the log loss before and after on the study's own test
rows stands beside. Results are appended to `--out` one a line, and what it holds is not run again. Processor time is
that of the process, over all threads, fit and prediction together.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

TABLES: dict[str, tuple[str, str | int, str]] = {
    "adult": ("adult-train.csv", 14, "auc"),
    "auto_imports": ("auto_imports.csv", 25, "rmse"),
    "bank": ("bank-additional-full.csv.gz", "y", "auc"),
    "california": ("california_housing.csv", "median_house_value", "rmse"),
    "car": ("car_evaluation.csv", 6, "accuracy"),
    "concrete": ("concrete.csv", "compressive_strength", "rmse"),
    "covertype": ("covertype_15k.csv", "Cover_Type", "accuracy"),
    "diamonds": ("diamonds.csv", "price", "rmse"),
    "horse_colic": ("horse-colic.csv", 23, "auc"),
    "ionosphere": ("ionosphere.csv", 34, "auc"),
    "kin40k": ("kin40k.csv.gz", 8, "rmse"),
    "letter": ("LetterRecognition.csv", "lettr", "accuracy"),
    "mammography": ("mammography.csv", 6, "auc"),
    "penguins": ("penguins.csv", "species", "accuracy"),
    "pima": ("pima-indians-diabetes.csv", 8, "auc"),
    "telco": ("WA_Fn-UseC_-Telco-Customer-Churn.csv", "Churn", "auc"),
    "titanic": ("titanic_kaggle_train.csv", "Survived", "auc"),
    "wheat_seeds": ("wheat-seeds.csv", 7, "accuracy"),
    "wine": ("winequality-red.csv", 11, "rmse"),
}
"""File, target and metric of each table; a target that is a number belongs to a file without a header."""

OURS = ("best", "networks", "one", "quick", "high")
PEERS = {
    "histogram boosting": "sklearn", "LightGBM": "lightgbm", "CatBoost": "catboost", "RealMLP-TD": "pytabkit",
    "TabM-D": "pytabkit", "AutoGluon": "autogluon",
}  # fmt: skip


def load(folder: Path, name: str, seed: int) -> tuple[Any, Any, str]:
    """Training and test rows as frames with text names, and the target's name."""
    import pandas as pd
    from sklearn.model_selection import train_test_split

    file, target, metric = TABLES[name]
    header = None if isinstance(target, int) else "infer"
    read = {"header": header, "sep": ";" if name == "bank" else ",", "skipinitialspace": True, "na_values": ["?"]}
    frame = pd.read_csv(folder / file, **read)
    frame.columns = [f"c{column}" if isinstance(column, int) else column for column in frame.columns]
    aim = f"c{target}" if isinstance(target, int) else target
    if name == "adult":
        test = pd.read_csv(folder / "adult-test.csv", **read)
        test.columns = list(frame.columns)
        test[aim] = test[aim].str.rstrip(".")
        return frame, test, aim
    stratify = None if metric == "rmse" else frame[aim]
    train, test = train_test_split(frame, test_size=0.2, random_state=seed, stratify=stratify)
    return train.reset_index(drop=True), test.reset_index(drop=True), aim


def score(metric: str, truth: np.ndarray, predicted: np.ndarray) -> float:
    """RMSE of values; AUC or accuracy of probabilities, with columns in the order of the sorted classes."""
    from sklearn.metrics import roc_auc_score

    if metric == "rmse":
        return float(np.sqrt(np.mean((truth - predicted) ** 2)))
    return float(roc_auc_score(truth, predicted[:, 1]) if metric == "auc" else np.mean(truth == predicted.argmax(1)))


def ours(who: str, train: Any, test: Any, aim: str, metric: str, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Predictions of the test rows, what answered, and the log loss before and after calibration where there is one."""
    import thetastar as ts

    task = "regression" if metric == "rmse" else None
    asked = {"effort": who} if who in ("quick", "high") else {"answer": who}
    model = ts.fit(train, target=aim, task=task, metric=metric, seed=seed, **asked)
    made: dict[str, Any] = {"made": f"{model.record.answer.kind} of {len(model.members)}"}
    if model.calibration is not None:
        test_of_study = model.record.test
        made["log_loss"] = [test_of_study.uncalibrated.log_loss, test_of_study.probabilities.log_loss]
    if metric == "rmse":
        return np.asarray(model.predict(test)), made
    order = np.argsort([str(label) for label in model.classes])
    return np.asarray(model.predict_proba(test))[:, order], made


def peer(name: str, train: Any, test: Any, aim: str, metric: str, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
    """The same of another library with its defaults; text columns are categories to it."""
    import pandas as pd

    inputs, others = train.drop(columns=aim), test.drop(columns=aim)
    texts = [column for column in inputs if not pd.api.types.is_numeric_dtype(inputs[column])]
    truth = train[aim] if metric == "rmse" else train[aim].astype(str)
    # scikit-learn takes at most 255 levels: rarer ones are one level together, and unseen ones are missing.
    for column in texts:
        levels = inputs[column].value_counts().index[:250]
        kind = pd.CategoricalDtype(levels)
        inputs[column], others[column] = inputs[column].astype(kind), others[column].astype(kind)
    if name == "histogram boosting":
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        kind = HistGradientBoostingRegressor if metric == "rmse" else HistGradientBoostingClassifier
        model = kind(random_state=seed, categorical_features="from_dtype")
    elif name == "LightGBM":
        import lightgbm

        kind = lightgbm.LGBMRegressor if metric == "rmse" else lightgbm.LGBMClassifier
        model = kind(random_state=seed, verbose=-1)
    elif name in ("RealMLP-TD", "TabM-D"):
        import pytabkit

        kinds = {
            "RealMLP-TD": (pytabkit.RealMLP_TD_Regressor, pytabkit.RealMLP_TD_Classifier),
            "TabM-D": (pytabkit.TabM_D_Regressor, pytabkit.TabM_D_Classifier),
        }
        model = kinds[name][metric != "rmse"](device="cpu", random_state=seed)
        for column in inputs.select_dtypes("number"):  # they take no missing numbers
            middle = inputs[column].median()
            inputs[column], others[column] = inputs[column].fillna(middle), others[column].fillna(middle)
    elif name == "AutoGluon":
        return _autogluon(train, test, aim, metric), {"made": name}
    else:
        import catboost

        kind = catboost.CatBoostRegressor if metric == "rmse" else catboost.CatBoostClassifier
        model = kind(random_seed=seed, verbose=False, allow_writing_files=False, cat_features=texts)
        for part in (inputs, others):
            part[texts] = part[texts].astype(object).fillna("missing").astype(str)
    model.fit(inputs, truth)
    return model.predict(others) if metric == "rmse" else model.predict_proba(others), {"made": name}


def _autogluon(train: Any, test: Any, aim: str, metric: str) -> np.ndarray:
    """Its own preparation and its own choice, for a minute at most."""
    import tempfile

    from autogluon.tabular import TabularPredictor

    asked = {"rmse": "root_mean_squared_error", "auc": "roc_auc", "accuracy": "accuracy"}[metric]
    train = train if metric == "rmse" else train.assign(**{aim: train[aim].astype(str)})
    with tempfile.TemporaryDirectory() as place:
        kind = "regression" if metric == "rmse" else None
        made = TabularPredictor(aim, problem_type=kind, eval_metric=asked, path=place, verbosity=0)
        made.fit(train, presets="medium_quality", time_limit=60, num_cpus=2)
        others = test.drop(columns=aim)
        if metric == "rmse":
            return np.asarray(made.predict(others))
        shares = made.predict_proba(others)
        return np.asarray(shares[sorted(shares.columns)])


def measure(name: str, who: str, folder: Path, seed: int) -> dict[str, Any]:
    """One line of the results."""
    metric = TABLES[name][2]
    train, test, aim = load(folder, name, seed)
    before, clock = time.process_time(), time.perf_counter()
    predicted, made = (ours if who in OURS else peer)(who, train, test, aim, metric, seed)
    seconds = {"processor": time.process_time() - before, "clock": time.perf_counter() - clock}
    labels = sorted(train[aim].astype(str).unique())
    truth = (
        test[aim].to_numpy(dtype=float)
        if metric == "rmse" else test[aim].astype(str).map({label: k for k, label in enumerate(labels)}).to_numpy()
    )  # fmt: skip
    value = score(metric, truth, np.asarray(predicted, dtype=float))
    return {"table": name, "who": who, "seed": seed, "metric": metric, "score": value, **made, **seconds}


def show(lines: list[dict[str, Any]]) -> None:
    """Means over the seeds, table by table, and mean ranks over the tables that all have."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        found[line["table"], line["who"]].append(line)
    names = list(dict.fromkeys(line["who"] for line in lines))
    tables = list(dict.fromkeys(line["table"] for line in lines))
    print(f"{'table':14s}{'metric':>9s}" + "".join(f"{who:>22s}" for who in names))
    ranks: dict[str, list[float]] = defaultdict(list)
    for table in tables:
        scores = {who: [line["score"] for line in found[table, who]] for who in names}
        means = {who: float(np.mean(values)) for who, values in scores.items() if values}
        metric = found[table, next(iter(means))][0]["metric"]
        cells = [f"{means[who]:22,.4f}" if who in means else f"{'–':>22s}" for who in names]
        print(f"{table:14s}{metric:>9s}" + "".join(cells))
        if len(means) == len(names):
            losses = {who: value if metric == "rmse" else -value for who, value in means.items()}
            for who in names:  # ties share the mean of their ranks
                below = sum(losses[other] < losses[who] for other in names)
                level = sum(losses[other] == losses[who] for other in names)
                ranks[who].append(below + (level + 1) / 2)
    if ranks:
        print(f"{'mean rank':23s}" + "".join(f"{np.mean(ranks[who]):22.2f}" for who in names))
    for who in (who for who in names if who in OURS):
        pairs = [
            (line["table"], line["seed"], *line["log_loss"])
            for line in lines
            if line["who"] == who and "log_loss" in line
        ]
        if pairs:
            worse = [f"{table} ({seed})" for table, seed, before, after in pairs if after > before]
            told = f"higher after on {len(worse)}: {', '.join(worse)}" if worse else "higher after on none"
            print(f"{who}: calibrated on {len(pairs)} tables and seeds, log loss {told}")
    for kind in ("processor", "clock"):
        sums = {who: sum(line[kind] for line in lines if line["who"] == who) for who in names}
        print(f"{kind + ' seconds':23s}" + "".join(f"{sums[who]:22.1f}" for who in names))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--tables", default=",".join(TABLES), help="names of tables, with commas")
    parser.add_argument("--seeds", default="0,1,2", help="seeds of the splits, with commas")
    parser.add_argument("--who", default=",".join((*OURS[:3], *PEERS)), help="answers, efforts and peers, with commas")
    parser.add_argument("--out", type=Path, default=Path("answers.jsonl"), help="results, one a line")
    asked = parser.parse_args()
    there = [who for who in asked.who.split(",") if who in OURS or importlib.util.find_spec(PEERS[who])]
    lines = [json.loads(line) for line in asked.out.read_text().splitlines()] if asked.out.exists() else []
    known = {(line["table"], line["who"], line["seed"]) for line in lines}
    for seed in map(int, asked.seeds.split(",")):
        for name in asked.tables.split(","):
            for who in there:
                if (name, who, seed) in known:
                    continue
                lines.append(measure(name, who, asked.data, seed))
                with asked.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(lines[-1]) + "\n")
                print({key: value for key, value in lines[-1].items() if key != "metric"}, flush=True)
    show(lines)


if __name__ == "__main__":
    main()
