"""What a model is for those who write it down elsewhere: columns, members, and how outputs become an answer.

Every exporter reads an `Answer` and nothing else of a model. A member is one function of the prepared rows; where there
are several, their answers are averaged by whole counts. Another kind of member is one more class beside `NetworkMember`
and one more case in each exporter; until then `answer_of` refuses it by its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from thetastar.data.piecewise import PiecewisePreparation
from thetastar.errors import InputError
from thetastar.network import Network

if TYPE_CHECKING:
    from thetastar.data.blocks import Block
    from thetastar.data.target import TargetEncoding

__all__ = ["LEAST", "Answer", "NetworkMember", "answer_of", "calibration_of"]

LEAST = 1e-12
"""Probabilities below count as this before a logarithm is taken of them, as in `thetastar.model.calibration`."""


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
    pieces: tuple[tuple[int, np.ndarray], ...] = ()

    @property
    def input_count(self) -> int:
        """How many numbers the network takes."""
        return int(np.prod(self.network.input_shape))


@dataclass(frozen=True, eq=False)
class Answer:
    """From a row to an answer.

    Attributes:
        blocks: one for every column that is read, in order; what they make, one after another, are the features.
        members: the functions of these features.
        encoding: how a member's outputs become a value or probabilities.
        calibration: what the model file has of the last step of probabilities: {"kind": "beta", "a", "b", "c"} or
            {"kind": "temperature", "temperature"}; None where they are left as they are.
        threshold: the probability from which on the second of two classes is named; None where the likeliest is.
        version: of the thetastar that made the model.
    """

    blocks: tuple[Block, ...]
    members: tuple[NetworkMember, ...]
    encoding: TargetEncoding
    version: str = ""
    calibration: dict[str, Any] | None = None
    threshold: float | None = None

    @property
    def feature_count(self) -> int:
        """How many prepared features there are, without pieces."""
        return sum(block.width for block in self.blocks)


def answer_of(model: Any) -> Answer:
    """The answer of a `Model`.

    Raises:
        InputError: the model is a forecast or holds a member that is no network.
    """
    if not hasattr(model, "target_encoding"):
        raise InputError(
            "export: only models of single rows can be exported. Got a forecast, whose answer needs the rows before "
            "it. Use its forecast() in Python, or thetastar predict."
        )
    chosen = getattr(model, "members", None)
    if chosen is None:
        members: tuple[NetworkMember, ...] = (_member("network", 1, model.network, model.preparation),)
    else:
        for member in chosen:
            if member.network is None:
                raise InputError(
                    f"export: every member of the answer must be a network. Got {member.name!r}. "
                    "Fit with answer='networks' (--answer networks on the command line)."
                )
        members = tuple(_member(one.name, one.count, one.network, one.preparation) for one in chosen)
    base = getattr(model.preparation, "base", model.preparation)
    version = getattr(model.record, "thetastar", "")
    threshold = getattr(model, "threshold", None)
    return Answer(tuple(base.blocks), members, model.target_encoding, version, calibration_of(model), threshold)


def calibration_of(model: Any) -> dict[str, Any] | None:
    """The last step of a model's probabilities as its file has it; None where there is none."""
    calibration = getattr(model, "calibration", None)
    return None if calibration is None else calibration.to_state()


def _member(name: str, count: int, network: Network, preparation: Any) -> NetworkMember:
    pieces: tuple[tuple[int, np.ndarray], ...] = ()
    if isinstance(preparation, PiecewisePreparation):
        pieces = tuple(zip(preparation.columns, preparation.edges, strict=True))
    return NetworkMember(name, count, network, pieces)
