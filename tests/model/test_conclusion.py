"""Headline, verdict, the leaderboard's sentence, terminal, page and JSON draw one conclusion about one rival."""

from __future__ import annotations

import io
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from rich.console import Console

from tests.model.random_records import records
from tests.report.report_records import binary, changed, regression
from thetastar.cli.result import json_text
from thetastar.cli.screen import make_screen
from thetastar.model.conclusion import FINDINGS, conclude, leaderboard_sentence, number, verdict
from thetastar.model.record import Lead
from thetastar.model.result import result
from thetastar.report.view import build_view

QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)

# What each state looks like in words; the names of random records hold none of them.
SAYS = {
    "ahead": r"the network beats the best baseline|network is better by more than chance",
    "level": r"is level with|cannot tell the network from|no larger than chance|No baseline has a score",
    "behind": r"beats the network|baseline is better by more than chance",
}


def states_in(text: str) -> set[str]:
    return {state for state, words in SAYS.items() if re.search(words, text)}


def terminal(record) -> str:
    console = Console(file=io.StringIO(), width=100_000, highlight=False, no_color=True)
    with make_screen(console) as screen:
        screen.finish(record, None)
    return console.file.getvalue()


@QUIET
@given(records())
def test_all_that_people_read_draws_one_conclusion(record):
    headline = record.headline
    sentences = [*record.verdict, leaderboard_sentence(record), headline.words]
    assert states_in(" ".join(sentences)) == states_in(headline.words) == {headline.state}
    view, shown, told = build_view(record), terminal(record), json.loads(json_text(result(record)))
    assert view["headline"] == headline and view["verdict"] == record.verdict
    assert view["board"]["sentence"] == leaderboard_sentence(record)
    assert states_in(shown) == {headline.state} and f"Verdict: {headline.words}" in shown
    assert told["headline"]["state"] == headline.state and told["headline"]["rival"] == headline.rival
    assert told["verdict"] == list(record.verdict) and all(sentence in shown for sentence in record.verdict)
    assert told["headline"]["interval"] == (None if headline.interval is None else list(headline.interval))


@QUIET
@given(records())
def test_every_sentence_that_compares_names_the_rival(record):
    rival = record.headline.rival
    known = [row for row in record.leaderboard if row.kind == "baseline" and row.validation_mean is not None]
    assert (rival is None) == (not known)
    for sentence in [*record.verdict, leaderboard_sentence(record), record.headline.words]:
        if states_in(sentence) and rival is not None:
            assert rival in sentence
            others = {row.name for row in known} - {rival, record.leaderboard[0].name}
            assert not any(other in sentence for other in others), sentence


@QUIET
@given(records())
def test_the_state_is_what_the_interval_says(record):
    headline, sign = record.headline, 1 if record.metric.direction == "max" else -1
    if headline.interval is None:
        assert headline.state == "level"
        return
    low, high = sorted(sign * end for end in headline.interval)
    assert headline.state == ("ahead" if low > 0 else "behind" if high < 0 else "level")
    assert sum(finding in " ".join(record.verdict) for finding in FINDINGS.values()) == 1


@QUIET
@given(records())
def test_sentences_are_sentences(record):
    """Each begins with a capital or a name, ends with a stop, counts in good English, and shows no raw values."""
    for sentence in [*record.verdict, leaderboard_sentence(record)]:
        assert re.search(r"[.!?]$", sentence) and not sentence.endswith("..")
        for odd in ("None", "nan", "inf ", "  ", " ,", " .", "[]", "()", "1 runs", "1 networks", "1 rows", "1 starts"):
            assert not re.search(rf"(?<!\d){re.escape(odd)}(?!\w)", sentence), (odd, sentence)
    counts = {number for number in re.findall(r"([\d,]+) parameters?", " ".join(record.verdict))}
    wanted = {f"{record.winner.parameters:,}", f"{record.chosen.parameters:,}"}
    assert counts == wanted  # two counts stand together only where the sentence says why they differ
    assert len(counts) == 1 or "On the leaderboard it has" in record.verdict[-1]


def compared(record, scores, interval):
    rival = record.test.lead.over
    baselines = {**record.test.baselines, rival: {**record.test.baselines[rival], record.metric.name: scores[1]}}
    tested = {**record.test.scores, record.metric.name: scores[0]}
    test = changed(record.test, scores=tested, baselines=baselines, lead=Lead(over=rival, interval=interval))
    return changed(record, test=test)


@pytest.mark.parametrize(
    ("make", "scores", "interval", "state", "words"),
    [
        (binary, (0.90, 0.85), (0.02, 0.08), "ahead", "the network beats the best baseline, logistic regression"),
        (binary, (0.90, 0.85), (-0.01, 0.08), "level", "the network is level with the best baseline, logistic regr"),
        (binary, (0.85, 0.85), (0.0, 0.0), "level", "the network is level with the best baseline, logistic regression"),
        (binary, (0.80, 0.85), (-0.09, -0.01), "behind", "the best baseline, logistic regression, beats the network"),
        (binary, (0.90, 0.85), None, "level", "cannot tell the network from the best baseline, logistic regression"),
        (regression, (4.0, 5.0), (-2.0, -0.5), "ahead", "the network beats the best baseline, gradient boosting"),
        (regression, (6.0, 5.0), (0.5, 2.0), "behind", "the best baseline, gradient boosting, beats the network"),
    ],
)
def test_the_headline(make, scores, interval, state, words):
    headline = conclude(compared(make(), scores, interval))
    assert (headline.state, headline.interval) == (state, interval) and words in headline.words


