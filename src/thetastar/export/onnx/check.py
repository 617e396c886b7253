"""An ONNX file is checked before it is handed out: by onnx's own rules, and by running rows and comparing answers."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from thetastar.data.blocks import Block, BooleanBlock, CategoryBlock, DateBlock, ImageBlock, NumberBlock, dates_of
from thetastar.data.table import Column
from thetastar.errors import InputError
from thetastar.export.answer import Answer, FittedMember
from thetastar.export.formula import behind
from thetastar.export.onnx.graph import package

__all__ = ["BOUND", "ROWS", "answers", "checked", "level_hash", "run"]

ROWS = 1000
BOUND = 1e-5
"""How far answers may be apart: probabilities by this, values by so much of the target's deviation, or of how many
deviations a value lies from the mean where that is more than one."""


def checked(answer: Answer, written: bytes, seed: int = 0) -> bytes:
    """The same bytes, if the file is sound and says what the model says.

    Args:
        answer: what was written.
        written: the bytes of the file.
        seed: of the rows that are tried: usual and far values, missing ones, levels that training did not see.

    Raises:
        InputError: a package is missing, the file breaks a rule of ONNX, or an answer differs by more than the bound.
    """
    onnx = package("onnx")
    package("onnxruntime")
    try:
        onnx.checker.check_model(written, full_check=True)
        names = [one.name for one in onnx.load_from_string(written).graph.input]
        fed, columns = _rows(answer, names, np.random.default_rng(seed))
        found = np.asarray(run(written, fed)[-1])
    except Exception as error:  # what onnx and onnxruntime raise has no type in common
        raise InputError(
            f"export to ONNX: the file that was made cannot be run ({' '.join(str(error).split())[:300]}). Nothing "
            "was written. Please report it, and use to='python' (--to python) until it is mended."
        ) from error
    wanted = answers(answer, columns)
    apart = np.abs(found - wanted)
    if not answer.encoding.kind.probable:
        scale = np.asarray(answer.encoding.scale)
        apart = apart / np.maximum(scale, np.abs(wanted - answer.encoding.mean))
    if not bool((apart <= BOUND).all()):
        row = int(np.argmax(np.where(np.isnan(apart), np.inf, apart).reshape(ROWS, -1).max(axis=1)))
        raise InputError(
            f"export to ONNX: the answers of the file must be within {BOUND:g} of the model's. In row {row:,} of "
            f"{ROWS:,} random rows it says {found[row]} where the model says {wanted[row]}. Nothing was written. "
            "Please report it, and use to='python' (--to python) until it is mended."
        )
    return written


def run(written: bytes, fed: dict[str, np.ndarray]) -> list[Any]:
    """All outputs of an ONNX file, by onnxruntime on one thread."""
    runtime = package("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(written, options, providers=["CPUExecutionProvider"])
    return list(session.run(None, fed))


def answers(answer: Answer, columns: list[Column]) -> np.ndarray:
    """(n,) values, (n, C) probabilities or (n, Q) quantiles that the model gives for its blocks' columns, in order."""
    parts = []
    for block, column in zip(answer.blocks, columns, strict=True):
        out = np.zeros((len(column), block.width), np.float32)
        block.fill(column, lambda row, name=block.name: f"row {row} of {name}", out)  # type: ignore[misc]
        parts.append(out)
    plain = np.concatenate(parts, axis=1)
    total: Any = 0.0
    for member in answer.members:
        cut = [np.clip((plain[:, at, None] - edges[:-1]) / (edges[1:] - edges[:-1]), 0, 1)
               for at, edges in member.pieces]  # fmt: skip
        rows = np.concatenate([plain, *cut], axis=1, dtype=np.float32)
        if isinstance(member, FittedMember):
            found = member.fitted.predict(behind(rows, member.fitted, answer.blocks, columns))
        else:
            found = answer.encoding.predicted(member.network.predict(rows))
        total = total + member.count * found
    total = total / sum(member.count for member in answer.members)
    if answer.calibration is None:
        return np.asarray(total)
    from thetastar.export.predict import calibrated

    return calibrated(total, answer.calibration)


def level_hash(text: str, hashed: int) -> int:
    """What the input `…_hash` of a column takes for a level that training did not see."""
    bucket = 1 + zlib.crc32(text.encode()) % hashed
    return bucket if zlib.crc32(f"±{text}".encode()) & 1 else -bucket


def _rows(answer: Answer, names: list[str], rng: np.random.Generator) -> tuple[dict[str, np.ndarray], list[Column]]:
    """Inputs of the file by their names, and the same rows as columns of a table."""
    fed: dict[str, np.ndarray] = {}
    columns, left = [], iter(names)
    for block in answer.blocks:
        column, name = _column(block, rng), next(left)
        columns.append(column)
        if isinstance(block, BooleanBlock | CategoryBlock):
            texts = np.array([*column.levels, ""], object)[column.codes]
            fed[name] = texts[:, None]
            if isinstance(block, CategoryBlock) and block.hashed:
                hashes = [level_hash(text, block.hashed) if text else 0 for text in texts]
                fed[next(left)] = np.array(hashes, np.int64)[:, None]
        elif isinstance(block, DateBlock):
            fed[name] = dates_of(column, block.layout, block.unknown, str)[0][:, None]
        elif isinstance(block, NumberBlock):
            fed[name] = column.numbers[:, None]
        else:
            fed[name] = column.samples
    return fed, columns


def _column(block: Block, rng: np.random.Generator) -> Column:
    """A thousand cells: usual and far ones, missing ones, and levels that training did not see."""
    gaps = rng.random(ROWS) < 0.1
    if isinstance(block, NumberBlock):
        far = 10.0 ** rng.choice([0, 0, 0, 1, 3], ROWS)
        numbers = block.centre + block.scale * far * rng.standard_normal(ROWS)
        return Column(block.name, numbers=np.where(gaps, np.nan, numbers))
    if isinstance(block, DateBlock):
        moments = block.centre + 2 * block.scale * rng.uniform(-1, 1, ROWS)
        low, high = -2e9, 4e9  # the years that every layout can write
        texts = [str(np.datetime64(int(at), "s")) for at in np.clip(moments, low, high)]
        return _texts(block.name, texts, gaps)
    if isinstance(block, BooleanBlock | CategoryBlock):
        levels = (*block.yes, *block.no) if isinstance(block, BooleanBlock) else (
            *block.levels, *(level for level, _ in block.rest))  # fmt: skip
        new = [f"unseen {k}" for k in range(1 + len(levels) // 8)]
        return _texts(block.name, rng.choice([*levels, *new], ROWS).tolist(), gaps)
    assert isinstance(block, ImageBlock) or hasattr(block, "padded")
    sequence = not isinstance(block, ImageBlock)
    centre, scale = np.array(block.centre), np.array(block.scale)  # type: ignore[attr-defined]
    shape = (*(block.row_shape or ())[:-1], len(centre))
    samples = (centre + scale * rng.standard_normal((ROWS, *shape))).astype(np.float32)
    if sequence and block.padded:
        lengths = rng.integers(1, shape[0] + 1, ROWS)
        samples[np.arange(shape[0]) >= lengths[:, None]] = np.nan
        samples[rng.random(samples.shape) < 0.02] = np.nan
    return Column(block.name, samples=samples)


def _texts(name: str, texts: list[str], gaps: np.ndarray) -> Column:
    levels = tuple(dict.fromkeys(texts))
    place = {level: k for k, level in enumerate(levels)}
    codes = np.array([place[text] for text in texts], np.int32)
    return Column(name, codes=np.where(gaps, np.int32(-1), codes), levels=levels)
