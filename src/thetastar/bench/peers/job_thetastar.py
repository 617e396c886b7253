"""The whole job with thetastar: `python job_thetastar.py SPEC.json TABLE.csv OUT`; see scenarios.py for what it is."""

from __future__ import annotations

import json
import sys

import thetastar as ts

spec = json.load(open(sys.argv[1], encoding="utf-8"))
candidates = [
    ts.Candidate(hidden=tuple(hidden), activation="relu", optimizer="adam", weight_decay=0.0, schedule="constant",
                 learning_rate=spec["learning_rate"], epochs=spec["epochs"], batch_size=spec["batch"])
    for hidden in spec["hidden"]
]  # fmt: skip
model = ts.fit(
    sys.argv[2], spec["target"], candidates=candidates, restarts=spec["starts"], folds=1, threads=spec["threads"],
    out=sys.argv[3], fresh=True,
)  # fmt: skip
print(json.dumps({"accuracy": model.score["accuracy"]}))
