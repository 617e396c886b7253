#!/bin/sh
# pandas 3.1.1 and polars 2.1.0: to_parquet of a frame whose rows were filtered or shuffled writes the row numbers as a column
# __index_level_0__, which polars reads as one more number to learn from; of the unfiltered frame there is none.
# Guess: the file has the columns of the frame (index=False is needed).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'END'
import io

import pandas
import polars

frame = pandas.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
columns = []
for rows in (frame, frame[frame.x != 2]):
    file = io.BytesIO()
    rows.to_parquet(file)
    columns.append(polars.read_parquet(io.BytesIO(file.getvalue())).columns)
print("the frame:", columns[0], "filtered:", columns[1])
assert columns == [["x"], ["x", "__index_level_0__"]], "to_parquet has changed"
END
