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
    "Tabular": Candidate(kind="tabular", hidden=(8, 4), frequencies=5, dropout=0.1, schedule="log_cosine"),
}
SHAPES = {"Dense": (5,), "Preset": (12, 12, 1), "Convolutional": (9, 7, 2), "Recurrent": (6, 2), "Tabular": (5,)}


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
        values = {"pieces": 8, "filters": (4,), "augment": True, "preset": "small_vgg", "units": (3,), "frequencies": 8}
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
    assert next(row for row in model.leaderboard if row["kind"] == "network")["name"] == "squares"
    assert model.score["r2"] > 0.99
    assert model.predict({"x": [1.5]})[0] == pytest.approx(2.25, abs=0.1)


class TestTabular:
    """The recipe for tables after RealMLP."""

    candidate = Candidate(kind="tabular", hidden=(16, 8), frequencies=4, activation="mish", dropout=0.1)

    def test_only_columns_of_numbers_are_embedded(self):
        network = self.candidate.network(6, 1, numbers=(0, 4))
        assert network.layers[0].columns == (0, 4)
        assert self.candidate.network(6, 1, numbers=()).layers[0].kind == "scale"
        assert self.candidate.network(3, 1).layers[0].columns == (0, 1, 2)

    def test_pieces_and_cosines_may_be_there_or_not(self):
        for pieces, frequencies in ((0, 0), (8, 0), (0, 8), (8, 8)):
            candidate = Candidate(kind="tabular", hidden=(4,), pieces=pieces, frequencies=frequencies)
            network = candidate.network(5, 2, numbers=(1,))
            assert ("periodic_embedding_1" in network.layer_names) == bool(frequencies)
            work = candidate.work((5,), 1, 2)
            assert work.parameters >= network.parameter_count

    def test_rates_are_those_of_realmlp_by_halves(self):
        training = self.candidate.training(10, 32)
        assert training["optimizer"].learning_rate == 0.1 and training["optimizer"].beta_2 == 0.95
        assert self.candidate.model_copy(update={"activation": "selu"}).rate == 0.02
        assert training["optimizer"].groups["scale_1.*"] == {"learning_rate_factor": 6.0, "weight_decay": 0.12}
        assert training["dropout_schedule"] == training["decay_schedule"] == ts.schedules.FlatCosine()

    @pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle", "log_cosine"])
    @pytest.mark.parametrize("optimizer", ["adam", "adamw"])
    def test_it_learns(self, optimizer, schedule):
        x = np.random.default_rng(0).uniform(-1, 1, (256, 2)).astype(np.float32)
        y = np.sin(5 * x[:, 0]) + x[:, 1]
        candidate = self.candidate.model_copy(update={"schedule": schedule, "optimizer": optimizer})
        run = ts.train(candidate.network(2, 1), x, y, loss="mse", **candidate.training(60, 32))
        assert run.history["loss"][-1] < 0.1 * np.var(y)

    def test_it_is_refused_in_words_without_layers_or_with_sgd(self):
        with pytest.raises(ValueError, match="a tabular network needs hidden layers, for example hidden="):
            Candidate(kind="tabular")
        with pytest.raises(ValueError, match="a tabular network is trained by adamw or adam"):
            Candidate(kind="tabular", hidden=(4,), optimizer="sgd")

    def test_its_words(self):
        assert self.candidate.name == "tabular 16-8 mish on cosines, dropout 0.1"
        assert self.candidate.sentence.startswith(
            "a network for tables after RealMLP: 2 hidden layers of 16, 8 mish, numbers embedded by 4 cosines each, "
            "dropout 0.1; adamw, learning rate 0.1"
        )
