"""The function that a model answers with: a network, a baseline, or an average of several of both.

A member is a network or a fitted baseline with the preparation whose rows it takes. All preparations begin with the
same one, so a table is prepared once; some members see its numbers in pieces. What the members predict (values in the
target's unit, or probabilities) is averaged by their counts: whole numbers, so that weights are the same everywhere.
Probabilities are calibrated last, where that pays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from thetastar.data.piecewise import PiecewisePreparation
from thetastar.errors import InputError
from thetastar.model.calibration import Calibration
from thetastar.model.metrics import Thresholds, named
from thetastar.network import Network
from thetastar.recipes.fitted import Constant, Fitted, Linear
from thetastar.recipes.formulas import FittedFormula, FormulaAndNetwork
from thetastar.recipes.quantiles import FittedQuantiles
from thetastar.recipes.targets import FittedTargets
from thetastar.recipes.trees import Trees

if TYPE_CHECKING:
    from thetastar.data.table import Table
    from thetastar.data.targets import AnyTarget

__all__ = ["FITTED", "Answer", "Member", "averaged", "check_description"]

FITTED: dict[str, type[Fitted]] = {
    kind.kind: kind
    for kind in (Constant, Linear, Trees, FittedQuantiles, FittedTargets, FittedFormula, FormulaAndNetwork)
}
"""Every kind of fitted baseline by its name."""

_MOST_MEMBERS = 1_000


@dataclass(frozen=True, eq=False)
class Member:
    """One member of an answer.

    Attributes:
        name: as on the leaderboard.
        count: how often it counts in the average.
        predictor: a trained `Network`, or what was kept of a baseline.
        preparation: makes the rows that it takes.
    """

    name: str
    count: int
    predictor: Network | Fitted
    preparation: Any

    @property
    def network(self) -> Network | None:
        """The network; None of a baseline."""
        return self.predictor if isinstance(self.predictor, Network) else None

    @property
    def weight(self) -> float:
        """How often it counts, as a number."""
        return float(self.count)

    @property
    def size(self) -> int:
        """Numbers that were fitted."""
        return self.predictor.parameter_count if isinstance(self.predictor, Network) else self.predictor.size

    def predicted(self, rows: np.ndarray, encoding: AnyTarget, threads: int) -> np.ndarray:
        """(n,) values or (n, C) probabilities of prepared rows."""
        if isinstance(self.predictor, Network):
            return encoding.predicted(self.predictor.predict(rows, threads=threads))
        return self.predictor.predict(rows, threads)


@dataclass(frozen=True, eq=False)
class Answer:
    """Members and their average.

    Attributes:
        calibration: the last step of probabilities; None where they are left as they are.
        threshold: the probability from which on the second of two classes is named, or each of several labels; None
            where the likeliest is.
    """

    members: tuple[Member, ...]
    calibration: Calibration | None = None
    threshold: Thresholds = None

    @classmethod
    def alone(cls, name: str, network: Network, preparation: Any) -> Answer:
        """A network by itself."""
        return cls((Member(name, 1, network, preparation),))

    @property
    def kind(self) -> Literal["network", "baseline", "average"]:
        """ "network", "baseline" or "average"."""
        if len(self.members) > 1:
            return "average"
        return "network" if self.members[0].network is not None else "baseline"

    def predicted(self, table: Table, encoding: AnyTarget, threads: int) -> np.ndarray:
        """(n,) values in the target's unit, (n, C) probabilities, (n, Q) quantiles, or (n, K) of several targets."""
        return self.calibrated(self.averaged(table, encoding, threads))

    def calibrated(self, predicted: np.ndarray) -> np.ndarray:
        """What the members say together, as it is handed out."""
        return predicted if self.calibration is None else self.calibration(predicted)

    def named(self, predicted: np.ndarray) -> np.ndarray:
        """(n,) class indices of (n, C) probabilities as `predicted` gives them; of labels (n, K) 1 for a yes."""
        return named(predicted, self.threshold)

    def averaged(self, table: Table, encoding: AnyTarget, threads: int) -> np.ndarray:
        """The same as `predicted` without the calibration."""
        return self.averaged_rows(_base(self.members[0].preparation).transform(table), encoding, threads, table)

    @property
    def needs_table(self) -> bool:
        """Whether a member reads columns' own numbers, which prepared rows do not hold."""
        return any(isinstance(one.predictor, Fitted) and one.predictor.numbers is not None for one in self.members)

    def averaged_rows(
        self, plain: np.ndarray, encoding: AnyTarget, threads: int, table: Table | None = None
    ) -> np.ndarray:
        """The same of rows (n, F) that the plain preparation has made.

        Args:
            table: that they were made of, which an answer that `needs_table` asks for.
        """
        views: dict[int, np.ndarray] = {}
        parts = []
        for member in self.members:
            rows = plain
            if isinstance(member.preparation, PiecewisePreparation):
                key = id(member.preparation)
                if key not in views:
                    views[key] = member.preparation.expand(plain)
                rows = views[key]
            elif isinstance(member.predictor, Fitted) and table is not None:
                rows = member.predictor.rows_of(plain, table)
            parts.append((member.count, member.predicted(rows, encoding, threads)))
        return averaged(parts)

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What a model file keeps: a JSON-able dict and named arrays."""
        pieces: list[PiecewisePreparation] = []
        described: list[dict[str, Any]] = []
        arrays: dict[str, np.ndarray] = {}
        for place, member in enumerate(self.members):
            at = None
            if isinstance(member.preparation, PiecewisePreparation):
                at = next((k for k, one in enumerate(pieces) if one is member.preparation), len(pieces))
                if at == len(pieces):
                    pieces.append(member.preparation)
            if isinstance(member.predictor, Network):
                state, own = {"network": member.predictor.to_dict()}, member.predictor.parameters
            else:
                plain, own = member.predictor.to_state()
                state = {"fitted": plain}
            described.append({"name": member.name, "count": member.count, "pieces": at, **state})
            arrays |= {f"{place}/{name}": array for name, array in own.items()}
        states = []
        for place, one in enumerate(pieces):
            state, own = one.to_state()
            states.append(state["pieces"])
            arrays[f"pieces/{place}"] = own["pieces.edges"]
        return {"members": described, "pieces": states}, arrays

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        preparation: Any,
        encoding: AnyTarget,
    ) -> Answer:
        """The answer that `to_state` described; calibration and threshold stand beside it in the file.

        Args:
            state, arrays: of the file; the networks' descriptions and arrays have been checked against one another.
            preparation: of the chosen network; its plain part makes the rows of all members.
            encoding: of the target.

        Raises:
            InputError: something does not fit.
        """
        base = _base(preparation)
        base_state, base_arrays = base.to_state()
        views = [
            PiecewisePreparation.from_state(
                {"base": base_state, "pieces": one}, {**base_arrays, "pieces.edges": arrays[f"pieces/{place}"]}
            )
            for place, one in enumerate(state["pieces"])
        ]
        members = []
        for place, one in enumerate(state["members"]):
            own = {name.partition("/")[2]: array for name, array in arrays.items() if name.startswith(f"{place}/")}
            view = base if one["pieces"] is None else views[one["pieces"]]
            predictor: Network | Fitted
            if "network" in one:
                predictor = Network.from_dict(one["network"]).with_parameters(own)
            else:
                predictor = _fitted(one["fitted"], own)
            members.append(Member(one["name"], one["count"], predictor, view))
        answer = cls(tuple(members))
        answer._check(encoding)
        return answer

    def _check(self, encoding: AnyTarget) -> None:
        """Features in, outputs out, for every member."""
        classes = len(encoding.classes or ())
        outputs = encoding.kind.outputs(classes)
        for member in self.members:
            features = member.preparation.feature_count
            if isinstance(member.predictor, Network):
                shape, out = tuple(member.predictor.input_shape), tuple(member.predictor.output_shape)
                if math.prod(shape) != features or out != (outputs,):
                    raise InputError(
                        f"the network of {member.name!r} maps {shape} to {out}, but it gets {features} features and "
                        f"the target needs {outputs} outputs"
                    )
            else:
                member.predictor.check(features, classes)
                levels = len(member.predictor.parts) if isinstance(member.predictor, FittedQuantiles) else 0
                wanted = len(encoding.kind.levels)
                if levels != wanted:
                    raise InputError(f"{member.name!r} answers with {levels} quantiles, and the target has {wanted}")
                _check_targets(member, encoding)


def _check_targets(member: Member, encoding: AnyTarget) -> None:
    """As many answers as targets, and of their kind."""
    kind, fitted = encoding.kind, member.predictor
    targets, labels = (
        (len(fitted.parts), fitted.classes > 0) if isinstance(fitted, FittedTargets) else (1, kind.probable)
    )
    if (targets, labels) != (kind.targets, kind.probable):
        what = f"{targets} {'labels' if labels else 'numbers'}"
        raise InputError(f"{member.name!r} answers with {what}, and the task is {kind.name}")


def averaged(parts: Sequence[tuple[int, np.ndarray]]) -> np.ndarray:
    """The average of predictions by their counts, in the order given; one alone stays as it is, to the bit."""
    if len(parts) == 1:
        return parts[0][1]
    total = np.zeros_like(parts[0][1], dtype=np.float64)
    for count, part in parts:
        total += count * part
    return total / sum(count for count, _ in parts)


def check_description(path: Path, state: Any) -> list[tuple[str, dict[str, Any]]]:
    """The form of an answer's description, before anything in it is used; the networks' places and descriptions.

    Raises:
        InputError: it has another form.
    """
    members = state.get("members") if isinstance(state, dict) else None
    pieces = state.get("pieces") if isinstance(state, dict) else None
    if (
        not isinstance(members, list) or not isinstance(pieces, list) or set(state) != {"members", "pieces"}
        or not 1 <= len(members) <= _MOST_MEMBERS or len(pieces) > len(members)
    ):  # fmt: skip
        raise InputError(f"{path}: the answer's description must list its members; the file is damaged")
    found = []
    for place, member in enumerate(members):
        keys = set(member) if isinstance(member, dict) else set()
        kind = keys - {"name", "count", "pieces"}
        if (
            len(keys) != 4 or kind not in ({"network"}, {"fitted"}) or not isinstance(member["name"], str)
            or type(member["count"]) is not int or not 1 <= member["count"] <= 10**6
            or not (member["pieces"] is None or (type(member["pieces"]) is int and 0 <= member["pieces"] < len(pieces)))
            or not isinstance(member[next(iter(kind))], dict)
        ):  # fmt: skip
            raise InputError(f"{path}: member {place} of the answer has another form; the file is damaged")
        if "network" in member:
            found.append((f"answer/{place}/", member["network"]))
    return found


def _base(preparation: Any) -> Any:
    """The plain preparation under one that cuts numbers into pieces."""
    return preparation.base if isinstance(preparation, PiecewisePreparation) else preparation


def _fitted(state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Fitted:
    kind = state.get("kind")
    if not isinstance(kind, str) or kind not in FITTED:
        raise InputError(f"a part of the answer has the kind {str(kind)[:40]!r}; there are {', '.join(FITTED)}")
    return FITTED[kind].from_state(state, arrays)
