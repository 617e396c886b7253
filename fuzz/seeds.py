"""Small sound files of every form that is read: what the mutants are made of. They are made, not kept."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
FILES = ROOT / "tests" / "data" / "files"
ROWS = 24
NUMBERS = [0.5 * k for k in range(ROWS)]
WORDS = ["Ulm", "Bonn", None, "Köln"] * (ROWS // 4)
DAYS = [f"2024-01-{1 + k:02d}" for k in range(ROWS)]
CSV = "\n".join(
    ["size,city,day,y", *(f"{n},{w or ''},{d},{n * 2}" for n, w, d in zip(NUMBERS, WORDS, DAYS, strict=True))]
)


def _arrow_table():
    import pyarrow as pa

    return pa.table({
        "size": NUMBERS, "city": pa.array(WORDS).dictionary_encode(), "word": WORDS,
        "day": pa.array(DAYS).cast(pa.date32()), "list": [[k, k + 1] for k in range(ROWS)],
        "flag": [k % 3 == 0 for k in range(ROWS)],
    })  # fmt: skip


def _parquet() -> bytes:
    import pyarrow.parquet as parquet

    stream = io.BytesIO()
    parquet.write_table(_arrow_table(), stream)
    return stream.getvalue()


def _arrow() -> bytes:
    import pyarrow as pa

    stream = io.BytesIO()
    with pa.ipc.new_file(stream, _arrow_table().schema) as writer:
        writer.write_table(_arrow_table())
    return stream.getvalue()


def _stream() -> bytes:
    import pyarrow as pa

    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, _arrow_table().schema) as writer:
        writer.write_table(_arrow_table())
    return stream.getvalue()


def _feather() -> bytes:
    import pyarrow.feather as feather

    stream = io.BytesIO()
    feather.write_feather(_arrow_table(), stream, compression="zstd")
    return stream.getvalue()


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", CSV)
    return stream.getvalue()


def _npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(60.0).reshape(20, 3))
    return stream.getvalue()


def _npz() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, X=np.arange(60.0).reshape(20, 3), y=np.arange(20))
    return stream.getvalue()


def _mat() -> bytes:
    from scipy.io import savemat

    stream = io.BytesIO()
    savemat(stream, {"X": np.arange(60.0).reshape(20, 3), "name": "x"}, do_compression=True)
    return stream.getvalue()


def _idx() -> bytes:
    return struct.pack(">BBBBIII", 0, 0, 8, 3, 12, 4, 4) + bytes(range(192))


def _png() -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(stream, "PNG")
    return stream.getvalue()


def _jpeg() -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(stream, "JPEG")
    return stream.getvalue()


ARFF = "@relation r\n@attribute size numeric\n@attribute city {Ulm,Bonn}\n@data\n" + "\n".join(
    f"{k},{'Ulm' if k % 2 else 'Bonn'}" for k in range(ROWS)
)
TSF = (
    "@relation r\n@attribute series_name string\n@attribute start_timestamp date\n@frequency daily\n@horizon 3\n"
    "@missing true\n@equallength false\n@data\n"
    + "\n".join(f"T{k}:2024-01-01 00-00-00:{','.join(map(str, range(k, k + 12)))},?" for k in range(3))
)
TS = (
    "@problemName r\n@timeStamps false\n@univariate true\n@classLabel true a b\n@data\n"
    + "\n".join(f"{','.join(str(k * j) for j in range(8))}:{'ab'[k % 2]}" for k in range(12))
)  # fmt: skip
JOURNAL = '{"round": 1, "candidate": "linear", "fold": 0, "start": 0, "seed": 7, "stopped": "epochs", "epochs": 5, '\
    '"best_epoch": 4, "seconds": 0.1, "scores": {"rmse": 0.3}, "loss": [1.0, 0.5], "validation_loss": [1.1, 0.6], '\
    '"training_score": 0.2}\n'  # fmt: skip
TOML = 'target = "y"\nseed = 0\nthreads = 2\n[roles]\n"zip code" = "category"\n[[candidates]]\nhidden = [8, 4]\n'

# What each is called, and how it is made. The name's ending is the file's.
SEEDS: dict[str, Callable[[], bytes]] = {
    "plain.csv": lambda: CSV.encode(),
    "semicolons.csv": lambda: CSV.replace(",", ";").replace(".", ",").encode("utf-16"),
    "gzip.csv.gz": lambda: gzip.compress(CSV.encode()),
    "bzip2.csv.bz2": lambda: bz2.compress(CSV.encode()),
    "xz.csv.xz": lambda: lzma.compress(CSV.encode()),
    "zip.zip": _zip,
    "table.parquet": _parquet,
    "table.arrow": _arrow,
    "stream.arrows": _stream,
    "table.feather": _feather,
    "lines.jsonl": lambda: "\n".join(json.dumps({"a": k, "b": {"c": [k, "x"]}}) for k in range(ROWS)).encode(),
    "list.json": lambda: json.dumps([{"a": k, "b": "x"} for k in range(ROWS)]).encode(),
    "sparse.svm": lambda: "\n".join(f"{k % 2} 1:{k}.5 4:{k}" for k in range(ROWS)).encode(),
    "table.arff": lambda: ARFF.encode(),
    "series.tsf": lambda: TSF.encode(),
    "series.ts": lambda: TS.encode(),
    "array.npy": _npy,
    "arrays.npz": _npz,
    "matlab.mat": _mat,
    "book.xlsx": lambda: (FILES / "openpyxl.xlsx").read_bytes(),
    "book.ods": lambda: (FILES / "odfpy.ods").read_bytes(),
    "images-idx3-ubyte": _idx,
    "images-idx3-ubyte.gz": lambda: gzip.compress(_idx()),
    "image.png": _png,
    "image.jpg": _jpeg,
    "model.theta": lambda: (ROOT / "tests" / "formats" / "format_1_binary.theta").read_bytes(),
    "sealed.theta": lambda: (ROOT / "tests" / "formats" / "format_2_images.theta").read_bytes(),
    "forecast.theta": lambda: (ROOT / "tests" / "formats" / "format_2_forecast.theta").read_bytes(),
    "journal.jsonl": lambda: JOURNAL.encode() * 3,
    "study.toml": lambda: TOML.encode(),
}
for _path in sorted(FILES.iterdir()) if FILES.is_dir() else []:
    if _path.suffix in (".sav", ".zsav", ".por", ".dta", ".xpt", ".sas7bdat", ".xls", ".xlsb"):
        SEEDS[_path.name] = _path.read_bytes
