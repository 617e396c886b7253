"""The options of a study: one table that feeds signature, checks, `study.toml`, `repeat`, `--help` and the reference.

A new option is one field here, the parameter of the same name and default in `fit` (which keeps its signature written
out for editors) and its paragraph in the docstring; `tests/study/test_options.py` shows that all places agree and
prints what is to be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from thetastar.errors import InputError
from thetastar.recipes import Candidate
from thetastar.study.effort import parse_effort
from thetastar.study.space import Space

__all__ = ["Kept", "StudyOptions"]

Kept = Literal["result", "time", "tables", "place"]
"""How a study keeps an option.

result: it changes the result, so it stands in study.toml, must be the same to resume, and `repeat` takes it from there.
time: it changes only how long a study takes; it stands in study.toml for the reader.
tables: as "result", in a part of study.toml of its own.
place: where things are; a study may be repeated elsewhere.
"""


def _option(
    default: Any, kept: Kept, description: str, *, metavar: str | None = None, flag: str | None = None, **rules: Any
) -> Any:
    """A row of the table; `metavar` is what the command line calls the value, `flag` the option where it is shorter."""
    about: dict[str, Any] = {"kept": kept, "metavar": metavar, "flag": flag}
    return Field(default=default, description=description, json_schema_extra=about, **rules)


class StudyOptions(BaseModel):
    """Everything about a study except the data itself; the description of each field is its help text."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    target: str | int | tuple[str | int, ...] | None = _option(
        None, "result",
        "Column to predict: its name, or its 0-based index (negative from the end); several in a list, all numbers or "
        "all of two classes; or the values, where the data is an array. Images in folders and IDX files have their "
        "class for a target.",
        metavar="COLUMN",
    )  # fmt: skip
    test: Any = _option(
        None, "place", "Test data of its own; without it a tenth of the rows is kept for the test.", metavar="FILE"
    )
    keep_test: bool = _option(
        False, "result",
        "Keep the test rows out of the model for ever. If not given, the answer learns from them too once they are "
        "scored, with the same members; not with effort quick, test rows of your own, or over 200,000 rows.",
    )  # fmt: skip
    rows: int | None = _option(
        None, "result",
        "Learn from so many rows of the data at most, drawn at random; as many as the memory has room for if not "
        "given.",
        metavar="NUMBER", ge=10,
    )  # fmt: skip
    task: Literal["regression", "binary", "multiclass"] | None = _option(
        None, "result", "Kind of the target; found from its values if not given.", metavar="TASK"
    )
    quantiles: tuple[float, ...] | None = _option(
        None, "result",
        "Quantiles of a number to predict, such as 0.1,0.5,0.9, instead of its mean: one network says all, none cross, "
        "and validation rows correct how many rows lie below each.",
        metavar="LEVELS",
    )  # fmt: skip
    metric: str | Callable[..., Any] | None = _option(
        None, "result",
        "Score that chooses: rmse, mae, r2; auc, accuracy, log_loss, f1, balanced_accuracy, macro_f1; a name or a "
        "scorer of scikit-learn's; or, slowly, a function of (y, prediction).",
        metavar="NAME",
    )  # fmt: skip
    roles: dict[str | int, str] | None = _option(
        None, "tables", "Roles of columns where the one found does not suit, such as {'zip': 'category'}."
    )
    id: str | None = _option(
        None, "result",
        "Column that says whose row it is, where rows are steps; the rows of an id become one sequence. Needs time.",
        metavar="COLUMN",
    )  # fmt: skip
    time: str | None = _option(
        None, "result", "Column that orders the steps of a sequence; needs id.", metavar="COLUMN"
    )
    ordered: bool = _option(
        False, "result", "Rows are in order of time: the last tenth is the test, the tenth before it chooses."
    )
    shuffle: bool = _option(
        False, "result", "Deal rows at random even where they stand in order of time and the target depends on it."
    )
    group: str | None = _option(
        None, "result",
        "Column whose equal values belong together (a patient, a household): no group has rows on two sides of a "
        "split. It is not learned from. near-copies: blocks of rows that are nearly the same.",
        metavar="COLUMN",
    )  # fmt: skip
    by_time: str | None = _option(
        None, "result",
        "Column of dates or numbers to split by: the last tenth of the rows is the test, the tenth before it chooses.",
        metavar="COLUMN",
    )  # fmt: skip
    gap: int | None = _option(
        None, "result", "With by_time: different times left out before the rows that choose and that test.",
        metavar="TIMES", ge=1, le=100_000,
    )  # fmt: skip
    stratify: str | None = _option(
        None, "result",
        "Column whose values keep their shares in every part, in tenths where they are numbers; the classes of the "
        "target do so by themselves.",
        metavar="COLUMN",
    )  # fmt: skip
    sample_weight: Any = _option(
        None, "result",
        "How much each row counts, in training and in every score: a column's name, or one number a row. Weights of "
        "money, counts or shares do alike, for they are scaled to a mean of 1; rows of weight zero are left out. The "
        "column is not learned from, and predictions do not need it.",
        metavar="COLUMN", flag="--weight",
    )  # fmt: skip
    candidates: tuple[Candidate, ...] | None = _option(
        None, "tables",
        "Networks to choose among, such as [(), (64, 64), Candidate(dropout=0.2)]; a set suited to the table if not "
        "given.",
    )  # fmt: skip
    space: Space | None = _option(
        None, "tables",
        "Settings to search, as a dict or a TOML file: {'learning_rate': [0.001, 0.01], 'l2': [0, 0.1]} is a grid; "
        "ranges, random, Sobol, Optuna and successive halving in the guide to search spaces.",
        metavar="FILE",
    )  # fmt: skip
    formulas: tuple[str, ...] | None = _option(
        None, "result",
        "Formulas that may hold, such as 'a*exp(-b*age) + c', which compete: names that are columns are columns, all "
        "others are parameters, found by least squares; alone, and with a network on what is left. Of two classes they "
        "give the log-odds.",
        metavar="TEXT", flag="--formula",
    )  # fmt: skip
    monotone: tuple[str, ...] | None = _option(
        None, "result",
        "Columns that the answer must rise (+) or fall (-) with, such as price:-,area:+ or {'price': '-'}: held "
        "exactly, whatever the other columns are, by networks, trees and lines; what cannot hold it does not compete.",
        metavar="COLUMN:SIGN",
    )  # fmt: skip
    bounds: str | tuple[float | None, float | None] | None = _option(
        None, "result",
        "Least and largest value that the number to predict can have, such as 0: or 0:100: every answer is clipped to "
        "them.",
        metavar="LOW:HIGH",
    )  # fmt: skip
    answer: Literal["best", "networks", "one"] = _option(
        "best", "result",
        "What the model answers with: whatever is best on the validation rows, networks only, or one network.",
        metavar="WHICH",
    )  # fmt: skip
    threshold: str | float | None = _option(
        None, "result",
        "Of two classes, and of each of several labels: from which probability on a row is called positive: f1, "
        "youden, cost=FN:FP (what a missed row and a false alarm cost) or a number; chosen on validation rows. The "
        "likelier class if not given.",
        metavar="RULE",
    )  # fmt: skip
    restarts: int | None = _option(
        None, "result",
        "Random starts of every candidate; if not given, 3, with effort quick 2, with high 5, and of a space 1.",
        metavar="N", ge=1, le=1000,
    )  # fmt: skip
    folds: int | None = _option(
        None, "result",
        "1: fixed validation rows; k: k-fold cross-validation; if not given, 5 for tables under 2,000 rows and else 1; "
        "with effort quick 3 and 1, with high 10, 5 under 20,000 rows and else 1.",
        ge=1, le=100,
    )  # fmt: skip
    cv: Any = _option(
        None, "result",
        "Folds to choose by: a number of them, a splitter of scikit-learn's, or a list of pairs (train, validation) of "
        "row numbers, where rows that no pair names are the test.",
    )  # fmt: skip
    nested: int | None = _option(
        None, "result",
        "Outer folds: the whole procedure runs once more for each, with other rows kept for its test, and its score is "
        "an unbiased estimate of what the procedure reaches.",
        metavar="K", ge=2, le=100,
    )  # fmt: skip
    repeats: int | None = _option(
        None, "result", "With nested: how often it is dealt anew, each time with other folds; once if not given.",
        metavar="R", ge=1, le=100,
    )  # fmt: skip
    budget: float | None = _option(None, "time", "Seconds that the whole study may take.", metavar="SECONDS", gt=0)
    effort: str | float | None = _option(
        None, "result",
        "quick (some seconds for 20,000 rows), usual, or high (up to ten times as long: wider search, more folds and "
        "members); or core-seconds of the reference machine for networks. By budget or rows if not given. Unlike a "
        "budget it makes the same plan, and so gives the same bits, on every machine.",
        metavar="EFFORT",
    )  # fmt: skip
    seed: int = _option(0, "result", "Seed of the split, the starts and the shuffles.", ge=0, le=2**31 - 1)
    threads: int | None = _option(
        None, "time", "Threads to use; every core if not given. The result does not depend on it.", ge=1, le=4096
    )
    cluster: str | None = _option(
        None, "time",
        "Where networks train: processes[:N], dask[:ADDRESS], ray[:ADDRESS] or spark[:MASTER]; in this process if not "
        "given. The result does not depend on it.",
        metavar="ENGINE",
    )  # fmt: skip
    out: Path | None = _option(
        None, "place",
        "Folder for study.toml, journal.jsonl, model.theta and report.html. If it holds the same study, that one is "
        "resumed; if it holds another, it is refused unless fresh.",
        metavar="DIR",
    )  # fmt: skip
    fresh: bool = _option(False, "place", "Replace another study in the folder.")

    @field_validator("target", mode="before")
    @classmethod
    def _targets(cls, given: Any) -> Any:
        """A list of one column is that column."""
        return given[0] if isinstance(given, list | tuple) and len(given) == 1 else given

    @field_validator("effort", mode="before")
    @classmethod
    def _effort(cls, given: Any) -> Any:
        """A word, or a number above 0."""
        return None if given is None else parse_effort(given)

    @field_validator("quantiles", mode="before")
    @classmethod
    def _quantiles(cls, given: Any) -> Any:
        """Levels as a list or as a text."""
        if given is None:
            return None
        from thetastar.data.task import parse_levels  # it takes NumPy, which the options are known without

        return parse_levels(given)

    @field_validator("formulas", mode="before")
    @classmethod
    def _formulas(cls, given: Any) -> Any:
        """One text, or several different ones."""
        if given is None:
            return None
        listed = [given] if isinstance(given, str) else list(given) if isinstance(given, Iterable) else [given]
        if not listed or not all(isinstance(text, str) and text.strip() for text in listed):
            raise ValueError("give texts, such as ['a*exp(-b*age) + c']")
        texts = tuple(text.strip() for text in listed)
        if len(set(texts)) < len(texts):
            raise ValueError("two formulas are the same: leave one out")
        return texts

    @field_validator("monotone", mode="before")
    @classmethod
    def _monotone(cls, given: Any) -> Any:
        """`price:-,area:+`, a list of such parts, or a dict."""
        if given is None:
            return None
        if isinstance(given, str):
            given = given.split(",")
        parts = [f"{name}:{sign}" for name, sign in given.items()] if isinstance(given, Mapping) else list(given)
        signs = {"+": "+", "1": "+", "+1": "+", "-": "-", "-1": "-", "−": "-"}
        found: dict[str, str] = {}
        for part in parts:
            name, colon, sign = part.rpartition(":") if isinstance(part, str) else ("", "", "")
            if not colon or not name.strip() or sign.strip() not in signs:
                raise ValueError("write COLUMN:+ or COLUMN:- for each column, such as price:-,area:+")
            if found.setdefault(name.strip(), signs[sign.strip()]) != signs[sign.strip()]:
                raise ValueError(f"{name.strip()!r} cannot both rise and fall; give one sign")
        return tuple(f"{name}:{sign}" for name, sign in found.items()) or None

    @field_validator("bounds", mode="before")
    @classmethod
    def _bounds(cls, given: Any) -> Any:
        """`0:`, `:100`, `0:100`, or a pair of numbers or None; as the text that study.toml holds."""
        if given is None:
            return None
        parts = given.split(":") if isinstance(given, str) else list(given) if isinstance(given, Iterable) else []
        try:
            low, high = (None if part is None or part == "" else float(part) for part in parts)
        except (TypeError, ValueError):
            raise ValueError("write LOW:HIGH, such as 0: or 0:100, or (0, None)") from None
        known = [one for one in (low, high) if one is not None]
        if not known or not all(abs(one) < float("inf") for one in known) or known != sorted(set(known)):
            raise ValueError("the lower must be a number below the upper, and one of them must be given")
        return ":".join("" if one is None else f"{one:.17g}" for one in (low, high))

    @field_validator("threshold", mode="before")
    @classmethod
    def _threshold(cls, given: Any) -> Any:
        """A rule that can be followed; a number in a text is that number."""
        if given is None:
            return None
        from thetastar.study.threshold import parse_rule  # it takes NumPy, which the options are known without

        rule = parse_rule(given)
        return str(given).strip().lower() if rule.value is None else rule.value

    @model_validator(mode="before")
    @classmethod
    def _counted(cls, given: Any) -> Any:
        """cv as a number is `folds`."""
        cv = given.get("cv")
        if isinstance(cv, Integral) and not isinstance(cv, bool):
            if given.get("folds") is not None:
                raise ValueError("cv and folds both say how many folds there are: give one of them")
            return {**given, "cv": None, "folds": int(cv)}
        return given

    @field_validator("cv")
    @classmethod
    def _folds_as_given(cls, given: Any) -> Any:
        if given is None or (hasattr(given, "split") and not isinstance(given, str)):
            return given
        if isinstance(given, str):
            raise ValueError("a study.toml holds its words alone; give cv again as it was")
        pairs = list(given) if isinstance(given, Iterable) else None
        if not pairs or not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
            raise ValueError("give a number, a splitter of scikit-learn's, or pairs such as [([0, 1], [2]), …]")
        return pairs

    @field_validator("cluster")
    @classmethod
    def _engine(cls, given: str | None) -> str | None:
        """An engine that there is."""
        if given is not None:
            from thetastar.study.backends.engine import parse_cluster

            parse_cluster(given)
        return given

    @field_validator("candidates", mode="before")
    @classmethod
    def _candidates(cls, given: Any) -> Any:
        """A tuple of widths stands for the network with these hidden layers."""
        if given is None:
            return None
        if isinstance(given, (str, bytes, dict, Candidate)) or not hasattr(given, "__iter__"):
            raise ValueError("give a list, such as [(64, 64), Candidate(hidden=(128,), activation='tanh')]")
        listed = [item if isinstance(item, (Candidate, dict)) else {"hidden": item} for item in given]
        if not listed:
            raise ValueError("the list is empty; name at least one network, or leave it out for the default set")
        return tuple(listed)

    @field_validator("candidates")
    @classmethod
    def _distinct(cls, given: tuple[Candidate, ...] | None) -> tuple[Candidate, ...] | None:
        names = [candidate.name for candidate in given or ()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two candidates are the same: {twice[0]}; leave one out or give it a label of its own")
        return given

    @model_validator(mode="after")
    def _together(self) -> StudyOptions:
        if (self.id is None) != (self.time is None):
            raise ValueError("id and time belong together: give both columns, or neither")
        if self.quantiles is not None and self.task is not None and _asks_for_a_class(self.task):
            raise ValueError(f"quantiles are of a number, and task={self.task} asks for a class: give one of them")
        if self.ordered and self.shuffle:
            raise ValueError("ordered keeps the rows in order and shuffle does not: give one of them")
        if self.space is not None and self.candidates is not None:
            raise ValueError("space and candidates both say what is tried: give one of them")
        known = [name for name in ("formulas", "monotone", "bounds") if getattr(self, name)]
        if isinstance(self.target, (list, tuple)) and len(self.target) > 1 and known:
            raise ValueError(f"{' and '.join(known)}: what is known is of one target. Give one target")
        if self.formulas and self.monotone:
            raise ValueError("formulas do not keep what monotone asks for: give one of them")
        if self.monotone and self.space is not None:
            raise ValueError("monotone is held for candidates and not in a space: give candidates, or leave space out")
        if self.repeats is not None and self.nested is None:
            raise ValueError("repeats says how often nested folds are dealt: give nested too, or leave repeats out")
        if self.ordered and (self.folds or 1) > 1:
            raise ValueError("rows in order of time cannot be dealt into folds; leave folds out")
        self._splits_together()
        return self

    def _splits_together(self) -> None:
        """Ways to split that contradict one another."""
        if self.cv is not None and self.folds is not None:
            raise ValueError("cv and folds both say which folds there are: give one of them")
        if isinstance(self.cv, list) and (self.by_time is not None or self.id is not None):
            raise ValueError("cv counts the data's rows, which by_time and id put in another order: give one of them")
        ways = [name for name in ("group", "by_time", "stratify", "ordered", "id") if getattr(self, name)]
        if len(ways) > 1:
            raise ValueError(
                f"{' and '.join(ways)} split the rows in ways that contradict one another: give one of them"
            )
        if self.by_time is not None and self.shuffle:
            raise ValueError("by_time splits the rows in order of time and shuffle at random: give one of them")
        if self.by_time is not None and (self.folds or 1) > 1:
            raise ValueError("rows split by time cannot be dealt into folds; leave folds out")
        if self.gap is not None and self.by_time is None:
            raise ValueError("gap leaves out times between the parts and needs by_time: give both, or neither")

    @classmethod
    def kept_as(cls, *kinds: Kept) -> tuple[str, ...]:
        """The names of the options that a study keeps in one of these ways, in the table's order."""
        return tuple(name for name in cls.model_fields if cls.about(name)["kept"] in kinds)

    @classmethod
    def about(cls, name: str) -> dict[str, Any]:
        """What the table says of an option beside type, default and description: `kept`, `metavar` and `flag`."""
        extra = cls.model_fields[name].json_schema_extra
        assert isinstance(extra, dict)
        return dict(extra)

    def written(self, settled: Mapping[str, Any]) -> dict[str, Any]:
        """The options as `study.toml` holds them; what is not given is left out.

        Args:
            settled: what the study found for options that were left open, by name.
        """
        values = {name: settled.get(name, getattr(self, name)) for name in self.kept_as("result", "time")}
        if self.cv is not None:
            from thetastar.study.splits import cv_in_words

            values["cv"] = cv_in_words(self.cv)
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value is not None and value is not False
        }

    @classmethod
    def checked(cls, **given: Any) -> StudyOptions:
        """The options, validated.

        Raises:
            InputError: an option is unknown, of the wrong type or out of range; the message names each one.
        """
        if given.get("space") is not None:
            given = {**given, "space": Space.read(given["space"])}
        try:
            return cls(**given)
        except ValidationError as error:
            raise InputError("; ".join(_sentence(cls, problem) for problem in error.errors())) from None


def _asks_for_a_class(task: str) -> bool:
    from thetastar.data.task import find_task  # it takes NumPy, which the options are known without

    return find_task(task).classification


def _sentence(model: type[BaseModel], problem: Mapping[str, Any]) -> str:
    """One pydantic problem as "where: rule, what arrived. What to do.\""""
    where = ".".join(str(part) for part in problem["loc"])
    rule = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:  # a rule about several options
        return rule
    field = model.model_fields.get(str(problem["loc"][0]))
    hint = f" ({field.description.rstrip('.')})" if field is not None and field.description else ""
    return f"{where}: {rule[:1].lower()}{rule[1:]}, got {problem['input']!r}{hint}"
