"""How a training was computed. The core chooses it from sizes alone (core/choose.hpp); only its time depends on it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Way"]


@dataclass(frozen=True)
class Way:
    """The way that the core took. core/README.md says what all ways have in common.

    Attributes:
        lane: what a lane of a vector was: a "unit", a "sample" or a "network".
        factors: where dense products found their factors: "in place", in "panels" or in "bfloat16" parts.
        registers: how far numbers stayed in registers: a "product", all "layers" in one loop, or a whole "step".
        filtered: whether a convolution went by minimal filtering.
        by_blocks: whether parameters moved block by block, while their gradients were at hand.
        networks: how many trained side by side.
        threads: how many shared a step.
        by_columns: how many layers these threads cut by columns; they cut the others by samples.
        samples: how many passed at once.
    """

    lane: str = "unit"
    factors: str = "in place"
    registers: str = "product"
    filtered: bool = False
    by_blocks: bool = False
    networks: int = 1
    threads: int = 1
    by_columns: int = 0
    samples: int = 0

    def __str__(self) -> str:
        words = [f"a {self.lane} in every lane"]
        if self.networks > 1:
            words[0] += f" ({self.networks} together)"
        if self.factors != "in place":
            words.append(f"factors in {self.factors}")
        if self.registers != "product":
            words.append("all layers in one loop" if self.registers == "layers" else "whole steps in registers")
        if self.filtered:
            words.append("minimal filtering")
        if self.by_blocks:
            words.append("parameters by blocks")
        if self.threads > 1:
            words.append(f"{self.threads} threads a step")
        if self.by_columns:
            words.append(f"{self.by_columns} layer{'s' if self.by_columns > 1 else ''} by columns")
        return ", ".join(words)
