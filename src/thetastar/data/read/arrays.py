"""Arrays: NumPy's npy and npz (nothing in them is run), and MATLAB's mat up to version 7 through scipy."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from thetastar.data.frames import columns_of
from thetastar.data.read.reading import Reading
from thetastar.data.table import Table
from thetastar.errors import InputError

__all__ = ["is_matlab", "matlab_table", "numpy_table"]

_INPUTS = ("x", "inputs", "features", "data", "images")
_TARGETS = ("y", "target", "targets", "label", "labels", "t")


def numpy_table(data: bytes, reading: Reading) -> Table:
    """The table of a .npy array, or of a .npz archive: X and y, or arrays of as many rows as columns of their names.

    Raises:
        InputError: the file is damaged, or holds Python objects, which would have to be run to be read.
    """
    try:
        found = np.load(io.BytesIO(data), allow_pickle=False)
        arrays = found if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    except (ValueError, OSError, EOFError, KeyError, SyntaxError) as error:
        if "allow_pickle" in str(error):
            raise InputError(
                f"{reading.source}: the arrays hold Python objects (pickled), which are not read because reading them "
                "runs code. Save numbers, or texts with a NumPy type of texts."
            ) from None
        raise InputError(f"{reading.source}: the NumPy file is damaged ({str(error).splitlines()[0]}).") from None
    if isinstance(arrays, np.ndarray):
        columns, _, has_names = columns_of(arrays)
        return Table(tuple(columns), reading.source, has_header=has_names)
    return _table(arrays, reading, "array")


def is_matlab(data: bytes) -> bool:
    """Whether the bytes begin as MATLAB's files do."""
    return data[:6] == b"MATLAB"


def matlab_table(data: bytes, reading: Reading) -> Table:
    """The table of a .mat file: X and y, or variables of as many rows as columns of their names.

    Raises:
        InputError: the file is of version 7.3 or damaged, or no variables fit together.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if data[:19].startswith(b"MATLAB 7.3 MAT-file"):
        raise InputError(
            f"{reading.source}: this is a MATLAB file of version 7.3 (HDF5). Save it in MATLAB with "
            "save(file, variables, '-v7'), or read it with h5py and pass the arrays."
        )
    try:
        found = loadmat(io.BytesIO(data), squeeze_me=False, chars_as_strings=True, mat_dtype=False)
    except (MatReadError, NotImplementedError, ValueError, TypeError, OSError) as error:
        raise InputError(f"{reading.source}: the MATLAB file is damaged ({error}). Save it again.") from None
    arrays = {name: _plain(value) for name, value in found.items() if not name.startswith("__")}
    if len(arrays) == 1 and not reading.part:
        value = next(iter(arrays.values()))
        if isinstance(value, np.ndarray) and value.dtype.names and value.size == 1:  # a structure of columns
            arrays = {field: _plain(value[field].reshape(-1)[0]) for field in value.dtype.names}
    return _table(arrays, reading, "variable")


def _plain(value: Any) -> Any:
    """A MATLAB value as an array: sparse ones filled, cells of texts as texts."""
    if hasattr(value, "toarray"):
        value = value.toarray()
    if isinstance(value, np.ndarray) and value.dtype == object:
        cells = [_alone(cell) for cell in value.flat]
        if all(isinstance(cell, str | int | float | np.generic) for cell in cells):
            return np.array(cells, dtype=object).reshape(value.shape)
    return value


def _table(arrays: dict[str, Any], reading: Reading, what: str) -> Table:
    """X and y as inputs and target; otherwise every array of as many rows as a column, or a column a number."""
    usable = {name: value for name, value in arrays.items() if isinstance(value, np.ndarray) and _is_usable(value)}
    if not usable:
        raise InputError(f"{reading.source}: there are no arrays to read. Save the table's columns, or X and y.")
    wanted = reading.pick(list(usable), what)
    if wanted is not None:
        columns, _, has_names = columns_of(_rows(usable[wanted]))
        return Table(tuple(columns), reading.source, has_header=has_names)
    notes = []
    tests = [name for name in usable if name.lower().split("_")[-1] == "test"]
    if tests and len(tests) < len(usable):
        usable = {name: value for name, value in usable.items() if name not in tests}
        notes.append(f"Passed over, being for tests: {', '.join(tests)} (named as {reading.source}#{tests[0]}).")
    by_key = {name.lower().removesuffix("_train").removeprefix("train_"): name for name in usable}
    inputs = next((by_key[key] for key in _INPUTS if key in by_key), None)
    target = next((by_key[key] for key in _TARGETS if key in by_key), None)
    if inputs is not None and target is not None and usable[target].size == len(_rows(usable[inputs])):
        columns, _, _ = columns_of((_rows(usable[inputs]), usable[target].reshape(-1)))
        used = {inputs, target}
    else:
        counts = [len(_rows(value)) for value in usable.values()]
        most = max(set(counts), key=lambda count: (counts.count(count), count))
        rows = {name: _rows(value) for name, value in usable.items() if len(_rows(value)) == most}
        columns, _, _ = columns_of({name: value[:, 0] if value.ndim == 2 and value.shape[1] == 1 else value
                                    for name, value in rows.items()})  # fmt: skip
        used = set(rows)
    left = [name for name in usable if name not in used]
    if left:
        notes.append(f"Passed over, having another number of rows: {', '.join(left[:6])}.")
    return Table(tuple(columns), reading.source, notes=tuple(notes))


def _alone(cell: Any) -> Any:
    return cell.reshape(-1)[0] if isinstance(cell, np.ndarray) and cell.size == 1 else cell


def _is_usable(value: np.ndarray) -> bool:
    return value.dtype.kind in "biufSUOmM" and value.ndim >= 1 and value.size > 0


def _rows(value: np.ndarray) -> np.ndarray:
    """A row vector (1, n), as MATLAB has them, is n rows."""
    lies = value.ndim == 2 and value.shape[0] == 1 and value.shape[1] > 1
    return value.reshape(-1, 1) if value.ndim == 1 or lies else value
