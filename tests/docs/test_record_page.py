"""The page of the record is what its types say, and its example runs."""

import re
import runpy
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "reference"


def test_the_page_is_generated_from_the_types():
    page = runpy.run_path(str(FOLDER / "make_record.py"))["page"]()
    held = (FOLDER / "record.md").read_text(encoding="utf-8")
    assert held == page, "the types have changed: run python docs/reference/make_record.py"


def test_every_part_stands_there_once_and_links_lead_to_one():
    from thetastar.model import record

    page = (FOLDER / "record.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\w+)$", page, re.MULTILINE)
    elsewhere = [
        "FormulaRow",
        "Headline",
        "Machine",
        "Parameter",
        "Seen",
        "SeenRows",
        "Timing",
    ]  # parts that have a file of their own
    assert sorted(headings) == sorted([*record.__all__, *elsewhere])
    assert {link for link in re.findall(r"\(#(\w+)\)", page)} <= {heading.lower() for heading in headings}


def test_the_example_runs():
    page = (FOLDER / "record.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    names = {}
    exec(compile(block, "record.md", "exec"), names)
    assert names["record"].headline.state in ("ahead", "level", "behind")
