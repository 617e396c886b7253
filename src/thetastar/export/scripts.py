"""A model as one Python file (NumPy alone) and as one ES module: a reader's text with the description behind it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any

from thetastar.export.answer import Answer, FittedMember, quantile_names
from thetastar.export.description import array_part, encoded, label_value, network_part, plain_values

__all__ = ["ascii_words", "described", "javascript_file", "lines_of", "python_file", "section"]

_TABLES = {"scale", "periodic_embedding", "parametric_activation", "batch_ensemble"}
"""Kinds of layers that are read by `predict_tables.js`; other modules stay small without it."""


def described(answer: Answer) -> dict[str, Any]:
    """{"target", "blocks", "members": [{"name", "count", "pieces", …}]} as plain JSON values.

    A network has "network" and "parameters" besides; a fitted baseline "fitted": its kind, its settings, its arrays.
    "calibration" and "threshold" are there where the answer has them, and the target's "quantiles" where these are
    the answer: their names, such as `q_0.1`. Of several targets "targets" has their names, and "classes", "mean" and
    "scale" those of each.
    """
    encoding = answer.encoding
    members = [
        {
            "name": member.name, "count": member.count,
            **(_fitted(member) if isinstance(member, FittedMember) else network_part(member.network)),
            "pieces": [[int(column), encoded(edges)] for column, edges in member.pieces],
        }
        for member in answer.members
    ]  # fmt: skip
    return {
        "thetastar": answer.version,
        "target": {
            "name": encoding.name, "task": encoding.task, **_target(answer),
            **({"quantiles": quantile_names(answer.levels)} if answer.levels else {}),
        },
        "blocks": [plain_values(block.to_state()) for block in answer.blocks],
        "members": members,
        **({} if answer.calibration is None else {"calibration": answer.calibration}),
        **({} if answer.threshold is None else {"threshold": answer.threshold}),
    }  # fmt: skip


def _target(answer: Answer) -> dict[str, Any]:
    """{"classes", "mean", "scale"} of the target; of several also their "targets", and lists in their order."""
    parts = [
        {
            "classes": None if part.classes is None else [label_value(label) for label in part.classes],
            "mean": float(part.mean), "scale": float(part.scale),
        }
        for part in answer.encoding.parts
    ]  # fmt: skip
    if not answer.targets:
        return parts[0]
    classes = [part["classes"] for part in parts] if answer.labels else None
    ends = {name: [part[name] for part in parts] for name in ("mean", "scale")}
    return {"targets": list(answer.targets), "classes": classes, **ends}


def _fitted(member: FittedMember) -> dict[str, Any]:
    state, arrays = member.fitted.to_state()
    return {"fitted": {**plain_values(state), "arrays": {name: array_part(array) for name, array in arrays.items()}}}


def python_file(answer: Answer) -> str:
    """The text of a Python module with `predict(rows)` and, for classes, `probabilities(rows)`."""
    own = resources.files(__package__).joinpath("predict.py").read_text(encoding="utf-8")
    _, _, body = own.partition('"""\n\n')
    head = (
        f'"""Predicts {json.dumps(answer.encoding.name)}: predict(rows), rows as dictionaries. '
        "Written by thetastar; needs NumPy alone.\n\n"
        f"Columns: {', '.join(json.dumps(block.name) for block in answer.blocks)}.\n"
        '"""\n\n'
    )
    body = body.replace('__all__ = ["ACTIVATIONS", "Predictor", "read"]\n', "")
    text = json.dumps(described(answer), separators=(",", ":"))
    lines = "\n".join(f"    {part!r}" for part in lines_of(text))
    calls = ["predict = MODEL.predict"] + ["probabilities = MODEL.probabilities"] * (answer.encoding.kind.probable)
    return (
        f"{ascii_words(head)}{body}\n\n"
        "# The model: its columns, its parameters in base64, and how outputs become answers.\n\n"
        f"DESCRIPTION = json.loads(\n{lines}\n)\nMODEL = read(DESCRIPTION)\n" + "\n".join(calls) + "\n"
    ).replace("import base64\n", "import base64\nimport json\n", 1)


def javascript_file(answer: Answer) -> str:
    """The text of an ES module with `predict(row)`, `target` and `columns`."""
    tables = _TABLES & {layer["kind"] for layer in _layers(answer)}
    reader = "\n".join(_source(name) for name in ("predict.js", *["predict_tables.js"] * bool(tables)))
    more = ["module_quantiles.js"] if answer.levels else ["module_targets.js"] if answer.targets else []
    tail = "".join(_source(name) for name in ("module.js", *["module_parts.js"] * bool(more), *more))
    text = json.dumps(described(answer), separators=(",", ":"))
    name = json.dumps(answer.encoding.name)
    head = f"// Predicts {name}: import {{ predict }} from this module. Written by thetastar.\n\n"
    whole = re.sub(r"^// -{9,} ", "// ", f"{reader}\n{tail}", flags=re.MULTILINE)
    return head + whole.replace("DESCRIPTION", text, 1)


def _source(name: str) -> str:
    """A file of JavaScript that stands beside this one."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _layers(answer: Answer) -> Iterator[dict[str, Any]]:
    """Every layer of every network, those inside others too."""
    inside = [
        layer.to_dict()
        for member in answer.members
        if not isinstance(member, FittedMember)
        for layer in member.network.layers
    ]
    while inside:
        layer = inside.pop()
        yield layer
        inside += layer.get("layers", ())


def section(script: str, name: str) -> str:
    """The part of `predict.js` under the heading `name`."""
    parts = re.split(r"^(?=// -{9,} )", script, flags=re.MULTILINE)
    return next(part for part in parts if re.match(rf"// -+ {name}\n", part))


def lines_of(text: str, width: int = 100) -> list[str]:
    """A text in pieces of one width."""
    return [text[at : at + width] for at in range(0, len(text), width)]


def ascii_words(text: str) -> str:
    """Without backslashes and quotes that would end a docstring."""
    return text.replace("\\", "/") if "\\" in text else text
