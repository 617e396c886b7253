#!/bin/sh
# scikit-learn 1.9.1: StandardScaler keeps the single precision of a NumPy array and of a pandas frame, and makes doubles of the
# same numbers in a polars frame, so memory doubles without a word.
# Guess: Float32 in, float32 out, whatever the frame's library.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" scikit-learn==1.9.1 pandas==3.1.1 polars==2.1.0 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'END'
import numpy as np
import pandas
import polars
from sklearn.preprocessing import StandardScaler

numbers = np.arange(4, dtype=np.float32)
found = {
    "numpy": StandardScaler().fit_transform(numbers[:, None]).dtype.name,
    "pandas": StandardScaler().fit_transform(pandas.DataFrame({"x": numbers})).dtype.name,
    "polars": StandardScaler().fit_transform(polars.DataFrame({"x": numbers})).dtype.name,
}
print(found)
assert found == {"numpy": "float32", "pandas": "float32", "polars": "float64"}, "StandardScaler has changed"
END
