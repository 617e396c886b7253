"""Random studies that are killed, damaged and starved for as long as one likes: `make soak MINUTES=120`.

    python -m soak 120 [SEED]

Every round makes a study, runs it undisturbed in one folder for its bits, and then disturbs the same study in
another: kills it (-9) at random moments, damages its files, gives it little memory, few threads or a small disk. Then
it is given again undisturbed. It must end in the same bits, or be refused in one sentence (exit 2) because a file of it
was damaged, and then end in the same bits when it is asked for afresh. Meanwhile one process fits study after study,
and its memory must stay flat. The table at the end counts all that happened; the exit code is 1 if anything went wrong.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from soak.studies import Study, make

FLAT = 1.10  # resident memory at the end of the process that fits on and on, over what it was after its warm-up
REPEATER = """
import sys, time, warnings, thetastar as ts
warnings.simplefilter("ignore")
rows = {"x": [((37 * k) % 101) / 50 for k in range(120)], "y": [(((37 * k) % 101) / 50 - 1) ** 2 for k in range(120)]}
end = time.time() + float(sys.argv[1])
while time.time() < end:
    model = ts.fit(rows, target="y", candidates=[(3,), (8, 4)], effort=0.2, restarts=1, folds=1, threads=2)
    model.predict({"x": [0.5]})
    pages = int(open("/proc/self/statm").read().split()[1])
    print(pages * 4096, flush=True)
"""


class Tally:
    """What happened, and what must not have."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []

    def add(self, what: str) -> None:
        self.counts[what] += 1

    def fault(self, kind: str, study: Study, words: str) -> None:
        self.counts[kind] += 1
        self.faults.append(f"{kind}: {' '.join(study.arguments)} ({study.folder}): {words.strip()[-600:]}")
        print(self.faults[-1], file=sys.stderr, flush=True)


def judged(tally: Tally, study: Study, how: str, code: int, err: str) -> None:
    """A process that was disturbed ends in its result, in one sentence with exit 2, or by the kill; in nothing else."""
    tally.add(f"{how}: { {0: 'done', 2: 'refused', -9: 'killed'}.get(code, f'exit {code}') }")
    if code == -99:
        tally.fault("hangs", study, err)
    elif code not in (0, 2, -9) or (code == -9 and how != "killed"):
        tally.fault("crashes", study, f"{how}: exit {code}: {err}")
    elif "Traceback" in err:
        tally.fault("tracebacks", study, f"{how}: {err}")
    elif code == 2 and not err.strip():
        tally.fault("silent refusals", study, how)


def killed(study: Study, draw: np.random.Generator) -> tuple[int, str]:
    process = study.start()
    time.sleep(float(draw.uniform(0.2, 3.0)))
    process.send_signal(signal.SIGKILL)
    _, err = process.communicate()
    return process.returncode, err


def limited(limit: int, most: int):
    def prepare() -> None:
        if limit == resource.RLIMIT_NPROC and os.getuid() == 0:
            os.setuid(65534)  # root has no limit of processes
        resource.setrlimit(limit, (most, most))

    return prepare


def _others_may_run() -> bool:
    """Whether a process that is no longer root's can start this Python; root itself has no limit of processes."""
    try:
        probe = [sys.executable, "-c", "import thetastar"]
        return (
            subprocess.run(probe, preexec_fn=limited(resource.RLIMIT_NPROC, 100), capture_output=True).returncode == 0
        )
    except (PermissionError, subprocess.SubprocessError):
        return False


def damage(study: Study, draw: np.random.Generator) -> str:
    """Wounds one of the study's files, and says which; "" where there is none."""
    known = (".jsonl", ".toml", ".theta")
    files = sorted(path for path in study.out.glob("*") if path.suffix in known and path.stat().st_size)
    if not files:
        return ""
    path = files[int(draw.integers(len(files)))]
    data = bytearray(path.read_bytes())
    if draw.integers(2):
        data[int(draw.integers(len(data)))] ^= 1 << int(draw.integers(8))
    else:
        del data[int(draw.integers(len(data))) :]
    path.write_bytes(data)
    return path.name


