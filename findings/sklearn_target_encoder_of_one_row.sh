#!/bin/sh
# scikit-learn 1.9.1: TargetEncoder with its default smooth="auto" does not shrink a category that was seen once: its code
# is that row's target itself, which is what smoothing is there to prevent.
# Guess: rare categories lie near the mean of all rows; with smooth=10 they do.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" scikit-learn==1.9.1 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'END'
import numpy as np
from sklearn.preprocessing import TargetEncoder

levels = np.array([["often"]] * 10 + [["once"]])
target = np.array([0.0, 1.0] * 5 + [100.0])
codes = {}
for smooth in ("auto", 10.0):
    encoder = TargetEncoder(smooth=smooth, target_type="continuous").fit(levels, target)
    codes[smooth] = dict(zip(encoder.categories_[0].tolist(), encoder.encodings_[0].round(2).tolist()))
    print("smooth", smooth, codes[smooth], "mean of all rows", round(target.mean(), 2))
assert codes["auto"]["once"] == 100.0 and codes[10.0]["once"] < 20, "TargetEncoder has changed"
END
