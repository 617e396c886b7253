"""What must hold for every recipe, and that a new one is one class and one line in the index."""

import math
from typing import ClassVar, final

import numpy as np
import pytest

import thetastar as ts
from thetastar.recipes import RECIPES, Candidate, Recipe, Work, default_candidates
from thetastar.recipes.parts import hidden_layers, usual_training, with_head

EXAMPLES = {
    "Dense": Candidate(hidden=(8, 4), dropout=0.1),
    "Preset": Candidate(kind="convolutional", preset="small_vgg"),
    "Convolutional": Candidate(kind="convolutional", filters=(4, 8), hidden=(8,)),
    "Recurrent": Candidate(kind="recurrent", units=(4, 3), hidden=(8,), bidirectional=True),
}
SHAPES = {"Dense": (5,), "Preset": (12, 12, 1), "Convolutional": (9, 7, 2), "Recurrent": (6, 2)}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: type(recipe).__name__)
class TestEveryRecipe:
    def test_takes_its_candidates_and_no_other_does(self, recipe):
        for name, candidate in EXAMPLES.items():
            assert (candidate.recipe is recipe) == (name == type(recipe).__name__)

    def test_counts_the_work_of_the_network_that_it_makes(self, recipe):
        name = type(recipe).__name__
        candidate, shape = EXAMPLES[name], SHAPES[name]
        network = candidate.network(shape, 3)
        assert network.input_shape == shape and network.output_shape == (3,)
        work = candidate.work(shape, 0, 3)
        assert work.parameters == network.parameter_count == candidate.parameter_count(shape, 3)
        assert 0 < work.products and 0 < work.values

    def test_says_what_it_is(self, recipe):
        candidate = EXAMPLES[type(recipe).__name__]
        assert candidate.name.startswith(recipe.title(candidate))
        assert candidate.sentence.startswith(recipe.sentence(candidate))

    def test_its_training_takes_what_the_candidate_leaves_open(self, recipe):
        candidate = EXAMPLES[type(recipe).__name__]
        training = candidate.training(7, 32)
        assert (training["epochs"], training["batch_size"], training["augment"]) == (7, 32, None)
        given = candidate.model_copy(update={"epochs": 3, "batch_size": 5}).training(7, 32)
        assert (given["epochs"], given["batch_size"]) == (3, 5)

    def test_what_is_its_own_is_refused_elsewhere(self, recipe):
        values = {"pieces": 8, "filters": (4,), "augment": True, "preset": "small_vgg", "units": (3,)}
        for field, refusal in recipe.own.items():
            other = next(each for each in ("dense", "recurrent") if each != recipe.kind)
            with pytest.raises(ValueError, match=refusal):
                Candidate(kind=other, **{field: values[field]})

    def test_is_final(self, recipe):
        assert type(recipe).__final__ and type(recipe).__mro__[1] is Recipe


def test_every_default_candidate_has_a_recipe_that_can_build_it():
    for shape in ((6,), (16, 16, 1), (8, 8, 3), (12, 2)):
        for candidate in default_candidates("regression", 6 if len(shape) == 1 else 0, shape):
            assert candidate.network(shape, 1).output_shape == (1,)


def test_candidates_that_see_the_same_rows_share_them():
    plain, cut, cut_too, other = (
        Candidate(), Candidate(pieces=4), Candidate(pieces=4, hidden=(8,)), Candidate(pieces=5),
    )  # fmt: skip
    assert plain.preparation_key == Candidate(hidden=(3,)).preparation_key == ()
    assert cut.preparation_key == cut_too.preparation_key != other.preparation_key


def test_an_unknown_kind_is_refused_with_the_kinds_there_are():
    with pytest.raises(
        ValueError, match="kind: there is no recipe 'densee'; the recipes are 'dense', 'convolutional', 'recurrent'"
    ):
        Candidate(kind="densee")


@final
class Squares(Recipe):
    """A recipe of a test's own: a dense network that sees every number and its square."""

    kind: ClassVar[str] = "squares"

    def suits(self, settings):
        return settings.kind == self.kind

    def check(self, settings):
        pass

    def preparation_key(self, settings):
        return ("squares",)

    def prepare(self, settings, preparation, inputs, rows):
        squares = _SquaredPreparation(preparation)
        return squares, squares.expand(inputs)

    def network(self, settings, shape, outputs, *, masked):
        return with_head(hidden_layers(settings), shape, outputs)

    def rate(self, settings):
        return 0.01

    def training(self, settings, epochs, batch_size, shape):
        return usual_training(settings, self.rate(settings), epochs, batch_size, shape)

    def work(self, settings, shape, numbers, outputs):
        size = 2 * math.prod(shape)
        return Work(size * outputs, size * outputs, outputs)

    def title(self, settings):
        return "squares"

    def sentence(self, settings):
        return "a linear network on numbers and their squares"


class _SquaredPreparation:
    masked = False

    def __init__(self, base):
        self.base = base
        self.input_shape = (2 * base.feature_count,)
        self.feature_count = 2 * base.feature_count

    def expand(self, inputs):
        return np.ascontiguousarray(np.hstack([inputs, inputs**2]))

    def transform(self, table):
        return self.expand(self.base.transform(table))

    def __getattr__(self, name):
        return getattr(self.base, name)


def test_a_new_recipe_is_one_class_and_one_line_in_the_index(monkeypatch):
    monkeypatch.setattr("thetastar.recipes.index.RECIPES", [*RECIPES, Squares()])
    random = np.random.default_rng(0)
    x = random.uniform(-2, 2, 400)
    model = ts.fit(
        {"x": x.tolist(), "y": (x**2).tolist()}, "y", candidates=[(), Candidate(kind="squares")], effort=1, threads=2
    )
    assert model.leaderboard[0]["name"] == "squares"
    assert model.score["r2"] > 0.99
    assert model.predict({"x": [1.5]})[0] == pytest.approx(2.25, abs=0.1)
