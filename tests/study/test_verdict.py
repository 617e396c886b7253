"""The verdict's sentences: who won, whether a baseline is better, whether the lead is noise."""

import pytest

from thetastar.model.leaderboard import rank_rows
from thetastar.model.metrics import METRICS
from thetastar.study.verdict import number, verdict


def row(name, kind, mean, *, std=0.01, chosen=False):
    return {
        "rank": 0, "name": name, "kind": kind, "description": "", "validation_mean": mean, "validation_std": std,
        "scores": [mean], "runs": 3, "parameters": 1234 if kind == "network" else None, "epochs": 5, "seconds": 1.0,
        "status": "finished", "chosen": chosen,
    }  # fmt: skip


def told(network, baseline, lead, second=0.5, tested=0.85):
    board = rank_rows(
        [
            row("32 silu", "network", network, chosen=True),
            row("linear", "network", second),
            row("gradient boosting", "baseline", baseline),
        ],
        "max",
    )
    test = {
        "rows": 2000,
        "scores": {"accuracy": 0.9, "log_loss": 0.25},
        "intervals": {"accuracy": [0.88, 0.92]},
        "baselines": {"gradient boosting": {"accuracy": tested}},
        "lead": {"over": "gradient boosting", "interval": lead},
    }
    return " ".join(verdict(board, test, METRICS["accuracy"], starts=2, kept=0, notes=["A note."]))


def test_a_winning_network():
    text = told(0.91, 0.86, [0.02, 0.08])
    assert "Of 2 networks, 32 silu (1,234 parameters) has the best accuracy on the validation rows: 0.91" in text
    assert (
        "On 2,000 test rows that nothing had seen, its accuracy is 0.9 (95 % interval 0.88 to 0.92); log_loss 0.25."
        in text
    )
    assert (
        "It beats the baseline that is best on the validation rows, gradient boosting (0.86 there, 0.85 on the test "
        "rows)." in text
    )
    assert "between 0.02 and 0.08 (95 % interval): more than chance explains." in text
    assert text.endswith("A note.") and "within the spread" not in text


def test_a_lead_that_may_be_chance():
    text = told(0.91, 0.86, [-0.01, 0.08])
    assert "It is ahead of the baseline that is best on the validation rows, gradient boosting (0.86 there" in text
    assert "between -0.01 and 0.08 (95 % interval): not larger than the noise of these test rows." in text


def test_a_baseline_that_beats_every_network():
    text = told(0.85, 0.9, [-0.04, 0.01], tested=0.92)
    assert "No network beats the best baseline on the validation rows: gradient boosting has 0.9 on the valid" in text
    assert "For predictions alone, it is the better choice for this table." in text
    assert "not larger than the noise of these test rows." in text


def test_validation_and_test_rows_that_disagree():
    text = told(0.91, 0.86, [-0.04, 0.01], tested=0.93)
    assert (
        "On the validation rows it beats the best baseline, gradient boosting, but not on the test rows (0.86 on the "
        "validation rows, 0.93 on the test rows)." in text
    )
    text = told(0.85, 0.9, [-0.01, 0.04])
    assert "On the test rows the network is ahead all the same" in text and "For predictions alone" not in text


def test_a_draw_and_a_close_second():
    text = told(0.9, 0.9, [0.0, 0.0], second=0.895)
    assert "On the validation rows it is level with the best baseline, gradient boosting" in text
    assert "the baseline is simpler" in text
    assert "linear (0.895) is within the spread of the re-runs: another seed might choose it." in text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "not defined"), (0.123456, "0.1235"), (51234.5, "51,234"), (-3.0, "-3"), (0.0, "0")]
)
def test_numbers_for_reading(value, text):
    assert number(value) == text
