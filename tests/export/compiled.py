"""Exported C, compiled and called: rows as dictionaries in, answers out."""

from __future__ import annotations

import ctypes
import math
import re
import shutil
import subprocess

import numpy as np

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wno-sign-conversion", "-Wfloat-conversion"]
COMPILERS = [found for found in ("gcc", "clang") if shutil.which(found)]


def for_32_bits(text, folder):
    """What gcc says of the text for a 32-bit machine, at the level at which nothing may be said.

    It is not linked, so no 32-bit library is needed: of the headers, which are the same, the one that lists what the
    library lacks is put there empty.
    """
    (folder / "gnu").mkdir()
    (folder / "gnu" / "stubs-32.h").touch()
    (folder / "small.c").write_text(text, encoding="ascii")
    ran = subprocess.run(
        ["gcc", "-m32", "-std=c99", "-O2", *WARNINGS, "-I", str(folder), "-idirafter",
         "/usr/include/x86_64-linux-gnu", "-c", str(folder / "small.c"), "-o", str(folder / "small.o")],
        capture_output=True, text=True,
    )  # fmt: skip
    return ran.stderr if ran.returncode == 0 else ran.stderr or "it was refused"


def compiled(text, folder, name, *, compiler="gcc", flags=("-std=c99", "-O2"), codes=False):
    """The library of an exported file; a warning is an error."""
    source, library = folder / f"{name}.c", folder / f"{name}-{abs(hash((compiler, *flags)))}.so"
    source.write_text(text, encoding="ascii")
    ran = subprocess.run(
        [compiler, *flags, *WARNINGS, "-Werror", "-shared", "-fPIC", str(source), "-o", str(library), "-lm"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[:2000]
    return Library(ctypes.CDLL(str(library)), text, name, codes)


class Library:
    """Functions of a compiled file, with the structures that its declarations say."""

    def __init__(self, library, text, name, codes=False):
        self.library, self.name = library, name
        fields = re.search(rf"typedef struct {{\n((?:    [^\n]*\n)*)}} {name}_row;", text)[1]
        kinds = {"double": ctypes.c_double, "const float *": ctypes.c_void_p, "int": ctypes.c_int}
        kinds[f"{name}_level"] = ctypes.c_int if codes else ctypes.c_char_p
        self.fields = []
        for line in fields.splitlines():
            kind, field = re.match(r" +(double|int|const float \*|\w+_level) ?(\w+);", line).groups()
            self.fields.append((field, kinds[kind]))
        classes = re.search(r"float probability\[(\d+)\]", text)
        quantiles = re.search(r"double quantile\[(\d+)\]", text)
        answer = [("value", ctypes.c_double)]
        if quantiles:
            answer = [("quantile", ctypes.c_double * int(quantiles[1]))]
        targets = re.search(r"double value\[(\d+)\]", text)
        if targets:
            answer = [("value", ctypes.c_double * int(targets[1]))]
        if labels := re.search(r"int label\[(\d+)\]", text):
            answer = [("label", ctypes.c_int * int(labels[1])), ("probability", ctypes.c_float * int(labels[1]))]
        elif classes:
            answer = [("label", ctypes.c_int), ("probability", ctypes.c_float * int(classes[1]))]
        self.row = type("Row", (ctypes.Structure,), {"_fields_": self.fields})
        self.answer = type("Answer", (ctypes.Structure,), {"_fields_": answer})

        self.room = int(re.search(r"float in\[(\d+)(?: - \w+)?\]", text)[1])

    def predict(self, *values):
        """(what the function returns, the answer) of a row's values in the order of the fields."""
        (row, _kept), answer = self._row(values), self.answer()
        code = getattr(self.library, f"{self.name}_predict")(ctypes.byref(row), ctypes.byref(answer))
        return code, answer

    def outputs(self, count, *values):
        """The raw outputs of the first network; for files whose functions are not static."""
        (row, _kept), inputs, work, out = self._row(values), *((ctypes.c_float * size)() for size in
                                                               (self.room, self.room, count))  # fmt: skip
        assert getattr(self.library, f"{self.name}_prepare")(ctypes.byref(row), inputs) == 0
        getattr(self.library, f"{self.name}_network_1")(inputs, work, out)
        return list(out)

    def _row(self, values):
        """A row, and the arrays that it points to."""
        row, kept = self.row(), []
        for (field, kind), value in zip(self.fields, values, strict=True):
            if kind is ctypes.c_double:
                value = math.nan if value is None else float(value)
            elif kind is ctypes.c_char_p:
                value = None if value is None else str(value).encode()
            elif kind is ctypes.c_void_p:
                kept.append(np.ascontiguousarray(value, np.float32))
                value = kept[-1].ctypes.data
            setattr(row, field, value)
        return row, kept

    def all(self, columns):
        """Values (n,), probabilities (n, C) or quantiles (n, Q) of a table of columns."""
        found = []
        for values in zip(*columns, strict=True):
            code, answer = self.predict(*values)
            assert code == 0
            kind = self.answer._fields_[-1][0]
            found.append(answer.value if kind == "value" else list(getattr(answer, kind)))
        return np.array(found)


def seconds(texts):
    """Dates as the C function takes them."""
    return [None if t is None else float(np.datetime64(t.replace(" ", "T")).astype("datetime64[ms]").astype(int)) / 1e3
            for t in texts]  # fmt: skip
