"""The README stays one screen, shows what is there, and its ten lines run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURE = ROOT / "docs" / "report.png"


def test_the_readme_has_at_most_a_hundred_lines():
    assert len(README.splitlines()) <= 100


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "docs/README.md", "benchmarks/README.md"]
)
def test_every_link_leads_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    links += re.findall(r'<img src="([^"]+)"', text)
    lost = []
    for link in links:
        path, _, heading = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists() or (heading and heading not in anchors(target)):
            lost.append(link)
    assert not lost


def anchors(page):
    """The names under which the headings of a page can be linked."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_picture_of_the_report_is_small():
    assert 10_000 < PICTURE.stat().st_size <= 150 * 1024


def test_the_two_commands_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)


def test_the_ten_lines(tmp_path, monkeypatch):
    block = re.search(r"## Ten lines\n\n```python\n(.*?)```", README, re.DOTALL)
    assert len([line for line in block[1].splitlines() if line.strip()]) <= 10
    monkeypatch.chdir(tmp_path)
    exec(compile(block[1], "README.md", "exec"), {})
    assert {p.name for p in tmp_path.iterdir()} >= {"diabetes", "diabetes.theta", "diabetes.html"}


def test_every_file_that_contributing_names_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w/])((?:core|bindings|reference|src|tests|docs|benchmarks)/[\w./]*)", text))
    named |= {f"tests/golden/{name}" for name in re.findall(r"`((?:losses|optimizers)_\w+\.py)`", text)}
    assert len(named) > 50
    assert not [name for name in named if "NAME" not in name and not (ROOT / name.rstrip(".")).exists()]
