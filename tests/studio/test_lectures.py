"""The lectures' page and the studio's guide: every block runs, every link opens its room, the lesson's five links tell their story."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.studio.conftest import visit

DOCS = Path(__file__).parents[2] / "docs"
LECTURES = (DOCS / "lectures.md").read_text(encoding="utf-8")
GUIDE = (DOCS / "guides" / "studio.md").read_text(encoding="utf-8")
ROOMS = ("playground", "backpropagation", "descent", "pieces", "views", "digits", "study")


def links(text):
    return [link for link in re.findall(r"`#([^`]+)`", text) if link.split("?")[0] in ROOMS]


def test_the_lectures_blocks_run():
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", LECTURES, re.DOTALL):
        exec(compile(block, "docs/lectures.md", "exec"), names)
    assert names["after"]["dense_1.weight"].item() == pytest.approx(1.0798, abs=1e-4)


def test_every_lecture_has_a_table_and_every_page_it_points_to_is_there():
    parts = re.split(r"^## ", LECTURES, flags=re.MULTILINE)[1:]
    assert [part.split(":")[0] for part in parts] == ["Lectures 1 and 3", "Lecture 2", "Lecture 4", "Lecture 5"]
    assert all("| figure or example | where |" in part for part in parts)
    for page in re.findall(r"\]\(([^)#]+)\)", LECTURES):
        assert (DOCS / page).exists(), page


def test_every_link_opens_its_room(browser, server):
    wanted = list(dict.fromkeys(link for link in [*links(LECTURES), *links(GUIDE)] if not link.startswith("study")))
    assert len(wanted) > 45
    with visit(browser, server.address) as page:
        for link in wanted:
            page.evaluate("(link) => { location.hash = link; }", link)
            page.wait_for_function(
                "(name) => window.studio.name === name && window.studio.room.ready", arg=link.split("?")[0]
            )
            page.evaluate("() => window.studio.room.ready")
            assert page.locator(".message.problem:visible").count() == 0, link
            assert page.locator("h1, .stage").first.is_visible(), link


def test_the_lessons_five_links(browser, exported):
    lesson = re.findall(r"^\d\. \*\*.*?`#([^`]+)`", GUIDE, re.MULTILINE)
    assert len(lesson) == 5
    line, pieces, downhill, blame, deep = (f"{exported.as_uri()}#{link}" for link in lesson)
    with visit(browser, line) as page:
        assert page.locator("[data-control=reveal]").is_visible()
    with visit(browser, pieces) as page:
        assert page.locator(".piece").count() == 3
    with visit(browser, downhill) as page:
        assert page.evaluate("() => window.studio.room.paths[0].slice(0, 2).map((p) => p.theta[0])") == [5, 2.25]
    with visit(browser, blame) as page:
        page.locator("[data-control=at] input").fill("5")
        page.wait_for_function("() => document.querySelector('.step-words').textContent.includes('was 3.61')")
    with visit(browser, deep) as page:  # training falls, validation turns and rises
        page.locator("[data-control=speed] select").select_option("max")
        page.click("[data-control=run]")
        page.wait_for_function("() => window.studio.room.frame.standing.epoch > 250")
        page.click("[data-control=run]")
        losses = page.evaluate("() => window.studio.room.frame.curve.map((m) => m.losses)")
        validation = [one[1] for one in losses]
        assert losses[-1][0] < 0.5 * losses[0][0] and validation[-1] > 1.15 * min(validation)


def test_the_exercise_of_lecture_4_runs_on_scikit_learns_digits(capsys):
    notebook = json.loads((DOCS / "lectures" / "digits.ipynb").read_text(encoding="utf-8"))
    names: dict = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "digits.ipynb", "exec"), names)
    assert len(names["accuracies"]) == names["EPOCHS"] and names["accuracies"][-1][1] > 0.94
    assert names["accuracies"][0][1] < names["accuracies"][-1][1]
    assert names["table"]["no hidden layer"] < names["table"]["as above"] and len(names["table"]) == 12
    assert "epoch 20: loss" in capsys.readouterr().out


def test_the_guide_has_the_52_features():
    table = GUIDE.split("| feature | here |")[1].split("\n\n")[0]
    assert len(table.strip().splitlines()) - 1 == 52
