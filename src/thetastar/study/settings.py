"""The settings of a study, as `study.toml` holds them: everything needed to run it again to the same bits."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from thetastar import __version__
from thetastar._native import level
from thetastar.recipes import Candidate
from thetastar.study.folder import data_digest
from thetastar.study.options import StudyOptions
from thetastar.study.problem import Problem
from thetastar.study.row_weights import in_words

__all__ = ["settings_of"]


def settings_of(
    data: Any, problem: Problem, options: StudyOptions, found: dict[str, Any], threads: int,
    candidates: tuple[Candidate, ...],
) -> dict[str, Any]:  # fmt: skip
    """The settings, with what the study found for options that were left open: effort and restarts are `found`."""
    levels, asked = problem.encoding.kind.levels, problem.asked
    settled: dict[str, Any] = {
        "target": asked if isinstance(asked, str) else list(asked),
        "task": "regression" if levels else problem.encoding.kind.one,
        "quantiles": list(levels) or None, "metric": problem.metric.name, "folds": problem.folds, "threads": threads,
        "sample_weight": in_words(options.sample_weight), **found,
    }  # fmt: skip
    return {
        "format": 1,
        "thetastar": __version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "data": {
            "path": _source(data, problem.table), "rows": problem.table.row_count,
            "test_path": None if problem.test_table is None else _source(options.test, problem.test_table),
            "digest": data_digest(problem.table, problem.test_table),
        },
        "study": {**options.written(settled), "level": level},
        "roles": {name: role.role for name, role in problem.roles.items() if role.overridden},
        **_tried(options, candidates),
    }  # fmt: skip


def _tried(options: StudyOptions, candidates: tuple[Candidate, ...]) -> dict[str, Any]:
    """The space, which may have a million candidates, or the candidates one by one."""
    if options.space is not None:
        return {"space": options.space.written()}
    return {"candidates": [candidate.model_dump(mode="json", exclude_none=True) for candidate in candidates]}


def _source(given: Any, table: Any) -> str:
    return str(given) if isinstance(given, str | Path) else table.source
