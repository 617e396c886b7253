"""How many rows lie in the 80 % interval of `ts.fit(…, quantiles=(0.1, 0.5, 0.9))`, over tables and seeds.

    python -m benchmarks.quantiles --data FOLDER [--tables concrete,wine] [--seeds 0,1,2,3,4] [--effort quick]
                                   [--out results.jsonl]

Tables and splits are those of `benchmarks/answers.py`: of each seed a fifth of the rows is kept apart, which the study
does not see. On these rows stand the share within the interval, with and without the correction by validation rows, the
quantile loss of the answer and of the best baseline, and how wide the interval is in standard deviations of the target.
The target is met where the share, pooled over the seeds, is within 80 ± max(3, two standard errors) per cent. Results
are appended to `--out` one a line, and what it holds is not run again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answers import TABLES, load

LEVELS, NOMINAL = (0.1, 0.5, 0.9), 0.8
REGRESSIONS = tuple(name for name, (_, _, metric) in TABLES.items() if metric == "rmse")


def run(folder: Path, name: str, seed: int, effort: str) -> dict[str, Any]:
    """One study, judged on the rows that were kept apart."""
    import thetastar as ts
    from thetastar.model.metrics import find_metric

    train, test, target = load(folder, name, seed)
    before = time.process_time()
    model = ts.fit(train, target=target, quantiles=LEVELS, effort=effort, seed=seed)
    seconds = time.process_time() - before
    truth = test[target].to_numpy(np.float64)
    said = np.asarray(model.predict(test))
    plain = replace(model._answer, calibration=None).predicted(model._read(test), model.target_encoding, 2)
    metric = find_metric(None, model.task)
    baselines = model.record.test.baselines
    return {
        "table": name, "seed": seed, "effort": effort, "rows": len(truth), "seconds": round(seconds, 1),
        "held": int(inside(said, truth).sum()), "held_plain": int(inside(plain, truth).sum()),
        "below": [float(np.mean(truth <= said[:, k])) for k in range(len(LEVELS))],
        "pinball": metric(truth, said), "crossings": int((np.diff(said, axis=1) < 0).sum()),
        "own_test": {"answer": model.score["pinball"], **{name: each["pinball"] for name, each in baselines.items()}},
        "width": float(np.mean(said[:, -1] - said[:, 0]) / truth.std()), "answer": model.record.answer.name,
    }  # fmt: skip


def inside(said: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(n,) whether a row lies from the lowest to the highest quantile."""
    return (said[:, 0] <= truth) & (truth <= said[:, -1])


def told(lines: list[dict[str, Any]]) -> str:
    """A line a table, pooled over its seeds."""
    by_table = defaultdict(list)
    for line in lines:
        by_table[line["table"]].append(line)
    titles = ("table", "seeds", "rows", "held", "without correction", "allowed", "met", "below the levels", "pinball",
              "best baseline", "width / sd", "CPU s")  # fmt: skip
    rows = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for name, own in by_table.items():
        count = sum(line["rows"] for line in own)
        share, plain = (sum(line[key] for line in own) / count for key in ("held", "held_plain"))
        allowed = max(0.03, 2 * (NOMINAL * (1 - NOMINAL) / count) ** 0.5)
        below = np.mean([line["below"] for line in own], axis=0)
        answers = np.mean([line["own_test"]["answer"] for line in own])
        rivals = [key for key in own[0]["own_test"] if key != "answer"]
        best = min(rivals, key=lambda key: np.mean([line["own_test"][key] for line in own]))
        rival = np.mean([line["own_test"][best] for line in own])
        rows.append(
            f"| {name} | {len(own)} | {count:,} | {share:.1%} | {plain:.1%} | ± {allowed:.1%} "
            f"| {'yes' if abs(share - NOMINAL) <= allowed else 'no'} | {', '.join(f'{each:.1%}' for each in below)} "
            f"| {answers:.4g} | {rival:.4g} ({best}) | {np.mean([line['width'] for line in own]):.2f} "
            f"| {np.mean([line['seconds'] for line in own]):.0f} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Run what is missing, and print the table of everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tables", default=",".join(REGRESSIONS))
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--effort", default="usual")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    held = [json.loads(line) for line in asked.out.read_text().splitlines()] if asked.out and asked.out.exists() else []
    done = {(line["table"], line["seed"], line["effort"]) for line in held}
    for name in asked.tables.split(","):
        for seed in map(int, asked.seeds.split(",")):
            if (name, seed, asked.effort) in done:
                continue
            held.append(run(asked.data, name, seed, asked.effort))
            print(json.dumps(held[-1]), flush=True)
            if asked.out:
                with asked.out.open("a") as file:
                    file.write(json.dumps(held[-1]) + "\n")
    print(told([line for line in held if line["effort"] == asked.effort]))


if __name__ == "__main__":
    main()
