"""A model as one C99 file. An index."""

from thetastar.export.c.file import c_file

__all__ = ["c_file"]
