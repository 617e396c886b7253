"""Settings of every test run, made before anything imports SciPy."""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn's checks of the array API are skipped without it
# OpenMP's threads sleep where they wait for each other: spinning takes minutes for seconds where cores are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def pytest_terminal_summary(terminalreporter):
    """Say folder by folder how many tests there were, and how long they and what they set up took together."""
    taken, counts = {}, {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if not hasattr(report, "duration") or getattr(report, "when", None) is None:
                continue  # of collecting, or a warning
            folder = "/".join(report.nodeid.split("::")[0].split("/")[:2])
            taken[folder] = taken.get(folder, 0.0) + report.duration
            counts[folder] = counts.get(folder, 0) + (report.when == "call")
    if len(taken) < 2:
        return
    terminalreporter.section("what took how long (seconds, all workers together)")
    for folder in sorted(taken, key=taken.get, reverse=True):
        terminalreporter.write_line(f"{taken[folder]:8.1f}  {counts[folder]:6,} tests  {folder}")
