"""From a table as the world has it to arrays a network can learn from, and back to labels.

Example:
    >>> table = read_table({"age": [31, 45, None], "city": ["Bonn", "Ulm", "Bonn"], "price": [1.0, 2.0, 3.0]})
    >>> {name: role.role for name, role in infer_roles(table, target="price").items()}
    {'age': 'number', 'city': 'category'}
"""

from thetastar.data.inspect import columns_record, distribution, suspect_columns
from thetastar.data.prepare import Preparation
from thetastar.data.read import read_table
from thetastar.data.roles import ROLES, ColumnRole, infer_roles
from thetastar.data.split import split_rows
from thetastar.data.table import Column, Table
from thetastar.data.target import Target, TargetEncoding, drop_missing_target, find_target
from thetastar.data.task import TASKS, Task, find_task

__all__ = [
    "ROLES",
    "TASKS",
    "Column",
    "ColumnRole",
    "Preparation",
    "Table",
    "Target",
    "TargetEncoding",
    "Task",
    "columns_record",
    "distribution",
    "drop_missing_target",
    "find_target",
    "find_task",
    "infer_roles",
    "read_table",
    "split_rows",
    "suspect_columns",
]
