#!/bin/sh
# sktime 1.2.0: the dates of a Monash .tsf file are moved to pandas' anchors: weeks from Monday 1979-01-01 begin on Sunday
# 1979-01-07, years from 30 June on 1 January of the next year, months from the 31st on the first of the next month.
# Guess: start, start + 1 step, start + 2 steps.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" sktime==1.2.0
PYTHONPATH="$folder" python3 - "$folder" <<'END'
import sys
import warnings

warnings.simplefilter("ignore")
from sktime.datasets import load_tsf_to_dataframe

found = {}
for frequency, start in (("weekly", "1979-01-01"), ("yearly", "1979-06-30"), ("monthly", "1979-01-31")):
    path = f"{sys.argv[1]}/{frequency}.tsf"
    with open(path, "w") as file:
        file.write(
            "@relation r\n@attribute series_name string\n@attribute start_timestamp date\n"
            f"@frequency {frequency}\n@missing false\n@equallength false\n@data\nT1:{start} 00-00-00:1,2,3\n"
        )
    frame, _ = load_tsf_to_dataframe(path)
    found[frequency] = str(frame.index[0][1])[:10]
    print(frequency, "from", start, "begins", found[frequency])
assert found == {"weekly": "1979-01-07", "yearly": "1980-01-01", "monthly": "1979-02-01"}, "the reader has changed"
END
