"""The whole job with Keras: `python job_keras.py SPEC.json TABLE.csv OUT`; see scenarios.py for what it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from keras_backend import keras
from report import write_report

spec = json.load(open(sys.argv[1], encoding="utf-8"))
table = np.loadtxt(sys.argv[2], delimiter=",", skiprows=1, dtype=np.float32)
order = np.random.default_rng(0).permutation(len(table))
X, y = table[order, :-1], table[order, -1].astype(np.int64)
tenth = len(X) // 10
test, rest = slice(0, tenth), slice(tenth, None)
valid, learn = slice(tenth, 2 * tenth), slice(2 * tenth, None)


def train(hidden, seed, rows):
    keras.utils.set_random_seed(seed)
    mean, scale = X[rows].mean(axis=0), np.maximum(X[rows].std(axis=0), 1e-6)
    layers = [keras.layers.Dense(width, activation="relu") for width in hidden]
    model = keras.Sequential([keras.Input((X.shape[1],)), *layers, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(spec["learning_rate"]), loss)
    history = model.fit((X[rows] - mean) / scale, y[rows], batch_size=spec["batch"], epochs=spec["epochs"], verbose=0)

    def accuracy(rows):
        scores = model.predict((X[rows] - mean) / scale, batch_size=1024, verbose=0)
        return float(np.mean(scores.argmax(axis=1) == y[rows]))

    return accuracy, history.history["loss"][-1]


starts = range(spec["starts"])
scores = np.array([[train(hidden, seed, learn)[0](valid) for seed in starts] for hidden in spec["hidden"]])
best = spec["hidden"][int(scores.mean(axis=1).argmax())]
accuracy = min((train(best, seed, rest) for seed in range(2)), key=lambda pair: pair[1])[0](test)
write_report(Path(sys.argv[3]), spec["hidden"], scores, best, accuracy)
print(json.dumps({"accuracy": accuracy}))