def test_a_lower_rmse_is_ahead_and_the_verdict_shows_all_figures():
    text = " ".join(verdict(compared(regression(), (41_000.0, 48_010.5), (-9000.0, -5000.0))))
    assert (
        "The baseline with the best validation score is gradient boosting: rmse 48,900, where the network has 53,227; "
        "on the test rows 48,010 and 41,000. The 95 % interval of the difference in rmse on the test rows (network "
        "minus gradient boosting) is -9000 to -5000: the network is better by more than chance explains." in text
    )


def test_advice_follows_the_state():
    assert "For predictions alone, the baseline is the better choice for this table." in verdict(regression())
    assert "The baseline is the simpler of the two." in verdict(binary())


def test_another_baseline_that_is_better_on_the_test_rows_is_not_hidden():
    record = compared(binary(), (0.84, 0.80), (0.01, 0.07))
    assert record.headline.state == "ahead"
    assert (
        "On these test rows gradient boosting (0.8402) scored better than the network (0.84); the comparison is with "
        "the baseline that the validation rows picked." in record.verdict
    )


def with_scores(record, ours, theirs, folds=1):
    """The record with these scores of the chosen network and of the runner-up, run by run."""
    second = next(row.name for row in record.leaderboard if row.kind == "network" and not row.chosen)
    scores = {record.chosen.name: ours, second: theirs}
    board = [
        changed(row, scores=scores[row.name], runs=len(ours), folds=folds) if row.name in scores else row
        for row in record.leaderboard
    ]
    return changed(record, leaderboard=board, split=changed(record.split, folds=5))


def test_the_runner_up_is_compared_in_pairs_of_runs():
    """Folds that are hard for both do not make two networks alike: what counts is the difference run by run."""
    ours = [0.90, 0.80, 0.70, 0.85, 0.75]
    apart = with_scores(binary(), ours, [score - 0.05 - k / 1000 for k, score in enumerate(ours)], folds=5)
    assert "in pairs" not in verdict(apart)[0]
    alike = with_scores(binary(), ours, [0.89, 0.82, 0.69, 0.86, 0.73], folds=5)
    assert "is as good in pairs of runs on the same rows: another seed might choose it." in verdict(alike)[0]


def test_the_best_of_so_many_is_said_to_flatter():
    record = changed(binary(), optimism=0.0312)
    assert "The best of so many looks better than it is, by about 0.0312 here." in verdict(record)[0]


def test_folds_that_the_budget_left_out_are_said():
    record = with_scores(binary(), [0.9, 0.8, 0.7], [0.8, 0.7, 0.6], folds=3)
    assert "over 3 runs on 3 of 5 folds." in verdict(record)[0]


def test_no_better_than_chance():
    record = binary()
    over = Lead(over="always the majority", interval=(-0.05, 0.07))
    record = changed(record, test=changed(record.test, over_constant=over))
    assert record.headline.words.endswith("; the network is no better than chance")
    assert any(
        s.startswith("No better than chance: the 95 % interval of the difference in auc (network minus always the ")
        for s in record.verdict
    )
    better = changed(record, test=changed(record.test, over_constant=changed(over, interval=(0.1, 0.3))))
    assert "chance" not in better.headline.words and not any("No better than" in s for s in better.verdict)


def test_a_lead_on_few_rows_is_no_proof():
    record = compared(binary(), (0.9, 0.8), (0.02, 0.18))
    few = changed(record, test=changed(record.test, rows=60), split=changed(record.split, test=60))
    assert "One such interval in twenty is wrong, and 60 rows are few." in few.verdict
    assert not any("One such interval" in sentence for sentence in record.verdict)


@pytest.mark.parametrize(("held", "why"), [(1_100, "hold fewer levels or pieces"), (900, "were cut in other places")])
def test_two_counts_of_parameters_are_explained(held, why):
    record = binary()
    board = [changed(row, parameters=1_000) if row.chosen else row for row in record.leaderboard]
    record = changed(record, leaderboard=board, winner=changed(record.winner, parameters=held))
    assert (
        f"On the leaderboard it has 1,000 parameters: there its inputs were made from fewer rows, which {why}."
        in (record.verdict[-1])
    )


@pytest.mark.parametrize(
    ("value", "text"), [(None, "not defined"), (0.123456, "0.1235"), (51234.5, "51,234"), (-3.0, "-3"), (0.0, "0")]
)
def test_numbers_for_reading(value, text):
    assert number(value) == text
