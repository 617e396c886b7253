"""Random small studies for the soak: a table, a command, and the bits of its undisturbed result."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LONGEST = 600  # seconds by the clock for one study, which others' work makes longer: more is a hang


@dataclass(frozen=True)
class Study:
    """A study that may be given again and again.

    Attributes:
        folder: of its own.
        arguments: of `thetastar`.
        out: where its results go.
    """

    folder: Path
    arguments: tuple[str, ...]
    out: Path

    def start(self, prepare=None) -> subprocess.Popen[str]:
        """The command as a process; `prepare` is called in it before anything else."""
        return subprocess.Popen(
            [sys.executable, "-m", "thetastar", *self.arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace", cwd=self.folder, preexec_fn=prepare,
            env=os.environ | {"PYTHONFAULTHANDLER": "1"},
        )  # fmt: skip

    def run(self, prepare=None) -> tuple[int, str]:
        """Its exit code, and what it says on standard error."""
        process = self.start(prepare)
        try:
            _, err = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return -99, f"more than {LONGEST} s"
        return process.returncode, err

    def found(self) -> str:
        """A hash of what the model predicts from; "" where there is no model that can be read."""
        return model_hash(self.out / "model.theta")


def model_hash(path: Path) -> str:
    """Of a model's tensors: times and paths stand in the record, so the file's own bytes differ."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(path)
    except (OSError, SafetensorError):
        return ""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].tobytes())
    return digest.hexdigest()


def make(folder: Path, draw: np.random.Generator) -> Study:
    """A table of 60 to 400 rows with a few columns of several kinds, and a study of it that takes a second or two."""
    folder.mkdir(parents=True)
    rows, columns = int(draw.integers(60, 400)), int(draw.integers(1, 5))
    x = draw.normal(size=(rows, columns))
    words = draw.choice(["Ulm", "Bonn", "Köln", ""], rows)
    y = x[:, 0] ** 2 + (words == "Ulm") + 0.1 * draw.normal(size=rows)
    kind = draw.choice(["regression", "binary", "multiclass"])
    target = y if kind == "regression" else np.digitize(y, np.quantile(y, [0.5] if kind == "binary" else [0.3, 0.7]))
    lines = [",".join([*(f"x{k}" for k in range(columns)), "city", "y"])]
    for row, word, answer in zip(x, words, target, strict=True):
        lines.append(",".join([*(f"{value:.5g}" for value in row), word, f"{answer:.5g}"]))
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    arguments = [
        "fit", "table.csv", "--target", "y", "--out", "out", "--effort", f"{draw.uniform(0.3, 2):.2f}",
        "--seed", str(draw.integers(1000)), "--threads", str(draw.integers(1, 4)),
        "--restarts", str(draw.integers(1, 4)), "--folds", str(draw.integers(1, 4)),
        "--answer", str(draw.choice(["best", "networks", "one"])),
    ]  # fmt: skip
    return Study(folder, tuple(arguments), folder / "out")