def disturb(tally: Tally, study: Study, draw: np.random.Generator) -> bool:
    """One to three disturbances; whether a file was damaged."""
    damaged = False
    for _ in range(int(draw.integers(1, 4))):
        kind = str(draw.choice(["killed", "killed", "damaged", "little memory", "few threads", "small disk"]))
        if kind == "killed":
            judged(tally, study, kind, *killed(study, draw))
        elif kind == "damaged":
            name = damage(study, draw)
            if name:
                tally.add(f"damaged: {name}")
                damaged = True
        elif kind == "little memory":
            judged(tally, study, kind, *study.run(limited(resource.RLIMIT_AS, int(draw.uniform(0.3, 2.0) * 2**30))))
        elif kind == "few threads":
            if not _others_may_run():
                tally.add("few threads: left out, as only root may read this Python")
                continue
            if os.getuid() == 0:  # as another user, who may write there
                os.chmod(study.folder, 0o777)
                for path in [study.out, *study.out.glob("*")] if study.out.exists() else []:
                    os.chmod(path, 0o777)
            judged(tally, study, kind, *study.run(limited(resource.RLIMIT_NPROC, int(draw.integers(1, 4)))))
        else:
            judged(tally, study, kind, *study.run(limited(resource.RLIMIT_FSIZE, int(draw.integers(200, 300_000)))))
    return damaged


def round_(tally: Tally, folder: Path, draw: np.random.Generator) -> None:
    sound = make(folder / "sound", draw)
    code, err = sound.run()
    tally.add("studies")
    if code == 2:  # some tables cannot be learned from, and it is said
        return tally.add("studies refused")
    judged(tally, sound, "undisturbed", code, err)
    expected = sound.found()
    shutil.copytree(sound.folder, folder / "disturbed", ignore=shutil.ignore_patterns("out"))
    study = replace(sound, folder=folder / "disturbed", out=folder / "disturbed" / "out")
    damaged = disturb(tally, study, draw)
    code, err = study.run()
    judged(tally, study, "given again", code, err)
    if code == 2:
        if not damaged:
            tally.fault("lost results", study, f"refused although nothing was damaged: {err}")
        study = replace(study, arguments=(*study.arguments, "--fresh"))
        code, err = study.run()
        judged(tally, study, "afresh", code, err)
    if code == 0 and study.found() != expected:
        tally.fault("other bits", study, "")
    elif code == 0:
        tally.add("same bits")
    else:
        tally.fault("lost results", study, err)


def main(minutes: float, seed: int) -> int:
    tally, ends = Tally(), time.monotonic() + 60 * minutes
    draw = np.random.default_rng(seed)
    repeater = subprocess.Popen(
        [sys.executable, "-c", REPEATER, str(60 * minutes)], stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    place = Path(tempfile.mkdtemp(prefix="thetastar-soak-"))
    place.chmod(0o755)
    with contextlib.suppress(KeyboardInterrupt):  # what was found until then is told
        for number in itertools.count():
            if time.monotonic() >= ends:
                break
            folder = place / str(number)
            folder.mkdir()
            before = len(tally.faults)
            round_(tally, folder, draw)
            if len(tally.faults) == before:
                shutil.rmtree(folder, ignore_errors=True)
    early = time.monotonic() < ends
    if early:
        repeater.terminate()
    told, _ = repeater.communicate(timeout=120)
    sizes = [int(line) for line in told.split()]
    warm = max(1, min(len(sizes) // 4, 30))
    taken = min(minutes, minutes - (ends - time.monotonic()) / 60)
    print(f"\n{taken:.3g} of {minutes:g} minutes, seed {seed}")
    for what, count in sorted(tally.counts.items()):
        print(f"  {what:32} {count:6}")
    flat = len(sizes) > warm and sizes[-1] <= FLAT * sizes[warm]
    held = "too few to tell"
    if len(sizes) > warm:
        held = f"resident {sizes[warm] / 1e6:.0f} MB after {warm}, {sizes[-1] / 1e6:.0f} MB at the end"
    print(f"  studies in one process           {len(sizes):6}, {held}: {'flat' if flat else 'NOT FLAT'}")
    print(f"  faults                           {len(tally.faults):6}" + (f", in {place}" if tally.faults else ""))
    if not tally.faults:
        shutil.rmtree(place, ignore_errors=True)
    return 1 if tally.faults or not flat or (repeater.returncode and not early) else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0, int(sys.argv[2]) if len(sys.argv) > 2 else 0))
