#!/bin/sh
# XGBoost 3.2.0: a category that training did not see is refused only if it sorts behind all trained ones; another is read
# as the next trained one: trained on a, c and d, the answer for "b" is the answer for "c".
# Guess: refused, or treated as missing, wherever it stands in the alphabet.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" xgboost==3.2.0 pandas==3.1.1 scikit-learn==1.9.1 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'END'
import pandas as pd
import xgboost

train = pd.DataFrame({"level": pd.Categorical(["a", "c", "d"] * 100)})
model = xgboost.XGBRegressor(n_estimators=50, learning_rate=0.5, enable_categorical=True, tree_method="hist")
model.fit(train, [0.0, 10.0, 20.0] * 100)
found = {}
for level in "abcde":
    try:
        found[level] = round(float(model.predict(pd.DataFrame({"level": pd.Categorical([level])}))[0]))
    except Exception as error:
        found[level] = "refused"
    print(level, "->", found[level])
assert found == {"a": 0, "b": 10, "c": 10, "d": 20, "e": "refused"}, "XGBoost has changed"
END
