"""The report page: whole, offline, escaped, and true to the record in every number."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.report.report_records import ALL, HOSTILE, LONG, changed, regression
from thetastar.errors import InputError
from thetastar.model.conclusion import leaderboard_sentence
from thetastar.model.record import Lead, Record
from thetastar.report import render, write_report
from thetastar.report.scale import Scale
from thetastar.report.view import build_view

_VOID = {"meta", "link", "br", "img", "input", "hr", "source", "wbr"}
_SECTIONS = ["question", "answer", "data", "leaderboard", "learning", "test", "network", "distrust", "use", "settings"]


class Page(HTMLParser):
    """What the tests ask of a page: balance of tags, attributes, texts of scripts and <data>, all visible text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.broken: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.data: list[tuple[str, str]] = []
        self.scripts: list[str] = []
        self.visible = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "data":
            self.data.append((dict(attributes)["value"], ""))
        if tag == "script":
            self.scripts.append("")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.broken.append(f"</{tag}> while {self.open[-3:]} are open")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, text):
        if "script" in self.open:
            self.scripts[-1] += text
        elif "style" not in self.open:
            self.visible += text
            if self.open and self.open[-1] == "data":
                self.data[-1] = (self.data[-1][0], self.data[-1][1] + text)

    @property
    def ids(self) -> set[str]:
        return {attributes["id"] for _, attributes in self.tags if "id" in attributes}

    @property
    def figures(self) -> dict:
        return json.loads(next(text for text in self.scripts if text.startswith("{")))


@pytest.fixture(scope="module", params=ALL)
def case(request):
    record = ALL[request.param]()
    text = render(record)
    return request.param, record, text, Page(text)


def test_is_well_formed(case):
    _, _, text, page = case
    assert text.startswith("<!doctype html>")
    assert page.broken == [] and page.open == []
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(names) == len(set(names))


