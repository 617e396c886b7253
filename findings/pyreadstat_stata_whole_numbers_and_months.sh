#!/bin/sh
# pyreadstat 1.3.7: a Stata column of whole numbers with one missing cell arrives as Python objects, and a month (%tm)
# as a bare number, though days (%td) become dates.
# Guess: numbers with NaN, and months as dates or periods.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" pyreadstat==1.3.7 pandas==3.1.1 numpy==2.4.6
PYTHONPATH="$folder" python3 - "$folder" <<'END'
import sys

import pandas as pd
import pyreadstat

path = sys.argv[1] + "/file.dta"
pd.DataFrame({"n": pd.array([1, None, 3], dtype="Int32"), "whole": [1, 2, 3]}).to_stata(path, write_index=False)
frame, _ = pyreadstat.read_dta(path)
print("with a missing cell:", frame["n"].dtype, " without:", frame["whole"].dtype)
assert frame["n"].dtype == object and frame["whole"].dtype != object, "whole numbers have changed"
months = pd.DataFrame({"month": [768, 769], "day": [23376, 23377]})
pyreadstat.write_dta(months, path, variable_format={"month": "%tm", "day": "%td"})
frame, about = pyreadstat.read_dta(path)
print(about.original_variable_types, frame.iloc[0].tolist())
assert frame["month"].iloc[0] == 768 and str(frame["day"].iloc[0]) == "2024-01-01", "dates have changed"
END
