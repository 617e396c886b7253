"""A forecast as plain JSON values, and as one Python file or one ES module: a reader's text with these behind it."""

from __future__ import annotations

import inspect
import json
from importlib import resources
from typing import Any

import numpy as np

from thetastar.export import predict
from thetastar.export.description import array_part, network_part
from thetastar.export.forecast.parts import (
    Component,
    Drift,
    Forecaster,
    Function,
    Levels,
    Linear,
    Mean,
    Networks,
    Repeated,
    Smoothing,
    Theta,
    Trees,
    Window,
)
from thetastar.export.forecast.words import python_words, words
from thetastar.export.javascript import layer_kinds, layers_script, source
from thetastar.export.scripts import ascii_words, lines_of

__all__ = ["described_forecast", "javascript_forecast", "python_forecast"]


def described_forecast(forecaster: Forecaster) -> dict[str, Any]:
    """A `Forecaster` as plain JSON values: arrays as {"type", "shape", "data"} in base64, little end first."""
    f = forecaster
    return {
        "thetastar": f.version, "target": f.target, "time": f.time, "step": f.step, "ids": list(f.ids),
        "steps": f.steps, "season": f.season, "zero": f.zero, "positions": f.positions.tolist(), "last": list(f.last),
        "counts": f.counts.tolist(), "shares": _array(f.shares),
        "floor": _array(np.where(np.isnan(f.floor), -np.inf, f.floor)), "levels": list(f.levels),
        "ratios": _array(f.ratios), "phases": _array(f.phases), "known": list(f.known), "past": list(f.past),
        "before": f.before, "components": [_component(one) for one in f.components],
    }  # fmt: skip


def _array(values: np.ndarray) -> dict[str, Any]:
    return array_part(np.asarray(values))


def _component(component: Component) -> dict[str, Any]:
    lowest = {} if component.lowest is None else {"lowest": _array(component.lowest)}
    return {"name": component.name, **_function(component.function), **lowest}


def _function(function: Function) -> dict[str, Any]:
    if isinstance(function, Repeated):
        return {"kind": "repeated", "lag": function.lag, "many": function.many}
    if isinstance(function, Drift):
        return {"kind": "drift"}
    if isinstance(function, Mean):
        return {"kind": "mean", "size": function.size}
    if isinstance(function, Smoothing):
        return {"kind": "smoothing", "season": function.season, "settings": _array(function.settings),
                "behind": function.behind.tolist()}  # fmt: skip
    if isinstance(function, Theta):
        return {"kind": "theta", "smoothing": _function(function.smoothing)}
    window = {"window": _window(function.window)}
    if isinstance(function, Linear):
        return {"kind": "linear", **window, "weight": _array(function.weight), "bias": _array(function.bias),
                "step_weight": _array(function.step_weight)}  # fmt: skip
    if isinstance(function, Levels):
        return {"kind": "levels", **window, "weight": _array(function.weight), "bias": _array(function.bias),
                "shapes": function.shapes, "times": function.times}  # fmt: skip
    if isinstance(function, Trees):
        nodes = ("feature", "threshold", "left", "right", "value")
        return {"kind": "trees", **window, "start": function.start, "root": function.root.tolist(),
                **{name: _array(getattr(function, name)) for name in nodes}}  # fmt: skip
    assert isinstance(function, Networks)
    return {
        "kind": "networks", **window, "sequence": function.sequence, "lags": function.lags,
        "seasonal": function.seasonal, "mean": _array(function.mean), "spread": _array(function.spread),
        "profile": _array(function.profile), "network": network_part(function.networks[0])["network"],
        "parameters": [network_part(network)["parameters"] for network in function.networks],
    }  # fmt: skip


def _window(window: Window) -> dict[str, Any]:
    return {
        "lookback": window.lookback, "season": window.season, "horizon": window.horizon,
        "ranges": _array(window.ranges), "head": window.head, "scale": _array(window.scale), "phases": window.phases,
        "waves": [list(wave) for wave in window.waves], "past": list(window.past), "known": list(window.known),
    }  # fmt: skip


def _has_networks(forecaster: Forecaster) -> bool:
    return any(isinstance(one.function, Networks) for one in forecaster.components)


def python_forecast(forecaster: Forecaster) -> str:
    """The text of a Python module with `forecast(values)`."""
    own = resources.files(__package__).joinpath("forecast.py").read_text(encoding="utf-8")
    _, _, body = own.partition('"""\n\n')
    _, _, body = body.partition('__all__ = ["Forecast", "read"]\n')
    layers = inspect.getsource(predict).partition('__all__ = ["ACTIVATIONS", "Predictor", "read"]\n')[2]
    layers = layers.partition("# Fitted functions that are no networks")[0]
    readers = "\n\n".join(inspect.getsource(one) for one in (predict.floats, predict.arrays_of, predict.array_of))
    if not _has_networks(forecaster):
        layers = ""
        readers = inspect.getsource(predict.array_of)
        body = _without_networks(body)
    text = json.dumps(described_forecast(forecaster), separators=(",", ":"))
    lines = "\n".join(f"    {part!r}" for part in lines_of(text))
    kinds = "Callable, Mapping, Sequence" if layers else "Callable, Sequence"
    imports = (
        "from __future__ import annotations\n\nimport base64\nimport json\nimport math\n"
        f"from collections.abc import {kinds}\nfrom dataclasses import dataclass, replace\n"
        "from typing import Any\n\nimport numpy as np\n"
    )
    return (
        f'"""{ascii_words(python_words(forecaster))}\n"""\n\n{imports}{layers}\n\n{readers}\n{body}\n\n'
        "# The model: its settings, its parameters in base64.\n\n"
        f"DESCRIPTION = json.loads(\n{lines}\n)\nMODEL = read(DESCRIPTION)\nforecast = MODEL.forecast\n"
    )


def _without_networks(body: str) -> str:
    """The reader's text for models that have none."""
    first, last = body.index("def networks("), body.index("OF_SERIES:")
    body = (body[:first] + body[last:]).replace(', "networks": networks,\n', ",\n")
    first, last = body.index("        for part in self.components:\n"), body.index("    def forecast(self")
    return body[:first] + "\n" + body[last:]


def javascript_forecast(forecaster: Forecaster) -> str:
    """The text of an ES module with `forecast({values})` and `about`."""
    own = resources.files(__package__).joinpath("forecast.js").read_text(encoding="utf-8")
    functions = (one.function for one in forecaster.components)
    kinds = layer_kinds(network for one in functions if isinstance(one, Networks) for network in one.networks)
    rooms = ["predict_numbers.js", *["predict_activations.js"] * bool(kinds)]
    reader = "\n".join([*map(source, rooms), layers_script(kinds)])
    text = json.dumps(described_forecast(forecaster), separators=(",", ":"))
    head = "".join(f"// {line}".rstrip() + "\n" for line in words(forecaster).split("\n"))
    return f"{head}\n{reader}\n{own}".replace("DESCRIPTION", text, 1)
