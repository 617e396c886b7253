"""Formulas in the record: the numbers that were found for their parameters."""

from __future__ import annotations

from typing import Annotated

from thetastar.model.part import Interval, Number, Part, Text, about

__all__ = ["FormulaRow", "Parameter"]


class Parameter(Part):
    """A parameter of a formula, as the rows that were learned from give it."""

    name: Annotated[Text, about("Its name in the formula.")]
    value: Annotated[Number, about("The value that fits best.")]
    interval: Annotated[Interval | None, about("Its 95 % interval; None where the rows cannot say.")]
    remark: Annotated[Text, about('Why there is none, or what else fits as well; "" where there is nothing to say.')]

    @property
    def sentence(self) -> str:
        """`b = 0.0799 (0.0788 to 0.0810)`, with the remark behind it."""
        ends = "" if self.interval is None else f" ({self.interval[0]:.4g} to {self.interval[1]:.4g})"
        return f"{self.name} = {self.value:.4g}{ends}{f', {self.remark}' if self.remark else ''}"


class FormulaRow(Part):
    """A formula that the user gave, with what was found for it."""

    name: Annotated[Text, about("Its name on the leaderboard.")]
    text: Annotated[Text, about("As it was given.")]
    filled: Annotated[Text, about("The same with the numbers found, to four digits.")]
    columns: Annotated[tuple[Text, ...], about("The columns in it.")]
    log_odds: Annotated[bool, about("Whether it gives the log-odds of the second of two classes.")]
    parameters: Annotated[tuple[Parameter, ...], about("Its parameters, in the order of the text.")]
    share: Annotated[
        Number | None,
        about("How much of the network counts that learned what the formula leaves, from 0 to 1; None without one."),
    ]

    @property
    def sentence(self) -> str:
        """The formula with its numbers, and each of them with its interval."""
        found = "; ".join(one.sentence for one in self.parameters)
        return f"{self.text}: {'log-odds = ' if self.log_odds else ''}{self.filled}, with 95 % intervals {found}."
