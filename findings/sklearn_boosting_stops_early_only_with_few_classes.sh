#!/bin/sh
# scikit-learn 1.9.1: HistGradientBoostingClassifier(early_stopping=True) refuses 168 rows of 24 classes: the tenth that it
# holds back, 17 rows, must have a row of every class.
# Guess: it fits; every class has seven rows, and with early_stopping=False it does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" scikit-learn==1.9.1 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'END'
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

rows, classes = np.random.default_rng(0).normal(size=(168, 3)), np.repeat(np.arange(24), 7)
HistGradientBoostingClassifier(early_stopping=False, max_iter=2).fit(rows, classes)
try:
    HistGradientBoostingClassifier(early_stopping=True, max_iter=2).fit(rows, classes)
    refused = ""
except ValueError as error:
    refused = str(error)
print("early_stopping=True:", refused or "fits")
assert "number of classes = 24" in refused, "the classifier has changed"
END
