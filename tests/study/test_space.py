"""A search space as data: what it may say, which candidates it makes, and how it is walked to the same bits."""

import re
import tomllib
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import qmc

import thetastar as ts
from thetastar.recipes import Candidate
from thetastar.recipes.settings import Settings
from thetastar.study.folder import to_toml
from thetastar.study.journal import read_journal
from thetastar.study.options import StudyOptions
from thetastar.study.plan import Shape, plan_of_space

LECTURE = {"learning_rate": [0.0001, 0.001, 0.01, 0.05, 0.1, 0.5], "l2": [0.001, 0.01, 0.1, 0, 1, 10, 100]}
RANGE = {"low": 0.001, "high": 0.1, "log": True}
RNG = np.random.default_rng(0)
ROWS = {"a": RNG.standard_normal(160), "b": RNG.standard_normal(160)}
ROWS["y"] = np.sin(2 * ROWS["a"]) + ROWS["b"] ** 2


def test_the_grid_of_the_lecture_is_42_networks():
    space = ts.Space.read(LECTURE)
    found = space.candidates(seed=0)
    assert (space.search, space.trials, len(found)) == ("grid", 42, 42)
    assert {(c.learning_rate, c.l2) for c in found} == {(r, p) for r in LECTURE["learning_rate"] for p in LECTURE["l2"]}
    assert len({c.name for c in found}) == 42


VALUES = {
    "kind": ["dense"], "hidden": [[3], [4, 4]], "activation": ["tanh"], "pieces": [4], "dropout": [0.2],
    "optimizer": ["sgd", "lion"], "momentum": [0.5], "learning_rate": [0.1], "weight_decay": [0.1], "l1": [0.1],
    "l2": [0.1], "max_norm": [3], "initializer": ["orthogonal"], "loss": ["huber"], "scaling": ["robust"],
    "schedule": ["step"], "batch_size": [16], "epochs": [7], "patience": [5], "layers": [2], "width": [5],
}  # fmt: skip
OF_OTHER_KINDS = {
    "filters",
    "kernel",
    "padding",
    "preset",
    "cell",
    "units",
    "bidirectional",
    "augment",
    "frequencies",
    "label",
}


def test_every_setting_of_a_candidate_is_a_dimension():
    assert set(Settings.model_fields) - OF_OTHER_KINDS == set(VALUES) - {"layers", "width"}
    for name, values in VALUES.items():
        given = {"layers": [2], "width": [5]} if name in ("layers", "width") else {name: values}
        for candidate in ts.Space.read(given).candidates(0):
            assert (candidate.hidden == (5, 5)) if "layers" in given else getattr(candidate, name) != ()


def test_a_name_tells_every_setting():
    """Two candidates that differ in one setting have two names: the journal knows them by these."""
    plain = Candidate(hidden=(8,))
    for name, values in VALUES.items():
        if name in ("kind", "layers", "width"):
            continue
        value = tuple(values[0]) if name == "hidden" else values[0]
        assert plain.model_copy(update={name: value}).name != plain.name, name


def test_every_optimiser_and_initialiser_may_be_searched():
    """But SparseAdam, which is for embeddings."""
    from typing import get_args

    from thetastar.recipes.settings import Initializer, Optimizer

    assert set(get_args(Optimizer)) == set(ts.optimizers.NAMES) - {"sparse_adam"}
    for name in get_args(Optimizer):
        assert Candidate(optimizer=name).training(5, 32)["optimizer"].name == name
    assert set(get_args(Initializer)) <= set(ts.initializers.NAMES)
    for name in get_args(Initializer):
        assert Candidate(hidden=(3,), initializer=name).network(2, 1).parameter_count == 13
    with_limits = Candidate(hidden=(3,), l1=0.1, l2=0.2, max_norm=3.0, optimizer="sgd", momentum=0.0).training(5, 32)
    assert (with_limits["l1"], with_limits["l2"], with_limits["max_norm"]) == (0.1, 0.2, 3.0)
    assert (with_limits["optimizer"].momentum, with_limits["optimizer"].nesterov) == (0.0, False)


