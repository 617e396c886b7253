"""The record: all that the report and the command line read, as plain JSON values; it also lives in the model file."""

from __future__ import annotations

import datetime
import os
import platform
from typing import Any

from thetastar.model.leaderboard import rank_rows
from thetastar.model.metrics import Metric
from thetastar.study.baselines import most_rows
from thetastar.study.plan import Plan
from thetastar.study.problem import Problem
from thetastar.study.refit import Final
from thetastar.study.samples import examples
from thetastar.study.standing import Standing
from thetastar.study.verdict import verdict

__all__ = ["assemble", "leaderboard_rows", "network_row"]


def network_row(standing: Standing, *, chosen: bool = False) -> dict[str, Any]:
    """The leaderboard row of a candidate."""
    outcomes = standing.outcomes
    return {
        "rank": 0, "name": standing.candidate.name, "kind": "network", "description": standing.candidate.sentence,
        "validation_mean": standing.mean, "validation_std": standing.std, "scores": list(standing.scores),
        "runs": len(outcomes), "parameters": standing.parameters,
        "epochs": standing.epochs if outcomes else None, "seconds": round(sum(o.seconds for o in outcomes), 3),
        "status": standing.status, "chosen": chosen, "round": standing.round,
    }  # fmt: skip


def leaderboard_rows(
    standings: list[Standing], baselines: list[dict[str, Any]], metric: Metric
) -> list[dict[str, Any]]:
    """All rows, ranked; the first standing is the chosen one."""
    networks = [network_row(s, chosen=k == 0) for k, s in enumerate(standings)]
    return rank_rows([*networks, *baselines], metric.direction)


def assemble(
    *, question: Problem, board: list[dict[str, Any]], standings: list[Standing], plan: Plan, final: Final,
    test: dict[str, Any], settings: dict[str, Any], timing: dict[str, float], threads: int, starts: int,
) -> dict[str, Any]:  # fmt: skip
    """The record of a finished study; its keys are described in the reference."""
    from thetastar import __version__
    from thetastar.data.inspect import columns_record, distribution, suspect_columns

    metric, refit, preparation = question.metric, final.refit, final.preparation
    notes = [*question.notes, *preparation.notes, *suspect_columns(question.table, question.encoding, question.roles)]
    return {
        "format": 1,
        "thetastar": __version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "question": {
            "source": settings["data"]["path"],
            "test_source": settings["data"]["test_path"],
            "target": question.target,
            "task": question.task,
            "reason": question.encoding.reason,
            "rows": question.table.row_count,
            "features": preparation.feature_count,
            "metric": metric.name,
            "sentence": question.sentence(),
        },
        "columns": columns_record(question.table, question.roles, preparation),
        "target_distribution": distribution(question.table, question.encoding),
        "samples": examples(question),
        "split": {
            "train": len(question.train),
            "validation": len(question.validation),
            "test": test["rows"],
            "seed": settings["study"]["seed"],
            "stratified": question.encoding.kind.classification,
            "folds": question.folds,
        },
        "metric": {"name": metric.name, "direction": metric.direction, "unit": "", "words": metric.words},
        "leaderboard": board,
        "winner": _winner(standings[0], refit, plan),
        "test": test,
        "verdict": verdict(
            board, test, metric, starts=starts, kept=refit.kept, notes=_work_notes(standings, plan, refit, test)
        ),
        "distrust": [*_doubts(question, test), *notes],
        "settings": settings,
        "timing": timing,
        "machine": {
            "level": _level(),
            "threads": threads,
            "python": platform.python_version(),
            "cores": os.cpu_count() or 1,
        },
    }


def _winner(standing: Standing, refit: Any, plan: Plan) -> dict[str, Any]:
    candidate = standing.candidate
    return {
        "name": candidate.name,
        "layers": [{**row, "output": [row["output"]]} for row in refit.network.summary()],
        "parameters": refit.network.parameter_count,
        "settings": {
            **candidate.model_dump(mode="json", exclude={"label"}),
            "batch_size": refit.batch_size,
            "epochs": refit.epochs,
            "seed": refit.seed,
            "loss": refit.loss_name,
        },
        "curves": [
            {"seed": o.seed, "loss": o.loss, "validation_loss": o.validation_loss, "best_epoch": o.best_epoch}
            for o in standing.outcomes[:20]
        ],
        "refit_epochs": refit.epochs,
        "refit_loss": refit.loss,
    }


def _starts(count: int) -> str:
    return "one start" if count == 1 else f"{count} starts"


def _work_notes(standings: list[Standing], plan: Plan, refit: Any, test: dict[str, Any]) -> list[str]:
    """What was cut so that the study ends in time, in sentences."""
    notes = []
    if len(plan.rounds) > 1:
        short, full = plan.rounds
        notes.append(
            f"All {len(plan.candidates)} networks were trained for up to {short.epochs} epochs from "
            f"{_starts(short.starts)}; the best {full.keep} again for up to {full.epochs} epochs from "
            f"{_starts(full.starts)}."
        )
    seen = max((len(s.outcomes) for s in standings), default=0)
    if seen and plan.rows < plan.all_rows:
        notes.append(
            f"To save time the candidates saw {plan.rows:,} of {plan.all_rows:,} training rows; the final network saw "
            "all."
        )
    seen_by_baselines = most_rows(plan.sample)
    if seen_by_baselines is not None and seen_by_baselines < plan.all_rows:
        notes.append(f"The baselines saw {seen_by_baselines:,} of {plan.all_rows:,} training rows.")
    if plan.left_out:
        names = ", ".join(candidate.name for candidate in plan.left_out)
        notes.append(f"Left out because they cost too much for the effort: {names}.")
    cut = sum(standing.status == "interrupted" for standing in standings)
    if cut:
        networks = "one network was" if cut == 1 else f"{cut} networks were"
        notes.append(f"The budget ended before {networks} trained in full; a larger budget would tell more.")
    if refit.stopped == "interrupted":
        notes.append(f"The budget ended in the final training after {refit.epochs} epochs.")
    if not test["baselines_refitted"]:
        notes.append("To keep the budget, the baselines were not fitted again with the validation rows.")
    diverged = [standing.candidate.name for standing in standings if standing.status == "diverged"]
    if diverged:
        notes.append(f"Diverged and therefore out: {', '.join(diverged)}.")
    return notes


def _doubts(question: Problem, test: dict[str, Any]) -> list[str]:
    """What to distrust about the measurement itself."""
    doubts = []
    if test["rows"] < 200:
        doubts.append(
            f"Only {test['rows']} test rows: the interval is wide, and another split would give another score."
        )
    counts = test.get("per_class") or []
    rare = [row["label"] for row in counts if row["support"] < 10]
    if rare:
        shown = ", ".join(rare[:5]) + (", …" if len(rare) > 5 else "")
        doubts.append(f"Fewer than 10 test rows of {shown}: their precision and recall say little.")
    if question.test_table is None:
        doubts.append(
            "The test rows were drawn at random from the same table; rows from elsewhere or later may differ."
        )
    return doubts


def _level() -> str:
    from thetastar._native import level

    return level
