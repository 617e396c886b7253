"""What a model is for those who write it down elsewhere: columns, members, and how outputs become an answer.

Every exporter reads an `Answer` and nothing else of a model. A member is one function of the prepared rows: a network,
or what was kept of a baseline (a constant, a linear model, trees). Where there are several, their answers are averaged
by whole counts. Of quantiles every member gives a number a level, in rising order. Another kind of baseline is one
more class in `recipes` and one more case in each exporter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from thetastar.data.piecewise import PiecewisePreparation
from thetastar.errors import InputError
from thetastar.network import Network
from thetastar.recipes.fitted import Fitted
from thetastar.recipes.formulas import FormulaAndNetwork
from thetastar.recipes.quantiles import FittedQuantiles
from thetastar.recipes.targets import FittedTargets

if TYPE_CHECKING:
    from thetastar.data.blocks import Block
    from thetastar.data.targets import AnyTarget

__all__ = ["LEAST", "Answer", "FittedMember", "NetworkMember", "answer_of", "calibration_of", "quantile_names"]

LEAST = 1e-12
"""Probabilities below count as this before a logarithm is taken of them, as in `thetastar.model.calibration`."""

Pieces = tuple[tuple[int, np.ndarray], ...]


@dataclass(frozen=True, eq=False)
class NetworkMember:
    """A network with the pieces into which it wants numbers to be cut.

    Attributes:
        name: as on the leaderboard.
        count: how often it counts in the average.
        network: with parameters.
        pieces: (position among the prepared features, edges (K + 1,) float32) of every number that is cut; the K parts
            of each stand behind all features, in this order.
    """

    name: str
    count: int
    network: Network
    pieces: Pieces = ()

    @property
    def size(self) -> int:
        """How many numbers were fitted."""
        return self.network.parameter_count

    @property
    def operations(self) -> int:
        """Multiplications with additions of a prediction."""
        return self.network.multiplications

    @property
    def input_count(self) -> int:
        """How many numbers the network takes."""
        return int(np.prod(self.network.input_shape))


@dataclass(frozen=True, eq=False)
class FittedMember:
    """A fitted baseline, which answers in the target's unit or with probabilities.

    Attributes:
        name, count, pieces: as of `NetworkMember`.
        fitted: a `Constant`, `Linear`, `Trees`, `FittedQuantiles`, `FittedTargets`, `FittedFormula` or
            `FormulaAndNetwork`.
    """

    name: str
    count: int
    fitted: Fitted
    pieces: Pieces = ()

    @property
    def size(self) -> int:
        """How many numbers were fitted."""
        return self.fitted.size

    @property
    def operations(self) -> int:
        """Multiplications with additions of a prediction; a tree compares instead."""
        if isinstance(self.fitted, FormulaAndNetwork):
            return sum(network.multiplications for network in self.fitted.networks)
        parts = self.fitted.parts if isinstance(self.fitted, FittedQuantiles | FittedTargets) else (self.fitted,)
        return sum(int(part.weight.size) for part in parts if hasattr(part, "weight"))


@dataclass(frozen=True, eq=False)
class Answer:
    """From a row to an answer.

    Attributes:
        blocks: one for every column that is read, in order; what they make, one after another, are the features.
        members: the functions of these features.
        encoding: how a member's outputs become a value or probabilities.
        calibration: what the model file has of the last step of probabilities: {"kind": "beta", "a", "b", "c"} or
            {"kind": "temperature", "temperature"} or {"kind": "vector", "scale", "shift"}, a number a class; of labels
            {"kind": "labels", "parts"}: {"a", "b", "c"} or None for each; of quantiles {"kind": "conformal", "shifts"};
            None where they are left as they are.
        threshold: the probability from which on the second of two classes is named, or each of several labels; None
            where the likeliest is.
        version: of the thetastar that made the model.
    """

    blocks: tuple[Block, ...]
    members: tuple[NetworkMember | FittedMember, ...]
    encoding: AnyTarget
    version: str = ""
    calibration: dict[str, Any] | None = None
    threshold: float | tuple[float, ...] | None = None

    @property
    def feature_count(self) -> int:
        """How many prepared features there are, without pieces."""
        return sum(block.width for block in self.blocks)

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels of the quantiles that it answers with, rising; none where it answers with something else."""
        return tuple(self.encoding.kind.levels)

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of several targets, in the order of the answer's numbers; none where there is one."""
        return tuple(self.encoding.names) if self.encoding.kind.targets > 1 else ()

    @property
    def labels(self) -> bool:
        """Whether several targets are labels, each of which gets the probability that it is there."""
        return bool(self.targets) and self.encoding.kind.probable


def quantile_names(levels: Sequence[float]) -> list[str]:
    """What an answer's quantiles are called: `q_0.1`, as the columns that `predict` gives of a frame."""
    return [f"q_{level:g}" for level in levels]


def answer_of(model: Any) -> Answer:
    """The answer of a `Model`.

    Raises:
        InputError: the model does not answer single rows.
    """
    if not hasattr(model, "target_encoding"):
        raise InputError(
            f"export: what is exported must be a model of rows or a forecast. Got {type(model).__name__}. Export what "
            "fit or forecast gave; a network alone goes elsewhere by to_torch() or to_keras()."
        )
    chosen = getattr(model, "members", None)
    if chosen is None:
        members: tuple[NetworkMember | FittedMember, ...] = (_member("network", 1, model.network, model.preparation),)
    else:
        members = tuple(_member(one.name, one.count, one.predictor, one.preparation) for one in chosen)
    base = getattr(model.preparation, "base", model.preparation)
    version = getattr(model.record, "thetastar", "")
    threshold = getattr(model, "threshold", None)
    return Answer(tuple(base.blocks), members, model.target_encoding, version, calibration_of(model), threshold)


def calibration_of(model: Any) -> dict[str, Any] | None:
    """The last step of a model's probabilities as its file has it; None where there is none."""
    calibration = getattr(model, "calibration", None)
    return None if calibration is None else calibration.to_state()


def _member(name: str, count: int, predictor: Network | Fitted, preparation: Any) -> NetworkMember | FittedMember:
    pieces: Pieces = ()
    if isinstance(preparation, PiecewisePreparation):
        pieces = tuple(zip(preparation.columns, preparation.edges, strict=True))
    if isinstance(predictor, Network):
        return NetworkMember(name, count, predictor, pieces)
    return FittedMember(name, count, predictor, pieces)
