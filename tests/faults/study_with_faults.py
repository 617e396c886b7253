"""A tiny study whose N-th call to the disk fails, or is the last one; test_injected.py starts it as a process.

    python -m tests.faults.study_with_faults FOLDER

Every study runs in a child that is forked from here, so that the libraries are loaded once. One line is printed for
each: `kind N how-it-ended hash-after-resuming`, and first the hash of a study that nothing disturbed.
"""

from __future__ import annotations

import _thread
import errno
import hashlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import warnings
from pathlib import Path

import sklearn.ensemble
import sklearn.linear_model
import sklearn.neighbors  # noqa: F401  loaded before any child is forked

import thetastar as ts
import thetastar.model.file
import thetastar.report
import thetastar.study.journal
import thetastar.study.study

ROWS = {"x": [((37 * k) % 101) / 50 for k in range(90)], "y": [(((37 * k) % 101) / 50 - 1) ** 2 for k in range(90)]}
TINY = {"target": "y", "candidates": [(3,), (4,)], "effort": 0.1, "restarts": 1, "folds": 1, "threads": 1}
WATCHED = {"fsync": os, "replace": os, "mkstemp": tempfile}


def study(out: Path) -> str:
    """A hash of what the study found."""
    model = ts.fit(ROWS, out=out, **TINY)
    digest = hashlib.sha256(repr(sorted(model.score.items())).encode())
    for name, array in sorted(model.network.parameters.items()):
        digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()


def disturbed(kind: str, number: int) -> None:
    """From here on the N-th call that writes to the disk fails, or this process is killed just before or after it."""
    calls = 0

    def watched(call):
        def instead(*arguments, **named):
            nonlocal calls
            calls += 1
            if calls == number:
                if kind == "full":
                    raise OSError(errno.ENOSPC, "No space left on device")
                if kind == "before":
                    os.kill(os.getpid(), signal.SIGKILL)
                call(*arguments, **named)
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return instead

    if kind == "thread":

        def refusing(start):
            def refuse(*arguments):
                nonlocal calls
                calls += 1
                if calls == number:
                    raise RuntimeError("can't start new thread")
                return start(*arguments)

            return refuse

        threading.Thread.start = refusing(threading.Thread.start)
        _thread.start_new_thread = refusing(_thread.start_new_thread)
        return
    for name, module in WATCHED.items():
        setattr(module, name, watched(getattr(module, name)))


def in_child(work) -> str:
    """What `work` returns or how it ended, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                told = work()
        except ts.InputError:
            told = "refused"
        except BaseException as error:
            told = f"{type(error).__name__}:{error}".replace(" ", "_")[:120]
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else told or f"status{status}"


def main(folder: Path) -> None:
    os.chdir(folder)  # where a study that cannot write to its folder writes instead
    print("sound", 0, in_child(lambda: study(folder / "sound")), "-", flush=True)
    for kind, every in (("full", 1), ("before", 1), ("after", 1), ("thread", 1)) if ALL else USUAL:
        for number in range(1, 1000, every):
            out = folder / "out"
            shutil.rmtree(out, ignore_errors=True)

            def work(kind=kind, number=number, out=out):
                disturbed(kind, number)
                return study(out)

            how = in_child(work)
            print(kind, number, how, in_child(lambda out=out: study(out)), flush=True)
            if how not in ("killed", "refused") and number > LAST[kind]:
                break


# Without THETASTAR_ALL_FAULTS every second kill, because to be killed after a call is to be killed before the next one.
ALL = bool(os.environ.get("THETASTAR_ALL_FAULTS"))
USUAL = (("full", 1), ("before", 2), ("thread", 1))
# More calls than a tiny study makes: the last rounds are undisturbed, which shows that all calls were reached.
LAST = {"full": 22, "before": 22, "after": 22, "thread": 1}

if __name__ == "__main__":
    main(Path(sys.argv[1]))
