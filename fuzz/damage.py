"""Damages files, has them read, and says how it ended: read, refused in words, or anything else, which is a fault.

    python -m fuzz.damage                  60 mutants of each form
    python -m fuzz.damage 1000 table.arrow       as many of one form

Readers in native code may take the whole process with them, so they run in processes of their own. A mutant depends on
nothing but its form and its number: what failed can be made again.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fuzz.seeds import SEEDS

MOST_MEMORY = 3 << 30  # bytes of address space for a reader: a file of a few kB must not ask for more


def mutant(data: bytes, seed: int) -> bytes:
    """The file with one to three wounds: bits, bytes, gaps, repeats, zeros, cuts, numbers at the edge."""
    random, made = np.random.default_rng(seed), bytearray(data)
    for _ in range(random.integers(1, 4)):
        if not made:
            return b"\0"
        at, length = int(random.integers(len(made))), int(random.integers(1, 33))
        kind = random.integers(8)
        if kind == 0:
            made[at] ^= 1 << int(random.integers(8))
        elif kind == 1:
            made[at] = int(random.integers(256))
        elif kind == 2:
            del made[at : at + length]
        elif kind == 3:
            made[at:at] = made[at : at + length]
        elif kind == 4:
            made[at : at + length] = bytes(len(made[at : at + length]))
        elif kind == 5 and random.integers(3) == 0:
            del made[at:]
        elif kind == 6:
            made[at : at + 4] = (0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0)[int(random.integers(4))].to_bytes(4, "little")
        else:
            other = int(random.integers(len(made)))
            made[at : at + length] = made[other : other + length]
    return bytes(made)


def read(path: Path) -> None:
    """Give the file to the reader that its name asks for, and use what comes back as far as a study would."""
    if path.suffix == ".theta":
        import thetastar

        thetastar.load(path)
    elif path.name.endswith("journal.jsonl"):
        from thetastar.study.journal import Journal

        journal = Journal(path)
        journal.outcomes("linear", 1)
        journal.close()
    elif path.name == "study.toml":
        from thetastar.study.folder import read_study

        read_study(path)
    elif "idx" in path.name:
        from thetastar.data.idx import read_idx

        read_idx(path)
    elif path.suffix in (".png", ".jpg"):
        from thetastar.data.image_files import read_images

        read_images([path])
    else:
        from thetastar.data import infer_roles, read_table

        table = read_table(path)
        infer_roles(table, table.names[-1])


def outcome(path: Path) -> str:
    """ "read", "refused", or the exception's name and words."""
    from thetastar.errors import InputError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read(path)
    except InputError as error:
        return "refused" if len(str(error)) < 1000 and "\n" not in str(error) else f"too many words: {error!s:.80}"
    except BaseException as error:
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        place = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else "?"
        return f"{type(error).__name__} at {place}: {error!s:.90}"
    return "read"


def outcomes(name: str, count: int, first: int = 0) -> Iterator[tuple[int, str]]:
    """(number of the mutant, how it ended) for each, read in a child process; after one that dies comes another."""
    data, done = SEEDS[name](), first
    with tempfile.TemporaryDirectory() as folder:
        while done < first + count:
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                try:
                    os.close(reading)
                    _serve(name, data, range(done, first + count), Path(folder), writing)
                finally:
                    os._exit(1)
            os.close(writing)
            with os.fdopen(reading, encoding="utf-8") as lines:
                for line in lines:
                    yield done, line.rstrip("\n")
                    done += 1
            _, status = os.waitpid(child, 0)
            if done < first + count:
                how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
                yield done, f"the process ended ({how})"
                done += 1


def _serve(name: str, data: bytes, numbers: range, folder: Path, writing: int) -> None:
    import resource
    import signal

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what native readers print
    os.dup2(2, 1)
    path = folder / name
    for number in numbers:
        path.write_bytes(mutant(data, zlib.crc32(name.encode()) + number))
        signal.setitimer(signal.ITIMER_VIRTUAL, 20)  # whoever computes for longer hangs
        os.write(writing, (" ".join(outcome(path).split()) + "\n").encode())
    os._exit(0)


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else 60
    faults = 0
    for name in arguments[1:] or SEEDS:
        found = list(outcomes(name, count))
        told = Counter("read" if end == "read" else "refused" if end == "refused" else "fault" for _, end in found)
        print(f"{name:24} {told['read']:6} read {told['refused']:6} refused {told['fault']:6} faults", flush=True)
        seen: Counter[str] = Counter()
        for number, end in found:
            if end not in ("read", "refused"):
                seen[end[:60]] += 1
                if seen[end[:60]] == 1:
                    print(f"    mutant {number}: {end}")
        faults += told["fault"]
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
