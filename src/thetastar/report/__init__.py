"""The report: one HTML file that shows a finished study, offline, without a server.

Only the record goes in (see `thetastar.model.record`); nothing here trains, predicts or reads data.
"""

from __future__ import annotations

from thetastar.report.page import render, write_report

__all__ = ["render", "write_report"]
