"""Forecasts for other places: what is written (`parts`), and by whom. An index."""

from __future__ import annotations

from thetastar.export.forecast.parts import Forecaster

__all__ = ["Forecaster"]
