"""The container of every `.theta` file: safetensors, one JSON document in its metadata, a digest over every byte.

    8 bytes      the header's length
    header       JSON: {"__metadata__": {"thetastar": "<the document as text>"}, "<tensor>": {dtype, shape, offsets}, …}
    the rest     the tensors' bytes

The document begins with its format number and the digest: `{"format":2,"digest":"sha256:<64 digits>", …`. The digest is
SHA-256 of the whole file with those 64 digits as zeros, so no bit of a file can change unnoticed. It finds damage, not
malice: whoever alters a file on purpose can write a new digest, so what is read is distrusted all the same. Files of
format 1 have no digest; they are read with a warning. docs/reference/model_file.md is the whole format in words.

A file is distrusted until everything fits, each step before anything of that size is allocated: the header's length,
the header (by safetensors: no holes, no overlaps, no doubled names), the document's length and depth, the digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thetastar.errors import InputError, OldFileWarning

__all__ = ["FORMAT", "Container", "checked", "read_container", "sealed", "write_container"]

FORMAT = 2  # of every kind of model

_KEY = "thetastar"
_FIRST_SEALED = 2  # the first format with a digest
_MARK = rb"\"digest\":\"sha256:"  # as it stands in the header, where the document's quotation marks are escaped
_ZEROS = b"0" * 64
_HEADER_LIMIT = 32 * 2**20  # bytes; a study of thousands of networks writes under one
_VALUE_LIMIT = 2_000_000  # values in the document: bounds the memory that parsing may take
_DTYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "I32": np.int32, "U8": np.uint8, "BOOL": np.bool_}


@dataclass(frozen=True)
class Container:
    """A `.theta` file whose form is sound: the document without format and digest, the tensors' entries, all bytes."""

    path: Path
    raw: bytes
    document: dict[str, Any]
    entries: dict[str, dict[str, Any]]  # tensor -> {dtype, shape, data_offsets}

    @property
    def most(self) -> int:
        """How many float32 numbers the whole file could hold: nothing that it describes can have more."""
        return len(self.raw) // 4

    def array(self, name: str) -> np.ndarray:
        """A copy of a tensor, so that nothing keeps the whole file in memory."""
        entry = self.entries[name]
        kind = np.dtype(_DTYPES[entry["dtype"]])
        base = 8 + struct.unpack("<Q", self.raw[:8])[0]
        begin, end = entry["data_offsets"]
        values = np.frombuffer(self.raw, kind.newbyteorder("<"), (end - begin) // kind.itemsize, base + begin)
        return values.reshape(entry["shape"]).astype(kind, copy=True)


def write_container(path: str | os.PathLike[str], document: dict[str, Any], tensors: dict[str, np.ndarray]) -> Path:
    """Write a `.theta` file, all or nothing; an existing file is replaced.

    Args:
        document: everything but the format and the digest; values that JSON has, and NumPy's numbers.
        tensors: by name.

    Raises:
        InputError: the folder does not exist or cannot be written.
    """
    from safetensors.numpy import save

    from thetastar._files import write_atomically

    whole = {"format": FORMAT, "digest": f"sha256:{_ZEROS.decode()}", **document}
    text = json.dumps(
        whole, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=lambda number: number.item()
    )
    contiguous = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    return write_atomically(path, sealed(save(contiguous, metadata={_KEY: text})))


def sealed(content: bytes) -> bytes:
    """The bytes of a `.theta` file with the digest that belongs to them, whatever stood in its place."""
    at = content.index(_MARK) + len(_MARK)
    return content[:at] + _digest(content, at).encode() + content[at + len(_ZEROS) :]


def _digest(content: bytes, at: int) -> str:
    """SHA-256 in hexadecimal, of everything with zeros in the place of the digest's own digits."""
    view = memoryview(content)
    digest = hashlib.sha256(view[:at])
    digest.update(_ZEROS)
    digest.update(view[at + len(_ZEROS) :])
    return digest.hexdigest()


def read_container(path: str | os.PathLike[str]) -> Container:
    """Read a `.theta` file and check its form and its digest, not what it describes.

    Raises:
        InputError: there is no such file, its form is not sound, its bytes are not those that the digest was made of,
            or a newer version wrote it.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; give a model file such as {path / 'model.theta'}")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; give a model file, as written by save() or --out") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    return checked(path, raw)


def checked(path: Path, raw: bytes) -> Container:
    """The bytes of a `.theta` file as a container; `path` is for messages. Raises as `read_container` does."""
    _check_length(path, raw)
    entries, document = _open(path, raw)
    _check_digest(path, raw, document)
    if document["format"] > FORMAT:
        raise InputError(
            f"{path}: written in format {document['format']} by thetastar {str(document.get('thetastar'))[:40]}; "
            f"this version reads up to format {FORMAT}. Install a newer thetastar"
        )
    for name, entry in entries.items():
        if entry["dtype"] not in _DTYPES:
            raise InputError(f"{path}: tensor {name!r} has the kind {entry['dtype']}; allowed are {', '.join(_DTYPES)}")
    rest = {name: value for name, value in document.items() if name not in ("format", "digest")}
    return Container(path, raw, rest, entries)


def _check_length(path: Path, raw: bytes) -> None:
    """The header fits into the file and is not absurdly long."""
    if len(raw) < 8:
        raise InputError(f"{path}: {len(raw)} bytes are too few for a model file; it is damaged or something else")
    (header,) = struct.unpack("<Q", raw[:8])
    if header > min(len(raw) - 8, _HEADER_LIMIT):
        raise InputError(
            f"{path}: the header claims {header} bytes, the file has {len(raw)} (at most {_HEADER_LIMIT} are allowed); "
            "it is damaged or not a model of thetastar"
        )


def _open(path: Path, raw: bytes) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The tensor entries {name: {dtype, shape, data_offsets}} and the document.

    safetensors checks the header's rules first (order, holes, overlaps, sizes); it returns views, not copies.
    """
    from safetensors import SafetensorError, deserialize

    (length,) = struct.unpack("<Q", raw[:8])
    header = raw[8 : 8 + length]
    _check_values(path, header)
    try:
        deserialize(raw)
    except SafetensorError as error:
        raise InputError(f"{path}: not a sound safetensors file ({error}); it is damaged or something else") from None
    entries = _parse(path, header.decode("utf-8"))
    metadata = entries.pop("__metadata__", None)
    if not isinstance(metadata, dict) or set(metadata) != {_KEY}:
        raise InputError(f"{path}: a safetensors file, but not a model of thetastar (its metadata has no {_KEY!r})")
    _check_values(path, metadata[_KEY].encode())
    document = _parse(path, metadata[_KEY])
    return entries, document


def _check_values(path: Path, text: bytes) -> None:
    """Bound what parsing allocates: every JSON value but the first of a list or table follows a comma or bracket."""
    if text.count(b",") + text.count(b"[") + text.count(b"{") > _VALUE_LIMIT:
        raise InputError(f"{path}: the description holds more than {_VALUE_LIMIT} values; it is damaged or hostile")


def _parse(path: Path, text: str) -> dict[str, Any]:
    """A JSON object; doubled keys, NaN and infinity are refused."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a number of JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            raise ValueError("a key appears twice")
        return table

    try:
        parsed = json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: the description is not sound JSON ({error}); the file is damaged") from None
    if not isinstance(parsed, dict):
        raise InputError(f"{path}: the description is not a JSON object; the file is damaged")
    return parsed


def _check_digest(path: Path, raw: bytes, document: dict[str, Any]) -> None:
    """The bytes are those that were written. Only format 1 has no digest."""
    number = document.get("format")
    if type(number) is not int or number < 1:
        raise InputError(f"{path}: the format number is {number!r}, not a whole number from 1; the file is damaged")
    if number < _FIRST_SEALED and "digest" not in document:
        warnings.warn(
            f"{path}: written in format {number}, which has no digest, so damaged numbers would go unnoticed. "
            "It was read; save it again to have one",
            OldFileWarning,
            stacklevel=5,
        )
        return
    given = document.get("digest")
    if given is None or number < _FIRST_SEALED:
        raise InputError(
            f"{path}: format {number} {'needs a digest, and the file has none' if given is None else 'has no digest'}; "
            "the file is damaged or altered"
        )
    at = raw.find(_MARK) + len(_MARK)
    if at < len(_MARK) or given != f"sha256:{_digest(raw, at)}" or raw[at : at + 64] != given[7:].encode():
        raise InputError(
            f"{path}: its bytes are not those that were written (the digest differs); the file is damaged or altered. "
            "Take another copy of it, or train again"
        )
