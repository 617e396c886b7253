#!/bin/sh
# emlearn 0.23.2: predict() of a converted regression network answers 0 or 1; the C code that it writes is right.
# Guess: predict() gives what scikit-learn's network gives.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" emlearn==0.23.2 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder" # emlearn compiles into ./tmp
PYTHONPATH="$folder" python3 - <<'END'
import warnings

warnings.simplefilter("ignore")
import emlearn
import numpy as np
from sklearn.neural_network import MLPRegressor

x = np.linspace(-1, 1, 60)[:, None]
network = MLPRegressor(hidden_layer_sizes=(8,), max_iter=2000, random_state=0).fit(x, 3 * x[:, 0] + 5)
converted = emlearn.convert(network, method="inline")
ours, theirs = network.predict(x[::20]), np.asarray(converted.predict(x[::20]), dtype=float).ravel()
print("scikit-learn", ours.round(2).tolist(), "converted", theirs.tolist())
assert set(theirs.tolist()) <= {0.0, 1.0} and ours.min() > 1, "emlearn has changed"
END
