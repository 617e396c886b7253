"""Every door for data: files by their content, frames by their columns, all to one `Table`."""

from thetastar.data.read.source import read_table

__all__ = ["read_table"]
