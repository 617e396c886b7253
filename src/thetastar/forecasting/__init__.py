"""Forecasts: a long table with a time, rolling origins, honest intervals.

`course.py` reads from top to bottom what `ts.forecast` does.
"""

from thetastar.forecasting.course import forecast
from thetastar.forecasting.model import ForecastModel
from thetastar.forecasting.record import ForecastRecord

__all__ = ["ForecastModel", "ForecastRecord", "forecast"]