def test_loads_nothing_from_anywhere(case):
    _, _, text, page = case
    for tag, attributes in page.tags:
        for name in ("src", "href", "action", "data", "poster", "srcset", "xlink:href"):
            assert not re.match(r"\s*(https?:)?//", attributes.get(name) or ""), (tag, attributes)
        assert tag not in ("link", "iframe", "object", "embed", "img", "base")
    assert not any("src" in attributes for tag, attributes in page.tags if tag == "script")
    style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
    assert "url(" not in style and "@import" not in style
    policy = next(
        attributes["content"]
        for _, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy and "http" not in policy  # the browser itself refuses the network
    assert "fetch(" not in text and "XMLHttpRequest" not in text and "import(" not in text


def test_is_small(case):
    name, _, text, _ = case
    assert len(text.encode()) <= 400_000 or name == "hostile"  # 200 columns and 100 candidates with long names


def test_has_every_section(case):
    _, _, _, page = case
    assert set(_SECTIONS) <= page.ids
    for tag, attributes in page.tags:
        if tag == "a":
            assert attributes["href"].lstrip("#") in page.ids


def test_draws_the_figures_of_the_task(case):
    name, _, _, page = case
    always = {"target", "learning", "network"}
    wanted = {
        "regression": always | {"agreement", "residuals", "errors"}, "binary": always | {"roc", "precision", "gains"},
        "multiclass": always, "hostile": always,
    }[name]  # fmt: skip
    assert set(page.figures) == wanted
    boxes = {attributes["data-figure"] for _, attributes in page.tags if "data-figure" in attributes}
    assert boxes == wanted
    for figure in page.figures.values():
        assert figure["label"]  # every picture has a name for screen readers
        assert sum(len(series.get("y", [])) for series in figure.get("series", [])) <= 6500
        assert figure.get("height", 0) < 700


def _numbers(part) -> set[float]:
    if isinstance(part, dict):
        return set().union(*map(_numbers, part.values())) if part else set()
    if isinstance(part, (list, tuple)):
        return set().union(*map(_numbers, part)) if part else set()
    return {float(part)} if isinstance(part, (int, float)) and math.isfinite(part) else set()


_UNITS = {"ms": 0.001, "s": 1, "%": 0.01, "": 1}


def test_every_number_is_the_records_rounded_and_nothing_else(case):
    _, record, _, page = case
    known = _numbers(record.to_dict())
    assert len(page.data) > 8
    for value, text in page.data:
        assert float(value) in known, (value, text)
        match = re.fullmatch(r"(-?[\d.,]+(?:e-?\d+)?) ?(ms|s|%|)", text)
        if match is None:  # 2 min 05 s
            assert re.fullmatch(r"\d+ min \d\d s|\d+ h \d\d min", text), text
            continue
        digits = match.group(1).replace(",", "")
        unit = _UNITS[match.group(2)]
        mantissa, _, exponent = digits.partition("e")
        decimals = len(mantissa.partition(".")[2])
        half = 0.5 * 10 ** (int(exponent or 0) - decimals) * unit
        assert abs(float(digits) * unit - float(value)) <= half * 1.0001, (value, text)


def test_headline_score_and_interval_are_shown(case):
    _, record, _, page = case
    metric = record.metric.name
    shown = [float(value) for value, _ in page.data]
    assert shown.count(record.test.scores[metric]) >= 2
    for end in record.test.intervals[metric]:
        assert end in shown
    for scores in record.test.baselines.values():
        assert scores[metric] in shown


def test_leaderboard_columns_and_settings_are_complete(case):
    _, record, _, page = case
    assert sum(tag == "tr" for tag, _ in page.tags) >= len(record.leaderboard) + len(record.columns)
    assert f"seed = {record.settings.study['seed']}" in page.visible
    for sentence in [record.headline.words, *record.verdict, *record.distrust, leaderboard_sentence(record)]:
        assert sentence in page.visible


def test_confusion_and_class_scores_are_shown_in_full(case):
    _, record, text, page = case
    test = record.test
    if test.confusion is None:
        assert 'class="confusion' not in text
        return
    cells = re.findall(r'<td class="(?:right|wrong)[^>]*><data value="(\d+)">', text)
    assert [int(cell) for cell in cells] == [count for row in test.confusion for count in row]
    shown = [float(value) for value, _ in page.data]
    for row in test.per_class:
        assert {row.precision, row.recall, row.f1, float(row.support)} <= set(shown)


def test_hostile_names_stay_text():
    record = ALL["hostile"]()
    text = render(record)
    page = Page(text)
    assert "alert(" not in "".join(script for script in page.scripts if not script.startswith("{"))
    assert sum(tag == "script" for tag, _ in page.tags) == 2
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert HOSTILE in page.visible and LONG in page.visible
    assert "{{ 7 * 7 }}" in page.visible and "{% raise %}" in page.visible and "&amp;" in page.visible
    assert "\u202e" not in page.visible and "\\u202eabc" in page.visible and "new\\nline" in page.visible
    assert "(blank)" in page.visible
    assert HOSTILE[:20] in page.figures["target"]["categories"][0] or any(
        "<script>" in name for name in page.figures["target"]["categories"]
    )  # as it is: charts never read markup
    assert "<script>alert" not in text


def test_long_tables_are_collapsed_but_complete():
    text = render(ALL["hostile"]())
    assert text.count('class="number') == 0
    assert len(re.findall(r'<tr class="[^"]*extra', text)) > 250
    for words in ("Show 190 more columns", "Show 97 more candidates", "Show 12 more classes"):
        assert words in text


def compared(rmse: float, interval: tuple[float, float] | None) -> Record:
    """The house prices with another test score, and another interval of the difference to gradient boosting."""
    record = regression()
    test = changed(
        record.test, scores={**record.test.scores, "rmse": rmse}, lead=Lead(over="gradient boosting", interval=interval)
    )
    return changed(record, test=test)


@pytest.mark.parametrize(
    ("rmse", "interval", "words", "state"),
    [
        (40_000.0, (-9000.0, -7000.0), "the network beats the best baseline, gradient boosting", "ahead"),
        (47_000.0, (-2000.0, 900.0), "the network is level with the best baseline, gradient boosting", "level"),
        (48_500.0, (-900.0, 1900.0), "the network is level with the best baseline, gradient boosting", "level"),
        (60_000.0, (9000.0, 14000.0), "the best baseline, gradient boosting, beats the network", "behind"),
        (60_000.0, None, "cannot tell the network from the best baseline, gradient boosting", "level"),
    ],
)
def test_headline_says_plainly_how_it_stands(rmse, interval, words, state):
    text = render(compared(rmse, interval))
    assert words in text and f'class="state {state}"' in text
    assert len(re.findall(r'<p class="state', text)) == 1


def test_a_baseline_that_is_first_on_the_validation_rows_is_named_beside_the_tests_finding():
    text = render(compared(47_000.0, (-2000.0, 900.0)))
    assert (
        "gradient boosting, a baseline, has a better validation score than every network. On the test rows the network "
        "is level with the best baseline, gradient boosting." in text
    )


def test_a_score_that_is_not_defined_on_the_test_rows():
    record = changed(regression(), test=changed(regression().test, scores={"rmse": None, "mae": 1.5, "r2": None}))
    page = Page(render(record))
    assert page.broken == [] and "rmse is not defined" in page.visible


def test_no_tick_lies_where_no_score_can():
    record = ALL["binary"]()
    leaderboard = [
        changed(row, validation_mean=1.0, scores=[1.0, 0.999]) if row.chosen else row for row in record.leaderboard
    ]
    view = build_view(changed(record, leaderboard=leaderboard))
    ticks = [float(tick["text"]) for tick in view["board"]["ticks"]]
    assert len(ticks) >= 2 and max(ticks) == 1.0
    assert [tick["text"] for tick in Scale(-0.4, 1.2).ticks("accuracy")] == ["0 %", "50 %", "100 %"]
    assert [tick["text"] for tick in Scale(-0.4, 1.2).ticks("r2")] == ["0", "0.5", "1"]
    assert [tick["text"] for tick in Scale(-0.7, 1.2).ticks("log_loss")] == ["0", "0.5", "1"]


def test_rows_in_order_are_not_called_shuffled():
    record = regression()
    text = render(changed(record, split=changed(record.split, ordered=True)))
    assert "Rows stay in their order: the last are the test rows" in text and "are shuffled" not in text
    assert "Rows are shuffled with seed" in render(record)


def test_the_command_to_run_it_again_names_every_option_that_matters():
    record = regression()
    study = {**record.settings.study, "id": "house", "time": "day", "ordered": True, "effort": 2.5, "threads": 8}
    again = build_view(changed(record, settings=changed(record.settings, study=study, roles={"zip": "category"})))
    assert again["use"]["again"] == (
        "thetastar fit housing.csv --target median_house_value --role zip=category --task regression --metric rmse "
        "--id house --time day --ordered --restarts 3 --folds 1 --effort 2.5 --seed 0"
    )


def test_a_study_of_data_in_memory_is_repeated_in_python_not_by_a_command_that_cannot_read_it():
    record = regression()
    question = changed(record.question, source="data frame", is_file=False)
    assert build_view(changed(record, question=question))["use"]["again"] == (
        'from thetastar.study import repeat\n\n# data: the data frame, as it was\nrepeat("study.toml", data=data)'
    )


def test_write_report_is_atomic(tmp_path: Path, monkeypatch):
    path = write_report(regression(), tmp_path / "report.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    before = path.read_bytes()
    monkeypatch.setattr("thetastar.report.page.build_view", lambda record: {})
    with pytest.raises(Exception, match="is undefined"):
        write_report(regression(), path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_write_report_names_a_missing_folder(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist"):
        write_report(regression(), tmp_path / "no" / "report.html")


def test_half_characters_and_scores_that_are_missing_do_not_break_the_page(tmp_path: Path):
    record = regression()
    columns = [changed(record.columns[0], name="broken \udcff name"), *record.columns[1:]]
    last = changed(record.leaderboard[-1], validation_mean=None, scores=[])
    record = changed(
        record, columns=columns, leaderboard=[*record.leaderboard[:-1], last],
        test=changed(record.test, intervals={"rmse": None}),
    )  # fmt: skip
    text = write_report(record, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "broken ? name" in text
    assert "NaN" not in json.dumps(Page(text).figures) and "Infinity" not in json.dumps(Page(text).figures)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_cannot_enter_a_record(value):
    with pytest.raises(ValidationError, match="finite number"):
        changed(regression().winner.curves[0], loss=[1.0, value])
