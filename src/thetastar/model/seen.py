"""Which rows a model has seen: digests of the rows that it learned from and of those that tested it.

Kept is a keyed hash of 48 bits of each row as the model prepares it, with its target; of more than 10,000 rows those
with the smallest hashes, which are a sample drawn at random (a bottom-k sketch). The key is the data's own digest, so
the same row has other hashes in other models. From the hashes no row can be read; who guesses a whole row, target
included, can check whether it was there, which is what they are for.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import AfterValidator

from thetastar.model.part import Count, Part, Text, about

__all__ = ["Overlap", "Seen", "SeenRows", "row_digests", "seen_rows"]

_MOST = 10_000  # digests of each kind: 80 kB in the file
_BYTES = 6


def _whole(text: str) -> str:
    if len(base64.b64decode(text, validate=True)) % _BYTES:
        raise ValueError(f"digests of {_BYTES} bytes each are expected")
    return text


class SeenRows(Part):
    """Digests of rows, the smallest ones of many."""

    rows: Annotated[Count, about("How many rows there were.", "rows")]
    complete: Annotated[bool, about("Whether the digest of every row is kept; else those of a sample of 10,000.")]
    digests: Annotated[
        Text, AfterValidator(_whole), about("Sorted digests, 48 bits each, in base64; equal rows have one.")
    ]

    def found(self, digests: np.ndarray) -> tuple[int, int]:
        """How many of some rows are among these, and how many of them could be looked up.

        Args:
            digests: (m,) uint64, of `row_digests`.
        """
        known = self._known()
        within = digests if self.complete or not len(known) else digests[digests <= known[-1]]
        return int(np.isin(within, known).sum()), len(within)

    def among(self, digests: np.ndarray) -> np.ndarray:
        """(m,) True for rows that are among these for sure; of a sample, not all are found."""
        return np.isin(digests, self._known())

    def _known(self) -> np.ndarray:
        """The digests as (k,) uint64, rising."""
        raw = np.frombuffer(base64.b64decode(self.digests), np.uint8).reshape(-1, _BYTES)
        kept = np.zeros((len(raw), 8), np.uint8)
        kept[:, 8 - _BYTES :] = raw
        return kept.view(">u8")[:, 0].astype(np.uint64)


class Seen(Part):
    """The rows that a model has seen."""

    learned: Annotated[SeenRows, about("Training and validation rows, which the final network learned from.")]
    tested: Annotated[SeenRows, about("The test rows.")]


class Overlap(NamedTuple):
    """How many rows of some data a model has seen before.

    Attributes:
        rows: how many there are.
        learned, tested: how many of them it learned from, and how many tested it; about, where not `exact`.
        exact: whether every row could be looked up.
        test_learned: whether it learned from the test rows too, after they were scored.
    """

    rows: int
    learned: int
    tested: int
    exact: bool
    test_learned: bool = False

    @property
    def sentences(self) -> list[str]:
        """What that means for a score on these rows; empty where all of them are new."""
        found = []
        if self.learned:
            rows = "is a row" if self.learned == 1 else "are rows"
            found.append(
                f"{self._share(self.learned)} {rows} that the model learned from: the score says how well it "
                "remembers, not how good it is."
            )
        if self.tested:
            rows = "is a test row" if self.tested == 1 else "are test rows"
            what = (
                "the model learned from them too after it had scored them. The model from before is tested.theta in "
                "the study's folder"
                if self.test_learned
                else "a choice that follows from another look has no test left"
            )
            found.append(f"{self._share(self.tested)} {rows} of the study, which has scored them already: {what}.")
        return found

    def _share(self, count: int) -> str:
        return f"{'' if self.exact else 'About '}{count:,} of {self.rows:,} rows ({count / self.rows:.1%})"


def row_digests(inputs: np.ndarray, truth: np.ndarray, key: str) -> np.ndarray:
    """(n,) uint64 below 2⁴⁸: a keyed hash of each prepared row and its target.

    Args:
        inputs: (n, …) float32 as the model prepares them.
        truth: (n,) the target: values or class indices; (n, K) of several targets.
        key: what tells this model's digests from another's.
    """
    rows = np.ascontiguousarray(inputs.reshape(len(inputs), -1), np.float32) + np.float32(0.0)  # -0.0 becomes 0.0
    ends = np.asarray(truth, np.float64) + 0.0
    secret = hashlib.blake2b(key.encode(), digest_size=32).digest()
    out = np.empty(len(rows), np.uint64)
    for k in range(len(rows)):
        one = hashlib.blake2b(rows[k].tobytes(), digest_size=_BYTES, key=secret)
        one.update(ends[k].tobytes())
        out[k] = int.from_bytes(one.digest(), "big")
    return out


def seen_rows(digests: np.ndarray) -> SeenRows:
    """What a record keeps of (n,) digests."""
    distinct = np.unique(digests)
    kept = distinct[:_MOST]
    raw = kept.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - _BYTES :]
    text = base64.b64encode(np.ascontiguousarray(raw).tobytes()).decode()
    return SeenRows(rows=len(digests), complete=len(kept) == len(distinct), digests=text)
