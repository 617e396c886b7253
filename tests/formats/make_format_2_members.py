"""Wrote further frozen files of format 2 (`python -m tests.formats.make_format_2_members`): an average of all kinds of
members with calibration and threshold, a network by itself, and a forecast of several series by all kinds of methods.
Not to be run again once released; see `make_format_2`.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

import thetastar as ts
from tests.export.forecasts import future, model_with
from tests.formats.make_format_1 import TABLES
from thetastar.data import read_table
from thetastar.data.piecewise import PiecewisePreparation
from thetastar.forecasting.methods.contract import Logged
from thetastar.forecasting.methods.levels import LevelShape
from thetastar.forecasting.methods.linear import Ridge
from thetastar.forecasting.methods.simple import Drift, MovingAverage, SeasonalNaive
from thetastar.forecasting.methods.smoothing import Smoothing, Theta
from thetastar.forecasting.networks import NetworkMethod
from thetastar.model import Model
from thetastar.model.answer import Answer, Member
from thetastar.model.calibration import Beta
from thetastar.recipes.fitted import Constant, Linear
from thetastar.recipes.trees import boosted_trees, forest

HERE = Path(__file__).parent
METHODS = [
    SeasonalNaive(7), Drift(), MovingAverage(7), Smoothing(7), Theta(7), LevelShape(7), Ridge(7, columns=True),
    Logged(Ridge(7)), NetworkMethod("dense", 7, columns=True, hidden=(4,), starts=2),
    NetworkMethod("convolution", 7, starts=1), NetworkMethod("recurrent", 7, starts=1),
]  # fmt: skip


def average() -> tuple[Model, dict]:
    """Two networks, one of which sees numbers in pieces; a constant, a line, boosted and randomised trees."""
    table, target, _ = TABLES["binary"]
    table = {**table, "b": [float((53 * k) % 17) for k in range(120)]}
    model = ts.fit(table, target, candidates=[{"hidden": (4,)}], answer="one", restarts=1, folds=1, effort=1, threads=1)
    rows = model.preparation.transform(read_table(table))
    cut = PiecewisePreparation.fit(model.preparation, rows, np.arange(len(rows)), 5)
    other = ts.Network([ts.Dense(3, activation="silu"), ts.Dense(1)], input_shape=(cut.feature_count,))
    sick = np.array(table[target]) == "yes"
    boosted = HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=4).fit(rows, sick)
    random = RandomForestClassifier(4, max_depth=3, random_state=0).fit(rows, sick)
    weight = np.array([[0.5], [-0.25]])[: rows.shape[1]]
    members = (
        Member("network", 3, model.network, model.preparation),
        Member("pieces", 2, other.initialized(seed=2), cut),
        Member("constant", 1, Constant(np.array([0.7, 0.3]), 2), model.preparation),
        Member("line", 1, Linear(weight, np.array([-1.0]), "sigmoid", np.arange(2), 2), model.preparation),
        Member("boosted", 2, boosted_trees(boosted, 2), model.preparation),
        Member("forest", 1, forest(random, 2), model.preparation),
    )
    answer = Answer(members, Beta(0.8, 1.1, -0.1), 0.3)
    made = Model(network=model.network, preparation=model.preparation, target_encoding=model.target_encoding,
                 record=model.record, answer=answer)  # fmt: skip
    return made, {name: column[:9] for name, column in table.items() if name != target}


def network() -> tuple[ts.Network, np.ndarray]:
    """Layers of many kinds, by themselves."""
    layers = [
        ts.Conv2D(3, 3, padding="same", activation="relu"), ts.BatchNorm(), ts.Residual([ts.Conv2D(4, 1)]),
        ts.PReLU(), ts.Flatten(), ts.Dense(3), ts.Softmax(),
    ]  # fmt: skip
    net = ts.Network(layers, input_shape=(4, 4, 2)).initialized(seed=3)
    return net, np.random.default_rng(0).normal(size=(3, 4, 4, 2)).astype(np.float32)


def main() -> None:
    model, rows = average()
    model.save(HERE / "format_2_average.theta")
    expected = {"rows": rows, "predict": model.predict(rows).tolist(), "score": model.score,
                "predict_proba": model.predict_proba(rows).tolist()}  # fmt: skip
    (HERE / "format_2_average.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")
    net, x = network()
    net.save(HERE / "format_2_network.theta")
    expected = {"x": x.tolist(), "predict": net.predict(x).tolist()}
    (HERE / "format_2_network.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")
    forecast = model_with(METHODS, several=True)
    forecast = replace(forecast, levels=(80.0, 95.0))
    forecast.save(HERE / "format_2_forecasts.theta")
    known = future(forecast, 15)
    expected = {"known": known, "rows": forecast.rows(15, known=known)}
    (HERE / "format_2_forecasts.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
