"""A fitted baseline as C: its arrays as constants, and the lines that make scores and an answer of the features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from thetastar.export.c.names import array, double, single
from thetastar.recipes.fitted import Constant, Fitted, Linear
from thetastar.recipes.quantiles import FittedQuantiles
from thetastar.recipes.targets import FittedTargets
from thetastar.recipes.trees import Trees

__all__ = ["FittedText"]


@dataclass
class FittedText:
    """Collects the text of one baseline; `arrays` and `lines` are C, `functions` names what they need.

    The lines work on the features `in`. They return a value, or fill `p`, a probability for each class, or `q`, the
    quantiles in rising order or a number for each of several targets.

    Args:
        prefix: in front of the names of arrays, such as "model_m2_".
        features: how many numbers it takes.
        gives: what is done with a value.
    """

    prefix: str
    features: int
    gives: str = "return {};"
    arrays: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    constants: int = 0  # bytes of all arrays

    def add(self, fitted: Fitted) -> None:
        """Write the baseline."""
        assert isinstance(fitted, Constant | Linear | Trees | FittedQuantiles | FittedTargets)
        if isinstance(fitted, FittedQuantiles):
            return self._quantiles(fitted)
        if isinstance(fitted, FittedTargets):
            return self._each(fitted.parts, labels=fitted.classes > 0)
        if isinstance(fitted, Constant):
            return self._constant(fitted)
        if isinstance(fitted, Linear):
            begin = fitted.bias
            weight = self._floats("weight", fitted.weight)
            call = f"model_linear(in, {self.features}, {weight}, {len(begin)}, s);"
            self.functions.add("linear")
        else:
            begin = fitted.start
            call = self._trees(fitted)
        self.lines.append(f"double s[{len(begin)}] = {{{', '.join(map(double, begin.tolist()))}}};")
        self.lines.append(call)
        if fitted.classes:
            self._probabilities(fitted, len(begin))
        else:
            self.lines.append(self.gives.format("s[0]"))

    def _quantiles(self, fitted: FittedQuantiles) -> None:
        """A block for each level, and all of them in order."""
        self._each(fitted.parts)
        self.functions.add("rising")
        self.lines.append(f"model_rising(q, {len(fitted.parts)});")

    def _each(self, parts: Sequence[Fitted], *, labels: bool = False) -> None:
        """A block for each part, which fills its place in `q`; of labels with the probability of the second class."""
        for k, one in enumerate(parts):
            part = FittedText(f"{self.prefix}q{k + 1}_", self.features, f"q[{k}] = {{}};")
            part.add(one)
            self.arrays += part.arrays
            self.constants += part.constants
            self.functions |= part.functions
            inside = ["float p[2];", *part.lines, f"q[{k}] = p[1];"] if labels else part.lines
            self.lines += ["{", *(f"    {line}" for line in inside), "}"]

    def _constant(self, fitted: Constant) -> None:
        self.lines.append("(void)in;")
        if not fitted.classes:
            self.lines.append(self.gives.format(double(float(fitted.answer[0]))))
        else:
            self.lines += [f"p[{k}] = {single(float(share))};" for k, share in enumerate(fitted.answer)]

    def _trees(self, fitted: Trees) -> str:
        width = fitted.value.shape[1]
        leaf = fitted.left == np.arange(len(fitted.left))
        names = [
            self._whole("feature", fitted.feature),
            self._floats("threshold", np.where(leaf, 0, fitted.threshold)),  # a leaf's is not looked at
            self._whole("left", np.where(leaf, 0, fitted.left)),
            self._floats("value", fitted.value),
            str(width),
            self._whole("root", fitted.root),
            self._whole("column", fitted.column),
        ]
        self.functions.add("trees")
        return f"model_trees(in, {', '.join(names)}, {len(fitted.root)}, s);"

    def _probabilities(self, fitted: Linear | Trees, scores: int) -> None:
        """From scores `s` to `p`."""
        places = fitted.present.tolist()
        if len(places) < fitted.classes:
            self.lines += [f"p[{k}] = 0;" for k in range(fitted.classes) if k not in places]
        if fitted.link == "sigmoid":
            self.functions.add("sigmoid")
            self.lines += [f"p[{places[1]}] = model_sigmoid((float)s[0]);", f"p[{places[0]}] = 1 - p[{places[1]}];"]
            return
        if fitted.link == "identity":
            self.lines += [f"p[{place}] = (float)s[{k}];" for k, place in enumerate(places)]
            return
        self.functions.add("softmax")
        self.lines.insert(0, f"float q[{scores}];")
        self.lines += [f"q[{k}] = (float)s[{k}];" for k in range(scores)]
        self.lines.append(f"model_softmax(q, {scores}, q);")
        self.lines += [f"p[{place}] = q[{k}];" for k, place in enumerate(places)]

    def _floats(self, name: str, values: np.ndarray) -> str:
        full = f"{self.prefix}{name}"
        flat = np.asarray(values, np.float32).ravel()
        self.arrays.append(array(f"float {full}", (single(value) for value in flat.tolist())))
        self.constants += 4 * flat.size
        return full

    def _whole(self, name: str, values: np.ndarray) -> str:
        full = f"{self.prefix}{name}"
        self.arrays.append(array(f"int {full}", map(str, values.tolist())))
        self.constants += 4 * values.size
        return full