def test_random_and_sobol_points_lie_in_the_space_and_follow_the_seed():
    for search in ("random", "sobol"):
        space = ts.Space.read({"search": search, "trials": 32, "learning_rate": RANGE, "l2": {"low": 0, "high": 1},
                               "layers": {"low": 1, "high": 3}, "width": {"low": 4, "high": 64, "log": True},
                               "activation": ["relu", "tanh"]})  # fmt: skip
        found = space.candidates(seed=3)
        assert found == space.candidates(seed=3) != space.candidates(seed=4)
        assert all(0.001 <= c.learning_rate <= 0.1 and 0 <= c.l2 <= 1 for c in found)
        assert {len(c.hidden) for c in found} == {1, 2, 3} and {c.activation for c in found} == {"relu", "tanh"}
        assert all(4 <= width <= 64 for c in found for width in c.hidden)
        assert all(c.learning_rate == float(f"{c.learning_rate:.4g}") for c in found)  # as the name has it


def test_sobol_points_are_even_and_are_scipys():
    space = ts.Space.read({"search": "sobol", "trials": 64, "l1": {"low": 0, "high": 1}, "l2": {"low": 0, "high": 1}})
    points = np.array([[c.l1, c.l2] for c in space.candidates(seed=0)])
    counts = np.histogram(points[:, 0], bins=8, range=(0, 1))[0]
    assert abs(counts - 8).max() <= 1  # a net: every eighth has its eight, but for rounding
    wanted = qmc.Sobol(2, rng=np.random.default_rng([0, 34])).random(64)
    assert np.allclose(points, wanted, rtol=1e-3, atol=1e-4)


def test_a_whole_range_gives_every_number_the_same_room():
    values = [ts.Space.read({"epochs": {"low": 1, "high": 3}}).dimensions["epochs"].at(share) for share in
              np.linspace(0, 0.999, 300)]  # fmt: skip
    assert [values.count(k) for k in (1, 2, 3)] == pytest.approx([100] * 3, abs=1)


def test_it_survives_study_toml():
    for given in (LECTURE, {"hidden": [[3], []], "learning_rate": RANGE, "halving": 2, "trials": 8, "max_norm": [2.5]}):
        space = ts.Space.read(given)
        again = ts.Space.read(tomllib.loads(to_toml({"space": space.written()}))["space"])
        assert again == space and again.candidates(1) == space.candidates(1)


REFUSED = {
    "learning_rat: a space is made of settings of a candidate. Did you mean 'learning_rate'?": {"learning_rat": [1]},
    "hidden: each of its values is a list of numbers. Got [32, 64]. Write for example hidden = [[32], [64, 64]].":
        {"hidden": [32, 64]},
    "activation: it must be 'identity'": {"activation": ["rlu"]},
    "Got 'rlu'. Did you mean 'relu'": {"activation": ["rlu"]},
    "dropout: it must be less than 1. Got 1.5. It is: Share of hidden neurons dropped in training.": {"dropout": [1.5]},
    "l2: its values differ. Got 0.0 twice. Leave one of them out.": {"l2": [0, 0.0]},
    "l2: a dimension has one value at least. Got none.": {"l2": []},
    "nothing varies. Got no setting. Write for example learning_rate = ": {"trials": 4},
    "l2: a range has low and high, and log where it goes by factors. Got low. Write for": {"l2": {"low": 1}},
    "optimizer: it must be 'adamw'": {"optimizer": {"low": 1, "high": 2}},
    "activation: only numbers have a range. Got 'relu'. List its values.":
        {"activation": {"low": "relu", "high": "tanh"}},
    "l2: low must be below high. Got 3 and 1. Change one of them.": {"l2": {"low": 3, "high": 1}},
    "l2: log is true or false, and true only where low is above 0. Got log = True, low = 0.":
        {"l2": {"low": 0, "high": 1, "log": True}},
    "search: it must be grid, random, sobol, optuna. Got 'gird'. Did you mean 'grid'?": {"search": "gird", "l2": [0]},
    "l2: a grid is made of lists. Got a range. List its values, or write search = \"sobol\".":
        {"search": "grid", "l2": {"low": 0, "high": 1}},
    "trials: a grid has as many as it has combinations, 2. Got 5. Leave trials out, or write search = \"random\".":
        {"l2": [0, 1], "trials": 5},
    "search: a space has at most 1,000,000 candidates. Got a grid of 1,002,001.":
        {"l1": list(range(1001)), "l2": list(range(1001))},
    "trials: it must be a whole number from 1 to 1,000,000. Got 0. Write for example trials = 3.":
        {"trials": 0, "search": "random", "l2": [0, 1]},
    "layers: layers and width together stand for hidden. Got layers. Give both of them, or hidden alone.":
        {"layers": [1]},
    "rungs: they are the stretches of halving. Got no halving. Write halving = 3 too, or leave it out.":
        {"l2": [0], "rungs": 3},
    "halving: Optuna learns from whole runs. Got both. Leave halving out, or write search = \"sobol\".":
        {"l2": [0, 1], "search": "optuna", "halving": 3},
    "space: it must be a dict or the path of a TOML file. Got int.": 5,
    "nix.toml: there is no such file. Give a TOML file, or the table in one line: '{l2 = [0, 0.01]}'.": "nix.toml",
    "--space: not a table of TOML (": "{l2 = ",
}  # fmt: skip


