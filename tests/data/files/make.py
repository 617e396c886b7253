"""Makes the small files beside this script, by the programs that people write such files with.

Run with: pip install pandas==3.1.1 openpyxl==3.1.5 xlsxwriter==3.3.1 odfpy==1.4.1 liac-arff==2.5.0 && python make.py
"""

import datetime
from pathlib import Path

import arff
import openpyxl
import pandas as pd

HERE = Path(__file__).parent
FRAME = pd.DataFrame(
    {
        "code": ["007", "010", "011", "012"],
        "n": [1.5, 2.25, None, 4],
        "whole": [1, 2, 3, 4],
        "flag": [True, False, True, False],
        "day": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-02-29", "2024-03-01"]),
        "clock": [datetime.time(10, 30), datetime.time(11), datetime.time(12), datetime.time(13)],
        "word": ["a", "größe", None, "d"],
    }
)

FRAME.to_excel(HERE / "openpyxl.xlsx", index=False, engine="openpyxl")
FRAME.to_excel(HERE / "xlsxwriter.xlsx", index=False, engine="xlsxwriter")
FRAME.to_excel(HERE / "odfpy.ods", index=False, engine="odf")

book = openpyxl.Workbook()
sheet = book.active
for row in (
    ["Report of May"],
    [],
    ["name", "size", "weight"],
    ["", "cm", "kg"],
    *([f"n{i}", i, i / 2] for i in range(9)),
):
    sheet.append(row)
sheet.append(["Total", 36, 18])
other = book.create_sheet("other")
for row in (["x", "y"], [1, 2], [3, 4]):
    other.append(row)
book.create_sheet("empty")
book.save(HERE / "two_sheets.xlsx")

relation = {
    "relation": "it's a test",
    "attributes": [
        ("size, in cm", "REAL"),
        ("kind", ["it's", "two words", "plain"]),
        ("say", "STRING"),
        ("n", "INTEGER"),
    ],
    "data": [[1.5, "it's", 'a "quoted" one', 1], [None, "two words", "back\\slash", None], [3, None, "x", 3]],
}
(HERE / "liac.arff").write_text(arff.dumps(relation), encoding="utf-8")
