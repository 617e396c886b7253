"""The whole job with scikit-learn: `python job_sklearn.py SPEC.json TABLE.csv OUT`; see scenarios.py for what it is."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from report import write_report
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")
spec = json.load(open(sys.argv[1], encoding="utf-8"))
table = np.loadtxt(sys.argv[2], delimiter=",", skiprows=1, dtype=np.float32)
X, y = table[:, :-1], table[:, -1].astype(int)
X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=0.1, stratify=y, random_state=0)
X_train, X_valid, y_train, y_valid = train_test_split(X_rest, y_rest, test_size=0.1, stratify=y_rest, random_state=0)


def train(hidden, seed, X, y):
    scaler = StandardScaler().fit(X)
    network = MLPClassifier(hidden_layer_sizes=hidden, learning_rate_init=spec["learning_rate"], alpha=0.0,
                            batch_size=spec["batch"], max_iter=spec["epochs"], tol=0.0,
                            n_iter_no_change=spec["epochs"] + 1, random_state=seed)  # fmt: skip
    return network.fit(scaler.transform(X), y), scaler


def score(hidden, seed):
    network, scaler = train(hidden, seed, X_train, y_train)
    return network.score(scaler.transform(X_valid), y_valid)


starts = range(spec["starts"])
jobs = [delayed(score)(hidden, seed) for hidden in spec["hidden"] for seed in starts]
scores = np.reshape(Parallel(n_jobs=spec["threads"])(jobs), (len(spec["hidden"]), len(starts)))
best = spec["hidden"][int(scores.mean(axis=1).argmax())]
finals = Parallel(n_jobs=spec["threads"])(delayed(train)(best, seed, X_rest, y_rest) for seed in range(2))
network, scaler = min(finals, key=lambda pair: pair[0].loss_)
accuracy = network.score(scaler.transform(X_test), y_test)
write_report(Path(sys.argv[3]), spec["hidden"], scores, best, accuracy)
print(json.dumps({"accuracy": accuracy}))