@pytest.mark.parametrize("told", REFUSED)
def test_what_makes_no_space_is_refused_in_words(told):
    with pytest.raises(ts.InputError, match=re.escape(told)):
        ts.Space.read(REFUSED[told])


def test_a_files_line_is_named(tmp_path):
    path = tmp_path / "space.toml"
    path.write_text('# mine\n[space]\nlearning_rate = [0.1]\nactivatin = ["relu"]\n')
    with pytest.raises(ts.InputError, match=r"space\.toml, line 4: activatin: a space is made of settings"):
        ts.Space.read(path)
    path.write_bytes(b"\xff")
    with pytest.raises(ts.InputError, match=r"space\.toml: the file cannot be read \("):
        ts.Space.read(path)


def test_settings_that_make_no_network_are_refused():
    with pytest.raises(ts.InputError, match=r"space: these values do not make a network: units belongs? .*Got units"):
        ts.Space.read({"units": [[3]]}).candidates(0)
    with pytest.raises(ts.InputError, match=r"loss: a study of regression learns with mean_squared_error, .* Got 'cro"):
        ts.fit(ROWS, "y", space={"loss": ["cross_entropy"]}, effort=1)


def test_space_and_candidates_contradict_one_another():
    with pytest.raises(ts.InputError, match="space and candidates both say what is tried: give one of them"):
        StudyOptions.checked(space=LECTURE, candidates=[()])


def test_rungs_are_ever_longer_and_ever_fewer():
    space = ts.Space.read({**LECTURE, "halving": 3})
    rounds = plan_of_space(space, Shape(5, 1, 300, 40, 5), 1, None, 0).rounds
    assert [stage.keep for stage in rounds] == [42, 14, 5] and [stage.resumes for stage in rounds] == [
        False,
        True,
        True,
    ]
    assert [stage.share for stage in rounds] == pytest.approx([1 / 9, 1 / 3, 1])
    assert [stage.last for stage in rounds] == [False, False, True]
    whole = plan_of_space(ts.Space.read(LECTURE), Shape(5, 1, 300, 40, 5), 1, None, 0)
    assert [stage.keep for stage in whole.rounds] == [42]  # without halving each is trained to its end


def small(out=None, **settings):
    space = {"learning_rate": RANGE, "layers": [1, 2], "width": {"low": 2, "high": 12}, "trials": 9, "epochs": [9],
             "scaling": ["standard", "robust"], **settings.pop("space", {})}  # fmt: skip
    return ts.fit(ROWS, "y", space=space, folds=2, answer="one", threads=1, out=out, **settings)


