"""The documentation's Python blocks run, in order, page by page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUN = ["docs/guides/by_hand.md"]  # pages whose blocks need no file of the reader's


@pytest.mark.parametrize("page", RUN)
def test_the_blocks_of(page):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocks
    names: dict = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)


def test_the_readmes_ten_lines(tmp_path, monkeypatch):
    block = re.search(
        r"## Ten lines\n\n```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert len([line for line in block[1].splitlines() if line.strip()]) <= 10
    monkeypatch.chdir(tmp_path)
    exec(compile(block[1], "README.md", "exec"), {})
    assert {p.name for p in tmp_path.iterdir()} >= {"diabetes", "diabetes.theta", "diabetes.html"}
