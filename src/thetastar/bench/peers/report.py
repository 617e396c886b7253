"""The page that the peers' whole jobs write: a table of what was tried, what was chosen, and its test score."""

from __future__ import annotations

from pathlib import Path


def write_report(folder: Path, networks, scores, best, accuracy: float) -> None:
    """Write report.html into the folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = "".join(
        f"<tr><td>{'-'.join(map(str, hidden))}</td><td>{row.mean():.4f} ± {row.std():.4f}</td></tr>"
        for hidden, row in zip(networks, scores, strict=True)
    )
    page = (
        f"<!doctype html><title>digits</title><h1>digits</h1><table><tr><th>network<th>validation{rows}</table>"
        f"<p>{'-'.join(map(str, best))}: test accuracy {accuracy:.4f}</p>"
    )
    (folder / "report.html").write_text(page, encoding="utf-8")