def test_halving_trains_nothing_twice_and_gives_the_bits_of_whole_runs(tmp_path):
    halved = small(tmp_path / "halved", space={"halving": 3})
    outcomes, _, _ = read_journal(tmp_path / "halved" / "journal.jsonl")
    epochs = sorted((o.round, o.candidate, o.fold, o.epochs) for o in outcomes.values())
    assert {(number, e) for number, _, _, e in epochs} == {(1, 1), (2, 3), (3, 9)}
    assert halved.record.shortcuts[0] == (
        "Successive halving: 9 for 11% of their epochs, then the best 3 for 33% of their epochs, then the best 1 for "
        "100% of their epochs. Each went on where it had stood: nothing was trained twice."
    )
    whole = small(tmp_path / "whole")
    by_key = {(o.candidate, o.fold): o for o in read_journal(tmp_path / "whole" / "journal.jsonl")[0].values()}
    for outcome in outcomes.values():
        other = by_key[outcome.candidate, outcome.fold]
        assert other.loss[: len(outcome.loss)] == outcome.loss and len(outcome.loss) == outcome.epochs
        assert other.validation_loss[: outcome.epochs] == outcome.validation_loss
        if outcome.epochs == 9:
            assert other.scores == outcome.scores and other.best_epoch == outcome.best_epoch
    assert len(whole.record.leaderboard) == len(halved.record.leaderboard)
    assert not list((tmp_path / "halved").glob("paused-*"))  # the last rung needs none of them
    assert ts.audit(tmp_path / "halved", data=ROWS).holds


def test_a_killed_halving_goes_on_where_it_stood(tmp_path):
    """After the first rung, with the pauses there, damaged, or gone: always to the same end."""
    whole = small(tmp_path / "a", space={"halving": 3})

    class Killed(Exception):
        pass

    for name in ("there", "damaged", "gone"):
        seen = []

        def kill(event, seen=seen):
            seen.append(event["kind"])
            if (
                event["kind"] == "candidate" and seen.count("candidate") == 10
            ):  # nine of the first rung, one of the next
                raise Killed

        out = tmp_path / name
        with pytest.raises(Killed):
            small(out, space={"halving": 3}, progress=kill)
        (paused,) = out.glob("paused-2.bin")
        if name == "damaged":
            paused.write_bytes(paused.read_bytes()[:-7])
        if name == "gone":
            paused.unlink()
        again = small(out, space={"halving": 3})
        assert again.score == whole.score and again.record.winner == whole.record.winner
        lines = [read_journal(folder / "journal.jsonl")[0] for folder in (tmp_path / "a", out)]
        assert lines[0].keys() == lines[1].keys()
        assert all(lines[0][key].loss == lines[1][key].loss for key in lines[0])


def test_optuna_is_asked_in_batches_and_again_to_the_same_answers(tmp_path):
    first = small(tmp_path, space={"search": "optuna", "trials": 24})
    tried = [row.name for row in first.record.leaderboard if row.kind == "network"]
    assert 17 < len(tried) <= 24  # more than one batch
    (tmp_path / "model.theta").unlink()
    lines = (tmp_path / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "journal.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
    again = small(tmp_path, space={"search": "optuna", "trials": 24})
    assert [row.name for row in again.record.leaderboard if row.kind == "network"] == tried
    assert again.score == first.score and ts.audit(tmp_path, data=ROWS).holds


def test_a_space_is_repeated_from_study_toml(tmp_path):
    first = small(tmp_path / "a", space={"trials": 4})
    from thetastar.study import repeat

    held = tomllib.loads((tmp_path / "a" / "study.toml").read_text())
    assert held["space"]["trials"] == 4 and "candidates" not in held
    assert repeat(tmp_path / "a", data=ROWS).score == first.score


def test_rungs_keep_shares_of_their_own_epochs():
    from thetastar.study.trial import Trial

    trial = Trial(2, Candidate(epochs=90), 0, 0, 27, share=1 / 3, resumes=True)
    assert (trial.most_epochs, trial.until, trial.before) == (90, 30, (1, trial.candidate.name, 0, 0))
    assert all(a < b for a, b in pairwise(Trial(1, Candidate(), 0, 0, 27, share=s).until for s in (1 / 9, 1 / 3, 1.0)))
