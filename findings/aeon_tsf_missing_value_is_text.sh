#!/bin/sh
# aeon 1.6.0: a missing value (?) of a Monash .tsf file arrives as the text 'NaN' among numbers, in an array of objects.
# Guess: a float NaN in an array of numbers. numpy.isnan of such a series fails, pandas.isna of it says False.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" aeon==1.6.0
PYTHONPATH="$folder" python3 - "$folder" <<'END'
import sys
import warnings

warnings.simplefilter("ignore")
from aeon.datasets import load_from_tsf_file

path = sys.argv[1] + "/series.tsf"
with open(path, "w") as file:
    file.write(
        "@relation r\n@attribute series_name string\n@attribute start_timestamp date\n@frequency weekly\n"
        "@missing true\n@equallength false\n@data\nT1:1979-01-01 00-00-00:1,?,3\n"
    )
frame, _ = load_from_tsf_file(path)
series = list(frame["series_value"].iloc[0])
print(series, [type(value).__name__ for value in series])
assert series[1] == "NaN" and isinstance(series[0], float), "the reader has changed"
END
