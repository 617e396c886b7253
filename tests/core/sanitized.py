"""The module that Python loads, under the address and undefined sanitizers: the core and the bindings, with bounds
checks of the standard library.

    python -m tests.core.sanitized build/sanitized pytest tests/numerics -q

builds it into that folder, where it is not there yet, and has Python run the module that is named with it: at the level
that THETASTAR_LEVEL says, or with vectors of 32 bytes, where the processor has them.

    python -m tests.core.sanitized every build/sanitized pytest tests/numerics -q

does so at every level of the processor, one after another, as `make sanitize` does; where it has no vectors of 64
bytes, the compiler makes them of two of 32 (THETASTAR_VECTORS=64). A part is in test_sanitized_module.py.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPILER = os.environ.get("CXX") or shutil.which("g++")
FLAGS = ["-std=c++20", "-O0", "-g1", "-Wno-psabi", "-pthread", "-ffp-contract=fast", "-fno-math-errno"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-D_GLIBCXX_ASSERTIONS"]


def has(feature: str) -> bool:
    """Whether the processor says so; no other kind of machine says any of these."""
    try:
        return f" {feature} " in Path("/proc/cpuinfo").read_text().replace("\n", " ")
    except OSError:
        return False


OPTIONS = {"baseline": [], "v3": ["-march=x86-64-v3"], "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"]}
# Those that this processor has: vectors of 16, 32 and 64 bytes.
LEVELS = ["baseline", *(level for level, feature in (("v3", "avx2"), ("v4", "avx512vl")) if has(feature))]
WIDEST = 64  # bytes of a vector
LEVEL = os.environ.get("THETASTAR_LEVEL") or ("v3" if "v3" in LEVELS else "baseline")

VECTORS = os.environ.get("THETASTAR_VECTORS", "")  # bytes, where they are not those of the level


def build(folder: Path, flags: Sequence[str] = SANITIZERS) -> Path:
    """The module's file, built there.

    Args:
        flags: what it is built with beside what it always is.

    Raises:
        RuntimeError: the compiler refuses; its words.
    """
    import nanobind

    binder = Path(nanobind.__file__).parent
    module = folder / _file()
    includes = [ROOT / "core", binder / "include", binder / "ext" / "robin_map" / "include",
                sysconfig.get_path("include")]  # fmt: skip
    command = [
        COMPILER, *FLAGS, *flags, "-fPIC", "-shared", "-fvisibility=hidden", *OPTIONS[LEVEL],
        *([f"-DTS_VECTOR_BYTES={VECTORS}"] if VECTORS else []),
        f"-DTS_LEVEL={LEVEL}", f"-DTHETASTAR_MODULE=_engine_{LEVEL}",
        *(f"-I{place}" for place in includes),
        ROOT / "bindings" / "engine.cpp", binder / "src" / "nb_combined.cpp", "-o", module,
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if built.returncode:
        raise RuntimeError(built.stderr)
    return module


def _file() -> str:
    return f"_engine_{LEVEL}{VECTORS and '_' + VECTORS}.so"


def environment(module: Path) -> dict[str, str]:
    """What a process needs that is to load the module: the sanitizer's library comes before all others."""
    libraries = [
        subprocess.run([COMPILER, f"-print-file-name={name}"], capture_output=True, text=True).stdout.strip()
        for name in ("libasan.so", "libstdc++.so")
    ]
    return os.environ | {
        "LD_PRELOAD": " ".join(libraries), "THETASTAR_LEVEL": LEVEL, "THETASTAR_BUILT": str(module),
        "PYTHONMALLOC": "malloc",  # so that arrays and small objects of Python are watched too
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    }  # fmt: skip


def use() -> None:
    """Have this process take the module that was built for the engine of its level; before thetastar is imported."""
    name = f"thetastar._engine_{LEVEL}"
    loader = importlib.machinery.ExtensionFileLoader(name, os.environ["THETASTAR_BUILT"])
    spec = importlib.util.spec_from_loader(name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[name] = module


def main(folder: str, program: str, *arguments: str) -> int:
    if folder == "every":
        command = [sys.executable, "-m", "tests.core.sanitized", program, *arguments]
        ways = [{"THETASTAR_LEVEL": level} for level in LEVELS]
        if "v4" not in LEVELS:
            ways.append({"THETASTAR_LEVEL": LEVELS[-1], "THETASTAR_VECTORS": str(WIDEST)})
        codes = [subprocess.run(command, env=os.environ | way).returncode for way in ways]
        return max(map(abs, codes))
    module = Path(folder).resolve() / _file()
    if "THETASTAR_BUILT" in os.environ:  # the process that was started below
        use()
        sys.argv = [program, *arguments]
        runpy.run_module(program, run_name="__main__", alter_sys=True)
        return 0
    sources = [path for part in ("core", "bindings") for path in (ROOT / part).rglob("*.[ch]pp")]
    if not module.exists() or module.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        build(module.parent)
    command = [sys.executable, "-m", "tests.core.sanitized", folder, program, *arguments]
    return subprocess.run(command, env=environment(module)).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
