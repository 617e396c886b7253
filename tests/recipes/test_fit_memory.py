"""What is said of the memory that a fit takes holds, and is not much more than it takes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from thetastar.recipes import baselines_for
from thetastar.recipes.fit_memory import boosted_bytes, forest_bytes

# A fit after another in one process; before each a small one, which loads what is loaded once.
MEASURE = """
import gc, json, sys
import numpy as np
import sklearn.ensemble, sklearn.linear_model
from threadpoolctl import threadpool_limits
from thetastar._memory import give_back
from thetastar.recipes import baselines_for

def size(name):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name))

threadpool_limits(1)
found, draw = [], np.random.default_rng(0)
for task, metric, classes, name, rows, width in json.loads(sys.argv[1]):
    X = draw.normal(size=(rows, width)).astype(np.float32)
    y = X[:, 0] + 2 * draw.normal(size=rows)
    if classes:
        y = np.searchsorted(np.quantile(y, np.arange(1, classes) / classes), y)
    baseline = next(one for one in baselines_for(task, metric, classes, 0, forest=True) if one.name == name)
    baseline.fit(X[:200], y[:200], {})
    gc.collect()
    give_back()
    open("/proc/self/clear_refs", "w").write("5")
    before = size("VmRSS")
    baseline.fit(X, y, {})
    found.append([baseline.takes(X.shape), size("VmHWM") - before])
print(json.dumps(found))
"""
FITS = [
    ("regression", "rmse", 0, "gradient boosting", 16_000, 50),
    ("regression", "rmse", 0, "gradient boosting", 600, 3_000),  # histograms are most of it
    ("multiclass", "log_loss", 20, "gradient boosting", 20_000, 8),
    ("regression", "rmse", 0, "extra trees", 8_000, 10),
    ("binary", "log_loss", 2, "extra trees", 8_000, 10),
    ("regression", "rmse", 0, "linear regression", 20_000, 60),
    ("regression", "rmse", 0, "linear regression", 400, 2_000),
    ("multiclass", "log_loss", 20, "logistic regression", 20_000, 8),
    ("quantiles(0.2, 0.8)", "pinball", 0, "linear quantiles", 2_000, 60),
]


@pytest.mark.skipif(sys.platform != "linux", reason="peaks as Linux counts them")
def test_a_fit_takes_about_what_is_said_of_it():
    done = subprocess.run([sys.executable, "-c", MEASURE, json.dumps(FITS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for fit, (said, taken) in zip(FITS, json.loads(done.stdout), strict=True):
        assert 0.25 * said < taken <= 1.1 * said + 3_000_000, (fit, said, taken)


def test_columns_cost_histograms_however_few_the_rows_are():
    rows, scores = 400, 1
    narrow, wide = (boosted_bytes((rows, width), scores, "usual") for width in (1_000, 10_000))
    assert wide > 5 * narrow and wide > 5 * 21 * rows * 10_000  # of which 21 bytes a cell are its rows


def test_a_forest_is_bounded_however_many_rows_it_sees():
    extra = baselines_for("regression", "rmse", 0, 0, forest=True)[3]
    assert extra.takes((100_000, 10)) < 1.5 * extra.takes((10_000, 10))
    assert forest_bytes(1_000, 1, 100, 0) > 5 * forest_bytes(1_000, 8, 100, 0)
    assert forest_bytes(1_000, 1, 100, 20) > 2 * forest_bytes(1_000, 1, 100, 0)


@pytest.mark.parametrize("task", ["regression", "binary", "multioutput(2)", "quantiles(0.5)"])
def test_every_baseline_says_what_it_takes(task):
    found = [one.takes((5_000, 20)) for one in baselines_for(task, "rmse", 2 * (task == "binary"), 0, forest=True)]
    assert found[0] == 40 * 5_000 and min(found[1:]) > found[0]
