#!/bin/sh
# pyarrow 26.0.1: its CSV reader takes 0x1F for the whole number 31, and +5 for a number with decimals.
# Guess: 0x1F is a text (an address, a colour, a part's number) and +5 a whole number; other readers say so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" pyarrow==26.0.1
PYTHONPATH="$folder" python3 - <<'END'
import io

from pyarrow import csv

table = csv.read_csv(io.BytesIO(b"code,change\n0x1F,+5\n0x2A,+7\n"))
print(table.schema.to_string().replace("\n", ", "), table.to_pydict())
assert table.to_pydict() == {"code": [31, 42], "change": [5.0, 7.0]}, "the reader has changed"
assert [str(field.type) for field in table.schema] == ["int64", "double"], "the types have changed"
END
