"""From a model file to a model: every part is checked, and that the parts belong together."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from thetastar.errors import InputError
from thetastar.model.answer import Answer
from thetastar.model.calibration import Calibration, calibration_from_state
from thetastar.model.metrics import Thresholds
from thetastar.model.model import Model
from thetastar.model.record import Record

if TYPE_CHECKING:
    from thetastar.data.piecewise import PiecewisePreparation
    from thetastar.data.prepare import Preparation
    from thetastar.data.targets import AnyTarget
    from thetastar.network import Network

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model that `save` or `thetastar fit --out` wrote. No code in the file is run, no other file is read.

    Raises:
        InputError: there is no such file, it is damaged or altered, or a newer version wrote it.

    Example:
        >>> import tempfile, thetastar as ts
        >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
        >>> model = ts.fit(rows, target="y", candidates=[(8,)], effort=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = ts.load(model.save(f"{folder}/square.theta"))
        >>> bool((again.predict(rows) == model.predict(rows)).all())
        True
    """
    from thetastar.data.piecewise import preparation_from_state
    from thetastar.data.targets import target_from_state
    from thetastar.model.file import read_model_file
    from thetastar.network import Network

    contents = read_model_file(path)
    network = Network.from_dict(contents.network).with_parameters(contents.arrays["network"])
    try:
        preparation = preparation_from_state(contents.preparation, contents.arrays["preparation"])
        encoding = target_from_state(contents.target, contents.arrays["target"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError(
            f"{path}: the preparation or the target does not hold ({error}); the file is damaged"
        ) from None
    record = _record_of(Path(path), contents.record)
    calibration = _calibration_of(Path(path), contents.calibration, encoding)
    if contents.answer is None:
        answer = Answer.alone(record.winner.name, network, preparation)
    else:
        answer = _answer_of(Path(path), contents, preparation, encoding)
    _check_threshold(Path(path), contents.threshold, encoding)
    answer = replace(answer, calibration=calibration, threshold=contents.threshold)
    _check_fit(Path(path), network, preparation, encoding, record)
    return Model(network=network, preparation=preparation, target_encoding=encoding, record=record, answer=answer)


def _calibration_of(path: Path, state: dict[str, Any] | None, encoding: AnyTarget) -> Calibration | None:
    if state is None:
        return None
    try:
        found = calibration_from_state(state)
        kind = encoding.kind
        labels = kind.targets if kind.probable and kind.targets > 1 else 0
        found.check(len(encoding.classes or ()), len(kind.levels), labels)
    except InputError as error:
        raise InputError(f"{path}: {error}; the file is damaged") from None
    return found


def _check_threshold(path: Path, threshold: Thresholds, encoding: AnyTarget) -> None:
    """One for two classes, or one for each of several labels."""
    if isinstance(threshold, tuple):
        if not (encoding.kind.probable and encoding.kind.targets == len(threshold) > 1):
            raise InputError(
                f"{path}: {len(threshold)} thresholds are for as many labels, which the target has not; the file is "
                "damaged"
            )
    elif threshold is not None and len(encoding.classes or ()) != 2:
        raise InputError(f"{path}: a threshold is for two classes, which the target has not; the file is damaged")


def _answer_of(path: Path, contents: Any, preparation: Any, encoding: Any) -> Answer:
    try:
        return Answer.from_state(contents.answer, contents.arrays["answer"], preparation, encoding)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError(f"{path}: the answer does not hold ({error}); the file is damaged") from None


def _record_of(path: Path, held: dict[str, Any]) -> Record:
    try:
        return Record.from_dict(held)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"][:6])) or "as a whole"
        raise InputError(f"{path}: the record does not hold ({where}: {first['msg']}); the file is damaged") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: the record does not hold ({error}); the file is damaged") from None


def _check_fit(
    path: Path, network: Network, preparation: Preparation | PiecewisePreparation, encoding: AnyTarget,
    record: Record,
) -> None:  # fmt: skip
    """The parts belong together: features in, outputs out, and a record of the same target."""
    outputs = encoding.kind.outputs(len(encoding.classes or ()))
    inputs = tuple(network.input_shape)
    if math.prod(inputs) != preparation.feature_count or tuple(network.output_shape) != (outputs,):
        raise InputError(
            f"{path}: the network maps {inputs} to {tuple(network.output_shape)}, but the preparation gives "
            f"{preparation.feature_count} features and the target needs {outputs} outputs; the file is damaged"
        )
    if (record.question.task, record.question.target) != (encoding.task, encoding.name):
        raise InputError(
            f"{path}: the record is of {record.question.target!r} ({record.question.task}), the model of "
            f"{encoding.name!r} ({encoding.task}); the file is damaged"
        )
