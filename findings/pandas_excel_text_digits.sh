#!/bin/sh
# pandas 3.1.1: read_excel makes the number 7 of a cell that Excel holds as the text "007", with both of its engines; the
# column's cells are texts in the file, and python-calamine by itself gives them as such.
# Guess: post codes and ids that were typed as texts keep their zeros (dtype=str is needed).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" pandas==3.1.1 openpyxl==3.1.5 python-calamine==0.9.1 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'END'
import io

import openpyxl
import pandas
import python_calamine

book = openpyxl.Workbook()
for text in ("zip", "007", "010"):
    book.active.append([text])
file = io.BytesIO()
book.save(file)
found = {
    engine: pandas.read_excel(io.BytesIO(file.getvalue()), engine=engine)["zip"].tolist()
    for engine in ("openpyxl", "calamine")
}
raw = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue())).get_sheet_by_index(0).to_python()
print("pandas:", found, "python-calamine:", raw[1:])
assert found == {"openpyxl": [7, 10], "calamine": [7, 10]} and raw[1:] == [["007"], ["010"]], "read_excel has changed"
END
