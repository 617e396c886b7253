#!/bin/sh
# scikit-learn 1.9.1: fitting HistGradientBoostingClassifier to 500 rows of 4,000 numbers (8 MB in single precision) takes
# more than 200 MB: a node that may still be split keeps 20 bytes for each of 256 bins of every column, however few the rows.
# Guess: it takes a few copies of the table, as on 10,000 rows of 200 numbers, which are as many cells.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" scikit-learn==1.9.1 numpy==2.4.6
for shape in "500 4000" "10000 200"; do
  PYTHONPATH="$folder" python3 - $shape <<'END'
import sys
import resource
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

rows, columns = map(int, sys.argv[1:])
model = HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=5, early_stopping=False)
draw = np.random.default_rng(0)
model.fit(draw.normal(size=(200, 5)), draw.integers(0, 2, 200))  # what is loaded once
table, classes = draw.normal(size=(rows, columns)).astype(np.float32), draw.integers(0, 2, rows)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model.fit(table, classes)
taken = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
print(f"{rows} x {columns}: {taken:.0f} MB beside a table of {table.nbytes / 1e6:.0f} MB")
assert taken > 200 if columns == 4000 else taken < 120, "the boosting has changed"
END
done
