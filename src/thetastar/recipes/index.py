"""Every recipe, one line each. The first one that suits a candidate takes it."""

from __future__ import annotations

from thetastar.recipes.convolutional import Convolutional
from thetastar.recipes.dense import Dense
from thetastar.recipes.preset import Preset
from thetastar.recipes.recipe import Recipe
from thetastar.recipes.recurrent import Recurrent
from thetastar.recipes.settings import Settings
from thetastar.recipes.tabular import Tabular

__all__ = ["RECIPES", "recipe_for"]

RECIPES: list[Recipe] = [
    Dense(),
    Preset(),
    Convolutional(),
    Recurrent(),
    Tabular(),
]


def recipe_for(settings: Settings) -> Recipe:
    """The recipe that the settings ask for.

    Raises:
        ValueError: no recipe is of that kind.
    """
    for recipe in RECIPES:
        if recipe.suits(settings):
            return recipe
    kinds = ", ".join(repr(kind) for kind in dict.fromkeys(recipe.kind for recipe in RECIPES))
    raise ValueError(f"kind: there is no recipe {settings.kind!r}; the recipes are {kinds}")
