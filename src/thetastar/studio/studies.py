"""Studies that the served page starts and watches: `ts.fit` in a process of its own, and what its folder says."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..errors import InputError

__all__ = ["Studies"]


class Studies:
    """One study at a time, in a folder of its own that lives as long as the server."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def answer(self, name: str, asked: dict[str, Any] | None) -> dict[str, Any] | None:
        """What the page is told: `start` {text, target, effort, seed}, `state`, `stop`, `record`; None otherwise."""
        if name == "start" and asked is not None:
            return self._start(asked)
        if name == "state":
            return self._state()
        if name == "stop" and asked is not None:
            self.stop()
            return {"running": False}
        if name == "record":
            return self._record()
        return None

    def _start(self, asked: dict[str, Any]) -> dict[str, Any]:
        text, target, effort, seed = (asked.get(name) for name in ("text", "target", "effort", "seed"))
        effort, seed = 20 if effort is None else effort, 0 if seed is None else seed
        if (
            not isinstance(text, str)
            or not isinstance(target, str)
            or not isinstance(effort, int | float)
            or not 1 <= effort <= 3600
            or not isinstance(seed, int)
        ):
            raise InputError(
                "A study needs a table's text, a target, an effort from 1 to 3600 core-seconds and a whole seed."
            )
        if self._process is not None and self._process.poll() is None:
            raise InputError("A study is running already. Stop it first.")
        try:
            self._begin(text, target, effort, seed)
        except (OSError, UnicodeError) as error:
            raise InputError(
                f"The study cannot be started ({getattr(error, 'strerror', None) or error}). Close other programs, or "
                "free some space."
            ) from None
        return {"running": True}

    def _begin(self, text: str, target: str, effort: float, seed: int) -> None:
        """The table in a new folder, and the process that learns from it."""
        self._folder = tempfile.TemporaryDirectory(prefix="thetastar-studio-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        (folder / "table.csv").write_text(text, encoding="utf-8")
        # What it says goes to a file: a pipe that nobody reads would stop it when it is full.
        with open(folder / "words.txt", "wb") as words:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "thetastar", "fit", str(folder / "table.csv"), f"--target={target}",
                 f"--effort={effort}", f"--seed={seed}", "--out", str(folder / "study"), "--json"],
                stdout=subprocess.DEVNULL, stderr=words,
            )  # fmt: skip

    def _state(self) -> dict[str, Any]:
        if self._process is None or self._folder is None:
            return {"started": False, "running": False, "networks": []}
        running = self._process.poll() is None
        error = ""
        if not running and self._process.returncode not in (0, None):
            error = (Path(self._folder.name) / "words.txt").read_text(encoding="utf-8", errors="replace").strip()
        return {
            "started": True,
            "running": running,
            "error": error,
            "networks": self._networks(),
            "done": self._model().exists(),
        }

    def _model(self) -> Path:
        return Path(self._folder.name if self._folder else ".") / "study" / "model.theta"

    def _networks(self) -> list[dict[str, Any]]:
        """One entry a finished network, from the journal's lines that are whole."""
        journal = self._model().with_name("journal.jsonl")
        if not journal.exists():
            return []
        lines = []
        for line in journal.read_text(encoding="utf-8").splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue
        return [_short(line) for line in lines if isinstance(line, dict)]

    def _record(self) -> dict[str, Any]:
        if not self._model().exists():
            raise InputError("The study has no result yet.")
        import thetastar

        from .content import told

        return {"record": told(thetastar.load(str(self._model())))}

    def stop(self) -> None:
        """End the study that runs, if one does. What it has finished stays until the next one or the server's end."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _short(line: dict[str, Any]) -> dict[str, Any]:
    """What of a journal's line the page draws: names, numbers and scores, no long lists."""
    return {key: value for key, value in line.items() if not isinstance(value, list)}
