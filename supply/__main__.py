"""What the project stands on: `make audit`.

    python -m supply               licences, advisories, oldest versions, and whether the lock holds what is asked for
    python -m supply licences      of every package that an installation brings
    python -m supply advisories    known ones about the versions that are installed here (by pip-audit)
    python -m supply oldest        the tests with the oldest versions that pyproject.toml allows, in a fresh environment
    python -m supply lock          write .ci/lock.txt anew: versions and hashes of what CI installs

Nothing of it is part of `make test`: it asks the net.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LOCK = ROOT / ".ci" / "lock.txt"
LOCKED_FOR = "3.11 on Linux, x86_64"
# What may be used without asking anybody: words of a licence's name or of its classifier.
ALLOWED = ("mit", "bsd", "apache", "isc", "psf", "python software foundation", "hpnd", "mpl")
# The tests that are run with the oldest versions: whatever meets another library.
OLDEST = ["tests/data", "tests/study/test_fit.py", "tests/model", "tests/cli/test_predict.py", "tests/test_datasets.py"]


def requirements(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for, with some extras, as far as it holds on this machine."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for name in extras for line in project["optional-dependencies"][name])]
    found = {str(need): need for need in map(Requirement, lines)}
    return [need for need in found.values() if need.marker is None or need.marker.evaluate()]


def closure(needs: list[Requirement]) -> dict[str, str]:
    """By name the version of every installed package that these bring, directly or not."""
    found: dict[str, str] = {}
    waiting = list(needs)
    while waiting:
        need = waiting.pop()
        name = need.name.lower().replace("_", "-")
        if name in found or (need.marker is not None and not need.marker.evaluate({"extra": ""})):
            continue
        try:
            about = distribution(need.name)
        except PackageNotFoundError:
            continue
        found[name] = about.version
        waiting += map(Requirement, about.requires or [])
    return found


def licence(name: str) -> str:
    """What a package says of its licence, in one line."""
    package = distribution(name)
    about = package.metadata
    classified = [line.rsplit(" :: ", 1)[-1] for line in about.get_all("Classifier", []) if line.startswith("License")]
    texts = [file.read_text() for file in package.files or [] if file.name.upper().startswith("LICEN")]
    said = [about.get("License-Expression"), " / ".join(classified), about.get("License"), *texts]
    return next((words.strip().splitlines()[0] for words in said if words and words.strip()), "")


def licences() -> int:
    """Every licence is one of those that need no asking; 1 where one is not."""
    doubtful = 0
    for name, version in sorted(closure(requirements("files", "serve", "test", "lint")).items()):
        said = licence(name)
        fits = any(word in said.lower() for word in ALLOWED)
        doubtful += not fits
        print(f"  {name:28} {version:14} {said or 'says nothing'}{'' if fits else '   <- look at this one'}")
    return 1 if doubtful else 0


def asked(requirements_file: str) -> subprocess.CompletedProcess[str]:
    """What pip-audit says of the lines of a file. Where it is missing it is installed for this once, elsewhere."""
    with tempfile.TemporaryDirectory(prefix="thetastar-audit-") as folder:
        found = os.environ | {}
        if find_spec("pip_audit") is None:
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            done = subprocess.run([*install, "--target", folder, "pip-audit"], capture_output=True, text=True)
            if done.returncode:
                return done
            found["PYTHONPATH"] = folder
        options = ["--no-deps", "--disable-pip", "--requirement", requirements_file, "--format", "json"]
        return subprocess.run([sys.executable, "-m", "pip_audit", *options], capture_output=True, text=True, env=found)


def advisories() -> int:
    """What pip-audit knows of the installed versions; 0 too where it cannot be had or reaches nobody, which is said."""
    found = closure(requirements("files", "serve"))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{name}=={version}\n" for name, version in sorted(found.items())))
        file.flush()
        done = asked(file.name)
    try:
        told = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"  not asked: {(done.stderr.strip().splitlines() or ['pip-audit said nothing'])[-1][:200]}")
        return 0
    known = [(about["name"], about["version"], flaw["id"]) for about in told for flaw in about.get("vulns", [])]
    for name, version, flaw in known:
        print(f"  {name} {version}: {flaw}")
    print(f"  {len(found)} packages, {len(known)} advisories")
    return 1 if known else 0


def oldest_versions() -> list[str]:
    """The dependencies at the oldest version that each allows."""
    lines = []
    for need in requirements():
        lower = [spec.version for spec in need.specifier if spec.operator in (">=", "==")]
        lines.append(f"{need.name}=={lower[0]}")
    return lines


def oldest() -> int:
    """Run the tests that meet other libraries with the oldest versions, in an environment made for it."""
    with tempfile.TemporaryDirectory(prefix="thetastar-oldest-") as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = Path(folder) / "bin" / "python"
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wanted = oldest_versions()
        print("  " + ", ".join(wanted), flush=True)
        tools = ["pytest>=8", "hypothesis>=6.100", "pandas>=2.2", "polars>=1", *map(str, requirements("files")[-3:])]
        subprocess.run([*install, *wanted, *tools], check=True)
        site = subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True
        ).stdout.strip()
        (Path(site) / "thetastar.pth").write_text(f"{ROOT / 'src'}\n", encoding="utf-8")
        tests = [python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *OLDEST]
        return subprocess.run(tests, cwd=ROOT).returncode


def here() -> str:
    return f"{'.'.join(platform.python_version_tuple()[:2])} on {platform.system()}, {platform.machine()}"


def resolved() -> dict[str, tuple[str, str]]:
    """By name the version and the hash of every file that pip would install here for CI."""
    needs = [str(need) for need in requirements("files", "serve", "test", "lint")]
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    told = json.loads(subprocess.run([*command, *needs], capture_output=True, text=True, check=True).stdout)
    return {
        entry["metadata"]["name"].lower().replace("_", "-"): (
            entry["metadata"]["version"], "sha256:" + entry["download_info"]["archive_info"]["hashes"]["sha256"],
        )
        for entry in told["install"]
    }  # fmt: skip


def lock() -> int:
    """Write the lock anew."""
    if here() != LOCKED_FOR:
        print(f"  the lock is for Python {LOCKED_FOR}, and this is {here()}", file=sys.stderr)
        return 2
    lines = [f"# What CI installs, by version and hash, for Python {LOCKED_FOR}. Made by: python -m supply lock\n"]
    lines += [f"{name}=={version} --hash={digest}\n" for name, (version, digest) in sorted(resolved().items())]
    LOCK.write_text("".join(lines), encoding="utf-8")
    print(f"  {len(lines) - 1} packages in {LOCK.relative_to(ROOT)}")
    return 0


def locked() -> dict[str, str]:
    """By name the version that the lock holds."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ")[0].split("==") for line in lines if "==" in line)


def check_lock() -> int:
    """Everything that pyproject.toml asks for is in the lock, at a version that it allows."""
    held = locked()
    wrong = [
        f"{need} ({held.get(need.name.lower(), 'missing')})"
        for need in requirements("files", "serve", "test", "lint")
        if not need.specifier.contains(held.get(need.name.lower().replace("_", "-"), "0"))
    ]
    print(f"  not as asked for: {', '.join(wrong)}. Run: python -m supply lock" if wrong else f"  {len(held)} packages")
    return 1 if wrong else 0


PARTS = {"licences": licences, "advisories": advisories, "oldest": oldest, "lock": lock}


def main(arguments: list[str]) -> int:
    if arguments:
        return PARTS[arguments[0]]()
    worst = 0
    for title, part in (
        ("Licences", licences),
        ("Advisories", advisories),
        ("The lock", check_lock),
        ("Oldest", oldest),
    ):
        print(title, flush=True)
        worst = max(worst, part())
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
