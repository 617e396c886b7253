"""Counts against counts by hand, figures from turns, the table and the picture. Nothing here trains."""

from __future__ import annotations

import xml.dom.minidom

import pytest

from tests.bench.fake_runs import fake_record, fake_result
from thetastar.bench import architectures as nets
from thetastar.bench.cases import CASES, PEERS, Search, Training, chosen
from thetastar.bench.picture import draw
from thetastar.bench.results import add_figures, ratios, step_seconds
from thetastar.bench.table import case_lines, markdown, times
from thetastar.errors import InputError


@pytest.mark.parametrize(
    ("net", "multiply_adds", "first"),
    [
        (nets.TOY, 2 * 4 + 4 * 1, 2 * 4),
        (nets.LECTURE, 56 * 100 + 100 * 100 + 100 * 100 + 100, 56 * 100),
        (nets.MNIST, 784 * 128 + 128 * 10, 784 * 128),
        (nets.MNIST_WIDE, 784 * 512 + 512 * 512 + 512 * 10, 784 * 512),
        (nets.TABLE, 100 * 256 + 256 * 256 + 256 * 256 + 256, 100 * 256),
        # 28 × 28 pixels see 25 numbers for 6 filters; 10 × 10 pixels see 25 × 6 for 16; 400-120-84-10
        (nets.LENET, 117_600 + 240_000 + 48_000 + 10_080 + 840, 117_600),
        # 26 × 26 pixels see 9 for 32; 24 × 24 see 9 × 32 for 64; 12 × 12 × 64 = 9,216 inputs of the dense layer
        (nets.CONV, 194_688 + 10_616_832 + 1_179_648 + 1_280, 194_688),
        # 56 times four gates of 64 from 1 number and from the 64 of the state
        (nets.LSTM, 56 * 256 * 1 + 56 * 256 * 64 + 64, 56 * 256 * 1),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_operations_are_those_counted_by_hand(net, multiply_adds, first):
    assert net.multiply_adds == multiply_adds
    assert net.training_flop == 6 * multiply_adds
    assert net.needed_flop == 6 * multiply_adds - 2 * first


def test_the_published_sizes():
    assert nets.CONV.training_flop == pytest.approx(72e6, rel=0.01)
    assert nets.LSTM.training_flop == pytest.approx(5.6e6, rel=0.01)


def test_every_case_can_be_built_and_named():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    for case in CASES:
        assert set(case.peers) <= set(PEERS)
        if isinstance(case, Training):
            assert case.net.network().input_shape == case.net.input_shape
            assert case.check_epochs * case.steps >= 10
            for peer in case.peers:
                forms = case.forms(peer, 4, compiler=True)
                assert len({form.label for form in forms}) == len(forms)
                assert all(form.processes * form.threads <= 4 for form in forms)
    search = next(case for case in CASES if isinstance(case, Search))
    assert len(search.grid) == 42 and search.folds == 5


def test_cases_are_chosen_by_name_and_pattern():
    assert [case.name for case in chosen(["lecture-64", "toy"])] == ["toy", "lecture-64"]
    assert [case.name for case in chosen(["lecture*"])] == ["lecture", "lecture-64"]
    assert len(chosen(None)) == len(CASES)
    with pytest.raises(InputError, match=r"--case: there is no case 'lectur'. Did you mean 'lecture'\? Known: toy, "):
        chosen(["lectur"])


def test_a_step_is_the_time_over_steps_and_networks():
    case = Training("t", "t", nets.TOY, batch=4, steps=100, networks=10)
    turn = {"amount": 5, "seconds": 2.0, "processor_seconds": 4.0}
    assert step_seconds(case, {"networks": 10}, turn) == pytest.approx(2.0 / (5 * 100 * 10))
    assert step_seconds(case, {"networks": 1}, turn, "processor_seconds") == pytest.approx(4.0 / 500)


def test_ratios_are_formed_within_a_turn():
    assert ratios([1.0, 2.0, 4.0], [3.0, 8.0, 4.0]) == {"median": 3.0, "low": 1.0, "high": 4.0}


def test_the_figures_of_a_case():
    case = Training("t", "t", nets.MNIST, batch=128, steps=10)
    record = add_figures(case, fake_record())
    ours, theirs = record["sides"]["thetastar"]["figures"], record["sides"]["pytorch"]["figures"]
    flop = 6 * 101_632 * 128
    assert ours["seconds"] == pytest.approx(0.5e-3)
    assert ours["gflops"] == pytest.approx(flop / 0.5e-3 / 1e9)
    assert ours["share"] == pytest.approx(flop / 0.5e-3 / 1e9 / 400)
    assert ours["needed_share"] == pytest.approx(ours["share"] * (6 * 101_632 - 2 * 100_352) / (6 * 101_632))
    assert ours["samples_per_second"] == pytest.approx(128 / 0.5e-3)
    assert "ratio" not in ours
    assert theirs["ratio"]["median"] == pytest.approx(2.0)


def test_the_lines_say_what_was_measured_and_what_is_not_the_same():
    case = Training("t", "a title", nets.MNIST, batch=128, steps=10)
    lines = case_lines(add_figures(case, fake_record()))
    assert lines[0] == "t: a title"
    assert "500 µs" in lines[2] and "256,000" in lines[2] and "39%" in lines[2]
    assert "2.00 × (2.00 to 2.00); 2 processes, same to 1e-07" in lines[3]
    assert "NOT THE SAME: differs by 0.5, allowed 0.005" in lines[4]
    assert lines[5].split(":")[0].split() == ["JAX", "left", "out"]


def test_the_markdown_leaves_out_what_is_not_the_same():
    text = markdown(fake_result())
    assert text.splitlines()[0] == (
        "| case | thetastar | GFLOP/s, share of the ceiling | PyTorch 2.13 | scikit-learn 1.9 |"
    )
    assert text.splitlines()[2] == "| a title | 500 µs a step | 156, 39% | 2.00 × |  |"


def test_the_picture_is_well_formed_and_escapes():
    result = fake_result()
    result["cases"][0]["title"] = "<a & b>"
    result["cases"][0]["sides"]["pytorch"]["figures"]["ratio"] = {"median": 1234.0, "low": 900.0, "high": 2e3}
    text = draw(result)
    xml.dom.minidom.parseString(text)
    assert "&lt;a &amp; b&gt;" in text and "1,234 ×" in text and "10,000 ×" in text
    assert "scikit-learn:" not in text  # not the same training
    xml.dom.minidom.parseString(draw(result | {"cases": []}))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.000 µs"),
        (1.6e-7, "0.160 µs"),
        (5.6e-4, "560 µs"),
        (4.593e-3, "4.59 ms"),
        (9.999, "10.0 s"),
        (99.96, "100 s"),
    ],
)
def test_times_in_a_unit_that_suits(seconds, words):
    assert times(seconds) == words
