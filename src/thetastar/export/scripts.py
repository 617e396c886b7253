"""A model as one Python file (NumPy alone) and as one ES module: a reader's text with the description behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from thetastar.export.answer import Answer, FittedMember, quantile_names
from thetastar.export.description import array_part, encoded, label_value, network_part, plain_values
from thetastar.export.formula import formula_of, own_columns
from thetastar.export.javascript import layer_kinds, predict_script, source
from thetastar.network import Network
from thetastar.recipes.formulas import FittedFormula, FormulaAndNetwork

__all__ = ["ascii_words", "described", "javascript_file", "lines_of", "python_file"]


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
            **(_fitted(member, answer) if isinstance(member, FittedMember) else network_part(member.network)),
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


def _fitted(member: FittedMember, answer: Answer) -> dict[str, Any]:
    if isinstance(member.fitted, FittedFormula):
        return {"fitted": _formula(member.fitted, answer)}
    if isinstance(member.fitted, FormulaAndNetwork):
        both = member.fitted
        networks = [network_part(network) for network in both.networks]
        return {"fitted": {
            "kind": both.kind, "formula": _formula(both.formula, answer), "networks": networks, "scale": both.scale,
            "share": both.share,
        }}  # fmt: skip
    state, arrays = member.fitted.to_state()
    return {"fitted": {**plain_values(state), "arrays": {name: array_part(array) for name, array in arrays.items()}}}


def _formula(fitted: FittedFormula, answer: Answer) -> dict[str, Any]:
    """A formula: its tree, and how each of its columns is read."""
    assert fitted.numbers is not None
    blocks = fitted.numbers.preparation.blocks
    columns = [
        {"block": plain_values(block.to_state()), **({"numbers": own.numbers} if own.kind == "level" else {})}
        for block, own in zip(blocks, own_columns(answer.blocks, fitted.numbers), strict=True)
    ]
    return {
        "kind": fitted.kind, "text": fitted.formula.text, "tree": fitted.formula.expression.tree,
        "parameters": dict(zip(fitted.formula.parameters, fitted.values.tolist(), strict=True)), "columns": columns,
        "elsewhere": fitted.elsewhere, "classes": fitted.classes,
    }  # fmt: skip


def python_file(answer: Answer) -> str:
    """The text of a Python module with `predict(rows)` and, for classes, `probabilities(rows)`."""
    _, _, body = source("predict.py").partition('"""\n\n')
    head = (
        f'"""Predicts {json.dumps(answer.encoding.name)}: predict(rows), rows as dictionaries. '
        "Written by thetastar; needs NumPy alone.\n\n"
        f"Columns: {', '.join(json.dumps(block.name) for block in answer.blocks)}.\n"
        '"""\n\n'
    )
    body = body.replace('__all__ = ["ACTIVATIONS", "Predictor", "read"]\n', "")
    if _has_formula(answer):
        _, _, formulas = source("predict_formulas.py").partition('"value_of"]\n\n')
        body = f"{body}\n\n{formulas}"
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
    reader = predict_script(layer_kinds(_networks(answer)))
    more = ["module_quantiles.js"] if answer.levels else ["module_targets.js"] if answer.targets else []
    more = ["module_parts.js"] * bool(more) + more + ["module_formulas.js"] * _has_formula(answer)
    tail = "".join(source(name) for name in ("module.js", *more))
    text = json.dumps(described(answer), separators=(",", ":"))
    name = json.dumps(answer.encoding.name)
    head = f"// Predicts {name}: import {{ predict }} from this module. Written by thetastar.\n\n"
    return head + f"{reader}\n{tail}".replace("DESCRIPTION", text, 1)


def _has_formula(answer: Answer) -> bool:
    return any(isinstance(one, FittedMember) and formula_of(one.fitted) is not None for one in answer.members)


def _networks(answer: Answer) -> Iterator[Network]:
    for member in answer.members:
        if not isinstance(member, FittedMember):
            yield member.network
        elif isinstance(member.fitted, FormulaAndNetwork):
            yield from member.fitted.networks


def lines_of(text: str, width: int = 100) -> list[str]:
    """A text in pieces of one width."""
    return [text[at : at + width] for at in range(0, len(text), width)]


def ascii_words(text: str) -> str:
    """Without backslashes and quotes that would end a docstring."""
    return text.replace("\\", "/") if "\\" in text else text
